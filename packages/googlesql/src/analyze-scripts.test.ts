import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { CLINIC, DEFAULTS, refusalOf, results, scriptOf, steps } from "./testing/clinic.ts";
import { cpuMs } from "./testing/cpu-time.ts";
import { type Line, scriptTable } from "./testing/flow-tables.ts";

const SSN = "(SELECT ssn FROM patients LIMIT 1)";

const GUESS = `${SSN} = '1'`;

scriptTable("a variable is made of what was last assigned", [
  [`DECLARE x STRING DEFAULT ${SSN}; SELECT x`, "x = copy ssn"],
  [`DECLARE x DEFAULT ${SSN}; SELECT UPPER(x) AS y`, "y = transform ssn"],
  [`DECLARE x STRING; SET x = ${SSN}; SET x = 'a'; SELECT x`, "x ="],
  [`DECLARE x, y STRING; SET x = ${SSN}; SET y = x; SET x = NULL; SELECT x, y`, "x =", "y = copy ssn"],
  [`DECLARE x STRING DEFAULT ${SSN}; DECLARE y DEFAULT x || 'a'; SELECT y`, "y = transform ssn"],
  [
    "DECLARE a STRING; DECLARE b INT64; SET (a, b) = (SELECT AS STRUCT ssn, id FROM patients LIMIT 1); SELECT b, a",
    "b = copy id",
    "a = copy ssn",
  ],
  ["DECLARE p DEFAULT (SELECT AS STRUCT ssn, name FROM patients LIMIT 1); SELECT p.name", "name = copy name"],
  ["DECLARE a DEFAULT ARRAY(SELECT ssn FROM patients); SELECT s FROM UNNEST(a) s", "s = copy ssn ? ssn"],
  ["DECLARE w FLOAT64 DEFAULT (SELECT id FROM patients LIMIT 1); SELECT w", "w = transform id"],
  [`DECLARE x STRING(3) DEFAULT ${SSN}; SELECT x`, "x = transform ssn"],
  [`DECLARE x STRING(3); SET x = ${SSN}; SELECT x`, "x = transform ssn"],
  ["DECLARE n DEFAULT (SELECT COUNT(*) FROM patients); SELECT n", "n = aggregate *"],
  [`DECLARE x STRING DEFAULT ${SSN}; SELECT name FROM patients WHERE state = x`, "name = copy name ? ssn, state"],
  [`DECLARE x STRING DEFAULT ${SSN}; BEGIN DECLARE y STRING DEFAULT x; SET x = 'a'; SELECT y; END`, "y = copy ssn"],
]);

scriptTable("no variable makes a statistic of one row's value", [
  [
    "DECLARE x BOOL DEFAULT EXISTS(SELECT 1 FROM patients); SELECT COUNTIF(v) AS n FROM UNNEST([x]) v",
    "n = transform *",
  ],
  ["DECLARE w DEFAULT (SELECT weight FROM patients LIMIT 1); SELECT SUM(w) AS s FROM pair", "s = transform weight"],
  [
    "DECLARE w DEFAULT ARRAY(SELECT weight FROM patients LIMIT 1); SELECT AVG(x) AS s FROM UNNEST(w) x",
    "s = transform weight ? weight",
  ],
  ["FOR r IN (SELECT weight FROM patients) DO SELECT SUM(r.weight) AS s; END FOR; SELECT 1 AS done", "done ="],
]);

scriptTable("columns hide variables, and variables nothing", [
  [`DECLARE a STRING DEFAULT ${SSN}; SELECT a FROM pair`, "a = copy pair.a"],
  [`DECLARE a STRING DEFAULT ${SSN}; SELECT pair.a FROM pair`, "a = copy pair.a"],
  [`DECLARE a STRING DEFAULT ${SSN}; SELECT (SELECT a) AS x FROM pair`, "x = copy pair.a"],
  [`DECLARE a STRING DEFAULT ${SSN}; SELECT x FROM (SELECT 'x' AS x FROM pair) WHERE x = a`, "x = ? ssn"],
  [`DECLARE A STRING DEFAULT ${SSN}; SELECT a AS x`, "x = copy ssn"],
  [`DECLARE pair STRING DEFAULT ${SSN}; SELECT pair.b FROM pair`, "b = copy pair.b"],
  [`DECLARE q STRING DEFAULT ${SSN}; WITH q AS (SELECT 'x' AS q) SELECT q FROM q`, "q ="],
  [`DECLARE a STRING DEFAULT ${SSN}; SELECT b AS a FROM pair ORDER BY a`, "a = copy pair.b ? pair.a, pair.b"],
]);

