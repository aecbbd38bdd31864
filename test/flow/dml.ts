/** One DML statement: as GoogleSQL, and as what DuckDB is asked. */
import { expression } from "./expressions.ts";
import type { Generation, Made, Place } from "./generation.ts";
import { printExpr, printQuery } from "./print.ts";
import { makeQuery } from "./queries.ts";
import { NO_USING, placeIn } from "./rows.ts";
import { TABLES, WILDCARD_PREFIX } from "./schema.ts";
import { type Column, type Range, type Scope, scopeOver } from "./scope.ts";
import type { Step } from "./steps.ts";
import type { Expr, Query } from "./tree.ts";
import { BOOL, INT64, STRING, type Type } from "./types.ts";
import { assignments, leftOut, some, type Text, valueOrDefault } from "./writes.ts";

/** What a statement is in both languages. */
export interface Both {
  readonly google: string;
  readonly steps: readonly Step[];
}

/** `all`: how the whole table is read afterwards. */
export function dml(g: Generation): Both & { readonly table: string; readonly all: string } {
  // A script that writes into a table of the wildcard can't read the wildcard.
  const table = g.choices.pick(TABLES.filter((t) => !t.name.startsWith(WILDCARD_PREFIX)));
  const columns = table.columns.map((c): Column => ({ ...c, duck: `tgt.${c.name}` }));
  const google = g.qualifiedTables ? `ehr.${table.name}` : table.name;
  const target: Target = { name: table.name, google, columns, range: { alias: "t", columns, value: null } };
  const make = g.choices.pick([insertValues, insertQuery, update, update, deletion, merge, merge]);
  const { google: statement, steps } = make(g, target);
  const all = `SELECT ${table.columns.map((c) => c.name).join(", ")} FROM {{${table.name}}}`;
  return { google: statement, steps, table: table.name, all };
}

interface Target {
  readonly name: string;
  /** As GoogleSQL names it. */
  readonly google: string;
  readonly columns: readonly Column[];
  readonly range: Range;
}

export function placeOver(ranges: readonly Range[], parent: Scope | null = null): Place {
  return placeIn({ commonTables: [] }, scopeOver(parent, ranges, NO_USING));
}

/** `INSERT INTO …` of some columns: those it names, and for DuckDB those that have a default, too. */
function inserting(g: Generation, table: string, into: readonly Column[]) {
  const names = into.map((c) => c.name);
  const rest = leftOut(g, table, into);
  return {
    google: names.join(", "),
    duck: [...names, ...rest.map(([name]) => name)].join(", "),
    rest: rest.map(([, duck]) => duck),
  };
}

function insertValues(g: Generation, { name, google, columns }: Target): Both {
  g.note("INSERT VALUES");
  const into = some(g, columns);
  const rows = Array.from({ length: 1 + g.choices.below(2) }, () =>
    into.map((c): Text => valueOrDefault(g, placeOver([]), name, c)),
  );
  const list = inserting(g, name, into);
  const inGoogle = rows.map((row) => `(${row.map((cell) => cell.google).join(", ")})`).join(", ");
  const inDuck = rows.map((row) => `(${[...row.map((cell) => cell.duck), ...list.rest].join(", ")})`).join(", ");
  return {
    google: `INSERT INTO ${google} (${list.google}) VALUES ${inGoogle}`,
    steps: [{ kind: "run", sql: `INSERT INTO {{${name}}} (${list.duck}) VALUES ${inDuck}` }],
  };
}

function rowsOf(g: Generation, types: readonly Type[], names: readonly string[] | null, scope: Scope | null): Made {
  return makeQuery(g, { parent: scope, commonTables: [], types, names, rows: "any", as: "", top: false });
}

function insertQuery(g: Generation, { name, google, columns }: Target): Both {
  g.note("INSERT query");
  const into = some(g, columns);
  const types = into.map((c) => c.type);
  const { query } = rowsOf(g, types, null, null);
  const list = inserting(g, name, into);
  const all = ["d.*", ...list.rest].join(", ");
  return {
    google: insertion(g, `${google} (${list.google})`, query),
    steps: [
      {
        kind: "run",
        sql: `INSERT INTO {{${name}}} (${list.duck}) SELECT ${all} FROM (${printQuery(query, "duck")}) AS d`,
      },
    ],
  };
}

/** `INSERT INTO target query`, or the same as the query's last pipe operator. */
export function insertion(g: Generation, target: string, query: Query): string {
  if (!g.choices.chance(35)) return `INSERT INTO ${target} ${printQuery(query, "google")}`;
  g.note("|> INSERT");
  return `${printQuery(query, g.choices.pick(["pipes", "google"]))} |> INSERT INTO ${target}`;
}

