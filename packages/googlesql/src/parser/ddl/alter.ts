import type { AlterAction, AlterColumn, AlterStatement, DropStatement, Identifier, Statement } from "../../tree.ts";
import { RoutineParser } from "./routines.ts";

const ALTERED: readonly AlterStatement["type"][] = [
  "MATERIALIZED VIEW",
  "SEARCH INDEX",
  "VECTOR INDEX",
  "TABLE",
  "VIEW",
  "MODEL",
  "SCHEMA",
  "CAPACITY",
  "RESERVATION",
  "BI_CAPACITY",
  "ORGANIZATION",
  "PROJECT",
  "DATA_POLICY",
];

/** Longer ones first. */
const DROPPED: readonly DropStatement["type"][] = [
  "ALL ROW ACCESS POLICIES",
  "ROW ACCESS POLICY",
  "EXTERNAL TABLE",
  "SNAPSHOT TABLE",
  "TABLE FUNCTION",
  "MATERIALIZED VIEW",
  "EXTERNAL SCHEMA",
  "SEARCH INDEX",
  "VECTOR INDEX",
  "TABLE",
  "VIEW",
  "FUNCTION",
  "PROCEDURE",
  "MODEL",
  "SCHEMA",
  "CAPACITY",
  "RESERVATION",
  "ASSIGNMENT",
  "DATA_POLICY",
];

