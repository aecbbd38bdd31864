import { type ClientHttp2Stream, constants } from "node:http2";
import type { Connection, TakenStream } from "./connection.ts";
import type { MessageRoom } from "./message-room.ts";

/** How a call failed: the server's status code, or our own word for what happened before there was one. */
export class GrpcCallError extends Error {
  override readonly name = "GrpcCallError";
  readonly code: number | "connection" | "timeout" | "protocol" | "oversized" | "closed";
  constructor(code: GrpcCallError["code"]) {
    super(`the gRPC call failed: ${code}`);
    this.code = code;
  }
}

/** What a server may send of one call before it is asked for more. */
export const WINDOW_BYTES = 4 * 1024 * 1024;

/** The messages of one call's answer, each whole; of what isn't asked for, no more is read than the window. */
export class Answer {
  /** Some of it came. */
  onData = (): void => undefined;
  readonly #stream: ClientHttp2Stream;
  readonly #room: MessageRoom;
  readonly #taken: TakenStream;
  /** Came, and isn't allowed again yet. */
  #counted = 0;
  #over: GrpcCallError["code"] | undefined;
  #wake: (() => void) | undefined;

  constructor(connection: Connection, stream: ClientHttp2Stream, room: MessageRoom) {
    if (stream.id === undefined) throw new GrpcCallError("connection");
    this.#stream = stream;
    this.#room = room;
    this.#taken = connection.take(stream.id, (bytes, counted) => this.#come(bytes, counted));
    // Its end, too, must be read.
    stream.resume();
    void endOf(stream).then((code) => this.#end(code));
  }

  /** Somebody waits for the next message. */
  get isAwaited(): boolean {
    return this.#wake !== undefined;
  }

  /** Nothing more comes; messages may still wait. */
  get isOver(): boolean {
    return this.#over !== undefined;
  }

  /** The next message, which holds until the next call; undefined: that was all. Throws GrpcCallError, FrameError. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const message = this.#room.take();
      if (message !== undefined) {
        this.#allow();
        return message;
      }
      if (this.#over !== undefined) break;
      this.#taken.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#over !== 0) throw new GrpcCallError(this.#over);
    // Cut short.
    if (!this.#room.isEmpty) throw new GrpcCallError("protocol");
    return undefined;
  }

  fail(code: GrpcCallError["code"]): void {
    this.#end(code);
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  release(): void {
    this.#taken.release();
  }

  #come(bytes: Uint8Array, counted: number): void {
    if (this.#over !== undefined) return;
    this.onData();
    this.#counted += counted;
    if (this.#counted > WINDOW_BYTES) {
      this.fail("protocol");
      return;
    }
    this.#room.add(bytes);
    if (!this.#hasNext()) {
      this.#allow();
      return;
    }
    this.#taken.pause();
    this.#awake();
  }

  /** Not while a message waits: then what may still come is all that is held. */
  #allow(): void {
    if (this.#counted < WINDOW_BYTES / 2 || this.#hasNext()) return;
    this.#taken.allow(this.#counted);
    this.#counted = 0;
  }

  /** A message, or what is none: whoever takes it is told. */
  #hasNext(): boolean {
    try {
      return this.#room.isWhole;
    } catch {
      return true;
    }
  }

  #end(code: GrpcCallError["code"]): void {
    this.#over ??= code;
    this.#awake();
  }

  #awake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** The call's status: from the trailers, or the headers of an answer that has nothing else. */
function endOf(stream: ClientHttp2Stream): Promise<GrpcCallError["code"]> {
  return new Promise((resolve) => {
    stream.once("response", (headers, flags) => {
      const status = headers["grpc-status"];
      const isAll = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      if (headers[":status"] !== 200) resolve(httpStatus(headers[":status"]));
      // That all went well is said behind the messages: before them nobody knows yet.
      else if (status !== undefined && (isAll || status !== "0")) resolve(statusOf(status));
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
