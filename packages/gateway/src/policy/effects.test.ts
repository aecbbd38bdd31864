import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  analyze,
  type ModelResource,
  type PlanStatement,
  type TableResource,
  type UnderstoodPlan,
} from "@chaperone/googlesql";
import { decide } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { effectUses, refusedEffects } from "./effects.ts";
import { parsePolicies } from "./policy-set.ts";

const table = (tableId: string, ...names: string[]): TableResource => ({
  tableReference: { projectId: "p", datasetId: "ehr", tableId },
  schema: { fields: names.map((name) => ({ name, type: "STRING" })) },
});
const TABLES: Readonly<Record<string, TableResource>> = {
  "p.ehr.patients": table("patients", "ssn", "state"),
  "p.ehr.files": { ...table("files", "a"), type: "EXTERNAL", externalDataConfiguration: { sourceFormat: "CSV" } },
};
const remote = { remoteFunctionOptions: { endpoint: "https://far.invalid", connection: "p.us.c" } };
const routine = (routineId: string, more: object) => ({
  routineReference: { projectId: "p", datasetId: "fn", routineId },
  routineType: "SCALAR_FUNCTION",
  arguments: [{ name: "x", dataType: { typeKind: "STRING" } }],
  returnType: { typeKind: "STRING" },
  ...more,
});
const ROUTINES: Readonly<Record<string, ReturnType<typeof routine>>> = {
  "p.fn.far": routine("far", remote),
  "p.fn.py": routine("py", { language: "PYTHON", definitionBody: "x" }),
  "p.fn.wraps": routine("wraps", { definitionBody: "p.fn.far(x)" }),
};
const MODELS: Readonly<Record<string, ModelResource>> = {
  "p.ehr.llm": {
    modelReference: { projectId: "p", datasetId: "ehr", modelId: "llm" },
    remoteModelInfo: { endpoint: "https://far.invalid", connection: "p.us.c" },
  },
};
const PUBLIC: ReadonlySet<string> = new Set(["p.ehr.patients.state", "p.ehr.patients.*"]);

function planOf(sql: string): UnderstoodPlan {
  const { plan } = analyze(sql, {
    catalog: { table: (name) => TABLES[name], routine: (name) => ROUTINES[name], model: (name) => MODELS[name] },
    defaultProject: "p",
    defaultDataset: { project: "p", dataset: "ehr" },
  });
  return plan.understood ? plan : assert.fail(`${sql}: ${plan.refusal.message}`);
}

const permit = (id: string, action: string, more = "", when = "") =>
  `@id("${id}") ${more} permit (principal, action ${action}, resource) ${when};`;
const only = (action: string, more = '@approval("none")', when = "") =>
  permit(`p-${action}`, `== Action::"${action}"`, more, when);
const READ = only("read", '@mask("none") @approval("none")');
const ALL = permit("all", "", '@mask("none") @approval("none")').replace("action ,", "action,");

function ask(policies: string, sql: string): Decision {
  return decide(parsePolicies([{ file: "test.cedar", text: policies }]), {
    principal: {
      kind: "agent",
      issuer: "https://idp.example",
      subject: "agent",
      name: "agent",
      groups: [],
      sponsor: { issuer: "https://idp.example", subject: "dr-a" },
      tokenId: "t",
      tokenExpires: 0,
    },
    plan: planOf(sql),
    classes: (column) =>
      PUBLIC.has(column)
        ? { column, classes: [], source: undefined }
        : { column, classes: ["phi"], source: "phi-default" },
    catalogVersion: "c1",
    context: { purpose: undefined, connection: "main", now: 0 },
    protections: { approval: true, masking: true },
    defaults: { approvers: ["privacy-officers"] },
  });
}

const refusal = (decision: Decision) => (decision.effect === "deny" ? decision.message : assert.fail("was permitted"));
const permitted = (decision: Decision) =>
  decision.effect === "permit" ? decision.obligations : assert.fail(decision.message);

describe("a query that goes outside", () => {
  const cases = [
    ["remote_function", "SELECT fn.far('x') AS a", "p.fn.far"],
    ["remote_function", "SELECT fn.wraps('x') AS a", "p.fn.far"],
    ["python", "SELECT fn.py('x') AS a", "p.fn.py"],
    ["external_table", "SELECT a FROM files", "p.ehr.files"],
    ["model", "SELECT max AS a FROM ML.FEATURE_INFO(MODEL ehr.m)", "p.ehr.m"],
    ["model", "SELECT AI.SCORE(ssn) AS a FROM patients", "p.@ai.SCORE"],
    ["model", "SELECT ssn AS a FROM patients WHERE AI.IF('x')", "p.@ai.IF"],
    [
      "model",
      "SELECT result AS a FROM AI.GENERATE_TEXT(MODEL ehr.llm, (SELECT ssn AS prompt FROM patients))",
      "p.ehr.llm",
    ],
  ] as const;
  for (const [via, sql, through] of cases) {
    it(`${sql}: needs a permit that names reach`, () => {
      const others = ["read", "aggregate", "infer", "write", "export", "define", "load", "administer"];
      for (const policies of [ALL, others.map((action) => only(action)).join("\n")])
        assert.match(
          refusal(ask(policies, sql)),
          new RegExp(`reach of ${via === "external_table" ? "the rows of " : ""}${through}[: ].*no policy permits it`),
        );
      assert.equal(ask(ALL + only("reach"), sql).effect, "permit");
    });

    it(`${sql}: a policy can ask what is reached`, () => {
      const when = (kind: string) => `when { context.via == "${kind}" }`;
      assert.equal(ask(ALL + only("reach", '@approval("none")', when(via)), sql).effect, "permit");
      assert.match(refusal(ask(ALL + only("reach", "", when(via === "model" ? "python" : "model")), sql)), /reach of/);
      const forbid = `@id("f") forbid (principal, action == Action::"reach", resource in Table::"${through}");`;
      assert.match(refusal(ask(ALL + only("reach") + forbid, sql)), /forbidden by f/);
    });

    it(`${sql}: waits for a person where the permit says nothing, and shows nothing`, () => {
      const obligations = permitted(
        ask(only("reach", "") + ["read", "infer", "export"].map((action) => only(action)).join(""), sql),
      );
      assert.deepEqual(obligations.approval?.approvers, ["privacy-officers"]);
      assert.deepEqual(
        obligations.masks.map(({ mask }) => mask.rule),
        ["null"],
      );
    });
  }
});

