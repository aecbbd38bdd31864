import { PLAIN_IDENTIFIER, RESERVED_KEYWORDS } from "../keywords.ts";
import type {
  ArrayType,
  Expression,
  IntegerLiteral,
  RangeType,
  StructType,
  StructTypeField,
  TypeName,
} from "../tree.ts";
import { Cursor } from "./cursor.ts";

/** Type names: `STRUCT<a ARRAY<STRING(10)>>`. */
export class TypeParser extends Cursor {
  /** `type: array_type | struct_type | range_type | "INTERVAL" | identifier ["(" type_parameter ("," type_parameter)* ")"]` */
  protected type(): TypeName {
    const type = this.nested(() => this.plainType());
    if (this.atKeyword("COLLATE")) throw this.unsupported("COLLATE in a type is");
    return type;
  }

  /** A type, where COLLATE behind it is somebody else's. */
  protected plainType(): TypeName {
    const { start } = this.peek();
    if (this.atKeyword("ARRAY")) return this.arrayType();
    if (this.atKeyword("STRUCT")) return this.structType();
    if (this.atKeyword("RANGE")) return this.rangeType();
    if (this.takeKeyword("INTERVAL")) {
      return { kind: "SimpleType", name: "INTERVAL", parameters: [], start, end: this.previousEnd() };
    }
    const token = this.peek();
    const { name } = this.identifier();
    if (this.atSymbol(".")) throw this.unsupported("A type name with a dot (PROTO, ENUM) is");
    const upper = name.toUpperCase();
    if (!PLAIN_IDENTIFIER.test(name) || RESERVED_KEYWORDS.has(upper)) {
      throw this.error("syntax", "Syntax error: Not a type name.", token.start);
    }
    const parameters = this.atSymbol("(") ? this.parenthesized(() => this.list(() => this.#typeParameter())) : [];
    return { kind: "SimpleType", name: upper, parameters, start, end: this.previousEnd() };
  }

  /** `array_type: "ARRAY" "<" type ">"` */
  protected arrayType(): ArrayType {
    const { start } = this.expectKeyword("ARRAY");
    this.expectSymbol("<");
    const element = this.type();
    const { end } = this.expectSymbol(">");
    return { kind: "ArrayType", element, start, end };
  }

  /** `range_type: "RANGE" "<" type ">"` */
  protected rangeType(): RangeType {
    const { start } = this.expectKeyword("RANGE");
    this.expectSymbol("<");
    const element = this.type();
    const { end } = this.expectSymbol(">");
    return { kind: "RangeType", element, start, end };
  }

  /** `struct_type: "STRUCT" "<" struct_type_field ("," struct_type_field)* ">"` */
  protected structType(): StructType {
    const { start } = this.expectKeyword("STRUCT");
    this.expectSymbol("<");
    const fields = this.list(() => this.#structTypeField());
    const { end } = this.expectSymbol(">");
    return { kind: "StructType", fields, start, end };
  }

  /** `struct_type_field: [identifier] type` */
  #structTypeField(): StructTypeField {
    const { start } = this.peek();
    const named =
      this.atIdentifier() && (this.atIdentifier(1) || this.atAnyKeyword(["ARRAY", "STRUCT", "RANGE", "INTERVAL"], 1));
    const name = named ? this.identifier() : null;
    const type = this.type();
    return { kind: "StructTypeField", name, type, start, end: type.end };
  }

  /** `type_parameter: integer | "MAX"` */
  #typeParameter(): Expression {
    const { kind, keyword, start, end } = this.peek();
    if (kind === "integer") return this.integer();
    if (keyword !== "MAX") throw this.unexpected("integer literal");
    this.advance();
    return { kind: "PathExpression", parts: [{ kind: "Identifier", name: "MAX", start, end }], start, end };
  }

  protected integer(): IntegerLiteral {
    if (this.peek().kind !== "integer") throw this.unexpected("integer literal");
    const { text, start, end } = this.advance();
    return { kind: "IntegerLiteral", text: text.toLowerCase(), start, end };
  }
}
