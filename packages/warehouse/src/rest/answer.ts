/**
 * An answer with rows, written in BigQuery's key order (`schema` before `rows`, statistics after), streamed piece by piece;
 * and the ways a fault bends it.
 */
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createGzip } from "node:zlib";
import { fieldJson } from "../catalog.ts";
import { errorBody } from "../errors.ts";
import type { Fault } from "../misbehave.ts";
import { type Field, fieldType } from "../sql/types.ts";
import { isObject, type JsonObject } from "./json.ts";

export interface RowsAnswer {
  /** Members before `rows`, in order; `schema` is put in by `fields`. */
  readonly head: JsonObject;
  /** Result columns; undefined: no `schema` member (tabledata.list). */
  readonly fields: readonly Field[] | undefined;
  /** Writes the rows; undefined: no `rows` member. */
  readonly rows: ((write: (piece: string) => Promise<void>) => Promise<void>) | undefined;
  readonly tail: JsonObject;
}

/** A body sink that waits when the client reads slowly, and that faults can slow down or cut. */
class BodyWriter {
  readonly #response: ServerResponse;
  readonly #faults: readonly Fault[];
  readonly #gzip: ReturnType<typeof createGzip> | undefined;
  #sent = 0;
  #stopped = false;

  constructor(response: ServerResponse, status: number, faults: readonly Fault[]) {
    this.#response = response;
    this.#faults = faults;
    const gzip = faults.some((f) => f.kind === "gzip");
    response.writeHead(status, {
      "content-type": "application/json; charset=UTF-8",
      "cache-control": "private",
      vary: "Origin, X-Origin, Referer",
      ...(gzip ? { "content-encoding": "gzip" } : {}),
    });
    if (gzip) {
      this.#gzip = createGzip();
      this.#gzip.pipe(response);
    }
  }

  /** True once nothing more can reach the client. */
  get stopped(): boolean {
    return this.#stopped || this.#response.destroyed;
  }

  async write(text: string): Promise<void> {
    for (const piece of this.#pieces(Buffer.from(text))) {
      if (this.stopped) return;
      await this.#put(piece);
    }
  }

  async end(): Promise<void> {
    if (this.stopped) return;
    if (this.#gzip) this.#gzip.end();
    else this.#response.end();
    this.#stopped = true;
  }

  *#pieces(buffer: Buffer): Generator<Buffer> {
    const slow = this.#faults.find((f) => f.kind === "slow-body");
    const size = slow ? Math.max(1, slow.bytes) : buffer.length;
    for (let at = 0; at < buffer.length; at += size) yield buffer.subarray(at, at + size);
  }

  async #put(piece: Buffer): Promise<void> {
    const cut = this.#faults.find((f) => f.kind === "reset" || f.kind === "truncate");
    const left = cut ? cut.afterBytes - this.#sent : Number.POSITIVE_INFINITY;
    const sent = piece.length > left ? piece.subarray(0, Math.max(0, left)) : piece;
    this.#sent += sent.length;
    const sink = this.#gzip ?? this.#response;
    if (sent.length > 0 && !sink.write(sent)) {
      await drained(sink, this.#response);
    }
    if (sent.length < piece.length) {
      this.#stopped = true;
      // What was promised is on the wire before the line is cut.
      await sleep(10);
      if (cut?.kind === "truncate") this.#response.end();
      else this.#response.socket?.resetAndDestroy();
      return;
    }
    const slow = this.#faults.find((f) => f.kind === "slow-body");
    if (slow) await sleep(slow.milliseconds);
  }
}

/** Until the sink takes more, or the client is gone. */
function drained(sink: NodeJS.EventEmitter, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      sink.off("drain", go);
      response.off("close", go);
      resolve();
    };
    sink.on("drain", go);
    response.on("close", go);
  });
}

/** Faults that answer before anything else; true when one has. */
export async function preempted(response: ServerResponse, faults: readonly Fault[]): Promise<boolean> {
  for (const fault of faults) if (fault.kind === "delay") await sleep(fault.milliseconds);
  if (faults.some((f) => f.kind === "hang-up")) {
    response.socket?.destroy();
    return true;
  }
  const status = faults.find((f) => f.kind === "status");
  if (!status) return false;
  const message = status.message ?? "The service is currently unavailable.";
  const body = errorBody({ reason: "backendError", message }, status.code);
  const text = JSON.stringify(body).replaceAll('"backendError"', JSON.stringify(status.reason ?? "backendError"));
  response.writeHead(status.code, { "content-type": "application/json; charset=UTF-8" }).end(text);
  return true;
}

