import type {
  ColumnDefinition,
  ColumnField,
  ColumnReference,
  ColumnSchema,
  ColumnType,
  Expression,
  ForeignKey,
  GeneratedColumn,
  Identifier,
  PartitionColumns,
  PrimaryKey,
  TableElement,
} from "../../tree.ts";
import { DmlParser } from "../dml.ts";

/** Columns and constraints of tables, and the clauses that tables share with views and loads. */
export abstract class ColumnParser extends DmlParser {
  /** `if_not_exists: ["IF" "NOT" "EXISTS"]` */
  protected ifNotExists(): boolean {
    if (!this.atKeyword("IF") || !this.atKeyword("NOT", 1)) return false;
    this.advance();
    this.advance();
    this.expectKeyword("EXISTS");
    return true;
  }

  /** `if_exists: ["IF" "EXISTS"]` */
  protected ifExists(): boolean {
    if (!this.takeKeyword("IF")) return false;
    this.expectKeyword("EXISTS");
    return true;
  }

  /** `table_elements: "(" table_element ("," table_element)* [","] ")"` */
  protected tableElements(): TableElement[] {
    this.expectSymbol("(");
    const elements = [this.#element()];
    while (this.takeSymbol(",")) {
      if (this.atSymbol(")")) break;
      elements.push(this.#element());
    }
    this.expectSymbol(")");
    return elements;
  }

  /** `table_element: constraint | column` */
  #element(): TableElement {
    return this.atConstraint() ? this.constraint() : this.column();
  }

  /** Whether a constraint stands here, and no column of that name. */
  protected atConstraint(): boolean {
    if (this.atKeyword("CHECK") && this.atSymbol("(", 1)) return true;
    if (this.atAnyKeyword(["PRIMARY", "FOREIGN"]) && this.atKeyword("KEY", 1)) return true;
    return (
      this.atKeyword("CONSTRAINT") && this.atIdentifier(1) && this.atAnyKeyword(["PRIMARY", "FOREIGN", "CHECK"], 2)
    );
  }

  /** `constraint: ["CONSTRAINT" identifier] (primary_key | foreign_key)` */
  protected constraint(): PrimaryKey | ForeignKey {
    const { start } = this.peek();
    const name = this.takeKeyword("CONSTRAINT") ? this.identifier() : null;
    return this.keyConstraint(name, start);
  }

  /**
   * ```
   * primary_key: "PRIMARY" "KEY" name_list [enforcement]
   * foreign_key: "FOREIGN" "KEY" name_list reference [enforcement]
   * ```
   */
  protected keyConstraint(name: Identifier | null, start: number): PrimaryKey | ForeignKey {
    if (this.atKeyword("CHECK")) throw this.unsupported("A CHECK constraint is");
    const primary = this.takeKeyword("PRIMARY");
    if (!primary) this.expectKeyword("FOREIGN");
    this.expectKeyword("KEY");
    const columns = this.nameList();
    if (primary) {
      const enforcement = this.#enforcement();
      return { kind: "PrimaryKey", name, columns, enforcement, start, end: this.previousEnd() };
    }
    const references = this.#reference();
    const enforcement = this.#enforcement();
    return { kind: "ForeignKey", name, columns, references, enforcement, start, end: this.previousEnd() };
  }

  /** `reference: "REFERENCES" table_name name_list` */
  #reference(): ColumnReference {
    const { start } = this.expectKeyword("REFERENCES");
    const table = this.tableName();
    const columns = this.nameList();
    if (this.atKeyword("MATCH") || (this.atKeyword("ON") && this.atAnyKeyword(["DELETE", "UPDATE"], 1))) {
      throw this.unsupported("What a foreign key does on a change is");
    }
    return { kind: "ColumnReference", table, columns, start, end: this.previousEnd() };
  }

