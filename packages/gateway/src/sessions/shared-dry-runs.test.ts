import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Query, Upstream } from "../upstream/upstream.ts";
import { SharedDryRuns } from "./shared-dry-runs.ts";

const QUERY: Query = { project: "p", location: "US", sql: "SELECT 1" };

function upstream() {
  const asked: Query[] = [];
  const answers = { outcome: "refused", kind: "refused", reason: "unknown", message: "" } as const;
  const dryRun = async (query: Query) => {
    asked.push(query);
    return { ...answers };
  };
  // The one call that is made of it.
  return { asked, upstream: { dryRun } as unknown as Upstream };
}

test("what asks the same in one turn of the loop is asked once, after all of it came", async () => {
  const { asked, upstream: bigquery } = upstream();
  const runs = new SharedDryRuns();
  const first = runs.dryRun(bigquery, QUERY);
  await Promise.resolve();
  assert.equal(asked.length, 0);
  const [one, other] = await Promise.all([first, runs.dryRun(bigquery, { ...QUERY })]);
  assert.equal(asked.length, 1);
  assert.equal(one, other);
});

test("what comes after it was sent has its own, and nothing is remembered", async () => {
  const { asked, upstream: bigquery } = upstream();
  const runs = new SharedDryRuns();
  const first = runs.dryRun(bigquery, QUERY);
  await turn();
  await Promise.all([first, runs.dryRun(bigquery, QUERY)]);
  assert.equal(asked.length, 2);
});

test("of one text, each that is asked otherwise is asked once, and anew in the next turn", async () => {
  const { asked, upstream: bigquery } = upstream();
  const runs = new SharedDryRuns();
  const both = () => [QUERY, { ...QUERY, project: "q" }].map((query) => runs.dryRun(bigquery, query));
  await Promise.all([...both(), ...both()]);
  assert.deepEqual(
    asked.map(({ project }) => project),
    ["p", "q"],
  );
  await Promise.all([...both(), ...both()]);
  assert.equal(asked.length, 4);
});

test("another text, project, parameter or BigQuery is another question", async () => {
  const { asked, upstream: bigquery } = upstream();
  const other = upstream();
  const runs = new SharedDryRuns();
  await Promise.all([
    runs.dryRun(bigquery, QUERY),
    runs.dryRun(bigquery, { ...QUERY, sql: "SELECT 2" }),
    runs.dryRun(bigquery, { ...QUERY, project: "q" }),
    runs.dryRun(bigquery, { ...QUERY, parameters: [{ name: "a" }] }),
    runs.dryRun(other.upstream, QUERY),
  ]);
  assert.equal(asked.length, 4);
  assert.equal(other.asked.length, 1);
});

test("a failure is each one's own to handle, and the next question is asked anew", async () => {
  let asked = 0;
  const failing = {
    dryRun: async () => {
      asked++;
      throw new Error("no answer");
    },
  } as unknown as Upstream;
  const runs = new SharedDryRuns();
  const both = await Promise.allSettled([runs.dryRun(failing, QUERY), runs.dryRun(failing, QUERY)]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  await assert.rejects(runs.dryRun(failing, QUERY));
  assert.equal(asked, 2);
});