scriptTable("a branch shows its condition", [
  [`CASE 'a' WHEN ${SSN} THEN SELECT 1 AS x; ELSE SELECT 2 AS x; END CASE`, "x = ? ssn"],
  [`DECLARE x STRING DEFAULT 'a'; IF ${GUESS} THEN SET x = NULL; END IF; SELECT x`, "x = ? ssn"],
  [`DECLARE x INT64 DEFAULT 0; IF ${GUESS} THEN SET x = 1; END IF; SELECT x`, "x = ? ssn"],
  [`DECLARE x INT64 DEFAULT 0; IF ${GUESS} THEN SET x = 1; ELSE SET x = 2; END IF; SET x = 3; SELECT x`, "x ="],
  [`IF ${GUESS} THEN SELECT 1 AS x; ELSE SELECT 2 AS x; END IF`, "x = ? ssn"],
  [`IF FALSE THEN SELECT 1 AS x; ELSEIF ${GUESS} THEN SELECT 2 AS x; ELSE SELECT 3 AS x; END IF`, "x = ? ssn"],
  [`SELECT 1 AS x; IF ${GUESS} THEN SELECT 2 AS x; END IF`, "x = ? ssn"],
  [`DECLARE x INT64; CASE ${SSN} WHEN '1' THEN SET x = 1; WHEN '2' THEN SET x = 2; END CASE; SELECT x`, "x = ? ssn"],
  [`DECLARE x INT64; CASE WHEN ${GUESS} THEN SET x = 1; ELSE SET x = 2; END CASE; SELECT x`, "x = ? ssn"],
  [`DECLARE x, y BOOL; SET x = ${GUESS}; IF x THEN SET y = TRUE; ELSE SET y = FALSE; END IF; SELECT y`, "y = ? ssn"],
]);

scriptTable("leaving early shows why", [
  [`SELECT 0 AS x; IF ${GUESS} THEN RETURN; END IF; SELECT 1 AS x`, "x = ? ssn"],
  [`DECLARE x INT64 DEFAULT 0; b: BEGIN IF ${GUESS} THEN LEAVE b; END IF; SET x = 1; END; SELECT x`, "x = ? ssn"],
  [`b: BEGIN IF ${GUESS} THEN LEAVE b; END IF; END; SELECT 1 AS x`, "x ="],
  [`DECLARE x INT64 DEFAULT 0; LOOP IF ${GUESS} THEN BREAK; END IF; SET x = 1; BREAK; END LOOP; SELECT x`, "x = ? ssn"],
  [
    `DECLARE x INT64 DEFAULT 0; FOR r IN (SELECT 1 AS i) DO IF ${GUESS} THEN CONTINUE; END IF; SET x = 1; END FOR; SELECT x`,
    "x = ? ssn",
  ],
  [
    `DECLARE x INT64 DEFAULT 0; a: LOOP LOOP IF ${GUESS} THEN LEAVE a; END IF; BREAK; END LOOP; SET x = 1; LEAVE a; END LOOP; SELECT x`,
    "x = ? ssn",
  ],
  [`SELECT 0 AS x; IF ${GUESS} THEN RAISE USING MESSAGE = 'no'; END IF; SELECT 1 AS x`, "x = ? ssn"],
  [`ASSERT ${GUESS} AS 'no'; SELECT 1 AS x`, "x = ? ssn"],
  [
    `IF ${GUESS} THEN IF (SELECT name FROM patients LIMIT 1) = 'x' THEN RAISE USING MESSAGE = 'no'; END IF; END IF; SELECT 1 AS x`,
    "x = ? name, ssn",
  ],
]);

