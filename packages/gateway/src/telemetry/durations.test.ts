import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Histogram, Registry } from "prom-client";
import { Durations } from "./durations.ts";
import { createMetrics } from "./index.ts";
import { keptChildren } from "./kept-children.ts";

const BUCKETS = [0.01, 0.5, 1, 30];
const OF = { name: "some_seconds", help: "What took\nhow long.", buckets: BUCKETS };

describe("durations", () => {
  it("are written as prom-client's own histogram is, whatever was observed", async () => {
    const [theirs, ours] = [new Registry(), new Registry()];
    const histogram = new Histogram({ ...OF, labelNames: ["a", "b"] as const, registers: [theirs] });
    const durations = new Durations<"a" | "b">(OF);
    ours.registerMetric(durations.metric);
    assert.equal(await ours.metrics(), await theirs.metrics());
    const seen = [0, 0.01, 0.010001, 0.5, 0.75, 1, 29.999, 30, 30.001, 1e9, -1, 5e-324];
    for (const [i, seconds] of [...seen, ...seen.toReversed()].entries()) {
      const labels = { a: ["x", 'y"\n\\'][i % 2] ?? "", b: ["1", "2", "3"][i % 3] ?? "" };
      histogram.observe(labels, seconds);
      durations.of(labels).observe(seconds);
      assert.equal(await ours.metrics(), await theirs.metrics(), `after ${i}`);
    }
  });

  it("of no number are not counted", async () => {
    const durations = new Durations<"a">(OF);
    for (const seconds of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1])
      durations.of({ a: "x" }).observe(seconds);
    const { values } = await durations.get();
    assert.deepEqual(
      values.slice(-2).map(({ value }) => value),
      [1, 1],
    );
  });

  it("neither grow without end nor carry a text, whatever is passed as a label (I9, I10)", async () => {
    const metrics = createMetrics();
    for (let i = 0; i < 3000; i++) {
      metrics.request("bigquery-rest", `method${i}`, "ok", 1);
      metrics.upstream(`call${i}`, `outcome${i}`, 1);
    }
    metrics.upstream('123-45-6789"} 1', "ok", 1);
    const { body } = await metrics.text();
    assert.equal(body.match(/^chaperone_request_duration_seconds_count\{/gm)?.length, 129);
    // 32 calls and `other`.
    assert.equal(body.match(/^chaperone_upstream_duration_seconds_count\{/gm)?.length, 33);
    assert.match(body, /duration_seconds_count\{door="bigquery-rest",method="other",outcome="ok"\} 2872/);
    assert.doesNotMatch(body, /123-45/);
  });
});

describe("children of a metric", () => {
  it("are one for each set of labels, in their order, and found once while there are not too many", () => {
    let found = 0;
    const child = keptChildren((...labels) => ({ labels, number: found++ }));
    const sets = [[], ["a"], ["a", "b"], ["b", "a"], ["a\nb"], ["", "a"], ["a", ""]];
    const first = sets.map((labels) => child(...labels));
    assert.deepEqual(
      first.map(({ labels }) => labels),
      sets,
    );
    assert.equal(found, sets.length);
    for (const [i, labels] of sets.entries()) assert.equal(child(...labels), first[i]);
    for (let i = 0; i < 2000; i++) child(`${i}`);
    assert.equal(child("0"), child("0"));
    assert.notEqual(child("1999"), child("1999"));
    assert.equal(child("a", "b"), first[2]);
  });
});