  /** `enforcement: [["NOT"] "ENFORCED"]` */
  #enforcement(): PrimaryKey["enforcement"] {
    if (this.takeKeyword("ENFORCED")) return "ENFORCED";
    if (!this.atKeyword("NOT") || !this.atKeyword("ENFORCED", 1)) return null;
    this.advance();
    this.advance();
    return "NOT ENFORCED";
  }

  /**
   * ```
   * column: identifier column_type [collate] column_attribute* [options]
   * column_attribute: "DEFAULT" expression | generated | "NOT" "NULL" | "PRIMARY" "KEY" [enforcement] | reference [enforcement]
   * ```
   */
  protected column(): ColumnDefinition {
    const name = this.identifier();
    const type = this.columnType();
    const collate = this.collate();
    let value: Expression | null = null;
    let generated: GeneratedColumn | null = null;
    let notNull = false;
    let primaryKey = false;
    let references: ColumnReference | null = null;
    let enforcement: ColumnDefinition["enforcement"] = null;
    for (;;) {
      if (value === null && this.takeKeyword("DEFAULT")) value = this.expression();
      else if (generated === null && this.atAnyKeyword(["GENERATED", "AS"])) generated = this.#generated();
      else if (!notNull && this.atKeyword("NOT") && this.atKeyword("NULL", 1)) {
        this.advance();
        this.advance();
        notNull = true;
      } else if (!primaryKey && references === null && this.atKeyword("PRIMARY")) {
        this.advance();
        this.expectKeyword("KEY");
        primaryKey = true;
        enforcement = this.#enforcement();
      } else if (!primaryKey && references === null && this.atKeyword("REFERENCES")) {
        references = this.#reference();
        enforcement = this.#enforcement();
      } else break;
    }
    if (this.atKeyword("HIDDEN")) throw this.unsupported("A HIDDEN column is");
    const options = this.options();
    const attributes = { default: value, generated, notNull, primaryKey, references, enforcement, options };
    return { kind: "ColumnDefinition", name, type, collate, ...attributes, start: name.start, end: this.previousEnd() };
  }

  /** `generated: ["GENERATED" "ALWAYS"] "AS" "(" expression ")" ["STORED"]` */
  #generated(): GeneratedColumn {
    const { start } = this.peek();
    if (this.takeKeyword("GENERATED")) {
      if (this.atKeyword("BY")) throw this.unsupported("GENERATED BY DEFAULT is");
      this.expectKeyword("ALWAYS");
    }
    this.expectKeyword("AS");
    if (this.atKeyword("IDENTITY")) throw this.unsupported("An IDENTITY column is");
    const expression = this.parenthesized(() => this.expression());
    const stored = this.takeKeyword("STORED");
    return { kind: "GeneratedColumn", expression, stored, start, end: this.previousEnd() };
  }

  /**
   * ```
   * column_type: "ARRAY" "<" column_schema ">" | "STRUCT" "<" column_field ("," column_field)* ">" | range_type | type
   * ```
   */
  protected columnType(): ColumnType {
    return this.nested(() => {
      const { start } = this.peek();
      if (this.takeKeyword("ARRAY")) {
        this.expectSymbol("<");
        const element = this.columnSchema();
        const { end } = this.expectSymbol(">");
        return { kind: "ArrayColumnType", element, start, end };
      }
      if (this.takeKeyword("STRUCT")) {
        this.expectSymbol("<");
        const fields = this.list(() => this.#field());
        const { end } = this.expectSymbol(">");
        return { kind: "StructColumnType", fields, start, end };
      }
      const type = this.plainType();
      if (type.kind !== "SimpleType" && type.kind !== "RangeType") throw this.unexpected("a type");
      return type;
    });
  }

  /** `column_field: identifier column_schema` */
  #field(): ColumnField {
    const name = this.identifier();
    const schema = this.columnSchema();
    return { kind: "ColumnField", name, schema, start: name.start, end: schema.end };
  }

  /** `column_schema: column_type [collate] ["NOT" "NULL"] [options]` */
  protected columnSchema(): ColumnSchema {
    const type = this.columnType();
    const collate = this.collate();
    const notNull = this.takeKeyword("NOT");
    if (notNull) this.expectKeyword("NULL");
    const options = this.options();
    return { kind: "ColumnSchema", type, collate, notNull, options, start: type.start, end: this.previousEnd() };
  }

  /** `partition_by: ["PARTITION" "BY" expression ("," expression)*]` */
  protected partitionBy(): Expression[] {
    return this.#by("PARTITION");
  }

  /** `cluster_by: ["CLUSTER" "BY" expression ("," expression)*]` */
  protected clusterBy(): Expression[] {
    return this.#by("CLUSTER");
  }

  #by(word: string): Expression[] {
    if (!this.takeKeyword(word)) return [];
    this.expectKeyword("BY");
    return this.list(() => this.expression());
  }

  /** `partition_columns: ["WITH" "PARTITION" "COLUMNS" [table_elements]]` */
  protected partitionColumns(): PartitionColumns | null {
    if (!this.atKeyword("WITH") || !this.atKeyword("PARTITION", 1)) return null;
    const { start } = this.advance();
    this.advance();
    this.expectKeyword("COLUMNS");
    const columns = this.atSymbol("(") ? this.tableElements() : null;
    return { kind: "PartitionColumns", columns, start, end: this.previousEnd() };
  }

  /** `default_collate: ["DEFAULT" collate]` */
  protected defaultCollate(): Expression | null {
    if (!this.takeKeyword("DEFAULT")) return null;
    return this.collate() ?? this.#noCollate();
  }

  #noCollate(): never {
    throw this.unexpected("keyword COLLATE");
  }
}
