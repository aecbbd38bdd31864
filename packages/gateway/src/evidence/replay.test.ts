import assert from "node:assert/strict";
import { it } from "node:test";
import { testStore } from "../store/testing/temporary-store.ts";
import { type ReplayStep, replay } from "./replay.ts";

it("I8: a replay has each step of a session once, however many there are, and says where there are more", async (t) => {
  const store = await testStore(t);
  const pad = "x".repeat(60_000);
  const other = { type: "test.event", session: "other", data: {} };
  const written = 640;
  for (let n = 0; n < written; n += 64)
    await store.append(
      Array.from({ length: 64 }, (_, i) => [
        { type: "test.event", session: "s", data: { n: n + i, pad } },
        other,
      ]).flat(),
    );
  const steps: ReplayStep[] = [];
  let answers = 0;
  for (let more = true; more; answers++) {
    const next = await replay(store as never, "s", steps.at(-1)?.index);
    assert.ok(JSON.stringify(next.steps).length < 16_100_000);
    steps.push(...next.steps);
    more = next.more;
  }
  assert.equal(answers, 3);
  assert.deepEqual(
    steps.map(({ data }) => data.n),
    Array.from({ length: written }, (_, n) => n),
  );
  assert.deepEqual(await replay(store as never, "nobody"), { steps: [], more: false });
});
