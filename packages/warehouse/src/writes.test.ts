import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { type Asker, askerFor } from "./ask.ts";
import { objectAt } from "./rest/json.ts";
import { startWarehouse, type Warehouse } from "./warehouse.ts";

let warehouse: Warehouse;
let asker: Asker;

before(async () => {
  warehouse = await startWarehouse({ empty: true, projects: ["p"] });
  asker = askerFor(warehouse, "p", "d");
  await asker.call("POST", "/datasets", { datasetReference: { projectId: "p", datasetId: "d" } });
});
beforeEach(async () => {
  await asker.rows("DROP TABLE IF EXISTS t");
  await asker.rows("DROP TABLE IF EXISTS u");
  await warehouse.loadTable(
    {
      tableReference: { projectId: "p", datasetId: "d", tableId: "t" },
      schema: {
        fields: [
          { name: "id", type: "INTEGER", mode: "REQUIRED" },
          { name: "name", type: "STRING" },
          { name: "born", type: "DATE" },
          { name: "score", type: "NUMERIC" },
          { name: "tags", type: "STRING", mode: "REPEATED" },
          {
            name: "home",
            type: "RECORD",
            fields: [
              { name: "city", type: "STRING" },
              { name: "zip", type: "STRING" },
            ],
          },
          {
            name: "calls",
            type: "RECORD",
            mode: "REPEATED",
            fields: [
              { name: "who", type: "STRING" },
              { name: "n", type: "INTEGER" },
            ],
          },
        ],
      },
    },
    [
      { id: 1, name: "ann", home: { city: "rome", zip: "1" }, tags: ["x"] },
      { id: 2, name: "bob" },
      { id: 3, name: "cid", home: { city: "oslo", zip: "3" } },
    ],
  );
  await warehouse.loadTable(
    {
      tableReference: { projectId: "p", datasetId: "d", tableId: "u" },
      schema: {
        fields: [
          { name: "key", type: "INTEGER" },
          { name: "w", type: "STRING" },
        ],
      },
    },
    [
      { key: 1, w: "w1" },
      { key: 9, w: "w9" },
    ],
  );
});
after(() => warehouse.close());

const T = { projectId: "p", datasetId: "d", tableId: "t" };
const U = { projectId: "p", datasetId: "d", tableId: "u" };

/** `inserted/updated/deleted` of the job. */
async function changed(sql: string): Promise<string> {
  const job = await asker.job(sql);
  assert.equal(objectAt(job, "status").errorResult, undefined, JSON.stringify(objectAt(job, "status").errorResult));
  const { insertedRowCount, updatedRowCount, deletedRowCount } = objectAt(
    objectAt(objectAt(job, "statistics"), "query"),
    "dmlStats",
  );
  return [insertedRowCount, updatedRowCount, deletedRowCount].map(String).join("/");
}

describe("INSERT", () => {
  test("of listed rows, columns left out being NULL or empty", async () => {
    assert.equal(
      await changed("INSERT INTO `p`.`d`.`t` (`id`, name, score) VALUES (7, 'gus', 1.5), (8, NULL, DEFAULT)"),
      "2/0/0",
    );
    assert.deepEqual(await asker.rows("SELECT id, name, score, tags, home FROM t WHERE id > 6 ORDER BY id"), [
      ["7", "gus", "1.5", [], null],
      ["8", null, null, [], null],
    ]);
  });
  test("of STRUCTs and ARRAYs, whose fields go by position", async () => {
    const sql =
      "INSERT t VALUES (7, 'x', '2020-01-02', 3, ['a', 'b'], ('rome', '1'), [STRUCT('ann', 1), ('bob', NULL)]), (8, NULL, NULL, NULL, [], STRUCT('oslo' AS zip, '9' AS city), NULL)";
    assert.equal(await changed(sql), "2/0/0");
    assert.deepEqual(await asker.rows("SELECT born, tags, home, calls FROM t WHERE id > 6 ORDER BY id"), [
      [
        "2020-01-02",
        ["a", "b"],
        ["rome", "1"],
        [
          ["ann", "1"],
          ["bob", null],
        ],
      ],
      [null, [], ["oslo", "9"], []],
    ]);
  });
  test("of a query, pipes too", async () => {
    assert.equal(await changed("INSERT INTO t (id, name) SELECT key, w FROM u WHERE key > 1"), "1/0/0");
    assert.equal(await changed("INSERT INTO t (id, name) FROM u |> WHERE key = 1 |> SET key = 11"), "1/0/0");
    assert.deepEqual(await asker.rows("SELECT id FROM t WHERE name LIKE 'w%' ORDER BY id"), [["9"], ["11"]]);
  });
});

