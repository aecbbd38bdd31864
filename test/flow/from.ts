/** FROM clauses: which rows, by which names, and what tells the rows apart. */
import { atoms, expression } from "./expressions.ts";
import type { Generation, Place, QueryWish } from "./generation.ts";
import { type KeyPart, type MadeFrom, NO_USING, NONE, placeIn, relation } from "./rows.ts";
import { TABLES } from "./schema.ts";
import { type Column, type Range, reference, type Scope, scopeOver, spellings } from "./scope.ts";
import type { Expr, From } from "./tree.ts";
import { turned } from "./turned.ts";
import { arrayOf, BOOL, INT64, STRING, type Type } from "./types.ts";
import { wildcard } from "./wildcard.ts";

const ALIASES = ["p", "q", "o", "t", "u", "name", "ssn", "r"];

function freshAlias(g: Generation, taken: ReadonlySet<string>): string {
  const wanted = g.choices.pick(ALIASES);
  return taken.has(wanted) ? `t${g.id()}` : wanted;
}

export function makeFrom(g: Generation, wish: QueryWish): MadeFrom {
  let from = makeItem(g, wish, null);
  const count = g.choices.weighted([
    [5, 0],
    [4, 1],
    [1, 2],
  ]);
  for (let i = 0; i < count && g.budget > 0; i++) from = joined(g, wish, from);
  return from;
}

function aliasesOf(from: MadeFrom): Set<string> {
  return new Set(from.ranges.flatMap((r) => (r.alias === null ? [] : [r.alias])));
}

/** One table, common table or derived table, and sometimes what PIVOT or UNPIVOT makes of it. */
function makeItem(g: Generation, wish: QueryWish, left: MadeFrom | null): MadeFrom {
  const { choices } = g;
  const kind = choices.weighted([
    [10, "table"],
    [wish.commonTables.some((c) => c.recursive) ? 30 : wish.commonTables.length > 0 ? 8 : 0, "common"],
    [g.queryDepth < 3 && g.budget > 20 ? 4 : 0, "derived"],
    [1, "unnest"],
    [g.stored.rows.length > 0 ? 2 : 0, "stored"],
    [1, "wildcard"],
  ] as const);
  const duck = `t${g.id()}`;
  const taken = left === null ? new Set<string>() : aliasesOf(left);
  if (kind === "unnest") {
    // It may use nothing of the left side here, yet its names are those of the left side.
    const beside = left === null ? scopeOver(wish.parent, [], NO_USING) : scopeOver(wish.parent, left.ranges, left);
    return unnest(g, wish, { ...beside, allowed: new Set() }, taken, "UNNEST");
  }
  const item =
    kind === "stored"
      ? stored(g, wish, duck, taken)
      : kind === "wildcard"
        ? wildcard(g, freshAlias(g, taken), duck)
        : makeTable(g, wish, kind, duck, taken);
  if (!choices.chance(12)) return item;
  return turned(g, item, choices.chance(70) ? freshAlias(g, taken) : null) ?? item;
}

function makeTable(
  g: Generation,
  wish: QueryWish,
  kind: "table" | "common" | "derived",
  duck: string,
  taken: ReadonlySet<string>,
): MadeFrom {
  const { choices } = g;
  if (kind === "table") {
    g.note("from table");
    const table = choices.pick(TABLES);
    const hidden = wish.commonTables.some((c) => c.google === table.name);
    const full = [`ehr.${table.name}`, `clinic.ehr.${table.name}`];
    const google =
      hidden || g.qualifiedTables || choices.chance(40)
        ? choices.pick([...full, ...full.map((name) => `\`${name}\``)])
        : table.name;
    // One identifier with dots is the name of its rows.
    const name = google.startsWith("`") ? google : table.name;
    const alias = taken.has(name) || choices.chance(60) ? freshAlias(g, taken) : null;
    if (alias === null && name === google && name !== table.name) g.note("from table with dots in its name");
    const columns = table.columns.map((c): Column => ({ ...c, duck: `${duck}.${c.name}` }));
    return relation({ kind: "table", table: table.name, google, alias, duck }, alias ?? name, columns, [0]);
  }
  if (kind === "common") {
    g.note("from common table");
    const common = choices.pick(wish.commonTables);
    const alias = taken.has(common.google) || choices.chance(50) ? freshAlias(g, taken) : null;
    const columns = common.made.columns.map((c): Column => ({ name: c.name, type: c.type, duck: `${duck}.${c.duck}` }));
    const node = { kind: "common", google: common.google, alias, source: common.duck, duck } as const;
    return relation(node, alias ?? common.google, columns, common.made.key);
  }
  g.note("from derived table");
  const made = g.query(g, { ...wish, types: null, names: null, rows: "any", as: "", top: false });
  const alias = choices.chance(85) ? freshAlias(g, taken) : null;
  const columns = made.columns.map((c): Column => ({ name: c.name, type: c.type, duck: `${duck}.${c.duck}` }));
  return relation({ kind: "derived", query: made.query, alias, duck }, alias, columns, made.key);
}

