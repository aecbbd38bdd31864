/** What DuckDB is asked, step by step, in a transaction that is rolled back. Plain JSON, so that a case can hold it. */
import type { Outcome } from "./oracle.ts";
import { type Datum, duckDatum } from "./schema.ts";
import type { Type } from "./types.ts";
import type { Warehouse } from "./warehouse.ts";

/** In `sql`, `[[x]]` stands for what the variable x holds. */
export type Step =
  | { readonly kind: "run"; readonly sql: string }
  /** Where there are rows, BigQuery would have failed. */
  | { readonly kind: "none"; readonly sql: string }
  | { readonly kind: "assign"; readonly variable: string; readonly type: Type; readonly sql: string }
  | {
      readonly kind: "if";
      readonly sql: string;
      readonly whenTrue: readonly Step[];
      readonly otherwise: readonly Step[];
    }
  | { readonly kind: "while"; readonly times: number; readonly sql: string; readonly body: readonly Step[] }
  | { readonly kind: "result"; readonly sql: string };

/** A query, or steps as JSON. */
export async function runText(warehouse: Warehouse, duck: string): Promise<Outcome> {
  if (!duck.startsWith("[")) return warehouse.run(duck);
  const steps: readonly Step[] = JSON.parse(duck);
  await warehouse.run("BEGIN");
  const outcome = await runSteps(warehouse, steps, new Map());
  await warehouse.run("ROLLBACK");
  return outcome;
}

const EMPTY: Outcome = { kind: "rows", rows: [] };

/** The last result, or the first failure. */
async function runSteps(
  warehouse: Warehouse,
  steps: readonly Step[],
  variables: Map<string, string>,
): Promise<Outcome> {
  let result = EMPTY;
  for (const step of steps) {
    const outcome = await runStep(warehouse, step, variables);
    if (outcome.kind === "error") return outcome;
    if (step.kind === "result") result = outcome;
  }
  return result;
}

async function runStep(warehouse: Warehouse, step: Step, variables: Map<string, string>): Promise<Outcome> {
  const ask = (): Promise<Outcome> =>
    warehouse.run(step.sql.replace(/\[\[(\w+)\]\]/g, (_, name: string) => variables.get(name) ?? "NULL"));
  switch (step.kind) {
    case "run":
    case "result":
      return ask();
    case "none": {
      const found = await ask();
      if (found.kind === "error" || found.rows.length === 0) return found;
      return { kind: "error", message: "a row of the target is changed more than once" };
    }
    case "assign": {
      const found = await ask();
      if (found.kind === "rows") variables.set(step.variable, duckDatum(scalarOf(found.rows), step.type));
      return found;
    }
    case "if": {
      const found = await ask();
      if (found.kind === "error") return found;
      return runSteps(warehouse, scalarOf(found.rows) === true ? step.whenTrue : step.otherwise, variables);
    }
    case "while": {
      for (let i = 0; i < step.times; i++) {
        const found = await ask();
        if (found.kind === "error") return found;
        if (scalarOf(found.rows) !== true) break;
        const done = await runSteps(warehouse, step.body, variables);
        if (done.kind === "error") return done;
      }
      return EMPTY;
    }
  }
}

function scalarOf(rows: readonly (readonly unknown[])[]): Datum {
  const value = rows[0]?.[0] ?? null;
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  throw new Error("a variable holds a scalar");
}
