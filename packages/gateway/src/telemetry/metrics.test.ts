import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMetrics } from "./index.ts";

describe("metrics", () => {
  it("are written in Prometheus' text format", async () => {
    const metrics = createMetrics();
    metrics.request("bigquery-rest", "jobs.query", "ok", 0.02);
    metrics.session("held");
    metrics.held(2);
    metrics.held(1);
    metrics.approvalWait("approved", 90);
    metrics.upstream("jobs.insert", "ok", 0.4);
    metrics.released(100, {
      ssn: { rule: "null", count: 100 },
      "address.zip": { rule: "zip3", count: 98 },
      mrn: { rule: "null", count: 2 },
    });
    metrics.ledgerEntries(12);
    metrics.storeRefused("full");
    metrics.credentialRefused("expired");
    metrics.agentLimited("rate");
    metrics.alarm("disagreement");
    const { contentType, body } = await metrics.text();
    assert.match(contentType, /^text\/plain; version=0\.0\.4/);
    for (const line of [
      'chaperone_request_duration_seconds_count{door="bigquery-rest",method="jobs.query",outcome="ok"} 1',
      'chaperone_sessions_total{state="held"} 1',
      "chaperone_sessions_held 1",
      'chaperone_approval_wait_seconds_bucket{le="300",decision="approved"} 1',
      'chaperone_upstream_duration_seconds_count{call="jobs.insert",outcome="ok"} 1',
      "chaperone_rows_released_total 100",
      'chaperone_cells_masked_total{rule="null"} 102',
      'chaperone_cells_masked_total{rule="zip3"} 98',
      "chaperone_ledger_entries_total 12",
      'chaperone_store_refusals_total{code="full"} 1',
      'chaperone_credential_refusals_total{code="expired"} 1',
      'chaperone_agent_limited_total{limit="rate"} 1',
      'chaperone_alarms_total{kind="disagreement"} 1',
    ]) {
      assert.ok(body.split("\n").includes(line), `${line} is missing from\n${body}`);
    }
    assert.doesNotMatch(body, /ssn|mrn/, "field names are no labels");
  });

  it("neither grow without end nor carry a text, whatever is passed as a label (I9, I10)", async () => {
    const metrics = createMetrics();
    for (let i = 0; i < 1000; i++) metrics.alarm(`kind${i}`);
    metrics.credentialRefused('123-45-6789"} 1');
    const { body } = await metrics.text();
    assert.equal(body.match(/^chaperone_alarms_total\{/gm)?.length, 33);
    assert.ok(body.includes('chaperone_credential_refusals_total{code="other"} 1'));
    assert.doesNotMatch(body, /123-45/);
  });

  it("of two gateways in one process don't mix", async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.alarm("disagreement");
    assert.doesNotMatch((await other.text()).body, /disagreement/);
  });
});