/** Of a view or a table function in the catalog. */
function stored(g: Generation, wish: QueryWish, duck: string, taken: ReadonlySet<string>): MadeFrom {
  const { choices } = g;
  const { kind, google, parameters, made, duck: body } = choices.pick(g.stored.rows);
  g.note(`from ${kind}`);
  const place = placeIn(wish, scopeOver(null, [], NO_USING));
  const args = parameters.map((type) => expression(g, place, type, 1));
  const hidden = wish.commonTables.some((c) => c.google === google);
  const call = kind === "table function";
  const alias = call || hidden || taken.has(google) || choices.chance(60) ? freshAlias(g, taken) : null;
  const columns = made.columns.map((c): Column => ({ name: c.name, type: c.type, duck: `${duck}.${c.duck}` }));
  return relation({ kind: "stored", google, call, args, alias, body, duck }, alias ?? google, columns, made.key);
}

/** The elements of an array that what stands on the left may provide. */
function unnest(
  g: Generation,
  wish: QueryWish,
  left: Scope,
  taken: ReadonlySet<string>,
  how: "UNNEST" | "path",
): MadeFrom {
  const { choices } = g;
  const place = placeIn(wish, left);
  const arrays = atoms(place).filter((e) => e.type.kind === "array");
  const paths = arrays.filter((e) => e.kind === "reference" && e.google.includes("."));
  const asPath = how === "path" && paths.length > 0;
  const array: Expr = asPath
    ? choices.pick(paths)
    : arrays.length > 0 && choices.chance(75)
      ? choices.pick(arrays)
      : expression(g, place, arrayOf(choices.pick([STRING, INT64])), 2);
  if (array.type.kind !== "array") throw new Error("not an ARRAY");
  const duck = `t${g.id()}`;
  const alias = freshAlias(g, taken);
  const offset = choices.chance(50) ? freshAlias(g, new Set([...taken, alias])) : null;
  g.note(asPath ? "from array path" : offset === null ? "from UNNEST" : "from UNNEST WITH OFFSET");
  const element = array.type.element;
  const value: Column = { name: alias, type: element, duck: `${duck}.x` };
  const fields = fieldColumns(element, value.duck);
  const range: Range = { alias, columns: fields, value };
  const ranges: Range[] = [range];
  const star: Column[] = element.kind === "struct" ? [...fields] : [value];
  let key: KeyPart[] | null = null;
  if (offset !== null) {
    const column: Column = { name: offset, type: INT64, duck: `${duck}.o` };
    const offsets: Range = { alias: offset, columns: [], value: column };
    ranges.push(offsets);
    star.push(column);
    key = [{ range: offsets, column }];
  }
  return { node: { kind: "unnest", array, asPath, alias, offset, duck }, ranges, merged: [], hidden: NONE, star, key };
}

function fieldColumns(type: Type, duck: string): Column[] {
  if (type.kind !== "struct") return [];
  return type.fields.map((f) => ({ name: f.name, type: f.type, duck: `struct_extract(${duck}, '${f.name}')` }));
}

function usedBy(a: MadeFrom, b: MadeFrom): Pick<MadeFrom, "merged" | "hidden"> {
  return { merged: [...a.merged, ...b.merged], hidden: new Set([...a.hidden, ...b.hidden]) };
}

/** Two sides as one, for the names they take. */
function beside(a: MadeFrom, b: MadeFrom): MadeFrom {
  return { ...a, ...both(a, b), ...usedBy(a, b), star: [...a.star, ...b.star] };
}

function both(a: MadeFrom, b: MadeFrom): Pick<MadeFrom, "ranges" | "key"> {
  return { ranges: [...a.ranges, ...b.ranges], key: a.key === null || b.key === null ? null : [...a.key, ...b.key] };
}

