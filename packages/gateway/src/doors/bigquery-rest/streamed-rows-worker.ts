import { parentPort } from "node:worker_threads";
import { GoogleError } from "./google-error.ts";
import { type SentBody, type StreamedRows, streamedRows } from "./streamed-rows.ts";

/** Reads the bodies that it is sent, one after the other; what it throws ends the thread. */

export type StreamedReply =
  | { readonly ok: true; readonly rows: StreamedRows }
  | { readonly ok: false; readonly status: number; readonly reason: string; readonly message: string };

parentPort?.on("message", (body: SentBody) => parentPort?.postMessage(replyTo(body)));

function replyTo(body: SentBody): StreamedReply {
  try {
    return { ok: true, rows: streamedRows(body) };
  } catch (error) {
    // What is not ours may quote a value.
    if (!(error instanceof GoogleError)) throw new Error("rows that can't be read");
    const { status, reason, message } = error;
    return { ok: false, status, reason, message };
  }
}
