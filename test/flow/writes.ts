/** What is written into columns: values, DEFAULT, and fields of STRUCTs. */
import { expression } from "./expressions.ts";
import type { Generation, Place } from "./generation.ts";
import { printExpr } from "./print.ts";
import { makeQuery } from "./queries.ts";
import { TABLES, type Table } from "./schema.ts";
import type { Column } from "./scope.ts";
import type { Expr } from "./tree.ts";
import { duckType, type Type } from "./types.ts";

/** A piece of text in each language. */
export interface Text {
  readonly google: string;
  readonly duck: string;
}

export function text(expr: Expr): Text {
  return { google: printExpr(expr, "google"), duck: printExpr(expr, "duck") };
}

/** Some columns, at least one; those that aren't scalars more seldom. */
export function some(g: Generation, columns: readonly Column[]): Column[] {
  const chosen = columns.filter(({ type }) => g.choices.chance(type.kind === "scalar" ? 40 : 12));
  return chosen.length > 0 ? chosen : [g.choices.pick(columns)];
}

export function value(g: Generation, place: Place, type: Type): Expr {
  if (!g.choices.chance(35)) return expression(g, place, type, 3);
  g.note("scalar subquery");
  const wish = { parent: place.scope, commonTables: [], names: null, as: "", top: false } as const;
  return { kind: "subquery", type, form: "", query: makeQuery(g, { ...wish, types: [type], rows: "one" }).query };
}

function tableOf(name: string): Table {
  const table = TABLES.find((t) => t.name === name);
  if (table === undefined) throw new Error(`no table ${name}`);
  return table;
}

/** What a column takes where no value is given, as DuckDB is asked for it; BigQuery knows it from the schema. */
function defaultOf(table: string, { name, type }: Pick<Column, "name" | "type">): string {
  return `CAST(${tableOf(table).defaults?.[name] ?? "NULL"} AS ${duckType(type)})`;
}

/** A value, or the word DEFAULT. */
export function valueOrDefault(g: Generation, place: Place, table: string, column: Column): Text {
  if (!g.choices.chance(12)) return text(value(g, place, column.type));
  g.note("DEFAULT");
  return { google: "DEFAULT", duck: defaultOf(table, column) };
}

/** Columns that an INSERT leaves out and that have a default, with what DuckDB writes into them. */
export function leftOut(
  g: Generation,
  table: string,
  given: readonly Column[],
): readonly [name: string, duck: string][] {
  const { columns, defaults = {} } = tableOf(table);
  const left = columns.filter(({ name }) => name in defaults && !given.some((c) => c.name === name));
  if (left.length > 0) g.note("INSERT without a column that has a DEFAULT");
  return left.map((column) => [column.name, defaultOf(table, column)]);
}

/** SET of some columns, or of fields of one that is a STRUCT. */
export function assignments(g: Generation, table: string, columns: readonly Column[], place: Place): Text {
  const structs = columns.filter(({ type }) => type.kind === "struct");
  const chosen = structs.length > 0 && g.choices.chance(50) ? structs : some(g, columns);
  const list = chosen.map((column): Text => {
    if (column.type.kind === "struct" && g.choices.chance(75)) return fieldAssignments(g, column, place);
    const { google, duck } = valueOrDefault(g, place, table, column);
    return { google: `${column.name} = ${google}`, duck: `${column.name} = ${duck}` };
  });
  return { google: list.map((t) => t.google).join(", "), duck: list.map((t) => t.duck).join(", ") };
}

/** `s.f = …, s.g.h = …`; DuckDB is given the whole STRUCT anew, and fails as BigQuery does where the STRUCT is NULL. */
function fieldAssignments(g: Generation, column: Column, place: Place): Text {
  g.note("SET of a field");
  const set: string[] = [];
  const duck = renewed(g, column.type, column.duck, column.name, place, set);
  return { google: set.join(", "), duck: `${column.name} = ${duck}` };
}

function renewed(g: Generation, type: Type, old: string, path: string, place: Place, set: string[]): string {
  if (type.kind !== "struct") throw new Error("only a STRUCT has fields");
  const chosen = type.fields.filter(() => g.choices.chance(40));
  const writes = chosen.length > 0 ? chosen : [g.choices.pick(type.fields)];
  const fields = type.fields.map((field) => {
    const { name } = field;
    const was = `struct_extract(${old}, '${name}')`;
    const inner = `${path}.${name}`;
    if (!writes.includes(field)) return `'${name}': ${was}`;
    if (field.type.kind === "struct" && g.choices.chance(60)) {
      return `'${name}': ${renewed(g, field.type, was, inner, place, set)}`;
    }
    const { google, duck } = text(value(g, place, field.type));
    set.push(`${inner} = ${google}`);
    return `'${name}': ${duck}`;
  });
  const failure = `CAST(error('a field of NULL is set') AS ${duckType(type)})`;
  return `(CASE WHEN ${old} IS NULL THEN ${failure} ELSE {${fields.join(", ")}} END)`;
}