describe("what a remote function learns", () => {
  const others = READ + only("infer") + only("reach");
  it("is exported", () => {
    assert.match(
      refusal(ask(others, "SELECT fn.far(ssn) AS a FROM patients")),
      /export of p\.ehr\.patients\.ssn \(phi\)/,
    );
    assert.equal(ask(others + only("export"), "SELECT fn.far(ssn) AS a FROM patients").effect, "permit");
  });
  it("is exported too where it only decides whether it is called", () => {
    for (const sql of [
      "SELECT IF(ssn = '1', fn.far('hit'), '') AS a FROM patients",
      "SELECT fn.far('hit') AS a FROM patients WHERE ssn = '1'",
      "SELECT COALESCE(ssn, fn.py('none')) AS a FROM patients",
      "SELECT AI.GENERATE(('say ', ssn)).result AS a FROM patients",
      "SELECT state FROM patients WHERE ssn = '1' AND AI.IF('x')",
    ])
      assert.match(refusal(ask(others, sql)), /export of p\.ehr\.patients\.ssn/, sql);
  });
  it("can be permitted for what is public alone", () => {
    const open = others + only("export", '@approval("none")', "when { !resource.classified }");
    assert.equal(ask(open, "SELECT fn.far(state) AS a FROM patients").effect, "permit");
    assert.match(refusal(ask(open, "SELECT fn.far(ssn) AS a FROM patients")), /export of p\.ehr\.patients\.ssn/);
  });
});

describe("an effect", () => {
  const named = ALL + ["reach", "administer"].map((action) => only(action)).join("");
  it("that is chosen with its endpoint or code is no agent's", () => {
    for (const [sql, kind] of [
      [
        "CREATE FUNCTION fn.mine(x STRING) RETURNS STRING REMOTE WITH CONNECTION x.y OPTIONS (description = 'd')",
        "remote_function",
      ],
      ["CREATE OR REPLACE FUNCTION fn.py(x STRING) RETURNS STRING LANGUAGE python AS 'x'", "python"],
      [
        "CREATE TEMP FUNCTION t(x STRING) RETURNS STRING LANGUAGE python AS 'x'; SELECT t(ssn) AS a FROM patients",
        "python",
      ],
    ] as const)
      assert.match(refusal(ask(named, sql)), new RegExp(`Not permitted: effect ${kind}`), sql);
    assert.match(refusal(ask(ALL, "CREATE FUNCTION fn.mine(x STRING) AS (fn.far(x))")), /reach of p\.fn\.far/);
  });

  it("that is unknown, or names nothing, is refused", () => {
    const statement = (kind: string): PlanStatement => ({
      kind: "SELECT",
      reads: [],
      views: [],
      routines: [],
      outputs: [],
      writes: [],
      effects: [{ kind: kind as "session", sources: ["p.ehr.patients.ssn"] }],
    });
    for (const kind of [
      "remote_function",
      "python",
      "model",
      "external_table",
      "external_query",
      "session",
      "grant",
      "load",
      "unheard_of",
    ]) {
      assert.deepEqual(refusedEffects(statement(kind)), [`effect ${kind}`]);
      assert.deepEqual(effectUses(statement(kind)), []);
    }
  });

  it("of JavaScript needs nothing: it reaches nothing", () => {
    const effects: PlanStatement["effects"] = [{ kind: "javascript", sources: ["p.ehr.patients.ssn"] }];
    const statement: PlanStatement = {
      kind: "SELECT",
      reads: [],
      views: [],
      routines: [],
      outputs: [],
      writes: [],
      effects,
    };
    assert.deepEqual([refusedEffects(statement), effectUses(statement)], [[], []]);
  });

  it("that shows values to what it reaches asks of each as of a changed value", () => {
    const effects: PlanStatement["effects"] = [
      { kind: "remote_function", through: "p.fn.far", sources: ["p.ehr.patients.ssn"] },
    ];
    assert.deepEqual(
      effectUses({ kind: "SELECT", reads: [], views: [], routines: [], outputs: [], writes: [], effects }),
      [
        { table: "p.fn.far", path: "*", action: "reach", via: "remote_function" },
        { table: "p.ehr.patients", path: "ssn", action: "export", via: "transform" },
      ],
    );
  });
});
