/**
 * DML and scripts: each is written as GoogleSQL and, beside it, as what DuckDB is asked step by step (`steps.ts`). Variables,
 * branches and loops are this generator's, not our parser's.
 */
import { STORED } from "./catalog.ts";
import { Choices } from "./choices.ts";
import { dml } from "./dml.ts";
import { Generation } from "./generation.ts";
import type { Generated } from "./generator.ts";
import { makeQuery } from "./queries.ts";
import { ScriptMaker } from "./scripts.ts";

export const PROGRAM_CONSTRUCTS: readonly string[] = [
  ...["INSERT VALUES", "INSERT query", "UPDATE", "UPDATE FROM", "DELETE", "MERGE"],
  ...["UPDATE", "DELETE", "INSERT", "INSERT ROW", "INSERT ROW of some columns"].map((action) => `MERGE ${action}`),
  ...["MERGE UPDATE BY SOURCE", "MERGE DELETE BY SOURCE"],
  ...["DEFAULT", "INSERT without a column that has a DEFAULT", "SET of a field"],
  ...["|> INSERT", "|> CREATE TEMP TABLE", "from wildcard table"],
  ...["DECLARE", "SET", "IF", "ELSE", "WHILE", "LOOP", "REPEAT", "FOR", "BREAK", "CONTINUE", "CONTINUE in REPEAT"],
  ...["CASE statement", "CASE statement of a value", "BEGIN", "EXCEPTION"],
  ...[
    "EXECUTE IMMEDIATE",
    "EXECUTE IMMEDIATE INTO",
    "EXECUTE IMMEDIATE INTO several",
    "EXECUTE IMMEDIATE of an INSERT",
  ],
  ...["EXECUTE IMMEDIATE USING", "EXECUTE IMMEDIATE USING by place"],
  ...["EXECUTE IMMEDIATE of a variable", "EXECUTE IMMEDIATE of texts put together"],
  ...["CREATE TEMP TABLE", "CREATE TEMP TABLE of columns"],
  ...["INSERT into a temporary table", "DML in a script", "@@row_count", "temporary function", "final SELECT"],
  ...["@@error.message", "@@script"],
  ...["CREATE PROCEDURE", "CALL of the script's own procedure", "CALL of the catalog's procedure"],
  ...["IN", "OUT", "INOUT"].map((mode) => `CALL with ${mode}`),
  "RETURN in a procedure",
  "temporary table of a procedure",
];

/** From numbers to one DML statement or a script. */
export function generateProgram(numbers: readonly number[]): Generated {
  const g = new Generation(new Choices(numbers), makeQuery);
  g.stored = STORED;
  if (!g.choices.chance(60)) {
    const { google, steps, all } = dml(g);
    const asked = [...steps, { kind: "result", sql: all }];
    return { google, pipes: google, duck: JSON.stringify(asked), ordered: false, constructs: g.notes };
  }
  const { google, steps, ordered } = new ScriptMaker(g, STORED.procedures).make();
  return { google, pipes: google, duck: JSON.stringify(steps), ordered, constructs: g.notes };
}
