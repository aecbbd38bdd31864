import { parentPort, workerData } from "node:worker_threads";
import { TooManyValues } from "../sessions/sent-value.ts";
import { UploadError } from "./upload-error.ts";
import { type AskedUpload, type UploadStatement, uploadStatement } from "./upload-statement.ts";

/** Reads one upload in a thread of its own, which may run out of its memory or its time and nothing else with it. */

export interface UploadWork {
  readonly asked: AskedUpload;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type UploadReply =
  | { readonly ok: true; readonly statement: UploadStatement }
  | { readonly ok: false; readonly message: string };

const { asked, bytes } = workerData as UploadWork;
uploadStatement(asked, bytes)
  .then((statement): UploadReply => ({ ok: true, statement }))
  // What is not ours may quote a value.
  .catch((error: unknown): UploadReply => {
    const message =
      error instanceof UploadError || error instanceof TooManyValues ? error.message : "The upload can't be read.";
    return { ok: false, message };
  })
  .then((reply) => parentPort?.postMessage(reply));
