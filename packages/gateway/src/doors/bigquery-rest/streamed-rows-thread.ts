import { ThreadInTurns } from "../../sessions/thread-in-turns.ts";
import { mostValues } from "../../uploads/upload-thread.ts";
import { GoogleError } from "./google-error.ts";
import { type SentBody, type StreamedRows, streamedRows } from "./streamed-rows.ts";
import type { StreamedReply } from "./streamed-rows-worker.ts";

/** One body: milliseconds, and megabytes of the thread's heap (I10). */
const READ_MS = 20_000;
const HEAP_MB = 256;
/** Up to so many characters, and values that can be made of them, rows are read at once, in some twenty milliseconds. */
const READ_HERE = 32_768;
const VALUES_HERE = 20_000;

/** Reads streamed rows, the many in a thread of their own: a megabyte takes a second to read, and nobody's request waits for it. */
export class StreamedRowsThread {
  readonly #thread = new ThreadInTurns<SentBody>({
    module: new URL("./streamed-rows-worker.ts", import.meta.url),
    name: "streamed rows",
    workMs: READ_MS,
    heapMb: HEAP_MB,
  });

  /** @param agent whoever sends them: those of one take turns with those of others. Throws GoogleError. */
  async read(agent: string, body: SentBody): Promise<StreamedRows> {
    if (body.text.length <= READ_HERE && mostValues(body.fields, Buffer.from(body.text)) <= VALUES_HERE)
      return streamedRows(body);
    const reply = await this.#thread.inTurn<StreamedReply>(agent, body);
    if (reply === undefined)
      throw new GoogleError(
        413,
        "invalid",
        "The rows take more time or memory to read than they may; send fewer in one request.",
      );
    if (!reply.ok) throw new GoogleError(reply.status, reply.reason, reply.message);
    return reply.rows;
  }

  /** Ends the thread; it begins again when it is needed. */
  close(): Promise<void> {
    return this.#thread.close();
  }
}
