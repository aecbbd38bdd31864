import { FrameError, PREFIX_BYTES } from "./frames.ts";

/** Room grows with what has come, from so much on: a prefix alone takes no memory. */
const LEAST_ROOM = 64 * 1024;

/**
 * Puts gRPC's messages together from bytes that come in whatever pieces. Each byte is copied once, to memory that is used again and again: fresh
 * memory for each message makes V8 collect garbage all the time.
 */
export class MessageRoom {
  readonly #maxBytes: number;
  #room = Buffer.alloc(0);
  /** Of what hasn't been taken. */
  #start = 0;
  #end = 0;
  /** Of the message that begins at `#start`; undefined: not known yet. */
  #length: number | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Neither a message nor a part of one waits. */
  get isEmpty(): boolean {
    return this.#start === this.#end;
  }

  /** @throws FrameError if the first message that waits can't be read */
  get isWhole(): boolean {
    const length = this.#look();
    return length !== undefined && this.#end - this.#start >= PREFIX_BYTES + length;
  }

  get byteLength(): number {
    return this.#room.length;
  }

  /** For another stream; nobody holds a message of this one. */
  clear(): void {
    this.#start = this.#end = 0;
    this.#length = undefined;
  }

  add(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#room.length) this.#grow(bytes.length);
    this.#room.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /**
   * The first message, if all of it is there. It holds until the next call.
   * @throws FrameError
   */
  take(): Uint8Array | undefined {
    this.#makeRoom();
    const length = this.#look();
    if (length === undefined || this.#end - this.#start < PREFIX_BYTES + length) return undefined;
    const from = this.#start + PREFIX_BYTES;
    this.#start = from + length;
    this.#length = undefined;
    return this.#room.subarray(from, from + length);
  }

  #look(): number | undefined {
    if (this.#length !== undefined || this.#end - this.#start < PREFIX_BYTES) return this.#length;
    if (this.#room[this.#start] !== 0) throw new FrameError("compressed");
    const length = this.#room.readUInt32BE(this.#start + 1);
    if (length > this.#maxBytes) throw new FrameError("oversized");
    this.#length = length;
    return length;
  }

  /** Over messages that were taken, of which nobody holds one now. */
  #makeRoom(): void {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    if (this.#start <= this.#room.length / 2) return;
    this.#room.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  /** To other memory: a message that was taken may still be read. */
  #grow(bytes: number): void {
    const held = this.#end - this.#start;
    const grown = Buffer.allocUnsafeSlow(Math.max(LEAST_ROOM, 2 * (held + bytes)));
    this.#room.copy(grown, 0, this.#start, this.#end);
    this.#room = grown;
    this.#start = 0;
    this.#end = held;
  }
}
