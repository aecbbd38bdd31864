/** One DML statement: as GoogleSQL, and as what DuckDB is asked. */
import { expression } from "./expressions.ts";
import type { Generation, Made, Place } from "./generation.ts";
import { printExpr, printQuery } from "./print.ts";
import { makeQuery } from "./queries.ts";
import { NO_USING, placeIn } from "./rows.ts";
import { TABLES } from "./schema.ts";
import { type Column, type Range, reference, type Scope, scopeOver } from "./scope.ts";
import type { Step } from "./steps.ts";
import type { Expr } from "./tree.ts";
import { BOOL, INT64, STRING, type Type } from "./types.ts";

/** What a statement is in both languages. */
export interface Both {
  readonly google: string;
  readonly steps: readonly Step[];
}

/** `all`: how the whole table is read afterwards. */
export function dml(g: Generation): Both & { readonly table: string; readonly all: string } {
  const table = g.choices.pick(TABLES.filter((t) => t.name !== "people"));
  const columns = table.columns
    .filter((c) => c.type.kind === "scalar")
    .map((c): Column => ({ ...c, duck: `tgt.${c.name}` }));
  const target: Target = { name: table.name, columns, range: { alias: "t", columns, value: null } };
  const make = g.choices.pick([insertValues, insertQuery, update, update, deletion, merge, merge]);
  const { google, steps } = make(g, target);
  const all = `SELECT ${table.columns.map((c) => c.name).join(", ")} FROM {{${table.name}}}`;
  return { google, steps, table: table.name, all };
}

interface Target {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly range: Range;
}

/** Some columns, at least one. */
function some(g: Generation, columns: readonly Column[]): Column[] {
  const chosen = columns.filter(() => g.choices.chance(40));
  return chosen.length > 0 ? chosen : [g.choices.pick(columns)];
}

export function placeOver(ranges: readonly Range[], parent: Scope | null = null): Place {
  return placeIn({ commonTables: [] }, scopeOver(parent, ranges, NO_USING));
}

function value(g: Generation, place: Place, type: Type): Expr {
  if (!g.choices.chance(35)) return expression(g, place, type, 3);
  g.note("scalar subquery");
  const wish = { parent: place.scope, commonTables: [], names: null, as: "", top: false } as const;
  return { kind: "subquery", type, form: "", query: makeQuery(g, { ...wish, types: [type], rows: "one" }).query };
}

function written(exprs: readonly Expr[], dialect: "google" | "duck"): string {
  return exprs.map((expr) => printExpr(expr, dialect)).join(", ");
}

function insertValues(g: Generation, { name, columns }: Target): Both {
  g.note("INSERT VALUES");
  const into = some(g, columns);
  const rows = Array.from({ length: 1 + g.choices.below(2) }, () => into.map((c) => value(g, placeOver([]), c.type)));
  const list = into.map((c) => c.name).join(", ");
  const values = (dialect: "google" | "duck"): string => rows.map((row) => `(${written(row, dialect)})`).join(", ");
  return {
    google: `INSERT INTO ${name} (${list}) VALUES ${values("google")}`,
    steps: [{ kind: "run", sql: `INSERT INTO {{${name}}} (${list}) VALUES ${values("duck")}` }],
  };
}

function rowsOf(g: Generation, types: readonly Type[], names: readonly string[] | null, scope: Scope | null): Made {
  return makeQuery(g, { parent: scope, commonTables: [], types, names, rows: "any", as: "", top: false });
}

function insertQuery(g: Generation, { name, columns }: Target): Both {
  g.note("INSERT query");
  const into = some(g, columns);
  const { query } = rowsOf(
    g,
    into.map((c) => c.type),
    null,
    null,
  );
  const list = into.map((c) => c.name).join(", ");
  return {
    google: `INSERT INTO ${name} (${list}) ${printQuery(query, "google")}`,
    steps: [{ kind: "run", sql: `INSERT INTO {{${name}}} (${list}) ${printQuery(query, "duck")}` }],
  };
}

