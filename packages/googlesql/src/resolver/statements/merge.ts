/**
 * MERGE: rows of the source beside those of the target that ON matches; the first WHEN that holds says what is done.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#merge_statement
 */
import { either, type Flow, NO_KEYS, NOTHING, type SourceKey, union } from "../../flow/flow.ts";
import type { PlanStatement } from "../../plan.ts";
import { planWithoutResult } from "../../plan-statement.ts";
import type { MergeInsert, MergeStatement, MergeWhen } from "../../tree.ts";
import type { Context } from "../context.ts";
import { newFrame, outputScope } from "../frame.ts";
import { combine, NO_FROM, resolveFrom, scopeOf } from "../from-clause.ts";
import type { FromClause, Scope } from "../scope.ts";
import { insertPlaces, rowFlows, valuesInPlaces } from "./insert.ts";
import { resolveSet } from "./set-clause.ts";
import { resolveTarget, type Target, writeInto } from "./target.ts";
import { booleanKeys } from "./update.ts";
import type { Written } from "./written.ts";

export function merge(context: Context, node: MergeStatement): PlanStatement {
  const target = resolveTarget(context, node.target);
  context.tables.add(target.table);
  context.scanned.push(target.from.rows);
  const frame = newFrame(null);
  const outer = outputScope([], frame, null, null);
  const source = resolveFrom(context, node.source, NO_FROM, frame, outer);
  frame.rows = either([target.from.rows, source.rows]);
  const scopes: Readonly<Record<MergeWhen["match"], Scope>> = {
    MATCHED: scopeOf(combine(context, target.from, source, node), frame, outer),
    "NOT MATCHED BY TARGET": scopeOf(source, frame, outer),
    "NOT MATCHED BY SOURCE": scopeOf(target.from, frame, outer),
  };
  const on = union([source.implicit, booleanKeys(context, node.on, scopes.MATCHED, "ON")]);
  /** What has decided so far over the rows that each kind of WHEN is asked of. */
  const decided = new Map<MergeWhen["match"], ReadonlySet<SourceKey>>();
  for (const when of node.whens) {
    const scope = scopes[when.match];
    const before = decided.get(when.match) ?? on;
    const keys = when.condition === null ? NO_KEYS : booleanKeys(context, when.condition, scope, "WHEN");
    const implicit = union([before, keys]);
    decided.set(when.match, implicit);
    if (when.match === "MATCHED") {
      // A row of the target that several rows of the source would change is an error.
      context.failing.push(frame.rows);
    }
    writeInto(context, target, { ...action(context, target, source, when, scope), implicit }, when);
  }
  return planWithoutResult(context, "MERGE");
}

function action(
  context: Context,
  target: Target,
  source: FromClause,
  { action: node }: MergeWhen,
  scope: Scope,
): Omit<Written, "table" | "implicit"> {
  switch (node.kind) {
    case "MergeDelete":
      return { mode: "delete", columns: [], rows: NOTHING, repeated: false };
    case "MergeUpdate": {
      const columns = resolveSet(context, target, node.assignments, scope);
      return { mode: "update", columns, rows: NOTHING, repeated: false };
    }
    case "MergeInsert": {
      const places = insertPlaces(context, target, node.columns, node);
      const flows = insertFlows(context, node, source, places, scope);
      const columns = places.map((place, i) => ({ ...place, flow: flows[i] ?? NOTHING }));
      return { mode: "append", columns, rows: source.rows, repeated: source.repeated };
    }
    default: {
      const unreachable: never = node;
      return unreachable;
    }
  }
}

/** ROW is all of the source's columns, in their order. */
function insertFlows(
  context: Context,
  node: MergeInsert,
  source: FromClause,
  places: ReturnType<typeof insertPlaces>,
  scope: Scope,
): Flow[] {
  if (node.row === null) return valuesInPlaces(context, source.columns, places, node);
  return rowFlows(context, node.row, places, scope);
}