scriptTable("a loop shows what ends it", [
  [
    "DECLARE n INT64 DEFAULT 0; WHILE n < (SELECT COUNT(*) FROM patients) DO SET n = n + 1; END WHILE; SELECT n",
    "n = ? *",
  ],
  [
    `DECLARE n INT64 DEFAULT 0; REPEAT SET n = n + 1; UNTIL ${SSN} < CAST(n AS STRING) END REPEAT; SELECT n`,
    "n = ? ssn",
  ],
  [`DECLARE n INT64 DEFAULT 0; LOOP SET n = n + 1; IF ${GUESS} THEN LEAVE; END IF; END LOOP; SELECT n`, "n = ? ssn"],
  [`WHILE ${GUESS} DO SELECT 1; END WHILE; SELECT 2 AS x`, "x = ? ssn"],
  [
    "DECLARE n INT64 DEFAULT 0; FOR r IN (SELECT 1 AS one FROM patients WHERE ssn = '1') DO SET n = n + 1; END FOR; SELECT n",
    "n = ? *, ssn",
  ],
  ["FOR r IN (SELECT ssn FROM patients ORDER BY name) DO SELECT r.ssn; END FOR; SELECT 1 AS x", "x ="],
  [
    "DECLARE s STRING; FOR r IN (SELECT ssn, id FROM patients ORDER BY name) DO SET s = r.ssn; END FOR; SELECT s",
    "s = copy ssn ? *, name",
  ],
  [
    "DECLARE s STRING DEFAULT ''; FOR r IN (SELECT a FROM pair) DO IF s = 'x' THEN BREAK; END IF; SET s = r.a; END FOR; SELECT s",
    "s = copy pair.a ? pair.*, pair.a",
  ],
  [
    `DECLARE a, b, c, d STRING DEFAULT ''; DECLARE i INT64 DEFAULT 0;
     WHILE i < 4 DO SET d = c; SET c = b; SET b = a; SET a = ${SSN}; SET i = i + 1; END WHILE; SELECT d`,
    "d = copy ssn",
  ],
  [
    `DECLARE a, b BOOL DEFAULT FALSE; DECLARE i INT64 DEFAULT 0;
     WHILE i < 4 DO IF b THEN SET i = 4; END IF; IF a THEN SET b = TRUE; END IF; SET a = ${GUESS}; SET i = i + 1; END WHILE; SELECT i`,
    "i = ? ssn",
  ],
]);

