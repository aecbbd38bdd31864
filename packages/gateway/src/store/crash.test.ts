import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { suite, test } from "node:test";
import { LedgerReader } from "./ledger-reader.ts";
import { withSnapshot } from "./snapshot.ts";
import { temporaryDirectory } from "./testing/temporary-store.ts";
import { verifyStore } from "./verify-store.ts";

const CHILD = new URL("./testing/crash-child.ts", import.meta.url).pathname;
/** A thousand are worth a night: CRASH_ROUNDS=1000. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 6);

/** What the child had acknowledged when it was killed so many milliseconds after it was ready. */
async function killedAfter(milliseconds: number, directory: string, round: number): Promise<Map<number, string>> {
  const child = spawn(process.execPath, [CHILD, directory, String(round)], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    if (output === "") setTimeout(() => child.kill("SIGKILL"), milliseconds);
    output += text;
  });
  const signal = await new Promise((ended) => child.once("close", (_, by) => ended(by)));
  assert.equal(signal, "SIGKILL", "the child ended by itself");
  // Only whole lines: the last may have been cut.
  const lines = output.split("\n").slice(1, -1);
  return new Map(lines.map((line) => [Number(line.split(" ")[0]), line.split(" ")[1] ?? ""]));
}

suite("I3, I8: kill -9", () => {
  test(`at ${ROUNDS} random moments loses no acknowledged entry, and the store opens and verifies`, async (t) => {
    const directory = temporaryDirectory(t);
    const acknowledged = new Map<number, string>();
    for (let round = 0; round < ROUNDS; round++) {
      const delay = randomInt(120);
      // The next child opens what the one before left behind.
      for (const [index, label] of await killedAfter(delay, directory, round)) acknowledged.set(index, label);
      const audit = await verifyStore(directory);
      assert.deepEqual(audit.problems, [], `round ${round}, killed after ${delay} ms`);
      await withSnapshot(directory, async (db) => {
        const ledger = new LedgerReader(db);
        for (const [index, label] of acknowledged) {
          const [entry] = await ledger.entries(index, index + 1);
          assert.ok(entry, `entry ${index} was acknowledged and is gone (killed after ${delay} ms)`);
          assert.equal(JSON.parse(Buffer.from(entry.bytes).toString()).data.label, label);
        }
      });
    }
    t.diagnostic(`${acknowledged.size} entries acknowledged`);
    assert.ok(acknowledged.size > 0);
  });
});
