import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze, type TableResource, type UnderstoodPlan } from "@chaperone/googlesql";
import type { ClassSource } from "../catalog/data-class.ts";
import { decide } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { parsePolicies } from "./policy-set.ts";

const field = (name: string) => ({ name, type: "STRING" });
const table = (datasetId: string, tableId: string, ...names: string[]): TableResource => ({
  tableReference: { projectId: "p", datasetId, tableId },
  schema: { fields: names.map(field) },
});
const TABLES: Readonly<Record<string, TableResource>> = {
  "p.ehr.patients": table("ehr", "patients", "ssn", "state"),
  "p.lab.mine": table("lab", "mine", "a", "b"),
};
const CLASSES: Readonly<Record<string, readonly [readonly string[], ClassSource | undefined]>> = {
  "p.ehr.patients.ssn": [["phi.ssn"], "catalog-file"],
  "p.lab.declared.a": [[], "catalog-file"],
  "p.lab.declared.*": [[], "catalog-file"],
  "p.lab.mine.a": [["phi.name"], "inherited"],
  "p.lab.mine.b": [[], undefined],
  "p.lab.mine.*": [[], undefined],
  "p.lab.tagged.a": [["phi.name"], "policy-tag"],
  "p.lab.tagged.*": [["phi"], "phi-default"],
};

function planOf(sql: string): UnderstoodPlan {
  const { plan } = analyze(sql, {
    catalog: { table: (name) => TABLES[name] },
    defaultProject: "p",
    defaultDataset: { project: "p", dataset: "lab" },
  });
  return plan.understood ? plan : assert.fail(`${sql}: ${plan.refusal.message}`);
}

const permit = (actions: string, more = "") =>
  `@id("p${actions.replaceAll(/\W+/g, "-").replaceAll("-Action", "").slice(0, 90)}") @approval("none") ${more} permit (principal, action${actions}, resource);`;
const named = (...actions: string[]) => permit(` in [${actions.map((a) => `Action::"${a}"`).join(", ")}]`);
const ALL = permit("");

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
    classes: (column) => {
      const [classes, source] = CLASSES[column] ?? [["phi"], "phi-default"];
      return { column, classes, source };
    },
    catalogVersion: "c1",
    context: { purpose: undefined, connection: "main", now: 0 },
    protections: { approval: true, masking: true },
    defaults: { approvers: ["privacy-officers"] },
  });
}

const refusal = (decision: Decision) => (decision.effect === "deny" ? decision.message : assert.fail("was permitted"));
const travelling = (decision: Decision) =>
  decision.effect === "permit"
    ? Object.fromEntries(
        decision.obligations.travelling.map(({ table, path, classes }) => [`${table}.${path}`, classes]),
      )
    : assert.fail(decision.message);

const ADMINISTERED = [
  "ALTER TABLE mine SET OPTIONS (labels = [('phi', 'none')])",
  "ALTER TABLE mine SET OPTIONS (description = 'harmless')",
  "ALTER TABLE mine ALTER COLUMN a SET OPTIONS (description = 'harmless')",
  "CREATE OR REPLACE TABLE mine (a STRING) OPTIONS (labels = [('phi', 'none')])",
  "CREATE SCHEMA s",
  "ALTER SCHEMA lab SET OPTIONS (labels = [('phi', 'none')])",
  "DROP SCHEMA lab CASCADE",
  "UNDROP SCHEMA lab",
  "CREATE ROW ACCESS POLICY r ON mine GRANT TO ('user:me@x.y') FILTER USING (TRUE)",
  "DROP ROW ACCESS POLICY r ON mine",
  "DROP ALL ROW ACCESS POLICIES ON mine",
  "GRANT `roles/bigquery.dataViewer` ON TABLE mine TO 'user:me@x.y'",
  "REVOKE `roles/bigquery.dataViewer` ON SCHEMA lab FROM 'user:me@x.y'",
  "CREATE RESERVATION `region-us`.r OPTIONS (slot_capacity = 100)",
  "ALTER CAPACITY `region-us`.c SET OPTIONS (plan = 'FLEX')",
  "DROP ASSIGNMENT `region-us`.r.a",
] as const;

describe("what an agent could widen its own bounds by", () => {
  for (const sql of ADMINISTERED)
    it(`${sql.slice(0, 60)} needs a permit that names administer, and a person`, () => {
      assert.match(refusal(ask(ALL, sql)), /administer of p\..*; no policy permits it/);
      const others = named("read", "aggregate", "infer", "write", "export", "describe", "define", "load");
      assert.match(refusal(ask(others, sql)), /administer of/);
      const quiet = named("administer").replace('@approval("none")', "");
      const decision = ask(quiet + named("write", "read", "infer"), sql);
      assert.deepEqual(decision.effect === "permit" && decision.obligations.approval?.approvers, ["privacy-officers"]);
    });

  it("a forbid without actions still forbids it", () => {
    const decision = ask(`${named("administer")} @id("f") forbid (principal, action, resource);`, "CREATE SCHEMA s");
    assert.match(refusal(decision), /forbidden by f/);
  });
});

