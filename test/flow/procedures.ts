/** Procedures: of the catalog and of the script itself. DuckDB gets a procedure's steps wherever it is called. */
import type { Both } from "./dml.ts";
import type { Generation } from "./generation.ts";
import { printExpr } from "./print.ts";
import type { Column } from "./scope.ts";
import type { Step } from "./steps.ts";
import type { Expr } from "./tree.ts";
import { BOOL, googleType, INT64, STRING, sameType, type Type } from "./types.ts";

export interface Procedure {
  readonly google: string;
  readonly parameters: readonly { readonly mode: "IN" | "OUT" | "INOUT"; readonly column: Column }[];
  readonly body: readonly Step[];
  /** Tables of the databases that it writes into. */
  readonly written: readonly string[];
}

/** `[[x]]` of DuckDB's text without its brackets. */
export function variableOf({ duck }: Column): string {
  return duck.slice(2, -2);
}

export function parametersOf(g: Generation): Procedure["parameters"] {
  const { choices } = g;
  const modes = [
    "OUT",
    ...Array.from({ length: 1 + choices.below(2) }, () => choices.pick(["IN", "INOUT", "OUT"] as const)),
  ] as const;
  return modes.map((mode, i) => ({
    mode,
    column: { name: `p${i}`, type: choices.pick([STRING, INT64, BOOL]), duck: `[[a${g.id()}]]` },
  }));
}

export function signatureOf({ parameters }: Pick<Procedure, "parameters">): string {
  return parameters.map(({ mode, column }) => `${mode} ${column.name} ${googleType(column.type)}`).join(", ");
}

/** A call with what `value` makes for IN; null where there are no variables of the types that take results. */
export function call(
  g: Generation,
  procedure: Procedure,
  variables: readonly Column[],
  value: (type: Type) => Expr,
): Both | null {
  const taken = new Set<Column>();
  const google: string[] = [];
  const before: Step[] = [];
  const after: Step[] = [];
  const set = (to: Column, sql: string): Step => ({ kind: "assign", variable: variableOf(to), type: to.type, sql });
  for (const { mode, column } of procedure.parameters) {
    if (mode === "IN") {
      const expr = value(column.type);
      google.push(printExpr(expr, "google"));
      before.push(set(column, `SELECT ${printExpr(expr, "duck")}`));
      continue;
    }
    const free = variables.filter((v) => sameType(v.type, column.type) && !taken.has(v));
    if (free.length === 0) return null;
    const target = g.choices.pick(free);
    taken.add(target);
    google.push(target.name);
    before.push(set(column, `SELECT ${mode === "OUT" ? printExpr(nullOf(column.type), "duck") : target.duck}`));
    after.push(set(target, `SELECT ${column.duck}`));
  }
  for (const { mode } of procedure.parameters) g.note(`CALL with ${mode}`);
  return {
    google: `CALL ${procedure.google}(${google.join(", ")})`,
    steps: [{ kind: "call", body: [...before, ...procedure.body] }, ...after],
  };
}

function nullOf(type: Type): Expr {
  return { kind: "literal", type, value: null };
}
