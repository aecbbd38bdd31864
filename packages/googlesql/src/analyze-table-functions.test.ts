import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { catalogNames } from "./catalog-names.ts";
import { canonical, DEFAULTS, planOf, refusalOf, types } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

const V = "(SELECT ssn, name, [weight] AS v FROM patients)";
const Q = "(SELECT id AS q, [1.5] AS w FROM encounters)";

table("VECTOR_SEARCH: the vectors decide which rows are near, and the distance is made of them", [
  // Of one row its average is no statistic.
  [`SELECT AVG(distance) AS d FROM VECTOR_SEARCH(${V}, 'v', query_value => [1.5])`, "d = transform weight ? weight"],
  [
    `SELECT base.ssn, query.q, distance FROM VECTOR_SEARCH(${V}, 'v', ${Q}, 'w')`,
    "ssn = copy ssn ? weight",
    "q = copy encounters.id ? weight",
    "distance = transform weight ? weight",
  ],
  [
    `SELECT * FROM VECTOR_SEARCH(${V}, 'V', (SELECT ssn AS s, [weight] AS w FROM patients WHERE state = 'x'), query_column_to_search => 'w', top_k => 3)`,
    "query = copy ssn, copy weight ? state, weight",
    "base = copy name, copy ssn, copy weight ? state, weight",
    "distance = transform weight ? state, weight",
  ],
  [
    // Any of the two may be the vector that BigQuery takes.
    `SELECT x.distance FROM VECTOR_SEARCH((SELECT [1.5] AS v FROM pair), 'v', (SELECT [weight] AS a, [1.0 * id] AS b FROM patients)) AS x`,
    "distance = transform id, transform weight ? id, weight",
  ],
  [
    `SELECT base.ssn FROM VECTOR_SEARCH(${V}, 'v', query_value => [1.5, 2.5], options => '{}')`,
    "ssn = copy ssn ? weight",
  ],
  [
    `SELECT SUM(base.v[OFFSET(0)]) AS n FROM VECTOR_SEARCH(${V}, 'v', ${Q}, 'w', top_k => 1)`,
    "n = transform weight ? weight",
  ],
  [
    `WITH c AS (SELECT [weight] AS v, ssn FROM patients) SELECT base.ssn FROM VECTOR_SEARCH(TABLE c, 'v', TABLE c, 'v')`,
    "ssn = copy ssn ? weight",
  ],
]);

table("RANGE_SESSIONIZE: ranges of the rows of one partition, taken together", [
  // What the given query's rows were made of is no row of the query around.
  [
    "SELECT (SELECT COUNTIF(b) FROM RANGE_SESSIONIZE((SELECT RANGE(born, born) AS d, EXISTS(SELECT 1 FROM UNNEST(p.tags)) AS b FROM patients AS p), 'd', ['b'])) AS n",
    "n = aggregate tags ? tags",
  ],
  [
    "SELECT (SELECT COUNT(*) FROM RANGE_SESSIONIZE((SELECT RANGE(born, born) AS d, 'x' AS b FROM patients AS p, UNNEST(IF(EXISTS(SELECT 1 FROM UNNEST(p.tags)), [1], [2]))), 'd', ['b'])) AS n",
    "n = aggregate *, aggregate tags ? tags",
  ],
  [
    "SELECT * FROM RANGE_SESSIONIZE((SELECT ssn, state, RANGE(born, NULL) AS r FROM patients WHERE id = 1), 'r', ['state'])",
    "ssn = copy ssn ? id",
    "state = copy state ? id",
    "r = copy born ? id",
    "session_range = transform born ? id, state",
  ],
]);

table("GAP_FILL: a row for each bucket of time", [
  [
    "SELECT * FROM GAP_FILL(TABLE patients, ts_column => 'born', bucket_width => INTERVAL 1 DAY)",
    "born = transform born ? born",
  ],
  [
    `SELECT * FROM GAP_FILL((SELECT born, state, ssn, weight FROM patients WHERE id = 1), 'born', INTERVAL 1 DAY,
      partitioning_columns => ['state'], value_columns => [('ssn', 'locf'), ('weight', 'linear')], ignore_null_values => TRUE)`,
    "born = transform born ? born, id, state",
    "state = copy state ? born, id, state",
    "ssn = copy ssn ? born, id, ssn, state",
    "weight = transform born, transform weight ? born, id, state, weight",
  ],
]);

