/** What is asked of policy in turns, before `decide`: all that it asks, so that it asks nothing itself, and in the same words. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ExplicitSource, Output, PlanStatement, UnderstoodPlan } from "@chaperone/googlesql";
import type { DataClass } from "../catalog/data-class.ts";
import type { AgentPrincipal, PersonPrincipal } from "../identity/principal.ts";
import { remembering } from "./answers.ts";
import type { DecisionRequest } from "./decide.ts";
import { decideForAll, questionsForAll } from "./intersect.ts";
import { type PolicySet, parsePolicies } from "./policy-set.ts";

const ISSUER = "https://idp.example";
const PERSON: PersonPrincipal = {
  kind: "person",
  issuer: ISSUER,
  subject: "person",
  name: "person",
  groups: ["people"],
  tokenId: "t",
  tokenExpires: 0,
};

function agent(subject: string, onBehalfOf?: AgentPrincipal["onBehalfOf"]): AgentPrincipal {
  const sponsor = { issuer: ISSUER, subject: "dr-a" };
  const base = { kind: "agent", issuer: ISSUER, name: subject, tokenId: "t", tokenExpires: 0 } as const;
  return { ...base, subject, groups: ["agents"], sponsor, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) };
}

/** A mask that shows a part of the value is asked whether somebody may have written it. */
const POLICIES = `
@id("last4") @mask("last4") @approval("none")
permit (principal, action in [Action::"read", Action::"aggregate"], resource);
@id("rest") @approval("none")
permit (principal, action in [Action::"infer", Action::"write", Action::"export"], resource);
@id("for-people") @mask("none") @approval("none")
permit (principal, action == Action::"read", resource) when { context.forPerson && !(resource in DataClass::"phi.name") };
@id("writers")
forbid (principal, action == Action::"write", resource) when { resource.path == "ssn" };
`;

const of = (column: string, via: ExplicitSource["via"] = "copy"): ExplicitSource => ({
  column: `p.d.t.${column}`,
  via,
});
const output = (name: string, explicit: readonly ExplicitSource[], fields?: readonly Output[]): Output => {
  return { name, type: "STRING", explicit, implicit: [], constant: false, ...(fields === undefined ? {} : { fields }) };
};
const EMPTY: PlanStatement = {
  kind: "SELECT",
  reads: [],
  views: [],
  routines: [],
  outputs: [],
  writes: [],
  effects: [],
};

function planOf(statement: Partial<PlanStatement>, more: readonly Partial<PlanStatement>[] = []): UnderstoodPlan {
  const statements = [statement, ...more].map((one) => ({ ...EMPTY, ...one }));
  const result = statements.at(-1)?.outputs ?? [];
  return { understood: true, statementType: "SELECT", statements, result, canonicalSql: "" };
}

const PAST = { table: "p.d.t", columns: [{ path: "name", uses: ["output"] }], historical: true } as const;
const NESTED = output("s", [of("a.b"), of("a.c")], [output("b", [of("a.b")]), output("c", [of("a.c")])]);
const PLANS: Readonly<Record<string, UnderstoodPlan>> = {
  "a column": planOf({ outputs: [output("ssn", [of("ssn")])] }),
  "a statistic": planOf({ outputs: [output("n", [of("*", "aggregate")])] }),
  "fields of a STRUCT": planOf({ outputs: [NESTED] }),
  "a field that its STRUCT doesn't name": planOf({ outputs: [output("s", [], [output("b", [of("a.b")])])] }),
  "columns that decide": planOf({
    outputs: [{ ...output("ssn", [of("ssn")]), implicit: ["p.d.t.name"] }],
    reads: [{ table: "p.d.t", columns: [{ path: "name", uses: ["predicate"] }] }],
  }),
  "rows of the past": planOf({ outputs: [output("name", [of("name")])], reads: [PAST] }),
  "what is written of the past": planOf({
    kind: "INSERT",
    reads: [PAST],
    writes: [
      {
        table: "p.d.u",
        mode: "append",
        columns: [{ name: "x", explicit: [of("name")], implicit: [] }],
        implicit: ["p.d.t.name"],
      },
    ],
  }),
  "a script": planOf(
    {
      kind: "INSERT",
      writes: [
        { table: "p.d.u", mode: "append", columns: [{ name: "x", explicit: [of("ssn")], implicit: [] }], implicit: [] },
      ],
    },
    [{ outputs: [output("ssn", [of("ssn")]), NESTED] }],
  ),
  "an export": planOf({ effects: [{ kind: "export", sources: ["p.d.t.ssn"] }] }),
};

const CLASSES: Readonly<Record<string, readonly DataClass[]>> = {
  "p.d.t.ssn": ["phi.ssn", "phi.mrn"],
  "p.d.t.name": ["phi.name"],
  "p.d.u.x": [],
};

function requestOf(plan: UnderstoodPlan, principal: AgentPrincipal): DecisionRequest {
  return {
    principal,
    plan,
    classes: (column, when) => {
      const known = CLASSES[column] ?? ["phi"];
      return { column, classes: when === "past" ? [...known, "phi"] : known, source: "catalog-file" };
    },
    catalogVersion: "c1",
    context: { purpose: undefined, connection: "main", now: 0 },
    protections: { approval: true, masking: true },
    defaults: { approvers: ["privacy-officers"] },
  };
}

/** The policies, and every question that they are asked, in order. */
function noted(): { readonly policies: PolicySet; readonly asked: string[] } {
  const policies = parsePolicies([{ file: "a.cedar", text: POLICIES }]);
  const asked: string[] = [];
  return {
    asked,
    policies: {
      ...policies,
      evaluate(principal, use, dataClass, context) {
        asked.push(JSON.stringify([principal.subject, use, dataClass, context]));
        return policies.evaluate(principal, use, dataClass, context);
      },
      anyAgentMay(use, dataClass, connection) {
        asked.push(JSON.stringify([use, dataClass, connection]));
        return policies.anyAgentMay(use, dataClass, connection);
      },
    },
  };
}

describe("after all questions were asked, a decision asks none and is what it is without:", () => {
  for (const [what, plan] of Object.entries(PLANS)) {
    for (const principal of [agent("a"), agent("a", [agent("b")]), agent("a", [PERSON])]) {
      it(`${what}, on behalf of ${principal.onBehalfOf?.[0]?.subject ?? "nobody"}`, () => {
        const request = requestOf(plan, principal);
        const { policies, asked } = noted();
        const once = remembering(policies);
        const steps: number[] = [];
        for (const _ of questionsForAll(once, request)) steps.push(asked.length);
        const before = [...asked];
        const decision = decideForAll(once, request);
        assert.deepEqual(asked.slice(before.length), []);
        const alone = noted();
        assert.deepEqual(decision, decideForAll(alone.policies, request));
        // Each step asks of one column alone; and some questions may not be needed, but in the same words.
        assert.ok(before.length > 0 && steps.length > 0);
        for (const [i, count] of steps.entries()) assert.ok(count - (steps[i - 1] ?? 0) <= 16, `step ${i}: ${count}`);
        assert.ok(alone.asked.every((question) => before.includes(question)));
      });
    }
  }
});
