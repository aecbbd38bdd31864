/** What DuckDB is asked, step by step. Plain JSON, so that a case can hold it. */
import type { Outcome } from "./oracle.ts";
import { type Datum, duckDatum } from "./schema.ts";
import { STRING, type Type } from "./types.ts";
import { isRefusal, type Warehouse } from "./warehouse.ts";

/**
 * In `sql`, `[[x]]` stands for what the variable x holds; `row_count`, `error_message`, `cost` and `statements_run` are held by who runs the
 * steps: a cost is how much the rows are that the steps so far gave.
 */
export type Step =
  | { readonly kind: "run"; readonly sql: string }
  /** Where there are rows, BigQuery would have failed. */
  | { readonly kind: "none"; readonly sql: string }
  | { readonly kind: "assign"; readonly variable: string; readonly type: Type; readonly sql: string }
  /** All variables take their part of the one row; NULL where there is none, and more are a failure. */
  | {
      readonly kind: "into";
      readonly variables: readonly { readonly variable: string; readonly type: Type }[];
      readonly sql: string;
    }
  | {
      readonly kind: "if";
      readonly sql: string;
      readonly whenTrue: readonly Step[];
      readonly otherwise: readonly Step[];
    }
  /** At most `times` passes, while `before` is true, until `after` is; null: whatever it is. `skips`: CONTINUE passes over `after`. */
  | {
      readonly kind: "loop";
      readonly times: number;
      readonly before: string | null;
      readonly body: readonly Step[];
      readonly after: string | null;
      readonly skips: boolean;
    }
  /** The body for each row, which `variable` holds as a STRUCT. */
  | {
      readonly kind: "for";
      readonly variable: string;
      readonly type: Type;
      readonly sql: string;
      readonly body: readonly Step[];
    }
  | { readonly kind: "jump"; readonly to: "break" | "continue" | "return" }
  /** A procedure's steps, which `return` leaves. */
  | { readonly kind: "call"; readonly body: readonly Step[] }
  /** The handler, where a step of the body fails. */
  | { readonly kind: "try"; readonly body: readonly Step[]; readonly handler: readonly Step[] }
  | { readonly kind: "result"; readonly sql: string };

/** What was asked before, by its text: for one program, whose runs mostly differ in what one table holds. */
export type Answers = Map<string, Outcome>;

/** A query, or steps as JSON, which leave the databases as they were. */
export async function runText(warehouse: Warehouse, duck: string, answers: Answers = new Map()): Promise<Outcome> {
  if (!duck.startsWith("[")) return warehouse.run(duck);
  const steps: readonly Step[] = JSON.parse(duck);
  // A failure ends DuckDB's transaction, and what handles it couldn't go on. Such a script writes only into tables of its own.
  if (duck.includes('"kind":"try"')) {
    const outcome = await new Running(warehouse, answers, duck).all(steps);
    const own = new Set([...duck.matchAll(/CREATE TEMP TABLE (\w+)/g)].map((match) => match[1]));
    for (const table of own) await warehouse.run(`DROP TABLE IF EXISTS ${table}`);
    return ended(outcome);
  }
  await warehouse.run("BEGIN");
  const outcome = await new Running(warehouse, answers, duck).all(steps);
  await warehouse.run("ROLLBACK");
  return ended(outcome);
}

type Ended = Outcome | { readonly kind: "jump"; readonly to: "break" | "continue" | "return" };

function ended(outcome: Ended): Outcome {
  if (outcome.kind === "jump") throw new Error("a jump out of no loop");
  return outcome;
}

const WRITING = /(?:CREATE TEMP TABLE|INSERT INTO|UPDATE|DELETE FROM|MERGE INTO) (\w+)/g;

const EMPTY: Outcome = { kind: "rows", rows: [] };

/** What no handler may see: it says nothing about BigQuery, or ADR 0007 leaves it out. */
function isUncaught(message: string): boolean {
  return isRefusal(message) || /INT128|HUGEINT|SUM|sum|Transaction/.test(message);
}

class Running {
  readonly #warehouse: Warehouse;
  readonly #variables = new Map<string, string>();
  readonly #answers: Answers;
  /** What the program writes into. */
  readonly #written: RegExp | null;
  #result: Outcome = EMPTY;
  #cost = 0;
  #statements = 0;

  constructor(warehouse: Warehouse, answers: Answers, program: string) {
    this.#warehouse = warehouse;
    this.#answers = answers;
    const names = [...program.matchAll(WRITING)].map((match) => match[1]);
    this.#written = names.length === 0 ? null : new RegExp(`\\b(${names.join("|")})\\b`);
  }