/** Streams the answer. `keep` limits the members (the `fields` parameter). */
export async function sendRows(
  response: ServerResponse,
  answer: RowsAnswer,
  faults: readonly Fault[],
  keep: ReadonlySet<string> | undefined,
): Promise<void> {
  if (await preempted(response, faults)) return;
  const writer = new BodyWriter(response, 200, faults);
  const head: JsonObject = {};
  const late: JsonObject = {};
  const schemaLate = faults.some((f) => f.kind === "schema-after-rows");
  for (const [key, value] of Object.entries(answer.head)) head[key] = value;
  const fields = answer.fields && { fields: bendFields(answer.fields.map(fieldJson), faults) };
  if (fields && schemaLate) late.schema = fields;
  let before = "{";
  const member = (key: string, value: unknown): string => {
    if (value === undefined || (keep && !keep.has(key))) return "";
    const text = `${before}${JSON.stringify(key)}:${JSON.stringify(value)}`;
    before = ",";
    return text;
  };
  let text = "";
  for (const [key, value] of Object.entries(head)) {
    text += member(key, value);
    if (key === answerSchemaAfter(answer) && fields && !schemaLate) text += member("schema", fields);
  }
  if (answer.rows && (!keep || keep.has("rows"))) {
    await writer.write(`${text}${before}"rows":[`);
    before = ",";
    await answer.rows(bendRows(faults, (piece) => writer.write(piece)));
    text = "]";
  }
  for (const [key, value] of Object.entries({ ...late, ...answer.tail })) text += member(key, value);
  await writer.write(before === "{" ? "{}" : `${text}}`);
  await writer.end();
}

/** `schema` follows `etag`, or `kind` where there is no etag. */
function answerSchemaAfter(answer: RowsAnswer): string {
  return "etag" in answer.head ? "etag" : "kind";
}

function bendFields(fields: JsonObject[], faults: readonly Fault[]): JsonObject[] {
  let bent = fields;
  for (const fault of faults) {
    switch (fault.kind) {
      case "wrong-type": {
        const at = fault.column === undefined ? 0 : bent.findIndex((f) => f.name === fault.column);
        bent = bent.map((f, i) => (i === at ? { ...f, type: fieldType(fault.type) ?? fault.type } : f));
        break;
      }
      case "extra-column":
        bent = [...bent, { name: "surprise", type: "STRING", mode: "NULLABLE" }];
        break;
      case "missing-column":
        bent = bent.slice(0, -1);
        break;
      case "reordered-columns":
        bent = bent.toReversed();
        break;
    }
  }
  return bent;
}

type Write = (piece: string) => Promise<void>;

function bendRows(faults: readonly Fault[], write: Write): Write {
  const bends = faults.filter((f) =>
    ["extra-column", "missing-column", "reordered-columns", "extra-cell", "extra-rows"].includes(f.kind),
  );
  if (bends.length === 0) return commas(write);
  const extra = bends.find((f) => f.kind === "extra-rows");
  let added = false;
  const out = commas(write);
  return async (piece) => {
    const parsed: unknown = JSON.parse(`[${piece.startsWith(",") ? piece.slice(1) : piece}]`);
    const rows = (Array.isArray(parsed) ? parsed : []).filter(isObject).map((row) => bendRow(row, bends));
    const last = rows.at(-1);
    if (extra && !added && last) {
      added = true;
      for (let i = 0; i < extra.count; i += 1) rows.push(last);
    }
    await out(rows.map((row) => JSON.stringify(row)).join(","));
  };
}

/** writeRows puts commas inside a piece and before each later one; a bent piece needs its own. */
function commas(write: Write): Write {
  let first = true;
  return async (piece) => {
    const text = piece.startsWith(",") ? piece.slice(1) : piece;
    await write(first ? text : `,${text}`);
    first = false;
  };
}

function bendRow(row: JsonObject, faults: readonly Fault[]): JsonObject {
  let cells = Array.isArray(row.f) ? row.f : [];
  for (const fault of faults) {
    if (fault.kind === "extra-column" || fault.kind === "extra-cell") cells = [...cells, { v: "surprise" }];
    else if (fault.kind === "missing-column") cells = cells.slice(0, -1);
    else if (fault.kind === "reordered-columns") cells = cells.toReversed();
  }
  return { f: cells };
}
