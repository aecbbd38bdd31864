import type {
  BlockStatement,
  CallStatement,
  ExecuteArgument,
  Expression,
  Identifier,
  Statement,
  StatementBranch,
} from "../tree.ts";
import { PipeParser } from "./pipes.ts";

/** The constructs around the statement in hand, from outside in. */
interface Enclosing {
  readonly kind: "loop" | "block" | "handler" | "procedure";
  readonly label: string | null;
}

/** The procedural language: variables, blocks, branches, loops, calls. */
export abstract class ProceduralParser extends PipeParser {
  #enclosing: readonly Enclosing[] = [];

  protected abstract statement(): Statement;

  /** `statements: (statement ";")*`, up to one of the words that close it; DECLARE only where a block begins */
  protected statements(closing: readonly string[], declareFirst = false): Statement[] {
    const statements: Statement[] = [];
    let declaring = declareFirst;
    while (!this.atAnyKeyword(closing)) {
      const statement = this.nested(() => this.statement());
      // A hint may stand before it.
      if (statement.kind !== "DeclareStatement") declaring = false;
      else if (!declaring)
        throw this.error("syntax", "Syntax error: DECLARE stands only where a block begins.", statement.start);
      statements.push(statement);
      this.expectSymbol(";");
    }
    return statements;
  }

