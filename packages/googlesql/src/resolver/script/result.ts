/** Which rows the client can fetch of a script: those of the last query, DML or DDL that ran. */
import type { ColumnName, ExplicitSource, Output, PlanStatement } from "../../plan.ts";
import { outputLength } from "../../plan-length.ts";
import { compareText, START_OF_TEXT } from "../../plan-statement.ts";
import type { Node } from "../../tree.ts";
import type { Context } from "../context.ts";

/**
 * The columns of the result, whichever of `last` ran last: all of them show the same columns, or none shows any.
 * https://cloud.google.com/bigquery/docs/multi-statement-queries
 */
export function resultOf(
  context: Context,
  last: ReadonlySet<Node | null>,
  plans: ReadonlyMap<Node | null, PlanStatement>,
  by: readonly ColumnName[],
): readonly Output[] {
  const ends = [...last].map((node) => ({ node, outputs: plans.get(node)?.outputs ?? [] }));
  const [first] = ends;
  if (first === undefined) return [];
  const different = ends.find(({ outputs }) => !sameColumns(first.outputs, outputs));
  if (different !== undefined) {
    const place = different.node ?? first.node ?? START_OF_TEXT;
    return context.fail(
      "unsupported",
      "The script can end with different results, or with none; end the script with one SELECT",
      place,
    );
  }
  return either(ends.map(({ outputs }) => outputs)).map((output) => decided(context, output, by));
}

function decided(context: Context, output: Output, by: readonly ColumnName[]): Output {
  if (by.length === 0) return output;
  const base = { ...output, implicit: names([...output.implicit, ...by]) };
  context.spendPlan(outputLength(base), START_OF_TEXT);
  if (output.fields === undefined) return base;
  return { ...base, fields: output.fields.map((field) => decided(context, field, by)) };
}

function sameColumns(a: readonly Output[], b: readonly Output[]): boolean {
  return a.length === b.length && a.every((output, i) => output.name === b[i]?.name && output.type === b[i]?.type);
}

/** Column by column, whichever of the results it is. */
function either(results: readonly (readonly Output[])[]): readonly Output[] {
  const [first = []] = results;
  return first.map((output, i) => {
    const all = results.flatMap((outputs) => outputs[i] ?? []);
    const fields = all.map((one) => one.fields);
    const joined = {
      ...output,
      explicit: sources(all.flatMap(({ explicit }) => explicit)),
      implicit: names(all.flatMap(({ implicit }) => implicit)),
      constant: all.some(({ constant }) => constant),
    };
    return output.fields === undefined ? joined : { ...joined, fields: either(fields.map((list) => list ?? [])) };
  });
}

function names(all: readonly ColumnName[]): ColumnName[] {
  return [...new Set(all)].sort();
}

/** Where one is a count and another some other statistic of the same column, the count's privileges don't hold. */
function sources(all: readonly ExplicitSource[]): ExplicitSource[] {
  const found = new Map<string, ExplicitSource>();
  for (const source of all) {
    const key = `${source.column}\n${source.via}`;
    const known = found.get(key) ?? source;
    found.set(key, known.statistic === source.statistic ? source : { column: source.column, via: source.via });
  }
  return [...found].sort(([x], [y]) => compareText(x, y)).map(([, source]) => source);
}
