import { Worker } from "node:worker_threads";
import type { RowReply, RowWork } from "./row-worker.ts";
import { type AskedRows, isPacked } from "./rows-as-lines.ts";
import { UploadError } from "./upload-error.ts";

/** One part: milliseconds, and megabytes of the thread's heap, more of it for what a packed file says of itself (I10). */
const READ_MS = 20_000;
const HEAP_MB = 96;
const PACKED_HEAP_MB = 256;
/** Parts are read in about this many bytes: fewer, and going to the thread and back costs more than reading. */
const PART_BYTES = 65_536;
/** And in no more, however many come at once: each may begin a line, and a list of many millions would end more than a thread. */
const MOST_PART_BYTES = 1_000_000;

/**
 * A file read as it comes, in a thread of its own: other agents' requests don't wait, and rows that take too much memory take nothing down.
 * One part at a time. Throws UploadError; after that it reads nothing more.
 */
export class RowThread {
  readonly #worker: Worker;
  #waiting: ((reply: RowReply) => void) | undefined;
  #ended: RowReply | undefined;
  #parts: Buffer[] = [];
  #size = 0;
  /** Rows written so far. */
  rows = 0;

  constructor(asked: AskedRows) {
    const heap = isPacked(asked.format) ? PACKED_HEAP_MB : HEAP_MB;
    this.#worker = new Worker(new URL("./row-worker.ts", import.meta.url), {
      workerData: asked,
      resourceLimits: { maxOldGenerationSizeMb: heap, maxYoungGenerationSizeMb: 8 },
      env: {},
      name: "rows",
    });
    this.#worker.on("message", (reply: RowReply) => this.#settle(reply));
    const gaveUp = { ok: false, message: "The upload takes more time or memory to read than it may." } as const;
    this.#worker.once("error", () => this.#end(gaveUp));
    this.#worker.once("exit", () => this.#end(gaveUp));
    // Half an upload doesn't keep a gateway from ending. Listening to the thread's messages would: so it comes last.
    this.#worker.unref();
  }

  /** The rows that are whole by now, as lines of JSON; often none. Take all of them before the next bytes. */
  async *add(bytes: Buffer): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += MOST_PART_BYTES) {
      const part = bytes.subarray(at, at + MOST_PART_BYTES);
      this.#parts.push(part);
      this.#size += part.length;
      if (this.#size >= PART_BYTES) yield* this.#lines(false);
    }
  }

  /** What is left at the file's end. */
  end(): AsyncGenerator<Uint8Array> {
    return this.#lines(true);
  }

  /** Call it, whatever happened. */
  async close(): Promise<void> {
    this.#parts = [];
    await this.#worker.terminate();
  }

  async *#lines(last: boolean): AsyncGenerator<Uint8Array> {
    // A copy: what lies around the bytes in this thread's memory is nobody's upload.
    const bytes = new Uint8Array(Buffer.concat(this.#parts));
    this.#parts = [];
    this.#size = 0;
    for (let work: RowWork = { bytes, last }; ; work = {}) {
      const { lines, more } = await this.#ask(work);
      if (lines.length > 0) yield lines;
      if (!more) return;
    }
  }

  async #ask(work: RowWork): Promise<Extract<RowReply, { ok: true }>> {
    if (this.#ended === undefined) this.#worker.postMessage(work, work.bytes === undefined ? [] : [work.bytes.buffer]);
    const reply = this.#ended ?? (await this.#reply());
    if (!reply.ok) {
      this.#end(reply);
      throw new UploadError(reply.message);
    }
    this.rows = reply.rows;
    return reply;
  }

  #reply(): Promise<RowReply> {
    const late = setTimeout(() => this.#end({ ok: false, message: "The upload takes too long to read." }), READ_MS);
    return new Promise<RowReply>((resolve) => {
      this.#waiting = resolve;
    }).finally(() => clearTimeout(late));
  }

  #settle(reply: RowReply): void {
    this.#waiting?.(reply);
    this.#waiting = undefined;
  }

  #end(reply: RowReply): void {
    this.#ended ??= reply;
    this.#settle(this.#ended);
  }
}
