import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonical, refusal, stable } from "../testing/parsed.ts";

describe("DML", () => {
  it("reads INSERT", () => {
    stable("INSERT INTO t (a, b) VALUES (1, DEFAULT), ((SELECT 2), f())");
    stable("INSERT INTO p.d.t WITH q AS (SELECT 1) SELECT * FROM q");
    assert.equal(
      canonical("insert t (a) (select 1) union all select 2"),
      "INSERT INTO t (a) (SELECT 1) UNION ALL SELECT 2",
    );
    assert.equal(canonical("insert t ((select 1))"), "INSERT INTO t SELECT 1");
    stable("FROM t |> INSERT INTO u (a) |> WHERE a");
  });

  it("reads UPDATE, DELETE and TRUNCATE", () => {
    stable("UPDATE t AS x SET a.b = x.c + 1, d = DEFAULT FROM u, v WHERE x.a = u.a");
    assert.equal(canonical("delete t x where x.a"), "DELETE FROM t AS x WHERE x.a");
    stable("TRUNCATE TABLE d.t");
  });

  it("reads MERGE", () => {
    stable(
      "MERGE INTO t AS x USING (SELECT 1) AS s ON x.a = s.a WHEN MATCHED AND s.b THEN UPDATE SET c = 1 WHEN MATCHED THEN DELETE " +
        "WHEN NOT MATCHED BY TARGET THEN INSERT (a, b) VALUES (1, DEFAULT) WHEN NOT MATCHED BY TARGET THEN INSERT ROW WHEN NOT MATCHED BY SOURCE THEN DELETE",
    );
    for (const sql of [
      "MERGE t USING s ON a",
      "MERGE t USING s ON a WHEN MATCHED THEN INSERT ROW",
      "MERGE t USING s ON a WHEN NOT MATCHED THEN DELETE",
      "MERGE t USING f() ON a WHEN MATCHED THEN DELETE",
    ]) {
      assert.equal(refusal(sql).code, "syntax", sql);
    }
  });

  it("refuses what BigQuery has not", () => {
    for (const [sql, message] of [
      ["INSERT OR REPLACE INTO t VALUES (1)", /INSERT OR/],
      ["INSERT INTO t VALUES (1) THEN RETURN *", /THEN RETURN/],
      ["INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", /ON CONFLICT/],
      ["DELETE t WHERE a ASSERT_ROWS_MODIFIED 1", /ASSERT_ROWS/],
      ["UPDATE t SET (DELETE a WHERE b)", /inside an UPDATE/],
      ["UPDATE t SET a[0] = 1", /array/],
      ["TRUNCATE TABLE t WHERE a", /WHERE/],
    ] as const) {
      assert.match(refusal(sql).message, message);
      assert.equal(refusal(sql).code, "unsupported");
    }
  });
});

describe("the procedural language", () => {
  it("reads scripts", () => {
    stable(
      "DECLARE a, b INT64 DEFAULT 1;\nDECLARE c DEFAULT 'x';\nSET a = 1;\nSET (a, b) = (1, 2);\nSET @@dataset_id = 'd';\nSELECT a",
    );
    assert.equal(canonical("select 1; select 2;"), "SELECT 1;\nSELECT 2");
    stable("BEGIN TRANSACTION;\nCOMMIT TRANSACTION;\nROLLBACK TRANSACTION");
    assert.equal(canonical("begin; commit; rollback"), "BEGIN TRANSACTION;\nCOMMIT TRANSACTION;\nROLLBACK TRANSACTION");
  });

  it("reads blocks, branches and loops", () => {
    stable("BEGIN DECLARE a INT64; SELECT a; EXCEPTION WHEN ERROR THEN RAISE; END");
    stable("BEGIN END");
    stable("IF a THEN SELECT 1; ELSEIF b THEN ELSE SELECT 2; END IF");
    stable("CASE a WHEN 1 THEN SELECT 1; ELSE SELECT 2; END CASE");
    stable("CASE WHEN a THEN SELECT 1; END CASE");
    stable("LOOP IF a THEN BREAK; END IF; CONTINUE; END LOOP");
    stable("WHILE a DO SELECT 1; END WHILE");
    stable("REPEAT SELECT 1; UNTIL a END REPEAT");
    stable("FOR r IN (SELECT 1) DO SELECT r.a; END FOR");
    assert.equal(
      canonical("l: loop b: begin leave b; iterate l; end b; end loop L"),
      "l: LOOP b: BEGIN BREAK b; CONTINUE l; END; END LOOP",
    );
    stable("EXECUTE IMMEDIATE 'SELECT ?' INTO a, b USING 1, c AS d");
    stable("CALL d.p(1, a)");
    stable("RAISE USING MESSAGE = 'x';\nRETURN;\nASSERT a = 1 AS 'why'");
  });

  it("refuses statements out of place", () => {
    for (const sql of [
      "SELECT 1; DECLARE a INT64",
      "SELECT 1; @1 DECLARE a INT64",
      "BEGIN SELECT 1; DECLARE a INT64; END",
      "BEGIN SELECT 1; @1 DECLARE a INT64; END",
      "BREAK",
      "WHILE a DO LEAVE b; END WHILE",
      "b: BEGIN CONTINUE b; END",
      "RAISE",
      "BEGIN SELECT 1 END",
      "BEGIN SELECT 1;",
      "IF a THEN SELECT 1; END",
      "LOOP SELECT 1; END WHILE",
      "a: BEGIN END b",
      "a: SELECT 1",
      "DECLARE a",
      "SET a.b = 1",
      "CALL p",
    ]) {
      assert.equal(refusal(sql).code, "syntax", sql);
    }
  });
});

describe("bounds (I10)", () => {
  const deep: Record<string, string> = {
    blocks: "BEGIN ".repeat(10_000),
    branches: "IF a THEN ".repeat(10_000),
    loops: "LOOP ".repeat(10_000),
    "labelled blocks": "a: BEGIN ".repeat(10_000),
  };
  for (const [what, sql] of Object.entries(deep)) {
    it(`refuses too deep ${what}`, () => assert.equal(refusal(sql).code, "limit"));
  }

  it("reads long scripts", () => {
    const long = Array(20_000).fill("SELECT 1").join(";\n");
    assert.equal(canonical(long), long);
    const loops = `WHILE TRUE DO ${"BREAK; ".repeat(20_000)}END WHILE`;
    assert.equal(canonical(loops), loops);
  });
});
