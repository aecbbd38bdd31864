import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonical, refusalOf, types } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

table("columns that go together by name", [
  [
    "SELECT ssn AS a, name AS b FROM patients UNION ALL BY NAME SELECT b, a FROM pair",
    "a = copy pair.a, copy ssn",
    "b = copy pair.b, copy name",
  ],
  ["SELECT 'x' AS A UNION ALL BY NAME SELECT ssn AS a FROM patients", "A = copy ssn"],
  ["SELECT a, b FROM pair INNER UNION ALL BY NAME ON (B) SELECT b FROM pair", "B = copy pair.b"],
  [
    "SELECT a, b FROM pair UNION ALL CORRESPONDING SELECT ssn AS b, name AS c FROM patients",
    "b = copy pair.b, copy ssn",
  ],
  [
    "SELECT a, b FROM pair INNER UNION ALL BY NAME SELECT ssn AS b, name AS c FROM patients",
    "b = copy pair.b, copy ssn",
  ],
  [
    "SELECT a, b FROM pair FULL UNION ALL BY NAME SELECT ssn AS c, name AS b FROM patients",
    "a = copy pair.a",
    "b = copy pair.b, copy name",
    "c = copy ssn",
  ],
  [
    "SELECT a, b FROM pair LEFT OUTER UNION ALL BY NAME SELECT ssn AS c, name AS b FROM patients",
    "a = copy pair.a",
    "b = copy pair.b, copy name",
  ],
  [
    "SELECT a, b FROM pair UNION ALL STRICT CORRESPONDING SELECT a AS b, b AS a FROM pair",
    "a = copy pair.a, copy pair.b",
    "b = copy pair.a, copy pair.b",
  ],
  // Only what is listed is compared and shown; the other columns go.
  [
    "SELECT ssn, name, born, born FROM patients UNION ALL CORRESPONDING BY (name) SELECT a AS name, 1 FROM pair",
    "name = copy pair.a, copy name",
  ],
  [
    "SELECT ssn, name FROM patients FULL UNION ALL CORRESPONDING BY (a, ssn) SELECT a FROM pair",
    "a = copy pair.a",
    "ssn = copy ssn",
  ],
]);

table("what EXCEPT and INTERSECT compare by name decides which rows remain", [
  [
    "SELECT ssn, name FROM patients EXCEPT DISTINCT CORRESPONDING BY (ssn) SELECT a AS ssn FROM pair",
    "ssn = copy ssn ? pair.a, ssn",
  ],
  [
    "SELECT name, '1' AS ssn FROM patients EXCEPT DISTINCT CORRESPONDING BY (name, ssn) SELECT ssn, name FROM patients",
    "name = copy name ? name, ssn",
    "ssn = ? name, ssn",
  ],
  [
    "SELECT a FROM pair INTERSECT DISTINCT BY NAME SELECT ssn AS a FROM patients",
    "a = copy pair.a, copy ssn ? pair.a, ssn",
  ],
  // The first has NULL where it lacks the column; that rows are left tells of the other's all the same.
  [
    "SELECT a FROM pair FULL EXCEPT DISTINCT BY NAME SELECT a, b FROM pair",
    "a = copy pair.a ? pair.a, pair.b",
    "b = ? pair.a, pair.b",
  ],
]);

describe("a set operation by name", () => {
  it("has the types that go together, and NULL for what is missing", () => {
    assert.deepEqual(types("SELECT 1 AS a, 'x' AS b FULL UNION ALL BY NAME SELECT 1.5 AS c, 2.5 AS a"), [
      "a FLOAT64",
      "b STRING",
      "c FLOAT64",
    ]);
    assert.deepEqual(types("SELECT NULL AS a UNION ALL BY NAME SELECT DATE '2020-01-01' AS A"), ["a DATE"]);
  });
  it("is printed as it was written", () => {
    assert.equal(
      canonical("select 1 as a left outer union all by name on (a) select 2 as a"),
      "SELECT 1 AS `a` LEFT UNION ALL BY NAME ON (`a`) SELECT 2 AS `a`",
    );
  });
  it("is refused where BigQuery refuses it", () => {
    for (const sql of [
      "SELECT 1 AS a UNION ALL BY NAME SELECT 1 AS b",
      "SELECT 1 AS a UNION ALL BY NAME SELECT 1 AS a, 2 AS b",
      "SELECT 1 UNION ALL BY NAME SELECT 1",
      "SELECT 1 AS a, 2 AS A UNION ALL BY NAME SELECT 1 AS a, 2 AS a",
      "SELECT 1 AS a UNION ALL CORRESPONDING SELECT 1 AS b",
      "SELECT 1 AS a LEFT UNION ALL BY NAME SELECT 1 AS b",
      "SELECT 1 AS a UNION ALL BY NAME ON (a, A) SELECT 1 AS a",
      "SELECT 1 AS a UNION ALL BY NAME ON (b) SELECT 1 AS a",
      "SELECT 1 AS a, 2 AS b UNION ALL BY NAME ON (a) SELECT 1 AS a, 2 AS b",
      "SELECT 1 AS a LEFT UNION ALL CORRESPONDING BY (b) SELECT 1 AS b",
      "SELECT 1 AS a, 2 AS a UNION ALL CORRESPONDING BY (a) SELECT 1 AS a",
      "SELECT 1 AS a UNION ALL BY NAME SELECT 'x' AS a",
      "SELECT AS STRUCT 1 AS a UNION ALL BY NAME SELECT 1 AS a",
      "SELECT doc FROM patients UNION DISTINCT BY NAME SELECT doc FROM patients",
    ]) {
      assert.match(refusalOf(sql)?.code ?? "understood", /name|type/, sql);
    }
  });
});

