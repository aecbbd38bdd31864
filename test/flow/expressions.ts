/** Expressions of a wanted type. */
import type { Generation, Place, QueryWish } from "./generation.ts";
import { AGGREGATES, CHOOSING, COMPARING, OPERATORS, type OverRows } from "./operators.ts";
import { DOMAIN } from "./schema.ts";
import { reference, visible } from "./scope.ts";
import type { Expr, OrderItem } from "./tree.ts";
import {
  arrayOf,
  BOOL,
  DATE,
  type Field,
  FLOAT64,
  INT64,
  NUMERIC,
  SCALARS,
  STRING,
  sameType,
  structOf,
  type Type,
} from "./types.ts";

const STRINGS = arrayOf(STRING);

export function anyType(g: Generation): Type {
  return g.choices.weighted([
    [10, g.choices.pick([STRING, INT64, STRING, INT64, FLOAT64, BOOL, DATE, NUMERIC])],
    [1, STRINGS],
    [1, STAY],
    [1, arrayOf(STAY)],
  ]);
}

const STAY = structOf([
  { name: "code", type: STRING },
  { name: "days", type: INT64 },
]);

/** Columns, and the fields in them. */
export function atoms(place: Place): Expr[] {
  const found: Expr[] = [...place.own];
  for (const { column, ways, distance } of visible(place.scope, place.qualified)) {
    for (const way of ways) {
      const expr = reference(column, way);
      found.push(...withFields(expr));
      if (distance > 0) for (const e of withFields(expr)) OUTER.add(e);
    }
  }
  return found;
}

const OUTER = new WeakSet<Expr>();

function withFields(expr: Expr): Expr[] {
  if (expr.type.kind !== "struct") return [expr];
  return [
    expr,
    ...expr.type.fields.flatMap((f) => withFields({ kind: "field", type: f.type, operand: expr, name: f.name })),
  ];
}

type Maker = () => Expr;

export function expression(g: Generation, place: Place, type: Type, depth: number): Expr {
  g.budget--;
  const found = atoms(place).filter((e) => sameType(e.type, type));
  const ways: [number, Maker][] = [];
  if (found.length > 0) {
    ways.push([
      30,
      () => {
        const atom = g.choices.pick(found);
        if (atom.kind === "field") g.note("field access");
        if (OUTER.has(atom)) g.note("correlated reference");
        return atom;
      },
    ]);
  }
  if (place.rows !== null) ways.push([found.length > 0 ? 15 : 40, () => aggregate(g, place, type, depth)]);
  if (type.kind === "scalar") ways.push([place.rows === null ? 6 : 2, () => literal(g, type)]);
  if (type.kind === "struct") ways.push([6, () => structOfType(g, place, type, depth)]);
  if (type.kind === "array") ways.push([5, () => arrayLiteral(g, place, type, depth)]);
  if (depth > 0 && g.budget > 0) ways.push(...computed(g, place, type, depth));
  return g.choices.weighted(ways)();
}

function literal(g: Generation, type: Type): Expr {
  if (type.kind !== "scalar") throw new Error("only scalars are literals");
  return { kind: "literal", type, value: g.choices.chance(8) ? null : g.choices.pick(DOMAIN[type.name]) };
}

function structOfType(g: Generation, place: Place, type: Type, depth: number): Expr {
  if (type.kind !== "struct") throw new Error("not a STRUCT");
  g.note("STRUCT");
  const args = type.fields.map((f) => expression(g, place, f.type, depth - 1));
  return { kind: "struct", type, names: type.fields.map((f) => f.name), args };
}

function arrayLiteral(g: Generation, place: Place, type: Type, depth: number): Expr {
  if (type.kind !== "array") throw new Error("not an ARRAY");
  g.note("array literal");
  const args = Array.from({ length: 1 + g.choices.below(2) }, () => expression(g, place, type.element, depth - 1));
  return { kind: "array", type, args };
}

function apply(type: Type, google: string, duck: string, args: readonly Expr[]): Expr {
  return { kind: "apply", type, google, duck, args };
}