interface Source {
  readonly google: string;
  readonly duck: string;
  readonly range: Range;
}

/** A table or a query beside the target. */
/** `like`: the table it is rather than any. */
function source(g: Generation, like: string | null = null): Source {
  if (like === null && g.choices.chance(50)) {
    const types = [INT64, STRING, ...Array.from({ length: g.choices.below(2) }, () => STRING)];
    const made = rowsOf(g, types, ["x", "y", "z"].slice(0, types.length), null);
    const columns = made.columns.map((c): Column => ({ name: c.name, type: c.type, duck: `src.${c.duck}` }));
    return {
      google: `(${printQuery(made.query, "google")}) AS s`,
      duck: `(${printQuery(made.query, "duck")}) AS src`,
      range: { alias: "s", columns, value: null },
    };
  }
  const table = TABLES.find((t) => t.name === like) ?? g.choices.pick(TABLES);
  const columns = table.columns.map((c): Column => ({ ...c, duck: `src.${c.name}` }));
  return {
    google: `${table.name} AS s`,
    duck: `{{${table.name}}} AS src`,
    range: { alias: "s", columns, value: null },
  };
}

function condition(g: Generation, place: Place): Expr {
  g.budget = Math.max(g.budget, 10);
  return expression(g, place, BOOL, 3);
}

/** Mostly the target's key is compared, so that a row rarely meets two. */
function matching(g: Generation, target: Target, from: Source, place: Place): Expr {
  const other = from.range.columns.find((c) => c.type.kind === "scalar" && c.type.name === "INT64");
  const key = target.columns[0];
  if (other === undefined || key === undefined || g.choices.chance(15)) return condition(g, place);
  const same: Expr = {
    kind: "apply",
    type: BOOL,
    google: "($1 = $2)",
    duck: "($1 = $2)",
    args: [
      { kind: "reference", type: INT64, google: `t.${key.name}`, duck: key.duck },
      { kind: "reference", type: INT64, google: `s.${other.name}`, duck: other.duck },
    ],
  };
  if (!g.choices.chance(40)) return same;
  const args = [same, condition(g, place)];
  return { kind: "apply", type: BOOL, google: "($1 AND $2)", duck: "($1 AND $2)", args };
}

function assignments(g: Generation, columns: readonly Column[], place: Place): { google: string; duck: string } {
  const list = some(g, columns).map((column) => ({ column, expr: value(g, place, column.type) }));
  const print = (dialect: "google" | "duck"): string =>
    list.map(({ column, expr }) => `${column.name} = ${printExpr(expr, dialect)}`).join(", ");
  return { google: print("google"), duck: print("duck") };
}

function update(g: Generation, target: Target): Both {
  const { name, columns, range } = target;
  if (g.choices.chance(50)) {
    g.note("UPDATE");
    const place = placeOver([range]);
    const set = assignments(g, columns, place);
    const where = condition(g, place);
    return {
      google: `UPDATE ${name} AS t SET ${set.google} WHERE ${printExpr(where, "google")}`,
      steps: [{ kind: "run", sql: `UPDATE {{${name}}} AS tgt SET ${set.duck} WHERE ${printExpr(where, "duck")}` }],
    };
  }
  g.note("UPDATE FROM");
  const from = source(g);
  const place = placeOver([range, from.range]);
  const set = assignments(g, columns, place);
  const where = matching(g, target, from, place);
  const filter = printExpr(where, "duck");
  return {
    google: `UPDATE ${name} AS t SET ${set.google} FROM ${from.google} WHERE ${printExpr(where, "google")}`,
    steps: [
      atMostOne(`{{${name}}} AS tgt, ${from.duck} WHERE ${filter}`),
      { kind: "run", sql: `UPDATE {{${name}}} AS tgt SET ${set.duck} FROM ${from.duck} WHERE ${filter}` },
    ],
  };
}

