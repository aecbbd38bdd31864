import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refusalOf, results, steps } from "./testing/clinic.ts";
import { type Line, scriptTable } from "./testing/flow-tables.ts";

const SSN = "(SELECT ssn FROM patients LIMIT 1)";
const GUESS = `${SSN} = '1'`;
const CAST = "SELECT CAST(ssn AS INT64) FROM patients";
const told = (block: string): string =>
  `DECLARE m STRING; BEGIN ${block} EXCEPTION WHEN ERROR THEN SET m = @@error.message; END; SELECT m`;

scriptTable("an error's message may quote all that the block's statements had to do with", [
  [told(`${CAST};`), "m = transform *, transform ssn ? *, ssn"],
  [told(`DECLARE s STRING DEFAULT ${SSN}; SELECT 1 / 0;`), "m = transform *, transform ssn"],
  [told("SELECT 1 / 0;"), "m ="],
  [told("SELECT AI.GENERATE_BOOL('x').result AS a;"), "m ="],
  [
    told(
      "IF EXISTS (SELECT COUNT(*) FROM patients) THEN BEGIN END; ELSEIF EXISTS (SELECT COUNT(*) FROM pair) THEN BEGIN END; END IF;",
    ),
    "m = transform pair.*, transform *",
  ],
  // What decided that the block is reached is no part of it.
  [
    `DECLARE m STRING; IF ${GUESS} THEN BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SET m = @@error.message; END; END IF; SELECT m`,
    "m = transform ssn ? ssn",
  ],
  [
    told(`IF ${GUESS} THEN BEGIN END; ELSEIF (SELECT name FROM patients LIMIT 1) = '2' THEN BEGIN END; END IF;`),
    "m = transform *, transform name, transform ssn ? ssn",
  ],
  // What is quoted is changed: a mask for parts of an ssn would show others of a longer text.
  [
    `BEGIN RAISE USING MESSAGE = ${SSN}; EXCEPTION WHEN ERROR THEN SELECT @@error.message AS m; END`,
    "m = transform *, transform ssn ? *, ssn",
  ],
  ["BEGIN RAISE USING MESSAGE = 'x'; EXCEPTION WHEN ERROR THEN SELECT @@error.message AS m; END", "m ="],
  // Which of the messages it is.
  [told(`IF ${GUESS} THEN SELECT 1 / 0; ELSE SELECT 2 / 0; END IF;`), "m = transform *, transform ssn ? ssn"],
  [
    told("SELECT id FROM patients WHERE 1 / weight > 1;"),
    "m = transform *, transform id, transform weight ? *, weight",
  ],
  [told("INSERT INTO pair (a) SELECT name FROM patients;"), "m = transform *, transform name"],
  [
    told("CREATE TEMP TABLE t AS SELECT ssn AS a FROM patients; SELECT CAST(a AS INT64) FROM t;"),
    "m = transform *, transform ssn ? *, ssn",
  ],
  [
    told("FOR r IN (SELECT ssn FROM patients) DO SELECT CAST(r.ssn AS INT64); END FOR;"),
    "m = transform *, transform ssn ? *, ssn",
  ],
  // Of what stands before the block, or behind it, nothing.
  [
    `DECLARE m STRING; ${CAST}; BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SET m = @@error.message; END; SELECT m`,
    "m =",
  ],
  [
    `DECLARE m STRING; BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SET m = @@error.message; ${CAST}; END; SELECT m`,
    "m =",
  ],
]);

scriptTable("a handler's error is that of its own block, and of blocks around whose errors it hands on", [
  [told(`BEGIN ${CAST}; EXCEPTION WHEN ERROR THEN RAISE; END;`), "m = transform *, transform ssn ? *, ssn"],
  [
    told(`BEGIN ${CAST}; EXCEPTION WHEN ERROR THEN RAISE USING MESSAGE = CONCAT('x', @@error.message); END;`),
    "m = transform *, transform ssn ? *, ssn",
  ],
  [
    `DECLARE m STRING; BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN BEGIN ${CAST}; EXCEPTION WHEN ERROR THEN BEGIN END; END; SET m = @@error.message; END; SELECT m`,
    "m =",
  ],
  [
    `DECLARE m STRING; BEGIN ${CAST}; EXCEPTION WHEN ERROR THEN BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN BEGIN END; END; SET m = @@error.message; END; SELECT m`,
    "m = transform *, transform ssn ? *, ssn",
  ],
  [told(`${CAST};`).replace("@@error.message", "UPPER(@@error.message)"), "m = transform *, transform ssn ? *, ssn"],
]);

