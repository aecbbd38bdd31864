import { parentPort, workerData } from "node:worker_threads";
import { StoreError } from "./errors.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./protocol.ts";
import { lockDirectory, prepareDirectory } from "./state-directory.ts";
import { type CommandRegistry, Writer } from "./writer.ts";

/** The writer's thread: fsync blocks here, not in the event loop that serves agents. */

const start = workerData as WorkerStart;
const say = (message: FromWorker): void => parentPort?.postMessage(message);

async function main(): Promise<void> {
  prepareDirectory(start.paths);
  const lock = lockDirectory(start.paths);
  let writer: Writer | undefined;
  try {
    const { COMMANDS } = (await import(start.commands)) as { COMMANDS: CommandRegistry };
    writer = new Writer(start.paths, start.origin, COMMANDS, start.limits, start.now);
    serve(writer, lock);
  } catch (error) {
    // Before the refusal is said: whoever hears it may try again at once.
    writer?.close();
    lock.close();
    throw error;
  }
}

function serve(writer: Writer, lock: { close(): void }): void {
  parentPort?.on("message", async (message: ToWorker) => {
    if (message.kind === "batch") {
      const replies = await writer.runBatch(message.commands, message.slots);
      say({ kind: "done", replies, size: writer.size, types: writer.takeTypes(), written: writer.takeWritten() });
      return;
    }
    writer.close();
    lock.close();
    parentPort?.close();
  });
  say({ kind: "ready", size: writer.size });
}

main().catch((error: unknown) => {
  const code = error instanceof StoreError ? error.code : "unavailable";
  const message = error instanceof Error ? error.message : "the store can't be opened";
  say({ kind: "refused", code, message });
});
