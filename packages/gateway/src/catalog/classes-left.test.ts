import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze, type TableResource } from "@chaperone/googlesql";
import { Catalog } from "./catalog.ts";
import { parseCatalogFile } from "./catalog-file.ts";
import { classesLeft } from "./classes-left.ts";
import { TableCache } from "./table-cache.ts";

const policyTags = { names: ["projects/p/locations/us/taxonomies/1/policyTags/ssn"] };
const FILE = parseCatalogFile(
  `version: 1
policy_tags: { "${policyTags.names[0]}": phi.ssn }
labels: { kind=notes: phi.clinical.note }
datasets: { p.d: { phi: false, tables: { said: { columns: { a: phi.name } } } } }`,
  "catalog.yaml",
);

function resource(tableId: string, more: Partial<TableResource>): TableResource {
  return { tableReference: { projectId: "p", datasetId: "d", tableId }, ...more };
}
const TABLES: readonly TableResource[] = [
  resource("tagged", {
    schema: {
      fields: [
        { name: "id", type: "INTEGER" },
        { name: "SSN", type: "STRING", policyTags },
        { name: "s", type: "RECORD", mode: "REPEATED", fields: [{ name: "No", type: "STRING", policyTags }] },
      ],
    },
  }),
  resource("labelled", { labels: { kind: "notes" }, schema: { fields: [{ name: "a", type: "STRING" }] } }),
  resource("said", { schema: { fields: [{ name: "a", type: "STRING" }] } }),
  resource("plain", { schema: { fields: [{ name: "a", type: "STRING" }] } }),
];

async function left(sql: string): Promise<Record<string, readonly string[]> | undefined> {
  const found = (name: string) => TABLES.find(({ tableReference: { tableId } }) => name === `p.d.${tableId}`);
  const nothing = async () => undefined;
  const source = {
    getTable: async (name: string) => found(name),
    getDataset: async () => ({}),
    getRoutine: nothing,
    getModel: nothing,
    listTables: nothing,
  };
  const options = { entries: 9, bytes: 1e6, ttlMs: 1, absentTtlMs: 1, now: () => 0 };
  const { plan } = analyze(sql, { catalog: { table: found }, defaultProject: "p" });
  assert.ok(plan.understood, JSON.stringify(plan));
  const classes = await classesLeft(new Catalog(new TableCache(source, options), FILE), plan.statements);
  return classes && Object.fromEntries(classes.map(({ table, path, classes }) => [`${table}.${path}`, classes]));
}

const OF_TAGGED = {
  "p.d.tagged.ssn": ["phi.ssn"],
  "p.d.tagged.s.no": ["phi.ssn"],
  "p.d.tagged.*": ["phi"],
};

describe("the classes that stay with names", () => {
  for (const sql of [
    "DROP TABLE d.tagged",
    "CREATE OR REPLACE TABLE d.tagged (x STRING)",
    "CREATE OR REPLACE TABLE d.tagged COPY d.plain",
    "LOAD DATA OVERWRITE d.tagged (x STRING) FROM FILES (uris = ['gs://b/f'], format = 'CSV')",
    "ALTER TABLE d.tagged RENAME TO other",
    "BEGIN DROP TABLE d.tagged; END",
    "ALTER TABLE d.tagged SET OPTIONS (expiration_timestamp = TIMESTAMP '2020-01-01 00:00:00+00')",
    "ALTER TABLE d.tagged ADD COLUMN x STRING, SET OPTIONS (expiration_timestamp = CURRENT_TIMESTAMP())",
  ])
    it(`are all that tags say, at every depth: ${sql}`, async () => {
      assert.deepEqual(await left(sql), OF_TAGGED);
    });

  it("are those of a table's labels", async () => {
    const notes = ["phi.clinical.note"];
    assert.deepEqual(await left("DROP TABLE d.labelled"), { "p.d.labelled.a": notes, "p.d.labelled.*": ["phi"] });
  });

  it("are of the columns that go, where others stay", async () => {
    const ssn = { "p.d.tagged.ssn": ["phi.ssn"], "p.d.tagged.*": ["phi"] };
    assert.deepEqual(await left("ALTER TABLE d.tagged DROP COLUMN ssn"), ssn);
    assert.deepEqual(await left("ALTER TABLE d.tagged RENAME COLUMN ssn TO x"), ssn);
    const { "p.d.tagged.ssn": _, ...ofS } = OF_TAGGED;
    assert.deepEqual(await left("ALTER TABLE d.tagged RENAME COLUMN s TO x"), ofS);
    assert.deepEqual(await left("ALTER TABLE d.tagged ADD COLUMN x STRING, DROP COLUMN id"), {});
  });

  it("are none where the file says what the name is, nor of what nobody spoke of or isn't there", async () => {
    for (const table of ["said", "plain", "none"]) assert.deepEqual(await left(`DROP TABLE d.${table}`), {}, table);
  });

  it("aren't asked for where nothing is taken away", async () => {
    for (const sql of [
      "SELECT ssn FROM d.tagged",
      "INSERT INTO d.tagged (id) VALUES (1)",
      "DELETE FROM d.tagged WHERE TRUE",
      "ALTER TABLE d.tagged SET OPTIONS (friendly_name = 'x')",
      "ALTER TABLE d.tagged SET OPTIONS (expiration_timestamp = NULL)",
      "ALTER TABLE d.tagged SET OPTIONS (partition_expiration_days = 1)",
    ])
      assert.equal(await left(sql), undefined, sql);
  });
});
