import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";
import { errorOfAnswer, UpstreamError } from "./error.ts";
import { observed } from "./observed.ts";
import { errorAnswer } from "./resources.ts";
import { isWorthRetrying, waitBefore } from "./retry.ts";
import type { TransportOptions } from "./transport.ts";

/**
 * A load job's data, sent in pieces (resumable upload): BigQuery makes the job when the last one is there, and nothing before.
 * https://cloud.google.com/bigquery/docs/reference/api-uploads#resumable
 */
export interface LoadPieces {
  /** Resolves when BigQuery has the piece. Every piece but the last is a multiple of PIECE_UNIT long. Throws UpstreamError. */
  send(piece: Buffer, signal?: AbortSignal): Promise<void>;
  /** The last piece, perhaps empty: the job that was made, as BigQuery describes it. */
  finish(piece: Buffer, signal?: AbortSignal): Promise<unknown>;
  /** Has BigQuery forget what it got; it does so by itself after a week. Never throws. */
  cancel(): Promise<void>;
}

/** https://cloud.google.com/bigquery/docs/reference/api-uploads#chunking */
export const PIECE_UNIT = 256 * 1024;
/** HTTP's own name for 308 is another; Google's uploads mean "go on" by it. */
const GO_ON = 308;
/** An answer is a job, or an error of which the reason is read. */
const LARGEST_ANSWER = 1024 * 1024;

export interface LoadUploads {
  /** `project`: a path segment; `job`: the body of jobs.insert. */
  begin(project: string, job: unknown): Promise<LoadPieces>;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: unknown;
}

export function loadUploads({ endpoint, limits, tokens, random, observe }: TransportOptions): LoadUploads {
  const base = new URL(endpoint);
  const prefix = base.pathname.replace(/\/+$/, "");
  const pool = new Pool(base.origin, {
    connections: limits.connections,
    connect: { timeout: limits.connectMs },
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyIdleMs,
    maxHeaderSize: 32 * 1024,
  });

  async function call(
    method: "POST" | "PUT" | "DELETE",
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const token = await tokens.get();
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const own = { accept: "application/json", "accept-encoding": "identity", "user-agent": "chaperone" };
    try {
      const answer = await pool.request({
        method,
        path,
        headers: { ...own, ...headers, ...authorization, "content-length": String(body.length) },
        body,
        ...(signal === undefined ? {} : { signal }),
      });
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > LARGEST_ANSWER) throw new UpstreamError("oversized", { httpStatus: answer.statusCode });
        chunks.push(chunk);
      }
      if (answer.statusCode === 401 && token !== undefined) tokens.discard(token);
      return { status: answer.statusCode, headers: answer.headers, body: parsed(Buffer.concat(chunks)) };
    } catch (error) {
      if (error instanceof UpstreamError) throw error;
      if (signal?.aborted) throw new DOMException("The call was aborted.", "AbortError");
      // undici's message may hold what it sent.
      throw new UpstreamError("connectionFailed");
    }
  }

  /** Again what is worth it, as often as other calls. `work` is told how often it failed before. */
  async function again<T>(signal: AbortSignal | undefined, work: (failed: number) => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await work(tries);
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        const worth = isWorthRetrying(error) || (error.httpStatus === 401 && tries === 0);
        if (!worth || tries >= limits.retries || signal?.aborted) throw error;
        await delay(waitBefore(tries + 1, random()));
      }
    }
  }

  return {
    begin: (project, job) =>
      observed(observe, "jobs.insert.upload", () =>
        again(undefined, async () => {
          const path = `${prefix}/upload/bigquery/v2${project}/jobs`;
          const headers = {
            "content-type": "application/json; charset=UTF-8",
            "x-upload-content-type": "application/octet-stream",
          };
          const body = Buffer.from(JSON.stringify(job));
          const answer = await call("POST", `${path}?uploadType=resumable`, headers, body, undefined);
          if (answer.status !== 200) throw errorOf(answer);
          return pieces(`${path}?uploadType=resumable&upload_id=${uploadId(answer)}`);
        }),
      ),
    close: () => pool.destroy(),
  };

  function pieces(path: string): LoadPieces {
    /** What BigQuery has. */
    let sent = 0;

    /** Sends what of the piece BigQuery hasn't got, asking first where an answer was lost. undefined: it is all there, and more follows. */
    async function put(piece: Buffer, last: boolean, signal: AbortSignal | undefined): Promise<unknown> {
      const from = sent;
      const end = from + piece.length;
      const total = last ? String(end) : "*";
      const step = async (ask: boolean): Promise<unknown> => {
        const rest = ask ? Buffer.alloc(0) : piece.subarray(sent - from);
        const range = rest.length === 0 ? `bytes */${total}` : `bytes ${sent}-${end - 1}/${total}`;
        const answer = await call("PUT", path, { "content-range": range }, rest, signal);
        if (last && (answer.status === 200 || answer.status === 201)) return answer.body ?? null;
        if (answer.status !== GO_ON) throw errorOf(answer);
        const has = received(answer);
        // What it said it had, it can't have lost: it isn't held here any more.
        if (has < sent || has > end) throw new UpstreamError("unexpected", { httpStatus: GO_ON });
        sent = has;
        return undefined;
      };
      let before = -1;
      let stuck = 0;
      for (;;) {
        const job = await again(signal, (failed) => step(failed > 0));
        if (job !== undefined) return job;
        if (!last && sent === end) return undefined;
        stuck = sent === before ? stuck + 1 : 0;
        if (stuck > limits.retries) throw new UpstreamError("unexpected", { httpStatus: GO_ON });
        before = sent;
      }
    }

    return {
      async send(piece, signal) {
        if (piece.length === 0 || piece.length % PIECE_UNIT !== 0) throw new RangeError("not a whole piece");
        await observed(observe, "jobs.insert.piece", () => put(piece, false, signal));
      },
      finish: (piece, signal) => observed(observe, "jobs.insert.lastPiece", () => put(piece, true, signal)),
      async cancel() {
        await call("DELETE", path, {}, Buffer.alloc(0), AbortSignal.timeout(limits.headersMs)).catch(() => undefined);
      },
    };
  }
}

/** Of the address that BigQuery gives only its id is used: the gateway's token goes nowhere else. */
function uploadId({ headers, status }: Answer): string {
  const { location } = headers;
  const url = typeof location === "string" ? URL.parse(location) : null;
  const id = url?.searchParams.get("upload_id") ?? "";
  if (!/^[\w.~-]{1,2048}$/.test(id)) throw new UpstreamError("unexpected", { httpStatus: status });
  return id;
}

/** `Range: bytes=0-N`; none: nothing. */
function received({ headers }: Answer): number {
  const { range } = headers;
  if (range === undefined) return 0;
  const [, last] = /^bytes=0-(\d{1,15})$/.exec(String(range)) ?? [];
  if (last === undefined) throw new UpstreamError("unexpected", { httpStatus: GO_ON });
  return Number(last) + 1;
}

function errorOf({ status, body }: Answer): UpstreamError {
  if (status >= 200 && status < 400) return new UpstreamError("unexpected", { httpStatus: status });
  return errorOfAnswer(status, errorAnswer.safeParse(body).data?.error.errors?.[0]?.reason);
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
