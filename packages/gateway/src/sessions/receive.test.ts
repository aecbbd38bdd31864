import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { canonicalJson } from "../evidence/canonical-json.ts";
import type { Json } from "../evidence/event.ts";
import { sealer } from "../evidence/seal.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { PRINCIPAL } from "./commands/testing/small-query.ts";
import type { Connection } from "./connection.ts";
import type { EngineOptions } from "./engine-options.ts";
import { loadHmac, receiveInput } from "./receive.ts";
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

suite("by what a load is known that is sent again", () => {
  const LOAD: Submission = {
    ...SUBMISSION,
    statement: {
      sql: "INSERT INTO t (a) SELECT r.c0 FROM UNNEST(@rows) AS r",
      parameterMode: "NAMED",
      parameters: [],
      defaultDataset: undefined,
    },
    asked: {
      kind: "load",
      configuration: { b: 1, a: 2 },
      sentOn: { table: "p.d.t", schema: null, write: "WRITE_APPEND" },
    },
  };
  const AGENT: AgentPrincipal = { ...PRINCIPAL, groups: ["g", "h"] };
  const hmac = (more: Partial<Submission> = {}, principal = AGENT, connection = CONNECTION) =>
    loadHmac(OPTIONS.sealer, principal, connection, { ...LOAD, ...more });
  const rows = { rows: 3, bytes: 30, digest: "00" };

  test("is stored of one whose rows were counted, and of no other", () => {
    assert.equal(received(AGENT, LOAD).input.requestHmac, "");
    assert.equal(received(AGENT, { ...LOAD, statement: { ...LOAD.statement, rows } }).input.requestHmac, hmac());
  });

  test("is all but its rows, its job's name, and the order of groups and members", () => {
    assert.equal(hmac({ statement: { ...LOAD.statement, rows } }), hmac());
    assert.equal(hmac({ jobId: "another" }), hmac());
    assert.equal(hmac({}, { ...AGENT, groups: ["h", "g"], tokenId: "another" }), hmac());
    const asked = { ...LOAD.asked, kind: "load", configuration: { a: 2, b: 1 } } as const;
    assert.equal(hmac({ asked }), hmac());
  });

  test("is another for another agent, table or setting", () => {
    const { asked, statement } = LOAD;
    assert.ok(asked?.sentOn !== undefined);
    const others = [
      hmac({}, { ...AGENT, subject: "another" }),
      hmac({}, { ...AGENT, issuer: "another" }),
      hmac({}, { ...AGENT, groups: ["g"] }),
      hmac({}, { ...AGENT, onBehalfOf: [PRINCIPAL] }),
      hmac({}, AGENT, { ...CONNECTION, name: "d" }),
      hmac({ project: "q" }),
      hmac({ labels: { purpose: "research" } }),
      hmac({ jobTimeoutMs: 1 }),
      hmac({ statement: { ...statement, sql: `${statement.sql} WHERE TRUE` } }),
      hmac({ statement: { ...statement, parameters: [{ name: "rows" }] } }),
      hmac({ asked: { ...asked, configuration: { a: 2, b: 2 } } }),
      hmac({ asked: { ...asked, sentOn: { ...asked.sentOn, table: "p.d.u" } } }),
      hmac({ asked: { ...asked, sentOn: { ...asked.sentOn, write: "WRITE_EMPTY" } } }),
    ];
    assert.equal(new Set([hmac(), ...others]).size, others.length + 1);
  });

  test("what is recorded of the statement is another with other rows", () => {
    const of = (digest: string) =>
      received(AGENT, { ...LOAD, statement: { ...LOAD.statement, rows: { ...rows, digest } } }).said.sqlHmac;
    assert.notEqual(of("00"), of("01"));
    assert.notEqual(of("00"), received(AGENT, LOAD).said.sqlHmac);
  });
});
