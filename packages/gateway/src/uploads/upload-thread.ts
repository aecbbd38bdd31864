import { Worker } from "node:worker_threads";
import type { TableFieldSchema } from "@chaperone/googlesql";
import { isPacked } from "./rows-as-lines.ts";
import { TooLargeForStatement, UploadError } from "./upload-error.ts";
import { type AskedUpload, type UploadStatement, uploadStatement } from "./upload-statement.ts";
import type { UploadReply, UploadWork } from "./upload-worker.ts";

/** One upload: milliseconds, and megabytes of its thread's heap (I10). */
const READ_MS = 20_000;
const HEAP_MB = 384;
/** Up to so many bytes of JSON or CSV, and values that can be made of them, a thread would take longer to begin than to read them. */
const READ_HERE = 32_768;
const VALUES_HERE = 20_000;
/** Uploads read at once; more wait for their turn. */
const AT_ONCE = 2;
const MOST_WAITING = 32;

let reading = 0;
const waiting: (() => void)[] = [];

/**
 * The statement that an upload's rows become, made in a thread: other agents' requests don't wait while megabytes are read row by row, and a
 * file that unpacks to too much takes nothing down. Throws UploadError, TooLargeForStatement.
 */
export async function statementInThread(asked: AskedUpload, bytes: Uint8Array): Promise<UploadStatement> {
  if (bytes.length <= READ_HERE && !isPacked(asked.format) && mostValues(asked.fields, bytes) <= VALUES_HERE)
    return uploadStatement(asked, new Uint8Array(bytes));
  if (waiting.length >= MOST_WAITING) throw new UploadError("Too many uploads are being read; try again.");
  if (reading >= AT_ONCE) await new Promise<void>((turn) => waiting.push(turn));
  reading++;
  try {
    // A copy: what lies around the bytes in this thread's memory is nobody's upload.
    const reply = await replyOf({ asked, bytes: new Uint8Array(bytes) });
    if (!reply.ok) throw reply.tooLarge ? new TooLargeForStatement() : new UploadError(reply.message);
    return reply.statement;
  } finally {
    reading--;
    waiting.shift()?.();
  }
}

const NEWLINE = 0x0a;
const BRACE = 0x7b;

/** Of each line, and of each record in it, as many as there are fields: what isn't said becomes a NULL. */
export function mostValues(fields: readonly TableFieldSchema[], bytes: Uint8Array): number {
  let records = 1;
  for (const byte of bytes) if (byte === NEWLINE || byte === BRACE) records++;
  return records * count(fields);
}

function count(fields: readonly TableFieldSchema[]): number {
  return fields.reduce((sum, { fields: inner = [] }) => sum + 1 + count(inner), 0);
}

async function replyOf(work: UploadWork): Promise<UploadReply> {
  const worker = new Worker(new URL("./upload-worker.ts", import.meta.url), {
    workerData: work,
    transferList: [work.bytes.buffer],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 32 },
    env: {},
    name: "upload",
  });
  const ended = new Promise<UploadReply>((resolve) => {
    const gaveUp = { ok: false, message: "The upload takes more time or memory to read than it may." } as const;
    worker.once("message", resolve);
    worker.once("error", () => resolve(gaveUp));
    worker.once("exit", () => resolve(gaveUp));
    setTimeout(() => resolve(gaveUp), READ_MS).unref();
  });
  try {
    return await ended;
  } finally {
    await worker.terminate();
  }
}