interface Source {
  /** All its columns, in order. */
  readonly rows: readonly Column[];
  readonly google: string;
  readonly duck: string;
  readonly range: Range;
}

/** A table or a query beside the target. `like`: the types of its columns rather than any. */
function source(g: Generation, like: readonly Type[] | null = null): Source {
  if (like !== null || g.choices.chance(50)) {
    const types = like ?? [INT64, STRING, ...Array.from({ length: g.choices.below(2) }, () => STRING)];
    const names = types.map((_, i) => `x${i}`);
    const made = rowsOf(g, types, names, null);
    const columns = made.columns.map((c): Column => ({ name: c.name, type: c.type, duck: `src.${c.duck}` }));
    return {
      rows: columns,
      google: `(${printQuery(made.query, "google")}) AS s`,
      duck: `(${printQuery(made.query, "duck")}) AS src`,
      // A column without a name of its own can't be named.
      range: {
        alias: "s",
        columns: columns.filter((c) => columns.filter((o) => o.name === c.name).length === 1 && c.name !== ""),
        value: null,
      },
    };
  }
  const table = g.choices.pick(TABLES);
  const columns = table.columns.map((c): Column => ({ ...c, duck: `src.${c.name}` }));
  return {
    rows: columns,
    google: `${g.qualifiedTables ? "ehr." : ""}${table.name} AS s`,
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

function update(g: Generation, target: Target): Both {
  const { name, google, columns, range } = target;
  if (g.choices.chance(50)) {
    g.note("UPDATE");
    const place = placeOver([range]);
    const set = assignments(g, name, columns, place);
    const where = condition(g, place);
    return {
      google: `UPDATE ${google} AS t SET ${set.google} WHERE ${printExpr(where, "google")}`,
      steps: [{ kind: "run", sql: `UPDATE {{${name}}} AS tgt SET ${set.duck} WHERE ${printExpr(where, "duck")}` }],
    };
  }
  g.note("UPDATE FROM");
  const from = source(g);
  const place = placeOver([range, from.range]);
  const set = assignments(g, name, columns, place);
  const where = matching(g, target, from, place);
  const filter = printExpr(where, "duck");
  return {
    google: `UPDATE ${google} AS t SET ${set.google} FROM ${from.google} WHERE ${printExpr(where, "google")}`,
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

function deletion(g: Generation, { name, google, range }: Target): Both {
  g.note("DELETE");
  const where = condition(g, placeOver([range]));
  return {
    google: `DELETE FROM ${google} AS t WHERE ${printExpr(where, "google")}`,
    steps: [{ kind: "run", sql: `DELETE FROM {{${name}}} AS tgt WHERE ${printExpr(where, "duck")}` }],
  };
}

function merge(g: Generation, target: Target): Both {
  g.note("MERGE");
  const { name, columns, range } = target;
  // Drawn first: who draws late, draws from a list that is used up.
  const [matched, inserts, bySource] = [g.choices.chance(70), g.choices.chance(40), g.choices.chance(50)];
  const [deletes, deletesBySource] = [g.choices.chance(40), g.choices.chance(50)];
  // Whole rows of the source can be inserted, where it has as many columns of the same types.
  const whole = g.choices.chance(30);
  const plain = whole && g.choices.chance(50);
  const into = plain ? columns : some(g, columns);
  const from = source(g, whole ? into.map((c) => c.type) : null);
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
    const set = assignments(g, name, columns, place);
    return { google: `UPDATE SET ${set.google}`, duck: `UPDATE SET ${set.duck}` };
  };
  if (matched) {
    const filter = clause("MATCHED", both, change(both, "", deletes));
    steps.push(atMostOne(`{{${name}}} AS tgt JOIN ${from.duck} ON ${printExpr(on, "duck")}${filter}`));
  }
  if (!matched || inserts) {
    const place = placeOver([from.range]);
    g.note(plain ? "MERGE INSERT ROW" : whole ? "MERGE INSERT ROW of some columns" : "MERGE INSERT");
    const list = inserting(g, name, into);
    const values = whole
      ? from.rows.map(({ duck }): Text => ({ google: "", duck }))
      : into.map((c) => valueOrDefault(g, place, name, c));
    const print = (dialect: "google" | "duck"): string => {
      if (dialect === "duck") {
        return `INSERT (${list.duck}) VALUES (${[...values.map((v) => v.duck), ...list.rest].join(", ")})`;
      }
      if (plain) return "INSERT ROW";
      return whole
        ? `INSERT (${list.google}) ROW`
        : `INSERT (${list.google}) VALUES (${values.map((v) => v.google).join(", ")})`;
    };
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
    google: `MERGE INTO ${target.google} AS t USING ${from.google} ON ${printExpr(on, "google")} ${google.join(" ")}`,
    steps,
  };
}
