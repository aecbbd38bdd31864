import { parentPort, workerData } from "node:worker_threads";
import { type AskedRows, RowsAsLines } from "./rows-as-lines.ts";
import { UploadError } from "./upload-error.ts";

/** Reads one upload as it comes, part by part. */

export interface RowWork {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The file ends with these. */
  readonly last: boolean;
}

export type RowReply =
  | { readonly ok: true; readonly lines: Uint8Array<ArrayBuffer>; readonly rows: number }
  | { readonly ok: false; readonly message: string };

let rows: RowsAsLines | undefined;

parentPort?.on("message", ({ bytes, last }: RowWork) => {
  try {
    rows ??= new RowsAsLines(workerData as AskedRows);
    const text = rows.add(bytes) + (last ? rows.end() : "");
    const lines = new Uint8Array(Buffer.from(text));
    parentPort?.postMessage({ ok: true, lines, rows: rows.rows } satisfies RowReply, [lines.buffer]);
  } catch (error) {
    // What is not ours may quote a value.
    const message = error instanceof UploadError ? error.message : "The upload can't be read.";
    parentPort?.postMessage({ ok: false, message } satisfies RowReply);
  }
});