export function joined(g: Generation, wish: QueryWish, left: MadeFrom): MadeFrom {
  const { choices } = g;
  const scope = scopeOver(wish.parent, left.ranges, left);
  const arrays = atoms(placeIn(wish, scopeOver(null, left.ranges, left))).some((e) => e.type.kind === "array");
  if (arrays && choices.chance(50)) {
    const right = unnest(g, wish, scope, aliasesOf(left), choices.pick(["UNNEST", "path"] as const));
    const type = choices.pick([",", "CROSS", "LEFT"] as const);
    g.note(`join UNNEST ${type}`);
    const on: Expr | null = type === "LEFT" ? { kind: "literal", type: BOOL, value: true } : null;
    const node: From = { kind: "join", type, left: left.node, right: right.node, on, using: [] };
    return {
      node,
      ...both(left, right),
      merged: left.merged,
      hidden: left.hidden,
      star: [...left.star, ...right.star],
    };
  }
  let right = makeItem(g, wish, left);
  if (choices.chance(8) && g.budget > 0) {
    g.note("from nested join");
    const inner = makeItem(g, wish, beside(left, right));
    right = condition(g, wish, right, inner, "INNER");
  }
  const comma = left.node.kind === "join" && left.node.type === ",";
  const type = choices.pick(
    comma ? (["INNER", "LEFT", ","] as const) : (["INNER", "LEFT", "RIGHT", "FULL", "CROSS", ","] as const),
  );
  if (type === "CROSS" || type === ",") {
    g.note(`join ${type}`);
    const node: From = { kind: "join", type, left: left.node, right: right.node, on: null, using: [] };
    return {
      node,
      ...both(left, right),
      ...usedBy(left, right),
      star: [...left.star, ...right.star],
    };
  }
  return condition(g, wish, left, right, type);
}

function condition(
  g: Generation,
  wish: QueryWish,
  left: MadeFrom,
  right: MadeFrom,
  type: "INNER" | "LEFT" | "RIGHT" | "FULL",
): MadeFrom {
  const shared = right.merged.length > 0 ? [] : sharedColumns(left, right);
  if (shared.length > 0 && g.choices.chance(40)) return using(g, left, right, type, shared);
  g.note(`join ${type}`);
  const sides = beside(left, right);
  const scope = scopeOver(wish.parent, sides.ranges, sides);
  const place = { ...placeIn(wish, scope), subqueries: type === "INNER" };
  const on = g.choices.chance(60)
    ? (equality(g, place, left, right) ?? expression(g, place, BOOL, 2))
    : expression(g, place, BOOL, 2);
  const node: From = { kind: "join", type, left: left.node, right: right.node, on, using: [] };
  return { node, ...both(left, right), ...usedBy(left, right), star: [...left.star, ...right.star] };
}

function equality(g: Generation, place: Place, left: MadeFrom, right: MadeFrom): Expr | null {
  const side = (from: MadeFrom): Expr[] =>
    from.ranges.flatMap((range) =>
      range.columns.flatMap((column) => {
        const [way] = spellings(place.scope, range, column, false);
        return way === undefined || column.type.kind !== "scalar" ? [] : [reference(column, way)];
      }),
    );
  const pairs = side(left).flatMap((a) =>
    side(right).flatMap((b) => (a.type === b.type && a.kind === "reference" ? [[a, b] as const] : [])),
  );
  if (pairs.length === 0) return null;
  return { kind: "apply", type: BOOL, google: "$1 = $2", duck: "$1 = $2", args: [...g.choices.pick(pairs)] };
}

interface Shared {
  readonly name: string;
  readonly left: Column;
  readonly right: Column;
}

/** Columns that both sides have once under one name. */
function sharedColumns(left: MadeFrom, right: MadeFrom): Shared[] {
  return right.star.flatMap((b) => {
    if (right.star.filter((c) => c.name === b.name).length > 1) return [];
    if ([...aliasesOf(left), ...aliasesOf(right)].includes(b.name)) return [];
    const merged = left.merged.find((c) => c.name === b.name);
    const candidates = left.star.filter((c) => c.name === b.name);
    const a = merged ?? (candidates.length === 1 ? candidates[0] : undefined);
    return a !== undefined && a.type === b.type && a.type.kind === "scalar"
      ? [{ name: b.name, left: a, right: b }]
      : [];
  });
}

function using(
  g: Generation,
  left: MadeFrom,
  right: MadeFrom,
  type: "INNER" | "LEFT" | "RIGHT" | "FULL",
  shared: readonly Shared[],
): MadeFrom {
  g.note(`join ${type} USING`);
  const first = g.choices.pick(shared);
  const second = g.choices.chance(30) ? shared.find((s) => s.name !== first.name) : undefined;
  const chosen = second === undefined ? [first] : [first, second];
  const merged = chosen.map((s): Column => {
    const duck =
      type === "RIGHT" ? s.right.duck : type === "FULL" ? `COALESCE(${s.left.duck}, ${s.right.duck})` : s.left.duck;
    return { name: s.name, type: s.left.type, duck };
  });
  const names = new Set(chosen.map((s) => s.name));
  const hidden = new Set(chosen.flatMap((s) => [s.left, s.right]));
  const rest = [...left.star, ...right.star].filter((c) => !hidden.has(c));
  const list = chosen.map((s) => ({ name: s.name, left: s.left.duck, right: s.right.duck }));
  return {
    node: { kind: "join", type, left: left.node, right: right.node, on: null, using: list },
    ...both(left, right),
    merged: [...merged, ...left.merged.filter((c) => !names.has(c.name))],
    hidden: new Set([...left.hidden, ...right.hidden, ...hidden]),
    star: [...merged, ...rest],
  };
}
