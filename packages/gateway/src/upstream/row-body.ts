import type { AnswerHeaders } from "./answer-reader.ts";
import { UpstreamError } from "./error.ts";
import { Unsent } from "./unsent.ts";

/** What a socket gives at once, at most; Node's own measure. */
export const READ_BYTES = 64 * 1024;
/** Room for a piece: what the masker takes at once. */
const PIECE_BYTES = 256 * 1024;
/** A record of TLS (RFC 8446, section 5.1). */
const RECORD_BYTES = 16 * 1024;
/**
 * A piece is full when it might not hold what comes next. By TLS that is more than a socket gives at once: all that a read makes whole is decrypted and given,
 * also after a pause, and the read before may have left all of a record but its end.
 */
const FULL_BYTES = PIECE_BYTES - READ_BYTES - RECORD_BYTES;
/** Room for the first one, for most answers are small. */
const FIRST_BYTES = 32 * 1024;
/** A buffer of its own for each costs little to make and much to collect. */
const KEPT = [
  { bytes: FIRST_BYTES, most: 64 },
  { bytes: PIECE_BYTES, most: 16 },
] as const;
/** A piece that isn't full goes out after this: of an answer that comes slowly, each row soon. */
const LINGER_MS = 10;
const NOTHING = Buffer.alloc(0);

/** Memory for pieces, used again and again; so many are kept. */
export class PieceMemory {
  readonly #free = KEPT.map(({ bytes, most }) => ({ bytes, most, kept: [] as Buffer[] }));

  /** A buffer for at least so many bytes, of the least size that there is. */
  take(least: number): Buffer {
    const free = this.#free.find(({ bytes }) => bytes >= least);
    return free?.kept.pop() ?? Buffer.allocUnsafeSlow(free?.bytes ?? least);
  }

  giveBack(memory: Buffer): void {
    const free = this.#free.find(({ bytes }) => bytes === memory.length);
    if (free !== undefined && free.kept.length < free.most) free.kept.push(memory);
  }
}

export interface RowAnswer {
  readonly statusCode: number;
  readonly headers: AnswerHeaders;
  readonly body: RowBody;
}

/** What comes on a connection can be held back, or ended. */
export interface AnswerControl {
  pause(): void;
  resume(): void;
  abort(error: Error): void;
}

/**
 * An answer's body in large pieces, for each costs a round of masking, writing and waiting. While one is masked and sent, one is ready and one is
 * gathered; when both are full the connection isn't read (backpressure). A piece holds only until the next is asked for.
 */
export class RowBody implements AsyncIterable<Buffer> {
  readonly #memory: PieceMemory;
  readonly #signal: AbortSignal;
  readonly #resolve: (answer: RowAnswer) => void;
  readonly #reject: (error: Error) => void;
  readonly #aborted = () => this.#fail(this.#signal.reason);
  #control: AnswerControl | undefined;
  #filling: Buffer = NOTHING;
  #filled = 0;
  #ready: { readonly memory: Buffer; readonly length: number } | undefined;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  #lingering: NodeJS.Timeout | undefined;

