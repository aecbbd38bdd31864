import assert from "node:assert/strict";
import { it } from "node:test";
import { type RawBuilder, sql } from "kysely";
import { testStore } from "../store/testing/temporary-store.ts";
import { NAMED_BY_CLIENT, RUNNING, STARTED, WAITING } from "./statements.ts";

const questions: readonly [string, string, RawBuilder<unknown>][] = [
  ["how many an agent waits for", "sessions_waiting", sql`issuer = ${"i"} AND subject = ${"s"} AND ${WAITING}`],
  [
    "what the clock expires",
    "sessions_waiting",
    sql`state IN (${"held"}, ${"approved"}) AND expires_at <= 1 AND ${WAITING}`,
  ],
  ["what runs and nobody reads", "sessions_running", sql`updated_at <= 1 AND ${RUNNING}`],
  [
    "a job that its client named",
    "sessions_job",
    sql`issuer = ${"i"} AND subject = ${"s"} AND on_behalf_of = ${"[]"} AND project = ${"p"} AND job_id = ${"j"} AND ${NAMED_BY_CLIENT}`,
  ],
];
for (const [what, index, where] of questions) {
  it(`${what} is found without looking at sessions that have ended`, async (t) => {
    const store = await testStore(t);
    const { rows } = await sql<{ detail: string }>`EXPLAIN QUERY PLAN SELECT id FROM sessions WHERE ${where}`.execute(
      store.db,
    );
    assert.deepEqual(
      rows.map(({ detail }) => detail.split(" INDEX ")[1]?.split(" ")[0]),
      [index],
    );
    // As a whole, too: a view of them.
    const whole = await sql<{
      detail: string;
    }>`EXPLAIN QUERY PLAN SELECT id FROM whole_sessions AS sessions WHERE ${where}`.execute(store.db);
    assert.equal(whole.rows[0]?.detail.split(" INDEX ")[1]?.split(" ")[0], index);
  });
}

it("what a crash broke off is found without looking at all pages that ever were", async (t) => {
  const store = await testStore(t);
  const { rows } = await sql<{
    detail: string;
  }>`EXPLAIN QUERY PLAN SELECT session, number FROM releases WHERE ${STARTED} ORDER BY session, number LIMIT 9`.execute(
    store.db,
  );
  assert.deepEqual(
    rows.map(({ detail }) => detail),
    ["SCAN releases USING COVERING INDEX releases_started"],
  );
});
