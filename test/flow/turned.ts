/** PIVOT and UNPIVOT behind one item of FROM. DuckDB gets what they mean: a grouped SELECT, and a UNION ALL. */
import { expression } from "./expressions.ts";
import type { Generation } from "./generation.ts";
import { AGGREGATES } from "./operators.ts";
import { type KeyPart, type MadeFrom, NO_USING, placeIn, relation } from "./rows.ts";
import { DOMAIN } from "./schema.ts";
import { type Column, scopeOver } from "./scope.ts";
import type { Expr, From } from "./tree.ts";
import { BOOL, DATE, INT64, NUMERIC, type ScalarName, STRING, sameType, type Type } from "./types.ts";

/** `source` is one table; undefined where its columns can't be turned. */
export function turned(g: Generation, source: MadeFrom, alias: string | null): MadeFrom | undefined {
  const names = source.star.map((column) => column.name);
  if (names.includes("") || new Set(names).size < names.length) return undefined;
  return g.choices.chance(50) ? pivoted(g, source, alias) : unpivoted(g, source, alias);
}

const INPUTS: readonly ScalarName[] = ["STRING", "INT64", "BOOL", "DATE"];

function pivoted(g: Generation, source: MadeFrom, alias: string | null): MadeFrom {
  g.note("from PIVOT");
  const { choices } = g;
  const place = { ...placeIn({ commonTables: [] }, scopeOver(null, source.ranges, NO_USING)), subqueries: false };
  const type = choices.pick(INPUTS);
  const input = expression(g, place, { kind: "scalar", name: type }, 2);
  const values = Array.from({ length: 1 + choices.below(2) }, (_, i) => {
    const value = choices.chance(10) ? null : choices.pick(DOMAIN[type]);
    const expr: Expr = { kind: "literal", type: input.type, value };
    return { expr, alias: `v${i}` };
  });
  const aggregates = Array.from({ length: 1 + choices.below(2) }, (_, i) => ({
    ...aggregate(g, place),
    alias: `a${i}`,
  }));
  const used = JSON.stringify([input, aggregates.map((a) => a.args)]);
  const groups = source.star.filter((column) => !used.includes(`"duck":${JSON.stringify(column.duck)}`));
  const duck = `t${g.id()}`;
  const columns: Column[] = [];
  const cells: { expr: Expr; duck: string }[] = [];
  const add = (name: string, type: Type, expr: Expr): void => {
    const out = `c${g.id()}`;
    columns.push({ name, type, duck: `${duck}.${out}` });
    cells.push({ expr, duck: out });
  };
  const keys = groups.map((column): Expr => ({ kind: "reference", type: column.type, google: "", duck: column.duck }));
  for (const [i, key] of keys.entries()) add(groups[i]?.name ?? "", key.type, key);
  for (const value of values)
    for (const call of aggregates) add(`${call.alias}_${value.alias}`, call.type, chosen(call, input, value.expr));
  const node: From = {
    kind: "pivot",
    source: source.node,
    aggregates: aggregates.map((call) => ({ expr: call, alias: call.alias })),
    input,
    values,
    groups: keys,
    cells,
    alias,
    duck,
  };
  const scalars = groups.length > 0 && groups.every((column) => column.type.kind === "scalar");
  return relation(node, alias, columns, scalars ? groups.map((_, i) => i) : null);
}

type Call = Extract<Expr, { kind: "aggregate" }>;

function aggregate(g: Generation, place: Parameters<typeof expression>[1]): Call {
  const over = g.choices.pick(AGGREGATES);
  const any = g.choices.pick([STRING, INT64, DATE, NUMERIC, BOOL]);
  const type = over.arg === "T" || over.arg === "*" ? any : over.arg;
  const args = over.arg === "*" ? [] : [expression(g, place, type, 2)];
  return {
    kind: "aggregate",
    type: over.result === "T" ? type : over.result,
    google: over.google,
    duck: over.duck,
    args,
    distinct: false,
    orderBy: [],
    ignoreNulls: false,
    limit: null,
  };
}

/** The aggregate over the rows where the input has the value: none of them counts a NULL. */
function chosen(call: Call, input: Expr, value: Expr): Expr {
  const one: Expr = { kind: "literal", type: INT64, value: "1" };
  const [argument = one] = call.args;
  const where = "(CASE WHEN $1 IS NOT DISTINCT FROM $2 THEN $3 END)";
  const narrowed: Expr = {
    kind: "apply",
    type: argument.type,
    google: where,
    duck: where,
    args: [input, value, argument],
  };
  const [name, inner] = call.duck;
  return { ...call, duck: [name, inner === "*" ? "$1" : inner], args: [narrowed] };
}

function unpivoted(g: Generation, source: MadeFrom, alias: string | null): MadeFrom | undefined {
  const { choices } = g;
  const scalars = source.star.filter((column) => column.type.kind === "scalar");
  const first = scalars.length === 0 ? undefined : choices.pick(scalars);
  if (first === undefined) return undefined;
  const alike = scalars.filter((column) => sameType(column.type, first.type));
  const turning = alike.filter((column) => column === first || choices.chance(60)).slice(0, 3);
  const kept = source.star.filter((column) => !turning.includes(column));
  const taken = new Set(kept.map((column) => column.name));
  const free = (wanted: string): string => (taken.has(wanted) ? `${wanted}${g.id()}` : wanted);
  const value = free(choices.pick(["value", "x", "ssn"]));
  taken.add(value);
  const label = free(choices.pick(["label", "name", "x"]));
  const nulls = choices.pick(["", "EXCLUDE", "INCLUDE"] as const);
  g.note(`from UNPIVOT${nulls === "" ? "" : ` ${nulls} NULLS`}`);
  const duck = `t${g.id()}`;
  const columns: Column[] = [];
  const outs: string[] = [];
  const add = (name: string, type: Type): void => {
    const out = `c${g.id()}`;
    outs.push(out);
    columns.push({ name, type, duck: `${duck}.${out}` });
  };
  for (const column of kept) add(column.name, column.type);
  add(value, first.type);
  add(label, STRING);
  const node: From = {
    kind: "unpivot",
    source: source.node,
    nulls,
    value,
    label,
    turned: turning.map((column) => {
      const own = choices.chance(40) ? `l${g.id()}` : null;
      return { google: column.name, duck: column.duck, label: own ?? column.name, written: own !== null };
    }),
    kept: kept.map((column) => column.duck),
    outs,
    alias,
    duck,
  };
  const parts: readonly KeyPart[] | null = source.key;
  const key = parts?.map((part) => kept.indexOf(part.column)) ?? null;
  const labelled = key === null || key.includes(-1) ? null : [...key, columns.length - 1];
  return relation(node, alias, columns, labelled);
}
