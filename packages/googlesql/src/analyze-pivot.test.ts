import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonical, reads, refusalOf, types } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

const FEW = "(SELECT state, ssn, weight FROM patients)";

table("PIVOT chooses by its input, and groups by what is left", [
  [
    `SELECT * FROM ${FEW} PIVOT(AVG(weight) FOR ssn IN ('1', '2' AS two))`,
    "state = copy state ? state",
    "1 = aggregate ssn, aggregate weight ? ssn, state",
    "two = aggregate ssn, aggregate weight ? ssn, state",
  ],
  // A protected column's values, asked for one by one.
  [
    `SELECT yes FROM ${FEW} PIVOT(COUNT(*) FOR ssn IN ('123-45-6789' AS yes))`,
    "yes = aggregate *, aggregate ssn ? ssn, state, weight",
  ],
  [
    "SELECT yes FROM (SELECT ssn FROM patients) PIVOT(LOGICAL_OR(TRUE) FOR ssn IN ('123-45-6789' AS yes))",
    "yes = transform *, transform ssn ? ssn",
  ],
  [
    "SELECT x FROM (SELECT ssn, id FROM patients) PIVOT(ANY_VALUE(ssn) FOR id IN (7 AS x))",
    "x = transform id, copy ssn ? id",
  ],
  // The groups are what none of the aggregates and the input names, shown or not.
  [
    "SELECT x FROM (SELECT ssn, id, name FROM patients) PIVOT(MAX(name) FOR id IN (7 AS x))",
    "x = transform id, copy name ? id, name, ssn",
  ],
  ["SELECT 1 AS one FROM (SELECT ssn, id, name FROM patients) PIVOT(MAX(name) FOR id IN (7 AS x))", "one = ? ssn"],
  [
    "SELECT m_a, n_a FROM pair AS p PIVOT(MAX(p.a) AS m, COUNT(p) AS n FOR p.b IN ('a'))",
    "m_a = copy pair.a, transform pair.b ? pair.a, pair.b",
    "n_a = aggregate pair.a, aggregate pair.b ? pair.b",
  ],
  // With nothing to group by there is one row: a sum over it is no statistic.
  [
    "SELECT SUM(x) AS s FROM (SELECT weight, id FROM patients) PIVOT(MAX(weight) FOR id IN (7 AS x))",
    "s = transform id, transform weight ? id, weight",
  ],
  [
    "SELECT q.x FROM (SELECT weight, id, ssn FROM patients WHERE name < 'b') AS t PIVOT(SUM(t.weight) FOR t.id + 1 IN (7 AS x)) AS q ORDER BY q.ssn",
    "x = aggregate id, aggregate weight ? id, name, ssn",
  ],
  // A subquery in the aggregate names the column as well.
  [
    "SELECT * FROM pair AS p PIVOT(MAX((SELECT p.a)) FOR b IN ('x'))",
    "x = copy pair.a, transform pair.b ? pair.a, pair.b",
  ],
  [
    "SELECT x FROM (SELECT ssn, name, id FROM patients) PIVOT(ARRAY_AGG(name IGNORE NULLS ORDER BY ssn LIMIT 1) FOR id IN (7 AS x))",
    "x = transform id, copy name ? id, ssn",
  ],
  [
    "SELECT x FROM pair PIVOT(COUNT(a) FOR b IN ('x')) WHERE x = 1",
    "x = aggregate pair.a, aggregate pair.b ? pair.a, pair.b",
  ],
]);

table("UNPIVOT turns columns to rows", [
  [
    "SELECT * FROM pair UNPIVOT(v FOR n IN (a, b))",
    "v = copy pair.a, copy pair.b ? pair.a, pair.b",
    "n = ? pair.a, pair.b",
  ],
  ["SELECT n FROM pair UNPIVOT INCLUDE NULLS (v FOR n IN (a, b))", "n ="],
  // The name tells whether the hidden column is NULL.
  [
    "SELECT id, n FROM (SELECT id, ssn, name FROM patients) UNPIVOT(v FOR n IN (ssn AS 'x', name AS 'y'))",
    "id = copy id ? name, ssn",
    "n = ? name, ssn",
  ],
  [
    "SELECT v FROM (SELECT id, ssn, name FROM patients) UNPIVOT(v FOR n IN (ssn, name)) WHERE n = 'ssn'",
    "v = copy name, copy ssn ? name, ssn",
  ],
  [
    "SELECT q.v, w FROM (SELECT id, ssn, name, state, state AS s FROM patients) AS p UNPIVOT((v, w) FOR n IN ((p.ssn, name) AS 1, (state, s) AS 2)) AS q",
    "v = copy ssn, copy state ? name, ssn, state",
    "w = copy name, copy state ? name, ssn, state",
  ],
  // Of a STRUCT, whether it is NULL.
  ["SELECT n FROM (SELECT address AS a, address AS b FROM patients) UNPIVOT(v FOR n IN (a, b))", "n = ? address"],
  ["SELECT COUNT(*) AS n FROM pair UNPIVOT(v FOR n IN (a, b))", "n = aggregate pair.* ? pair.a, pair.b"],
]);