function computed(g: Generation, place: Place, type: Type, depth: number): [number, Maker][] {
  const { choices } = g;
  const below = (t: Type): Expr => expression(g, place, t, depth - 1);
  const ways: [number, Maker][] = [];
  const declared = [...g.functions, ...g.stored.functions].filter((o) => sameType(o.result, type));
  const operators = [...OPERATORS.filter((o) => sameType(o.result, type)), ...declared];
  if (operators.length > 0) {
    ways.push([
      18,
      () => {
        const operator = choices.pick(operators);
        g.note(declared.includes(operator) ? operator.name : `operator ${operator.name}`);
        const number = choices.below(6);
        const number2 = (text: string): string =>
          text.replace(/#(\d)/g, (_, max) => String(number % (Number(max) + 1)));
        return apply(type, number2(operator.google), number2(operator.duck), operator.args.map(below));
      },
    ]);
  }
  ways.push([
    8,
    () => {
      const choosing = choices.pick(CHOOSING.filter((c) => !c.scalars || type.kind === "scalar"));
      g.note(`choosing ${choosing.name}`);
      const args = [...choosing.args].map((a) => below(a === "b" ? BOOL : type));
      return apply(type, choosing.google, choosing.duck === "" ? choosing.google : choosing.duck, args);
    },
  ]);
  ways.push([
    2,
    () => {
      g.note("CASE value");
      const compared = choices.pick(SCALARS);
      const text = "CASE $1 WHEN $2 THEN $3 WHEN $4 THEN $5 END";
      return apply(type, text, text, [below(compared), below(compared), below(type), below(compared), below(type)]);
    },
  ]);
  ways.push([
    2,
    () => {
      g.note("STRUCT field");
      const other = choices.pick(SCALARS);
      const struct = structOf([
        { name: "u", type: other },
        { name: "v", type },
      ]);
      return {
        kind: "field",
        type,
        operand: { kind: "struct", type: struct, names: ["u", "v"], args: [below(other), below(type)] },
        name: "v",
      };
    },
  ]);
  if (type.kind !== "array") {
    ways.push([
      2,
      () => {
        g.note("array element");
        const array = below(arrayOf(type));
        const index = choices.chance(40) ? below(INT64) : literalInt(choices.below(3));
        return apply(type, "$1[SAFE_OFFSET($2)]", "(CASE WHEN $2 < 0 THEN NULL ELSE ($1)[$2 + 1] END)", [array, index]);
      },
    ]);
  }
  ways.push([
    1,
    () => {
      g.note("WITH expression");
      const bound = choices.pick([type, STRING, INT64]);
      const value = below(bound);
      const name = `w${g.id()}`;
      const inner = { ...place, own: [...place.own, { kind: "alias", type: bound, google: name, of: value } as const] };
      return {
        kind: "with",
        type,
        name,
        value,
        result: expression(g, { ...inner, rows: null, windowTies: null }, type, depth - 1),
      };
    },
  ]);
  if (place.windowTies !== null && type.kind === "scalar") ways.push([22, () => windowCall(g, place, type, depth)]);
  if (place.subqueries && g.queryDepth < 3) ways.push(...subqueries(g, place, type));
  if (sameType(type, STRING)) {
    ways.push([
      1,
      () => {
        g.note("TO_JSON_STRING");
        return apply(STRING, "TO_JSON_STRING($1)", "CAST(to_json($1) AS VARCHAR)", [
          below(choices.pick([STRINGS, STAY, DATE])),
        ]);
      },
    ]);
  }
  if (sameType(type, INT64)) {
    ways.push([
      1,
      () => {
        g.note("ARRAY_LENGTH of STRUCTs");
        return apply(INT64, "ARRAY_LENGTH($1)", "CAST(len($1) AS BIGINT)", [arrayOfStructs(g, place, depth)]);
      },
    ]);
  }
  if (sameType(type, BOOL)) ways.push(...conditions(g, place, depth));
  return ways;
}

function arrayOfStructs(g: Generation, place: Place, depth: number): Expr {
  const found = atoms(place).filter((e) => e.type.kind === "array" && e.type.element.kind === "struct");
  return found.length > 0 ? g.choices.pick(found) : expression(g, place, arrayOf(STAY), depth - 1);
}

function columnsOf(fields: readonly Field[]): Pick<QueryWish, "types" | "names"> {
  return { types: fields.map((f) => f.type), names: fields.map((f) => f.name) };
}

function literalInt(value: number): Expr {
  return { kind: "literal", type: INT64, value: String(value) };
}

function conditions(g: Generation, place: Place, depth: number): [number, Maker][] {
  const { choices } = g;
  const below = (t: Type): Expr => expression(g, place, t, depth - 1);
  return [
    [
      25,
      () => {
        const comparing = choices.pick(COMPARING);
        g.note(`comparing ${comparing.name}`);
        const type = choices.pick(SCALARS);
        return apply(
          BOOL,
          comparing.text,
          comparing.text,
          Array.from({ length: comparing.count }, () => below(type)),
        );
      },
    ],
    [
      3,
      () => {
        g.note("IS NULL");
        const text = choices.pick(["($1 IS NULL)", "($1 IS NOT NULL)"]);
        return apply(BOOL, text, text, [below(choices.pick([...SCALARS, STRINGS]))]);
      },
    ],
    [
      2,
      () => {
        g.note("IS NULL of a STRUCT");
        const found = atoms(place).filter((e) => e.type.kind === "struct");
        const operand = found.length > 0 ? choices.pick(found) : below(STAY);
        return apply(BOOL, "($1 IS NULL)", "($1 IS NULL)", [operand]);
      },
    ],
    [
      1,
      () => {
        g.note("STRUCT comparison");
        return apply(BOOL, "($1 = $2)", "($1 = $2)", [below(STAY), below(STAY)]);
      },
    ],
  ];
}

function subqueries(g: Generation, place: Place, type: Type): [number, Maker][] {
  const { choices } = g;
  const base = { parent: place.scope, commonTables: place.commonTables, top: false, names: null } as const;
  const ways: [number, Maker][] = [
    [
      3,
      () => {
        g.note("scalar subquery");
        if (type.kind === "struct" && choices.chance(50)) {
          const { query } = g.query(g, { ...base, ...columnsOf(type.fields), rows: "one", as: "STRUCT" });
          return { kind: "subquery", type, form: "", query };
        }
        const { query } = g.query(g, { ...base, types: [type], rows: "one", as: "" });
        return { kind: "subquery", type, form: "", query };
      },
    ],
  ];
  if (type.kind === "array") {
    ways.push([
      8,
      () => {
        g.note("ARRAY subquery");
        const { element } = type;
        if (element.kind === "struct" && choices.chance(60)) {
          const { query } = g.query(g, {
            ...base,
            ...columnsOf(element.fields),
            rows: "ordered",
            as: "STRUCT",
          });
          return { kind: "subquery", type, form: "ARRAY", query };
        }
        const { query } = g.query(g, { ...base, types: [element], rows: "ordered", as: "" });
        return { kind: "subquery", type, form: "ARRAY", query };
      },
    ]);
  }
  if (sameType(type, BOOL)) {
    ways.push([
      4,
      () => {
        g.note("EXISTS");
        const { query } = g.query(g, { ...base, types: null, rows: "any", as: "" });
        return { kind: "subquery", type, form: "EXISTS", query };
      },
    ]);
    ways.push([
      4,
      () => {
        const not = choices.chance(40);
        g.note(not ? "NOT IN subquery" : "IN subquery");
        const compared = choices.pick(SCALARS);
        const operand = expression(g, place, compared, 1);
        const { query } = g.query(g, { ...base, types: [compared], rows: "any", as: "" });
        return { kind: "in", type, operand, not, query };
      },
    ]);
  }
  return ways;
}

// -------------------------------------------------------------------------------------------------- aggregates, windows

function orderItems(g: Generation, place: Place, count: number, depth: number, ties: readonly Expr[]): OrderItem[] {
  const exprs: Expr[] = [];
  for (let i = 0; i < count; i++) {
    const found = atoms({ ...place, rows: null }).filter((e) => e.type.kind === "scalar");
    if (found.length > 0) {
      const atom = g.choices.pick(found);
      exprs.push(
        g.choices.chance(30) && depth > 0 ? expression(g, { ...place, windowTies: null }, BOOL, depth - 1) : atom,
      );
    }
  }
  // An order by a literal alone would be refused.
  const used = exprs.filter(hasReference);
  return [...used, ...ties].map((expr) => ({ expr, descending: g.choices.chance(30), ordinal: null }));
}

export function hasReference(expr: Expr): boolean {
  if (expr.kind === "reference" || expr.kind === "aggregate" || expr.kind === "window") return true;
  if (expr.kind === "alias") return true;
  if (expr.kind === "field") return hasReference(expr.operand);
  return "args" in expr && expr.args.some(hasReference);
}

function overOne(g: Generation, list: readonly OverRows[], type: Type): OverRows | null {
  const fits = list.filter((a) => (a.result === "T" ? type.kind === "scalar" : sameType(a.result, type)));
  return fits.length === 0 ? null : g.choices.pick(fits);
}

function argumentsOf(g: Generation, place: Place, chosen: OverRows, type: Type, depth: number): Expr[] {
  if (chosen.arg === "*") return [];
  const arg = chosen.arg !== "T" ? chosen.arg : chosen.result === "T" ? type : g.choices.pick(SCALARS);
  return [expression(g, place, arg, depth - 1)];
}

function aggregate(g: Generation, place: Place, type: Type, depth: number): Expr {
  if (place.rows === null) throw new Error("no rows to aggregate");
  const rows = local(place.rows);
  const base = { kind: "aggregate", type, distinct: false, orderBy: [], ignoreNulls: false, limit: null } as const;
  const ties = place.rowTies;
  const below = (t: Type): Expr => expression(g, rows, t, depth - 1);
  const ways: [number, Maker][] = [];
  const chosen = overOne(g, AGGREGATES, type);
  if (chosen !== null) {
    ways.push([
      10,
      () => {
        g.note(`aggregate ${chosen.name}`);
        const distinct = chosen.distinct && g.choices.chance(50);
        if (distinct) g.note("aggregate COUNT(DISTINCT)");
        const args = argumentsOf(g, rows, chosen, type, depth);
        if (distinct || !g.choices.chance(15)) {
          return { ...base, google: chosen.google, duck: chosen.duck, args, distinct };
        }
        g.note("aggregate WHERE");
        const where = `WHERE $${args.length + 1}`;
        const google = [chosen.google[0], `${chosen.google[1]} ${where}`] as const;
        // The parenthesis that ends the call ends the filter.
        const duck = [chosen.duck[0], `${chosen.duck[1]}) FILTER (${where}`] as const;
        return { ...base, google, duck, args: [...args, below(BOOL)], distinct };
      },
    ]);
  }
  if (sameType(type, STRING) && ties !== null) {
    ways.push([
      3,
      () => {
        g.note("aggregate STRING_AGG");
        const orderBy = orderItems(g, rows, g.choices.below(2), depth, ties);
        return {
          ...base,
          google: ["STRING_AGG", "$1, '-'"],
          duck: ["string_agg", "$1, '-'"],
          args: [below(STRING)],
          orderBy,
        };
      },
    ]);
  }
  if (type.kind === "array" && ties !== null) {
    ways.push([
      10,
      () => {
        g.note("aggregate ARRAY_AGG");
        const orderBy = orderItems(g, rows, g.choices.below(2), depth, ties);
        const ignoreNulls = g.choices.chance(30);
        const limit = g.choices.chance(30) ? 1 + g.choices.below(2) : null;
        if (ignoreNulls) g.note("aggregate ARRAY_AGG IGNORE NULLS");
        if (limit !== null) g.note("aggregate ARRAY_AGG LIMIT");
        return {
          ...base,
          google: ["ARRAY_AGG", "$1"],
          duck: ["array_agg", "$1"],
          args: [below(type.element)],
          orderBy,
          ignoreNulls,
          limit,
        };
      },
    ]);
  }
  const [tie] = ties ?? [];
  if (tie !== undefined && ties?.length === 1) {
    ways.push([
      2,
      () => {
        const having = g.choices.chance(50);
        g.note(having ? "aggregate ANY_VALUE HAVING MAX" : "aggregate MAX_BY");
        return {
          ...base,
          google: having ? ["ANY_VALUE", "$1 HAVING MAX $2"] : ["MAX_BY", "$1, $2"],
          duck: ["arg_max", "$1, $2"],
          args: [below(type), tie],
        };
      },
    ]);
  }
  if (ways.length === 0) {
    return type.kind === "struct" ? structOfType(g, place, type, depth) : arrayLiteral(g, place, type, depth);
  }
  return g.choices.weighted(ways)();
}

/** Without the queries around: DuckDB takes an aggregate over outer columns alone for the outer query's. */
function local(place: Place): Place {
  return { ...place, scope: { ...place.scope, parent: null } };
}

const RANKS = ["RANK", "DENSE_RANK", "PERCENT_RANK", "CUME_DIST"];

function windowCall(g: Generation, place: Place, type: Type, depth: number): Expr {
  const { choices } = g;
  const ties = place.windowTies ?? [];
  const inner: Place = { ...local(place), windowTies: null };
  const arg = (): Expr => expression(g, inner, type, depth - 1);
  const total = (): OrderItem[] => orderItems(g, inner, choices.below(2), 0, ties);
  const make = (google: string, args: readonly Expr[], orderBy: readonly OrderItem[], frame: string): Expr => {
    const partitionBy = choices.chance(40)
      ? orderItems(g, inner, 1, 0, [])
          .map((o) => o.expr)
          .filter((e) => e.type.kind === "scalar" && e.type.name !== "FLOAT64")
      : [];
    if (partitionBy.length > 0) g.note("window PARTITION BY");
    if (orderBy.length > 0) g.note("window ORDER BY");
    if (frame !== "") g.note("window frame");
    if (place.grouped) g.note("window over groups");
    const name = g.windows !== null && choices.chance(20) ? `w${g.id()}` : null;
    const window = { kind: "window", type, google, duck: google, args, partitionBy, orderBy, frame, name } as const;
    if (name !== null) {
      g.note("window named");
      g.windows?.push(window);
    }
    return window;
  };
  const numbered = (name: string, call: string): Expr => {
    g.note(`window ${name}`);
    return make(call, [], total(), "");
  };
  const ways: [number, Maker][] = [];
  if (sameType(type, INT64)) {
    ways.push([5, () => numbered("ROW_NUMBER", "ROW_NUMBER()")]);
    ways.push([2, () => numbered("NTILE", `NTILE(${1 + choices.below(3)})`)]);
  }
  if (sameType(type, INT64) || sameType(type, FLOAT64)) {
    const rank = choices.pick(sameType(type, INT64) ? RANKS.slice(0, 2) : RANKS.slice(2));
    ways.push([
      5,
      () => {
        g.note(`window ${rank}`);
        const some = orderItems(g, inner, 1, 0, []);
        return make(`${rank}()`, [], some.length > 0 ? some : total(), "");
      },
    ]);
  }
  ways.push([
    4,
    () => {
      const name = choices.pick(["LAG", "LEAD"]);
      g.note(`window ${name}`);
      return make(`${name}($1${choices.chance(30) ? ", 2" : ""})`, [arg()], total(), "");
    },
  ]);
  ways.push([
    4,
    () => {
      const name = choices.pick(["FIRST_VALUE", "LAST_VALUE", "NTH_VALUE"]);
      g.note(`window ${name}`);
      const frame = choices.chance(40) ? "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING" : "";
      return make(`${name}($1${name === "NTH_VALUE" ? ", 2" : ""})`, [arg()], total(), frame);
    },
  ]);
  const chosen = overOne(g, AGGREGATES, type);
  if (chosen !== null) {
    ways.push([
      8,
      () => {
        g.note(`window ${chosen.name}`);
        const args = argumentsOf(g, inner, chosen, type, depth);
        const ordered = choices.chance(50);
        const frame = ordered && choices.chance(40) ? "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW" : "";
        const window = make(`${chosen.google[0]}(${chosen.google[1]})`, args, ordered ? total() : [], frame);
        return window.kind === "window" ? { ...window, duck: `${chosen.duck[0]}(${chosen.duck[1]})` } : window;
      },
    ]);
  }
  return choices.weighted(ways)();
}
