import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startWarehouse, type Warehouse } from "../../packages/warehouse/src/index.ts";
import { PROJECT } from "../rig.ts";
import { fill, literal, otherBigQuery } from "./other-bigquery.ts";

describe("a BigQuery that was started elsewhere", () => {
  let from: Warehouse;
  let to: Warehouse;
  before(async () => {
    from = await startWarehouse({ patients: 20 });
    to = await startWarehouse({ empty: true });
  });
  after(async () => {
    await from.close();
    await to.close();
  });

  const get = async (url: string, path: string) =>
    (await fetch(`${url}/bigquery/v2/projects/${PROJECT}/datasets/${path}`)).json() as Promise<{
      labels?: object;
      rows?: unknown[];
    }>;

  it("gets the datasets, tables and rows that the steps ask about, by its REST alone", async () => {
    await fill(from.url, to.url);
    for (const name of ["ehr", "ops", "workspace"])
      assert.deepEqual((await get(to.url, name)).labels ?? {}, (await get(from.url, name)).labels, name);
    for (const table of ["ehr/tables/patients", "ops/tables/calendar"]) {
      const [made, asked] = await Promise.all([to, from].map(({ url }) => get(url, `${table}/data?maxResults=10000`)));
      assert.ok((asked?.rows ?? []).length > 0);
      const sorted = (rows: unknown[] = []) => rows.map((row) => JSON.stringify(row)).sort();
      assert.deepEqual(sorted(made?.rows), sorted(asked?.rows), table);
    }
  });

  it("keeps what it has: then it isn't filled", async () => {
    await assert.rejects(fill(from.url, to.url), /datasets: is there already: start it anew/);
  });

  it("is named by its address", () => {
    assert.equal(otherBigQuery({}), undefined);
    assert.deepEqual(otherBigQuery({ CHAPERONE_BIGQUERY: "http://127.0.0.1:9050/" }), {
      url: "http://127.0.0.1:9050",
      storageUrl: undefined,
    });
    const both = { CHAPERONE_BIGQUERY: "http://[::1]:9050", CHAPERONE_BIGQUERY_STORAGE: "http://[::1]:9060" };
    assert.deepEqual(otherBigQuery(both), { url: "http://[::1]:9050", storageUrl: "http://[::1]:9060" });
    for (const address of ["127.0.0.1:9050", "https://bigquery.googleapis.com", "9050"])
      assert.throws(() => otherBigQuery({ CHAPERONE_BIGQUERY: address }), /no address/);
  });

  it("is told each value as a literal", () => {
    const f = (...values: unknown[]) => ({ f: values.map((v) => ({ v })) });
    for (const [field, value, text] of [
      [{ name: "a", type: "STRING" }, 'it\'s \\ "odd"\n', '"it\'s \\\\ \\"odd\\"\\n"'],
      [{ name: "a", type: "STRING" }, null, "NULL"],
      [{ name: "a", type: "TIMESTAMP" }, "1500000", "TIMESTAMP_MICROS(1500000)"],
      [{ name: "a", type: "BYTES" }, "AP8=", 'FROM_BASE64("AP8=")'],
      [{ name: "a", type: "NUMERIC" }, "1.5", 'NUMERIC "1.5"'],
      [{ name: "a", type: "DATE" }, "2026-02-28", 'DATE "2026-02-28"'],
      [{ name: "a", type: "INTEGER", mode: "REPEATED" }, [{ v: "1" }, { v: "2" }], "[1, 2]"],
      [
        {
          name: "a",
          type: "RECORD",
          fields: [
            { name: "b", type: "BOOLEAN" },
            { name: "c", type: "TIME" },
          ],
        },
        f("true", null),
        "STRUCT(true AS `b`, NULL AS `c`)",
      ],
    ] as const)
      assert.equal(literal(field, value), text);
  });
});