scriptTable("which statement failed is decided by what can fail", [
  ...["statement_text", "formatted_stack_trace"].map(
    (name): Line => [
      `DECLARE m STRING; BEGIN ${CAST}; SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SET m = @@error.${name}; END; SELECT m`,
      "m = ? *, ssn",
    ],
  ),
  [
    `DECLARE n INT64; BEGIN ${CAST}; SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SET n = @@error.stack_trace[SAFE_OFFSET(0)].line; END; SELECT n`,
    "n = ? *, ssn",
  ],
  [
    `DECLARE m STRING; BEGIN IF ${GUESS} THEN SELECT 1 / 0; END IF; SELECT 2 / 0; EXCEPTION WHEN ERROR THEN SET m = @@error.statement_text; END; SELECT m`,
    "m = ? ssn",
  ],
]);

// A table may require a filter, lack a right, be there already: that fails for certain, and so tells who ran it.
scriptTable("what fails whatever the values are tells which branch ran", [
  [
    `DECLARE x INT64 DEFAULT 0; BEGIN IF ${GUESS} THEN SELECT a FROM pair; END IF; SET x = 1; EXCEPTION WHEN ERROR THEN BEGIN END; END; SELECT x`,
    "x = ? ssn",
  ],
  [
    `DECLARE x INT64 DEFAULT 0; BEGIN IF ${GUESS} THEN CREATE TABLE ehr.other (a INT64); END IF; SET x = 1; EXCEPTION WHEN ERROR THEN BEGIN END; END; SELECT x`,
    "x = ? ssn",
  ],
  // What can't fail tells nothing.
  [
    `DECLARE x, y INT64 DEFAULT 0; BEGIN IF ${GUESS} THEN SET y = 1; END IF; SET x = 1; EXCEPTION WHEN ERROR THEN BEGIN END; END; SELECT x`,
    "x =",
  ],
]);

test("a statement that fails whatever the values are decides whether later ones write", () => {
  const plan = steps(`IF ${GUESS} THEN SELECT a FROM pair; END IF; INSERT INTO pair (a) VALUES ('x')`).at(-1) ?? "";
  assert.match(plan, /ssn: predicate/);
});

scriptTable("what statements cost tells of all that they went over, and of which there were", [
  ["SELECT ssn FROM patients; SELECT @@script.bytes_processed AS b", "b = transform *, transform ssn"],
  ["SELECT ssn FROM patients; SELECT @@script.bytes_billed AS b", "b = transform *, transform ssn"],
  ["SELECT ssn FROM patients; SELECT @@script.slot_ms AS b", "b = transform *, transform ssn"],
  ["SELECT @@script.bytes_processed AS b", "b ="],
  ["SELECT COUNT(*) FROM patients WHERE state = 'x'; SELECT @@script.slot_ms AS b", "b = transform *, transform state"],
  [
    "DECLARE n DEFAULT (SELECT COUNT(ssn) FROM patients); SELECT @@script.bytes_processed AS b",
    "b = transform *, transform ssn",
  ],
  // All of its table's columns are read, and written anew.
  [
    "DELETE FROM pair WHERE TRUE; SELECT @@script.bytes_processed AS b",
    "b = transform pair.*, transform pair.a, transform pair.b",
  ],
  [
    "UPDATE pair SET a = 'x' WHERE TRUE; SELECT @@script.bytes_processed AS b",
    "b = transform pair.*, transform pair.a, transform pair.b",
  ],
  // What is undone in a table that the script made costs what went into it.
  [
    `CREATE TABLE ehr.q AS SELECT 1 AS a; BEGIN TRANSACTION; IF ${GUESS} THEN ROLLBACK TRANSACTION; END IF; SELECT @@script.bytes_processed AS b`,
    "b = transform *, transform ssn, transform q.* ? ssn",
  ],
  ["INSERT INTO pair (a) VALUES ('x'); SELECT @@script.bytes_processed AS b", "b ="],
  // Its rows are another table's from now on, and nobody else counts them.
  [
    "ALTER TABLE ehr.pair RENAME TO pair2; SELECT @@script.bytes_processed AS b",
    "b = transform pair.*, transform pair.a, transform pair.b",
  ],
  [`IF ${GUESS} THEN SELECT 1; END IF; SELECT @@script.bytes_processed AS b`, "b = transform *, transform ssn ? ssn"],
  // A sum over it is no statistic.
  [
    "SELECT ssn FROM patients; SELECT SUM(x) AS b FROM UNNEST([@@script.bytes_processed]) x",
    "b = transform *, transform ssn",
  ],
]);

