/** Queries: SELECT with its clauses, set operations, common tables. */
import { byName } from "./by-name.ts";
import { anyType, atoms, expression, hasReference } from "./expressions.ts";
import { makeFrom } from "./from.ts";
import type { CommonTable, Generation, Made, Place, QueryWish } from "./generation.ts";
import { recursiveTable } from "./recursion.ts";
import { type KeyPart, type MadeFrom, placeIn } from "./rows.ts";
import { type Column, rangeNames, reference, type Scope, scopeOver, spellings, visible } from "./scope.ts";
import type { Body, Expr, GroupBy, Item, OrderItem, Query, Select } from "./tree.ts";
import { BOOL, INT64, STRING, type Type } from "./types.ts";

export function makeQuery(g: Generation, wish: QueryWish): Made {
  g.queryDepth++;
  g.budget--;
  const outerWindows = g.windows;
  g.windows = null;
  const commonTables: CommonTable[] = [];
  if (wish.as === "" && g.queryDepth <= 2 && g.choices.chance(wish.top ? 25 : 6)) {
    g.note("WITH");
    // The names of a recursive clause hide tables in all of it.
    const recursive = g.budget > 40 && g.choices.chance(25);
    for (let i = 0; i <= g.choices.below(2); i++) {
      const google = g.choices.pick(recursive ? ["c", "d"] : ["c", "d", "people", "pair"]);
      if (commonTables.some((c) => c.google === google)) continue;
      const visibleTables = [
        ...wish.commonTables.filter((c) => !commonTables.some((n) => n.google === c.google)),
        ...commonTables,
      ];
      if (recursive && i === 0) {
        commonTables.push(recursiveTable(g, google, visibleTables));
        continue;
      }
      const made = g.query(g, {
        parent: null,
        commonTables: visibleTables,
        types: null,
        names: null,
        rows: "any",
        as: "",
        top: false,
      });
      commonTables.push({ google, duck: `w${g.id()}`, made });
    }
  }
  const hidden = new Set(commonTables.map((c) => c.google));
  const inner = { ...wish, commonTables: [...wish.commonTables.filter((c) => !hidden.has(c.google)), ...commonTables] };
  const set = wish.as === "" && wish.rows === "any" && g.queryDepth < 3 && g.budget > 25 && g.choices.chance(10);
  const { query, columns, key } = set ? setOperation(g, inner) : select(g, inner);
  const written = commonTables.map((c) => ({
    google: c.google,
    duck: c.duck,
    query: c.made.query,
    recursive: c.recursive === true,
  }));
  g.queryDepth--;
  g.windows = outerWindows;
  return { query: { ...query, commonTables: written }, columns, key };
}

const PLAIN = { commonTables: [], orderBy: [], limit: null, offset: null } as const;

// ------------------------------------------------------------------------------------------------------- set operations

function setOperation(g: Generation, wish: QueryWish): Made {
  const { choices } = g;
  if (wish.types === null && choices.chance(40)) {
    const made = byName(g, (types, names) => select(g, { ...wish, types, names, rows: "any", top: false }));
    return orderedSet(g, wish, made.body, made.columns, made.operator);
  }
  const operator = choices.pick(["UNION ALL", "UNION DISTINCT", "INTERSECT DISTINCT", "EXCEPT DISTINCT"] as const);
  g.note(operator);
  const types = wish.types ?? Array.from({ length: 1 + choices.below(3) }, () => anyType(g));
  const input = (): { readonly body: Body; readonly made: Made } => {
    const made = select(g, { ...wish, types, names: null, rows: "any", top: false });
    const bare = made.query.body.kind === "select" && made.query.orderBy.length === 0 && made.query.limit === null;
    return { body: bare ? made.query.body : { kind: "query", query: made.query }, made };
  };
  const first = input();
  const count = operator === "UNION ALL" && choices.chance(20) ? 3 : 2;
  const inputs = [first, ...Array.from({ length: count - 1 }, input)];
  const { columns } = first.made;
  return orderedSet(g, wish, { kind: "set", operator, inputs: inputs.map((i) => i.body) }, columns, operator);
}

