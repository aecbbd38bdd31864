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
  ...["UPDATE", "DELETE", "INSERT", "INSERT ROW"].map((action) => `MERGE ${action}`),
  ...["MERGE UPDATE BY SOURCE", "MERGE DELETE BY SOURCE"],
  ...["DECLARE", "SET", "IF", "ELSE", "WHILE", "LOOP", "REPEAT", "FOR", "BREAK", "CONTINUE"],
  ...[
    "CASE statement",
    "CASE statement of a value",
    "BEGIN",
    "EXCEPTION",
    "EXECUTE IMMEDIATE",
    "EXECUTE IMMEDIATE INTO",
  ],
  ...["CREATE TEMP TABLE", "INSERT into a temporary table", "DML in a script", "temporary function", "final SELECT"],
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
  const { google, steps, ordered } = new ScriptMaker(g).make();
  return { google, pipes: google, duck: JSON.stringify(steps), ordered, constructs: g.notes };
}
