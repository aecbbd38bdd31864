import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { UnderstoodPlan } from "@chaperone/googlesql";
import type { AgentPrincipal, PersonPrincipal } from "../identity/principal.ts";
import type { DecisionRequest } from "../policy/decide.ts";
import { decideForAll } from "../policy/intersect.ts";
import { parsePolicies } from "../policy/policy-set.ts";
import { DecisionCache } from "./decision-cache.ts";

const AGENT: AgentPrincipal = {
  kind: "agent",
  issuer: "https://idp.example",
  subject: "a",
  name: "a",
  groups: ["clinic"],
  sponsor: { issuer: "https://idp.example", subject: "dr-a" },
  tokenId: "t",
  tokenExpires: 0,
};

const PERSON: PersonPrincipal = {
  kind: "person",
  issuer: "https://idp.example",
  subject: "p",
  name: "p",
  groups: ["clinic"],
  tokenId: "t",
  tokenExpires: 0,
};

function planOf(column: string): UnderstoodPlan {
  const outputs = [
    { name: "c", type: "STRING", explicit: [{ column, via: "copy" }], implicit: [], constant: false },
  ] as const;
  return {
    understood: true,
    statementType: "SELECT",
    statements: [{ kind: "SELECT", reads: [], views: [], routines: [], outputs, writes: [], effects: [] }],
    result: outputs,
    canonicalSql: "SELECT",
  };
}
const PLAN = planOf("p.ehr.patients.ssn");

const REQUEST: DecisionRequest = {
  principal: AGENT,
  plan: PLAN,
  classes: (column) => ({ column, classes: ["phi.ssn"], source: "catalog-file" }),
  catalogVersion: "1",
  context: { purpose: undefined, connection: "main", now: 0 },
  protections: { approval: true, masking: true },
  defaults: { approvers: ["stewards"], limitRows: 10 },
};

const policiesOf = (...permits: readonly string[]) =>
  parsePolicies([{ file: "test.cedar", text: permits.map((permit, i) => `@id("p${i}") ${permit}`).join("\n") }]);
const POLICIES = policiesOf('@mask("last4") permit (principal in Group::"clinic", action, resource);');

describe("remembered decisions", () => {
  it("are those that policy would give again", () => {
    const cache = new DecisionCache();
    const first = cache.decide(POLICIES, REQUEST);
    assert.deepEqual(first, decideForAll(POLICIES, REQUEST));
    assert.equal(first.effect, "permit");
    assert.equal(cache.decide(POLICIES, { ...REQUEST, context: { ...REQUEST.context, now: 1 } }), first);
  });

  const others: Readonly<Record<string, Partial<DecisionRequest>>> = {
    "another agent": { principal: { ...AGENT, subject: "b" } },
    "the same agent without its group": { principal: { ...AGENT, groups: [] } },
    "the same agent on behalf of another": { principal: { ...AGENT, onBehalfOf: [{ ...AGENT, groups: [] }] } },
    "the same agent on behalf of a person": { principal: { ...AGENT, onBehalfOf: [PERSON] } },
    "the same agent on behalf of another person": {
      principal: { ...AGENT, onBehalfOf: [{ ...PERSON, subject: "q" }] },
    },
    "a person of the same name and groups": { principal: { ...PERSON, subject: "a", name: "a" } },
    "another plan of the same text": { plan: planOf("p.ehr.patients.name") },
    "another catalog": {
      catalogVersion: "2",
      classes: (column) => ({ column, classes: ["phi.name"], source: "catalog-file" }),
    },
    "another purpose": { context: { ...REQUEST.context, purpose: "research" } },
    "another connection": { context: { ...REQUEST.context, connection: "other" } },
    "no masks on the connection": { protections: { approval: true, masking: false } },
    "no approval on the connection": { protections: { approval: false, masking: true } },
    "other approvers": { defaults: { approvers: ["board"], limitRows: 10 } },
    "another limit of rows": { defaults: { approvers: ["stewards"], limitRows: 5 } },
    "a limit of bytes": { defaults: { approvers: ["stewards"], limitRows: 10, limitBytes: 1 } },
  };
  for (const [what, other] of Object.entries(others)) {
    it(`don't count for ${what}`, () => {
      const cache = new DecisionCache();
      const first = cache.decide(POLICIES, REQUEST);
      const second = cache.decide(POLICIES, { ...REQUEST, ...other });
      assert.notEqual(second, first);
      assert.deepEqual(second, decideForAll(POLICIES, { ...REQUEST, ...other }));
    });
  }

  it("don't count under other policies", () => {
    const cache = new DecisionCache();
    assert.equal(cache.decide(POLICIES, REQUEST).effect, "permit");
    assert.equal(cache.decide(policiesOf("forbid (principal, action, resource);"), REQUEST).effect, "deny");
  });

  it("are none where a policy reads the clock", () => {
    const cache = new DecisionCache();
    const until = policiesOf(
      'permit (principal, action, resource) when { context.now < datetime("1970-01-01T00:00:01Z") };',
    );
    const at = (now: number) => cache.decide(until, { ...REQUEST, context: { ...REQUEST.context, now } }).effect;
    assert.deepEqual([at(0), at(2000)], ["permit", "deny"]);
  });

  it("are bounded", () => {
    const cache = new DecisionCache();
    const first = cache.decide(POLICIES, REQUEST);
    const for_ = (purpose: string) => cache.decide(POLICIES, { ...REQUEST, context: { ...REQUEST.context, purpose } });
    for (let i = 0; i < 300; i++) for_(String(i));
    assert.notEqual(cache.decide(POLICIES, REQUEST), first);
    const long = "x".repeat(60_000);
    assert.notEqual(for_(long), for_(long));
  });

  it("of thousands of columns let other work be done between their questions, and are the same", async () => {
    const columns = Array.from({ length: 3000 }, (_, i) => `p.ehr.wide.c${i}`);
    const result = columns.map(
      (column) =>
        ({ name: "c", type: "STRING", explicit: [{ column, via: "copy" }], implicit: [], constant: false }) as const,
    );
    const plan: UnderstoodPlan = {
      ...PLAN,
      statements: [{ kind: "SELECT", reads: [], views: [], routines: [], outputs: result, writes: [], effects: [] }],
      result,
    };
    const principal: AgentPrincipal = { ...AGENT, onBehalfOf: [{ ...AGENT, groups: ["clinic", "other"] }] };
    const request: DecisionRequest = { ...REQUEST, principal, plan };
    const cache = new DecisionCache();
    let turns = 0;
    let longest = 0;
    let before = performance.now();
    const clock = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - before);
      before = now;
      turns++;
    }, 1);
    try {
      const start = performance.now();
      const [decision, other] = await Promise.all([
        cache.decideInTurns(POLICIES, request),
        cache.decideInTurns(POLICIES, { ...request, principal: AGENT }),
      ]);
      const took = performance.now() - start;
      assert.ok(turns > 20, `${turns} turns in ${took} ms`);
      assert.ok(longest < took / 3, `${longest} of ${took} ms`);
      assert.deepEqual(decision, decideForAll(POLICIES, request));
      assert.deepEqual(other, decideForAll(POLICIES, { ...request, principal: AGENT }));
      assert.equal(await cache.decideInTurns(POLICIES, REQUEST), cache.decide(POLICIES, REQUEST));
    } finally {
      clearInterval(clock);
    }
  });
});