  #within<T>(kind: Enclosing["kind"], label: Identifier | null, parse: () => T): T {
    const outside = this.#enclosing;
    this.#enclosing = [...outside, { kind, label: label?.name.toLowerCase() ?? null }];
    const result = parse();
    this.#enclosing = outside;
    return result;
  }

  /** `declare: "DECLARE" identifier ("," identifier)* (type ["DEFAULT" expression] | "DEFAULT" expression)` */
  protected declareStatement(): Statement {
    const { start } = this.expectKeyword("DECLARE");
    const names = this.list(() => this.identifier());
    const type = this.atKeyword("DEFAULT") ? null : this.type();
    const value = this.takeKeyword("DEFAULT") ? this.expression() : null;
    return { kind: "DeclareStatement", names, type, default: value, start, end: this.previousEnd() };
  }

  /** `set: "SET" (identifier | system_variable | "(" identifier ("," identifier)* ")") "=" expression` */
  protected set(): Statement {
    const { start } = this.expectKeyword("SET");
    if (this.atKeyword("TRANSACTION") && this.atIdentifier(1)) throw this.unsupported("SET TRANSACTION is");
    if (this.atSymbol("@") && !this.atSymbol("{", 1)) throw this.unsupported("SET of a query parameter is");
    const at = this.peek().start;
    if (this.takeSymbol("@@")) {
      const parts = this.path();
      const variable = { kind: "SystemVariable" as const, parts, start: at, end: this.previousEnd() };
      return this.#setValue([variable], false, start);
    }
    const parenthesized = this.atSymbol("(");
    if (parenthesized) this.#refuseSystemVariables();
    const targets = parenthesized ? this.nameList() : [this.identifier()];
    return this.#setValue(targets, parenthesized, start);
  }

  /** SET of several takes names of variables alone. https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#set */
  #refuseSystemVariables(): void {
    for (let i = 1; !this.atSymbol(")", i) && this.peek(i).kind !== "end"; i += 1) {
      if (this.atSymbol("@@", i))
        throw this.unsupported("SET of a system variable together with others (it is set alone) is");
    }
  }

  #setValue(
    targets: Extract<Statement, { kind: "SetStatement" }>["targets"],
    parenthesized: boolean,
    start: number,
  ): Statement {
    this.expectSymbol("=");
    const value = this.expression();
    return { kind: "SetStatement", targets, parenthesized, value, start, end: value.end };
  }

  /** `execute: "EXECUTE" "IMMEDIATE" expression ["INTO" identifier ("," identifier)*] ["USING" argument ("," argument)*]` */
  protected execute(): Statement {
    const { start } = this.expectKeyword("EXECUTE");
    this.expectKeyword("IMMEDIATE");
    const sql = this.expression();
    const into = this.takeKeyword("INTO") ? this.list(() => this.identifier()) : [];
    const using = this.takeKeyword("USING") ? this.list(() => this.#executeArgument()) : [];
    return { kind: "ExecuteImmediateStatement", sql, into, using, start, end: this.previousEnd() };
  }

  /** `argument: expression ["AS" identifier]` */
  #executeArgument(): ExecuteArgument {
    const expression = this.expression();
    const alias = this.takeKeyword("AS") ? this.identifier() : null;
    return { kind: "ExecuteArgument", expression, alias, start: expression.start, end: this.previousEnd() };
  }

  /** `begin: "BEGIN" ["TRANSACTION"] | block` */
  protected begin(): Statement {
    const { start } = this.peek();
    const alone = this.peek(1).kind === "end" || this.atSymbol(";", 1);
    const transaction = alone || this.atAnyKeyword(["TRANSACTION", "READ", "ISOLATION"], 1);
    if (!transaction) return this.block(null);
    this.advance();
    this.takeKeyword("TRANSACTION");
    this.#refuseTransactionMode();
    return { kind: "TransactionStatement", action: "BEGIN", start, end: this.previousEnd() };
  }

  #refuseTransactionMode(): void {
    if (this.atAnyKeyword(["READ", "ISOLATION"])) throw this.unsupported("A mode of transactions is");
  }

  /** `transaction: ("COMMIT" | "ROLLBACK") ["TRANSACTION"]` */
  protected transaction(action: "COMMIT" | "ROLLBACK"): Statement {
    const { start } = this.advance();
    this.takeKeyword("TRANSACTION");
    return { kind: "TransactionStatement", action, start, end: this.previousEnd() };
  }

  /** `block: "BEGIN" statements ["EXCEPTION" "WHEN" "ERROR" "THEN" statements] "END"` */
  protected block(label: Identifier | null, kind: "block" | "procedure" = "block"): BlockStatement {
    const { start } = this.expectKeyword("BEGIN");
    const statements = this.#within(kind, label, () => this.statements(["END", "EXCEPTION"], true));
    let handler: Statement[] | null = null;
    if (this.takeKeyword("EXCEPTION")) {
      this.expectKeyword("WHEN");
      this.expectKeyword("ERROR");
      this.expectKeyword("THEN");
      handler = this.#within("handler", label, () => this.statements(["END"]));
    }
    const { end } = this.expectKeyword("END");
    return { kind: "BlockStatement", label, statements, handler, start: label?.start ?? start, end };
  }

  protected override procedureBody(): BlockStatement {
    return this.block(null, "procedure");
  }

  /** `if: "IF" branch ("ELSEIF" branch)* ["ELSE" statements] "END" "IF"` */
  protected if(): Statement {
    const { start } = this.expectKeyword("IF");
    const branches: StatementBranch[] = [];
    do branches.push(this.#branch(["ELSEIF", "ELSE", "END"]));
    while (this.takeKeyword("ELSEIF"));
    const otherwise = this.takeKeyword("ELSE") ? this.statements(["END"]) : null;
    this.expectKeyword("END");
    this.expectKeyword("IF");
    return { kind: "IfStatement", branches, else: otherwise, start, end: this.previousEnd() };
  }

  /** `case: "CASE" [expression] ("WHEN" branch)+ ["ELSE" statements] "END" "CASE"` */
  protected caseStatement(): Statement {
    const { start } = this.expectKeyword("CASE");
    const operand: Expression | null = this.atKeyword("WHEN") ? null : this.expression();
    if (!this.atKeyword("WHEN")) throw this.unexpected("keyword WHEN");
    const branches: StatementBranch[] = [];
    while (this.takeKeyword("WHEN")) branches.push(this.#branch(["WHEN", "ELSE", "END"]));
    const otherwise = this.takeKeyword("ELSE") ? this.statements(["END"]) : null;
    this.expectKeyword("END");
    this.expectKeyword("CASE");
    return { kind: "CaseStatement", operand, branches, else: otherwise, start, end: this.previousEnd() };
  }

  /** `branch: expression "THEN" statements` */
  #branch(closing: readonly string[]): StatementBranch {
    const condition = this.expression();
    this.expectKeyword("THEN");
    const statements = this.statements(closing);
    return { kind: "StatementBranch", condition, statements, start: condition.start, end: this.previousEnd() };
  }

  /** `labelled: identifier ":" (block | loop) [identifier]` */
  protected labelled(): Statement {
    const label = this.identifier();
    this.expectSymbol(":");
    const statement = this.atKeyword("BEGIN") ? this.block(label) : this.loop(label);
    if (!this.atIdentifier()) return statement;
    const at = this.peek();
    if (this.identifier().name.toLowerCase() !== label.name.toLowerCase()) {
      throw this.error("syntax", "Syntax error: The label at the end is not that at the beginning.", at.start);
    }
    return statement;
  }

  /**
   * ```
   * loop: "LOOP" statements "END" "LOOP" | "WHILE" expression "DO" statements "END" "WHILE"
   *     | "REPEAT" statements "UNTIL" expression "END" "REPEAT"
   *     | "FOR" identifier "IN" "(" query ")" "DO" statements "END" "FOR"
   * ```
   */
  protected loop(label: Identifier | null): Statement {
    const { keyword, start: at } = this.peek();
    const start = label?.start ?? at;
    const statements = (closing: string): Statement[] => this.#within("loop", label, () => this.statements([closing]));
    switch (keyword) {
      case "LOOP": {
        this.advance();
        const list = statements("END");
        return { kind: "LoopStatement", label, statements: list, start, end: this.#end(keyword) };
      }
      case "WHILE": {
        this.advance();
        const condition = this.expression();
        this.expectKeyword("DO");
        const list = statements("END");
        return { kind: "WhileStatement", label, condition, statements: list, start, end: this.#end(keyword) };
      }
      case "REPEAT": {
        this.advance();
        const list = statements("UNTIL");
        this.expectKeyword("UNTIL");
        const until = this.expression();
        return { kind: "RepeatStatement", label, statements: list, until, start, end: this.#end(keyword) };
      }
      case "FOR": {
        this.advance();
        const variable = this.identifier();
        this.expectKeyword("IN");
        const query = this.parenthesized(() => this.query());
        this.expectKeyword("DO");
        const list = statements("END");
        return { kind: "ForStatement", label, variable, query, statements: list, start, end: this.#end(keyword) };
      }
      default:
        throw this.unexpected("keyword BEGIN, LOOP, WHILE, REPEAT or FOR");
    }
  }

  #end(keyword: string): number {
    this.expectKeyword("END");
    return this.expectKeyword(keyword).end;
  }

  /** `jump: ("BREAK" | "LEAVE" | "CONTINUE" | "ITERATE") [identifier]`, inside a loop, or LEAVE of a labelled block */
  protected jump(): Statement {
    const { start, keyword } = this.advance();
    const action = keyword === "BREAK" || keyword === "LEAVE" ? "BREAK" : "CONTINUE";
    const label = this.atIdentifier() ? this.identifier() : null;
    const name = label?.name.toLowerCase() ?? null;
    const around = this.#enclosing.slice(this.#enclosing.findLastIndex(({ kind }) => kind === "procedure") + 1);
    const reachable = around.some((outside) =>
      name === null
        ? outside.kind === "loop"
        : outside.label === name && (action === "BREAK" || outside.kind === "loop"),
    );
    if (!reachable) {
      throw this.error(
        "syntax",
        `Syntax error: ${keyword} stands only inside a loop, or a block of that label.`,
        start,
      );
    }
    return { kind: "JumpStatement", action, label, start, end: this.previousEnd() };
  }

  /** `raise: "RAISE" ["USING" "MESSAGE" "=" expression]`, without message only where an exception is handled */
  protected raise(): Statement {
    const { start } = this.expectKeyword("RAISE");
    let message: Expression | null = null;
    if (this.takeKeyword("USING")) {
      this.expectKeyword("MESSAGE");
      this.expectSymbol("=");
      message = this.expression();
    } else if (!this.#enclosing.some(({ kind }) => kind === "handler")) {
      throw this.unexpected("keyword USING");
    }
    return { kind: "RaiseStatement", message, start, end: this.previousEnd() };
  }

  /** `call: "CALL" path "(" [expression ("," expression)*] ")"` */
  protected call(): CallStatement {
    const { start } = this.expectKeyword("CALL");
    const procedure = this.dashedPath();
    this.expectSymbol("(");
    if (this.atAnyKeyword(["TABLE", "CONNECTION", "MODEL"]) && (this.atIdentifier(1) || this.atKeyword("DEFAULT", 1))) {
      throw this.unsupported("CALL with a table, model or connection is");
    }
    const list = this.atSymbol(")") ? [] : this.list(() => this.expression());
    const { end } = this.expectSymbol(")");
    return { kind: "CallStatement", procedure, arguments: list, start, end };
  }

  /** `assert: "ASSERT" expression ["AS" string]` */
  protected assert(): Statement {
    const { start } = this.expectKeyword("ASSERT");
    const condition = this.expression();
    const description = this.takeKeyword("AS") ? this.stringLiteral() : null;
    return { kind: "AssertStatement", condition, description, start, end: this.previousEnd() };
  }
}
