import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TableFieldSchema } from "@chaperone/googlesql";
import { patchRequest, patchSql } from "./table-patch.ts";

describe("tables.patch", () => {
  const sqlOf = (sent: readonly object[], fields: readonly TableFieldSchema[]) =>
    patchSql(patchRequest.parse({ schema: { fields: sent } }), {
      project: "demo-clinic",
      dataset: "workspace",
      table: "wide",
      resource: { tableReference: { projectId: "demo-clinic", datasetId: "workspace", tableId: "wide" } },
      fields,
    });

  it("names fold case, at the top and within, and an order of its own changes nothing", () => {
    const fields = [
      { name: "Id", type: "INTEGER" },
      { name: "At", type: "RECORD", fields: [{ name: "Day", type: "DATE" }] },
    ];
    const sent = [
      { name: "AT", type: "STRUCT", fields: [{ name: "day", type: "DATE" }] },
      { name: "id", type: "INT64" },
    ];
    assert.equal(
      sqlOf([...sent, { name: "more", type: "STRING" }], fields),
      "ALTER TABLE `demo-clinic.workspace.wide` ADD COLUMN `more` STRING",
    );
    assert.throws(() => sqlOf([...sent, { name: "ID", type: "INT64" }], fields));
    assert.throws(
      () => sqlOf([{ name: "ID", type: "INT64" }, ...sent.slice(1), { name: "x", type: "STRING" }], fields),
      /twice/,
    );
    assert.throws(() => sqlOf([...sent, { name: "x", type: "STRING" }, { name: "X", type: "STRING" }], fields));
  });

  it("the widest table there may be is compared in little time, whatever the order (I10)", () => {
    const fields = Array.from({ length: 9_999 }, (_, i) => ({ name: `Column_${i}`, type: "INTEGER" }));
    const began = process.cpuUsage();
    const sql = sqlOf([...fields, { name: "more", type: "STRING" }].reverse(), fields);
    const { user, system } = process.cpuUsage(began);
    assert.ok(user + system < 1_000_000, "the gateway answers nobody meanwhile");
    assert.match(sql, /ADD COLUMN `more` STRING$/);
  });
});
