import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze, type TableResource } from "@chaperone/googlesql";
import { createRowAccessSql, rowAccessRequest } from "./row-access.ts";

const PLACE = { project: "demo-clinic", dataset: "lab", table: "t" };
const TABLE: TableResource = {
  tableReference: { projectId: "demo-clinic", datasetId: "lab", tableId: "t" },
  schema: { fields: [{ name: "a", type: "STRING" }] },
};

describe("rowAccessPolicies.insert", () => {
  const sqlOf = (more: object, replacing = false) =>
    createRowAccessSql(
      rowAccessRequest.parse({
        rowAccessPolicyReference: { policyId: "r" },
        filterPredicate: "a = 'x' -- mine",
        grantees: ["user:o'hara@example.org"],
        ...more,
      }),
      PLACE,
      replacing,
    );
  const kindsOf = (sql: string) => {
    const { plan } = analyze(sql, { catalog: { table: (name) => (name === "demo-clinic.lab.t" ? TABLE : undefined) } });
    return plan.understood ? plan.statements.map(({ kind }) => kind) : plan.refusal.code;
  };

  it("is the statement that makes the policy", () => {
    assert.deepEqual(kindsOf(sqlOf({})), ["CREATE_ROW_ACCESS_POLICY"]);
    assert.match(
      sqlOf({}, true),
      /^CREATE OR REPLACE ROW ACCESS POLICY `r` ON `demo-clinic\.lab\.t` GRANT TO \('user:o\\'hara/,
    );
  });

  it("is judged with what a filter brings beside itself, and names no other table", () => {
    assert.deepEqual(kindsOf(sqlOf({ filterPredicate: "TRUE); DROP TABLE `demo-clinic.lab.t`; SELECT (1" })), [
      "CREATE_ROW_ACCESS_POLICY",
      "DROP_TABLE",
      "SELECT",
    ]);
    for (const more of [
      { rowAccessPolicyReference: { policyId: "r` ON x --" } },
      { rowAccessPolicyReference: { policyId: "r", tableId: "other" } },
      { rowAccessPolicyReference: { policyId: "r", projectId: "other" } },
      { grantees: [] },
      { creationTime: "x" },
    ])
      assert.throws(() => sqlOf(more), JSON.stringify(more));
  });
});
