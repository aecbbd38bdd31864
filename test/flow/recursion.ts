/** A recursive common table. A column counts the passes, so that there are few of them. */
import { anyType, expression } from "./expressions.ts";
import { joined } from "./from.ts";
import type { CommonTable, Generation, Made, QueryWish } from "./generation.ts";
import { placeIn, relation } from "./rows.ts";
import { reference, scopeOver } from "./scope.ts";
import type { Body, Expr, From, Query, Select } from "./tree.ts";
import { BOOL, INT64, type Type } from "./types.ts";

const PASS = "pass";

export function recursiveTable(g: Generation, google: string, commonTables: readonly CommonTable[]): CommonTable {
  const { choices } = g;
  const operator = choices.pick(["UNION ALL", "UNION DISTINCT"] as const);
  g.note(`recursive ${operator}`);
  const types = Array.from({ length: 1 + choices.below(3) }, () => anyType(g));
  const wish: QueryWish = { parent: null, commonTables, types, names: null, rows: "any", as: "", top: false };
  // A small anchor leaves something to make the term of.
  const budget = g.budget;
  g.budget = Math.min(12, budget);
  const anchor = g.query(g, { ...wish, names: types.map((_, i) => `m${i}`) });
  const columns = [...types.map((type, i) => ({ name: `m${i}`, type })), { name: PASS, type: INT64 as Type }].map(
    (c) => ({
      ...c,
      duck: `c${g.id()}`,
    }),
  );
  const duck = `w${g.id()}`;
  const self: CommonTable = { google, duck, made: { query: EMPTY, columns, key: null } };
  g.budget = Math.max(30, budget - 12);
  const inputs: Body[] = [first(g, anchor, columns), term(g, wish, self)];
  g.budget = Math.max(20, Math.min(g.budget, budget - 12));
  const query: Query = { ...EMPTY, body: { kind: "set", operator, inputs } };
  return { google, recursive: true, duck, made: { query, columns, key: null } };
}

const NO_SELECT: Select = {
  kind: "select",
  distinct: false,
  as: "",
  items: [],
  columns: [],
  from: null,
  where: null,
  groupBy: null,
  having: null,
  qualify: null,
  windows: [],
};
const EMPTY: Query = { commonTables: [], body: NO_SELECT, orderBy: [], limit: null, offset: null };

type Columns = Made["columns"];

function selecting(from: From, where: Expr | null, exprs: readonly Expr[], columns: Columns): Select {
  return {
    ...NO_SELECT,
    from,
    where,
    items: exprs.map((expr, i) => ({ kind: "expression", expr, alias: columns[i]?.name ?? null })),
    columns: exprs.map((expr, i) => ({ expr, name: columns[i]?.name ?? "", duck: columns[i]?.duck ?? "" })),
  };
}

/** The anchor's rows, in pass 0. */
function first(g: Generation, anchor: Made, columns: Columns): Select {
  const duck = `t${g.id()}`;
  const own = anchor.columns.map(
    (c): Expr => ({ kind: "reference", type: c.type, google: `s.${c.name}`, duck: `${duck}.${c.duck}` }),
  );
  const zero: Expr = { kind: "literal", type: INT64, value: "0" };
  return selecting({ kind: "derived", query: anchor.query, alias: "s", duck }, null, [...own, zero], columns);
}

function term(g: Generation, wish: QueryWish, self: CommonTable): Select {
  const { choices } = g;
  const duck = `t${g.id()}`;
  const rows = self.made.columns.map((c) => ({ name: c.name, type: c.type, duck: `${duck}.${c.duck}` }));
  const node: From = { kind: "common", google: self.google, alias: "s", source: self.duck, duck };
  let from = relation(node, "s", rows, null);
  if (choices.chance(60)) from = joined(g, wish, from);
  const place = { ...placeIn(wish, scopeOver(null, from.ranges, from)), subqueries: false };
  const [pass] = rows.slice(-1);
  if (pass === undefined) throw new Error("no column");
  const count = reference(pass, `s.${PASS}`);
  const exprs = self.made.columns.slice(0, -1).map((c) => expression(g, place, c.type, 2));
  const one: Expr = { kind: "literal", type: INT64, value: "1" };
  const two: Expr = { kind: "literal", type: INT64, value: "2" };
  const next: Expr = { kind: "apply", type: INT64, google: "($1 + $2)", duck: "($1 + $2)", args: [count, one] };
  const condition = choices.chance(60) ? [expression(g, place, BOOL, 2)] : [];
  const text = condition.length > 0 ? "($1 < $2 AND $3)" : "($1 < $2)";
  const where: Expr = { kind: "apply", type: BOOL, google: text, duck: text, args: [count, two, ...condition] };
  return selecting(from.node, where, [...exprs, next], self.made.columns);
}
