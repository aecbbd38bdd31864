import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Asker, askerFor, loadTwoRows } from "./ask.ts";
import { objectAt } from "./rest/json.ts";
import { startWarehouse, type Warehouse } from "./warehouse.ts";

let warehouse: Warehouse;
let asker: Asker;

before(async () => {
  warehouse = await startWarehouse({ empty: true, projects: ["p"] });
  asker = askerFor(warehouse, "p", "d");
  await loadTwoRows(warehouse, T);
});
after(() => warehouse.close());

const T = { projectId: "p", datasetId: "d", tableId: "t" };
const table = (tableId: string): object => ({ projectId: "p", datasetId: "d", tableId });
const routine = (routineId: string): object => ({ projectId: "p", datasetId: "d", routineId });

describe("tables", () => {
  test("CREATE TABLE keeps columns, descriptions and labels", async () => {
    const sql = `CREATE TABLE \`p\`.\`d\`.made (
      id INT64 NOT NULL OPTIONS (description = 'the key'), tags ARRAY<STRING>,
      at STRUCT<city STRING, rooms ARRAY<STRUCT<n INT64>>>, amount NUMERIC(10, 2), PRIMARY KEY (id) NOT ENFORCED
    ) PARTITION BY RANGE_BUCKET(id, GENERATE_ARRAY(0, 9, 1)) CLUSTER BY id
      OPTIONS (description = 'a table', labels = [('phi', 'true')], friendly_name = 'Made')`;
    const dry = await asker.dryRun(sql);
    assert.deepEqual(
      [dry.statementType, dry.ddlOperationPerformed, dry.ddlTargetTable, dry.referencedTables, dry.schema],
      ["CREATE_TABLE", "CREATE", table("made"), undefined, undefined],
    );
    assert.match(JSON.stringify(await asker.call("GET", "/datasets/d/tables/made")), /Not found/);
    await asker.rows(sql);
    const made = await asker.call("GET", "/datasets/d/tables/made");
    assert.deepEqual(
      [made.type, made.description, made.labels, made.friendlyName],
      ["TABLE", "a table", { phi: "true" }, "Made"],
    );
    assert.deepEqual(objectAt(made, "schema").fields, [
      { name: "id", type: "INTEGER", mode: "REQUIRED", description: "the key" },
      { name: "tags", type: "STRING", mode: "REPEATED" },
      {
        name: "at",
        type: "RECORD",
        mode: "NULLABLE",
        fields: [
          { name: "city", type: "STRING", mode: "NULLABLE" },
          {
            name: "rooms",
            type: "RECORD",
            mode: "REPEATED",
            fields: [{ name: "n", type: "INTEGER", mode: "NULLABLE" }],
          },
        ],
      },
      { name: "amount", type: "NUMERIC", mode: "NULLABLE" },
    ]);
    assert.match((await asker.error(sql)) ?? "", /^Already Exists: Table p:d\.made$/);
    assert.equal((await asker.dryRun("CREATE TABLE IF NOT EXISTS made (id INT64)")).ddlOperationPerformed, "SKIP");
    assert.equal((await asker.dryRun("CREATE OR REPLACE TABLE made (id INT64)")).ddlOperationPerformed, "REPLACE");
  });
  test("CREATE TABLE AS SELECT", async () => {
    const sql = "CREATE OR REPLACE TABLE copied OPTIONS (labels = [('a', 'b')]) AS FROM t |> WHERE id = 1";
    const dry = await asker.dryRun(sql);
    assert.deepEqual(
      [dry.statementType, dry.ddlTargetTable, dry.referencedTables],
      ["CREATE_TABLE_AS_SELECT", table("copied"), [T]],
    );
    await asker.rows(sql);
    assert.deepEqual(await asker.rows("SELECT * FROM copied"), [["1", "ann"]]);
    assert.deepEqual((await asker.call("GET", "/datasets/d/tables/copied")).labels, { a: "b" });
    await asker.rows(
      "CREATE OR REPLACE TABLE copied (key STRING, word STRING) AS SELECT name, UPPER(name) AS n FROM t",
    );
    assert.deepEqual(await asker.columns("SELECT * FROM copied"), ["key STRING", "word STRING"]);
  });
  test("ALTER TABLE adds, drops, renames and describes", async () => {
    await asker.rows("CREATE OR REPLACE TABLE altered AS SELECT id, name FROM t");
    const dry = await asker.dryRun("ALTER TABLE altered ADD COLUMN more ARRAY<INT64>");
    assert.deepEqual(
      [dry.statementType, dry.ddlOperationPerformed, dry.ddlTargetTable],
      ["ALTER_TABLE", "ALTER", table("altered")],
    );
    await asker.rows("ALTER TABLE altered ADD COLUMN more ARRAY<INT64>, ADD COLUMN IF NOT EXISTS id INT64");
    await asker.rows("ALTER TABLE altered DROP COLUMN name, RENAME COLUMN id TO key");
    await asker.rows("ALTER TABLE altered SET OPTIONS (description = 'changed')");
    assert.deepEqual(await asker.rows("SELECT * FROM altered ORDER BY key"), [
      ["1", []],
      ["2", []],
    ]);
    assert.equal((await asker.call("GET", "/datasets/d/tables/altered")).description, "changed");
    assert.match((await asker.error("ALTER TABLE altered DROP COLUMN nope")) ?? "", /^Column not found: nope$/);
    await asker.rows("ALTER TABLE altered RENAME TO renamed");
    assert.deepEqual(await asker.rows("SELECT key FROM renamed ORDER BY key"), [["1"], ["2"]]);
    assert.match((await asker.error("SELECT key FROM altered")) ?? "", /^Not found: Table p:d\.altered/);
    assert.match((await asker.error("ALTER TABLE renamed RENAME TO t")) ?? "", /^Already Exists: Table p:d\.t$/);
  });
  test("DROP TABLE", async () => {
    await asker.rows("CREATE OR REPLACE TABLE gone (a INT64)");
    const dry = await asker.dryRun("DROP TABLE gone");
    assert.deepEqual(
      [dry.statementType, dry.ddlOperationPerformed, dry.ddlTargetTable],
      ["DROP_TABLE", "DROP", table("gone")],
    );
    await asker.rows("DROP TABLE gone");
    assert.match((await asker.error("DROP TABLE gone")) ?? "", /^Not found: Table p:d\.gone$/);
    assert.equal((await asker.dryRun("DROP TABLE IF EXISTS gone")).ddlOperationPerformed, "SKIP");
  });
});