scriptTable("whether a handler runs shows what can fail", [
  // The condition is evaluated first: whether the division is depends on it.
  [
    `BEGIN DECLARE x BOOL DEFAULT ${GUESS} AND 1 / 0 = 1; SELECT 1 AS x; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END`,
    "x = ? *, ssn",
  ],
  [
    `DECLARE x STRING(5); BEGIN SET x = ${SSN}; SELECT 1 AS x; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END`,
    "x = ? *, ssn",
  ],
  [
    "DECLARE a, b STRING; BEGIN SET (a, b) = (SELECT AS STRUCT ssn, name FROM patients LIMIT 1); SELECT 1 AS x; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END",
    "x = ? *, name, ssn",
  ],
  // It shows that rows were there.
  ...[
    "SELECT ARRAY_LENGTH(ARRAY_ZIP(SPLIT('a'), SPLIT('b,c'))) AS x FROM patients",
    "SELECT 1 AS x FROM patients FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01'",
    "SELECT 1 AS x FROM APPENDS(TABLE patients, TIMESTAMP '2020-01-01')",
    "SELECT 1 AS x FROM VECTOR_SEARCH((SELECT v, ssn FROM patients), 'v', query_value => v)",
  ].map((sql): Line => {
    return [`DECLARE v ARRAY<FLOAT64>; BEGIN ${sql}; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END`, "x = ? *"];
  }),
  [
    "DECLARE w INTERVAL; BEGIN SELECT 1 AS x FROM GAP_FILL(TABLE encounters, 'at', w); EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END",
    "x = ? encounters.*, encounters.at",
  ],
  // Which rows there are to fail on, an earlier statement decided.
  [
    "INSERT INTO pair (a) SELECT name FROM patients WHERE state = 'x'; BEGIN DELETE FROM pair WHERE 1 / 0 = 1; SELECT 1 AS x; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END",
    "x = ? pair.*, *, state",
  ],
  [
    "BEGIN SELECT APPROX_TOP_SUM('x', weight, 3) AS y FROM patients; SELECT 1 AS x; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END",
    "x = ? *, weight",
  ],
  [
    "BEGIN SELECT LAG(1, id) OVER (ORDER BY 1) AS y FROM patients; SELECT 1 AS x; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END",
    "x = ? *, id",
  ],
  // Of a table without rows nothing is changed or shown, so nothing fails.
  [
    "BEGIN UPDATE pair SET a = ERROR('x'), b = a WHERE TRUE; SELECT 1 AS x; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END",
    "x = ? pair.*",
  ],
  [
    "BEGIN MERGE pair USING (SELECT 1 AS k) ON FALSE WHEN NOT MATCHED BY SOURCE THEN UPDATE SET a = ERROR('x'), b = a; SELECT 1 AS x; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END",
    "x = ? pair.*",
  ],
  [
    "CREATE TEMP TABLE t AS SELECT name FROM patients WHERE ssn = '1'; BEGIN WITH c AS (SELECT 1 / 0 FROM t) SELECT 1 AS x; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END",
    "x = ? *, ssn",
  ],
  // Which of the two was last stays decided by the failure, whatever runs without a result behind it.
  [
    "DECLARE y INT64; SELECT 1 AS x; BEGIN SELECT WITH(z AS 1 / id, 5) AS x FROM patients; EXCEPTION WHEN ERROR THEN SET y = 1; END; IF 1 = 1 THEN SET y = 2; END IF",
    "x = ? *, id",
  ],
  [
    "DECLARE x INT64 DEFAULT 0; BEGIN SELECT CAST(ssn AS INT64) FROM patients; EXCEPTION WHEN ERROR THEN SET x = 1; END; SELECT x",
    "x = ? *, ssn",
  ],
  [
    "DECLARE x INT64 DEFAULT 0; BEGIN SELECT 1 / 0 FROM patients WHERE ssn = '1'; SET x = 1; EXCEPTION WHEN ERROR THEN SELECT 2; END; SELECT x",
    "x = ? *, ssn",
  ],
  [
    "DECLARE x INT64 DEFAULT 0; BEGIN SELECT ssn FROM patients; EXCEPTION WHEN ERROR THEN SET x = 1; END; SELECT x",
    "x =",
  ],
  [
    `DECLARE x STRING; BEGIN SET x = ${SSN}; SET x = 'a'; EXCEPTION WHEN ERROR THEN SELECT x; END; SELECT x`,
    "x = copy ssn",
  ],
  [
    `DECLARE x INT64 DEFAULT 0; BEGIN IF ${GUESS} THEN RAISE USING MESSAGE = 'x'; END IF; EXCEPTION WHEN ERROR THEN SET x = 1; END; SELECT x`,
    "x = ? ssn",
  ],
  [
    `DECLARE x INT64 DEFAULT 0; BEGIN IF ${GUESS} THEN SELECT ERROR('x'); END IF; EXCEPTION WHEN ERROR THEN SET x = 1; END; SELECT x`,
    "x = ? ssn",
  ],
  [
    `DECLARE x INT64 DEFAULT 0; BEGIN BEGIN ASSERT ${GUESS}; EXCEPTION WHEN ERROR THEN RAISE; END; SET x = 1; EXCEPTION WHEN ERROR THEN SELECT 1; END; SELECT x`,
    "x = ? ssn",
  ],
  [
    "SELECT 0 AS x; BEGIN SELECT 1 AS x; SELECT CAST(ssn AS INT64) AS x FROM patients; EXCEPTION WHEN ERROR THEN BEGIN END; END",
    "x = transform ssn ? *, ssn",
  ],
]);