describe("a time at which a table or its rows are gone", () => {
  const forbids = (via: string, more = "") =>
    `${ALL} ${more} @id("f") forbid (principal, action == Action::"write", resource) when { context.via == "${via}" };`;

  for (const [option, via, other] of [
    ["expiration_timestamp = TIMESTAMP '2020-01-01 00:00:00+00'", "drop", "delete"],
    ["expiration_timestamp = TIMESTAMP '9999-01-01 00:00:00+00'", "drop", "delete"],
    ["partition_expiration_days = 0.001", "delete", "drop"],
  ] as const) {
    const sql = `ALTER TABLE mine SET OPTIONS (${option})`;
    it(`${option.slice(0, 40)} … is a write that alters the table's rows, and one by way of ${via}`, () => {
      assert.match(
        refusal(ask(named("read", "infer", "aggregate", "administer", "describe"), sql)),
        /write of the rows of p\.lab\.mine/,
      );
      assert.match(refusal(ask(forbids("alter"), sql)), /forbidden by f/);
      assert.match(refusal(ask(forbids(via), sql)), /forbidden by f/);
      assert.equal(ask(forbids(other), sql).effect, "permit");
      assert.equal(ask(named("write"), sql).effect, "permit");
    });
  }

  it("is no write by way of drop or delete where it is taken away, or of a table that is made", () => {
    for (const sql of [
      "ALTER TABLE mine SET OPTIONS (expiration_timestamp = NULL, partition_expiration_days = NULL)",
      "CREATE TABLE made (a STRING) OPTIONS (expiration_timestamp = TIMESTAMP '2020-01-01 00:00:00+00')",
    ])
      for (const via of ["drop", "delete"]) assert.equal(ask(forbids(via), sql).effect, "permit", sql);
  });

  for (const [sql, via] of [
    ["ALTER SCHEMA lab SET OPTIONS (default_table_expiration_days = 0.001)", "drop"],
    ["ALTER SCHEMA lab SET OPTIONS (default_partition_expiration_days = 0.001)", "delete"],
    ["UNDROP SCHEMA lab OPTIONS (default_table_expiration_days = 0.001)", "drop"],
    ["DROP SCHEMA lab CASCADE", "drop"],
  ] as const)
    it(`${sql.slice(0, 65)} … is administered, and a write by way of ${via}, since it is of tables that others make`, () => {
      assert.match(refusal(ask(ALL, sql)), /administer of p\.lab/);
      assert.match(refusal(ask(forbids(via, named("administer")), sql)), /write of the rows of .*forbidden by f/);
      assert.match(refusal(ask(named("administer"), sql)), /write of/);
      assert.equal(ask(named("administer", "write"), sql).effect, "permit");
    });
});

describe("a routine", () => {
  it("is defined by a permit of its own; what its body reads is read", () => {
    const sql = "CREATE FUNCTION lab.f() AS ((SELECT MAX(ssn) FROM ehr.patients))";
    assert.match(refusal(ask(named("write", "read", "infer"), sql)), /define of p\.lab\.f/);
    assert.match(refusal(ask(named("define", "write"), sql)), /read of p\.ehr\.patients\.ssn/);
    assert.equal(ask(named("define", "read", "infer"), sql).effect, "permit");
    assert.match(refusal(ask(named("write"), "DROP FUNCTION lab.f")), /define of/);
  });

  it("in Python, or far away, is defined by nobody", () => {
    const remote =
      "CREATE FUNCTION lab.f(x STRING) RETURNS STRING REMOTE WITH CONNECTION x.y OPTIONS (description = 'd')";
    assert.match(refusal(ask(ALL, remote)), /effect remote_function/);
    const python = "CREATE FUNCTION lab.f(x STRING) RETURNS STRING LANGUAGE python AS 'x'";
    assert.match(refusal(ask(ALL, python)), /effect python/);
  });
});