function orderedSet(g: Generation, wish: QueryWish, body: Body, columns: Made["columns"], operator: string): Made {
  const { choices } = g;
  const query: Query = { ...PLAIN, body };
  const scalars = columns.every((c) => c.type.kind === "scalar");
  const key = operator !== "UNION ALL" && scalars ? columns.map((_, i) => i) : null;
  if (!scalars || !choices.chance(wish.top ? 40 : 15)) return { query, columns, key };
  const orderBy = columns.map((c, i): OrderItem => {
    g.note("ORDER BY ordinal");
    const expr: Expr = { kind: "reference", type: c.type, google: c.name, duck: c.duck };
    return { expr, descending: choices.chance(30), ordinal: i + 1 };
  });
  return { query: { ...query, orderBy, ...limited(g, wish) }, columns, key };
}

function limited(g: Generation, wish: QueryWish): { readonly limit: number | null; readonly offset: number | null } {
  g.note("ORDER BY");
  if (wish.rows === "one") {
    g.note("LIMIT");
    return { limit: 1, offset: null };
  }
  if (!g.choices.chance(50)) return { limit: null, offset: null };
  g.note("LIMIT");
  const offset = g.choices.chance(40) ? g.choices.below(3) : null;
  if (offset !== null) g.note("OFFSET");
  return { limit: g.choices.below(4), offset };
}

// --------------------------------------------------------------------------------------------------------------- SELECT

/** The columns of one SELECT list while it grows. */
class Outputs {
  readonly items: Item[] = [];
  readonly columns: { expr: Expr; name: string; type: Type; duck: string }[] = [];
  readonly #g: Generation;
  readonly #reserved: ReadonlySet<string>;
  readonly #unnamed: boolean;

  constructor(g: Generation, reserved: ReadonlySet<string>, unnamed: boolean) {
    this.#g = g;
    this.#reserved = reserved;
    this.#unnamed = unnamed;
  }

  has(name: string): boolean {
    return this.columns.some((c) => c.name === name);
  }

  /** `name`: the alias it must have. */
  add(expr: Expr, name?: string): void {
    if (name !== undefined) {
      this.items.push({ kind: "expression", expr, alias: name });
      this.column(expr, name);
      return;
    }
    const implied = impliedName(expr);
    const free = (name: string): boolean => !this.has(name) && !this.#reserved.has(name);
    const plain = implied === "" ? this.#unnamed : free(implied);
    const alias = plain && this.#g.choices.chance(60) ? null : this.alias(free);
    this.items.push({ kind: "expression", expr, alias });
    this.column(expr, alias ?? implied);
  }

  alias(free: (name: string) => boolean): string {
    const wanted = this.#g.choices.pick(["x", "y", "ssn", "name", "pid", "a", "b", "k", "code", "paid"]);
    return free(wanted) ? wanted : `c${this.#g.id()}`;
  }

  column(expr: Expr, name: string): void {
    this.columns.push({ expr, name, type: expr.type, duck: `c${this.#g.id()}` });
  }
}

function impliedName(expr: Expr): string {
  // A parameter gives its column no name.
  if (expr.kind === "reference" && expr.google.startsWith("@")) return "";
  if (expr.kind === "reference" || expr.kind === "alias") return expr.google.split(".").at(-1) ?? "";
  if (expr.kind === "row") return expr.google;
  return expr.kind === "field" ? expr.name : "";
}