describe("statements of a script", () => {
  test("a row of FOR is one value: a sum over it is no statistic", () => {
    assert.deepEqual(
      scriptOf(
        "FOR r IN (SELECT weight FROM patients) DO SELECT SUM(x) AS s FROM UNNEST([r.weight]) x; END FOR; SELECT 1.5 AS s",
      ).statements[1]?.outputs[0]?.explicit,
      [{ column: "clinic.ehr.patients.weight", via: "transform" }],
    );
  });

  test("taking a STRUCT apart asks whether it is NULL, and not of its fields", () => {
    const [set] = steps("DECLARE z, c STRING; SET (z, c) = (SELECT address FROM patients LIMIT 1); SELECT z");
    assert.equal(set, "SELECT address: predicate, address.city: kept, address.zip: kept");
  });

  test("a STRUCT of the result has in each field what any of the last statements shows there", () => {
    const [output] = scriptOf(
      `IF ${GUESS} THEN SELECT STRUCT(name AS a) AS s FROM patients; ELSE SELECT STRUCT(state AS a) AS s FROM patients; END IF`,
    ).result;
    assert.deepEqual(
      output?.fields?.map((field) => field.explicit.map((source) => source.column)),
      [["clinic.ehr.patients.name", "clinic.ehr.patients.state"]],
    );
  });

  test("a time that a variable holds decides which rows there are", () => {
    const declared = "DECLARE v TIMESTAMP DEFAULT (SELECT MAX(e.at) FROM encounters e WHERE kind = 'x');";
    assert.deepEqual(results(`${declared} SELECT name FROM patients FOR SYSTEM_TIME AS OF v`), [
      "name = copy name ? encounters.at, encounters.kind",
    ]);
    assert.deepEqual(results(`${declared} SELECT name FROM APPENDS(TABLE patients, v)`), [
      "name = copy name ? encounters.at, encounters.kind",
    ]);
  });

  const cases: readonly (readonly [string, ...string[]])[] = [
    ["SELECT ssn FROM patients; SELECT 1", "SELECT ssn: output", "SELECT"],
    [
      `DECLARE x STRING DEFAULT ${SSN}; SELECT name FROM patients WHERE name = x`,
      "SELECT ssn: kept",
      "SELECT name: output predicate, ssn: predicate",
    ],
    ["DECLARE n DEFAULT (SELECT COUNT(*) FROM patients); SELECT n", "SELECT *: kept", "SELECT *: output"],
    [
      `IF ${GUESS} THEN SELECT 1; ELSE SELECT 2; END IF; SELECT 3`,
      "SELECT ssn: predicate",
      "SELECT ssn: predicate",
      "SELECT ssn: predicate",
      "SELECT",
    ],
    [
      "FOR r IN (SELECT ssn FROM patients WHERE state = 'x') DO SELECT r.ssn; END FOR; SELECT 1",
      "SELECT *: predicate, ssn: kept, state: predicate",
      "SELECT *: predicate, ssn: output, state: predicate",
      "SELECT",
    ],
    [`RAISE USING MESSAGE = ${SSN}`, "SELECT ssn: output | error_value ssn"],
    [`IF ${GUESS} THEN RAISE USING MESSAGE = 'x'; END IF`, "SELECT ssn: predicate", "SELECT ssn: predicate"],
    [`ASSERT ${GUESS}`, "ASSERT ssn: predicate"],
    ["BEGIN TRANSACTION; COMMIT TRANSACTION", "BEGIN_TRANSACTION", "COMMIT_TRANSACTION"],
    ["BEGIN TRANSACTION; ROLLBACK", "BEGIN_TRANSACTION", "ROLLBACK_TRANSACTION"],
  ];
  for (const [sql, ...plan] of cases) test(sql, () => assert.deepEqual(steps(sql), plan));

  test("more than one, and a procedural one alone, are a script", () => {
    for (const sql of [
      "SELECT 1; SELECT 2",
      "BEGIN SELECT 1; END",
      "DECLARE x INT64",
      "IF TRUE THEN SELECT 1; END IF; SELECT 1",
    ]) {
      assert.equal(scriptOf(sql).statementType, "SCRIPT", sql);
    }
    assert.equal(scriptOf("SELECT 1").statementType, "SELECT");
    const functions = "CREATE TEMP FUNCTION f(x STRING) AS (UPPER(x)); CREATE TEMP FUNCTION g(x ANY TYPE) AS (x);";
    assert.equal(scriptOf(`${functions} SELECT g(f(ssn)) AS y FROM patients`).statementType, "SELECT");
    assert.equal(scriptOf(`${functions} SELECT 1; SELECT 2`).statementType, "SCRIPT");
  });
});

