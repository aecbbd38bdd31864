import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bigQuery, fails, JOB, json, PATIENTS, refusal } from "./testing/answering-bigquery.ts";

describe("a table", () => {
  it("is read by its name, plainly, with what analysis needs of it", async () => {
    const { upstream, seen } = await bigQuery([json(PATIENTS)]);
    assert.deepEqual(await upstream.getTable("clinic.ehr.patients"), {
      etag: "v1",
      tableReference: PATIENTS.tableReference,
      type: "TABLE",
      schema: PATIENTS.schema,
    });
    assert.equal(seen[0]?.url.pathname, "/bigquery/v2/projects/clinic/datasets/ehr/tables/patients");
    assert.equal(seen[0]?.url.searchParams.get("prettyPrint"), "false");
    assert.equal(seen[0]?.headers["accept-encoding"], "identity");
    assert.equal(seen[0]?.headers.authorization, undefined);
  });

  it("that hasn't changed isn't sent again", async () => {
    const { upstream, seen } = await bigQuery([(_, response) => response.writeHead(304).end()]);
    assert.equal(await upstream.getTable("clinic.ehr.patients", "v1"), "not-modified");
    assert.equal(seen[0]?.headers["if-none-match"], "v1");
  });

  it("that doesn't exist is undefined", async () => {
    const { upstream } = await bigQuery([refusal(404, "notFound")]);
    assert.equal(await upstream.getTable("clinic.ehr.patients"), undefined);
  });

  it("of a materialized view has its query", async () => {
    const { upstream } = await bigQuery([
      json({ ...PATIENTS, materializedView: { query: "SELECT 1 AS ssn", lastRefreshTime: "0" } }),
    ]);
    const table = await upstream.getTable("clinic.ehr.patients");
    assert.deepEqual(typeof table === "object" ? table.view : undefined, { query: "SELECT 1 AS ssn" });
  });

  it("says how it is partitioned: which pseudo-columns it has depends on that", async () => {
    const timePartitioning = { type: "HOUR", field: "at" };
    const { upstream } = await bigQuery([
      json({ ...PATIENTS, timePartitioning: { ...timePartitioning, expirationMs: "1" } }),
    ]);
    const table = await upstream.getTable("clinic.ehr.patients");
    assert.deepEqual(typeof table === "object" ? table.timePartitioning : undefined, timePartitioning);
  });

  it("other than the one asked for is refused", async () => {
    const { upstream } = await bigQuery([
      json({ ...PATIENTS, tableReference: { ...PATIENTS.tableReference, tableId: "public" } }),
    ]);
    await fails(upstream.getTable("clinic.ehr.patients"), "protocol", "mismatch");
  });

  it("with a name that could reach another resource is never asked for", async () => {
    const { upstream, seen } = await bigQuery([json(PATIENTS)]);
    for (const name of [
      "clinic.ehr.a/../b",
      "clinic.ehr.t?x=1",
      "clinic.ehr.t%2Fdata",
      "clinic.ehr.t$20240101",
      "clinic.ehr.t@-3600000",
      "clinic.ehr/tables/x.t",
      "../../v3.ehr.t",
      "clinic.ehr.t#",
      "clinic.ehr",
      "clinic.ehr.",
      "clinic.ehr.a\nb",
    ]) {
      await fails(upstream.getTable(name), "invalid", "badName");
    }
    await fails(upstream.getJob({ ...JOB, jobId: "../datasets" }), "invalid", "badName");
    await fails(upstream.getJob({ ...JOB, location: "EU&x=1" }), "invalid", "badName");
    assert.equal(seen.length, 0);
  });

  it("list gives names and types", async () => {
    const { upstream } = await bigQuery([
      json({ tables: [{ tableReference: PATIENTS.tableReference, type: "VIEW", id: "x" }], nextPageToken: "n" }),
    ]);
    assert.deepEqual(await upstream.listTables("clinic", "ehr"), {
      tables: [{ name: "clinic.ehr.patients", type: "VIEW" }],
      nextPageToken: "n",
    });
  });
});

describe("a model", () => {
  const model = { projectId: "clinic-prod", datasetId: "ehr", modelId: "risk" };
  it("is asked for by what it gives, and nothing that it learnt is taken", async () => {
    const answer = {
      modelReference: model,
      modelType: "LINEAR_REGRESSION",
      labelColumns: [{ name: "cost", type: { typeKind: "FLOAT64" } }],
      trainingRuns: [
        {
          trainingOptions: { userColumn: "ssn", numClusters: "4" },
          results: [{ clusterInfos: [{ clusterRadius: 4.2 }] }],
        },
      ],
    };
    const { upstream, seen } = await bigQuery([json(answer)]);
    const trainingRuns = [{ trainingOptions: { userColumn: "ssn" } }];
    assert.deepEqual(await upstream.getModel("clinic-prod.ehr.risk"), { ...answer, trainingRuns });
    assert.match(seen[0]?.url.pathname ?? "", /\/projects\/clinic-prod\/datasets\/ehr\/models\/risk$/);
    const fields = seen[0]?.url.searchParams.get("fields") ?? "";
    assert.match(fields, /(^|,)trainingRuns\(trainingOptions\(userColumn,[\w,]+\)\)(,|$)/);
    assert.doesNotMatch(fields, /results|hparam/);
  });
  it("that doesn't exist is undefined, and another than the one asked for is refused", async () => {
    const { upstream } = await bigQuery([
      refusal(404, "notFound"),
      json({ modelReference: { ...model, modelId: "other" } }),
    ]);
    assert.equal(await upstream.getModel("clinic-prod.ehr.risk"), undefined);
    await fails(upstream.getModel("clinic-prod.ehr.risk"), "protocol", "mismatch");
  });
});