function select(g: Generation, wish: QueryWish): Made {
  const { choices } = g;
  const from = makeFrom(g, wish);
  const scope = scopeOver(wish.parent, from.ranges, from);
  const rows = placeIn(wish, scope);
  const where = choices.chance(30) ? expression(g, rows, BOOL, 3) : null;
  if (where !== null) g.note("WHERE");
  const style = choices.weighted([
    [10, "plain"],
    [6, "grouped"],
    [wish.rows === "one" ? 15 : 2, "all"],
    [wish.types === null && wish.parent === null ? 1 : 0, "group by all"],
  ] as const);
  const reserved = rangeNames(scope);
  if (wish.as !== "") g.note("SELECT AS STRUCT");
  const outputs = new Outputs(g, reserved, wish.top);
  const shell: Shell = { g, wish, from, scope, where, outputs };
  if (style === "plain") return plain(shell, rows);
  if (style === "group by all") return groupedByAll(shell, rows);
  return grouped(shell, rows, style === "all");
}

interface Shell {
  readonly g: Generation;
  readonly wish: QueryWish;
  readonly from: MadeFrom;
  readonly scope: Scope;
  readonly where: Expr | null;
  readonly outputs: Outputs;
}

function selectNode(shell: Shell, rest: Partial<Select>): Select {
  return {
    kind: "select",
    distinct: false,
    as: shell.wish.as,
    items: shell.outputs.items,
    columns: shell.outputs.columns,
    from: shell.from.node,
    where: shell.where,
    groupBy: null,
    having: null,
    qualify: null,
    windows: [],
    ...rest,
  };
}

/** What makes an order of the rows total, as written in `scope`; null where nothing does. */
function ties(g: Generation, from: MadeFrom, scope: Scope): Expr[] | null {
  const spelled = (parts: readonly KeyPart[]): Expr[] | null => {
    const found: Expr[] = [];
    for (const { range, column } of parts) {
      const ways = spellings(scope, range, column, false);
      if (ways.length === 0) return null;
      found.push(reference(column, g.choices.pick(ways)));
    }
    return found;
  };
  const byKey = from.key === null ? null : spelled(from.key);
  if (byKey !== null && byKey.length > 0) return byKey;
  const all = from.ranges.flatMap((range) => {
    const columns = range.value === null ? range.columns : [range.value];
    return columns.map((column): KeyPart => ({ range, column }));
  });
  return all.every((p) => p.column.type.kind === "scalar") ? spelled(all) : null;
}

function made(
  shell: Shell,
  node: Select,
  order: Pick<Query, "orderBy" | "limit" | "offset">,
  key: readonly number[] | null,
): Made {
  return { query: { ...PLAIN, ...order, body: node }, columns: shell.outputs.columns, key };
}

/** By all columns of the result, where they can be ordered by. */
function byOutputs(shell: Shell): OrderItem[] | null {
  const { g, outputs } = shell;
  if (shell.wish.as === "STRUCT") return null;
  if (!outputs.columns.every((c) => c.type.kind === "scalar" && hasReference(c.expr))) return null;
  g.note("ORDER BY ordinal");
  return outputs.columns.map((c, i) => ({ expr: c.expr, descending: g.choices.chance(30), ordinal: i + 1 }));
}

const UNORDERED = { orderBy: [], limit: null, offset: null } as const;

function wantsOrder(shell: Shell): boolean {
  const { wish, g } = shell;
  return wish.rows === "one" || wish.rows === "ordered" || g.choices.chance(wish.top ? 35 : 15);
}

