import { MaskingError } from "../masking-error.ts";
import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  isWhitespace,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from "./bytes.ts";
import { HeldBytes } from "./held-bytes.ts";
import type { Envelope } from "./rows-masker.ts";

type State =
  | "open"
  | "first member"
  | "member"
  | "key"
  | "colon"
  | "value"
  | "rows value"
  | "rows"
  | "after member"
  | "done";

/** Deeper than BigQuery nests (a schema of 15 levels of fields takes 34). */
const DEEPEST = 64;
/** Bytes of a member's name. */
const LONGEST_MEMBER = 64;
/** API members are plain words; `__proto__` isn't one. */
const MEMBER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/**
 * Reads the response object around the rows: each member but `rows` is held and parsed, for it is small.
 * Refuses what JSON.parse would settle silently: one key twice, at any depth.
 */
export class EnvelopeReader {
  readonly members: Record<string, unknown> = {};
  #state: State = "open";
  #seenRows = false;
  #key = "";
  #size = 0;
  readonly #held = new HeldBytes();
  readonly #maxBytes: number;
  // Inside of a value:
  #inString = false;
  #escaped = false;
  #depth = 0;
  #colons = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get done(): boolean {
    return this.#state === "done";
  }

  /** True when the opening bracket of `rows` was read: the next byte belongs to the rows. */
  get atRows(): boolean {
    return this.#state === "rows";
  }

  /** The rows' closing bracket was read. */
  rowsEnded(): void {
    this.#state = "after member";
  }

  /** Reads from `start` on; returns where it stopped: behind `"rows":[`, or at the chunk's end. */
  read(chunk: Uint8Array, start: number): number {
    let i = start;
    while (i < chunk.length && this.#state !== "rows") {
      if (this.#state === "value") i = this.#readLast(chunk, i) ?? this.#readValue(chunk, i);
      else if (this.#state === "key") i = this.#readKey(chunk, i);
      else this.#readByte(chunk, i++);
    }
    this.#size += i - start;
    if (this.#size > this.#maxBytes)
      throw new MaskingError("limit", `More than ${this.#maxBytes} bytes beside the rows`);
    return i;
  }

  /** The members so far, for others to keep. */
  envelope(): Envelope {
    return { ...this.members };
  }

  #readByte(chunk: Uint8Array, i: number): void {
    const byte = chunk[i] as number;
    if (isWhitespace(byte)) return;
    switch (this.#state) {
      case "open":
        if (byte !== OPEN_OBJECT) throw unexpected();
        this.#state = "first member";
        return;
      case "first member":
      case "member":
        if (byte === QUOTE) this.#state = "key";
        else if (byte === CLOSE_OBJECT && this.#state === "first member") this.#state = "done";
        else throw unexpected();
        return;
      case "colon":
        if (byte !== COLON) throw unexpected();
        this.#state = this.#key === "rows" ? "rows value" : "value";
        return;
      case "rows value":
        if (byte !== OPEN_ARRAY) throw new MaskingError("shape", "rows is not an array");
        this.#state = "rows";
        return;
      case "after member":
        if (byte === COMMA) this.#state = "member";
        else if (byte === CLOSE_OBJECT) this.#state = "done";
        else throw unexpected();
        return;
      default:
        throw unexpected();
    }
  }

  #readKey(chunk: Uint8Array, start: number): number {
    const most = Math.min(chunk.length, start + LONGEST_MEMBER + 1 - this.#held.length);
    let i = start;
    while (i < most && chunk[i] !== QUOTE) i++;
    if (i < most) {
      this.#endKey(this.#held.takeTextWith(chunk, start, i));
      return i + 1;
    }
    if (i < chunk.length || this.#held.length + i - start > LONGEST_MEMBER) throw unexpected();
    this.#held.append(chunk, start, i);
    return i;
  }

  #endKey(key: string): void {
    this.#key = key;
    if (!MEMBER.test(this.#key)) throw new MaskingError("shape", "A member of the response has no plain name");
    if (this.#key === "rows" ? this.#seenRows : Object.hasOwn(this.members, this.#key)) {
      throw new MaskingError("shape", "A member of the response is there twice");
    }
    this.#seenRows ||= this.#key === "rows";
    this.#state = "colon";
  }

  /** Finds where the value ends; whether it is JSON, JSON.parse says. */
  #readValue(chunk: Uint8Array, start: number): number {
    let i = start;
    for (; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
      } else if (byte === QUOTE) this.#inString = true;
      else if (byte === COLON) this.#colons++;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (++this.#depth > DEEPEST) throw new MaskingError("limit", `The response nests deeper than ${DEEPEST}`);
      } else if (this.#depth > 0) {
        if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.#depth--;
      } else if (byte === COMMA || byte === CLOSE_OBJECT) {
        break;
      }
    }
    if (this.#size + i - start > this.#maxBytes) {
      throw new MaskingError("limit", `More than ${this.#maxBytes} bytes beside the rows`);
    }
    if (i < chunk.length) this.#endValue(chunk, start, i);
    else this.#held.append(chunk, start, i);
    return i;
  }

  /** Where the last schema's bytes stand once more, and behind them what ends a value: to read them would come to the same. */
  #readLast(chunk: Uint8Array, start: number): number | undefined {
    if (last === undefined || this.#held.length > 0) return undefined;
    const { bytes, value } = last;
    const end = start + bytes.length;
    if ((chunk[end] !== COMMA && chunk[end] !== CLOSE_OBJECT) || bytes.compare(chunk, start, end) !== 0)
      return undefined;
    this.#give(value);
    return end;
  }

  #endValue(chunk: Uint8Array, start: number, end: number): void {
    const value = read(this.#held.takeTextWith(chunk, start, end), this.#colons);
    this.#colons = 0;
    this.#give(value);
  }

  #give(value: unknown): void {
    this.members[this.#key] = value;
    this.#state = "after member";
  }
}

/** The last schema: many answers have the same, and nobody changes it. Its text holds no values, unlike others'. */
let last: { readonly text: string; readonly bytes: Buffer; readonly value: unknown } | undefined;
/** Shorter texts are read as quickly as they are compared; of longer ones none is kept (I10). */
const KEPT_FROM = 100;
const KEPT_UP_TO = 100_000;

function read(text: string, colons: number): unknown {
  if (last?.text === text) return last.value;
  const value = parse(text);
  // In JSON a colon outside of strings belongs to exactly one member: fewer members than colons, one was overwritten.
  if (countMembers(value) !== colons) throw new MaskingError("shape", "An object of the response has a key twice");
  if (text.length >= KEPT_FROM && text.length <= KEPT_UP_TO && text.startsWith('{"fields":'))
    last = { text, bytes: Buffer.from(text), value };
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // JSON.parse's own message quotes the text (I9).
    throw unexpected();
  }
}

function countMembers(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const children = Object.values(value);
  return children.reduce((sum: number, child) => sum + countMembers(child), Array.isArray(value) ? 0 : children.length);
}

function unexpected(): MaskingError {
  return new MaskingError("syntax", "The response is not the JSON object that it should be");
}