scriptTable("a text that is executed is analysed in its place", [
  ["EXECUTE IMMEDIATE 'SELECT ssn FROM patients'", "ssn = copy ssn"],
  [`EXECUTE IMMEDIATE """SELECT name FROM patients WHERE ssn = '1'"""`, "name = copy name ? ssn"],
  ["DECLARE x STRING; EXECUTE IMMEDIATE 'SELECT ssn FROM patients LIMIT 1' INTO x; SELECT x", "x = copy ssn"],
  [`DECLARE x STRING; IF ${GUESS} THEN EXECUTE IMMEDIATE "SELECT 'a'" INTO x; END IF; SELECT x`, "x = ? ssn"],
  ["EXECUTE IMMEDIATE 'CREATE TEMP TABLE t AS SELECT ssn AS a FROM patients'; SELECT a FROM t", "a = copy ssn"],
]);

test("what is printed and redacted of an executed text is its statement", () => {
  const sql = "SELECT 1; EXECUTE IMMEDIATE \"SELECT a FROM pair WHERE a = 'secret'\"";
  assert.equal(scriptOf(sql).canonicalSql, "SELECT 1;\nSELECT `a` FROM `clinic`.`ehr`.`pair` WHERE `a` = 'secret'");
  const { redacted } = analyze(sql, { catalog: CLINIC, ...DEFAULTS });
  assert.equal(redacted?.sql, "SELECT ⟨1⟩;\nSELECT `a` FROM `pair` WHERE `a` = ⟨2⟩");
  assert.deepEqual(refusalOf("SELECT 1; EXECUTE IMMEDIATE 'SELECT nothing FROM pair'")?.column, 37);
});

scriptTable("a function of the script is what its body makes of its arguments", [
  ["CREATE TEMP FUNCTION f(x STRING) AS (x); SELECT f(ssn) AS y FROM patients", "y = copy ssn"],
  ["CREATE TEMP FUNCTION f() AS ((SELECT MAX(ssn) FROM patients)); SELECT f() AS y", "y = copy ssn ? ssn"],
  [
    "CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE js AS 'throw x'; SELECT f(ssn) AS y FROM patients",
    "y = transform ssn",
  ],
  [
    // What a subquery picked stays picked; the other argument is of the rows of the call.
    `CREATE TEMP FUNCTION f(a STRING, b INT64) AS (b); SELECT SUM(f(${SSN}, id)) AS y FROM patients`,
    "y = aggregate id",
  ],
  [
    `DECLARE v STRING DEFAULT ${SSN}; CREATE TEMP FUNCTION f(x ANY TYPE) AS (UPPER(x)); SELECT f(v) AS y`,
    "y = transform ssn",
  ],
  [
    `DECLARE x INT64 DEFAULT 0; CREATE TEMP FUNCTION f() AS (${GUESS}); IF f() THEN SET x = 1; END IF; SELECT x`,
    "x = ? ssn",
  ],
]);

