import { Worker } from "node:worker_threads";
import type { TableFieldSchema } from "@chaperone/googlesql";
import type { SentValue } from "../sessions/sent-value.ts";
import { jsonRows } from "./json-rows.ts";
import type { ParquetField } from "./parquet-values.ts";
import type { ParquetReply } from "./parquet-worker.ts";
import { UploadError } from "./upload-error.ts";

/** One file: milliseconds, and megabytes of its thread's heap (I10). */
const READ_MS = 10_000;
const HEAP_MB = 192;
/** Files read at once; more wait for their turn. */
const AT_ONCE = 2;
const MOST_WAITING = 32;

export interface ParquetRows {
  readonly fields: readonly ParquetField[];
  readonly rows: readonly SentValue[];
}

let reading = 0;
const waiting: (() => void)[] = [];

/** The rows of a Parquet file. Throws UploadError. */
export async function parquetRows(bytes: Uint8Array): Promise<ParquetRows> {
  if (waiting.length >= MOST_WAITING) throw new UploadError("Too many Parquet files are being read; try again.");
  if (reading >= AT_ONCE) await new Promise<void>((turn) => waiting.push(turn));
  reading++;
  try {
    const reply = await replyOf(bytes);
    if (!reply.ok) throw new UploadError(reply.message);
    return { fields: reply.fields, rows: jsonRows(reply.text) };
  } finally {
    reading--;
    waiting.shift()?.();
  }
}

async function replyOf(bytes: Uint8Array): Promise<ParquetReply> {
  const worker = new Worker(new URL("./parquet-worker.ts", import.meta.url), {
    // A copy: what lies around the bytes in this thread's memory is nobody's upload.
    workerData: new Uint8Array(bytes),
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 32 },
    env: {},
    name: "parquet",
  });
  const ended = new Promise<ParquetReply>((resolve) => {
    const gaveUp = { ok: false, message: "The Parquet file takes more time or memory than an upload may." } as const;
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

/** BigQuery's types that a column of the file may be read into, beside its own. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  INTEGER: ["INT64"],
  FLOAT: ["FLOAT64"],
  BOOLEAN: ["BOOL"],
  RECORD: ["STRUCT"],
  NUMERIC: ["BIGNUMERIC"],
  STRING: ["JSON"],
};

/** A column of another type than the table's would be written in another form than it was sent in. Names the field. */
export function requireTypes(sent: readonly ParquetField[], fields: readonly TableFieldSchema[], path = ""): void {
  for (const one of sent) {
    const there = fields.find(({ name }) => name.toLowerCase() === one.name.toLowerCase());
    // What the table has no field for is refused, or left out, row by row.
    if (there === undefined) continue;
    const fits = there.type === one.type || ALSO[one.type]?.includes(there.type) === true;
    if (!fits || (there.mode === "REPEATED") !== one.repeated)
      throw new UploadError(`Field ${path}${there.name} of the Parquet file has another type than the table's.`);
    requireTypes(one.fields ?? [], there.fields ?? [], `${path}${there.name}.`);
  }
}
