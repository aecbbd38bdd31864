/** Scripts: variables, temporary tables and functions, branches, loops, handlers and what is written in between. */
import { type Both, dml, insertion, placeOver } from "./dml.ts";
import { expression } from "./expressions.ts";
import type { CommonTable, Generation, Place } from "./generation.ts";
import { immediate, intoVariables, passed, scopeOfText } from "./immediate.ts";
import type { Operator } from "./operators.ts";
import { printExpr, printQuery } from "./print.ts";
import { call, type Procedure, parametersOf, signatureOf, variableOf } from "./procedures.ts";
import { makeQuery } from "./queries.ts";
import { NO_USING } from "./rows.ts";
import { type Column, type Range, reference, type Scope, scopeOver } from "./scope.ts";
import type { Step } from "./steps.ts";
import type { Expr, Query } from "./tree.ts";
import { BOOL, duckType, INT64, STRING, structOf, type Type } from "./types.ts";

export class ScriptMaker {
  readonly #g: Generation;
  readonly #variables: Column[];
  /** What FOR gave a name to, where it is seen. */
  #rows: readonly Range[] = [];
  #tables: CommonTable[] = [];
  /** Temporary tables that were made of columns: any of those may be left out. */
  readonly #empty = new Set<string>();
  /** Those that can be called: the catalog's, and the script's own. */
  readonly #procedures: Procedure[];
  /** In a procedure, which can be left. */
  readonly #inProcedure: boolean;
  /** Tables of the databases that the script writes into. */
  readonly #written = new Set<string>();
  /** Loops around, the innermost first. */
  #loops: readonly ("WHILE" | "LOOP" | "REPEAT" | "FOR")[] = [];

  /** `parameters`: of the procedure that it makes. */
  constructor(g: Generation, procedures: readonly Procedure[], parameters: readonly Column[] = []) {
    this.#g = g;
    this.#variables = [...parameters];
    this.#procedures = [...procedures];
    this.#inProcedure = parameters.length > 0;
  }

