import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { UnderstoodPlan } from "@chaperone/googlesql";
import type { AgentPrincipal } from "../identity/principal.ts";
import type { PermitDecision } from "../policy/decision.ts";
import type { DryRun } from "../upstream/upstream.ts";
import { type AssessInput, agree } from "./assess.ts";
import type { Judged } from "./judged-before.ts";

const PRINCIPAL = { kind: "agent", issuer: "i", subject: "a", groups: ["g"] } as unknown as AgentPrincipal;
const STATEMENT: AssessInput["statement"] = {
  sql: "SELECT @a AS x",
  parameterMode: "NAMED",
  parameters: [{ name: "a", parameterValue: { value: "1" } }],
  defaultDataset: undefined,
};
const SELECT: UnderstoodPlan["statements"][number] = {
  kind: "SELECT",
  reads: [],
  views: [],
  routines: [],
  outputs: [],
  writes: [],
  effects: [],
};
const PLAN: UnderstoodPlan = {
  understood: true,
  canonicalSql: "SELECT @a AS x",
  statementType: "SELECT",
  result: [{ name: "x", type: "INT64", explicit: [], implicit: [], constant: false }],
  statements: [SELECT],
};
const DECISION: PermitDecision = {
  effect: "permit",
  policyVersion: "v1",
  uses: [],
  policies: [],
  protectionsOff: [],
  obligations: {
    approval: undefined,
    limitRows: 10,
    limitBytes: undefined,
    readSize: "told",
    masks: [{ name: "x", type: "INT64", mask: { rule: "none" } }],
    travelling: [],
  },
};
const FACTS: DryRun = {
  outcome: "accepted",
  statementType: "SELECT",
  schema: [{ name: "x", type: "INTEGER" }],
  referencedTables: [],
  referencedRoutines: [],
  totalBytesProcessed: 7,
  totalBytesProcessedAccuracy: undefined,
  undeclaredParameters: [],
  ddlTargetTable: undefined,
};
const CONNECTION = { name: "c", location: "US", maximumBytesBilled: 1000, upstream: {} };
const KEYS = { keyedHash: (text: string) => `one:${text}` };

interface Asked {
  readonly input: object;
  readonly plan: UnderstoodPlan;
  readonly decision: PermitDecision;
}

async function bindingOf({ input, plan, decision }: Asked): Promise<string> {
  const judged: Judged = { kind: "judged", plan, decision, redacted: { sql: plan.canonicalSql, literals: [] } };
  const assessed = await agree(input as AssessInput, judged);
  assert.equal(assessed.kind, "permitted");
  return assessed.kind === "permitted" ? assessed.binding : "";
}

/** A decision and a plan that nothing is remembered of. */
function anew(asked: Asked): Promise<string> {
  return bindingOf({ ...asked, plan: structuredClone(asked.plan), decision: structuredClone(asked.decision) });
}

describe("the binding of what is permitted (I6), which is remembered with the decision", () => {
  const input = {
    connection: CONNECTION,
    principal: PRINCIPAL,
    project: "p",
    statement: STATEMENT,
    purpose: null,
    maximumBytesBilled: undefined,
    dryRuns: { dryRun: async () => FACTS },
    keys: KEYS,
  };
  const asked: Asked = { input, plan: PLAN, decision: DECISION };

  it("is the same for the same, remembered or not", async () => {
    const first = await bindingOf(asked);
    assert.equal(await bindingOf(asked), first);
    assert.equal(await anew(asked), first);
  });

  const parameters = [{ name: "a", parameterValue: { value: "2" } }];
  for (const [what, more] of Object.entries({
    "another agent": { principal: { ...PRINCIPAL, subject: "b" } },
    "an agent of other groups": { principal: { ...PRINCIPAL, groups: ["g", "h"] } },
    "an agent that acts for somebody": { principal: { ...PRINCIPAL, onBehalfOf: [PRINCIPAL] } },
    "another connection": { connection: { ...CONNECTION, name: "d" } },
    "other parameters": { statement: { ...STATEMENT, parameters } },
    "another purpose": { purpose: "research" },
    "another maximum of bytes": { maximumBytesBilled: 999 },
    "another key": { keys: { keyedHash: (text: string) => `other:${text}` } },
  }))
    it(`is another for ${what}, also where all else was bound a moment ago`, async () => {
      const first = await bindingOf(asked);
      const changed = { ...asked, input: { ...input, ...more } };
      const other = await bindingOf(changed);
      assert.notEqual(other, first);
      assert.equal(other, await anew(changed));
      assert.equal(await bindingOf(asked), first);
    });

  for (const [what, more] of Object.entries({
    "another statement": { canonicalSql: "SELECT @a  AS x" },
    "other statements in it": { statements: [{ ...SELECT, routines: ["p.d.f"] }] },
    "another result": { result: [{ name: "x", type: "STRING", explicit: [], implicit: [], constant: false }] },
  } satisfies Record<string, Partial<UnderstoodPlan>>))
    it(`is another for ${what}, also where all else was bound a moment ago`, async () => {
      const first = await bindingOf(asked);
      const plan = { ...PLAN, ...more };
      const schema = [{ name: "x", type: plan.result[0]?.type === "STRING" ? "STRING" : "INTEGER" }];
      const changed = { ...asked, plan, input: { ...input, dryRuns: { dryRun: async () => ({ ...FACTS, schema }) } } };
      const other = await bindingOf(changed);
      assert.notEqual(other, first);
      assert.equal(other, await anew(changed));
      assert.equal(await bindingOf(asked), first);
    });

  it("is another for another decision about the same", async () => {
    const first = await bindingOf(asked);
    const { obligations } = DECISION;
    const others: readonly PermitDecision[] = [
      { ...DECISION, policyVersion: "v2" },
      { ...DECISION, obligations: { ...obligations, limitRows: 11 } },
      { ...DECISION, obligations: { ...obligations, limitBytes: 999 } },
      { ...DECISION, obligations: { ...obligations, travelling: [{ table: "t", path: "x", classes: ["NAME"] }] } },
      { ...DECISION, obligations: { ...obligations, masks: [{ name: "x", type: "INT64", mask: { rule: "NULL" } }] } },
    ] as readonly PermitDecision[];
    const made = await Promise.all(others.map((decision) => bindingOf({ ...asked, decision })));
    assert.equal(new Set([first, ...made]).size, others.length + 1);
    for (const [at, decision] of others.entries()) assert.equal(made[at], await anew({ ...asked, decision }));
  });
});
