import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { canonicalJson } from "../evidence/canonical-json.ts";
import type { Json } from "../evidence/event.ts";
import { sealer } from "../evidence/seal.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { PRINCIPAL } from "./commands/testing/small-query.ts";
import type { Connection } from "./connection.ts";
import type { EngineOptions } from "./engine-options.ts";
import { receiveInput } from "./receive.ts";
import type { Submission } from "./statement.ts";

const OPTIONS = { sealer: sealer(Buffer.alloc(32, 1)), limits: { openPerAgent: 2 } } as EngineOptions;
const CONNECTION = { name: "c", location: "US" } as Connection;
const SUBMISSION: Submission = {
  door: "bigquery-rest",
  project: "p",
  location: "US",
  jobId: undefined,
  requestId: undefined,
  statement: { sql: "SELECT 'é'", parameterMode: undefined, parameters: [], defaultDataset: undefined },
  dryRun: false,
  maximumBytesBilled: undefined,
  jobTimeoutMs: undefined,
  labels: {},
};
const ODD = 'é"\\\n\u2028⟨';

function received(principal: AgentPrincipal, more: Partial<Submission> = {}, connection = CONNECTION) {
  const { input, stored } = receiveInput(OPTIONS, "id", principal, connection, { ...SUBMISSION, ...more });
  const { data } = input;
  assert.ok(typeof data === "string");
  const said = JSON.parse(data) as { readonly [name: string]: Json };
  assert.equal(data, canonicalJson(said), "as the ledger has it");
  return { input, said, stored };
}

suite("what is recorded of a query that came", () => {
  test("is canonical, whatever is in its names", () => {
    const principal: AgentPrincipal = { ...PRINCIPAL, name: ODD, groups: [ODD, ""], onBehalfOf: [PRINCIPAL] };
    const { input, said } = received(principal, { jobId: ODD, labels: { purpose: ODD } }, { ...CONNECTION, name: ODD });
    assert.deepEqual(Object.keys(said), [
      "agent",
      "connection",
      "door",
      "job",
      "onBehalfOf",
      "project",
      "purpose",
      "sealedSha256",
      "sqlBytes",
      "sqlHmac",
    ]);
    assert.deepEqual([said.job, said.purpose, said.connection, said.sqlBytes], [ODD, ODD, ODD, 11]);
    assert.deepEqual([input.jobId, input.by.purpose, input.by.agentName], [ODD, ODD, ODD]);
  });

  test("is another query under the same requestId, whatever makes it one", () => {
    const hmac = (more: Partial<Submission>): string =>
      received(PRINCIPAL, { requestId: "r", ...more }).input.requestHmac;
    const { statement } = SUBMISSION;
    const others: readonly Partial<Submission>[] = [
      { statement: { ...statement, sql: "SELECT 1" } },
      { statement: { ...statement, parameters: [1] } },
      { statement: { ...statement, parameterMode: "NAMED" } },
      { statement: { ...statement, defaultDataset: { projectId: "p", datasetId: "d" } } },
      { dryRun: true },
      { project: "q" },
      { labels: { purpose: "audit" } },
      { maximumBytesBilled: 1 },
    ];
    assert.equal(hmac({}), hmac({ statement: { ...statement } }));
    assert.equal(new Set([{}, ...others].map(hmac)).size, others.length + 1);
  });

  test("is the same agent's of before in what is the same, and in nothing else", () => {
    const { by } = received(PRINCIPAL).input;
    assert.equal(received(PRINCIPAL, { jobId: "j" }).input.by, by);
    const others: readonly (readonly [AgentPrincipal, Partial<Submission>, Connection?])[] = [
      [PRINCIPAL, { project: "q" }],
      [PRINCIPAL, { labels: { purpose: "audit" } }],
      [PRINCIPAL, { dryRun: true }],
      [PRINCIPAL, { door: "bigquery-storage" }],
      [PRINCIPAL, {}, { ...CONNECTION, name: "d" }],
      [PRINCIPAL, {}, { ...CONNECTION, location: "EU" }],
      [{ ...PRINCIPAL, tokenId: "u" }, {}],
      [{ ...PRINCIPAL, onBehalfOf: [PRINCIPAL] }, {}],
    ];
    const all = [received(PRINCIPAL), ...others.map((other) => received(...other))];
    const texts = all.map(({ input: { by: one }, said }) => JSON.stringify([one, said.agent, said.onBehalfOf]));
    assert.equal(new Set(texts).size, all.length);
    for (const { input, said } of all) {
      assert.deepEqual([said.project, said.purpose], [input.by.project, input.by.purpose]);
      assert.deepEqual([said.connection, said.door], [input.by.connection, input.by.door]);
    }
  });
});
