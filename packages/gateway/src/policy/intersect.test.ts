import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PlanStatement, UnderstoodPlan } from "@chaperone/googlesql";
import type { AgentPrincipal, PersonPrincipal } from "../identity/principal.ts";
import type { Decision, PermitDecision } from "./decision.ts";
import { decideForAll, describableForAll } from "./intersect.ts";
import { parsePolicies } from "./policy-set.ts";

function agent(subject: string, group: string, onBehalfOf?: readonly AgentPrincipal[]): AgentPrincipal {
  const sponsor = { issuer: "https://idp.example", subject: "dr-a" };
  const base = { kind: "agent", issuer: "https://idp.example", name: subject, tokenId: "t", tokenExpires: 0 } as const;
  return { ...base, subject, groups: [group], sponsor, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) };
}
const A = agent("a", "alpha");
const B = agent("b", "beta");
const C = agent("c", "gamma");

const outputs = [
  {
    name: "ssn",
    type: "STRING",
    explicit: [{ column: "p.ehr.patients.ssn", via: "copy" }],
    implicit: [],
    constant: false,
  },
] as const;
const statement: PlanStatement = {
  kind: "SELECT",
  reads: [],
  views: [],
  routines: [],
  outputs,
  writes: [],
  effects: [],
};
const PLAN: UnderstoodPlan = {
  understood: true,
  statementType: "SELECT",
  statements: [statement],
  result: outputs,
  canonicalSql: "SELECT",
};

/** One permit for each group, with its annotations; a group that isn't named has none. */
function decisionOf(principal: AgentPrincipal, permits: Readonly<Record<string, string>>): Decision {
  const text = Object.entries(permits)
    .map(
      ([group, annotations]) =>
        `@id("${group}") ${annotations} permit (principal in Group::"${group}", action, resource);`,
    )
    .join("\n");
  const policies = parsePolicies([{ file: "test.cedar", text }]);
  const common = {
    principal,
    classes: (column: string) => ({ column, classes: ["phi.ssn"], source: "catalog-file" as const }),
    context: { purpose: undefined, connection: "main", now: 0 },
  };
  const shown = describableForAll(policies, common, "p.ehr.patients", ["ssn"]);
  const decision = decideForAll(policies, {
    ...common,
    plan: PLAN,
    catalogVersion: "c1",
    protections: { approval: true, masking: true },
    defaults: { approvers: ["privacy-officers"] },
  });
  // Whoever may do everything may be told of everything: both must agree on who is behind.
  assert.equal(shown.has("ssn"), Object.keys(permits).length >= 1 + (principal.onBehalfOf?.length ?? 0));
  return decision;
}
function permitted(decision: Decision): PermitDecision {
  if (decision.effect !== "permit") assert.fail(decision.message);
  return decision;
}

describe("an agent on behalf of others", () => {
  const FREE = '@approval("none") @mask("none")';

  it("may what all may, and nothing else, whoever acts for whom", () => {
    for (const principal of [
      { ...A, onBehalfOf: [B] },
      { ...B, onBehalfOf: [A] },
    ]) {
      assert.equal(decisionOf(principal, { alpha: FREE }).effect, "deny");
      assert.equal(decisionOf(principal, { beta: FREE }).effect, "deny");
      assert.equal(decisionOf(principal, { alpha: FREE, beta: FREE }).effect, "permit");
    }
    assert.equal(decisionOf({ ...A, onBehalfOf: [B, C] }, { alpha: FREE, beta: FREE }).effect, "deny");
  });

  it("on behalf of a person may what both may; each group counts for whom it is of", () => {
    const P: PersonPrincipal = {
      kind: "person",
      issuer: "https://idp.example",
      subject: "p",
      name: "p",
      groups: ["people"],
      tokenId: "t",
      tokenExpires: 0,
    };
    const effect = (principal: AgentPrincipal, text: string) => {
      const policies = parsePolicies([{ file: "test.cedar", text }]);
      return decideForAll(policies, {
        principal,
        plan: PLAN,
        classes: (column) => ({ column, classes: ["phi.ssn"], source: "catalog-file" }),
        context: { purpose: undefined, connection: "main", now: 0 },
        catalogVersion: "c1",
        protections: { approval: true, masking: true },
        defaults: { approvers: ["privacy-officers"] },
      }).effect;
    };
    const agents = '@id("a") permit (principal is Agent in Group::"alpha", action, resource);';
    const people = '@id("p") permit (principal is Person in Group::"people", action, resource);';
    const forPerson = { ...A, onBehalfOf: [P] };
    assert.equal(effect(forPerson, agents), "deny");
    assert.equal(effect(forPerson, people), "deny");
    assert.equal(effect(forPerson, agents + people), "permit");
    assert.equal(effect({ ...A, onBehalfOf: [{ ...P, groups: ["alpha"] }] }, agents + people), "deny");
    assert.equal(effect({ ...A, groups: ["people"], onBehalfOf: [P] }, agents + people), "deny");
    const forbid = '@id("f") forbid (principal == Person::"https://idp.example#p", action, resource);';
    assert.equal(effect(forPerson, agents + people + forbid), "deny");
    assert.equal(effect(A, agents + people + forbid), "permit");
    // Between them an agent: a forbid on it isn't escaped by acting through another.
    const middle = { ...A, onBehalfOf: [B, P] };
    assert.equal(effect(middle, agents + people), "deny");
    const beta = '@id("b") permit (principal is Agent in Group::"beta", action, resource);';
    assert.equal(effect(middle, agents + people + beta), "permit");
    // An agent with no rights of its own has those it was given for people, where the person has them too.
    const only = agents.replace(";", " when { context.forPerson };");
    assert.equal(effect(forPerson, only + people), "permit");
    assert.equal(effect(forPerson, only), "deny");
    assert.equal(effect(A, only + people), "deny");
    assert.equal(effect({ ...A, onBehalfOf: [B] }, only + people + beta), "deny");
    assert.equal(effect(middle, only + people + beta), "permit");
  });

  it("sees by the strictest mask, under the smallest limit, with all policies recorded", () => {
    const permits = {
      alpha: '@approval("none") @mask("last4") @limit_rows("100")',
      beta: '@approval("none") @mask("null") @limit_rows("10")',
    };
    for (const principal of [
      { ...A, onBehalfOf: [B] },
      { ...B, onBehalfOf: [A] },
    ]) {
      const decision = permitted(decisionOf(principal, permits));
      assert.equal(decision.obligations.masks[0]?.mask.rule, "null");
      assert.equal(decision.obligations.limitRows, 10);
      assert.deepEqual(decision.policies, ["alpha", "beta"]);
      assert.equal(decision.uses[0]?.mask.rule, "null");
    }
  });

  it("waits for people who may agree for all of them; where there are none it is denied", () => {
    const both = permitted(
      decisionOf({ ...A, onBehalfOf: [B] }, { alpha: FREE, beta: '@approval("officers") @mask("none")' }),
    );
    assert.deepEqual(both.obligations.approval?.approvers, ["officers"]);
    const none = { alpha: '@approval("officers") @mask("none")', beta: '@approval("others") @mask("none")' };
    assert.equal(decisionOf({ ...A, onBehalfOf: [B] }, none).effect, "deny");
  });
});