table("APPENDS and CHANGES: the table's columns, and what became of the rows", [
  [
    "SELECT ssn, _CHANGE_TYPE, _CHANGE_TIMESTAMP FROM CHANGES(TABLE ehr.patients, NULL, TIMESTAMP '2026-01-01')",
    "ssn = copy ssn",
    "_CHANGE_TYPE = transform *",
    "_CHANGE_TIMESTAMP = transform *",
  ],
  [
    "SELECT h.a FROM APPENDS(TABLE pair) AS h WHERE _change_type = 'INSERT' AND b = 'x'",
    "a = copy pair.a ? pair.*, pair.b",
  ],
  ["SELECT COUNT(*) AS n FROM APPENDS(TABLE pair, start_timestamp => NULL)", "n = aggregate pair.*"],
]);

describe("a table's history", () => {
  test("is marked as such, also beside the table of now", () => {
    for (const sql of [
      "SELECT a FROM APPENDS(TABLE pair, NULL, NULL)",
      "SELECT y.a FROM pair x, CHANGES(TABLE pair, NULL, CURRENT_TIMESTAMP()) y",
    ])
      assert.deepEqual(
        planOf(sql).reads.map((r) => [r.table, r.historical]),
        [["clinic.ehr.pair", true]],
        sql,
      );
  });
  test("has the table's columns, then what became of the row", () => {
    assert.deepEqual(types("SELECT * FROM APPENDS(TABLE pair, NULL, NULL)"), [
      "a STRING",
      "b STRING",
      "_CHANGE_TYPE STRING",
      "_CHANGE_TIMESTAMP TIMESTAMP",
    ]);
  });
  test("counts no rows of the table", () => {
    const [output] = planOf("SELECT COUNT(*) AS n FROM APPENDS(TABLE pair)").outputs;
    assert.deepEqual(
      output?.explicit.map((s) => s.statistic),
      [undefined],
    );
  });
  for (const [call, code] of [
    ["APPENDS((SELECT a FROM pair), NULL, NULL)", "type"],
    ["APPENDS(pair, NULL, NULL)", "type"],
    ["CHANGES(TABLE patients_view, NULL, NULL)", "unsupported"],
    ["CHANGES(TABLE outside, NULL, NULL)", "unsupported"],
    ["CHANGES(TABLE pair, NULL, (SELECT MAX(seen) FROM patients, UNNEST(visits)))", "type"],
    ["APPENDS(TABLE pair, 'x', 1)", "type"],
    ["APPENDS(TABLE pair, NULL, NULL, NULL)", "type"],
  ] as const)
    test(`${call} is refused`, () => assert.equal(refusalOf(`SELECT * FROM ${call}`)?.code, code));
  test("of a common table is refused", () => {
    assert.equal(refusalOf("WITH pair AS (SELECT 1 AS a) SELECT a FROM APPENDS(TABLE pair)")?.code, "unsupported");
  });
});

describe("types of a table function's columns", () => {
  test("VECTOR_SEARCH", () => {
    assert.deepEqual(types(`SELECT * FROM VECTOR_SEARCH(${V}, 'v', ${Q}, 'w')`), [
      "query STRUCT<q INT64, w ARRAY<FLOAT64>>",
      "base STRUCT<ssn STRING, name STRING, v ARRAY<FLOAT64>>",
      "distance FLOAT64",
    ]);
    assert.deepEqual(
      types(`SELECT * FROM VECTOR_SEARCH(${V}, 'v', query_value => [1, 2])`).map((t) => t.split(" ")[0]),
      ["base", "distance"],
    );
  });
  test("RANGE_SESSIONIZE", () => {
    const sql = "SELECT * FROM RANGE_SESSIONIZE((SELECT RANGE(born, NULL) AS r FROM patients), 'r', [])";
    assert.deepEqual(types(sql), ["r RANGE<DATE>", "session_range RANGE<DATE>"]);
  });
});