describe("UPDATE and DELETE", () => {
  test("of columns and of fields", async () => {
    assert.equal(
      await changed("UPDATE t AS a SET `name` = UPPER(a.name), home.zip = '0', a.score = id WHERE a.id < 3"),
      "0/2/0",
    );
    assert.deepEqual(await asker.rows("SELECT id, name, home, score FROM t ORDER BY id"), [
      ["1", "ANN", ["rome", "0"], "1"],
      ["2", "BOB", [null, "0"], "2"],
      ["3", "cid", ["oslo", "3"], null],
    ]);
  });
  test("with rows of another table", async () => {
    assert.equal(
      await changed("UPDATE `p`.`d`.`t` AS t SET name = u.w FROM `p`.`d`.`u` AS u WHERE t.id = u.key"),
      "0/1/0",
    );
    assert.deepEqual(await asker.rows("SELECT name FROM t ORDER BY id"), [["w1"], ["bob"], ["cid"]]);
  });
  test("a row that two others would change is an error, and nothing changes", async () => {
    const message = await asker.error("UPDATE t SET name = u.w FROM u WHERE TRUE");
    assert.equal(message, "UPDATE/MERGE must match at most one source row for each target row");
    assert.deepEqual(await asker.rows("SELECT COUNT(*) FROM t WHERE name LIKE 'w%'"), [["0"]]);
  });
  test("rows go, and a failing statement takes none", async () => {
    assert.match((await asker.error("DELETE FROM t WHERE 1 / (id - 2) > 0")) ?? "", /division by zero/);
    assert.equal(await changed("DELETE t WHERE id IN (SELECT key FROM u)"), "0/0/1");
    assert.equal((await asker.call("GET", "/datasets/d/tables/t")).numRows, "2");
  });
  test("TRUNCATE TABLE", async () => {
    assert.equal(await changed("TRUNCATE TABLE t"), "0/0/3");
    assert.deepEqual(await asker.rows("SELECT * FROM t"), []);
  });
});

describe("MERGE", () => {
  test("updates, deletes and inserts by the state before it", async () => {
    const sql = `MERGE INTO t AS a USING (SELECT key, w FROM u UNION ALL SELECT 2, 'gone') AS s ON a.id = s.key
      WHEN MATCHED AND s.w = 'gone' THEN DELETE
      WHEN MATCHED THEN UPDATE SET name = s.w
      WHEN NOT MATCHED BY TARGET THEN INSERT (id, name) VALUES (s.key, CONCAT('new ', s.w))
      WHEN NOT MATCHED BY SOURCE THEN UPDATE SET name = 'left'`;
    assert.equal(await changed(sql), "1/2/1");
    assert.deepEqual(await asker.rows("SELECT id, name FROM t ORDER BY id"), [
      ["1", "w1"],
      ["3", "left"],
      ["9", "new w9"],
    ]);
  });
  test("INSERT ROW on a condition that never holds", async () => {
    assert.equal(
      await changed("MERGE u USING (SELECT 5 AS key, 'v' AS w) ON FALSE WHEN NOT MATCHED THEN INSERT ROW"),
      "1/0/0",
    );
    assert.deepEqual(await asker.rows("SELECT w FROM u WHERE key = 5"), [["v"]]);
  });
});

