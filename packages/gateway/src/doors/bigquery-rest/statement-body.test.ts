import assert from "node:assert/strict";
import { test } from "node:test";
import { statementOf } from "./statement-body.ts";

test("a body that comes again is the same statement, and in another project another", () => {
  const body = { query: "SELECT 1", defaultDataset: { datasetId: "ehr" } };
  const first = statementOf(body, "clinic");
  assert.equal(statementOf(body, "clinic"), first);
  assert.deepEqual(statementOf(body, "other").defaultDataset, { projectId: "other", datasetId: "ehr" });
  assert.deepEqual(statementOf(body, "clinic"), first);
});
