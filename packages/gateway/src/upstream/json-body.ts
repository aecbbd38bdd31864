import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { UpstreamError } from "./error.ts";
import { Unsent } from "./unsent.ts";

/** An answer whose body is here as a whole. */
export interface WholeAnswer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Gathers a small answer: most calls have one of a few kilobytes, and a stream, with its iterators and listeners, costs more than all that is in it.
 * Of the two callbacks one is called, once; the second with `Unsent` where the request wasn't begun. What undici's Client gives is never written over (the connections of rows are others), so it isn't copied
 * before the end.
 */
export class JsonBody implements Dispatcher.DispatchHandler {
  readonly #mostBytes: number;
  readonly #signal: AbortSignal;
  readonly #resolve: (answer: WholeAnswer) => void;
  readonly #reject: (error: Error) => void;
  readonly #aborted = () => this.#fail(this.#signal.reason);
  #controller: Dispatcher.DispatchController | undefined;
  #statusCode = 0;
  #headers: IncomingHttpHeaders = {};
  #chunks: Buffer[] = [];
  #length = 0;
  #ended = false;
  #error: Error | undefined;

  constructor(
    mostBytes: number,
    signal: AbortSignal,
    resolve: (answer: WholeAnswer) => void,
    reject: (error: Error) => void,
  ) {
    this.#mostBytes = mostBytes;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    if (signal.aborted) this.#aborted();
    else signal.addEventListener("abort", this.#aborted, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#error !== undefined) controller.abort(this.#error);
  }

  onResponseStart(_: Dispatcher.DispatchController, statusCode: number, headers: IncomingHttpHeaders): void {
    // Before the final answer's head there may be others (RFC 9110, section 15.2).
    if (statusCode < 200) return;
    this.#statusCode = statusCode;
    this.#headers = headers;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#ended) return;
    this.#length += chunk.length;
    if (this.#length > this.#mostBytes) {
      this.#fail(new UpstreamError("oversized", { httpStatus: this.#statusCode }));
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#ended) return;
    this.#end();
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks, this.#length);
    this.#resolve({ statusCode: this.#statusCode, headers: this.#headers, body });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#ended) return;
    this.#end();
    this.#reject(this.#controller === undefined ? new Unsent(error) : error);
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#error = error;
    this.#end();
    this.#reject(error);
    this.#controller?.abort(error);
  }

  #end(): void {
    this.#ended = true;
    this.#signal.removeEventListener("abort", this.#aborted);
  }
}