describe("a table function", () => {
  test("reads what can fail in it", () => {
    const reads = (sql: string) =>
      planOf(sql).reads.flatMap((r) =>
        r.columns.filter((c) => c.uses.includes("predicate")).map((c) => `${r.table}.${c.path}`),
      );
    assert.deepEqual(reads(`SELECT 1 AS x FROM VECTOR_SEARCH(${V}, 'v', ${Q}, 'w')`), [
      "clinic.ehr.encounters.*",
      "clinic.ehr.patients.weight",
    ]);
  });
  test("counts no rows of a table", () => {
    const [output] = planOf(`SELECT COUNT(*) AS n FROM GAP_FILL(TABLE patients, 'born', INTERVAL 1 DAY)`).outputs;
    assert.deepEqual(
      output?.explicit.map((s) => s.statistic ?? s.via),
      ["aggregate"],
    );
    const [near] = planOf(`SELECT COUNT(*) AS n FROM VECTOR_SEARCH(${V}, 'v', ${Q}, 'w', top_k => 1)`).outputs;
    assert.deepEqual(
      near?.explicit.map((s) => s.via),
      ["transform", "transform"],
    );
  });
  test("names its tables by three parts, and no rows around it", () => {
    const sql = "SELECT born FROM GAP_FILL(TABLE patients, 'born', INTERVAL 1 DAY)";
    assert.equal(
      canonical(sql),
      "SELECT `born` FROM GAP_FILL(TABLE `clinic`.`ehr`.`patients`, 'born', INTERVAL 1 DAY)",
    );
    const names = catalogNames(sql, DEFAULTS);
    assert.deepEqual(names.understood && names.tables, ["clinic.ehr.patients"]);
    assert.equal(refusalOf("SELECT 1 FROM patients p, GAP_FILL(TABLE p.visits, 'seen', INTERVAL 1 DAY)")?.code, "name");
    assert.equal(
      refusalOf("SELECT (SELECT MAX(x) FROM GAP_FILL((SELECT p.born AS x), 'x', INTERVAL 1 DAY)) FROM patients p")
        ?.code,
      "name",
    );
  });
  for (const [call, code] of [
    [`VECTOR_SEARCH(${V}, name, ${Q}, 'w')`, "unsupported"],
    [`VECTOR_SEARCH(${V}, CONCAT('v', ''), ${Q}, 'w')`, "unsupported"],
    [`VECTOR_SEARCH(${V}, 'name', (SELECT 'a' AS w), 'w')`, "unsupported"],
    [`VECTOR_SEARCH(${V}, 'nothing', ${Q}, 'w')`, "name"],
    [`VECTOR_SEARCH(${V}, 'v', ${Q}, 'w', top_k => (SELECT MAX(id) FROM patients))`, "type"],
    [`VECTOR_SEARCH(${V}, 'v', ${Q}, 'w', nothing => 1)`, "type"],
    [`VECTOR_SEARCH(${V}, 'v', ${Q}, 'w', 'w')`, "type"],
    [`VECTOR_SEARCH(${V}, 'v')`, "type"],
    [`VECTOR_SEARCH(${V}, 'v', ${Q}, 'w', query_value => [1.0])`, "type"],
    [`VECTOR_SEARCH(${V}, 'v', query_value => (SELECT [weight] FROM patients LIMIT 1))`, "type"],
    [`VECTOR_SEARCH([1], 'v', ${Q}, 'w')`, "type"],
    ["RANGE_SESSIONIZE(TABLE patients, 'born', [])", "type"],
    ["RANGE_SESSIONIZE((SELECT RANGE(born, NULL) AS r, doc FROM patients), 'r', ['doc'])", "type"],
    ["RANGE_SESSIONIZE((SELECT RANGE(born, NULL) AS r FROM patients), 'r')", "type"],
    ["RANGE_SESSIONIZE((SELECT RANGE(born, NULL) AS r FROM patients), 'r', (SELECT ['r']))", "unsupported"],
    ["GAP_FILL(TABLE patients, 'ssn', INTERVAL 1 DAY)", "type"],
    ["GAP_FILL(TABLE patients, 'born')", "type"],
    ["GAP_FILL(TABLE patients, 'born', INTERVAL 1 DAY, value_columns => [('ssn', ssn)])", "unsupported"],
    ["GAP_FILL(TABLE patients, 'born', INTERVAL 1 DAY, origin => (SELECT MAX(born) FROM patients))", "type"],
    ["GAP_FILL(TABLE nowhere, 'born', INTERVAL 1 DAY)", "name"],
    ["EXTERNAL_QUERY('c', 'SELECT 1')", "unsupported"],
    ["ML.PREDICT(MODEL ehr.m, TABLE patients)", "name"],
    ["nothing(1)", "unsupported"],
  ] as const)
    test(`${call} is refused`, () => assert.equal(refusalOf(`SELECT * FROM ${call}`)?.code, code));
  test("that is refused says why", () => {
    assert.match(refusalOf("SELECT * FROM EXTERNAL_QUERY('c', 'SELECT 1')")?.message ?? "", /another database/);
    assert.match(refusalOf("SELECT * FROM ML.PREDICT(MODEL ehr.m, TABLE patients)")?.message ?? "", /Model/);
  });
});

describe("a system variable", () => {
  test("that tells of no data is a constant", () => {
    assert.deepEqual(types("SELECT @@project_id AS a, @@time_zone AS b, @@Script.Creation_Time AS c"), [
      "a STRING",
      "b STRING",
      "c TIMESTAMP",
    ]);
    assert.equal(planOf("SELECT @@project_id AS a").outputs[0]?.constant, true);
  });
  test("that is the gateway's own is refused by name", () => {
    for (const name of ["query_label", "reservation"])
      assert.match(refusalOf(`SELECT @@${name}`)?.message ?? "", new RegExp(`@@${name} is not supported: `));
  });
});
