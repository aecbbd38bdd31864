import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Asker, askerFor, loadTwoRows } from "./ask.ts";
import { isObject, objectAt } from "./rest/json.ts";
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

const ROWS: readonly (readonly [title: string, sql: string, rows: readonly (readonly unknown[])[]])[] = [
  [
    "variables",
    "DECLARE x, y INT64 DEFAULT 2; DECLARE s DEFAULT CONCAT('a', 'b'); SET x = x * 3 + y; SELECT x, y, s AS z",
    [["8", "2", "ab"]],
  ],
  [
    "a variable of every shape",
    "DECLARE a ARRAY<INT64>; DECLARE s STRUCT<n INT64, w STRING> DEFAULT (1, 'x'); SET a = [1, s.n + 1]; SELECT a, s.w",
    [[["1", "2"], "x"]],
  ],
  [
    "columns win over variables",
    "DECLARE id INT64 DEFAULT 9; DECLARE wanted INT64 DEFAULT 2; SELECT id FROM `p`.`d`.`t` WHERE id = wanted",
    [["2"]],
  ],
  ["SET of several at once", "DECLARE a, b INT64; SET (a, b) = (1, 2); SET (a, b) = (b, a); SELECT a, b", [["2", "1"]]],
  ["a value by a query", "DECLARE n INT64 DEFAULT (SELECT COUNT(*) FROM t); SELECT n", [["2"]]],
  [
    "IF, ELSEIF, ELSE",
    "DECLARE r STRING; IF FALSE THEN SET r = 'a'; ELSEIF (SELECT MAX(id) FROM t) = 2 THEN SET r = CASE WHEN TRUE THEN 'b' END; ELSE SET r = 'c'; END IF; SELECT r",
    [["b"]],
  ],
  ["CASE", "DECLARE r STRING; CASE 2 WHEN 1 THEN SET r = 'a'; WHEN 2 THEN SET r = 'b'; END CASE; SELECT r", [["b"]]],
  ["WHILE", "DECLARE i INT64 DEFAULT 0; WHILE i < 3 DO SET i = i + 1; END WHILE; SELECT i", [["3"]]],
  [
    "LOOP with BREAK and CONTINUE",
    "DECLARE i, n INT64 DEFAULT 0; LOOP SET i = i + 1; IF i = 2 THEN CONTINUE; END IF; IF i > 3 THEN BREAK; END IF; SET n = n + i; END LOOP; SELECT i, n",
    [["4", "4"]],
  ],
  ["REPEAT", "DECLARE i INT64 DEFAULT 0; REPEAT SET i = i + 1; UNTIL i >= 2 END REPEAT; SELECT i", [["2"]]],
  [
    "a labelled LEAVE",
    "DECLARE n INT64 DEFAULT 0; outside: LOOP LOOP SET n = n + 1; LEAVE outside; END LOOP; END LOOP outside; SELECT n",
    [["1"]],
  ],
  [
    "FOR … IN",
    "DECLARE s STRING DEFAULT ''; FOR r IN (SELECT id, name FROM t ORDER BY id) DO SET s = CONCAT(s, r.name, CAST(r.id AS STRING)); END FOR; SELECT s",
    [["ann1bob2"]],
  ],
  [
    "BEGIN … EXCEPTION",
    "DECLARE m STRING; BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SET m = @@error.message; END; SELECT m",
    [["division by zero: 1 / 0"]],
  ],
  [
    "RAISE and RAISE again",
    "DECLARE m STRING; BEGIN BEGIN RAISE USING MESSAGE = 'oh'; EXCEPTION WHEN ERROR THEN RAISE; END; EXCEPTION WHEN ERROR THEN SET m = @@error.message; END; SELECT m",
    [["oh"]],
  ],
  [
    "temporary tables",
    "CREATE TEMP TABLE x AS SELECT id FROM t; INSERT INTO x VALUES (7); SELECT MAX(id), @@row_count FROM x",
    [["7", "1"]],
  ],
  [
    "temporary tables by their full name",
    "CREATE TEMP TABLE x AS SELECT id FROM t; INSERT INTO `_SESSION`.`x` VALUES (7); SELECT MAX(id) FROM _SESSION.x",
    [["7"]],
  ],
  [
    "temporary functions",
    "CREATE TEMP FUNCTION f(x INT64) AS (x + 1); SELECT f(1), f(id) FROM t WHERE id = 1",
    [["2", "2"]],
  ],
  [
    "EXECUTE IMMEDIATE",
    "DECLARE n INT64; DECLARE w STRING; EXECUTE IMMEDIATE \"SELECT id, name FROM t WHERE id = @i AND name = @w\" INTO n, w USING 2 AS i, 'bob' AS w; SELECT n, w",
    [["2", "bob"]],
  ],
  ["RETURN ends it", "SELECT 1; RETURN; SELECT 2", [["1"]]],
];

describe("scripts give what BigQuery gives", () => {
  for (const [title, sql, expected] of ROWS) {
    test(title, async () => {
      assert.deepEqual(await asker.rows(sql), expected);
    });
  }
});

