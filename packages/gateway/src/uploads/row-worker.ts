import { parentPort, workerData } from "node:worker_threads";
import { type AskedRows, RowsAsLines } from "./rows-as-lines.ts";
import { UploadError } from "./upload-error.ts";

/** Reads one upload as it comes, part by part. */

/** `last`: the file ends with these. Without bytes: more of the lines that those before them came to. */
export type RowWork = { readonly bytes: Uint8Array<ArrayBuffer>; readonly last: boolean } | { readonly bytes?: never };

export type RowReply =
  /** `more`: there are others, to be asked for. */
  | { readonly ok: true; readonly lines: Uint8Array<ArrayBuffer>; readonly rows: number; readonly more: boolean }
  | { readonly ok: false; readonly message: string };

let rows: RowsAsLines | undefined;
let lines: Generator<string> | undefined;

parentPort?.on("message", (work: RowWork) => {
  try {
    rows ??= new RowsAsLines(workerData as AskedRows);
    if (work.bytes !== undefined) lines = linesOf(rows, work.bytes, work.last);
    const { value = "", done = true } = lines?.next() ?? {};
    const bytes = new Uint8Array(Buffer.from(value));
    parentPort?.postMessage({ ok: true, lines: bytes, rows: rows.rows, more: !done } satisfies RowReply, [
      bytes.buffer,
    ]);
  } catch (error) {
    // What is not ours may quote a value.
    const message = error instanceof UploadError ? error.message : "The upload can't be read.";
    parentPort?.postMessage({ ok: false, message } satisfies RowReply);
  }
});

function* linesOf(rows: RowsAsLines, bytes: Uint8Array, last: boolean): Generator<string> {
  yield* rows.add(bytes);
  if (last) yield* rows.end();
}