scriptTable("how many statements ran tells which branches did", [
  ["SELECT ssn FROM patients; SELECT @@script.num_child_jobs AS n", "n ="],
  ...["@@script.num_child_jobs", "@@last_job_id", "@@current_job_id"].map(
    (name): Line => [`IF ${GUESS} THEN SELECT 1; END IF; SELECT ${name} AS n`, "n = ? ssn"],
  ),
  [
    "FOR r IN (SELECT ssn FROM patients WHERE state = 'x') DO SELECT 1; END FOR; SELECT @@script.num_child_jobs AS n",
    "n = ? *, state",
  ],
  [
    `BEGIN ${CAST}; SELECT 1; EXCEPTION WHEN ERROR THEN BEGIN END; END; SELECT @@script.num_child_jobs AS n`,
    "n = ? *, ssn",
  ],
  [`WHILE ${GUESS} DO SELECT 1; END WHILE; SELECT @@script.num_child_jobs AS n`, "n = ? ssn"],
  ["SELECT @@script.job_id AS n, @@session_id AS s", "n =", "s ="],
]);

test("what is written of them has their sources", () => {
  const sql = `BEGIN ${CAST}; EXCEPTION WHEN ERROR THEN INSERT INTO pair (a) VALUES (@@error.message); END; SELECT 1`;
  assert.match(steps(sql).join("; "), /INSERT .*ssn: output/);
});

test("@@error stands in an EXCEPTION clause alone", () => {
  for (const sql of [
    "SELECT @@error.message",
    "BEGIN SELECT @@error.message; EXCEPTION WHEN ERROR THEN SELECT 'x'; END",
    "BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT 'x'; END; SELECT @@error.message",
    "CREATE TEMP FUNCTION f() AS (@@error.message); BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT f(); END",
  ])
    assert.equal(refusalOf(sql)?.code, "name", sql);
});

describe("SET of a system variable", () => {
  test("goes by its name, however it is written", () => {
    assert.deepEqual(results("SET @@TIME_ZONE = 'UTC'; SELECT ssn FROM patients"), ["ssn = copy ssn"]);
  });
  test("takes a literal, and leaves what is shown as it is", () => {
    const set = "SET @@time_zone = 'UTC'; SET @@max_staleness_override = INTERVAL 10 MINUTE";
    assert.deepEqual(results(`${set}; SELECT ssn FROM patients`), ["ssn = copy ssn"]);
    assert.deepEqual(results("SET @@max_staleness_override = NULL; SELECT ssn FROM patients"), ["ssn = copy ssn"]);
  });
  for (const [code, sql] of [
    ["unsupported", `SET @@time_zone = ${SSN}`],
    ["unsupported", `DECLARE z DEFAULT ${SSN}; SET @@time_zone = z`],
    ["unsupported", `IF ${GUESS} THEN SET @@time_zone = 'UTC'; END IF; SELECT STRING(CURRENT_TIMESTAMP())`],
    ["unsupported", "SET @@query_label = 'a:b'"],
    ["unsupported", "SET @@dataset_id = 'x'"],
    ["type", "SET @@time_zone = 1"],
    // The day before the first of all, where the ssn begins with 1: the query fails.
    [
      "unsupported",
      "SET @@time_zone = 'Asia/Tokyo'; SELECT TIMESTAMP(IF(STARTS_WITH(ssn, '1'), DATE '0001-01-01', DATE '2000-01-01')) AS x FROM patients",
    ],
    ["unsupported", "SET @@time_zone = NULL"],
  ] as const)
    test(`${code}: ${sql}`, () => assert.equal(refusalOf(sql)?.code, code));
});
