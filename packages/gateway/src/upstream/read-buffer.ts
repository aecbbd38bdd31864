import type { OnReadOpts, Socket } from "node:net";

/** What a socket gives at once, at most; Node's own measure. */
export const READ_BYTES = 64 * 1024;

/**
 * The memory into which the socket of one undici Client reads: two buffers in turn, as long as nobody needs what is in them. A buffer of its own for
 * each read, as Node makes them, costs little to make and much to collect: V8 marks its whole heap for every few hundred.
 */
export class ReadBuffer {
  #next = Buffer.allocUnsafeSlow(READ_BYTES);
  #last = Buffer.allocUnsafeSlow(READ_BYTES);
  #socket: Socket | undefined;
  #lastLength = 0;
  #copied = false;
  #ended = false;
  /** For net.connect and tls.connect. */
  readonly onread: OnReadOpts;

  constructor() {
    const self = this;
    this.onread = {
      buffer: () => this.#turn(),
      callback(this: Socket, length: number, bytes: Uint8Array) {
        self.#socket = this;
        self.#lastLength = length;
        // As Node itself does without `onread`: the socket goes on working as a stream.
        return this.push(bytes.subarray(0, length));
      },
    } as OnReadOpts;
  }

  /** The body of an answer comes whose reader copies what it is given, at once. Of a head undici keeps bytes until it is whole. */
  bodyBegins(): void {
    this.#copied = true;
  }

  /** `whole`: to its end. Then nothing is kept of what was read until now; of what is read next, the next head may be. */
  bodyEnds(whole: boolean): void {
    this.#copied = false;
    this.#ended = whole;
  }

  /** Asked for before the first read and behind each: the other buffer, if the stream holds nothing but what was read last. */
  #turn(): Buffer {
    const free = (this.#copied || this.#ended) && this.#socket?.readableLength === this.#lastLength;
    this.#ended = false;
    const next = free ? this.#next : Buffer.allocUnsafeSlow(READ_BYTES);
    this.#next = this.#last;
    this.#last = next;
    return next;
  }
}