describe("a model", () => {
  const sql = "CREATE MODEL lab.m OPTIONS (model_type = 'kmeans') AS SELECT ssn FROM ehr.patients";
  it("reads what it is trained on, and holds its classes", () => {
    assert.match(refusal(ask(named("define", "write"), sql)), /read of p\.ehr\.patients\.ssn/);
    assert.match(refusal(ask(named("read", "infer", "write"), sql)), /define of/);
    assert.deepEqual(
      travelling(ask(named("read", "infer", "define", "write"), sql))["p.lab.m.*"]?.includes("phi.ssn"),
      true,
    );
  });
  it("that people declared public, or of one class, isn't trained on others", () => {
    const on = (model: string) => sql.replace("lab.m", model);
    assert.match(
      refusal(ask(ALL, on("lab.declared"))),
      /model p\.lab\.declared: it would hold .*phi\.ssn.* declared public/,
    );
    assert.equal(
      ask(ALL, "CREATE MODEL lab.declared OPTIONS (model_type = 'kmeans') AS SELECT b FROM mine").effect,
      "permit",
    );
  });
  it("is exported by a permit to export", () => {
    const out = "EXPORT MODEL lab.m OPTIONS (uri = 'gs://evil/x')";
    assert.match(refusal(ask(named("read", "write", "define", "administer"), out)), /export of p\.lab\.m \(phi\)/);
    assert.equal(ask(named("export"), out).effect, "permit");
  });
});

describe("what is loaded", () => {
  it("needs a permit to load and to write, and a person", () => {
    const sql = "LOAD DATA INTO mine FROM FILES (uris = ['gs://x/*'])";
    assert.match(refusal(ask(named("write"), sql)), /load of the rows of p\.lab\.mine/);
    assert.match(refusal(ask(named("load"), sql)), /write of p\.lab\.mine\.a/);
    const decision = ask(named("load", "write").replace('@approval("none")', ""), sql);
    assert.deepEqual(decision.effect === "permit" && decision.obligations.approval?.approvers, ["privacy-officers"]);
  });
  it("is phi where nobody said what it is; never what is declared public", () => {
    const both = named("load", "write");
    assert.deepEqual(travelling(ask(both, "LOAD DATA INTO mine FROM FILES (uris = ['gs://x/*'])")), {
      "p.lab.mine.*": ["phi"],
      // What earlier writes said of it the agent chose.
      "p.lab.mine.a": ["phi"],
      "p.lab.mine.b": ["phi"],
    });
    // A table that isn't there is phi as long as it isn't.
    for (const sql of [
      "LOAD DATA INTO fresh (a STRING) FROM FILES (uris = ['gs://x/*'])",
      "LOAD DATA OVERWRITE fresh (a STRING) FROM FILES (uris = ['gs://x/*'])",
      "CREATE EXTERNAL TABLE fresh (a STRING) OPTIONS (uris = ['gs://x/*'], format = 'CSV')",
    ])
      assert.deepEqual(travelling(ask(both, sql)), { "p.lab.fresh.*": ["phi"], "p.lab.fresh.a": ["phi"] }, sql);
    const declared = "LOAD DATA INTO declared (a STRING) FROM FILES (uris = ['gs://x/*'])";
    assert.match(refusal(ask(both, declared)), /would hold phi, and is declared public/);
    const external = "CREATE EXTERNAL TABLE declared (a STRING) OPTIONS (uris = ['gs://x/*'], format = 'CSV')";
    assert.match(refusal(ask(both, external)), /would hold phi, and is declared public/);
  });
  it("is what people say of a table only as long as they say it of this table", () => {
    const both = named("load", "write");
    const files = "(a STRING) FROM FILES (uris = ['gs://x/*'])";
    assert.deepEqual(travelling(ask(both, `LOAD DATA INTO tagged ${files}`)), {});
    assert.match(
      refusal(ask(both, `LOAD DATA OVERWRITE tagged ${files}`)),
      /would hold phi, and is declared phi\.name/,
    );
  });
  it("is loaded alone: what follows in a script would read it unknown", () => {
    const sql = "LOAD DATA INTO mine FROM FILES (uris = ['gs://x/*']); SELECT b FROM mine";
    assert.match(refusal(ask(ALL + named("administer"), sql)), /statement LOAD_DATA in a script; send it alone/);
  });
});

describe("copies and renames", () => {
  const all = named("read", "write", "infer");
  for (const sql of [
    "CREATE TABLE lab.t CLONE ehr.patients",
    "CREATE TABLE lab.t COPY ehr.patients",
    "CREATE SNAPSHOT TABLE lab.t CLONE ehr.patients",
    "CREATE MATERIALIZED VIEW lab.t AS SELECT ssn, state FROM ehr.patients",
  ])
    it(`${sql}: the classes go along`, () => {
      assert.deepEqual(travelling(ask(all, sql))["p.lab.t.ssn"], ["phi.ssn"]);
      assert.match(refusal(ask(named("write", "infer"), sql)), /read of p\.ehr\.patients\.ssn/);
    });
  it("ALTER TABLE RENAME moves them", () => {
    assert.deepEqual(travelling(ask(all, "ALTER TABLE mine RENAME COLUMN a TO c"))["p.lab.mine.c"], ["phi.name"]);
    assert.deepEqual(travelling(ask(all, "ALTER TABLE mine RENAME TO yours"))["p.lab.yours.a"], ["phi.name"]);
  });
});
