import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { catalogNames } from "./catalog-names.ts";
import { canonical, DEFAULTS, flows, reads, refusalOf, types } from "./testing/clinic.ts";

/** A pipe, and WITH RECURSIVE that gives the same rows: outputs, types and reads are the same. */
const SAME: readonly (readonly [piped: string, plain: string])[] = [
  [
    "FROM pair |> RECURSIVE UNION ALL (|> SELECT b AS a, a AS b)",
    "WITH RECURSIVE r AS (SELECT * FROM pair UNION ALL SELECT b, a FROM r) SELECT * FROM r",
  ],
  [
    "FROM pair |> RECURSIVE UNION DISTINCT (FROM r |> WHERE a < 'x' |> SELECT b, a) AS r |> SELECT r.a",
    "WITH RECURSIVE r AS (SELECT * FROM pair UNION DISTINCT SELECT b, a FROM r WHERE a < 'x') SELECT a FROM r",
  ],
  [
    "FROM pair |> RECURSIVE UNION ALL BY NAME (SELECT b AS a, a AS b FROM r) AS r |> SELECT a",
    "WITH RECURSIVE r AS (SELECT * FROM pair UNION ALL BY NAME SELECT b AS a, a AS b FROM r) SELECT a FROM r",
  ],
  [
    // What the term reads alone comes into the anchor's columns.
    "SELECT 'x' AS s |> RECURSIVE UNION ALL (SELECT ssn FROM r JOIN patients ON name = 'x') AS r",
    "WITH RECURSIVE r AS (SELECT 'x' AS s UNION ALL SELECT ssn FROM r JOIN patients ON name = 'x') SELECT * FROM r",
  ],
  [
    "SELECT 1 AS n |> RECURSIVE UNION ALL (|> CROSS JOIN patients |> WHERE ssn = '1' |> SELECT n + 1)",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r JOIN patients ON ssn = '1') SELECT * FROM r",
  ],
  [
    "SELECT '' AS a, '' AS b, ssn AS c FROM patients |> RECURSIVE UNION ALL (|> SELECT b, c, '') |> SELECT a",
    "WITH RECURSIVE r AS (SELECT '' AS a, '' AS b, ssn AS c FROM patients UNION ALL SELECT b, c, '' FROM r) SELECT a FROM r",
  ],
  [
    "SELECT 1 AS n |> RECURSIVE UNION ALL WITH DEPTH AS d BETWEEN 1 AND 9 (FROM r |> JOIN patients ON ssn = '1' |> SELECT n) AS r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r JOIN patients ON ssn = '1') WITH DEPTH AS d BETWEEN 1 AND 9 SELECT * FROM r",
  ],
  [
    // The alias stands for the recursive rows, whatever table has that name.
    "FROM pair |> SELECT a AS ssn |> RECURSIVE UNION ALL (SELECT ssn FROM patients WHERE FALSE) AS patients",
    "WITH RECURSIVE r AS (SELECT a AS ssn FROM pair UNION ALL SELECT ssn FROM r WHERE FALSE) SELECT * FROM r",
  ],
  [
    "WITH RECURSIVE r AS (FROM pair |> UNION ALL (FROM r |> SELECT b, a)) SELECT a FROM r",
    "WITH RECURSIVE r AS (SELECT * FROM pair UNION ALL SELECT b, a FROM r) SELECT a FROM r",
  ],
  [
    "WITH RECURSIVE r AS (SELECT ssn FROM patients ORDER BY name LIMIT 1 |> UNION ALL (SELECT name FROM patients), (FROM r)) FROM r",
    "WITH RECURSIVE r AS ((SELECT ssn FROM patients ORDER BY name LIMIT 1) UNION ALL (SELECT name FROM patients) UNION ALL SELECT * FROM r) SELECT * FROM r",
  ],
  [
    "FROM pair |> WITH RECURSIVE r AS (FROM pair |> SELECT b |> UNION ALL (FROM r)) |> CROSS JOIN r |> SELECT r.b",
    "WITH RECURSIVE r AS (SELECT b FROM pair UNION ALL SELECT b FROM r) SELECT r.b FROM pair CROSS JOIN r",
  ],
];

describe("recursion in pipes is that of WITH RECURSIVE", () => {
  for (const [piped, plain] of SAME) {
    test(piped, () => {
      assert.deepEqual(flows(piped), flows(plain));
      assert.deepEqual(types(piped), types(plain));
      assert.deepEqual(reads(piped), reads(plain));
    });
  }
});

