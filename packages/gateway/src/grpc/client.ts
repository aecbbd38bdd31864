import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { FrameError, frame, readFrames } from "./frames.ts";

/** How a call failed: the server's status code, or our own word for what happened before there was one. */
export class GrpcCallError extends Error {
  override readonly name = "GrpcCallError";
  readonly code: number | "connection" | "timeout" | "protocol" | "oversized" | "closed";
  constructor(code: GrpcCallError["code"]) {
    super(`the gRPC call failed: ${code}`);
    this.code = code;
  }
}

export interface GrpcClientOptions {
  /** `https://host`, or `http://host:port` on loopback. */
  readonly endpoint: string;
  readonly connectMs: number;
  /** Longest silence of an answer. */
  readonly idleMs: number;
  readonly messageBytes: number;
  /** Calls at once; bounds what the connection may send ahead. */
  readonly calls: number;
}

export interface GrpcCall {
  readonly path: string;
  readonly message: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
}

/** What a server may send of one call before it is asked for more. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** gRPC over one HTTP/2 connection that is opened when it is needed. */
export class GrpcClient {
  readonly #o: GrpcClientOptions;
  #session: Promise<ClientHttp2Session> | undefined;
  #closed = false;

  constructor(options: GrpcClientOptions) {
    this.#o = options;
  }

  /** The answer's messages, each whole, and there until the next is asked for; what isn't asked for isn't read. Throws GrpcCallError. */
  async *call(call: GrpcCall): AsyncGenerator<Uint8Array> {
    const session = await this.#open();
    const { idleMs, messageBytes } = this.#o;
    if (call.signal.aborted) throw call.signal.reason;
    const stream = session.request(
      {
        ":method": "POST",
        ":path": call.path,
        "content-type": "application/grpc",
        te: "trailers",
        "user-agent": "chaperone",
        "grpc-accept-encoding": "identity",
        ...(call.timeoutMs === undefined
          ? {}
          : { "grpc-timeout": `${Math.min(99_999_999, Math.ceil(call.timeoutMs))}m` }),
        ...call.headers,
      },
      { signal: call.signal },
    );
    const failed = { code: undefined as GrpcCallError["code"] | undefined };
    stream.setTimeout(idleMs, () => {
      // A reader that takes its time is no silence of the server's.
      if (stream.isPaused() || stream.readableLength > 0) return;
      failed.code = "timeout";
      stream.close(constants.NGHTTP2_CANCEL);
    });
    const late =
      call.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            failed.code = "timeout";
            stream.close(constants.NGHTTP2_CANCEL);
          }, call.timeoutMs);
    const ended = endOf(stream);
    stream.end(frame([call.message]));
    try {
      yield* readFrames(stream, messageBytes);
      if (failed.code !== undefined) throw new GrpcCallError(failed.code);
      const status = await ended;
      if (status !== 0) throw new GrpcCallError(status);
    } catch (error) {
      if (call.signal.aborted) throw call.signal.reason;
      if (error instanceof GrpcCallError) throw error;
      if (error instanceof FrameError) {
        const status = error.fault === "truncated" ? await ended : "protocol";
        throw new GrpcCallError(error.fault === "oversized" ? "oversized" : status === 0 ? "protocol" : status);
      }
      throw new GrpcCallError(failed.code ?? (this.#closed ? "closed" : "connection"));
    } finally {
      clearTimeout(late);
      if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const session = await this.#session?.catch(() => undefined);
    session?.destroy();
  }

  #open(): Promise<ClientHttp2Session> {
    if (this.#closed) throw new GrpcCallError("closed");
    this.#session ??= this.#connect();
    return this.#session;
  }

  #connect(): Promise<ClientHttp2Session> {
    const { endpoint, connectMs, calls } = this.#o;
    return new Promise((resolve, reject) => {
      const session = connect(endpoint, { settings: { enablePush: false, initialWindowSize: WINDOW_BYTES } });
      const forget = (): void => {
        this.#session = undefined;
      };
      const late = setTimeout(() => {
        forget();
        session.destroy();
        reject(new GrpcCallError("timeout"));
      }, connectMs);
      session.once("connect", () => {
        clearTimeout(late);
        // As much as all calls together, so that one slow reader doesn't stop the others.
        session.setLocalWindowSize(WINDOW_BYTES * calls);
        session.unref();
        resolve(session);
      });
      session.once("error", () => {
        clearTimeout(late);
        forget();
        reject(new GrpcCallError("connection"));
      });
      session.once("goaway", forget);
      session.once("close", forget);
    });
  }
}

/** The call's status: from the trailers, or the headers of an answer that has nothing else. */
function endOf(stream: ClientHttp2Stream): Promise<GrpcCallError["code"]> {
  return new Promise((resolve) => {
    stream.once("response", (headers) => {
      if (headers[":status"] !== 200) resolve(httpStatus(headers[":status"]));
      else if (headers["grpc-status"] !== undefined) resolve(statusOf(headers["grpc-status"]));
      else if (!String(headers["content-type"] ?? "").startsWith("application/grpc")) resolve("protocol");
    });
    stream.once("trailers", (trailers) => resolve(statusOf(trailers["grpc-status"])));
    stream.on("error", () => resolve("connection"));
    stream.once("close", () => resolve("connection"));
  });
}

function statusOf(header: unknown): GrpcCallError["code"] {
  return /^\d{1,2}$/.test(String(header)) ? Number(header) : "protocol";
}

/** https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md */
function httpStatus(status: number | undefined): GrpcCallError["code"] {
  if (status === 401) return 16;
  if (status === 403) return 7;
  if (status === 404) return 12;
  return status === 429 || status === 502 || status === 503 || status === 504 ? 14 : "protocol";
}
