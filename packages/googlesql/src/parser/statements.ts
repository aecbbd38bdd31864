import type { Script } from "../tree.ts";
import { PipeParser } from "./pipes.ts";

/** The first words of what is no query, so that a refusal can name the statement. Longer phrases first. */
const STATEMENTS: readonly string[] = [
  "EXPORT DATA",
  "EXPORT MODEL",
  "EXPORT METADATA",
  "LOAD DATA",
  "TRUNCATE TABLE",
  "EXECUTE IMMEDIATE",
  "BEGIN TRANSACTION",
  "START TRANSACTION",
  "COMMIT TRANSACTION",
  "ROLLBACK TRANSACTION",
  "CREATE OR REPLACE",
  ..."INSERT UPDATE DELETE MERGE TRUNCATE CREATE ALTER DROP UNDROP GRANT REVOKE EXPORT LOAD CALL DECLARE SET IF LOOP".split(
    " ",
  ),
  ..."WHILE REPEAT FOR CASE BEGIN COMMIT ROLLBACK START RETURN BREAK LEAVE CONTINUE ITERATE RAISE EXECUTE ASSERT".split(
    " ",
  ),
  ..."EXPLAIN DESCRIBE DESC SHOW ANALYZE CLONE IMPORT MODULE DEFINE RENAME RUN REPLACE".split(" "),
];

/** Words between CREATE, ALTER or DROP and the kind of thing: `CREATE OR REPLACE TEMP TABLE`. */
const MODIFIERS: readonly string[] = [
  "OR",
  "REPLACE",
  "TEMP",
  "TEMPORARY",
  "PUBLIC",
  "PRIVATE",
  "EXTERNAL",
  "MATERIALIZED",
  "SNAPSHOT",
  "AGGREGATE",
  "ROW",
  "SEARCH",
  "VECTOR",
];

const OBJECTS: readonly string[] = [
  ..."TABLE VIEW SCHEMA FUNCTION PROCEDURE MODEL INDEX ACCESS CAPACITY RESERVATION ASSIGNMENT ROUTINE".split(" "),
  ..."DATABASE CONSTANT SEQUENCE POLICY ALL PRIVILEGE GRAPH PROPERTY CONNECTION ORGANIZATION PROJECT".split(" "),
];

/** Scripts. For now a script is one query; everything else is refused by name. */
export class ScriptParser extends PipeParser {
  /** `script: query [";"]` */
  script(): Script {
    this.#refuseOtherStatements();
    if (this.peek().kind === "end") throw this.error("syntax", "Syntax error: The SQL holds no statement.");
    const query = this.query();
    if (this.takeSymbol(";") && this.peek().kind !== "end" && !this.atSymbol(";")) {
      throw this.unsupported("More than one statement is");
    }
    if (this.peek().kind !== "end") throw this.unexpected("end of input");
    const { start, end } = query;
    return {
      kind: "Script",
      statements: [{ kind: "QueryStatement", query, start, end }],
      start: 0,
      end: this.sql.length,
    };
  }

  #refuseOtherStatements(): void {
    const phrase = STATEMENTS.find((words) => words.split(" ").every((word, index) => this.atKeyword(word, index)));
    if (phrase === undefined) return;
    const [verb = phrase] = phrase.split(" ");
    if (verb !== "CREATE" && verb !== "ALTER" && verb !== "DROP") throw this.unsupported(`The statement ${phrase} is`);
    const words = [phrase];
    for (let ahead = phrase.split(" ").length; ahead < 10; ahead++) {
      const { keyword } = this.peek(ahead);
      if (MODIFIERS.includes(keyword)) words.push(keyword);
      else {
        if (OBJECTS.includes(keyword)) words.push(keyword);
        break;
      }
    }
    throw this.unsupported(`The statement ${words.join(" ")} is`);
  }
}
