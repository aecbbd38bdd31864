import { setTimeout as delay } from "node:timers/promises";
import { type Dispatcher, Pool } from "undici";
import type { UpstreamLimits } from "../config/index.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { ConnectionShares } from "./connection-shares.ts";
import { errorOfAnswer, UpstreamError } from "./error.ts";
import { JsonBody, type WholeAnswer } from "./json-body.ts";
import { type ObserveCall, observed } from "./observed.ts";
import { bodyOf, headersOf } from "./request-parts.ts";
import { errorAnswer } from "./resources.ts";
import { isWorthRetrying, waitBefore, wasNotCarriedOut } from "./retry.ts";
import { type RowAnswer, RowBody } from "./row-body.ts";
import { rowConnections } from "./row-connections.ts";
import { Unsent } from "./unsent.ts";
import type { RowStream } from "./upstream.ts";

/** HTTP to one BigQuery endpoint: bounded, authenticated, retried, plain. */
export interface Transport {
  /** A call whose answer is one JSON value. 304 gives `undefined`. */
  json(call: Call): Promise<unknown>;
  /** A call whose answer is rows. */
  rows(call: Call): Promise<RowStream>;
  close(): Promise<void>;
}

/** Every call here is safe to repeat, but one of `once`: reads, dry runs, cancellations, and jobs under an id of our own. */
export interface Call {
  /** Google's name of the method, for metrics: `jobs.insert`. */
  readonly name: string;
  readonly method: "GET" | "POST";
  /** Below `/bigquery/v2`, each segment encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** The same, written already. */
  readonly text?: string;
  readonly ifNoneMatch?: string;
  /** Isn't sent again where it may have been carried out. */
  readonly once?: true;
  /** All tries together. */
  readonly deadlineMs?: number;
  /** Time the upstream was asked to hold the call, on top of the usual. */
  readonly holdMs?: number;
  readonly signal?: AbortSignal;
  /** Of a call for rows: who takes a connection. */
  readonly agent?: string;
}

export interface TransportOptions {
  readonly endpoint: string;
  readonly limits: UpstreamLimits;
  readonly tokens: AccessTokens;
  /** Jitter of retries, 0 ≤ x < 1. */
  readonly random: () => number;
  readonly observe: ObserveCall;
}

/** An answer whose head is here. What `body` gives holds only until it is asked for more. */
interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: RowBody | Buffer;
}

