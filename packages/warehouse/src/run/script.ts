/** Runs a script's statements one after the other; what each statement is, the job says through `Host`. */
import { WarehouseError } from "../errors.ts";
import { coerce } from "../sql/coerce.ts";
import { type Token, tokenize } from "../sql/lexer.ts";
import { readScript, type Step } from "../sql/script.ts";
import { isSymbol, nameText, parenthesised, quoted, sql } from "../sql/tokens.ts";
import { translate } from "../sql/translate.ts";
import { type Field, fieldOf, quoteIdentifier } from "../sql/types.ts";
import { prepareQuery } from "./query.ts";
import type { Session } from "./session.ts";
import type { Outcome } from "./statement.ts";

export interface Host {
  /** Runs one statement as a job of its own. */
  run(tokens: readonly Token[], text: string): Promise<Outcome>;
  /** Throws when the script has been cancelled. */
  check(): void;
}

/** How a step ends, when not by going on. */
type Jump = { readonly kind: "break" | "continue" | "return"; readonly label: string | undefined } | undefined;

/** A WHILE that never ends is a mistake in a stand-in. */
const MAX_STEPS = 100_000;

export class ScriptRun {
  readonly #session: Session;
  readonly #host: Host;
  #text: string;
  #steps = 0;
  #rowCount = 0;
  /** The error a handler is about. */
  #error: { readonly error: WarehouseError; readonly text: string } | undefined;
  #calls = 0;

  constructor(session: Session, host: Host, text: string) {
    this.#session = session;
    this.#host = host;
    this.#text = text;
  }

