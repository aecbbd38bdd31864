import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { TLSSocket, TlsOptions } from "node:tls";
import { certificateThumbprint, mayStay } from "../tls/client-certificate.ts";
import { FrameError, framed } from "./frames.ts";
import { MessageRoom } from "./message-room.ts";
import { GrpcError, STATUS, type StatusName } from "./status.ts";

/**
 * gRPC over HTTP/2, with TLS (h2 by ALPN, nothing else) or without (a proxy before the gateway ends it), for calls of one request message each.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export interface Call {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly authorization: readonly string[];
  /** Each DPoP header (RFC 9449). */
  readonly dpop: readonly string[];
  /** Thumbprint of the client's certificate, if TLS ends here. */
  readonly certificate: string | undefined;
  readonly address: string;
  /** Fires when the client is gone, or its deadline is over. */
  readonly signal: AbortSignal;
  /** The one message; read once. */
  request(): Promise<Uint8Array>;
  /**
   * Sends one message; resolves when it is written and the client has room for another, so that a slow reader slows whoever waits for it, and
   * the pieces' memory may be used again. Rejects when
   * the call's signal fires, or this one: whoever takes nothing must not hold a place for ever (I10).
   */
  send(pieces: readonly Uint8Array[], signal?: AbortSignal): Promise<void>;
}

export interface GrpcServerOptions {
  readonly tls: TlsOptions | undefined;
  readonly limits: {
    readonly headerBytes: number;
    readonly headerCount: number;
    readonly connections: number;
    /** For TLS to begin. */
    readonly headersTimeoutMs: number;
    readonly idleTimeoutMs: number;
    readonly bodyTimeoutMs: number;
    readonly callsPerConnection: number;
    readonly requestBytes: number;
  };
  /** Answers by `send`; returns when all is sent. A GrpcError is how the call ends; `statusOf` says it of others. */
  serve(call: Call): Promise<void>;
  statusOf(error: unknown): GrpcError;
  /** Each call, when it has ended. */
  ended(call: Pick<Call, "path">, status: StatusName | "ok", seconds: number): void;
}

export interface GrpcServer {
  readonly http2: Http2Server | Http2SecureServer;
  /** Takes no more calls; resolves when the last one ended, or was cut after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Longest deadline a client may give, and what one without gets. */
const LONGEST_MS = 24 * 3600 * 1000;
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000001 };
/** How many calls of a connection may be reset, and how many more each second, before it is closed (CVE-2023-44487). */
const RESET_BURST = 200;
const RESET_RATE = 20;
/** How long a client that was told to go (GOAWAY) may still take for it. */
const GOING_MS = 1000;

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const { limits } = options;
  const sessions = new Set<{ close(): void; destroy(): void }>();
  const http2 = {
    settings: {
      maxConcurrentStreams: limits.callsPerConnection,
      maxHeaderListSize: limits.headerBytes,
      enablePush: false,
    },
    maxHeaderListPairs: limits.headerCount,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    streamResetBurst: RESET_BURST,
    streamResetRate: RESET_RATE,
  };
  const server =
    options.tls === undefined
      ? createServer(http2)
      : createSecureServer({ ...http2, ...options.tls, allowHTTP1: false, handshakeTimeout: limits.headersTimeoutMs });
  if (options.tls !== undefined) {
    server.on("secureConnection", (socket: TLSSocket) => {
      if (!mayStay(socket)) socket.destroy();
    });
    // No h2 by ALPN: whoever it is speaks no gRPC (RFC 9113, 3.2).
    server.on("unknownProtocol", (socket: TLSSocket) => socket.destroy());
  }
  server.maxConnections = limits.connections;
  server.on("session", (session) => {
    let open = 0;
    sessions.add(session);
    session.on("error", () => session.destroy());
    // Idle is a connection without a call, whatever else comes by it: pings, or a call's headers without their end.
    const leave = (): void => {
      session.close();
      // One whose headers never end is none that could be waited for.
      idle = setTimeout(() => session.destroy(), GOING_MS);
    };
    let idle = setTimeout(leave, limits.idleTimeoutMs);
    session.once("close", () => {
      clearTimeout(idle);
      sessions.delete(session);
    });
    session.on("stream", (stream) => {
      open++;
      clearTimeout(idle);
      stream.once("close", () => {
        open--;
        if (open === 0 && !session.destroyed) idle = setTimeout(leave, limits.idleTimeoutMs);
      });
    });
  });
  server.on("sessionError", () => undefined);
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: unknown) => {
    stream.on("error", () => undefined);
    void answer(stream, headers, raw as readonly string[]);
  });

  async function answer(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    raw: readonly string[],
  ): Promise<void> {
    const began = performance.now();
    const path = String(headers[":path"] ?? "");
    const stop = new AbortController();
    stream.once("close", () => stop.abort());
    let deadline: NodeJS.Timeout | undefined;
    let outcome: StatusName | "ok" = "ok";
    try {
      checkHeaders(stream, headers);
      const ms = timeoutOf(headers["grpc-timeout"]);
      deadline = setTimeout(() => stop.abort(new GrpcError("deadlineExceeded", "The call's deadline is over.")), ms);
      deadline.unref();
      await options.serve({
        path,
        authorization: valuesOf(raw, "authorization"),
        dpop: valuesOf(raw, "dpop"),
        certificate: certificateThumbprint(stream.session?.socket),
        address: stream.session?.socket?.remoteAddress ?? "",
        signal: stop.signal,
        request: () => requestOf(stream, limits.requestBytes, limits.bodyTimeoutMs),
        send: (pieces, signal) => send(stream, pieces, signal === undefined ? [stop.signal] : [stop.signal, signal]),
      });
      begin(stream);
      end(stream, "ok", "");
    } catch (error) {
      const reason = stop.signal.aborted && stop.signal.reason instanceof GrpcError ? stop.signal.reason : error;
      const known = reason instanceof GrpcError ? reason : options.statusOf(reason);
      outcome = stream.destroyed && !(reason instanceof GrpcError) ? "cancelled" : known.status;
      end(stream, known.status, known.message, known.metadata);
    } finally {
      clearTimeout(deadline);
      options.ended({ path }, outcome, (performance.now() - began) / 1000);
    }
  }

  return {
    http2: server,
    async close(graceMs) {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const session of sessions) session.close();
      const late = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, graceMs);
      await closed;
      clearTimeout(late);
    },
  };
}