describe("PIVOT and UNPIVOT", () => {
  it("name columns as BigQuery does, where that is certain", () => {
    const names = (input: string, values: string, aggregates = "COUNT(*)"): string[] =>
      types(`SELECT * FROM (SELECT ${input} AS i) PIVOT(${aggregates} FOR i IN (${values}))`);
    assert.deepEqual(names("1", "0, 1, -2, NULL"), ["_0 INT64", "_1 INT64", "minus_2 INT64", "NULL INT64"]);
    assert.deepEqual(names("1", "0, -2, NULL, 7 AS x", "COUNT(*) AS n"), [
      "n_0 INT64",
      "n_minus_2 INT64",
      "n_NULL INT64",
      "n_x INT64",
    ]);
    assert.deepEqual(names("'x'", "'Q1', ''"), ["Q1 INT64", "empty_string_value INT64"]);
    assert.deepEqual(names("'x'", "''", "COUNT(*) AS n"), ["n__empty_string_value INT64"]);
    assert.deepEqual(names("DATE '2013-11-25'", "DATE '2013-11-25', '2014-01-02'"), [
      "_2013_11_25 INT64",
      "_2014_01_02 INT64",
    ]);
    assert.deepEqual(names("1", "1, 2", "MAX('x') AS m, COUNT(*) AS n"), [
      "m_1 STRING",
      "n_1 INT64",
      "m_2 STRING",
      "n_2 INT64",
    ]);
    for (const [input, value] of [
      ["1.5", "1.5"],
      ["TRUE", "TRUE"],
      ["1", "1 + 1"],
      ["'x'", "UPPER('a')"],
      ["TIMESTAMP '2020-01-01'", "TIMESTAMP '2020-01-01'"],
    ] as const) {
      const sql = `SELECT * FROM (SELECT ${input} AS i) PIVOT(COUNT(*) FOR i IN (${value}))`;
      assert.match(refusalOf(sql)?.message ?? "", /alias/, value);
    }
  });
  it("are refused where BigQuery refuses them", () => {
    for (const [sql, message] of [
      ["SELECT * FROM pair PIVOT(MAX(a) || 'x' FOR b IN ('x'))", /aggregate/],
      ["SELECT * FROM pair PIVOT(UPPER(MAX(a)) FOR b IN ('x'))", /aggregate/],
      ["SELECT * FROM pair PIVOT(MAX(a), MIN(a) FOR b IN ('x'))", /alias/],
      ["SELECT * FROM pair PIVOT(MAX(a) FOR b IN (a))", /Unrecognized name/],
      ["SELECT * FROM pair PIVOT(MAX(a) FOR b IN ((SELECT ssn FROM patients)))", /constant/],
      ["SELECT * FROM pair PIVOT(MAX(a) FOR b IN (1))", /STRING/],
      ["SELECT * FROM pair PIVOT(MAX(a) FOR b IN ('secret', 'SECRET'))", /one name/],
      ["SELECT * FROM pair PIVOT(MAX(a) FOR MAX(b) IN ('x'))", /not allowed/],
      ["SELECT * FROM patients PIVOT(MAX(ssn) FOR name IN ('x'))", /not supported on JSON/],
      ["SELECT p.a FROM pair AS p PIVOT(MAX(p.b) FOR p.b IN ('x'))", /Unrecognized name/],
      ["SELECT * FROM UNNEST([1]) AS x PIVOT(COUNT(*) FOR x IN (1))", /array/],
      ["SELECT * FROM patients UNPIVOT(v FOR n IN (ssn, id))", /INT64/],
      ["SELECT * FROM pair UNPIVOT(v FOR n IN (a, a))", /twice/],
      ["SELECT * FROM pair UNPIVOT(v FOR n IN (a, c))", /Unrecognized name/],
      ["SELECT * FROM pair UNPIVOT(v FOR n IN ((a, b)))", /as many/],
      ["SELECT * FROM pair UNPIVOT(v FOR n IN (a AS 1, b))", /numbers/],
      ["SELECT * FROM patients UNPIVOT(v FOR n IN (address.zip))", /Unrecognized name/],
      ["SELECT a FROM pair UNPIVOT(v FOR n IN (a, b))", /Unrecognized name/],
    ] as const) {
      const refusal = refusalOf(sql);
      assert.match(refusal?.message ?? "understood", message, sql);
      assert.doesNotMatch(refusal?.message ?? "", /secret/i);
    }
  });
  it("have the types of their values and labels", () => {
    assert.deepEqual(types("SELECT * FROM pair UNPIVOT(v FOR n IN (a AS 1, b AS 2))"), ["v STRING", "n INT64"]);
    assert.deepEqual(types("SELECT * FROM (SELECT 1 AS k, 1.5 AS a) UNPIVOT(v FOR n IN (a))"), [
      "k INT64",
      "v FLOAT64",
      "n STRING",
    ]);
  });
  it("note what they compute and do not show", () => {
    assert.deepEqual(
      reads(
        "SELECT state FROM (SELECT state, ssn, id FROM patients) PIVOT(MAX(ssn) FOR CAST(id AS STRING) IN ('1' AS x))",
      ),
      ["id: predicate", "ssn: predicate", "state: output predicate"],
    );
  });
  it("are printed as they were written", () => {
    assert.equal(
      canonical("select * from pair as p pivot(max(a) as m for b in ('x' as y, 'z')) as q"),
      "SELECT * FROM `clinic`.`ehr`.`pair` AS `p` PIVOT(max(`a`) AS `m` FOR `b` IN ('x' AS `y`, 'z')) AS `q`",
    );
  });
});

