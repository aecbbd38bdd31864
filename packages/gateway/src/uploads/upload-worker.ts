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
  /** `tooLarge`: for one statement; `rows` as TooLargeForStatement has them. */
  | {
      readonly ok: false;
      readonly message: string;
      readonly tooLarge?: true;
      readonly rows?: Uint8Array<ArrayBuffer> | undefined;
    };

const { asked, bytes } = workerData as UploadWork;
uploadStatement(asked, bytes)
  .then((statement): UploadReply => ({ ok: true, statement }))
  // What is not ours may quote a value.
  .catch((error: unknown): UploadReply => {
    if (error instanceof TooLargeForStatement)
      return { ok: false, message: error.message, tooLarge: true, rows: error.rows };
    return { ok: false, message: error instanceof UploadError ? error.message : "The upload can't be read." };
  })
  .then((reply) => parentPort?.postMessage(reply));
