import type { Expression, Script, Statement } from "../tree.ts";
import { ProceduralParser } from "./procedural.ts";

/** First words of statements that GoogleSQL has and BigQuery has not. Longer phrases first. */
const UNSUPPORTED =
  "EXPORT METADATA,START TRANSACTION,CREATE,ALTER,DROP,EXPORT,LOAD,START,EXPLAIN,DESCRIBE,DESC,SHOW,ANALYZE,CLONE,IMPORT,MODULE,DEFINE,RENAME,RUN,REPLACE,ABORT,TABLE,GRAPH";

/** Words between CREATE, ALTER or DROP and the kind of thing: `CREATE OR REPLACE TEMP TABLE`. */
const MODIFIERS =
  "OR REPLACE TEMP TEMPORARY PUBLIC PRIVATE EXTERNAL MATERIALIZED SNAPSHOT AGGREGATE ROW SEARCH VECTOR PROPERTY ALL DATA";

const OBJECTS =
  "TABLE VIEW SCHEMA FUNCTION PROCEDURE MODEL INDEX ACCESS CAPACITY RESERVATION ASSIGNMENT ROUTINE DATABASE CONSTANT SEQUENCE POLICY PRIVILEGE GRAPH CONNECTION ORGANIZATION PROJECT";

/** Statements and scripts. What BigQuery does not have is refused by name. */
export class ScriptParser extends ProceduralParser {
  /** `script: statement (";" statement)* [";"]`; DECLARE only where the script begins */
  script(): Script {
    if (this.peek().kind === "end") throw this.error("syntax", "Syntax error: The SQL holds no statement.");
    const statements: Statement[] = [];
    let declaring = true;
    do {
      if (this.peek().kind === "end") break;
      const statement = this.statement();
      // A hint may stand before it.
      if (statement.kind !== "DeclareStatement") declaring = false;
      else if (!declaring)
        throw this.error("syntax", "Syntax error: DECLARE stands only where a script begins.", statement.start);
      statements.push(statement);
    } while (this.takeSymbol(";"));
    if (this.peek().kind !== "end") throw this.unexpected("end of input");
    return { kind: "Script", statements, start: 0, end: this.sql.length };
  }

  /** An expression and nothing after it. */
  lone(): Expression {
    const expression = this.expression();
    if (this.peek().kind !== "end") throw this.unexpected("end of input");
    return expression;
  }

  protected override statement(): Statement {
    this.hint();
    if (this.atIdentifier() && this.atSymbol(":", 1)) return this.labelled();
    const { keyword, start } = this.peek();
    switch (keyword) {
      case "INSERT":
        return this.insert();
      case "UPDATE":
        return this.update();
      case "DELETE":
        return this.delete();
      case "MERGE":
        return this.merge();
      case "TRUNCATE":
        return this.truncate();
      case "DECLARE":
        return this.declareStatement();
      case "SET":
        return this.set();
      case "EXECUTE":
        return this.execute();
      case "BEGIN":
        return this.begin();
      case "COMMIT":
      case "ROLLBACK":
        return this.transaction(keyword);
      case "IF":
        return this.if();
      case "CASE":
        return this.caseStatement();
      case "LOOP":
      case "WHILE":
      case "REPEAT":
      case "FOR":
        return this.loop(null);
      case "BREAK":
      case "LEAVE":
      case "CONTINUE":
      case "ITERATE":
        return this.jump();
      case "RETURN":
        this.advance();
        return { kind: "ReturnStatement", start, end: this.previousEnd() };
      case "RAISE":
        return this.raise();
      case "CALL":
        return this.call();
      case "ASSERT":
        return this.assert();
      case "EXPORT":
        if (this.atKeyword("DATA", 1)) return this.exportData();
        if (this.atKeyword("MODEL", 1)) return this.exportModel();
        break;
      case "LOAD":
        if (this.atKeyword("DATA", 1)) return this.loadData();
        break;
      case "GRANT":
      case "REVOKE":
        return this.grant(keyword);
      case "UNDROP":
        return this.undrop();
    }
    const ddl =
      keyword === "CREATE"
        ? this.#create()
        : keyword === "ALTER"
          ? this.alter()
          : keyword === "DROP"
            ? this.drop()
            : null;
    if (ddl !== null) return ddl;
    this.#refuseUnsupported();
    const query = this.query();
    return { kind: "QueryStatement", query, start: query.start, end: query.end };
  }

