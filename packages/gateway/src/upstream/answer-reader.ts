import { errors } from "undici";

/** Bytes of an answer's head, and of the trailers behind a chunked body (I10). */
const LARGEST_HEAD = 32 * 1024;
/** Characters of the line before a chunk: its size, and extensions that nobody reads. */
const LONGEST_LINE = 1024;

/** What of an answer's head is used here. */
export type AnswerHeaders = Partial<
  Record<
    "connection" | "content-encoding" | "content-length" | "content-type" | "keep-alive" | "transfer-encoding",
    string
  >
>;

/** Who hears an answer. What `data` is given holds only until it returns. */
export interface AnswerParts {
  head(status: number, headers: AnswerHeaders): void;
  data(bytes: Buffer): void;
}

type Awaited = "head" | "sized" | "size" | "chunk" | "chunk-end" | "trailers" | "closing" | "nothing";

/** The answer isn't HTTP/1.1, or says in two ways where it ends. */
export class BrokenAnswer extends Error {
  // As undici's own parser calls it.
  override readonly name = "HTTPParserError";
}

/**
 * Answers on one connection, one after the other (RFC 9112), strictly: where two readers could see another end, or other lines, the answer is refused, and its
 * connection with it. Faults are thrown.
 */
export class AnswerReader {
  readonly #parts: AnswerParts;
  #awaits: Awaited = "nothing";
  /** Of a head or line that isn't whole. */
  #held = "";
  #left = 0;
  #keptMs: number | undefined;

  constructor(parts: AnswerParts) {
    this.#parts = parts;
  }

  /** A request goes out. */
  begin(): void {
    this.#awaits = "head";
    this.#held = "";
  }

  /** Nobody wants the rest. */
  stop(): void {
    this.#awaits = "nothing";
  }

  /** Whether an answer is awaited, or the rest of one. */
  get isOpen(): boolean {
    return this.#awaits !== "nothing";
  }

  /** Of an answer that was read: how long its connection may be kept, if the other side says so; 0: not at all. */
  get keptMs(): number | undefined {
    return this.#keptMs;
  }

  /** Returns whether the answer has ended, and nothing came behind it. */
  push(bytes: Buffer): boolean {
    let at = 0;
    while (at < bytes.length && this.#awaits !== "nothing") {
      switch (this.#awaits) {
        case "head":
          at = this.#head(bytes, at);
          break;
        case "sized":
        case "chunk":
          at = this.#body(bytes, at);
          break;
        case "closing":
          this.#parts.data(at === 0 ? bytes : bytes.subarray(at));
          at = bytes.length;
          break;
        default:
          at = this.#line(bytes, at);
      }
    }
    // What comes unasked would be taken for the answer to the next request.
    if (at < bytes.length) this.#keptMs = 0;
    return this.#awaits === "nothing";
  }

  /** The connection has ended: returns whether the answer has, too. */
  end(): boolean {
    if (this.#awaits !== "closing") return false;
    this.#awaits = "nothing";
    return true;
  }

  #head(bytes: Buffer, from: number): number {
    const before = this.#held.length;
    let text: string;
    let end: number;
    if (before === 0) {
      end = bytes.indexOf(HEAD_END, from);
      text = bytes.toString("latin1", from, end < 0 ? Math.min(bytes.length, from + LARGEST_HEAD + 1) : end);
      end = end < 0 ? -1 : end - from;
    } else {
      text = this.#held + bytes.toString("latin1", from, Math.min(bytes.length, from + LARGEST_HEAD + 1));
      end = text.indexOf("\r\n\r\n", Math.max(0, before - 3));
    }
    if (end > LARGEST_HEAD || (end < 0 && text.length > LARGEST_HEAD)) throw new errors.HeadersOverflowError();
    if (end < 0) {
      this.#held = text;
      return bytes.length;
    }
    this.#held = "";
    this.#began(headOf(before === 0 ? text : text.slice(0, end)));
    return from + end + HEAD_END.length - before;
  }