describe("scripts that are refused", () => {
  const refused: Readonly<Record<string, readonly string[]>> = {
    name: [
      "SELECT x; SELECT 1",
      "SET x = 1",
      "CREATE TEMP TABLE t AS SELECT 1 AS a; CREATE TEMP TABLE t AS SELECT 1 AS a",
      "CREATE TEMP TABLE t AS SELECT 1 AS a; SELECT * FROM T",
      "DECLARE x, X INT64",
      "DECLARE x INT64; BEGIN DECLARE x INT64; END",
      "BEGIN DECLARE x INT64; END; SELECT x",
      "DECLARE r INT64; FOR r IN (SELECT 1 AS a) DO SELECT 1; END FOR",
      "FOR r IN (SELECT 1 AS a) DO SELECT 1; END FOR; SELECT r",
      "DECLARE x INT64; SET (x, x) = (1, 2)",
      `DECLARE v STRING DEFAULT ${SSN}; CREATE TEMP FUNCTION f() AS (v); SELECT f()`,
      "BEGIN DECLARE x INT64; EXCEPTION WHEN ERROR THEN SELECT x; END",
    ],
    type: [
      "DECLARE x INT64 DEFAULT 'a'",
      "DECLARE x INT64; SET x = 'a'",
      "DECLARE x INT64; SET (x) = 1",
      "DECLARE x, y INT64; SET (x, y) = (1, 2, 3)",
      "IF 1 THEN SELECT 1; END IF",
      "WHILE 'x' DO SELECT 1; END WHILE",
      "REPEAT SELECT 1; UNTIL 1 END REPEAT",
      "CASE 1 WHEN 'x' THEN SELECT 1; END CASE",
      "ASSERT 1",
      "RAISE USING MESSAGE = 1",
      "DECLARE x INT64 DEFAULT COUNT(*)",
    ],
    unsupported: [
      "IF TRUE THEN SELECT 1; END IF",
      "IF TRUE THEN SELECT 1; ELSE SELECT 'x'; END IF",
      "IF TRUE THEN SELECT 1 AS a; ELSE SELECT 1 AS b; END IF",
      "IF RAND() < 0.5 THEN RETURN; END IF; SELECT 1",
      "WHILE TRUE DO SELECT 1; END WHILE",
      "SET @@dataset_id = 'x'",
      "SELECT 1; CALL BQ.ABORT_SESSION()",
      `IF ${GUESS} THEN CREATE TEMP TABLE t AS SELECT 1 AS a; END IF; SELECT a FROM t`,
      `IF ${GUESS} THEN CREATE TEMP TABLE pair AS SELECT 1 AS a; END IF; SELECT a FROM pair`,
      `IF ${GUESS} THEN CREATE TEMP TABLE t AS SELECT 1 AS a; ELSE CREATE TEMP TABLE t AS SELECT 'x' AS a; END IF; SELECT a FROM t`,
      "CREATE TEMP TABLE t AS SELECT 1 AS a; ALTER TABLE t ADD COLUMN b INT64",
      "CREATE TEMP TABLE t AS SELECT 1 AS a; CREATE TABLE t AS SELECT 2 AS a",
      "CREATE TEMP TABLE t AS SELECT 1 AS a; SELECT a FROM t FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()",
      "CREATE TEMP FUNCTION f() AS ((SELECT MAX(a) FROM pair)); CREATE TEMP TABLE pair AS SELECT 'x' AS a; SELECT f()",
      "CREATE OR REPLACE TABLE pair AS SELECT ssn AS a FROM patients; SELECT a FROM pair",
      "CREATE OR REPLACE VIEW patients_view AS SELECT ssn FROM patients; SELECT ssn FROM patients_view",
      "DROP TABLE pair; INSERT INTO pair VALUES ('a', 'b')",
    ],
    syntax: ["SELECT 1; DECLARE x INT64", "BREAK", "RAISE"],
  };
  for (const [code, sqls] of Object.entries(refused)) {
    for (const sql of sqls) test(`${code}: ${sql}`, () => assert.equal(refusalOf(sql)?.code, code));
  }

  test("what is behind a jump is analysed as well", () => {
    assert.equal(refusalOf("RETURN; SELECT nothing FROM patients")?.code, "name");
  });

  test("loops in loops in loops end, or are refused, in time", () => {
    let body = Array.from({ length: 20 }, (_, i) => `SET v${i} = v${i + 1};`).join(" ");
    for (let depth = 0; depth < 12; depth++) body = `WHILE v0 = '' DO ${body} END WHILE;`;
    const names = Array.from({ length: 21 }, (_, i) => `v${i}`).join(", ");
    const started = cpuMs();
    const refusal = refusalOf(`DECLARE ${names} STRING; SET v20 = ${SSN}; ${body} SELECT v0`);
    assert.ok(refusal === undefined || refusal.code === "limit");
    assert.ok(cpuMs() - started < 5000);
  });
});