/** BigQuery fails where two rows of the source would change one row of the target; DuckDB takes any. */
function atMostOne(from: string): Step {
  return { kind: "none", sql: `SELECT 1 FROM ${from} GROUP BY tgt.rowid HAVING count(*) > 1` };
}

function deletion(g: Generation, { name, range }: Target): Both {
  g.note("DELETE");
  const where = condition(g, placeOver([range]));
  return {
    google: `DELETE FROM ${name} AS t WHERE ${printExpr(where, "google")}`,
    steps: [{ kind: "run", sql: `DELETE FROM {{${name}}} AS tgt WHERE ${printExpr(where, "duck")}` }],
  };
}

function merge(g: Generation, target: Target): Both {
  g.note("MERGE");
  const { name, columns, range } = target;
  const allColumns = TABLES.find((t) => t.name === name)?.columns.length;
  // Drawn first: who draws late, draws from a list that is used up.
  const [matched, inserts, bySource] = [g.choices.chance(70), g.choices.chance(40), g.choices.chance(50)];
  const [deletes, deletesBySource] = [g.choices.chance(40), g.choices.chance(50)];
  // Whole rows can be inserted where the source has the target's columns.
  const whole = columns.length === allColumns && g.choices.chance(40);
  const from = source(g, whole ? name : null);
  const both = placeOver([range, from.range]);
  const on = matching(g, target, from, both);
  const google: string[] = [];
  const duck: string[] = [];
  const steps: Step[] = [];
  const clause = (when: string, place: Place, action: { google: string; duck: string }): string => {
    const and = g.choices.chance(40) ? condition(g, place) : null;
    google.push(`WHEN ${when}${and === null ? "" : ` AND ${printExpr(and, "google")}`} THEN ${action.google}`);
    duck.push(`WHEN ${when}${and === null ? "" : ` AND ${printExpr(and, "duck")}`} THEN ${action.duck}`);
    return and === null ? "" : ` WHERE ${printExpr(and, "duck")}`;
  };
  const change = (place: Place, suffix: string, deletion: boolean): { google: string; duck: string } => {
    if (deletion) {
      g.note(`MERGE DELETE${suffix}`);
      return { google: "DELETE", duck: "DELETE" };
    }
    g.note(`MERGE UPDATE${suffix}`);
    const set = assignments(g, columns, place);
    return { google: `UPDATE SET ${set.google}`, duck: `UPDATE SET ${set.duck}` };
  };
  if (matched) {
    const filter = clause("MATCHED", both, change(both, "", deletes));
    steps.push(atMostOne(`{{${name}}} AS tgt JOIN ${from.duck} ON ${printExpr(on, "duck")}${filter}`));
  }
  if (!matched || inserts) {
    const place = placeOver([from.range]);
    g.note(whole ? "MERGE INSERT ROW" : "MERGE INSERT");
    const into = whole ? columns : some(g, columns);
    const list = into.map((c) => c.name).join(", ");
    const values = whole
      ? from.range.columns.map((c) => reference(c, `s.${c.name}`))
      : into.map((c) => value(g, place, c.type));
    const print = (dialect: "google" | "duck"): string =>
      whole && dialect === "google" ? "INSERT ROW" : `INSERT (${list}) VALUES (${written(values, dialect)})`;
    clause("NOT MATCHED", place, { google: print("google"), duck: print("duck") });
  }
  if (bySource) {
    const place = placeOver([range]);
    clause("NOT MATCHED BY SOURCE", place, change(place, " BY SOURCE", deletesBySource));
  }
  steps.push({
    kind: "run",
    sql: `MERGE INTO {{${name}}} AS tgt USING ${from.duck} ON (${printExpr(on, "duck")}) ${duck.join(" ")}`,
  });
  return {
    google: `MERGE INTO ${name} AS t USING ${from.google} ON ${printExpr(on, "google")} ${google.join(" ")}`,
    steps,
  };
}
