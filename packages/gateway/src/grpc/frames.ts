import type { Readable } from "node:stream";
import { countFreshBytes } from "./young-buffers.ts";

/**
 * gRPC's messages on a byte stream: a byte that says whether it is compressed, four of length (big-endian), the message.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */

export type FrameFault = "compressed" | "oversized" | "truncated";

export class FrameError extends Error {
  override readonly name = "FrameError";
  readonly fault: FrameFault;
  constructor(fault: FrameFault) {
    super(`a gRPC message is ${fault}`);
    this.fault = fault;
  }
}

const PREFIX_BYTES = 5;

/** Room for a message grows with what has come of it, from so much on: a prefix alone takes no memory. */
const LEAST_ROOM = 64 * 1024;

/**
 * The messages of a stream, each whole; what isn't asked for isn't read. A message holds until the next is asked for, which is read into
 * the same memory: fresh memory for each makes V8 collect garbage all the time.
 */
export async function* readFrames(stream: Readable, maxBytes: number): AsyncGenerator<Uint8Array> {
  const frames = new Frames(maxBytes);
  let over: { readonly error: unknown } | "ended" | undefined;
  let wake = (): void => undefined;
  const stop = (how: typeof over): void => {
    over ??= how;
    wake();
  };
  const heard = {
    data: (chunk: Uint8Array) => {
      try {
        countFreshBytes(chunk.length);
        frames.add(chunk);
        if (!frames.isWhole) return;
      } catch (error) {
        over ??= { error };
      }
      stream.pause();
      wake();
    },
    end: () => stop("ended"),
    error: (error: unknown) => stop({ error }),
    close: () => stop({ error: new Error("the stream closed before its end") }),
  };
  // As chunks come, not by the stream's iterator: it would put together what came meanwhile.
  stream.pause();
  if (stream.readableEnded) stop("ended");
  for (const [event, listener] of Object.entries(heard)) stream.on(event, listener);
  try {
    for (;;) {
      if (frames.isWhole) {
        yield frames.message;
        frames.next();
      } else if (over === undefined && stream.destroyed)
        stop({ error: stream.errored ?? new Error("the stream is closed") });
      else if (over === undefined)
        await new Promise<void>((resolve) => {
          wake = resolve;
          stream.resume();
        });
      else if (over === "ended") break;
      else throw over.error;
    }
    if (!frames.isEmpty) throw new FrameError("truncated");
  } finally {
    for (const [event, listener] of Object.entries(heard)) stream.off(event, listener);
    // What is left is nobody's.
    if (!stream.destroyed) stream.resume();
  }
}

/** Copies each byte of a message once, to its place. */
class Frames {
  readonly #maxBytes: number;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #room = Buffer.alloc(0);
  /** What came behind the message that is whole. */
  #rest: Uint8Array = this.#room;
  /** Of prefix and message. */
  #came = 0;
  /** Of the message being read; undefined: not known yet. */
  #length: number | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isWhole(): boolean {
    return this.#length !== undefined && this.#came === PREFIX_BYTES + this.#length;
  }

  get isEmpty(): boolean {
    return this.#came === 0;
  }

  get message(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  /** The message before is done with. */
  next(): void {
    this.#came = 0;
    this.#length = undefined;
    const rest = this.#rest;
    this.#rest = rest.subarray(rest.length);
    this.add(rest);
  }

  /** Not while a message is whole. */
  add(chunk: Uint8Array): void {
    let from = 0;
    if (this.#length === undefined) {
      from = Math.min(PREFIX_BYTES - this.#came, chunk.length);
      this.#prefix.set(chunk.subarray(0, from), this.#came);
      this.#came += from;
      if (this.#came < PREFIX_BYTES) return;
      if (this.#prefix[0] !== 0) throw new FrameError("compressed");
      this.#length = this.#prefix.readUInt32BE(1);
      if (this.#length > this.#maxBytes) throw new FrameError("oversized");
    }
    const at = this.#came - PREFIX_BYTES;
    const bytes = Math.min(this.#length - at, chunk.length - from);
    this.#grow(at, at + bytes, this.#length);
    this.#room.set(chunk.subarray(from, from + bytes), at);
    this.#came += bytes;
    this.#rest = chunk.subarray(from + bytes);
  }

  #grow(held: number, wanted: number, most: number): void {
    if (wanted <= this.#room.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.min(most, Math.max(LEAST_ROOM, 2 * wanted)));
    this.#room.copy(grown, 0, 0, held);
    this.#room = grown;
  }
}

/** Shorter pieces cost more to write by themselves than to copy. */
const WORTH_A_WRITE = 4096;

/** What is written of a message of these pieces: prefix and short pieces put together, long ones as they are. */
export function framed(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const out: Uint8Array[] = [];
  let short: Uint8Array[] = [prefix(pieces)];
  for (const piece of pieces) {
    if (piece.length < WORTH_A_WRITE) {
      short.push(piece);
      continue;
    }
    if (short.length > 0) out.push(Buffer.concat(short));
    short = [];
    out.push(piece);
  }
  if (short.length > 0) out.push(Buffer.concat(short));
  return out;
}

function prefix(pieces: readonly Uint8Array[]): Buffer {
  const out = Buffer.alloc(PREFIX_BYTES);
  out.writeUInt32BE(
    pieces.reduce((sum, piece) => sum + piece.length, 0),
    1,
  );
  return out;
}

/** A message's pieces with their prefix, in one buffer. */
export function frame(pieces: readonly Uint8Array[]): Buffer {
  return Buffer.concat([prefix(pieces), ...pieces]);
}