function plain(shell: Shell, rows: Place): Made {
  const { g, wish, from, scope, outputs } = shell;
  const { choices } = g;
  const tie = ties(g, from, scope);
  const windows: Extract<Expr, { kind: "window" }>[] = [];
  g.windows = windows;
  const place: Place = { ...rows, windowTies: tie };
  if (wish.types !== null)
    for (const [i, type] of wish.types.entries()) outputs.add(expression(g, place, type, 3), wish.names?.[i]);
  else freeItems(shell, place);
  const distinct = wish.types === null && choices.chance(12);
  if (distinct) g.note("DISTINCT");
  const aliased = withAliases(scope, outputs);
  g.windows = null;
  const behind = ties(g, from, aliased);
  let qualify: Expr | null = null;
  if (behind !== null && choices.chance(10)) {
    g.note("QUALIFY");
    const own = aliasAtoms(shell, scope);
    if (own.length > 0) g.note("alias in QUALIFY");
    const inner: Place = { ...rows, scope: aliased, own, windowTies: behind };
    const window = expression(g, inner, BOOL, 3);
    const number: Expr = {
      kind: "window",
      type: INT64,
      google: "ROW_NUMBER()",
      duck: "row_number()",
      args: [],
      partitionBy: [],
      orderBy: behind.map((expr) => ({ expr, descending: false, ordinal: null })),
      frame: "",
      name: null,
    };
    const two: Expr = { kind: "literal", type: INT64, value: "2" };
    qualify = {
      kind: "apply",
      type: BOOL,
      google: "($1 OR $2 < $3)",
      duck: "($1 OR $2 < $3)",
      args: [window, number, two],
    };
  }
  const node = selectNode(shell, { distinct, qualify, windows });
  const places = from.key?.map((part) =>
    outputs.columns.findIndex((c) => c.expr.kind === "reference" && c.expr.duck === part.column.duck),
  );
  const key = places === undefined || places.includes(-1) ? null : places;
  if (!wantsOrder(shell)) return oneOrMore(shell, made(shell, node, UNORDERED, key));
  const inner: Place = { ...rows, scope: aliased, own: aliasAtoms(shell, scope) };
  const orderBy = distinct || behind === null ? byOutputs(shell) : plainOrder(g, inner, behind);
  if (orderBy === null) return oneOrMore(shell, made(shell, node, UNORDERED, key));
  return made(shell, node, { orderBy, ...limited(g, wish) }, key);
}

/** A query that must give one row, and can't be ordered: it may fail by giving more. An ARRAY's order must be total. */
function oneOrMore(shell: Shell, given: Made): Made {
  return shell.wish.rows === "ordered" ? firstOnly(given) : given;
}

/** No order is known to be total: no row is a total order too. */
function firstOnly(given: Made): Made {
  return { ...given, query: { ...given.query, limit: 0 } };
}

function plainOrder(g: Generation, place: Place, tie: readonly Expr[]): OrderItem[] {
  const exprs: Expr[] = [];
  for (let i = g.choices.below(3); i > 0; i--) {
    const scalars = atoms(place).filter((e) => e.type.kind === "scalar");
    if (scalars.length === 0) break;
    const expr = g.choices.chance(70)
      ? g.choices.pick(scalars)
      : expression(g, place, g.choices.pick([BOOL, STRING, INT64]), 2);
    if (!hasReference(expr)) continue;
    if (expr.kind === "alias") g.note("ORDER BY alias");
    exprs.push(expr);
  }
  return [...exprs, ...tie].map((expr) => ({ expr, descending: g.choices.chance(30), ordinal: null }));
}

function withAliases(scope: Scope, outputs: Outputs): Scope {
  return { ...scope, aliases: new Set(outputs.columns.map((c) => c.name).filter((n) => n !== "")) };
}

/** Select aliases as names for what they stand for; not those that also mean something in FROM. */
function aliasAtoms(shell: Shell, scope: Scope): Expr[] {
  const names = new Set([
    ...rangeNames(scope),
    ...shell.from.star.map((c) => c.name),
    ...shell.from.ranges.flatMap((r) => r.columns.map((c) => c.name)),
  ]);
  return shell.outputs.columns.flatMap((c): Expr[] =>
    c.name === "" || names.has(c.name) || !hasReference(c.expr) || hasWindow(c.expr)
      ? []
      : [{ kind: "alias", type: c.type, google: c.name, of: c.expr }],
  );
}

function hasWindow(expr: Expr): boolean {
  if (expr.kind === "window" || expr.kind === "subquery" || expr.kind === "in" || expr.kind === "with") return true;
  if (expr.kind === "field") return hasWindow(expr.operand);
  return "args" in expr && expr.args.some(hasWindow);
}

