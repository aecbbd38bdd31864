import { parentPort, workerData } from "node:worker_threads";
import { TooLargeForStatement, UploadError } from "./upload-error.ts";
import { type AskedUpload, type UploadStatement, uploadStatement } from "./upload-statement.ts";

/** Reads one upload in a thread of its own, which may run out of its memory or its time and nothing else with it. */

export interface UploadWork {
  readonly asked: AskedUpload;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type UploadReply =
  | { readonly ok: true; readonly statement: UploadStatement }
  /** `tooLarge`: for one statement. */
  | { readonly ok: false; readonly message: string; readonly tooLarge?: true };

const { asked, bytes } = workerData as UploadWork;
parentPort?.postMessage(replyOf());

function replyOf(): UploadReply {
  try {
    return { ok: true, statement: uploadStatement(asked, bytes) };
  } catch (error) {
    if (error instanceof TooLargeForStatement) return { ok: false, message: error.message, tooLarge: true };
    // What is not ours may quote a value.
    return { ok: false, message: error instanceof UploadError ? error.message : "The upload can't be read." };
  }
}