describe("recursion in pipes", () => {
  test("shows in how often rows come what decides in the step", () => {
    const sql =
      "SELECT 1 AS n |> RECURSIVE UNION ALL (|> CROSS JOIN patients |> WHERE ssn = '1' |> SELECT n) |> AGGREGATE COUNT(*) AS c";
    assert.deepEqual(flows(sql), ["c = aggregate * ? ssn"]);
  });

  test("as a subquery of a row shows that row", () => {
    const sql = "SELECT (SELECT p.ssn AS s |> RECURSIVE UNION ALL (|> WHERE FALSE) |> LIMIT 1) AS s FROM patients p";
    assert.deepEqual(flows(sql), ["s = copy ssn"]);
  });

  test("over one row around makes no statistic of it", () => {
    const of = (step: string): string =>
      `SELECT (SELECT p.weight AS w |> RECURSIVE UNION ALL ${step} |> AGGREGATE SUM(w)) AS s FROM patients p`;
    assert.deepEqual(flows(of("(|> WHERE FALSE)")), ["s = transform weight"]);
    assert.deepEqual(flows(of("(SELECT w FROM r WHERE FALSE) AS r")), ["s = transform weight"]);
    // That of the one row's many visits is none either.
    const visits =
      "SELECT (FROM UNNEST(p.visits) v |> SELECT v.code |> RECURSIVE UNION ALL (|> WHERE FALSE) |> AGGREGATE COUNT(code)) AS n FROM patients p";
    assert.deepEqual(flows(visits), ["n = transform visits.code ? visits"]);
    const rows =
      "SELECT (FROM UNNEST(p.tags) AS t |> RECURSIVE UNION ALL (|> WHERE FALSE) |> AGGREGATE COUNT(*) AS n) AS n FROM patients p";
    assert.deepEqual(flows(rows), ["n = transform tags ? tags"]);
  });

  test("names no table of the catalog by its alias", () => {
    const sql =
      "FROM pair |> RECURSIVE UNION ALL (FROM patients |> JOIN encounters ON TRUE |> SELECT a, b) AS patients";
    const names = catalogNames(sql, DEFAULTS);
    assert.deepEqual(names.understood && names.tables, ["clinic.ehr.encounters", "clinic.ehr.pair"]);
  });

  test("is printed as it was analysed", () => {
    assert.equal(
      canonical("FROM pair |> RECURSIVE UNION ALL (FROM r |> JOIN pair USING (a) |> SELECT r.a, r.b) AS r"),
      "FROM `clinic`.`ehr`.`pair` |> RECURSIVE UNION ALL (FROM `r` |> INNER JOIN `clinic`.`ehr`.`pair` USING (`a`) |> SELECT `r`.`a`, `r`.`b`) AS `r`",
    );
  });

  const REFUSED: readonly (readonly [sql: string, message: RegExp])[] = [
    ["FROM pair |> RECURSIVE UNION ALL (FROM pair)", /needs an alias/],
    ["FROM pair |> RECURSIVE UNION ALL (FROM pair) AS `a.b`", /dot/],
    ["FROM pair |> RECURSIVE UNION ALL (|> CROSS JOIN r |> SELECT a, b) AS r", /itself/],
    ["FROM pair p |> RECURSIVE UNION ALL (SELECT p.a, p.b) AS r", /Unrecognized name: p/],
    ["FROM pair p |> RECURSIVE UNION ALL (|> SELECT p.a, p.b)", /Unrecognized name: p/],
    ["FROM pair |> RECURSIVE UNION ALL (FROM r) AS r |> CROSS JOIN r", /not found/],
    ["FROM pair |> RECURSIVE UNION ALL (|> SELECT a)", /numbers of columns/],
    ["FROM pair |> RECURSIVE UNION ALL (|> SELECT a, 1)", /isn't coerced/],
    ["FROM pair |> RECURSIVE UNION ALL CORRESPONDING (|> SELECT a, b)", /position/],
    ["FROM pair |> RECURSIVE UNION ALL WITH DEPTH AS a (|> SELECT a, b)", /alias/],
    [
      "SELECT 1 FROM patients p WHERE EXISTS(FROM pair |> RECURSIVE UNION ALL (SELECT p.ssn, a FROM r) AS r)",
      /Unrecognized/,
    ],
  ];
  for (const [sql, message] of REFUSED) test(sql, () => assert.match(refusalOf(sql)?.message ?? "", message));
});
