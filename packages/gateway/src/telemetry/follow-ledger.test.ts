import assert from "node:assert/strict";
import { it } from "node:test";
import { testStore } from "../store/testing/temporary-store.ts";
import { followLedger } from "./follow-ledger.ts";
import { createMetrics } from "./metrics.ts";

it("counts sessions by the states the ledger tells, and how many are held now", async (t) => {
  const store = await testStore(t);
  const metrics = createMetrics();
  const stop = await followLedger(store, metrics, (error) => assert.fail(String(error)));
  await store.append([
    { type: "session.received", session: "a", data: {} },
    { type: "session.held", session: "a", data: {} },
    { type: "session.held", session: "b", data: {} },
    { type: "session.approved", session: "a", data: {} },
    { type: "credential.refused", data: {} },
  ]);
  let text = "";
  for (let i = 0; i < 100 && !text.includes("chaperone_ledger_entries_total 5"); i++) {
    await new Promise((tick) => setTimeout(tick, 10));
    text = (await metrics.text()).body;
  }
  assert.match(text, /^chaperone_ledger_entries_total 5$/m);
  assert.match(text, /^chaperone_sessions_total\{state="held"\} 2$/m);
  assert.match(text, /^chaperone_sessions_total\{state="approved"\} 1$/m);
  assert.match(text, /^chaperone_sessions_held 1$/m);
  stop();
});