  /** Of the two callbacks one is called, once: with the answer's head, or with why there is none (`Unsent`: the request wasn't begun). */
  constructor(
    memory: PieceMemory,
    signal: AbortSignal,
    resolve: (answer: RowAnswer) => void,
    reject: (error: Error) => void,
  ) {
    this.#memory = memory;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    if (signal.aborted) this.#aborted();
    else signal.addEventListener("abort", this.#aborted, { once: true });
  }

  /** False: whoever asked has heard why there is no answer. */
  get isWanted(): boolean {
    return !this.#ended;
  }

  /** The request is about to be written. */
  onRequestStart(control: AnswerControl): void {
    this.#control = control;
    if (this.#error !== undefined) control.abort(this.#error);
  }

  onResponseStart(statusCode: number, headers: AnswerHeaders): void {
    this.#resolve({ statusCode, headers, body: this });
  }

  /** The bytes hold only until this returns. */
  onResponseData(chunk: Buffer): void {
    if (this.#ended) return;
    const filled = this.#filled + chunk.length;
    // Nothing gives so much.
    if (filled > PIECE_BYTES) {
      this.#fail(new UpstreamError("unexpected"));
      return;
    }
    this.#reserve(filled);
    chunk.copy(this.#filling, this.#filled);
    this.#filled = filled;
    if (filled < FULL_BYTES) {
      if (this.#wake !== undefined) this.#linger();
      return;
    }
    if (this.#ready !== undefined) {
      this.#control?.pause();
      return;
    }
    this.#finishPiece();
    this.#awake();
  }

  onResponseEnd(): void {
    this.#end(undefined);
  }

  onResponseError(error: Error): void {
    this.#end(error);
  }

  /** All of it, where it is short, here, and no more than `most` bytes: to keep, and nothing is left to read. undefined: it is to be read. */
  whole(most: number): Buffer | undefined {
    const isHere = this.#ended && this.#error === undefined && this.#ready === undefined;
    if (!isHere || this.#filling.length > FIRST_BYTES || this.#filled > most) return undefined;
    const bytes = Buffer.from(this.#filling.subarray(0, this.#filled));
    this.#memory.giveBack(this.#filling);
    this.#filling = NOTHING;
    this.#filled = 0;
    return bytes;
  }

  /** Drops the rest; the connection goes with it unless the body was at its end. */
  cancel(): void {
    if (!this.#ended) this.#fail(new UpstreamError("connectionFailed"));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    let given: Buffer = NOTHING;
    try {
      for (;;) {
        while (this.#ready === undefined && !this.#ended)
          await new Promise<void>((wake) => {
            this.#wake = wake;
            if (this.#filled > 0) this.#linger();
          });
        if (this.#error !== undefined) throw this.#error;
        const piece = this.#nextPiece();
        if (piece === undefined) return;
        this.#memory.giveBack(given);
        given = piece.memory;
        yield given.subarray(0, piece.length);
      }
    } finally {
      this.cancel();
      // Nothing is taken any more, so these are nobody's; and never given back twice.
      for (const bytes of [given, this.#filling, this.#ready?.memory ?? NOTHING]) this.#memory.giveBack(bytes);
      this.#filling = NOTHING;
      this.#filled = 0;
      this.#ready = undefined;
    }
  }

  #finishPiece(): void {
    this.#ready = { memory: this.#filling, length: this.#filled };
    this.#filling = NOTHING;
    this.#filled = 0;
  }

  /** The one that is ready, or of an answer that has ended the last one. */
  #nextPiece(): { readonly memory: Buffer; readonly length: number } | undefined {
    if (this.#ready === undefined && this.#filled > 0) this.#finishPiece();
    const piece = this.#ready;
    this.#ready = undefined;
    if (this.#filled >= FULL_BYTES) {
      this.#finishPiece();
      if (!this.#ended) this.#control?.resume();
    }
    return piece;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#filling.length) return;
    const isFirst = this.#filling.length === 0;
    const larger = this.#memory.take(isFirst ? bytes : PIECE_BYTES);
    this.#filling.copy(larger, 0, 0, this.#filled);
    this.#memory.giveBack(this.#filling);
    this.#filling = larger;
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#end(error);
    this.#control?.abort(error);
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#signal.removeEventListener("abort", this.#aborted);
    if (error !== undefined) this.#reject(this.#control === undefined ? new Unsent(error) : error);
    this.#awake();
  }

  /** Somebody waits, and there is something. */
  #linger(): void {
    this.#lingering ??= setTimeout(() => {
      if (this.#ready === undefined && this.#filled > 0) this.#finishPiece();
      this.#awake();
    }, LINGER_MS);
  }

  #awake(): void {
    clearTimeout(this.#lingering);
    this.#lingering = undefined;
    this.#wake?.();
    this.#wake = undefined;
  }
}