function freeItems(shell: Shell, place: Place): void {
  const { g, wish, from, outputs } = shell;
  const { choices } = g;
  const count = 1 + choices.below(wish.top ? 4 : 3);
  for (let i = 0; i < count; i++) {
    const kind = choices.weighted([
      [16, "expression"],
      [i === 0 ? 3 : 0, "star"],
      [2, "owned star"],
      [1, "struct star"],
      [1, "row"],
    ] as const);
    if (kind === "star" && addStar(shell, place, null, from.star)) continue;
    if (kind === "owned star" && addOwnedStar(shell, place)) continue;
    if (kind === "struct star" && addStructStar(shell, place)) continue;
    if (kind === "row" && addRow(shell, place)) continue;
    outputs.add(expression(g, place, anyType(g), 3));
  }
  // So that the queries around can order by them.
  if (choices.chance(wish.top ? 10 : 50)) {
    for (const { range, column } of from.key ?? []) {
      const [way] = spellings(place.scope, range, column, false);
      if (way !== undefined) outputs.add(reference(column, way));
    }
  }
}

function addOwnedStar(shell: Shell, place: Place): boolean {
  const ranges = shell.from.ranges.filter(
    (r) => r.alias !== null && r.value === null && named(place.scope, r.alias, r),
  );
  if (ranges.length === 0) return false;
  const range = shell.g.choices.pick(ranges);
  return addStar(shell, place, range.alias, range.columns);
}

/** Whether `alias` is this range: a name of FROM is never hidden by a column here. */
function named(scope: Scope, alias: string, range: MadeFrom["ranges"][number]): boolean {
  return scope.ranges.find((r) => r.alias === alias) === range;
}

function addStructStar(shell: Shell, place: Place): boolean {
  const structs = atoms(place).filter(
    (e) => e.type.kind === "struct" && (e.kind === "reference" || e.kind === "field"),
  );
  if (structs.length === 0) return false;
  const owner = shell.g.choices.pick(structs);
  if (owner.type.kind !== "struct") return false;
  const exprs = owner.type.fields.map((f): Expr => ({ kind: "field", type: f.type, operand: owner, name: f.name }));
  const clash = owner.type.fields.some((f) => shell.outputs.has(f.name));
  if (clash) return false;
  shell.g.note("struct.*");
  shell.outputs.items.push({ kind: "star", owner, except: [], replace: [] });
  for (const [i, expr] of exprs.entries()) shell.outputs.column(expr, owner.type.fields[i]?.name ?? "");
  return true;
}

function addStar(shell: Shell, place: Place, owner: string | null, star: readonly Column[]): boolean {
  const { g, outputs } = shell;
  const names = star.map((c) => c.name);
  if (new Set(names).size < names.length || names.some((n) => n === "" || outputs.has(n))) return false;
  const except = names.length > 1 && g.choices.chance(30) ? [g.choices.pick(names)] : [];
  if (except.length > 0) g.note("* EXCEPT");
  const replace: { expr: Expr; name: string }[] = [];
  if (g.choices.chance(25)) {
    const name = g.choices.pick(names);
    if (!except.includes(name)) {
      g.note("* REPLACE");
      replace.push({ expr: expression(g, place, anyType(g), 2), name });
    }
  }
  g.note(owner === null ? "*" : "alias.*");
  outputs.items.push({ kind: "star", owner, except, replace });
  for (const column of star) {
    if (except.includes(column.name)) continue;
    outputs.column(replace.find((r) => r.name === column.name)?.expr ?? reference(column, column.name), column.name);
  }
  return true;
}