  /** What stands between BEGIN and END of a procedure. `makes`: a temporary table, too, which is there behind its call. */
  body(makes = false): Both & Pick<Procedure, "written"> {
    const count = 1 + this.#g.choices.below(3);
    const local = this.#g.choices.chance(40) ? [this.#declare()] : [];
    const made = makes ? [this.#create()] : [];
    const statements = Array.from({ length: count }, () => this.#statement(1));
    const { google, steps } = sequence([...local, ...made, ...statements]);
    return { google: `BEGIN ${google}; END`, steps, written: [...this.#written] };
  }

  make(): Both & { readonly ordered: boolean } {
    const { choices } = this.#g;
    const parts: Both[] = Array.from({ length: 1 + choices.below(3) }, () => this.#declare());
    if (choices.chance(15)) parts.push(...this.#procedure());
    if (choices.chance(25)) parts.push(this.#function());
    if (choices.chance(40)) parts.push(this.#create());
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
    const { google, steps } = sequence(parts);
    return { google, steps: this.#onCopies(steps), ordered: query.orderBy.length > 0 };
  }

  /** What is written into is a copy, so that what fails needs no transaction to be undone. */
  #onCopies(steps: readonly Step[]): readonly Step[] {
    let text = JSON.stringify(steps);
    const copies: Step[] = [];
    for (const table of this.#written) {
      text = text.replaceAll(`{{${table}}}`, `own_${table}`);
      copies.push({ kind: "run", sql: `CREATE TEMP TABLE own_${table} AS SELECT * FROM {{${table}}}` });
    }
    const rest: readonly Step[] = JSON.parse(text);
    return [...copies, ...rest];
  }

  #scope(): Scope {
    return scopeOver(null, [{ alias: null, columns: this.#variables, value: null }, ...this.#rows], NO_USING);
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

  #declare(type: Type = this.#g.choices.pick([STRING, INT64, BOOL])): Both {
    this.#g.note("DECLARE");
    const google = `v${this.#variables.length}`;
    const expr = this.#value(type);
    // A procedure's are not its caller's.
    const variable = { name: google, type, duck: this.#inProcedure ? `[[v${this.#g.id()}]]` : `[[${google}]]` };
    this.#variables.push(variable);
    return {
      google: `DECLARE ${google} ${nameOf(type)} DEFAULT ${printExpr(expr, "google")}`,
      steps: [assign(variableOf(variable), expr)],
    };
  }

  /** DuckDB gets its body wherever it is called. Variables aren't seen in it. */
  #function(): Both {
    const { choices } = this.#g;
    this.#g.note("temporary function");
    this.#g.budget = 15;
    const types = Array.from({ length: 1 + choices.below(2) }, () => choices.pick([STRING, INT64, BOOL]));
    const result = choices.pick([STRING, INT64, BOOL]);
    const own = types.map((type, i) => reference({ name: `p${i}`, type, duck: `$${i + 1}` }, `p${i}`));
    const body = expression(this.#g, { ...placeOver([]), own, subqueries: false }, result, 3);
    const name = `f${this.#g.id()}`;
    const call: Operator = {
      name: "temporary function",
      result,
      args: types,
      google: `${name}(${types.map((_, i) => `$${i + 1}`).join(", ")})`,
      duck: `(${printExpr(body, "duck")})`,
    };
    this.#g.functions.push(call);
    const list = types.map((type, i) => `p${i} ${nameOf(type)}`).join(", ");
    const returns = choices.chance(50) ? ` RETURNS ${nameOf(result)}` : "";
    return {
      google: `CREATE TEMP FUNCTION ${name}(${list})${returns} AS (${printExpr(body, "google")})`,
      steps: [],
    };
  }

  /** One of the script's own, with variables for its results; mostly it is called at once. */
  #procedure(): Both[] {
    const { choices } = this.#g;
    this.#g.note("CREATE PROCEDURE");
    this.#g.budget = 20;
    const parameters = parametersOf(this.#g);
    const results = parameters.filter(({ mode }) => mode !== "IN");
    const declared = results.map(({ column }) => this.#declare(column.type));
    const google = `ehr.own${this.#g.id()}`;
    const own = parameters.map(({ column }) => column);
    const maker = new ScriptMaker(this.#g, this.#procedures, own);
    const makes = choices.chance(30);
    const { google: body, steps, written } = maker.body(makes);
    const procedure = { google, parameters, body: steps, written };
    const made = { google: `CREATE PROCEDURE ${google}(${signatureOf({ parameters })}) ${body}`, steps: [] };
    if (makes) {
      // Once, since the table would be there already.
      const once = call(this.#g, procedure, this.#variables, (type) => this.#value(type));
      if (once === null) return [...declared, made];
      this.#g.note("temporary table of a procedure");
      for (const table of written) this.#written.add(table);
      this.#tables = [...this.#tables, ...maker.#tables];
      for (const table of maker.#empty) this.#empty.add(table);
      return [...declared, made, once];
    }
    this.#procedures.push(procedure);
    // When nothing is left to draw, it is called.
    const called = choices.chance(20) ? null : this.#call();
    return [...declared, made, ...(called === null ? [] : [called])];
  }

  #call(): Both | null {
    const { choices } = this.#g;
    const own = this.#procedures.filter(({ google }) => google.startsWith("ehr."));
    const procedure = choices.pick(own.length > 0 && !choices.chance(30) ? own : this.#procedures);
    const made = call(this.#g, procedure, this.#variables, (type) => this.#value(type));
    if (made === null) return null;
    this.#g.note(own.includes(procedure) ? "CALL of the script's own procedure" : "CALL of the catalog's procedure");
    for (const table of procedure.written) this.#written.add(table);
    return made;
  }

  #return(): Both {
    this.#g.note("RETURN in a procedure");
    const condition = this.#value(BOOL);
    return {
      google: `IF ${printExpr(condition, "google")} THEN RETURN; END IF`,
      steps: [branch(printExpr(condition, "duck"), [{ kind: "jump", to: "return" }], [])],
    };
  }

  #create(): Both {
    const { choices } = this.#g;
    this.#g.note("CREATE TEMP TABLE");
    if (choices.chance(25)) return this.#createEmpty();
    this.#g.budget = 25;
    const google = `tmp${this.#g.id()}`;
    const types = [STRING, choices.pick([INT64, STRING]), choices.pick([BOOL, STRING])].slice(0, 1 + choices.below(3));
    const wish = { parent: this.#scope(), commonTables: this.#tables, rows: "any", as: "", top: false } as const;
    const made = makeQuery(this.#g, { ...wish, types, names: ["x", "y", "z"].slice(0, types.length) });
    // More rows may come into it: what was a key is none.
    this.#tables = [...this.#tables, { google, duck: google, made: { ...made, key: null } }];
    const piped = choices.chance(35);
    if (piped) this.#g.note("|> CREATE TEMP TABLE");
    const query = printQuery(made.query, piped && choices.chance(50) ? "pipes" : "google");
    return {
      google: piped ? `${query} |> CREATE TEMP TABLE ${google}` : `CREATE TEMP TABLE ${google} AS ${query}`,
      steps: [{ kind: "run", sql: `CREATE TEMP TABLE ${google} AS ${printQuery(made.query, "duck")}` }],
    };
  }

  /** Of columns rather than of rows. */
  #createEmpty(): Both {
    const { choices } = this.#g;
    this.#g.note("CREATE TEMP TABLE of columns");
    const google = `tmp${this.#g.id()}`;
    const types = [STRING, INT64, choices.pick([BOOL, STRING])].slice(0, 1 + choices.below(3));
    const columns = types.map((type, i) => ({ name: `x${i}`, type, duck: `x${i}` }));
    this.#empty.add(google);
    this.#tables = [...this.#tables, { google, duck: google, made: { query: NO_QUERY, columns, key: null } }];
    return {
      google: `CREATE TEMP TABLE ${google} (${columns.map((c) => `${c.name} ${nameOf(c.type)}`).join(", ")})`,
      steps: [
        {
          kind: "run",
          sql: `CREATE TEMP TABLE ${google} (${columns.map((c) => `${c.duck} ${duckType(c.type)}`).join(", ")})`,
        },
      ],
    };
  }

  #statement(depth: number): Both {
    const kind = this.#g.choices.weighted([
      [5, "set"],
      [this.#tables.length > 0 ? 3 : 0, "insert"],
      [2, "dml"],
      [2, "immediate"],
      [1, "figure"],
      [this.#procedures.length > 0 ? 2 : 0, "call"],
      [this.#inProcedure ? 1 : 0, "return"],
      [this.#loops.length > 0 ? 5 : 0, "jump"],
      [depth > 0 ? 3 : 0, "if"],
      [depth > 0 ? 2 : 0, "case"],
      [depth > 0 ? 3 : 0, "block"],
      [depth > 0 ? 4 : 0, "loop"],
      [depth > 0 ? 2 : 0, "for"],
    ] as const);
    switch (kind) {
      case "set":
        return this.#set();
      case "insert":
        return this.#counted(this.#insert());
      case "dml":
        return this.#dml();
      case "immediate":
        return this.#immediate();
      case "figure":
        return this.#figure() ?? this.#set();
      case "jump":
        return this.#jump();
      case "call":
        return this.#call() ?? this.#set();
      case "return":
        return this.#return();
      case "if":
        return this.#if(depth);
      case "case":
        return this.#case(depth);
      case "block":
        return this.#handled(depth);
      case "loop":
        return this.#loop(depth);
      case "for":
        return this.#for(depth);
    }
  }

  #set(): Both {
    this.#g.note("SET");
    const variable = this.#g.choices.pick(this.#variables);
    const expr = this.#value(variable.type);
    return {
      google: `SET ${variable.name} = ${printExpr(expr, "google")}`,
      steps: [assign(variableOf(variable), expr)],
    };
  }

  /** A variable may take what is counted, behind the INSERT that it is of. */
  #counted(insert: Both): Both {
    const variables = this.#variables.filter(({ type }) => type === INT64);
    if (variables.length === 0 || !this.#g.choices.chance(40)) return insert;
    this.#g.note("@@row_count");
    return sequence([insert, this.#told(this.#g.choices.pick(variables), "@@row_count", "row_count")]);
  }

  #insert(): Both {
    const { choices } = this.#g;
    this.#g.note("INSERT into a temporary table");
    this.#g.budget = 25;
    const table = choices.pick(this.#tables);
    const all = table.made.columns;
    const some = this.#empty.has(table.google) ? all.filter(() => choices.chance(60)) : all;
    const into = some.length > 0 ? some : all.slice(0, 1);
    const wish = { parent: this.#scope(), commonTables: this.#tables, rows: "any", as: "", top: false } as const;
    const { query } = makeQuery(this.#g, { ...wish, types: into.map((c) => c.type), names: null });
    const duck = into.map((c) => c.duck).join(", ");
    return {
      google: insertion(this.#g, `${table.google} (${into.map((c) => c.name).join(", ")})`, query),
      steps: [{ kind: "run", sql: `INSERT INTO ${table.google} (${duck}) ${printQuery(query, "duck")}` }],
    };
  }

  /** Into a table of the databases, which is read behind it. */
  #dml(): Both {
    this.#g.note("DML in a script");
    this.#g.budget = 20;
    const { google, steps, table } = dml(this.#g);
    this.#written.add(table);
    return { google, steps };
  }

  /** Of a constant text, which sees its parameters and no variable. */
  #immediate(): Both {
    const { choices } = this.#g;
    this.#g.note("EXECUTE IMMEDIATE");
    this.#g.budget = 20;
    if (choices.chance(20)) {
      const { google, steps } = this.#dml();
      const none = { parameters: [], values: [], steps: [], byPlace: false };
      return { google: immediate(this.#g, google, none, []), steps };
    }
    const given = passed(this.#g, (type) => this.#value(type));
    this.#g.budget = 20;
    const wish = { parent: scopeOfText(given), commonTables: this.#tables, names: null, as: "", top: false } as const;
    if (this.#tables.length > 0 && !choices.chance(65)) {
      this.#g.note("EXECUTE IMMEDIATE of an INSERT");
      const table = choices.pick(this.#tables);
      const types = table.made.columns.map((c) => c.type);
      const { query } = makeQuery(this.#g, { ...wish, types, rows: "any" });
      const list = (names: readonly string[]): string => `${table.google} (${names.join(", ")})`;
      const google = insertion(this.#g, list(table.made.columns.map((c) => c.name)), query);
      const sql = `INSERT INTO ${list(table.made.columns.map((c) => c.duck))} ${printQuery(query, "duck")}`;
      return { google: immediate(this.#g, google, given, []), steps: [...given.steps, { kind: "run", sql }] };
    }
    this.#g.note("EXECUTE IMMEDIATE INTO");
    const first = choices.pick(this.#variables);
    const others = this.#variables.filter((variable) => variable !== first);
    const into = others.length > 0 && choices.chance(50) ? [first, choices.pick(others)] : [first];
    if (into.length > 1) this.#g.note("EXECUTE IMMEDIATE INTO several");
    const { query } = makeQuery(this.#g, { ...wish, types: into.map((v) => v.type), rows: "one" });
    const google = immediate(this.#g, printQuery(query, "google"), given, into);
    return { google, steps: [...given.steps, intoVariables(query, into)] };
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
      steps: [branch(printExpr(condition, "duck"), then.steps, otherwise?.steps ?? [])],
    };
  }

  #case(depth: number): Both {
    const { choices } = this.#g;
    const value = choices.chance(40) ? this.#value(choices.pick([STRING, INT64])) : null;
    this.#g.note(value === null ? "CASE statement" : "CASE statement of a value");
    const count = 1 + choices.below(2);
    const whens = Array.from({ length: count }, () => ({
      when: this.#value(value === null ? BOOL : value.type),
      body: this.#block(depth),
    }));
    const otherwise = choices.chance(50) ? this.#block(depth) : null;
    const google = whens.map(({ when, body }) => `WHEN ${printExpr(when, "google")} THEN ${body.google};`).join(" ");
    const last = otherwise === null ? "" : ` ELSE ${otherwise.google};`;
    const held = `n${this.#g.id()}`;
    const steps = whens.reduceRight<readonly Step[]>((rest, { when, body }) => {
      const condition = printExpr(when, "duck");
      return [branch(value === null ? condition : `[[${held}]] = ${condition}`, body.steps, rest)];
    }, otherwise?.steps ?? []);
    return {
      google: `CASE ${value === null ? "" : printExpr(value, "google")} ${google}${last} END CASE`,
      steps: value === null ? steps : [assign(held, value), ...steps],
    };
  }

  /** What fails decides whether its handler comes. */
  #handled(depth: number): Both {
    this.#g.note("BEGIN");
    const body = this.#block(depth);
    if (!this.#g.choices.chance(80)) return { google: `BEGIN ${body.google}; END`, steps: body.steps };
    this.#g.note("EXCEPTION");
    const handler = sequence([...this.#message(), this.#block(depth)]);
    return {
      google: `BEGIN ${body.google}; EXCEPTION WHEN ERROR THEN ${handler.google}; END`,
      steps: [{ kind: "try", body: body.steps, handler: handler.steps }],
    };
  }

  /** What failed says why, mostly by a value. */
  #message(): Both[] {
    const variables = this.#variables.filter(({ type }) => type === STRING);
    if (variables.length === 0 || !this.#g.choices.chance(50)) return [];
    this.#g.note("@@error.message");
    return [this.#told(this.#g.choices.pick(variables), "@@error.message", "error_message")];
  }

  /** How much was read so far, or how many statements did. */
  #figure(): Both | null {
    const { choices } = this.#g;
    const variables = this.#variables.filter(({ type }) => type === INT64);
    if (variables.length === 0) return null;
    const variable = choices.pick(variables);
    this.#g.note("@@script");
    return choices.chance(50)
      ? this.#told(variable, choices.pick(["@@script.bytes_processed", "@@script.slot_ms"]), "cost")
      : this.#told(variable, "@@script.num_child_jobs", "statements_run");
  }

  #told(variable: Column, google: string, held: string): Both {
    return {
      google: `SET ${variable.name} = ${google}`,
      steps: [{ kind: "assign", variable: variableOf(variable), type: variable.type, sql: `SELECT [[${held}]]` }],
    };
  }

  #inLoop(kind: "WHILE" | "LOOP" | "REPEAT" | "FOR", depth: number): Both {
    const around = this.#loops;
    this.#loops = [kind, ...around];
    // Drawn first: who draws late, draws from a list that is used up.
    const jump = this.#g.choices.chance(30) ? [this.#jump()] : [];
    const body = sequence([...jump, this.#block(depth)]);
    this.#loops = around;
    return body;
  }

  #jump(): Both {
    const to = this.#g.choices.pick(["break", "continue"] as const);
    if (to === "continue" && this.#loops[0] === "REPEAT") this.#g.note("CONTINUE in REPEAT");
    this.#g.note(to.toUpperCase());
    const google = this.#g.choices.pick(to === "break" ? ["BREAK", "LEAVE"] : ["CONTINUE", "ITERATE"]);
    const condition = this.#value(BOOL);
    return {
      google: `IF ${printExpr(condition, "google")} THEN ${google}; END IF`,
      steps: [branch(printExpr(condition, "duck"), [{ kind: "jump", to }], [])],
    };
  }

  /** Their counter is no variable that anything else sets, and set first, so that no CONTINUE passes it. */
  #loop(depth: number): Both {
    const { choices } = this.#g;
    const kind = choices.pick(["WHILE", "LOOP", "REPEAT"] as const);
    this.#g.note(kind);
    const counter = `n${this.#g.id()}`;
    const times = 1 + choices.below(3);
    const condition = this.#value(BOOL);
    const [google, duck] = [printExpr(condition, "google"), `SELECT ${printExpr(condition, "duck")}`];
    const body = this.#inLoop(kind, depth);
    const counted = `SET ${counter} = ${counter} + 1; ${body.google};`;
    const stop: Step = { kind: "if", sql: duck, whenTrue: [{ kind: "jump", to: "break" }], otherwise: [] };
    const written = {
      WHILE: `WHILE ${counter} < ${times} AND ${google} DO ${counted} END WHILE`,
      REPEAT: `REPEAT SET ${counter} = ${counter} + 1; IF ${counter} > ${times} THEN BREAK; END IF; ${body.google}; UNTIL ${counter} >= ${times} OR ${google} END REPEAT`,
      LOOP: `LOOP IF ${counter} >= ${times} THEN BREAK; END IF; ${counted} IF ${google} THEN BREAK; END IF; END LOOP`,
    }[kind];
    return {
      google: `BEGIN DECLARE ${counter} INT64 DEFAULT 0; ${written}; END`,
      steps: [
        {
          kind: "loop",
          times,
          before: kind === "WHILE" ? duck : null,
          body: kind === "LOOP" ? [...body.steps, stop] : body.steps,
          after: kind === "REPEAT" ? duck : null,
          // Whether CONTINUE passes over what stands behind UNTIL, the reference doesn't say: a plan must hold for both.
          skips: kind === "REPEAT" && choices.chance(50),
        },
      ],
    };
  }

  #for(depth: number): Both {
    const { choices } = this.#g;
    this.#g.note("FOR");
    this.#g.budget = 20;
    const name = `r${this.#g.id()}`;
    const types = [choices.pick([STRING, INT64]), STRING].slice(0, 1 + choices.below(2));
    const wish = { parent: this.#scope(), commonTables: this.#tables, as: "", top: false } as const;
    const names = ["x", "y"].slice(0, types.length);
    const { query } = makeQuery(this.#g, { ...wish, types, names, rows: "ordered" });
    const type = structOf(types.map((type, i) => ({ name: names[i] ?? "", type })));
    const outer = this.#rows;
    this.#rows = [...outer, { alias: name, columns: [], value: { name, type, duck: `[[${name}]]` } }];
    const body = this.#inLoop("FOR", depth);
    this.#rows = outer;
    return {
      google: `FOR ${name} IN (${printQuery(query, "google")}) DO ${body.google}; END FOR`,
      steps: [{ kind: "for", variable: name, type, sql: printQuery(query, "duck"), body: body.steps }],
    };
  }
}

/** Of a temporary table whose rows come later. */
const NO_QUERY: Query = {
  commonTables: [],
  body: {
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
  },
  orderBy: [],
  limit: null,
  offset: null,
};

function branch(condition: string, whenTrue: readonly Step[], otherwise: readonly Step[]): Step {
  return { kind: "if", sql: `SELECT ${condition}`, whenTrue, otherwise };
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
