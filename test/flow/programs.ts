/**
 * DML and scripts: each is written as GoogleSQL and, beside it, as what DuckDB is asked step by step (`steps.ts`). Variables,
 * branches and loops are this generator's, not our parser's.
 */
import { Choices } from "./choices.ts";
import { expression } from "./expressions.ts";
import { type CommonTable, Generation, type Made, type Place } from "./generation.ts";
import type { Generated } from "./generator.ts";
import { printExpr, printQuery } from "./print.ts";
import { makeQuery } from "./queries.ts";
import { NO_USING, placeIn } from "./rows.ts";
import { TABLES } from "./schema.ts";
import { type Column, type Range, type Scope, scopeOver } from "./scope.ts";
import type { Step } from "./steps.ts";
import type { Expr } from "./tree.ts";
import { BOOL, INT64, STRING, type Type } from "./types.ts";

export const PROGRAM_CONSTRUCTS: readonly string[] = [
  ...["INSERT VALUES", "INSERT query", "UPDATE", "UPDATE FROM", "DELETE", "MERGE"],
  ...["UPDATE", "DELETE", "INSERT"].map((action) => `MERGE ${action}`),
  ...["MERGE UPDATE BY SOURCE", "MERGE DELETE BY SOURCE"],
  ...["DECLARE", "SET", "IF", "ELSE", "WHILE", "CREATE TEMP TABLE", "INSERT into a temporary table", "final SELECT"],
];

/** What a statement is in both languages. */
interface Both {
  readonly google: string;
  readonly steps: readonly Step[];
}

/** From numbers to one DML statement or a script. */
export function generateProgram(numbers: readonly number[]): Generated {
  const g = new Generation(new Choices(numbers), makeQuery);
  if (!g.choices.chance(50)) {
    const { google, steps } = dml(g);
    return { google, pipes: google, duck: JSON.stringify(steps), ordered: false, constructs: g.notes };
  }
  const script = new ScriptMaker(g);
  const { google, steps, ordered } = script.make();
  return { google, pipes: google, duck: JSON.stringify(steps), ordered, constructs: g.notes };
}

// ------------------------------------------------------------------------------------------------------------------ DML

