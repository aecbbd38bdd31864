import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LedgerEvent } from "../evidence/event.ts";
import { RefusalLog } from "./refusal-log.ts";

const refused = { code: "expired", door: "bigquery-rest", address: "127.0.0.1" } as const;

describe("refused credentials in the ledger", () => {
  it("are recorded one by one", async () => {
    const events: LedgerEvent[] = [];
    const log = new RefusalLog(
      async (e) => events.push(...e),
      () => 0,
    );
    await log.record(refused);
    assert.deepEqual(events, [{ type: "credential.refused", data: refused }]);
  });

  it("are counted beyond fifty in ten seconds, and none is missing from the sum (I10)", async () => {
    const events: LedgerEvent[] = [];
    let now = 0;
    const log = new RefusalLog(
      async (e) => events.push(...e),
      () => now,
    );
    for (let i = 0; i < 1000; i++) await log.record(i % 2 === 0 ? refused : { ...refused, code: "malformed" });
    await log.flush();
    assert.equal(events.length, 51);
    const [last] = events.slice(-1);
    assert.deepEqual(last, {
      type: "credential.refused-many",
      data: { counts: { "bigquery-rest expired": 475, "bigquery-rest malformed": 475 } },
    });
    now = 10_000;
    await log.record(refused);
    assert.equal(events.length, 52, "the next window records singly again");
  });

  it("reject as the store does: no evidence, no answer (I3)", async () => {
    const log = new RefusalLog(
      async () => Promise.reject(new Error("full")),
      () => 0,
    );
    await assert.rejects(log.record(refused), /full/);
  });
});
