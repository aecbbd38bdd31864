import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PlanStatement, UnderstoodPlan } from "@chaperone/googlesql";
import { POLICY_ACTIONS, type PolicyAction, type UseDecision } from "./decision.ts";
import { denyMessage } from "./deny-message.ts";
import { parsePolicies } from "./policy-set.ts";

const { policies: POLICIES } = parsePolicies([
  {
    file: "a.cedar",
    text: `@id("both") @reason("Why.") @advice("What.") forbid (principal, action, resource);
@id("reason") @reason("Why.") forbid (principal, action, resource);
@id("advice") @advice("What.") forbid (principal, action, resource);
@id("silent") forbid (principal, action, resource);
@id("permit") permit (principal, action, resource);`,
  },
]);

function planOf(statement: Partial<PlanStatement> = {}): UnderstoodPlan {
  const nothing = { kind: "SELECT", reads: [], views: [], routines: [], outputs: [], writes: [], effects: [] } as const;
  return {
    understood: true,
    statementType: "SELECT",
    statements: [{ ...nothing, ...statement }],
    result: [],
    canonicalSql: "",
  };
}

function use(path: string, action: PolicyAction = "read", more: Partial<UseDecision> = {}): UseDecision {
  return { table: "p.d.t", path, classes: [], action, effect: "deny", policies: [], mask: { rule: "none" }, ...more };
}

const told = (denied: readonly UseDecision[], plan = planOf(), unsupported: readonly string[] = []) =>
  denyMessage(denied, unsupported, plan, POLICIES).split("\n");

const LAST = "Leave these uses out of the query, or ask the people who keep the policies for a permit.";

describe("a denial says", () => {
  it("of each use what it is of, in which classes, and who forbids it", () => {
    assert.deepEqual(
      told([use("a"), use("b.c", "read", { classes: ["phi.ssn", "phi.name"], policies: ["silent", "permit"] })]),
      [
        "Access denied.",
        "read of p.d.t.a: the query shows its value; no policy permits it.",
        "read of p.d.t.b.c (phi.ssn, phi.name): the query shows its value; forbidden by silent, permit.",
        LAST,
      ],
    );
  });

  it("of each action what the query does", () => {
    const meant = POLICY_ACTIONS.map((action) => told([use("a", action)])[1]);
    const of = (action: PolicyAction, what: string) => `${action} of p.d.t.a: the query ${what}; no policy permits it.`;
    assert.deepEqual(meant, [
      of("read", "shows its value"),
      of("aggregate", "shows a statistic over it"),
      of(
        "infer",
        "filters, joins, groups or orders by it, takes its MIN or MAX, branches on it, or computes with it what can fail",
      ),
      of("write", "changes it"),
      of("export", "takes it out of BigQuery"),
      of("describe", "shows its schema"),
      of("define", "makes, replaces or drops this routine or model"),
      of("load", "brings in data from outside"),
      of("reach", "goes outside BigQuery, or of what is analysed, through it, which needs a permit that names reach"),
      of("administer", "changes its labels, access, dataset or capacity, which needs a permit that names administer"),
    ]);
  });

  it("why and what to do instead, as each policy that forbids says it, once", () => {
    assert.deepEqual(told([use("a", "read", { policies: ["both", "silent"] })]).slice(2), [
      "Policy both: Why. What.",
      LAST,
    ]);
    assert.deepEqual(
      told([
        use("a", "read", { policies: ["reason", "permit"] }),
        use("b", "read", { policies: ["advice", "reason", "unknown"] }),
      ]).slice(3),
      ["Policy reason: Why.", "Policy advice: What.", LAST],
    );
  });

  it("what isn't permitted at all, and nothing of a permit for that", () => {
    assert.deepEqual(told([], planOf(), ["EXPORT DATA", "GRANT"]), [
      "Access denied.",
      "Not permitted: EXPORT DATA.",
      "Not permitted: GRANT.",
    ]);
  });

  it("of ten uses, and how many more there are", () => {
    const uses = Array.from({ length: 12 }, (_, i) => use(`c${i}`));
    assert.equal(told(uses.slice(0, 10)).length, 12);
    const lines = told(uses);
    assert.equal(lines.length, 13);
    assert.deepEqual(lines.slice(-3), [
      "read of p.d.t.c9: the query shows its value; no policy permits it.",
      "And 2 more columns.",
      LAST,
    ]);
  });
});

describe("* is", () => {
  const read = { table: "p.d.t", columns: [] };
  const called: readonly (readonly [what: string, statement: Partial<PlanStatement>])[] = [
    ["a routine or model that is read", { reads: [{ ...read, outside: "model" }] }],
    ["what an effect goes through", { effects: [{ kind: "remote_function", through: "p.d.t", sources: [] }] }],
    ["a routine that is made", { changes: [{ what: "routine", mode: "create", name: "p.d.t" }] }],
    ["a model that is made", { changes: [{ what: "model", mode: "create", name: "p.d.t" }] }],
  ];
  const rows: readonly (readonly [what: string, statement: Partial<PlanStatement>])[] = [
    ["a table", {}],
    ["a table that is read", { reads: [read] }],
    ["an external table", { effects: [{ kind: "external_table", through: "p.d.t", sources: [] }] }],
    ["a table beside another's routine", { changes: [{ what: "routine", mode: "create", name: "p.d.other" }] }],
    ["beside an effect through nothing", { effects: [{ kind: "export", sources: [] }] }],
    ["a dataset that is changed", { changes: [{ what: "dataset", mode: "alter", name: "p.d.t" }] }],
  ];
  const of = (action: PolicyAction, statement: Partial<PlanStatement>) =>
    /^\w+ of (.*?): /.exec(told([use("*", action)], planOf(statement))[1] ?? "")?.[1];

  for (const [what, statement] of called)
    it(`the results of ${what}, or that itself`, () => {
      assert.equal(of("read", statement), "the results of p.d.t");
      assert.equal(of("infer", statement), "the results of p.d.t");
      for (const action of ["reach", "export", "define", "administer"] as const)
        assert.equal(of(action, statement), "p.d.t", action);
    });
  for (const [what, statement] of rows)
    it(`the rows of ${what}`, () => {
      for (const action of ["read", "reach", "export"] as const)
        assert.equal(of(action, statement), "the rows of p.d.t", action);
      for (const action of ["define", "administer"] as const) assert.equal(of(action, statement), "p.d.t", action);
    });
});