  #began({ status, headers, isOld }: Head): void {
    // Before the final answer's head there may be others (RFC 9110, section 15.2).
    if (status < 200) {
      if (status === 101) throw new BrokenAnswer("an upgrade that nobody asked for");
      return;
    }
    const length = headers["content-length"];
    const coding = headers["transfer-encoding"];
    this.#keptMs = isOld || CLOSES.test(headers.connection ?? "") ? 0 : keptFor(headers["keep-alive"]);
    if (coding !== undefined) {
      if (length !== undefined || isOld || coding.toLowerCase() !== "chunked")
        throw new BrokenAnswer("a body that ends in more than one place");
      this.#awaits = "size";
    } else if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) throw new BrokenAnswer("a length that is no number");
      this.#left = Number(length);
      this.#awaits = "sized";
    } else {
      this.#awaits = "closing";
      this.#keptMs = 0;
    }
    const isEmpty = status === 204 || status === 304 || (this.#awaits === "sized" && this.#left === 0);
    if (isEmpty) this.#awaits = "nothing";
    this.#parts.head(status, headers);
  }

  #body(bytes: Buffer, from: number): number {
    const length = Math.min(this.#left, bytes.length - from);
    this.#left -= length;
    // First: who is given the bytes may want no more.
    if (this.#left === 0) this.#awaits = this.#awaits === "sized" ? "nothing" : "chunk-end";
    this.#parts.data(bytes.subarray(from, from + length));
    return from + length;
  }

  /** A line of what is around chunks. */
  #line(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(LINE_FEED, from);
    const text =
      this.#held + bytes.toString("latin1", from, Math.min(end < 0 ? bytes.length : end, from + LONGEST_LINE + 1));
    if (text.length > LONGEST_LINE) throw new BrokenAnswer("a line that is too long");
    this.#held = end < 0 ? text : "";
    if (end < 0) return bytes.length;
    if (!text.endsWith("\r")) throw new BrokenAnswer("a line that ends in no CR LF");
    this.#lineCame(text.slice(0, -1));
    return end + 1;
  }

  #lineCame(line: string): void {
    switch (this.#awaits) {
      case "chunk-end":
        if (line !== "") throw new BrokenAnswer("a chunk that is longer than it says");
        this.#awaits = "size";
        return;
      case "size": {
        const size = CHUNK_SIZE.exec(line)?.[1];
        if (size === undefined) throw new BrokenAnswer("a chunk without its size");
        this.#left = Number.parseInt(size, 16);
        this.#awaits = this.#left === 0 ? "trailers" : "chunk";
        if (this.#left === 0) this.#left = LARGEST_HEAD;
        return;
      }
      default:
        if (line === "") this.#awaits = "nothing";
        else headerOf(line);
        this.#left -= line.length;
        if (this.#left < 0) throw new errors.HeadersOverflowError();
    }
  }
}

const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_FEED = 0x0a;
const STATUS = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/;
const CLOSES = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i;

interface Head {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** HTTP/1.0: it has no chunks, and the connection isn't used again. */
  readonly isOld: boolean;
}

function headOf(text: string): Head {
  const lines = text.split("\r\n");
  const [, minor, status] = STATUS.exec(lines[0] ?? "") ?? [];
  if (status === undefined) throw new BrokenAnswer("no status line");
  const headers: AnswerHeaders = {};
  for (let i = 1; i < lines.length; i++) {
    const { name, value } = headerOf(lines[i] as string);
    switch (name) {
      case "content-encoding":
      case "content-length":
      case "content-type":
      case "transfer-encoding":
        if (headers[name] !== undefined) throw new BrokenAnswer("a header that is given twice");
        headers[name] = value;
        break;
      case "connection":
      case "keep-alive":
        headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
        break;
    }
  }
  return { status: Number(status), headers, isOld: minor === "0" };
}

function headerOf(line: string): { readonly name: string; readonly value: string } {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  const value = line.slice(colon + 1);
  // Also a line that goes on with the one before (RFC 9112, section 5.2) has no name.
  if (!NAME.test(name) || !VALUE.test(value)) throw new BrokenAnswer("a line that is no header");
  return { name: name.toLowerCase(), value: value.replace(/^[\t ]+|[\t ]+$/g, "") };
}

/** What is kept for so long by the other side is used for somewhat less. */
const TOO_LATE_MS = 2000;
const LONGEST_KEPT_MS = 300_000;

function keptFor(keepAlive: string | undefined): number | undefined {
  const seconds = /(?:^|[,\s])timeout\s*=\s*(\d{1,9})/i.exec(keepAlive ?? "")?.[1];
  if (seconds === undefined) return undefined;
  return Math.max(0, Math.min(Number(seconds) * 1000 - TOO_LATE_MS, LONGEST_KEPT_MS));
}