table("PIVOT without anything to group by gives one row", [
  ["SELECT COUNT(*) AS n FROM (SELECT id, state FROM patients) PIVOT(SUM(id) AS n FOR state IN ('a'))", "n ="],
  [
    "SELECT SUM(n_a) AS n FROM (SELECT id, state FROM patients) PIVOT(MAX(id) AS n FOR state IN ('a'))",
    "n = transform id, transform state ? id, state",
  ],
  [
    "SELECT COUNT(*) AS n FROM (SELECT id, state, ssn FROM patients) PIVOT(SUM(id) AS n FOR state IN ('a'))",
    "n = aggregate * ? ssn",
  ],
  // The whole row is used, so that nothing is left to group by.
  ["SELECT * FROM pair p PIVOT(COUNT(p) AS n FOR a IN ('x'))", "n_x = aggregate pair.a, aggregate pair.b ? pair.a"],
  [
    "SELECT 1 AS x FROM (SELECT id, state FROM patients) PIVOT(SUM(id) AS n FOR state IN ('a')), (SELECT id, state FROM patients) PIVOT(SUM(id) AS m FOR state IN ('a'))",
    "x =",
  ],
]);

describe("PIVOT whose aggregates can fail reads what chose their rows", () => {
  const beside = (pivot: string): readonly string[] =>
    reads(
      `SELECT p.ssn, (SELECT 1 FROM (SELECT id, ssn FROM patients) PIVOT(${pivot} AS n FOR ssn IN ('a'))) AS x FROM patients p`,
    );
  it("as what decides", () => {
    for (const pivot of ["SUM(id)", "MAX(CAST('x' AS INT64))"])
      assert.ok(beside(pivot).includes("ssn: output predicate"), pivot);
  });
  it("and else as a value", () => assert.ok(beside("COUNT(id)").includes("ssn: output")));
});

describe("PIVOT takes nothing but aggregates over columns that can be compared", () => {
  const refused: Readonly<Record<string, RegExp>> = {
    "SUM(id) OVER () AS n FOR state IN ('a')": /takes calls of aggregate functions/,
    "UPPER(name) AS n FOR state IN ('a')": /takes calls of aggregate functions/,
    "SUM(id) + 1 AS n FOR state IN ('a')": /takes calls of aggregate functions/,
    "COUNT(*) AS n FOR doc IN ('a')": /FOR in PIVOT is not supported on JSON/,
    "COUNT(*) AS n FOR state IN ('a')": /A column that PIVOT groups by is not supported on JSON/,
  };
  for (const [pivot, message] of Object.entries(refused))
    it(pivot, () => assert.match(refusalOf(`SELECT 1 AS x FROM patients PIVOT(${pivot})`)?.message ?? "", message));
});