function dml(g: Generation): Both {
  const table = g.choices.pick(TABLES.filter((t) => t.name !== "people"));
  const columns = table.columns
    .filter((c) => c.type.kind === "scalar")
    .map((c): Column => ({ ...c, duck: `tgt.${c.name}` }));
  const target: Target = { name: table.name, columns, range: { alias: "t", columns, value: null } };
  const make = g.choices.pick([insertValues, insertQuery, update, update, deletion, merge, merge]);
  const { google, steps } = make(g, target);
  const all = `SELECT ${table.columns.map((c) => c.name).join(", ")} FROM {{${table.name}}}`;
  return { google, steps: [...steps, { kind: "result", sql: all }] };
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

function placeOver(ranges: readonly Range[], parent: Scope | null = null): Place {
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
function source(g: Generation): Source {
  if (g.choices.chance(50)) {
    const types = [INT64, STRING, ...Array.from({ length: g.choices.below(2) }, () => STRING)];
    const made = rowsOf(g, types, ["x", "y", "z"].slice(0, types.length), null);
    const columns = made.columns.map((c): Column => ({ name: c.name, type: c.type, duck: `src.${c.duck}` }));
    return {
      google: `(${printQuery(made.query, "google")}) AS s`,
      duck: `(${printQuery(made.query, "duck")}) AS src`,
      range: { alias: "s", columns, value: null },
    };
  }
  const table = g.choices.pick(TABLES);
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
  // Drawn first: who draws late, draws from a list that is used up.
  const [matched, inserts, bySource] = [g.choices.chance(70), g.choices.chance(40), g.choices.chance(50)];
  const [deletes, deletesBySource] = [g.choices.chance(40), g.choices.chance(50)];
  const from = source(g);
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
    g.note("MERGE INSERT");
    const place = placeOver([from.range]);
    const into = some(g, columns);
    const list = into.map((c) => c.name).join(", ");
    const values = into.map((c) => value(g, place, c.type));
    const print = (dialect: "google" | "duck"): string => `INSERT (${list}) VALUES (${written(values, dialect)})`;
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

// -------------------------------------------------------------------------------------------------------------- scripts

class ScriptMaker {
  readonly #g: Generation;
  readonly #variables: Column[] = [];
  #tables: CommonTable[] = [];

  constructor(g: Generation) {
    this.#g = g;
  }

  make(): Both & { readonly ordered: boolean } {
    const { choices } = this.#g;
    const parts: Both[] = Array.from({ length: 1 + choices.below(3) }, () => this.#declare());
    if (choices.chance(50)) parts.push(this.#create());
    for (let i = 1 + choices.below(3); i > 0; i--) parts.push(this.#statement(2));
    this.#g.note("final SELECT");
    this.#g.budget = 40;
    const wish = { parent: this.#scope(), commonTables: this.#tables, names: null, rows: "any", as: "" } as const;
    // One column for each variable, so that each is shown.
    const types = choices.chance(60) ? this.#variables.map((v) => v.type) : null;
    const { query } = makeQuery(this.#g, { ...wish, types, top: true });
    parts.push({
      google: printQuery(query, "google"),
      steps: [{ kind: "result", sql: printQuery(query, "duck") }],
    });
    return { ...sequence(parts), ordered: query.orderBy.length > 0 };
  }

  #scope(): Scope {
    return scopeOver(null, [{ alias: null, columns: this.#variables, value: null }], NO_USING);
  }

  #value(type: Type): Expr {
    this.#g.budget = 20;
    const place: Place = { ...placeOver([], this.#scope()), commonTables: this.#tables };
    if (!this.#g.choices.chance(50)) return expression(this.#g, place, type, 3);
    this.#g.note("scalar subquery");
    const wish = { parent: place.scope, commonTables: this.#tables, names: null, as: "", top: false } as const;
    const { query } = makeQuery(this.#g, { ...wish, types: [type], rows: "one" });
    return { kind: "subquery", type, form: "", query };
  }

  #declare(): Both {
    this.#g.note("DECLARE");
    const type = this.#g.choices.pick([STRING, INT64, BOOL]);
    const google = `v${this.#variables.length}`;
    const expr = this.#value(type);
    this.#variables.push({ name: google, type, duck: `[[${google}]]` });
    return {
      google: `DECLARE ${google} ${nameOf(type)} DEFAULT ${printExpr(expr, "google")}`,
      steps: [assign(google, expr)],
    };
  }

  #create(): Both {
    const { choices } = this.#g;
    this.#g.note("CREATE TEMP TABLE");
    this.#g.budget = 25;
    const google = `tmp${this.#tables.length}`;
    const types = [STRING, choices.pick([INT64, STRING]), choices.pick([BOOL, STRING])].slice(0, 1 + choices.below(3));
    const wish = { parent: this.#scope(), commonTables: this.#tables, rows: "any", as: "", top: false } as const;
    const made = makeQuery(this.#g, { ...wish, types, names: ["x", "y", "z"].slice(0, types.length) });
    // More rows may come into it: what was a key is none.
    this.#tables = [...this.#tables, { google, duck: google, made: { ...made, key: null } }];
    return {
      google: `CREATE TEMP TABLE ${google} AS ${printQuery(made.query, "google")}`,
      steps: [{ kind: "run", sql: `CREATE TEMP TABLE ${google} AS ${printQuery(made.query, "duck")}` }],
    };
  }

  #statement(depth: number): Both {
    const { choices } = this.#g;
    const kind = choices.weighted([
      [4, "set"],
      [this.#tables.length > 0 ? 3 : 0, "insert"],
      [depth > 0 ? 4 : 0, "if"],
      [depth > 0 ? 2 : 0, "while"],
    ] as const);
    switch (kind) {
      case "set":
        return this.#set();
      case "insert":
        return this.#insert();
      case "if":
        return this.#if(depth);
      case "while":
        return this.#while(depth);
    }
  }

  #set(): Both {
    this.#g.note("SET");
    const variable = this.#g.choices.pick(this.#variables);
    const expr = this.#value(variable.type);
    return { google: `SET ${variable.name} = ${printExpr(expr, "google")}`, steps: [assign(variable.name, expr)] };
  }

  #insert(): Both {
    this.#g.note("INSERT into a temporary table");
    this.#g.budget = 25;
    const table = this.#g.choices.pick(this.#tables);
    const types = table.made.columns.map((c) => c.type);
    const wish = { parent: this.#scope(), commonTables: this.#tables, rows: "any", as: "", top: false } as const;
    const { query } = makeQuery(this.#g, { ...wish, types, names: null });
    const list = table.made.columns.map((c) => c.name).join(", ");
    const duck = table.made.columns.map((c) => c.duck).join(", ");
    return {
      google: `INSERT INTO ${table.google} (${list}) ${printQuery(query, "google")}`,
      steps: [{ kind: "run", sql: `INSERT INTO ${table.google} (${duck}) ${printQuery(query, "duck")}` }],
    };
  }

  #block(depth: number): Both {
    return sequence(Array.from({ length: 1 + this.#g.choices.below(2) }, () => this.#statement(depth - 1)));
  }

  #if(depth: number): Both {
    this.#g.note("IF");
    const condition = this.#value(BOOL);
    const then = this.#block(depth);
    const otherwise = this.#g.choices.chance(50) ? null : this.#block(depth);
    if (otherwise !== null) this.#g.note("ELSE");
    const written = otherwise === null ? "" : `; ELSE ${otherwise.google}`;
    return {
      google: `IF ${printExpr(condition, "google")} THEN ${then.google}${written}; END IF`,
      steps: [
        {
          kind: "if",
          sql: `SELECT ${printExpr(condition, "duck")}`,
          whenTrue: then.steps,
          otherwise: otherwise?.steps ?? [],
        },
      ],
    };
  }

  /** Its counter is no variable that anything else sets. */
  #while(depth: number): Both {
    this.#g.note("WHILE");
    const counter = `n${this.#g.id()}`;
    const times = 1 + this.#g.choices.below(3);
    const condition = this.#value(BOOL);
    const body = this.#block(depth);
    return {
      google: [
        `BEGIN DECLARE ${counter} INT64 DEFAULT 0`,
        `WHILE ${counter} < ${times} AND ${printExpr(condition, "google")} DO SET ${counter} = ${counter} + 1`,
        body.google,
        "END WHILE",
        "END",
      ].join("; "),
      steps: [{ kind: "while", times, sql: `SELECT ${printExpr(condition, "duck")}`, body: body.steps }],
    };
  }
}

function assign(variable: string, expr: Expr): Step {
  return { kind: "assign", variable, type: expr.type, sql: `SELECT ${printExpr(expr, "duck")}` };
}

function sequence(parts: readonly Both[]): Both {
  return { google: parts.map((p) => p.google).join("; "), steps: parts.flatMap((p) => p.steps) };
}

function nameOf(type: Type): string {
  if (type.kind !== "scalar") throw new Error("variables are scalars");
  return type.name;
}
