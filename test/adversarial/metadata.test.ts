/**
 * Threat-model row 13: INFORMATION_SCHEMA, for an agent that may know of ehr's tables but for one of them and a column of another, and of no other
 * dataset's than ehr's and the directory's.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PROJECT } from "../rig.ts";
import { assertQueryRefused, type Loot } from "./attacker.ts";
import { type OpenClinic, openClinic } from "./open-clinic.ts";

const HIDDEN = `
@id("nobody-knows-of-notes")
forbid (principal, action == Action::"describe", resource in Table::"${PROJECT}.ehr.notes");

@id("nobody-knows-of-plates")
forbid (principal, action == Action::"describe", resource in Table::"${PROJECT}.ehr.patients")
when { resource.path == "vin" || resource.path == "address.street" };

@id("labs")
permit (principal in Group::"clinical-agents", action == Action::"describe", resource)
when { resource in Dataset::"${PROJECT}.lab_alone" || resource in Dataset::"${PROJECT}.lab_marked" || !resource.classified };

@id("nobody-knows-of-sealed")
forbid (principal, action == Action::"describe", resource in Table::"${PROJECT}.lab_alone.sealed");

@id("nobody-knows-of-trials")
forbid (principal, action == Action::"describe", resource in DataClass::"phi.study");
`;

const V2 = `/bigquery/v2/projects/${PROJECT}`;

interface Field {
  readonly name: string;
  readonly fields?: readonly Field[];
}

describe("INFORMATION_SCHEMA", () => {
  let clinic: OpenClinic;
  before(async () => {
    clinic = await openClinic({
      "hidden.cedar": () => HIDDEN,
      "../catalog.yaml": (before) =>
        before
          .replace("\nclasses:\n", "\nclasses:\n  phi.study: A trial nobody may know of\n")
          .replace("\nlabels:\n", "\nlabels:\n  study=sealed: phi.study\n"),
    });
  });
  after(() => clinic.close());

  const ask = async (sql: string): Promise<Loot> => {
    const loot = await clinic.agent.attack(sql);
    assert.ok(loot.rows, `it did not run: ${loot.last.body.slice(0, 400)}`);
    return loot;
  };
  const texts = (loot: Loot): string[] => (loot.rows ?? []).map((row) => row.f.map(({ v }) => String(v)).join(" "));
  /** As somebody with access of their own, past the gateway. */
  const upstream = async (path: string, body: object): Promise<void> => {
    const { ok } = await fetch(`${clinic.rig.warehouse.url}${V2}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    assert.ok(ok);
  };
  const get = async (path: string): Promise<unknown> =>
    JSON.parse((await clinic.agent.send("GET", `${V2}${path}`)).body);

  it("lists the tables that tables.list lists", async () => {
    const { tables } = (await get("/datasets/ehr/tables")) as { tables: { tableReference: { tableId: string } }[] };
    const listed = tables.map(({ tableReference }) => tableReference.tableId).sort();
    assert.ok(listed.length > 3 && !listed.includes("notes"));
    const loot = await ask("SELECT table_name FROM ehr.INFORMATION_SCHEMA.TABLES ORDER BY table_name");
    assert.deepEqual(texts(loot), listed);
    assert.deepEqual(texts(await ask("SELECT table_id FROM ehr.__TABLES__ ORDER BY 1")), listed);
    assert.deepEqual(texts(await ask("SELECT COUNT(*) AS n FROM ehr.INFORMATION_SCHEMA.TABLES")), [`${listed.length}`]);
    assert.doesNotMatch(loot.bytes, /"notes"/);
  });

  it("lists the columns that tables.get shows, without a gap where one is hidden", async () => {
    const { schema } = (await get("/datasets/ehr/tables/patients")) as { schema: { fields: Field[] } };
    const names = schema.fields.map(({ name }) => name);
    assert.ok(names.includes("full_name") && !names.includes("vin"));
    const columns = `SELECT ordinal_position, column_name FROM ehr.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'patients' ORDER BY 1`;
    const loot = await ask(columns);
    assert.deepEqual(
      texts(loot),
      names.map((name, i) => `${i + 1} ${name}`),
    );
    const paths = (fields: readonly Field[], before = ""): string[] =>
      fields.flatMap((f) => [`${before}${f.name}`, ...paths(f.fields ?? [], `${before}${f.name}.`)]);
    const deep = await ask(
      "SELECT field_path FROM ehr.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS WHERE table_name = 'patients'",
    );
    assert.deepEqual(texts(deep).sort(), paths(schema.fields).sort());
    for (const { bytes } of [loot, deep]) assert.doesNotMatch(bytes.replaceAll(columns, ""), /\bvin\b|street/);
  });

  it("doesn't name a hidden column in the type of the one that holds it", async () => {
    const loot = await ask("SELECT data_type FROM ehr.INFORMATION_SCHEMA.COLUMNS WHERE column_name = 'address'");
    assert.match(texts(loot).join(), /STRUCT<.*city STRING/);
    assert.doesNotMatch(loot.bytes, /street/);
  });

  it("answers no question about a hidden table", async () => {
    // It is there, and listed to whoever may know of it.
    assert.equal((await fetch(`${clinic.rig.warehouse.url}${V2}/datasets/ehr/tables/notes`)).status, 200);
    for (const from of ["TABLES", "COLUMNS", "COLUMN_FIELD_PATHS", "VIEWS"]) {
      const sql = `SELECT COUNT(*) AS n FROM ehr.INFORMATION_SCHEMA.${from} WHERE table_name = 'notes'`;
      assert.deepEqual(texts(await ask(sql)), ["0"]);
    }
    assert.deepEqual(texts(await ask("SELECT table_name FROM billing.INFORMATION_SCHEMA.TABLES")), []);
    assert.deepEqual(texts(await ask("SELECT table_name FROM no_such.INFORMATION_SCHEMA.TABLES")), []);
  });

  it("is silent where a hidden table is asked for by its name as where there is none", async () => {
    const ask = (hidden: string, method: string, path: string, body?: object) =>
      clinic.agent.send(method, `${V2}/datasets/${hidden}${path}`, body === undefined ? {} : { body });
    for (const [hidden, never] of [
      ["ehr/tables/notes", "ehr/tables/never_made"],
      ["billing/tables/claims", "billing/tables/never_made"],
    ] as const)
      for (const [method, path, body] of [
        ["GET", "", undefined],
        ["GET", "/data", undefined],
        ["GET", "/data?selectedFields=text", undefined],
        ["PATCH", "", { description: "x" }],
        ["DELETE", "", undefined],
        ["POST", "/insertAll", { rows: [{ json: { text: "x" } }] }],
      ] as const) {
        const [there, gone] = [await ask(hidden, method, path, body), await ask(never, method, path, body)];
        assert.equal(there.status, 404, `${method} ${hidden}${path}: ${there.body}`);
        assert.equal(there.body, gone.body, `${method} ${hidden}${path}`);
      }
  });

  it("is silent about how a hidden table or dataset is spelled, too", async () => {
    for (const spelled of ["ehr/tables/Notes", "BILLING/tables/claims", "Billing/tables/x"])
      for (const [method, path, body] of [
        ["GET", "", undefined],
        ["GET", "/data", undefined],
        ["PATCH", "", { description: "x" }],
        ["DELETE", "", undefined],
        ["POST", "/insertAll", { rows: [{ json: { text: "x" } }] }],
      ] as const) {
        const options = body === undefined ? {} : { body };
        const answer = await clinic.agent.send(method, `${V2}/datasets/${spelled}${path}`, options);
        const never = await clinic.agent.send(method, `${V2}/datasets/no_such/tables/x${path}`, options);
        assert.deepEqual([answer.status, answer.body], [404, never.body], `${method} ${spelled}${path}`);
      }
  });

  it("is silent where a hidden table is loaded into as where there is none", async () => {
    const boundary = "between";
    const load = async (datasetId: string, tableId: string, more: object) => {
      const destinationTable = { projectId: PROJECT, datasetId, tableId };
      const configuration = { load: { destinationTable, sourceFormat: "NEWLINE_DELIMITED_JSON", ...more } };
      const parts = [
        `application/json\r\n\r\n${JSON.stringify({ configuration })}`,
        'application/octet-stream\r\n\r\n{"text":"x"}',
      ];
      const { status, body } = await clinic.agent.send("POST", `/upload${V2}/jobs?uploadType=multipart`, {
        body: `${parts.map((part) => `--${boundary}\r\ncontent-type: ${part}\r\n`).join("")}--${boundary}--`,
        headers: { "content-type": `multipart/related; boundary=${boundary}` },
      });
      return [status, body.replaceAll(`${datasetId}.${tableId}`, "it")];
    };
    const schema = { fields: [{ name: "a", type: "STRING" }] };
    for (const more of [{}, { createDisposition: "CREATE_NEVER" }, { schema }, { writeDisposition: "WRITE_EMPTY" }]) {
      const gone = await load("ehr", "never_made", more);
      for (const hidden of ["notes", "Notes"]) assert.deepEqual(await load("ehr", hidden, more), gone);
      assert.deepEqual(await load("billing", "claims", more), await load("billing", "never_made", more));
    }
    assert.deepEqual((await load("ehr", "notes", { createDisposition: "CREATE_NEVER" }))[0], 404);
  });

  it("lists the datasets that datasets.list lists, but for the empty ones", async () => {
    const listed = (await get("/datasets")) as { datasets: { datasetReference: { datasetId: string } }[] };
    const names = listed.datasets
      .map(({ datasetReference }) => datasetReference.datasetId)
      .filter((name) => name !== "workspace")
      .sort();
    const all = await ask("SELECT schema_name FROM INFORMATION_SCHEMA.SCHEMATA ORDER BY 1");
    assert.deepEqual(texts(all), names);
    assert.deepEqual(
      texts(await ask(`SELECT schema_name FROM \`${PROJECT}\`.INFORMATION_SCHEMA.SCHEMATA ORDER BY 1`)),
      names,
    );
  });

  it("tells of an empty dataset where any table made in it could be known, and of no other", async () => {
    const names = async () =>
      ((await get("/datasets")) as { datasets: { datasetReference: { datasetId: string } }[] }).datasets.map(
        ({ datasetReference }) => datasetReference.datasetId,
      );
    const make = (datasetId: string, labels = {}) =>
      upstream("/datasets", { datasetReference: { projectId: PROJECT, datasetId }, labels });
    await make("closed_trial");
    await make("lab_alone");
    await make("lab_marked", { study: "sealed" });
    const listed = await names();
    assert.ok(listed.includes("workspace") && listed.includes("lab_alone"));
    for (const hidden of ["closed_trial", "lab_marked"]) {
      const alone = await clinic.agent.send("GET", `${V2}/datasets/${hidden}`);
      assert.equal(alone.status, 404);
      assert.ok(!listed.includes(hidden));
      const found = await ask(`SELECT COUNT(*) AS n FROM INFORMATION_SCHEMA.SCHEMATA WHERE schema_name = '${hidden}'`);
      assert.deepEqual(texts(found), ["0"]);
    }
    assert.equal((await clinic.agent.send("GET", `${V2}/datasets/lab_alone`)).status, 200);
    assert.equal((await clinic.agent.send("GET", `${V2}/datasets/lab_never_made`)).status, 404);
    // Its one table is hidden: so is it, though another could be made there.
    await upstream("/datasets/lab_alone/tables", {
      tableReference: { projectId: PROJECT, datasetId: "lab_alone", tableId: "sealed" },
      schema: { fields: [{ name: "a", type: "STRING" }] },
    });
    assert.ok(!(await names()).includes("lab_alone"));
  });

  it("tells no text, size, time or option", async () => {
    const loot = await ask("SELECT * FROM directory.INFORMATION_SCHEMA.TABLES");
    const told = new Set(loot.columns.filter((_, i) => (loot.rows ?? []).some((row) => row.f[i]?.v !== null)));
    assert.deepEqual(
      [...told],
      ["table_catalog", "table_schema", "table_name", "table_type", "is_insertable_into", "is_typed"],
    );
    assert.deepEqual(texts(await ask("SELECT * FROM ehr.INFORMATION_SCHEMA.TABLE_OPTIONS")), []);
    const sizes = await ask("SELECT MAX(row_count) AS n, MAX(last_modified_time) AS t FROM ehr.__TABLES__");
    assert.deepEqual(texts(sizes), ["null null"]);
  });

  it("joins, nests and is read in scripts as any table", async () => {
    const joined = await ask(`
      SELECT t.table_name, COUNT(c.column_name) AS n FROM ehr.INFORMATION_SCHEMA.TABLES t
      LEFT JOIN ehr.INFORMATION_SCHEMA.COLUMNS c USING (table_name) WHERE t.table_name = 'patients' GROUP BY 1`);
    assert.match(texts(joined)[0] ?? "", /^patients \d+$/);
    const script = await ask(`
      DECLARE n INT64 DEFAULT (SELECT COUNT(*) FROM ehr.INFORMATION_SCHEMA.TABLES WHERE table_name = 'notes');
      SELECT n AS n`);
    assert.deepEqual(texts(script), ["0"]);
  });

  it("answers what dbt's catalogue asks: shards, kinds, comments and fields of a dataset's tables", async () => {
    const of = `\`${PROJECT}\`.\`ehr\``;
    const loot = await ask(`
      WITH shards AS (
        SELECT t.table_id, REGEXP_CONTAINS(t.table_id, '[0-9]{8}$') AND t.type = 1 AS sharded,
          CASE WHEN m.table_name IS NOT NULL THEN 'materialized view' WHEN t.type = 1 THEN 'table' ELSE 'other' END AS kind,
          JSON_VALUE(o.option_value) AS comment, t.size_bytes
        FROM ${of}.__TABLES__ t
        LEFT JOIN ${of}.INFORMATION_SCHEMA.MATERIALIZED_VIEWS m ON m.table_schema = t.dataset_id AND m.table_name = t.table_id
        LEFT JOIN ${of}.INFORMATION_SCHEMA.TABLE_OPTIONS o ON o.table_name = t.table_id AND o.option_name = 'description')
      SELECT s.table_id, s.kind, s.sharded, s.comment, s.size_bytes, c.column_name, f.field_path, f.data_type
      FROM shards s
      LEFT JOIN ${of}.INFORMATION_SCHEMA.COLUMNS c ON c.table_name = s.table_id
      LEFT JOIN ${of}.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS f ON f.table_name = c.table_name AND f.column_name = c.column_name
      WHERE UPPER(s.table_id) = 'ENCOUNTERS' ORDER BY c.ordinal_position`);
    assert.match(texts(loot)[0] ?? "", /^encounters table false null null (\w+) \1 INT64$/);
  });

  for (const sql of [
    "SELECT query FROM `region-us`.INFORMATION_SCHEMA.JOBS_BY_PROJECT",
    "SELECT * FROM INFORMATION_SCHEMA.SESSIONS_BY_USER",
    "SELECT * FROM ehr.INFORMATION_SCHEMA.PARTITIONS",
    "SELECT * FROM ehr.INFORMATION_SCHEMA.ROUTINES",
    "SELECT * FROM ehr.INFORMATION_SCHEMA.SOMETHING_NEW",
    "SELECT * FROM ehr.INFORMATION_SCHEMA.COLUMNS TABLESAMPLE SYSTEM (10 PERCENT)",
    "SELECT * FROM ehr.INFORMATION_SCHEMA.TABLES FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()",
    "SELECT * FROM elsewhere.ehr.INFORMATION_SCHEMA.TABLES",
    "SELECT * FROM `region-mars`.INFORMATION_SCHEMA.TABLES",
    "SELECT ddl FROM ehr.INFORMATION_SCHEMA.TABLES.x",
    "SELECT oid FROM ehr.INFORMATION_SCHEMA.TABLES",
    "CREATE VIEW workspace.v AS SELECT table_name FROM billing.INFORMATION_SCHEMA.TABLES",
    "CREATE FUNCTION workspace.f() AS ((SELECT MAX(table_name) FROM billing.INFORMATION_SCHEMA.TABLES))",
    "CREATE TABLE workspace.t CLONE ehr.INFORMATION_SCHEMA.TABLES",
    "CREATE TABLE workspace.t LIKE ehr.INFORMATION_SCHEMA.TABLES",
    "INSERT INTO ehr.INFORMATION_SCHEMA.TABLES (table_name) VALUES ('x')",
    "SELECT * FROM APPENDS(TABLE ehr.INFORMATION_SCHEMA.TABLES, NULL, NULL)",
    "SELECT * FROM ehr.__TABLES_SUMMARY__",
  ])
    it(`row 13: ${sql} is refused`, async () => {
      await assertQueryRefused(clinic.rig, clinic.agent, sql);
    });
});