  /** Which CREATE it is, the words behind OR REPLACE tell. Null: none of BigQuery's. */
  #create(): Statement | null {
    const behind = this.atKeyword("OR", 1) ? 3 : 1;
    const { keyword } = this.peek(behind);
    const next = this.peek(behind + 1).keyword;
    switch (keyword) {
      case "TABLE":
        return next === "FUNCTION" && this.#atTableFunction(behind + 2)
          ? this.createTableFunction(this.createHead())
          : this.createTable(this.createHead(), null);
      case "TEMP":
      case "TEMPORARY":
        if (next !== "TABLE" && next !== "FUNCTION" && next !== "AGGREGATE") return null;
        if (next === "TABLE" && this.peek(behind + 2).keyword === "FUNCTION" && this.#atTableFunction(behind + 3)) {
          throw this.unsupported("A temporary table function is");
        }
        return this.#createTemporary(next);
      case "EXTERNAL":
        if (next !== "TABLE" && next !== "SCHEMA") return null;
        return this.#createExternal(next);
      case "SNAPSHOT":
        return next === "TABLE" ? this.createSnapshot(this.createHead()) : null;
      case "MATERIALIZED":
        return next === "VIEW" ? this.createView(this.createHead()) : null;
      case "VIEW":
        return this.createView(this.createHead());
      case "AGGREGATE":
        return next === "FUNCTION" ? this.createFunction(this.createHead(), false) : null;
      case "FUNCTION":
        return this.createFunction(this.createHead(), false);
      case "PROCEDURE":
        return this.createProcedure(this.createHead());
      case "MODEL":
        return this.createModel(this.createHead());
      case "SCHEMA":
        return this.createSchema(this.createHead(), false);
      case "SEARCH":
      case "VECTOR": {
        if (next !== "INDEX") return null;
        const head = this.createHead();
        this.advance();
        return this.createIndex(head, keyword);
      }
      case "ROW":
        return this.createPolicy(this.createHead());
      case "CAPACITY":
      case "RESERVATION":
      case "ASSIGNMENT":
      case "DATA_POLICY":
        return this.createResource(this.createHead());
      default:
        return null;
    }
  }

  /** `CREATE TABLE FUNCTION f(…)`; but `CREATE TABLE function AS …` and `CREATE TABLE function (…)` name a table so. */
  #atTableFunction(ahead: number): boolean {
    return this.atKeyword("IF", ahead) || (this.atIdentifier(ahead) && !this.atSymbol("(", ahead));
  }

  #createTemporary(what: string): Statement {
    const head = this.createHead();
    this.advance();
    return what === "TABLE" ? this.createTable(head, "TEMP") : this.createFunction(head, true);
  }

  #createExternal(what: string): Statement {
    const head = this.createHead();
    this.advance();
    return what === "TABLE" ? this.createTable(head, "EXTERNAL") : this.createSchema(head, true);
  }

  #refuseUnsupported(): void {
    const found = UNSUPPORTED.split(",")
      .map((words) => words.split(" "))
      .find((words) => words.every((word, index) => this.atKeyword(word, index)));
    if (found === undefined) return;
    const [verb = ""] = found;
    const phrase = found.join(" ");
    if (verb !== "CREATE" && verb !== "ALTER" && verb !== "DROP") throw this.unsupported(`The statement ${phrase} is`);
    const words = [phrase];
    for (let ahead = 1; ahead < 10; ahead++) {
      const { keyword } = this.peek(ahead);
      if (MODIFIERS.split(" ").includes(keyword)) words.push(keyword);
      else {
        if (OBJECTS.split(" ").includes(keyword)) words.push(keyword);
        break;
      }
    }
    throw this.unsupported(`The statement ${words.join(" ")} is`);
  }
}
