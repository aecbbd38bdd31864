import { setTimeout as delay } from "node:timers/promises";
import { type Dispatcher, Pool } from "undici";
import type { UpstreamLimits } from "../config/index.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { ConnectionShares } from "./connection-shares.ts";
import { errorOfAnswer, UpstreamError } from "./error.ts";
import { JsonBody, type WholeAnswer } from "./json-body.ts";
import { type ObserveCall, observed } from "./observed.ts";
import { errorAnswer } from "./resources.ts";
import { isWorthRetrying, waitBefore, wasNotCarriedOut } from "./retry.ts";
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
  readonly body: AsyncIterable<Buffer> | readonly [Buffer];
  /** Of an answer with rows. */
  readonly whole?: (most: number) => Buffer | undefined;
  /** Drops what wasn't read of the body; its connection goes with it unless the body was at its end. */
  discard(): void;
}

/** One try of a call, with its headers. */
type Send = (call: Call, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Answer>;

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

  const sendJson: Send = async (call, headers, signal) => {
    const options: Dispatcher.DispatchOptions = {
      method: call.method,
      path: prefix + call.path,
      query: queryOf(call),
      headers,
      body: call.body === undefined ? null : JSON.stringify(call.body),
      headersTimeout: limits.headersMs + (call.holdMs ?? 0),
    };
    const answer = await new Promise<WholeAnswer>((resolve, reject) => {
      const mostBytes = Math.max(limits.jsonBytes, LARGEST_ERROR);
      pool.dispatch(options, new JsonBody(mostBytes, signal, resolve, reject));
    });
    return { ...answer, body: [answer.body], discard: () => {} };
  };

  const sendForRows: Send = async (call, headers, signal) => {
    const path = prefix + call.path;
    const headersTimeout = limits.headersMs + (call.holdMs ?? 0);
    const {
      statusCode,
      headers: answered,
      body,
    } = await rowPool.send({
      method: call.method,
      path,
      query: queryOf(call),
      headers,
      body: call.body === undefined ? null : JSON.stringify(call.body),
      signal,
      headersTimeout,
    });
    return { statusCode, headers: answered, body, whole: (most) => body.whole(most), discard: () => body.cancel() };
  };

  /** One try: the answer's head is here, its status is 200 or 304, its body unread. */
  async function attempt(send: Send, call: Call, signal: AbortSignal): Promise<Answer> {
    const token = await tokens.get();
    const headers = {
      accept: "application/json",
      "accept-encoding": "identity",
      "user-agent": "chaperone",
      ...(call.body === undefined ? {} : { "content-type": "application/json" }),
      ...(call.ifNoneMatch === undefined ? {} : { "if-none-match": call.ifNoneMatch }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const answer = await send(call, headers, signal).catch((error: unknown) => {
      throw networkError(error, signal);
    });
    try {
      return await accepted(answer, call, signal);
    } catch (error) {
      answer.discard();
      if (token !== undefined && error instanceof UpstreamError && error.httpStatus === 401) tokens.discard(token);
      throw error;
    }
  }

  /** The first try that works; the last one's error. */
  async function request(send: Send, call: Call, signal: AbortSignal, deadline: number): Promise<Answer> {
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
      if (answer.statusCode === 304) {
        answer.discard();
        return undefined;
      }
      return parseJson(await collect(answer, limits.jsonBytes, signal));
    });
  }

  /** A call for rows waits for its connection; one that would then wait for its job doesn't. */
  async function connectionFor({ agent = "", holdMs, once }: Call, signal: AbortSignal): Promise<() => void> {
    // What begins a job has no other way to its rows, and holds its connection for a moment.
    if (holdMs === undefined || once === true) return shares.turn(agent, signal);
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
    const follow = () => page.abort(call.signal?.reason);
    if (call.signal?.aborted) follow();
    call.signal?.addEventListener("abort", follow, { once: true });
    const release = () => call.signal?.removeEventListener("abort", follow);
    const began = Date.now();
    const headMs = Math.min(limits.pageMs, (call.deadlineMs ?? limits.callMs) + (call.holdMs ?? 0));
    const late = () => page.abort(LATE);
    let timer = setTimeout(late, headMs).unref();
    let giveBack = () => {};
    const done = () => {
      clearTimeout(timer);
      release();
      giveBack();
    };
    try {
      giveBack = await connectionFor(call, page.signal);
      page.signal.addEventListener("abort", giveBack, { once: true });
      const answer = await request(sendForRows, call, page.signal, began + headMs);
      const whole = answer.whole?.(limits.pageBytes);
      if (whole !== undefined) {
        done();
        return { status: 200, body: only(whole), whole, cancel: () => {} };
      }
      clearTimeout(timer);
      timer = setTimeout(late, limits.pageMs - (Date.now() - began)).unref();
      return rowStream(answer, limits.pageBytes, page, done);
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

/** Refuses every answer but a plain JSON one with status 200, or the 304 that was asked for. */
async function accepted(answer: Answer, call: Call, signal: AbortSignal): Promise<Answer> {
  const { statusCode: httpStatus, headers } = answer;
  if (httpStatus === 304 && call.ifNoneMatch !== undefined) return answer;
  // Following one would carry the gateway's token to wherever it points.
  if (httpStatus >= 300 && httpStatus < 400) throw new UpstreamError("redirected", { httpStatus });
  const encoding = headers["content-encoding"];
  const plain = encoding === undefined || encoding === "identity";
  if (httpStatus !== 200) {
    throw errorOfAnswer(httpStatus, plain ? await reasonIn(answer, signal) : undefined);
  }
  if (!plain) throw new UpstreamError("encoded", { httpStatus });
  // Without either, the answer ends where the connection does, and half an answer looks whole.
  if (headers["content-length"] === undefined && headers["transfer-encoding"] === undefined) {
    throw new UpstreamError("unexpected", { httpStatus });
  }
  if (!/^application\/json\s*(?:;|$)/i.test(String(headers["content-type"] ?? ""))) {
    throw new UpstreamError("notJson", { httpStatus });
  }
  return answer;
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
  if (!(Symbol.asyncIterator in body)) {
    const [whole] = body;
    if (whole.length > mostBytes) throw new UpstreamError("oversized", { httpStatus: statusCode });
    return whole;
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

function rowStream(answer: Answer, mostBytes: number, page: AbortController, done: () => void): RowStream {
  const cancel = () => {
    done();
    answer.discard();
  };
  async function* body(): AsyncGenerator<Buffer> {
    let length = 0;
    try {
      for await (const chunk of answer.body) {
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
