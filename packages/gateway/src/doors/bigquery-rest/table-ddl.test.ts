import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "@chaperone/googlesql";
import { createSchemaSql, datasetRequest } from "./table-ddl.ts";

describe("datasets.insert", () => {
  const sqlOf = (datasetId: string) =>
    createSchemaSql(datasetRequest.parse({ datasetReference: { datasetId } }), "demo-clinic");

  it("is the statement that makes the dataset, and no other", () => {
    assert.equal(sqlOf("made"), "CREATE SCHEMA `demo-clinic`.made");
    const { plan } = analyze(sqlOf("made"), { catalog: { table: () => undefined } });
    assert.deepEqual(plan.understood && plan.statements.map(({ kind }) => kind), ["CREATE_SCHEMA"]);
    for (const name of ["a b", "a`", "a.b", "1a", "_hidden", "", "é"]) assert.throws(() => sqlOf(name));
  });
});