function valuesOf(raw: readonly string[], wanted: string): readonly string[] {
  return raw.flatMap((name, i) => (i % 2 === 0 && name.toLowerCase() === wanted ? [raw[i + 1] ?? ""] : []));
}

const CONTENT_TYPE = "application/grpc";

function checkHeaders(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const type = headers["content-type"] ?? "";
  if (headers[":method"] !== "POST" || (type !== CONTENT_TYPE && !/^application\/grpc[+;]/.test(type))) {
    // No gRPC client: HTTP's own answer (PROTOCOL-HTTP2, "Requests").
    if (!stream.destroyed) stream.respond({ ":status": 415 }, { endStream: true });
    throw new GrpcError("invalidArgument", "This address speaks gRPC.");
  }
  if (type !== CONTENT_TYPE && type !== `${CONTENT_TYPE}+proto`)
    throw new GrpcError("unimplemented", "Only Protocol Buffers are read.");
  const encoding = headers["grpc-encoding"];
  if (encoding !== undefined && encoding !== "identity")
    throw new GrpcError("unimplemented", "Compressed requests are not read.");
}

function timeoutOf(header: string | readonly string[] | undefined): number {
  if (header === undefined) return LONGEST_MS;
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(String(header)) ?? [];
  if (digits === undefined || unit === undefined) throw new GrpcError("invalidArgument", "grpc-timeout is malformed.");
  return Math.min(LONGEST_MS, Math.ceil(Number(digits) * (UNIT_MS[unit] ?? 1)));
}

async function requestOf(stream: ServerHttp2Stream, maxBytes: number, timeoutMs: number): Promise<Uint8Array> {
  const late = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), timeoutMs);
  try {
    const room = new MessageRoom(maxBytes);
    let message: Uint8Array | undefined;
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      room.add(chunk as Uint8Array);
      for (let next = room.take(); next !== undefined; next = room.take()) {
        if (message !== undefined) throw new GrpcError("invalidArgument", "The call takes one message.");
        message = Uint8Array.from(next);
      }
    }
    if (!room.isEmpty) throw new FrameError("truncated");
    if (message === undefined) throw new GrpcError("invalidArgument", "The call takes one message.");
    return message;
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    switch (error.fault) {
      case "compressed":
        throw new GrpcError("unimplemented", "Compressed requests are not read.");
      case "oversized":
        throw new GrpcError("resourceExhausted", `A request has at most ${maxBytes} bytes.`);
      case "truncated":
        throw new GrpcError("invalidArgument", "The request is truncated.");
    }
  } finally {
    clearTimeout(late);
    // What is left is nobody's.
    stream.resume();
  }
}

function begin(stream: ServerHttp2Stream): void {
  if (stream.headersSent || stream.destroyed) return;
  stream.respond(
    { ":status": 200, "content-type": CONTENT_TYPE, "grpc-accept-encoding": "identity" },
    { waitForTrailers: true },
  );
}

function send(
  stream: ServerHttp2Stream,
  pieces: readonly Uint8Array[],
  signals: readonly AbortSignal[],
): Promise<void> {
  for (const signal of signals) signal.throwIfAborted();
  begin(stream);
  return new Promise((resolve, reject) => {
    const stop = (event: Event): void => reject((event.target as AbortSignal).reason);
    for (const signal of signals) signal.addEventListener("abort", stop, { once: true });
    const sent = (error: Error | null | undefined): void => {
      for (const signal of signals) signal.removeEventListener("abort", stop);
      if (error) reject(error);
      else resolve();
    };
    const written = framed(pieces);
    // In one go, but without a copy of what may be many megabytes.
    stream.cork();
    for (const [i, piece] of written.entries())
      stream.write(piece, (error) => {
        if (error != null || i === written.length - 1) sent(error);
      });
    stream.uncork();
  });
}

/** Status and message go in the trailers; if nothing was sent yet, with the headers. */
function end(
  stream: ServerHttp2Stream,
  status: StatusName | "ok",
  message: string,
  metadata: Readonly<Record<string, string>> = {},
): void {
  if (stream.destroyed || stream.closed) return;
  // Behind what the client doesn't take no status arrives, and what waits for it is memory (I10).
  if (stream.headersSent && stream.writableLength > 0) {
    stream.close(constants.NGHTTP2_CANCEL);
    return;
  }
  const trailers = {
    ...metadata,
    "grpc-status": String(STATUS[status]),
    ...(message === "" ? {} : { "grpc-message": percentEncoded(message) }),
  };
  if (!stream.headersSent) {
    stream.respond({ ":status": 200, "content-type": CONTENT_TYPE, ...trailers }, { endStream: true });
    // Whatever of the request wasn't read is not read.
    stream.close(constants.NGHTTP2_NO_ERROR);
    return;
  }
  stream.once("wantTrailers", () => stream.sendTrailers(trailers));
  stream.end();
}

/** Bytes of printable ASCII but `%` stand for themselves (PROTOCOL-HTTP2, "Responses"). */
function percentEncoded(message: string): string {
  let out = "";
  for (const byte of Buffer.from(message))
    out +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return out;
}
