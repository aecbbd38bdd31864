import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Answer, judgeBoth } from "./judge.ts";
import type { Step } from "./steps.ts";

const PLAIN: Step = { feature: "plain", how: "query", sql: "" };
const LOAD: Step = { feature: "load", how: "load", sql: "" };
const rows = (...values: unknown[]): Answer => ({ rows: values });
const judged = (step: Step, answer: Answer, without: Answer, reference: Answer) =>
  judgeBoth(step, answer, without, async () => reference);
const broken: Answer = { error: { kind: "400", message: "it can't" } };

describe("a step in front of a BigQuery that may be at fault", () => {
  it("passes with the rows that come straight", async () => {
    assert.deepEqual(await judged(PLAIN, rows(1), rows(1), rows(2)), { fault: null, straight: null });
  });

  it("passes where it does more than comes straight, if that is what another says", async () => {
    assert.deepEqual(await judged(PLAIN, rows(1), broken, rows(1)), { fault: null, straight: "it can't" });
    assert.deepEqual(await judged(PLAIN, rows(1), rows(1, 2), rows(1)), {
      fault: null,
      straight: "other rows than were asked for",
    });
  });

  it("fails otherwise, and says what comes straight", async () => {
    assert.deepEqual(await judged(PLAIN, broken, rows(1), rows(1)), { fault: "400: it can't", straight: null });
    assert.deepEqual(await judged(PLAIN, broken, broken, rows(1)), { fault: "400: it can't", straight: "it can't" });
    const other = "other rows than without the gateway";
    assert.deepEqual(await judged(PLAIN, rows(1), rows(2), rows(2)), { fault: other, straight: null });
    assert.deepEqual(await judged(PLAIN, rows(1), rows(2), broken), { fault: other, straight: null });
  });

  it("asks of what was sent straight that it is there", async () => {
    const sent = rows(["2026-02-28"], ["2026-03-01"]);
    assert.deepEqual(await judged(LOAD, sent, sent, broken), { fault: null, straight: null });
    assert.deepEqual(await judged(LOAD, sent, rows(["2026-02-28"]), broken), {
      fault: null,
      straight: "other rows than were sent",
    });
  });
});