describe("transactions", () => {
  test("commit and roll back, temporary tables too", async () => {
    await asker.rows("CREATE OR REPLACE TABLE k AS SELECT 1 AS n");
    const rows = await asker.rows(`
      BEGIN TRANSACTION; INSERT INTO k VALUES (2); COMMIT TRANSACTION;
      BEGIN TRANSACTION; INSERT INTO k VALUES (3); SELECT COUNT(*) FROM k; ROLLBACK TRANSACTION;
    `);
    assert.deepEqual(rows, [["3"]]);
    assert.deepEqual(await asker.rows("SELECT COUNT(*) FROM k"), [["2"]]);
    assert.equal((await asker.call("GET", "/datasets/d/tables/k")).numRows, "2");
  });
  test("one that fails or isn't ended changes nothing", async () => {
    await asker.rows("CREATE OR REPLACE TABLE k AS SELECT 1 AS n");
    assert.match(
      (await asker.error("BEGIN TRANSACTION; DELETE FROM k WHERE TRUE; SELECT 1 / 0; COMMIT")) ?? "",
      /division by zero/,
    );
    await asker.rows("BEGIN; DELETE FROM k WHERE TRUE;");
    assert.deepEqual(await asker.rows("SELECT COUNT(*) FROM k"), [["1"]]);
    const handled =
      "BEGIN BEGIN TRANSACTION; DELETE FROM k WHERE TRUE; SELECT 1 / 0; COMMIT; EXCEPTION WHEN ERROR THEN ROLLBACK; END; SELECT COUNT(*) FROM k";
    assert.deepEqual(await asker.rows(handled), [["1"]]);
  });
  test("permanent tables are not made in one", async () => {
    assert.match(
      (await asker.error("BEGIN TRANSACTION; CREATE TABLE zz (a INT64); COMMIT")) ?? "",
      /not supported inside transactions/,
    );
  });
});

describe("procedures", () => {
  test("are called, with OUT arguments", async () => {
    await asker.rows(`CREATE PROCEDURE d.twice(x INT64, OUT y INT64) BEGIN
      DECLARE z INT64 DEFAULT x * 2;
      IF z > 100 THEN RETURN; END IF;
      SET y = z;
    END`);
    assert.deepEqual(await asker.rows("DECLARE r INT64; CALL d.twice(4, r); SELECT r"), [["8"]]);
    assert.equal((await asker.dryRun("CALL d.twice(1, r)")).statementType, "SCRIPT");
    const made = await asker.call("GET", "/datasets/d/routines/twice");
    assert.deepEqual(
      [made.routineType, made.arguments],
      [
        "PROCEDURE",
        [
          { name: "x", dataType: { typeKind: "INT64" } },
          { name: "y", mode: "OUT", dataType: { typeKind: "INT64" } },
        ],
      ],
    );
  });
});

describe("a script is a job with a child for each statement", () => {
  test("children say whose they are and what they did", async () => {
    await asker.rows("CREATE OR REPLACE TABLE k (n INT64)");
    const job = await asker.job("DECLARE x INT64 DEFAULT 5;\nINSERT INTO k VALUES (x);\nSELECT n FROM k");
    const statistics = objectAt(job, "statistics");
    assert.deepEqual([statistics.numChildJobs, objectAt(statistics, "query").statementType], ["2", "SCRIPT"]);
    const id = String(objectAt(job, "jobReference").jobId);
    const { jobs } = await asker.call("GET", `/jobs?parentJobId=${id}`);
    const children = (Array.isArray(jobs) ? jobs : []).filter(isObject).map((child) => objectAt(child, "statistics"));
    assert.deepEqual(
      children.map((c) => [c.parentJobId, objectAt(c, "query").statementType, objectAt(c, "query").numDmlAffectedRows]),
      [
        [id, "SELECT", undefined],
        [id, "INSERT", "1"],
      ],
    );
    assert.deepEqual(children[0]?.scriptStatistics, {
      evaluationKind: "STATEMENT",
      stackFrames: [{ startLine: 3, startColumn: 1, endLine: 3, endColumn: 16, text: "SELECT n FROM k" }],
    });
    const all = await asker.call("GET", "/jobs");
    assert.doesNotMatch(JSON.stringify(all.jobs), /"parentJobId"/);
  });
  test("a failing statement fails the script, and what was before it stays", async () => {
    await asker.rows("CREATE OR REPLACE TABLE k (n INT64)");
    const job = await asker.job("INSERT INTO k VALUES (1); SELECT ERROR('no'); INSERT INTO k VALUES (2)");
    assert.deepEqual(objectAt(objectAt(job, "status"), "errorResult"), { reason: "invalidQuery", message: "no" });
    assert.deepEqual(await asker.rows("SELECT n FROM k"), [["1"]]);
  });
});

describe("a dry run of a script", () => {
  const cases: readonly (readonly [sql: string, statementType: string])[] = [
    ["SELECT 1; SELECT 2", "SCRIPT"],
    ["DECLARE x INT64", "SCRIPT"],
    ["BEGIN SELECT 1; END", "SCRIPT"],
    ["CREATE TEMP TABLE x AS SELECT 1 AS a; SELECT a FROM x", "SCRIPT"],
    ["SELECT 1;", "SELECT"],
  ];
  for (const [sql, statementType] of cases) {
    test(sql, async () => {
      const statistics = await asker.dryRun(sql);
      assert.equal(statistics.statementType, statementType);
      assert.equal("schema" in statistics, statementType !== "SCRIPT");
    });
  }
  test("temporary functions with a query at the end are a SELECT", async () => {
    const statistics = await asker.dryRun("CREATE TEMP FUNCTION f(x INT64) AS (x * 2); SELECT f(id) AS y FROM t");
    assert.deepEqual([statistics.statementType, statistics.referencedTables], ["SELECT", [T]]);
    assert.deepEqual(objectAt(statistics, "schema").fields, [{ name: "y", type: "INTEGER", mode: "NULLABLE" }]);
  });
  test("syntax is read to the end", async () => {
    for (const sql of ["IF TRUE THEN SELECT 1;", "SELECT 1; END", "WHILE TRUE SELECT 1; END WHILE"]) {
      assert.match((await asker.error(sql)) ?? "", /^Syntax error: /, sql);
    }
  });
});