/** A whole row, as a STRUCT or as JSON. */
function addRow(shell: Shell, place: Place): boolean {
  const { g, from, outputs } = shell;
  // A name with dots can't be a row's as a value.
  const ranges = from.ranges.filter(
    (r) => r.alias !== null && !r.alias.startsWith("`") && r.value === null && named(place.scope, r.alias, r),
  );
  const usable = ranges.filter(
    (r) => r.columns.every((c) => c.name !== "") && new Set(r.columns.map((c) => c.name)).size === r.columns.length,
  );
  const [range] = usable;
  if (range === undefined || range.alias === null) return false;
  const type: Type = { kind: "struct", fields: range.columns.map((c) => ({ name: c.name, type: c.type })) };
  const args = range.columns.map((c) => reference(c, c.name));
  const row: Expr = { kind: "row", type, google: range.alias, names: range.columns.map((c) => c.name), args };
  if (g.choices.chance(40)) {
    g.note("TO_JSON_STRING(row)");
    outputs.add({
      kind: "apply",
      type: STRING,
      google: "TO_JSON_STRING($1)",
      duck: "CAST(to_json($1) AS VARCHAR)",
      args: [row],
    });
    return true;
  }
  g.note("whole row");
  const alias = outputs.alias((name) => !outputs.has(name) && !rangeNames(place.scope).has(name));
  outputs.items.push({ kind: "expression", expr: row, alias });
  outputs.column(row, alias);
  return true;
}

// ------------------------------------------------------------------------------------------------------------- grouping

function grouped(shell: Shell, rows: Place, all: boolean): Made {
  const { g, wish, from, scope, outputs } = shell;
  const { choices } = g;
  const keys = all ? [] : groupingKeys(g, rows);
  const one = keys.length === 0;
  g.note(one ? "aggregate of all rows" : "GROUP BY");
  const simple = keys.filter((k) => k.kind === "reference");
  const columns = new Set(
    visible(scope)
      .filter((v) => v.distance === 0 && simple.some((k) => k.kind === "reference" && k.duck === v.column.duck))
      .map((v) => v.column),
  );
  const inner: Scope = { ...scope, allowed: columns };
  const rowTies = ties(g, from, scope);
  const form = one
    ? ""
    : choices.weighted([
        [12, ""],
        [1, "ROLLUP"],
        [1, "CUBE"],
        [1, "GROUPING SETS"],
      ] as const);
  if (form !== "") g.note(form);
  const scalarKeys = keys.every((k) => k.type.kind === "scalar");
  const windows: Extract<Expr, { kind: "window" }>[] = [];
  g.windows = windows;
  const place: Place = {
    ...rows,
    scope: inner,
    own: keys.filter((k) => k.kind !== "reference"),
    rows: { ...rows, scope },
    rowTies,
    windowTies: !one && form === "" && scalarKeys ? keys : null,
    grouped: true,
  };
  if (wish.types !== null)
    for (const [i, type] of wish.types.entries()) outputs.add(expression(g, place, type, 3), wish.names?.[i]);
  else
    for (let i = 0; i <= choices.below(3); i++)
      outputs.add(expression(g, place, i === 0 && !one ? choices.pick(keys).type : anyType(g), 3));
  const groupBy: GroupBy | null = one ? null : { form, keys: keys.map((expr) => keyAs(shell, expr, form)) };
  g.windows = null;
  // Named windows are seen in SELECT only, and the aliases hide nothing there.
  const aliased = withAliases(inner, outputs);
  const behind: Place = {
    ...place,
    scope: aliased,
    own: [...keys.filter((k) => k.kind !== "reference"), ...aliasAtoms(shell, scope)],
    rows: { ...rows, scope: withAliases(scope, outputs) },
    rowTies: ties(g, from, withAliases(scope, outputs)),
    windowTies: null,
  };
  let having: Expr | null = null;
  if (choices.chance(30) && (!one || outputs.columns.some((c) => hasAggregate(c.expr)))) {
    g.note("HAVING");
    having = expression(g, behind, BOOL, 3);
    if (behind.own.some((e) => e.kind === "alias")) g.note("alias in HAVING");
  }
  const node = selectNode(shell, { groupBy, having, windows });
  const places = keys.map((k) =>
    outputs.columns.findIndex(
      (c) => c.expr === k || (c.expr.kind === "reference" && k.kind === "reference" && c.expr.duck === k.duck),
    ),
  );
  const key = one ? [] : form !== "" || places.includes(-1) || !scalarKeys ? null : places;
  if (one || !wantsOrder(shell))
    return one ? made(shell, node, UNORDERED, null) : oneOrMore(shell, made(shell, node, UNORDERED, key));
  const orderBy =
    form === "" && scalarKeys && choices.chance(70)
      ? plainOrder(g, { ...behind, own: behind.own }, keys)
      : byOutputs(shell);
  if (orderBy === null) return oneOrMore(shell, made(shell, node, UNORDERED, key));
  return made(shell, node, { orderBy, ...limited(g, wish) }, key);
}