/** ALTER, DROP and UNDROP. */
export abstract class AlterParser extends RoutineParser {
  /** The one of the phrases that stands here, behind `ahead` tokens. */
  #phrase<T extends string>(phrases: readonly T[], ahead: number): T | null {
    const stands = (phrase: string): boolean =>
      phrase.split(" ").every((word, index) => this.atKeyword(word, ahead + index));
    return phrases.find(stands) ?? null;
  }

  #skip(phrase: string): void {
    for (const _ of phrase.split(" ")) this.advance();
  }

  /**
   * ```
   * alter: "ALTER" altered [if_exists] dashed_path ["ON" table_name] alter_action ("," alter_action)*
   * ```
   * with ON for an index only, and no name for an organization.
   */
  protected alter(): Statement | null {
    const type = this.#phrase(ALTERED, 1);
    if (type === null) return null;
    const { start } = this.expectKeyword("ALTER");
    this.#skip(type);
    const ifExists = this.ifExists();
    const nameless = type === "ORGANIZATION" || this.#atNamelessProject(type);
    const name: Identifier[] = nameless ? [] : this.dashedPath();
    const isIndex = type === "SEARCH INDEX" || type === "VECTOR INDEX";
    if (isIndex) this.expectKeyword("ON");
    const on = isIndex ? this.tableName() : null;
    const actions = this.list(() => this.#action(type));
    return { kind: "AlterStatement", type, ifExists, name, on, actions, start, end: this.previousEnd() };
  }

  /** `ALTER PROJECT SET OPTIONS …` changes the project the job runs in. */
  #atNamelessProject(type: AlterStatement["type"]): boolean {
    return type === "PROJECT" && this.atKeyword("SET") && this.atKeyword("OPTIONS", 1);
  }

  /**
   * ```
   * alter_action: "SET" "OPTIONS" option_list | "SET" default_collate | "RENAME" "TO" dashed_path | "REBUILD"
   *             | "ADD" "COLUMN" [if_not_exists] column | "DROP" "COLUMN" [if_exists] identifier
   *             | "RENAME" "COLUMN" [if_exists] identifier "TO" identifier
   *             | "ALTER" "COLUMN" [if_exists] identifier column_change
   *             | "ADD" ["CONSTRAINT" [if_not_exists] identifier] key | "DROP" "CONSTRAINT" [if_exists] identifier
   *             | "DROP" "PRIMARY" "KEY" [if_exists]
   *             | "ADD" "REPLICA" [if_not_exists] identifier [options] | "DROP" "REPLICA" [if_exists] identifier
   * ```
   * Tables take all but the replicas, which are a schema's, and REBUILD, which is an index's; views take what columns say of
   * themselves, everything else takes SET OPTIONS.
   */
  #action(type: AlterStatement["type"]): AlterAction {
    const { start, keyword } = this.peek();
    const isTable = type === "TABLE";
    if (keyword === "SET" && (this.atKeyword("OPTIONS", 1) || !(isTable || type === "SCHEMA"))) {
      this.advance();
      this.expectKeyword("OPTIONS");
      const options = this.optionList();
      return { kind: "SetOptions", options, start, end: options.end };
    }
    if (this.takeKeyword("SET")) {
      if (!this.atKeyword("DEFAULT")) throw this.unexpected("keyword OPTIONS or DEFAULT");
      const collate = this.defaultCollate();
      if (collate === null) throw this.unexpected("keyword COLLATE");
      return { kind: "SetDefaultCollate", collate, start, end: collate.end };
    }
    if (keyword === "REBUILD" && type.endsWith("INDEX")) {
      const { end } = this.advance();
      return { kind: "Rebuild", start, end };
    }
    if (type === "SCHEMA" && (keyword === "ADD" || keyword === "DROP")) return this.#replica(start);
    if (keyword === "ALTER" && (isTable || type.endsWith("VIEW")) && this.atKeyword("COLUMN", 1)) {
      return this.#alterColumn(start);
    }
    if (isTable && (keyword === "ADD" || keyword === "DROP" || keyword === "RENAME")) return this.#tableAction(start);
    if (isTable && keyword === "ALTER") throw this.unsupported("ALTER CONSTRAINT is");
    throw this.unexpected("what to change");
  }

  #replica(start: number): AlterAction {
    const add = this.advance().keyword === "ADD";
    this.expectKeyword("REPLICA");
    if (add) {
      const ifNotExists = this.ifNotExists();
      const name = this.identifier();
      const options = this.options();
      return { kind: "AddReplica", ifNotExists, name, options, start, end: this.previousEnd() };
    }
    const ifExists = this.ifExists();
    const name = this.identifier();
    return { kind: "DropReplica", ifExists, name, start, end: name.end };
  }

  #tableAction(start: number): AlterAction {
    const verb = this.advance().keyword;
    if (verb === "RENAME") {
      if (this.takeKeyword("TO")) {
        const to = this.dashedPath();
        return { kind: "RenameTable", to, start, end: this.previousEnd() };
      }
      this.expectKeyword("COLUMN");
      const ifExists = this.ifExists();
      const from = this.identifier();
      this.expectKeyword("TO");
      const to = this.identifier();
      return { kind: "RenameColumn", ifExists, from, to, start, end: to.end };
    }
    if (this.atKeyword("ROW")) throw this.unsupported("A row deletion policy is");
    return verb === "ADD" ? this.#add(start) : this.#dropPart(start);
  }

  #add(start: number): AlterAction {
    if (this.takeKeyword("COLUMN")) {
      const ifNotExists = this.ifNotExists();
      const column = this.column();
      if (this.atAnyKeyword(["PRECEDING", "FOLLOWING", "FILL"])) throw this.unsupported("The place of a new column is");
      return { kind: "AddColumn", ifNotExists, column, start, end: column.end };
    }
    const at = this.peek().start;
    let ifNotExists = false;
    let name: Identifier | null = null;
    if (this.takeKeyword("CONSTRAINT")) {
      ifNotExists = this.ifNotExists();
      name = this.identifier();
    }
    const constraint = this.keyConstraint(name, at);
    return { kind: "AddConstraint", ifNotExists, constraint, start, end: constraint.end };
  }

  #dropPart(start: number): AlterAction {
    if (this.takeKeyword("PRIMARY")) {
      this.expectKeyword("KEY");
      const ifExists = this.ifExists();
      return { kind: "DropPrimaryKey", ifExists, start, end: this.previousEnd() };
    }
    const constraint = this.takeKeyword("CONSTRAINT");
    if (!constraint) this.expectKeyword("COLUMN");
    const ifExists = this.ifExists();
    const name = this.identifier();
    return { kind: constraint ? "DropConstraint" : "DropColumn", ifExists, name, start, end: name.end };
  }

  /**
   * ```
   * column_change: "SET" "OPTIONS" option_list | "SET" "DATA" "TYPE" column_schema | "SET" "DEFAULT" expression
   *              | "DROP" ("DEFAULT" | "NOT" "NULL")
   * ```
   */
  #alterColumn(start: number): AlterAction {
    this.expectKeyword("ALTER");
    this.expectKeyword("COLUMN");
    const ifExists = this.ifExists();
    const name = this.identifier();
    let change: AlterColumn["change"];
    let to: AlterColumn["to"] = null;
    if (this.takeKeyword("DROP")) {
      if (this.atKeyword("GENERATED")) throw this.unsupported("DROP GENERATED is");
      change = this.takeKeyword("DEFAULT") ? "DROP DEFAULT" : "DROP NOT NULL";
      if (change === "DROP NOT NULL") {
        this.expectKeyword("NOT");
        this.expectKeyword("NULL");
      }
    } else {
      this.expectKeyword("SET");
      if (this.atKeyword("GENERATED")) throw this.unsupported("SET GENERATED is");
      if (this.takeKeyword("OPTIONS")) {
        change = "SET OPTIONS";
        to = this.optionList();
      } else if (this.takeKeyword("DEFAULT")) {
        change = "SET DEFAULT";
        to = this.expression();
      } else {
        this.expectKeyword("DATA");
        this.expectKeyword("TYPE");
        change = "SET DATA TYPE";
        to = this.columnSchema();
      }
    }
    return { kind: "AlterColumn", ifExists, name, change, to, start, end: this.previousEnd() };
  }

  /**
   * ```
   * drop: "DROP" dropped [if_exists] dashed_path ["ON" table_name] ["CASCADE" | "RESTRICT"]
   *     | "DROP" "ALL" "ROW" "ACCESS" "POLICIES" "ON" table_name
   * ```
   */
  protected drop(): Statement | null {
    const type = this.#phrase(DROPPED, 1);
    // A table may be named `function`.
    const isFunction = type === "TABLE FUNCTION" && (this.atIdentifier(3) || this.atKeyword("IF", 3));
    if (type === null) return null;
    const what = type === "TABLE FUNCTION" && !isFunction ? "TABLE" : type;
    const { start } = this.expectKeyword("DROP");
    this.#skip(what);
    const all = what === "ALL ROW ACCESS POLICIES";
    const ifExists = !all && this.ifExists();
    const isPolicy = what === "ROW ACCESS POLICY";
    const name: Identifier[] = all ? [] : isPolicy ? [this.identifier()] : this.dashedPath();
    const onTable = all || isPolicy || what.endsWith("INDEX");
    if (onTable) this.expectKeyword("ON");
    const on = onTable ? this.tableName() : null;
    const isSchema = what.endsWith("SCHEMA");
    const mode =
      isSchema && this.takeKeyword("CASCADE")
        ? "CASCADE"
        : isSchema && this.takeKeyword("RESTRICT")
          ? "RESTRICT"
          : null;
    if (this.atSymbol("(") && what === "FUNCTION") throw this.unsupported("DROP FUNCTION with parameters is");
    return { kind: "DropStatement", type: what, ifExists, name, on, mode, start, end: this.previousEnd() };
  }

  /** `undrop: "UNDROP" "SCHEMA" [if_not_exists] dashed_path [options]` */
  protected undrop(): Statement {
    const { start } = this.expectKeyword("UNDROP");
    if (!this.atKeyword("SCHEMA")) throw this.unsupported("UNDROP of anything but a schema is");
    this.advance();
    const ifNotExists = this.ifNotExists();
    const name = this.dashedPath();
    const options = this.options();
    return { kind: "UndropStatement", ifNotExists, name, options, start, end: this.previousEnd() };
  }
}