  /** The last result, the first failure, or where to go on. */
  async all(steps: readonly Step[]): Promise<Ended> {
    for (const step of steps) {
      const outcome = await this.#step(step);
      if (outcome.kind !== "rows") return outcome;
      if (step.kind === "result") this.#result = outcome;
    }
    return this.#result;
  }

  #text(sql: string): string {
    return sql.replace(/\[\[(\w+)\]\]/g, (_, name: string) => this.#variables.get(name) ?? "NULL");
  }

  async #ask(sql: string): Promise<Outcome> {
    const text = this.#text(sql);
    if (this.#written?.test(text)) return this.#costing(await this.#warehouse.run(text));
    const answer = this.#answers.get(text) ?? (await this.#warehouse.run(text));
    this.#answers.set(text, answer);
    return this.#costing(answer);
  }

  #costing(outcome: Outcome): Outcome {
    this.#statements++;
    if (outcome.kind === "rows") this.#cost += JSON.stringify(outcome.rows).length;
    return outcome;
  }

  /** How many rows a statement wrote, which DuckDB gives as its only row. */
  #counted(outcome: Outcome): Outcome {
    this.#costing(outcome);
    if (outcome.kind === "rows") this.#variables.set("row_count", String(outcome.rows[0]?.[0] ?? "NULL"));
    return outcome;
  }

  async #step(step: Step): Promise<Ended> {
    this.#variables.set("cost", String(this.#cost));
    this.#variables.set("statements_run", String(this.#statements));
    switch (step.kind) {
      case "run":
        return this.#counted(await this.#warehouse.run(this.#text(step.sql)));
      case "result":
        return this.#ask(step.sql);
      case "jump":
        return { kind: "jump", to: step.to };
      case "none": {
        const found = await this.#ask(step.sql);
        if (found.kind === "error" || found.rows.length === 0) return found;
        return { kind: "error", message: "a row of the target is changed more than once" };
      }
      case "assign": {
        const found = await this.#ask(step.sql);
        if (found.kind === "rows") this.#variables.set(step.variable, duckDatum(scalarOf(found.rows), step.type));
        return found;
      }
      case "into": {
        const found = await this.#ask(step.sql);
        if (found.kind === "error") return found;
        if (found.rows.length > 1) return { kind: "error", message: "more than one row is to be held" };
        for (const [i, { variable, type }] of step.variables.entries()) {
          this.#variables.set(variable, duckDatum(asScalar(found.rows[0]?.[i] ?? null), type));
        }
        return found;
      }
      case "call": {
        const done = await this.all(step.body);
        return done.kind === "jump" ? EMPTY : done;
      }
      case "if": {
        const found = await this.#ask(step.sql);
        if (found.kind === "error") return found;
        return this.all(scalarOf(found.rows) === true ? step.whenTrue : step.otherwise);
      }
      case "try": {
        const done = await this.all(step.body);
        if (done.kind !== "error" || isUncaught(done.message)) return done;
        this.#variables.set("error_message", duckDatum(done.message, STRING));
        return this.all(step.handler);
      }
      case "loop":
        return this.#loop(step);
      case "for":
        return this.#for(step);
    }
  }

  async #loop({ times, before, body, after, skips }: Extract<Step, { kind: "loop" }>): Promise<Ended> {
    for (let i = 0; i < times; i++) {
      const first = before === null ? null : await this.#ask(before);
      if (first?.kind === "error") return first;
      if (first !== null && scalarOf(first.rows) !== true) break;
      const done = await this.all(body);
      if (done.kind === "error" || (done.kind === "jump" && done.to === "return")) return done;
      if (done.kind === "jump" && done.to === "break") break;
      if (done.kind === "jump" && skips) continue;
      const last = after === null ? null : await this.#ask(after);
      if (last?.kind === "error") return last;
      if (last !== null && scalarOf(last.rows) === true) break;
    }
    return EMPTY;
  }

  async #for({ variable, type, sql, body }: Extract<Step, { kind: "for" }>): Promise<Ended> {
    const found = await this.#ask(sql);
    if (found.kind === "error") return found;
    for (const row of found.rows) {
      this.#variables.set(variable, duckDatum(row.map(asScalar), type));
      const done = await this.all(body);
      if (done.kind === "error" || (done.kind === "jump" && done.to === "return")) return done;
      if (done.kind === "jump" && done.to === "break") break;
    }
    return EMPTY;
  }
}

function scalarOf(rows: readonly (readonly unknown[])[]): Datum {
  return asScalar(rows[0]?.[0] ?? null);
}

function asScalar(value: unknown): Datum {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  throw new Error("a variable holds a scalar");
}
