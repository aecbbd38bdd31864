/**
 * HTTP/2's frames (RFC 9113, 4.1): three bytes of length, type, flags, four of the stream's number, the payload.
 * https://www.rfc-editor.org/rfc/rfc9113.html#name-frame-format
 */
const HEADER_BYTES = 9;
const DATA = 0x0;
const WINDOW_UPDATE = 0x8;
const END_STREAM = 0x1;
const PADDED = 0x8;

/** What has become of a connection's bytes: they are to be seen at once, for their memory is used again. */
export interface FrameReader {
  /** Bytes of all other frames, in order. */
  other(bytes: Uint8Array): void;
  /** Whether DATA of this stream is taken here. */
  takes(stream: number): boolean;
  /** Some of a stream's data; `counted`: bytes that flow control counts for it, padding too (6.9.1). */
  data(stream: number, bytes: Uint8Array, counted: number): void;
}

/** The peer breaks HTTP/2: nothing more of the connection can be trusted (RFC 9113, 5.4.1). */
export class BrokenConnection extends Error {
  override readonly name = "BrokenConnection";
}

/** Takes DATA of some streams out of what comes by a connection. */
export class DataFrames {
  readonly #to: FrameReader;
  readonly #maxFrameBytes: number;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  /** Of the header, of a frame that begins. */
  #held = 0;
  /** Of the payload; of DATA that is taken: without its padding. */
  #left = 0;
  #padding = 0;
  /** The stream of the DATA that is being taken; 0: it's another frame. */
  #stream = 0;
  /** The padding's length comes next. */
  #padded = false;
  #ends = false;

  constructor(to: FrameReader, maxFrameBytes: number) {
    this.#to = to;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** @throws BrokenConnection */
  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#held < HEADER_BYTES) {
        const bytes = Math.min(HEADER_BYTES - this.#held, chunk.length - at);
        this.#header.set(chunk.subarray(at, at + bytes), this.#held);
        this.#held += bytes;
        at += bytes;
        if (this.#held < HEADER_BYTES) return;
        this.#begin();
      } else if (this.#padded) {
        this.#padded = false;
        this.#padding = chunk[at++] as number;
        this.#left -= 1 + this.#padding;
        if (this.#left < 0) throw new BrokenConnection("padding is longer than its frame");
        this.#to.data(this.#stream, chunk.subarray(at, at), 1 + this.#padding);
      } else if (this.#left > 0) {
        const bytes = Math.min(this.#left, chunk.length - at);
        const part = chunk.subarray(at, at + bytes);
        if (this.#stream === 0) this.#to.other(part);
        else this.#to.data(this.#stream, part, bytes);
        this.#left -= bytes;
        at += bytes;
      } else {
        const bytes = Math.min(this.#padding, chunk.length - at);
        this.#padding -= bytes;
        at += bytes;
      }
      if (this.#left === 0 && this.#padding === 0 && !this.#padded) this.#end();
    }
  }

  #begin(): void {
    const header = this.#header;
    const length = header.readUIntBE(0, 3);
    const flags = header[4] as number;
    const stream = header.readUInt32BE(5) & 0x7fffffff;
    this.#left = length;
    this.#stream = header[3] === DATA && this.#to.takes(stream) ? stream : 0;
    if (this.#stream === 0) {
      this.#to.other(header);
      return;
    }
    if (length > this.#maxFrameBytes) throw new BrokenConnection("a frame is longer than allowed");
    this.#padded = (flags & PADDED) !== 0;
    this.#ends = (flags & END_STREAM) !== 0;
    if (this.#padded && length === 0) throw new BrokenConnection("padding is longer than its frame");
  }

  #end(): void {
    this.#held = 0;
    if (!this.#ends) return;
    this.#ends = false;
    // That the stream is over is for whoever reads the other frames.
    const empty = Buffer.alloc(HEADER_BYTES);
    empty[4] = END_STREAM;
    empty.writeUInt32BE(this.#stream, 5);
    this.#to.other(empty);
  }
}

/** Lets the peer send so many bytes more: of a stream, or, by 0, of all. */
export function windowUpdate(stream: number, bytes: number): Buffer {
  const out = Buffer.alloc(HEADER_BYTES + 4);
  out[2] = 4;
  out[3] = WINDOW_UPDATE;
  out.writeUInt32BE(stream, 5);
  out.writeUInt32BE(bytes, HEADER_BYTES);
  return out;
}