/** One try of a call, with its headers. */
type Send<A extends Answer> = (
  call: Call,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<A>;

/** An error body is read for its reason code only. */
const LARGEST_ERROR = 256 * 1024;

export function createTransport({ endpoint, limits, tokens, random, observe }: TransportOptions): Transport {
  const base = new URL(endpoint);
  const prefix = `${base.pathname.replace(/\/+$/, "")}/bigquery/v2`;
  const options: Pool.Options = {
    connections: limits.connections,
    pipelining: 1,
    connect: { timeout: limits.connectMs },
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyIdleMs,
    maxHeaderSize: 32 * 1024,
    keepAliveTimeout: 30_000,
    keepAliveMaxTimeout: 300_000,
  };
  const pool = new Pool(base.origin, options);
  const rowPool = rowConnections(base, limits);
  const shares = new ConnectionShares(limits.connections);
  /** Calls that wait for a job may take no more than these of them. */
  const waits = new ConnectionShares(Math.ceil(limits.connections / 2));
  let closed = false;

  const sendJson: Send<WholeAnswer> = (call, headers, signal) => {
    const options: Dispatcher.DispatchOptions = {
      method: call.method,
      path: prefix + call.path,
      query: queryOf(call),
      headers,
      body: bodyOf(call),
      headersTimeout: limits.headersMs + (call.holdMs ?? 0),
    };
    return new Promise((resolve, reject) => {
      const mostBytes = Math.max(limits.jsonBytes, LARGEST_ERROR);
      pool.dispatch(options, new JsonBody(mostBytes, signal, resolve, reject));
    });
  };

  const sendForRows: Send<RowAnswer> = (call, headers, signal) =>
    rowPool.send({
      method: call.method,
      path: prefix + call.path,
      query: queryOf(call),
      headers,
      body: bodyOf(call),
      signal,
      headersTimeout: limits.headersMs + (call.holdMs ?? 0),
    });

  /** One try: the answer's head is here, its status is 200 or 304, its body unread. */
  async function attempt<A extends Answer>(send: Send<A>, call: Call, signal: AbortSignal): Promise<A> {
    const token = await tokens.get();
    let answer: A;
    try {
      answer = await send(call, headersOf(call, token), signal);
    } catch (error) {
      throw networkError(error, signal);
    }
    try {
      if (isAccepted(answer, call)) return answer;
      throw errorOfAnswer(answer.statusCode, isEncoded(answer) ? undefined : await reasonIn(answer, signal));
    } catch (error) {
      discard(answer);
      if (token !== undefined && error instanceof UpstreamError && error.httpStatus === 401) tokens.discard(token);
      throw error;
    }
  }

  /** The first try that works; the last one's error. */
  async function request<A extends Answer>(
    send: Send<A>,
    call: Call,
    signal: AbortSignal,
    deadline: number,
  ): Promise<A> {
    for (let tries = 0; ; tries++) {
      try {
        return await attempt(send, call, signal);
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        if (closed) throw new UpstreamError("closed");
        const wait = waitBefore(tries + 1, random());
        const worthIt = call.once === true ? wasNotCarriedOut(error) : isWorthRetrying(error);
        const again = worthIt || (error.httpStatus === 401 && tries === 0);
        if (!again || tries >= limits.retries || Date.now() + wait >= deadline || signal.aborted) throw error;
        await delay(wait, undefined, { signal }).catch(() => {
          throw error;
        });
      }
    }
  }

  async function json(call: Call): Promise<unknown> {
    const deadlineMs = (call.deadlineMs ?? limits.callMs) + (call.holdMs ?? 0);
    return bounded(call.signal, deadlineMs, async (signal) => {
      const answer = await request(sendJson, call, signal, Date.now() + deadlineMs);
      if (answer.statusCode === 304) return undefined;
      return parseJson(await collect(answer, limits.jsonBytes, signal));
    });
  }

  /** A call for rows waits for its connection; one that would then wait for its job doesn't. */
  function connectionFor({ agent = "", holdMs, once }: Call, signal: AbortSignal): (() => void) | Promise<() => void> {
    // What begins a job has no other way to its rows, and holds its connection for a moment.
    if (holdMs === undefined || once === true) return shares.take(agent) ?? shares.turn(agent, signal);
    const wait = waits.take(agent);
    const connection = wait === undefined ? undefined : shares.take(agent);
    const release = () => {
      connection?.();
      wait?.();
    };
    if (connection !== undefined) return release;
    release();
    throw new UpstreamError("noConnection");
  }

  async function rows(call: Call): Promise<RowStream> {
    // Until the first byte the call's deadline holds; from then on the page's own.
    const page = new AbortController();
    const { signal } = page;
    const follow = () => page.abort(call.signal?.reason);
    if (call.signal?.aborted) follow();
    call.signal?.addEventListener("abort", follow, { once: true });
    const began = Date.now();
    const headMs = Math.min(limits.pageMs, (call.deadlineMs ?? limits.callMs) + (call.holdMs ?? 0));
    const late = () => page.abort(LATE);
    let timer = setTimeout(late, headMs).unref();
    let giveBack: (() => void) | undefined;
    const done = () => {
      clearTimeout(timer);
      call.signal?.removeEventListener("abort", follow);
      giveBack?.();
    };
    try {
      const connection = connectionFor(call, signal);
      giveBack = connection instanceof Promise ? await connection : connection;
      const answer = await request(sendForRows, call, signal, began + headMs);
      const whole = answer.body.whole(limits.pageBytes);
      if (whole !== undefined) {
        done();
        return { status: 200, body: only(whole), whole, cancel: () => {} };
      }
      clearTimeout(timer);
      timer = setTimeout(late, limits.pageMs - (Date.now() - began)).unref();
      signal.addEventListener("abort", giveBack, { once: true });
      return rowStream(answer.body, limits.pageBytes, page, done);
    } catch (error) {
      done();
      throw callersAbort(call.signal, error);
    }
  }

  return {
    json: (call) => observed(observe, call.name, () => json(call)),
    rows: (call) => observed(observe, call.name, () => rows(call)),
    async close() {
      closed = true;
      rowPool.close();
      await pool.destroy();
    },
  };
}

/** Drops what wasn't read of the body; its connection goes with it unless the body was at its end. */
function discard({ body }: Answer): void {
  if (body instanceof RowBody) body.cancel();
}

/** Marks our own deadline, to tell it from the caller's abort. */
const LATE = new Error("deadline");

async function bounded<T>(
  outer: AbortSignal | undefined,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController();
  const follow = () => inner.abort(outer?.reason);
  if (outer?.aborted) follow();
  outer?.addEventListener("abort", follow, { once: true });
  const timer = setTimeout(() => inner.abort(LATE), milliseconds);
  try {
    return await work(inner.signal);
  } catch (error) {
    throw callersAbort(outer, error);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", follow);
  }
}

function callersAbort(signal: AbortSignal | undefined, error: unknown): unknown {
  return signal?.aborted ? new DOMException("The call was aborted.", "AbortError") : error;
}

/** Whether it is a plain JSON one with status 200, or the 304 that was asked for; false: an error of BigQuery's. @throws UpstreamError for every other */
function isAccepted(answer: Answer, call: Call): boolean {
  const { statusCode: httpStatus, headers } = answer;
  if (httpStatus === 304 && call.ifNoneMatch !== undefined) return true;
  // Following one would carry the gateway's token to wherever it points.
  if (httpStatus >= 300 && httpStatus < 400) throw new UpstreamError("redirected", { httpStatus });
  if (httpStatus !== 200) return false;
  if (isEncoded(answer)) throw new UpstreamError("encoded", { httpStatus });
  // Without either, the answer ends where the connection does, and half an answer looks whole.
  if (headers["content-length"] === undefined && headers["transfer-encoding"] === undefined) {
    throw new UpstreamError("unexpected", { httpStatus });
  }
  if (!/^application\/json\s*(?:;|$)/i.test(String(headers["content-type"] ?? ""))) {
    throw new UpstreamError("notJson", { httpStatus });
  }
  return true;
}

function isEncoded({ headers }: Answer): boolean {
  const encoding = headers["content-encoding"];
  return encoding !== undefined && encoding !== "identity";
}

/** The reason code of an error answer; undefined when there is none to be had. */
async function reasonIn(answer: Answer, signal: AbortSignal): Promise<string | undefined> {
  try {
    const parsed = errorAnswer.safeParse(parseJson(await collect(answer, LARGEST_ERROR, signal)));
    return parsed.data?.error.errors?.[0]?.reason;
  } catch {
    return undefined;
  }
}

async function collect({ body, statusCode }: Answer, mostBytes: number, signal: AbortSignal): Promise<Buffer> {
  if (!(body instanceof RowBody)) {
    if (body.length > mostBytes) throw new UpstreamError("oversized", { httpStatus: statusCode });
    return body;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (length > mostBytes) throw new UpstreamError("oversized", { httpStatus: statusCode });
      chunks.push(Buffer.from(chunk));
    }
  } catch (error) {
    throw networkError(error, signal);
  }
  return Buffer.concat(chunks, length);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    throw new UpstreamError("notJson");
  }
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