describe("views", () => {
  test("run as their query, and the tables below are what is referenced", async () => {
    const sql = "CREATE VIEW v OPTIONS (description = 'upper') AS SELECT id, UPPER(name) AS name FROM `p`.`d`.`t`";
    const dry = await asker.dryRun(sql);
    assert.deepEqual([dry.statementType, dry.ddlTargetTable, dry.referencedTables], ["CREATE_VIEW", table("v"), [T]]);
    await asker.rows(sql);
    const view = await asker.call("GET", "/datasets/d/tables/v");
    assert.deepEqual(
      [view.type, view.view, view.description],
      ["VIEW", { query: "SELECT id, UPPER(name) AS name FROM `p`.`d`.`t`", useLegacySql: false }, "upper"],
    );
    assert.deepEqual(objectAt(view, "schema").fields, [
      { name: "id", type: "INTEGER", mode: "NULLABLE" },
      { name: "name", type: "STRING", mode: "NULLABLE" },
    ]);
    await asker.rows("CREATE VIEW over (key, word) AS SELECT * FROM `p`.`d`.`v` AS x WHERE x.id = 2");
    assert.deepEqual(await asker.rows("SELECT o.word, t.name FROM over AS o JOIN t ON t.id = o.key"), [["BOB", "bob"]]);
    assert.deepEqual((await asker.dryRun("SELECT * FROM over")).referencedTables, [T]);
    assert.match((await asker.error("DELETE FROM v WHERE TRUE")) ?? "", /currently a VIEW/);
    assert.match((await asker.error("DROP TABLE v")) ?? "", /^Cannot drop p:d\.v which has type VIEW/);
  });
  test("tables.list says VIEW", async () => {
    await asker.rows("CREATE OR REPLACE VIEW listed AS SELECT 1 AS a");
    const { tables } = await asker.call("GET", "/datasets/d/tables");
    assert.match(JSON.stringify(tables), /"tableId":"listed"\},"type":"VIEW"/);
    assert.equal((await asker.dryRun("DROP VIEW listed")).statementType, "DROP_VIEW");
    await asker.rows("DROP VIEW listed");
  });
});

