import { Worker } from "node:worker_threads";
import type { RowReply, RowWork } from "./row-worker.ts";
import type { AskedRows } from "./rows-as-lines.ts";
import { UploadError } from "./upload-error.ts";

/** One part: milliseconds, and megabytes of the thread's heap (I10). */
const READ_MS = 20_000;
const HEAP_MB = 96;
/** Parts are read in about this many bytes: fewer, and going to the thread and back costs more than reading. */
const PART_BYTES = 65_536;

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
    this.#worker = new Worker(new URL("./row-worker.ts", import.meta.url), {
      workerData: asked,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 8 },
      env: {},
      name: "rows",
    });
    // Half an upload doesn't keep a gateway from ending.
    this.#worker.unref();
    this.#worker.on("message", (reply: RowReply) => this.#settle(reply));
    const gaveUp = { ok: false, message: "The upload takes more time or memory to read than it may." } as const;
    this.#worker.once("error", () => this.#end(gaveUp));
    this.#worker.once("exit", () => this.#end(gaveUp));
  }

  /** The rows that are whole by now, as lines of JSON; often none. */
  async add(bytes: Buffer): Promise<Uint8Array> {
    this.#parts.push(bytes);
    this.#size += bytes.length;
    return this.#size < PART_BYTES ? new Uint8Array() : this.#ask(false);
  }

  /** What is left at the file's end. */
  end(): Promise<Uint8Array> {
    return this.#ask(true);
  }

  /** Call it, whatever happened. */
  async close(): Promise<void> {
    this.#parts = [];
    await this.#worker.terminate();
  }

  async #ask(last: boolean): Promise<Uint8Array> {
    // A copy: what lies around the bytes in this thread's memory is nobody's upload.
    const bytes = new Uint8Array(Buffer.concat(this.#parts));
    this.#parts = [];
    this.#size = 0;
    if (this.#ended === undefined) this.#worker.postMessage({ bytes, last } satisfies RowWork, [bytes.buffer]);
    const reply = this.#ended ?? (await this.#reply());
    if (!reply.ok) {
      this.#end(reply);
      throw new UploadError(reply.message);
    }
    this.rows = reply.rows;
    return reply.lines;
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