function rowStream(rows: RowBody, mostBytes: number, page: AbortController, done: () => void): RowStream {
  const cancel = () => {
    done();
    rows.cancel();
  };
  async function* body(): AsyncGenerator<Buffer> {
    let length = 0;
    try {
      for await (const chunk of rows) {
        length += chunk.length;
        if (length > mostBytes) throw new UpstreamError("oversized", { httpStatus: 200 });
        yield chunk;
      }
    } catch (error) {
      if (page.signal.aborted && page.signal.reason !== LATE)
        throw new DOMException("The call was aborted.", "AbortError");
      throw networkError(error, page.signal);
    } finally {
      cancel();
    }
  }
  return { status: 200, body: body(), cancel };
}

/** undici's and Node's errors as ours; only their code is kept. */
function networkError(error: unknown, signal: AbortSignal): UpstreamError {
  if (error instanceof Unsent) return ownError(error.cause, signal, true);
  return error instanceof UpstreamError ? error : ownError(error, signal, false);
}

function ownError(error: unknown, signal: AbortSignal, unsent: boolean): UpstreamError {
  if (signal.aborted) return new UpstreamError("answerTimeout", { unsent });
  const code = codeOf(error);
  const options = code === undefined ? { unsent } : { code, unsent };
  switch (code) {
    case "UND_ERR_CONNECT_TIMEOUT":
      return new UpstreamError("connectTimeout", options);
    case "UND_ERR_HEADERS_TIMEOUT":
    case "UND_ERR_BODY_TIMEOUT":
      return new UpstreamError("answerTimeout", options);
    case "UND_ERR_HEADERS_OVERFLOW":
      return new UpstreamError("oversized", options);
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
      return new UpstreamError("unexpected", options);
    default: {
      const broken = error instanceof Error && error.name === "HTTPParserError";
      return new UpstreamError(broken ? "unexpected" : "connectionFailed", options);
    }
  }
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^[A-Z][A-Z0-9_]{1,39}$/.test(error.code) ? error.code : undefined;
}

function queryOf(call: Call): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) query[name] = String(value);
  return { ...query, prettyPrint: "false" };
}