describe("routines", () => {
  test("a SQL function runs, with its arguments' types", async () => {
    const create =
      "CREATE FUNCTION `p`.`d`.last4(s STRING) RETURNS STRING AS (SUBSTR(s, -4)) OPTIONS (description = 'the end')";
    const dry = await asker.dryRun(create);
    assert.deepEqual(
      [dry.statementType, dry.ddlOperationPerformed, dry.ddlTargetRoutine, dry.referencedTables],
      ["CREATE_FUNCTION", "CREATE", routine("last4"), undefined],
    );
    await asker.rows(create);
    const made = await asker.call("GET", "/datasets/d/routines/last4");
    const { etag: _e, creationTime: _c, lastModifiedTime: _l, ...rest } = made;
    assert.deepEqual(rest, {
      routineReference: routine("last4"),
      routineType: "SCALAR_FUNCTION",
      language: "SQL",
      arguments: [{ name: "s", dataType: { typeKind: "STRING" } }],
      returnType: { typeKind: "STRING" },
      definitionBody: "SUBSTR(s, -4)",
      description: "the end",
    });
    const { routines } = await asker.call("GET", "/datasets/d/routines");
    assert.match(JSON.stringify(routines), /"routineId":"last4"/);
    assert.deepEqual(await asker.rows("SELECT `p`.`d`.`last4`('123456'), d.last4(MAX(CONCAT(name, '1'))) FROM t"), [
      ["3456", "bob1"],
    ]);
  });
  test("a function's body may query, and its columns stay apart from the arguments'", async () => {
    await asker.rows(
      "CREATE FUNCTION d.total(xs ARRAY<INT64>, id INT64) AS ((SELECT SUM(x) FROM UNNEST(xs) AS x) + id)",
    );
    await asker.rows("CREATE FUNCTION d.of_id(i INT64) AS ((SELECT name FROM `p`.`d`.`t` WHERE id = i))");
    assert.deepEqual(await asker.rows("SELECT d.total([id, 10], id), d.of_id(id) FROM t ORDER BY id"), [
      ["12", "ann"],
      ["14", "bob"],
    ]);
    assert.deepEqual((await asker.dryRun("SELECT d.of_id(1)")).referencedTables, [T]);
    assert.deepEqual(objectAt(await asker.call("GET", "/datasets/d/routines/of_id"), "returnType"), {
      typeKind: "STRING",
    });
  });
  test("a templated function takes any type", async () => {
    await asker.rows("CREATE FUNCTION d.twice(x ANY TYPE) AS (x + x)");
    assert.deepEqual(await asker.rows("SELECT d.twice(2), d.twice(1.5)"), [["4", "3.0"]]);
    const made = await asker.call("GET", "/datasets/d/routines/twice");
    assert.deepEqual(made.arguments, [{ name: "x", argumentKind: "ANY_TYPE" }]);
  });
  test("a table function runs in FROM", async () => {
    const create = "CREATE TABLE FUNCTION d.above(least INT64) AS SELECT id, name FROM `p`.`d`.`t` WHERE id > least";
    const dry = await asker.dryRun(create);
    assert.deepEqual(
      [dry.statementType, dry.ddlTargetRoutine, dry.referencedTables],
      ["CREATE_TABLE_FUNCTION", routine("above"), [T]],
    );
    await asker.rows(create);
    assert.deepEqual(await asker.rows("SELECT a.name FROM `p`.`d`.`above`(1) AS a"), [["bob"]]);
    assert.deepEqual(await asker.rows("FROM d.above((SELECT 0)) |> AGGREGATE COUNT(*) AS n"), [["2"]]);
    assert.equal((await asker.call("GET", "/datasets/d/routines/above")).routineType, "TABLE_VALUED_FUNCTION");
    assert.deepEqual((await asker.dryRun("SELECT * FROM d.above(1)")).referencedTables, [T]);
  });
  test("DROP FUNCTION, and bodies that don't bind", async () => {
    await asker.rows("CREATE FUNCTION d.gone() AS (1)");
    assert.deepEqual(await asker.rows("SELECT d.gone()"), [["1"]]);
    assert.equal((await asker.dryRun("DROP FUNCTION d.gone")).statementType, "DROP_FUNCTION");
    await asker.rows("DROP FUNCTION d.gone");
    assert.match((await asker.error("SELECT d.gone()")) ?? "", /^Function not found: d\.gone$/);
    assert.match((await asker.error("CREATE FUNCTION d.bad(x INT64) AS (y)")) ?? "", /^Unrecognized name: y$/);
  });
});

describe("tables by prefix and by time", () => {
  test("prefix* is every table that begins so, with _TABLE_SUFFIX", async () => {
    await asker.rows("CREATE TABLE ev_1 AS SELECT 1 AS n");
    await asker.rows("CREATE TABLE ev_2 AS SELECT 2 AS n");
    assert.deepEqual(await asker.rows("SELECT n, _TABLE_SUFFIX AS s FROM `p.d.ev_*` ORDER BY n"), [
      ["1", "1"],
      ["2", "2"],
    ]);
    assert.deepEqual(await asker.rows("SELECT * FROM `p`.`d`.`ev_*` AS e WHERE e._TABLE_SUFFIX = '2'"), [["2"]]);
    assert.deepEqual((await asker.dryRun("SELECT * FROM `p.d.ev_*`")).referencedTables, [table("ev_1"), table("ev_2")]);
  });
  test("FOR SYSTEM_TIME AS OF gives the present", async () => {
    const sql =
      "SELECT a.id FROM t AS a FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR) WHERE a.id = 1";
    assert.deepEqual(await asker.rows(sql), [["1"]]);
  });
});