describe("a dry run of DML says what it is and changes nothing", () => {
  const cases: readonly (readonly [sql: string, statementType: string, tables: readonly object[] | undefined])[] = [
    ["INSERT INTO u (key) VALUES (1)", "INSERT", undefined],
    ["INSERT INTO u SELECT id, name FROM t", "INSERT", [T]],
    ["UPDATE t SET name = w FROM u WHERE id = key", "UPDATE", [T, U]],
    ["DELETE FROM t WHERE TRUE", "DELETE", [T]],
    ["MERGE u USING t ON id = key WHEN MATCHED THEN DELETE", "MERGE", [U, T]],
    ["TRUNCATE TABLE u", "TRUNCATE_TABLE", undefined],
  ];
  for (const [sql, statementType, tables] of cases) {
    test(sql, async () => {
      const statistics = await asker.dryRun(sql);
      assert.equal(statistics.statementType, statementType);
      assert.deepEqual(statistics.referencedTables, tables);
      assert.equal("schema" in statistics || "numDmlAffectedRows" in statistics, false);
      assert.equal((await asker.call("GET", "/datasets/d/tables/u")).numRows, "2");
      assert.equal((await asker.call("GET", "/datasets/d/tables/t")).numRows, "3");
    });
  }
  test("what can't be assigned is an error", async () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ["INSERT INTO u (key) VALUES ('x')", /^Value of type STRING cannot be assigned to key, which has type INT64$/],
      ["INSERT INTO u VALUES (1)", /^Inserted row has wrong column count; Has 1, expected 2$/],
      ["INSERT INTO u (nope) VALUES (1)", /^Column nope is not present in table p\.d\.u$/],
      ["INSERT INTO t (name) VALUES ('x')", /^Required column id is missing/],
      ["UPDATE t SET home = 'x' WHERE TRUE", /^Value of type STRING cannot be assigned to home/],
      ["UPDATE t SET name = 'x'", /^Syntax error: Expected keyword WHERE/],
      ["UPDATE t SET name = nope WHERE TRUE", /^Unrecognized name: nope$/],
      ["DELETE FROM nope WHERE TRUE", /^Not found: Table p:d\.nope$/],
    ];
    for (const [sql, message] of cases) {
      const answer = await asker.call("POST", "/queries", {
        query: sql,
        useLegacySql: false,
        dryRun: true,
        defaultDataset: { projectId: "p", datasetId: "d" },
      });
      assert.match(String(objectAt(answer, "error").message), message, sql);
    }
  });
});

test("the answers of DML have no schema", async () => {
  const answer = await asker.call("POST", "/queries", { query: "DELETE FROM p.d.t WHERE id = 1", useLegacySql: false });
  assert.equal(answer.numDmlAffectedRows, "1");
  assert.equal("schema" in answer || "rows" in answer, false);
  const job = await asker.job("DELETE FROM t WHERE id = 2");
  const query = objectAt(objectAt(job, "statistics"), "query");
  assert.deepEqual([query.statementType, query.numDmlAffectedRows, query.referencedTables], ["DELETE", "1", [T]]);
  assert.deepEqual(objectAt(objectAt(objectAt(job, "configuration"), "query"), "destinationTable"), T);
});

test("tabledata.list gives the rows that are left after deletes and updates, page by page", async () => {
  await asker.rows("CREATE OR REPLACE TABLE u (id INT64)");
  await asker.rows("INSERT INTO u SELECT x FROM UNNEST(GENERATE_ARRAY(0, 9)) AS x");
  await asker.rows("DELETE FROM u WHERE id IN (0, 4, 9)");
  await asker.rows("UPDATE u SET id = 50 WHERE id = 5");
  await asker.rows("INSERT INTO u VALUES (10)");
  const ids: unknown[] = [];
  let page: Record<string, unknown> = { pageToken: "" };
  while (typeof page.pageToken === "string") {
    const token = page.pageToken === "" ? "" : `&pageToken=${encodeURIComponent(page.pageToken)}`;
    page = await asker.call("GET", `/datasets/d/tables/u/data?maxResults=3${token}`);
    assert.equal(page.totalRows, "8");
    ids.push(...(page.rows as { f: { v: unknown }[] }[]).map(({ f }) => f[0]?.v));
  }
  assert.deepEqual([...ids].sort(), ["1", "10", "2", "3", "50", "6", "7", "8"]);
  await asker.rows("DELETE FROM u WHERE TRUE");
  assert.equal((await asker.call("GET", "/datasets/d/tables/u/data")).totalRows, "0");
});
