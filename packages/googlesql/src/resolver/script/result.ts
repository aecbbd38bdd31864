/** Which rows the client can fetch of a script: those of the last query, DML or DDL that ran. */
import type { ColumnName, ExplicitSource, Output, PlanStatement } from "../../plan.ts";
import type { Node } from "../../tree.ts";
import type { Context } from "../context.ts";

/**
 * The columns of the result, whichever of `last` ran last: all of them show the same columns, or none shows any.
 * https://cloud.google.com/bigquery/docs/multi-statement-queries
 */
export function resultOf(
  context: Context,
  last: ReadonlySet<Node | null>,
  plans: ReadonlyMap<Node, PlanStatement>,
  by: readonly ColumnName[],
): readonly Output[] {
  let result: readonly Output[] | null = null;
  let at: Node | null = null;
  for (const node of last) {
    const outputs: readonly Output[] = (node === null ? undefined : plans.get(node)?.outputs) ?? [];
    if (result === null) result = outputs;
    else if (sameColumns(result, outputs)) result = either(result, outputs);
    else {
      const place = node ?? at ?? { start: 0 };
      return context.fail(
        "unsupported",
        "The script can end with different results, or with none; end the script with one SELECT",
        place,
      );
    }
    at = node ?? at;
  }
  return by.length === 0 ? (result ?? []) : (result ?? []).map((output) => decided(output, by));
}

function decided(output: Output, by: readonly ColumnName[]): Output {
  const base = { ...output, implicit: names(output.implicit, by) };
  return output.fields === undefined ? base : { ...base, fields: output.fields.map((field) => decided(field, by)) };
}

function sameColumns(a: readonly Output[], b: readonly Output[]): boolean {
  return a.length === b.length && a.every((output, i) => output.name === b[i]?.name && output.type === b[i]?.type);
}

function either(a: readonly Output[], b: readonly Output[]): Output[] {
  return a.map((output, i) => {
    const other = b[i];
    if (other === undefined || other === output) return output;
    const joined = {
      ...output,
      explicit: sources(output.explicit, other.explicit),
      implicit: names(output.implicit, other.implicit),
      constant: output.constant || other.constant,
    };
    return output.fields === undefined || other.fields === undefined
      ? joined
      : { ...joined, fields: either(output.fields, other.fields) };
  });
}

function names(a: readonly ColumnName[], b: readonly ColumnName[]): ColumnName[] {
  return [...new Set([...a, ...b])].sort();
}

/** Where one is a count and another some other statistic of the same column, the count's privileges don't hold. */
function sources(a: readonly ExplicitSource[], b: readonly ExplicitSource[]): ExplicitSource[] {
  const found = new Map<string, ExplicitSource>();
  for (const source of [...a, ...b]) {
    const key = `${source.column}\n${source.via}`;
    const known = found.get(key) ?? source;
    found.set(key, known.statistic === source.statistic ? source : { column: source.column, via: source.via });
  }
  return [...found.entries()].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, source]) => source);
}