function groupingKeys(g: Generation, rows: Place): Expr[] {
  const place: Place = { ...rows, qualified: true, subqueries: false };
  const columns = visible(rows.scope, true)
    .filter((v) => v.distance === 0)
    .flatMap((v) => v.ways.map((way) => reference(v.column, way)));
  const candidates = columns.filter(
    (e) => e.type.kind === "scalar" || (e.type.kind === "struct" && g.choices.chance(30)),
  );
  if (candidates.length === 0) return [];
  const keys: Expr[] = [g.choices.pick(candidates)];
  const more = g.choices.weighted([
    [6, 0],
    [3, 1],
    [3, 2],
  ] as const);
  if (more === 1) keys.push(g.choices.pick(candidates));
  if (more === 2) {
    const own: Place = { ...place, scope: { ...place.scope, parent: null } };
    keys.push(expression(g, own, g.choices.pick([STRING, BOOL, INT64]), 1));
  }
  const seen = new Set<string>();
  return keys.filter((k) => {
    const text = JSON.stringify(k);
    if (seen.has(text) || !hasReference(k)) return false;
    seen.add(text);
    return true;
  });
}

/** Spelled in full, by its place or by its alias; for the latter two it must be a column of the result. */
function keyAs(shell: Shell, expr: Expr, form: GroupBy["form"]): GroupBy["keys"][number] {
  const { g, wish, outputs } = shell;
  const free = wish.types === null && form === "";
  const how = free
    ? g.choices.weighted([
        [4, ""],
        [1, "ordinal"],
        [1, "alias"],
      ] as const)
    : "";
  if (how === "") return { expr, google: null };
  const alias = `g${g.id()}`;
  outputs.items.push({ kind: "expression", expr, alias });
  outputs.column(expr, alias);
  g.note(`GROUP BY ${how}`);
  return { expr, google: how === "alias" ? alias : String(outputs.columns.length) };
}

function groupedByAll(shell: Shell, rows: Place): Made {
  const { g, from, scope, outputs } = shell;
  g.note("GROUP BY ALL");
  const keys = groupingKeys(g, rows);
  for (const key of keys) outputs.add(key);
  const place: Place = {
    ...rows,
    scope: { ...scope, allowed: new Set() },
    rows,
    rowTies: ties(g, from, scope),
    subqueries: false,
    grouped: true,
  };
  const count: Expr = {
    kind: "aggregate",
    type: INT64,
    google: ["COUNT", "*"],
    duck: ["count", "*"],
    args: [],
    distinct: false,
    orderBy: [],
    ignoreNulls: false,
    limit: null,
  };
  const other = expression(g, { ...place, own: [] }, anyType(g), 1);
  outputs.add(hasAggregate(other) ? other : count);
  const groupBy: GroupBy = { form: "ALL", keys: keys.map((expr) => ({ expr, google: null })) };
  return made(shell, selectNode(shell, { groupBy }), UNORDERED, null);
}

function hasAggregate(expr: Expr): boolean {
  if (expr.kind === "aggregate") return true;
  if (expr.kind === "field") return hasAggregate(expr.operand);
  return "args" in expr && expr.args.some(hasAggregate);
}