table("what an input lacks, and what all have", [
  [
    "SELECT a, b FROM pair INNER UNION ALL BY NAME SELECT b, a FROM pair INNER UNION ALL BY NAME SELECT b FROM pair",
    "b = copy pair.b",
  ],
  [
    "SELECT a, b FROM pair INNER UNION ALL BY NAME SELECT b FROM pair INNER UNION ALL BY NAME SELECT a, b FROM pair",
    "b = copy pair.b",
  ],
  [
    "SELECT a FROM pair FULL UNION ALL BY NAME SELECT ssn AS a, name AS B FROM patients FULL UNION ALL BY NAME SELECT state AS b FROM patients",
    "a = copy pair.a, copy ssn",
    "B = copy name, copy state",
  ],
  ["SELECT a, b FROM pair LEFT UNION ALL BY NAME ON (b) SELECT a FROM pair", "b = copy pair.b"],
  ["SELECT a FROM pair FULL UNION ALL BY NAME ON (b) SELECT b FROM pair", "b = copy pair.b"],
  ["SELECT 1, a FROM pair UNION ALL BY NAME ON (a) SELECT a FROM pair", "a = copy pair.a"],
]);

describe("a list of names in a set operation", () => {
  for (const [mode, name] of [
    ["LEFT", "b"],
    ["FULL", "c"],
    ["INNER", "b"],
  ]) {
    it(`is of columns that are there: ${mode}`, () => {
      const sql = `SELECT a FROM pair ${mode} UNION ALL BY NAME ON (${name}) SELECT b FROM pair`;
      assert.match(refusalOf(sql)?.message ?? "", /is no column of the queries it must be in/);
    });
  }
});

it("a name in the list of INNER is a column of each query", () => {
  const sql = "SELECT a, b FROM pair INNER UNION ALL BY NAME ON (b) SELECT a FROM pair";
  assert.match(refusalOf(sql)?.message ?? "", /is no column of the queries it must be in/);
});

describe("the type of a set operation", () => {
  const DAY = "SELECT DATE '2020-01-01'";
  it("is that of any input where all others are literals or NULL", () => {
    for (const first of [
      "SELECT NULL UNION ALL SELECT NULL",
      "SELECT '2020-01-01' UNION ALL SELECT NULL",
      "SELECT '2020-01-01' UNION ALL SELECT '2020-01-02'",
    ])
      assert.deepEqual(types(`(${first}) UNION ALL ${DAY}`), ["f0_ DATE"], first);
    for (const first of [
      "SELECT NULL UNION ALL SELECT ssn FROM patients",
      "SELECT '2020-01-01' UNION ALL SELECT ssn FROM patients",
      "SELECT ssn FROM patients UNION ALL SELECT NULL",
      "SELECT ssn FROM patients UNION ALL SELECT name FROM patients",
    ])
      assert.match(refusalOf(`(${first}) UNION ALL ${DAY}`)?.message ?? "", /types that don't go together/, first);
    assert.match(
      refusalOf(`(SELECT NULL UNION ALL SELECT '2020-01-01') UNION ALL SELECT b'a'`)?.message ?? "",
      /types that don't go together/,
    );
  });
  it("is a value's where each of its inputs gives values", () => {
    const of = (first: string, second: string) =>
      types(`SELECT x FROM (SELECT ${first} FROM patients UNION ALL SELECT ${second} FROM patients) AS x`);
    assert.deepEqual(of("AS VALUE ssn", "AS VALUE name"), ["x STRING"]);
    assert.throws(() => of("AS VALUE ssn", "name"), /takes rows that are values with such rows alone/);
    assert.deepEqual(of("ssn", "AS VALUE name"), ["x STRUCT<ssn STRING>"]);
  });

  it("is to ORDER BY behind it what it is to a query's own: literals coerce", () => {
    const query = "SELECT '2020-01-01' AS x, name FROM patients";
    for (const rows of [query, `${query} UNION ALL ${query}`]) {
      assert.deepEqual(types(`${rows} ORDER BY x < CURRENT_DATE()`), ["x STRING", "name STRING"]);
    }
  });
});