  /** Runs the whole. An open transaction is rolled back at the end. */
  async run(steps: readonly Step[]): Promise<void> {
    try {
      await this.#all(steps);
    } finally {
      if (this.#session.inTransaction) await this.#session.rollback();
    }
  }

  async #all(steps: readonly Step[]): Promise<Jump> {
    for (const step of steps) {
      this.#host.check();
      this.#steps += 1;
      if (this.#steps > MAX_STEPS) throw new WarehouseError("invalidQuery", "The script takes too many steps");
      const jump = await this.#step(step);
      if (jump) return jump;
    }
    return undefined;
  }

  async #step(step: Step): Promise<Jump> {
    switch (step.kind) {
      case "statement": {
        const { dml } = await this.#host.run(this.#ready(step.tokens), this.#text);
        if (dml) this.#rowCount = dml.inserted + dml.updated + dml.deleted;
        return undefined;
      }
      case "declare":
        return this.#declare(step);
      case "set":
        return this.#set(step.names, step.value);
      case "if":
      case "case": {
        for (const branch of step.branches) {
          if (await this.#holds(branch.condition)) return this.#all(branch.body);
        }
        if (step.otherwise === undefined)
          throw new WarehouseError("invalidQuery", "No CASE branch matched, and there is no ELSE");
        return this.#all(step.otherwise);
      }
      case "loop":
        return this.#loop(step);
      case "for":
        return this.#for(step);
      case "block": {
        const jump = await this.#session.inBlock(() => this.#block(step));
        return jump?.kind === "break" && jump.label !== undefined && jump.label === step.label ? undefined : jump;
      }
      case "break":
      case "continue":
        return { kind: step.kind, label: step.label };
      case "return":
        return { kind: "return", label: undefined };
      case "begin":
        await this.#session.begin();
        return undefined;
      case "commit":
        await this.#session.commit();
        return undefined;
      case "rollback":
        await this.#session.rollback();
        return undefined;
      case "raise":
        throw await this.#raised(step.message);
      case "assert":
        if (await this.#holds(step.condition)) return undefined;
        throw new WarehouseError(
          "invalidQuery",
          step.message ? String(await this.#value(step.message)) : "Assertion failed",
        );
      case "execute":
        return this.#execute(step);
      case "call":
        return this.#call(step.routine, step.args);
    }
  }

  async #block(step: Extract<Step, { kind: "block" }>): Promise<Jump> {
    if (step.handler === undefined) return this.#all(step.body);
    try {
      return await this.#all(step.body);
    } catch (error) {
      if (!(error instanceof WarehouseError) || error.reason === "stopped") throw error;
      const outer = this.#error;
      this.#error = { error, text: this.#text };
      try {
        return await this.#session.inBlock(() => this.#all(step.handler ?? []));
      } finally {
        this.#error = outer;
      }
    }
  }

  async #raised(message: readonly Token[] | undefined): Promise<WarehouseError> {
    if (message) return new WarehouseError("invalidQuery", String(await this.#value(message)));
    if (this.#error) return this.#error.error;
    return new WarehouseError("invalidQuery", "Cannot re-raise an existing exception outside of an exception handler");
  }

  async #loop(step: Extract<Step, { kind: "loop" }>): Promise<Jump> {
    while (step.while === undefined || (await this.#holds(step.while))) {
      this.#host.check();
      this.#steps += 1;
      const jump = await this.#all(step.body);
      if (jump && !isOf(jump, step.label)) return jump;
      if (jump?.kind === "break") break;
      if (step.until && (await this.#holds(step.until))) break;
    }
    return undefined;
  }

  async #for(step: Extract<Step, { kind: "for" }>): Promise<Jump> {
    const query = await prepareQuery(this.#session, this.#ready(step.query));
    const table = `_loop${this.#steps}`;
    await this.#session.run(`CREATE OR REPLACE TEMP TABLE ${table} AS ${query.sql}`);
    const [count] = await this.#session.read(`SELECT count(*) FROM ${table}`);
    const members = query.fields.map((f) => `${quoteIdentifier(f.name)} := ${quoteIdentifier(f.name)}`).join(", ");
    const field: Field = { name: step.variable, type: "RECORD", mode: "NULLABLE", fields: query.fields };
    for (let i = 0; i < Number(count?.[0] ?? 0); i += 1) {
      const jump = await this.#session.inBlock(async () => {
        const { duckName } = this.#session.declare(step.variable, field);
        await this.#session.run(
          `SET VARIABLE ${duckName} = (SELECT struct_pack(${members}) FROM ${table} ORDER BY rowid LIMIT 1 OFFSET ${i})`,
        );
        return this.#all(step.body);
      });
      if (jump && !isOf(jump, step.label)) return jump;
      if (jump?.kind === "break") break;
    }
    return undefined;
  }

  // ── values ─────────────────────────────────────────────────────────────────

  /** The tokens with system variables as literals. */
  #ready(tokens: readonly Token[]): Token[] {
    const out: Token[] = [];
    for (let i = 0; i < tokens.length; i += 1) {
      const token = tokens[i];
      if (token === undefined) break;
      if (!isSymbol(token, "@@")) {
        out.push(token);
        continue;
      }
      const path = [nameText(tokens[i + 1])?.toLowerCase() ?? ""];
      i += 1;
      while (isSymbol(tokens[i + 1], ".")) {
        path.push(nameText(tokens[i + 2])?.toLowerCase() ?? "");
        i += 2;
      }
      out.push(this.#system(path.join(".")));
    }
    return out;
  }

  #system(name: string): Token {
    const text = (value: string): Token => ({ kind: "string", value, at: -1, end: -1 });
    switch (name) {
      case "row_count":
        return { kind: "number", text: String(this.#rowCount), at: -1, end: -1 };
      case "error.message":
        return text(this.#error?.error.message ?? "");
      case "error.statement_text":
        return text(this.#error?.text ?? "");
      case "project_id":
      case "dataset_project_id":
        return text(this.#session.options.projectId);
      case "dataset_id":
        return text(this.#session.options.defaultDataset?.datasetId ?? "");
      case "time_zone":
        return text("UTC");
      default:
        throw new WarehouseError("invalidQuery", `System variable is not supported by this warehouse: @@${name}`);
    }
  }

  async #value(tokens: readonly Token[]): Promise<unknown> {
    const { sql: text } = translate([...sql("SELECT"), ...parenthesised(this.#ready(tokens))], this.#session);
    const [row] = await this.#session.read(text);
    return row?.[0] ?? null;
  }

  async #holds(tokens: readonly Token[]): Promise<boolean> {
    return (await this.#value(tokens)) === true;
  }

  async #declare(step: Extract<Step, { kind: "declare" }>): Promise<Jump> {
    const value = this.#ready(step.value ?? sql("NULL"));
    const { sql: text } = translate([...sql("SELECT"), ...parenthesised(value)], this.#session);
    const [shape] = await this.#session.describe(text);
    if (shape === undefined) throw new WarehouseError("internalError", "a value without a type");
    for (const name of step.names) {
      const field: Field = { ...(step.type ?? fieldOf(name, shape.type)), name };
      const item = coerce("c", shape.type, field);
      const { duckName } = this.#session.declare(name, field);
      await this.#session.run(`SET VARIABLE ${duckName} = (SELECT ${item} FROM (${text}) AS q(c))`);
    }
    return undefined;
  }

  #variable(name: string): { readonly field: Field; readonly duckName: string } {
    const variable = this.#session.variableNamed(name);
    if (!variable) throw new WarehouseError("invalidQuery", `Undeclared variable: ${name}`);
    return variable;
  }

  async #set(names: readonly string[], value: readonly Token[]): Promise<Jump> {
    const query = [...sql("SELECT"), ...parenthesised(this.#ready(value))];
    const { sql: text } = translate(query, this.#session);
    const [shape] = await this.#session.describe(text);
    if (shape === undefined) throw new WarehouseError("internalError", "a value without a type");
    const [only, ...others] = names;
    if (others.length === 0 && only !== undefined) {
      const { duckName, field } = this.#variable(only);
      await this.#session.run(
        `SET VARIABLE ${duckName} = (SELECT ${coerce("c", shape.type, field)} FROM (${text}) AS q(c))`,
      );
      return undefined;
    }
    // All the values before any variable: `SET (a, b) = (b, a)`.
    const struct: Field = {
      name: "",
      type: "RECORD",
      mode: "NULLABLE",
      fields: names.map((name, i) => ({ ...this.#variable(name).field, name: `v${i}` })),
    };
    await this.#session.run(
      `SET VARIABLE several = (SELECT ${coerce("c", shape.type, struct)} FROM (${text}) AS q(c))`,
    );
    for (const [i, name] of names.entries()) {
      await this.#session.run(
        `SET VARIABLE ${this.#variable(name).duckName} = struct_extract(getvariable('several'), 'v${i}')`,
      );
    }
    return undefined;
  }

  // ── text and procedures ────────────────────────────────────────────────────

  async #execute(step: Extract<Step, { kind: "execute" }>): Promise<Jump> {
    const text = await this.#value(step.text);
    if (typeof text !== "string") throw new WarehouseError("invalidQuery", "EXECUTE IMMEDIATE needs a STRING");
    return this.#session.inBlock(async () => {
      this.#calls += 1;
      const names: string[] = [];
      for (const { value, name } of step.using) {
        const own = `_using${this.#calls}_${name?.toLowerCase() ?? names.length}`;
        await this.#declare({ kind: "declare", names: [own], type: undefined, value });
        names.push(own);
      }
      let next = 0;
      const tokens = tokenize(text).map((token) => {
        if (token.kind !== "parameter") return token;
        const own = token.name === undefined ? names[next++] : `_using${this.#calls}_${token.name.toLowerCase()}`;
        if (own === undefined || !names.includes(own))
          throw new WarehouseError("invalidQuery", `Query parameter '${token.name ?? next}' not found`);
        return quoted(own);
      });
      const steps = readScript(tokens);
      const [only, ...others] = steps;
      if (only?.kind !== "statement" || others.length > 0)
        throw new WarehouseError("invalidQuery", "EXECUTE IMMEDIATE runs one SQL statement");
      const { result, dml } = await this.#host.run(only.tokens, text);
      if (dml) this.#rowCount = dml.inserted + dml.updated + dml.deleted;
      if (step.into.length > 0 && result) await this.#into(step.into, result);
      return undefined;
    });
  }

  async #into(names: readonly string[], result: NonNullable<Outcome["result"]>): Promise<void> {
    if (result.totalRows > 1)
      throw new WarehouseError(
        "invalidQuery",
        "Query executed by EXECUTE IMMEDIATE with INTO clause returned more than one row",
      );
    if (names.length !== result.fields.length)
      throw new WarehouseError("invalidQuery", "INTO takes as many variables as the query has columns");
    const table = (await this.#session.engine.run(`SELECT * FROM ${result.duckName}`)).columnTypes();
    for (const [i, name] of names.entries()) {
      const { duckName, field } = this.#variable(name);
      const type = table[i];
      const column = result.fields[i]?.name ?? "";
      if (type === undefined) continue;
      const value = coerce(`(SELECT ${quoteIdentifier(column)} FROM ${result.duckName})`, type, field);
      await this.#session.run(`SET VARIABLE ${duckName} = ${value}`);
    }
  }

  async #call(path: readonly string[], args: readonly (readonly Token[])[]): Promise<Jump> {
    const routine = this.#session.routine(path);
    if (routine?.routineType !== "PROCEDURE")
      throw new WarehouseError("invalidQuery", `Procedure is not found: ${path.join(".")}`);
    if (routine.arguments.length !== args.length) {
      throw new WarehouseError("invalidQuery", `No matching signature for procedure ${path.join(".")}`);
    }
    if (this.#calls > 50) throw new WarehouseError("invalidQuery", "Too many calls");
    this.#calls += 1;
    const session = this.#session;
    await session.inBlock(async () => {
      // Under names that a procedure can't say, so that its own variables stay apart.
      const own = routine.arguments.map((argument, i) => ({
        argument,
        value: args[i] ?? [],
        name: `_in${this.#calls}_${i}`,
      }));
      for (const { argument, value, name } of own) {
        const given = argument.mode === "OUT" ? undefined : value;
        await this.#declare({ kind: "declare", names: [name], type: argument.type, value: given });
      }
      const back = await session.apart(async () => {
        for (const { argument, name } of own) session.adopt(argument.name, name);
        const outer = this.#text;
        this.#text = routine.body;
        try {
          const body = tokenize(routine.body);
          await this.#all(readScript(body));
        } finally {
          this.#text = outer;
        }
        return own.map(({ argument }) => session.variableNamed(argument.name)?.duckName);
      });
      for (const [i, { argument, value }] of own.entries()) {
        if (argument.mode !== "OUT" && argument.mode !== "INOUT") continue;
        const target = this.#variable(nameText(value[0]) ?? "");
        await session.run(`SET VARIABLE ${target.duckName} = getvariable('${back[i]}')`);
      }
    });
    return undefined;
  }
}

/** Whether a jump is about the loop of this label. */
function isOf(jump: NonNullable<Jump>, label: string | undefined): boolean {
  return jump.kind !== "return" && (jump.label === undefined || jump.label.toLowerCase() === label?.toLowerCase());
}
