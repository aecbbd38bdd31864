import type { Socket } from "node:net";
import { errors } from "undici";
import { AnswerReader } from "./answer-reader.ts";
import type { AnswerControl, RowBody } from "./row-body.ts";

/** A request as it is written. */
export interface RowRequest {
  readonly text: string;
  /** Each character of it is one byte. */
  readonly isPlain: boolean;
  /** Milliseconds until the answer's head. */
  readonly headMs: number;
  readonly rows: RowBody;
}

export interface RowConnectionOptions {
  /** Longest silence within a body, milliseconds. */
  readonly bodyIdleMs: number;
  /** How long it is kept where the other side says nothing. */
  readonly keptMs: number;
  /** It has no request any more and may have another. */
  freed(connection: RowConnection): void;
  /** It is closed. */
  closed(connection: RowConnection): void;
}

/** One connection, one request at a time. */
export class RowConnection implements AnswerControl {
  readonly #socket: Socket;
  readonly #options: RowConnectionOptions;
  readonly #reader: AnswerReader;
  #request: RowRequest | undefined;
  #headCame = false;
  #paused = false;
  #error: Error | undefined;
  /** On the clock of `performance.now`: until then something must have come. */
  #until = 0;

  constructor(socket: Socket, options: RowConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = new AnswerReader({
      head: (status, headers) => {
        this.#headCame = true;
        this.#request?.rows.onResponseStart(status, headers);
      },
      data: (bytes) => this.#request?.rows.onResponseData(bytes),
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("end", () => this.#ended());
    socket.on("close", () => {
      this.#fail(new errors.SocketError("closed"));
      options.closed(this);
    });
  }

  get isOpen(): boolean {
    return this.#error === undefined && !this.#socket.destroyed;
  }

  send(request: RowRequest): void {
    this.#request = request;
    this.#headCame = false;
    this.#paused = false;
    this.#until = performance.now() + request.headMs;
    this.#socket.ref();
    this.#reader.begin();
    request.rows.onRequestStart(this);
    // It may be wanted no more, and then this is closed.
    if (this.#request === request) this.#socket.write(request.text, request.isPlain ? "latin1" : "utf8");
  }

  /** What the socket read. */
  came(bytes: Buffer): void {
    const request = this.#request;
    if (request === undefined) {
      // What nobody asked for.
      this.destroy();
      return;
    }
    try {
      if (this.#reader.push(bytes)) this.#answered(request);
      else if (this.#headCame) this.#until = performance.now() + this.#options.bodyIdleMs;
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error("an answer that can't be read"));
    }
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#until = performance.now() + this.#options.bodyIdleMs;
    this.#socket.resume();
  }

  /** The rows aren't wanted any more: whoever says so knows it. */
  abort(error: Error): void {
    this.#fail(error);
  }

  /** Closes it if its time is up. */
  check(now: number): void {
    if (now < this.#until || this.#paused) return;
    if (this.#request === undefined) this.destroy();
    else this.#fail(this.#headCame ? new errors.BodyTimeoutError() : new errors.HeadersTimeoutError());
  }

  destroy(): void {
    this.#fail(new errors.SocketError("closed"));
  }

  #answered(request: RowRequest): void {
    // It was closed by whoever was given the answer's last piece.
    if (this.#request !== request) return;
    this.#request = undefined;
    const kept = this.#reader.keptMs ?? this.#options.keptMs;
    // What of a request isn't written when its answer has come would go before the next one.
    if (kept === 0 || this.#socket.writableLength > 0) this.destroy();
    else {
      if (this.#paused) this.resume();
      this.#until = performance.now() + kept;
      this.#socket.unref();
    }
    request.rows.onResponseEnd();
    if (this.isOpen) this.#options.freed(this);
  }

  #ended(): void {
    const request = this.#request;
    if (request !== undefined && this.#reader.end()) this.#answered(request);
    else this.#fail(new errors.SocketError("other side closed"));
  }

  #fail(error: Error): void {
    this.#error ??= error;
    const request = this.#request;
    this.#request = undefined;
    this.#reader.stop();
    this.#socket.destroy();
    request?.rows.onResponseError(error);
  }
}
