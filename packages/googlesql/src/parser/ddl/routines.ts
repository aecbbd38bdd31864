import type {
  CreateFunctionStatement,
  CreateProcedureStatement,
  Expression,
  FunctionParameter,
  Identifier,
  ParameterTypeName,
  Statement,
  StringLiteral,
  TableTypeName,
} from "../../tree.ts";
import { type CreateHead, CreateParser } from "./create.ts";

/** CREATE of functions, table functions and procedures. */
export abstract class RoutineParser extends CreateParser {
  /** `parameters: "(" [parameter ("," parameter)*] ")"` */
  #parameters(modes: boolean): FunctionParameter[] {
    this.expectSymbol("(");
    const list = this.atSymbol(")") ? [] : this.list(() => this.#parameter(modes));
    this.expectSymbol(")");
    return list;
  }

  /** `parameter: ["IN" | "OUT" | "INOUT"] identifier parameter_type ["NOT" "AGGREGATE"]` */
  #parameter(modes: boolean): FunctionParameter {
    const { start, keyword } = this.peek();
    let mode: FunctionParameter["mode"] = null;
    if (modes && (keyword === "IN" || keyword === "OUT" || keyword === "INOUT")) {
      this.advance();
      mode = keyword;
    }
    if (this.atSymbol(",", 1) || this.atSymbol(")", 1)) throw this.unsupported("A parameter without name is");
    const name = this.identifier();
    const type = this.#parameterType();
    if (this.atKeyword("AS")) throw this.unsupported("An alias of a parameter's type is");
    const notAggregate = !modes && this.takeKeyword("NOT");
    if (notAggregate) this.expectKeyword("AGGREGATE");
    if (this.atKeyword("DEFAULT")) throw this.unsupported("A default of a parameter is");
    return { kind: "FunctionParameter", mode, name, type, notAggregate, start, end: this.previousEnd() };
  }

  /** `parameter_type: type | "ANY" "TYPE" | table_type` */
  #parameterType(): ParameterTypeName {
    const { start } = this.peek();
    if (this.takeKeyword("ANY")) {
      if (this.atKeyword("TABLE")) throw this.unsupported("A parameter of type ANY TABLE is");
      if (!this.atKeyword("TYPE")) throw this.unsupported("ANY with anything but TYPE is");
      const { end } = this.advance();
      return { kind: "AnyTypeName", start, end };
    }
    if (this.atKeyword("TABLE") && this.atSymbol("<", 1)) return this.#tableType();
    return this.type();
  }

  /** `table_type: "TABLE" "<" identifier type ("," identifier type)* ">"` */
  #tableType(): TableTypeName {
    const { start } = this.expectKeyword("TABLE");
    this.expectSymbol("<");
    const columns = this.list(() => {
      const name = this.identifier();
      const type = this.type();
      return { kind: "StructTypeField" as const, name, type, start: name.start, end: type.end };
    });
    const { end } = this.expectSymbol(">");
    return { kind: "TableTypeName", columns, start, end };
  }

  /**
   * ```
   * create_function: create_head ["TEMP" | "TEMPORARY"] ["AGGREGATE"] "FUNCTION" [if_not_exists] path parameters
   *                  ["RETURNS" type] [["NOT"] "DETERMINISTIC"] ["LANGUAGE" identifier] ["REMOTE"] [with_connection]
   *                  [options] ["AS" ("(" expression ")" | string)] [options]
   * ```
   * with OPTIONS once at most.
   */
  protected createFunction(head: CreateHead, temporary: boolean): Statement {
    const aggregate = this.takeKeyword("AGGREGATE");
    this.expectKeyword("FUNCTION");
    const ifNotExists = this.ifNotExists();
    const name = this.dashedPath();
    const parameters = this.#parameters(false);
    const returns = this.takeKeyword("RETURNS") ? this.type() : null;
    const determinism = this.#determinism();
    const language = this.takeKeyword("LANGUAGE") ? this.identifier() : null;
    const remote = this.takeKeyword("REMOTE");
    const connection = this.withConnection();
    const before = this.options();
    let body: Expression | null = null;
    let code: StringLiteral | null = null;
    if (this.takeKeyword("AS")) {
      if (this.atSymbol("(")) body = this.parenthesized(() => this.expression());
      else code = this.stringLiteral();
    }
    const options = before ?? this.options();
    const implementation = { language, remote, connection, body, code };
    const end = this.previousEnd();
    const signature = { name, parameters, returns, determinism, options, end };
    const statement: CreateFunctionStatement = {
      kind: "CreateFunctionStatement",
      temporary,
      aggregate,
      ...head,
      ifNotExists,
      ...signature,
      ...implementation,
    };
    return statement;
  }

  #determinism(): CreateFunctionStatement["determinism"] {
    if (this.atAnyKeyword(["IMMUTABLE", "STABLE", "VOLATILE"])) throw this.unsupported("This kind of determinism is");
    if (this.takeKeyword("DETERMINISTIC")) return "DETERMINISTIC";
    if (!this.takeKeyword("NOT")) return null;
    this.expectKeyword("DETERMINISTIC");
    return "NOT DETERMINISTIC";
  }

  /** `create_table_function: create_head "TABLE" "FUNCTION" [if_not_exists] path parameters ["RETURNS" table_type] [options] "AS" query` */
  protected createTableFunction(head: CreateHead): Statement {
    this.expectKeyword("TABLE");
    this.expectKeyword("FUNCTION");
    const ifNotExists = this.ifNotExists();
    const name = this.dashedPath();
    const parameters = this.#parameters(false);
    const returns = this.takeKeyword("RETURNS") ? this.#tableType() : null;
    const options = this.options();
    this.expectKeyword("AS");
    const query = this.query();
    const end = this.previousEnd();
    return {
      kind: "CreateTableFunctionStatement",
      ...head,
      ifNotExists,
      name,
      parameters,
      returns,
      options,
      query,
      end,
    };
  }

  /**
   * ```
   * create_procedure: create_head "PROCEDURE" [if_not_exists] path parameters
   *                   ["EXTERNAL" "SECURITY" ("INVOKER" | "DEFINER")] [with_connection] [options]
   *                   (block | "LANGUAGE" identifier ["AS" string])
   * ```
   */
  protected createProcedure(head: CreateHead): CreateProcedureStatement {
    this.expectKeyword("PROCEDURE");
    const ifNotExists = this.ifNotExists();
    const name = this.dashedPath();
    const parameters = this.#parameters(true);
    const security = this.#security();
    const connection = this.withConnection();
    const options = this.options();
    const body = this.atKeyword("BEGIN") ? this.procedureBody() : null;
    let language: Identifier | null = null;
    let code: StringLiteral | null = null;
    if (body === null) {
      this.expectKeyword("LANGUAGE");
      language = this.identifier();
      if (this.takeKeyword("AS")) code = this.stringLiteral();
    }
    const clauses = { security, connection, options, body, language, code, end: this.previousEnd() };
    return { kind: "CreateProcedureStatement", ...head, ifNotExists, name, parameters, ...clauses };
  }

  protected abstract procedureBody(): NonNullable<CreateProcedureStatement["body"]>;

  #security(): CreateProcedureStatement["security"] {
    if (!this.takeKeyword("EXTERNAL")) return null;
    this.expectKeyword("SECURITY");
    const invoker = this.takeKeyword("INVOKER");
    if (!invoker) this.expectKeyword("DEFINER");
    return invoker ? "INVOKER" : "DEFINER";
  }
}
