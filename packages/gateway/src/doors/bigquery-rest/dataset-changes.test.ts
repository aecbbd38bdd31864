import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "@chaperone/googlesql";
import { alterSchemaSql, createSchemaSql, datasetPatch, datasetRequest } from "./dataset-changes.ts";

function kindsOf(sql: string): readonly string[] | undefined {
  const { plan } = analyze(sql, { catalog: { table: () => undefined } });
  return plan.understood ? plan.statements.map(({ kind }) => kind) : undefined;
}

describe("datasets.insert", () => {
  const sqlOf = (datasetId: string) =>
    createSchemaSql(datasetRequest.parse({ datasetReference: { datasetId } }), "demo-clinic");

  it("is the statement that makes the dataset, and no other", () => {
    assert.equal(sqlOf("made"), "CREATE SCHEMA `demo-clinic`.`made`");
    assert.deepEqual(kindsOf(sqlOf("made")), ["CREATE_SCHEMA"]);
    for (const name of ["a b", "a`", "a.b", "1a", "_hidden", "", "é"]) assert.throws(() => sqlOf(name));
  });
});

describe("datasets.patch", () => {
  const sqlOf = (body: object) => alterSchemaSql(datasetPatch.parse(body), "demo-clinic", "made");

  it("is the statement that sets what is named, and no other", () => {
    const sql = sqlOf({ description: "It's \\ 'odd'", friendlyName: null, labels: { team: "care", old: null } });
    assert.equal(
      sql,
      "ALTER SCHEMA `demo-clinic`.`made` SET OPTIONS (description = 'It\\'s \\\\ \\'odd\\'', friendly_name = NULL, labels = [('team', 'care')])",
    );
    assert.deepEqual(kindsOf(sql), ["ALTER_SCHEMA"]);
    assert.deepEqual(kindsOf(sqlOf({ labels: null })), ["ALTER_SCHEMA"]);
  });

  it("refuses what it doesn't know, another dataset, and what changes nothing", () => {
    for (const body of [
      { access: [{ role: "READER", specialGroup: "allAuthenticatedUsers" }] },
      { defaultTableExpirationMs: "1" },
      { datasetReference: { datasetId: "other" }, description: "x" },
      { datasetReference: { datasetId: "made", projectId: "other" }, description: "x" },
      { labels: { "A'": "x" } },
      {},
    ])
      assert.throws(() => sqlOf(body), JSON.stringify(body));
  });
});
