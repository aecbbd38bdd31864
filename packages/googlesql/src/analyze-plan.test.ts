import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { CLINIC, canonical, DEFAULTS, planOf, reads, refusalOf } from "./testing/clinic.ts";

describe("a value made of no column is a constant: a guess can be built of it", () => {
  for (const made of [
    "(SELECT SUM(x) FROM UNNEST([77]) AS x)",
    "CAST((SELECT SUM(x) FROM UNNEST([77]) AS x) AS STRING)",
    "CAST(NULL IS NULL AS INT64)",
    "CODE_POINTS_TO_STRING([(SELECT SUM(x) FROM UNNEST([77]) AS x)])",
    "(SELECT COUNT(*) FROM UNNEST([1, 2]))",
    "(SELECT MAX(x) FROM UNNEST(['a']) AS x)",
  ])
    test(made, () => {
      assert.equal(planOf(`SELECT ${made} AS n FROM patients`).outputs[0]?.constant, true);
      const compared = `SELECT GREATEST(ssn, CAST(${made} AS STRING)) AS n FROM patients`;
      assert.equal(planOf(compared).outputs[0]?.constant, true, compared);
    });
  test("NULL is not", () =>
    assert.equal(planOf("SELECT COALESCE(ssn, NULL) AS n FROM patients").outputs[0]?.constant, false));
});

describe("a computation that can fail tells of what it was given, so that is a predicate", () => {
  test("an interval of too many days", () => {
    assert.deepEqual(reads("SELECT INTERVAL id DAY AS x FROM patients"), ["id: output predicate"]);
  });
  test("an array that would hold NULL", () => {
    assert.deepEqual(reads("SELECT ARRAY_TRANSFORM(tags, t -> name) AS x FROM patients"), [
      "name: output predicate",
      "tags: output",
    ]);
  });
  const predicates = (sql: string) =>
    planOf(sql).reads.flatMap((r) => r.columns.filter((c) => c.uses.includes("predicate")).map((c) => c.path));
  for (const sql of [
    "SELECT COUNT(SQRT(weight - 1000000)) AS n FROM patients",
    "SELECT COUNT(weight / 0) AS n FROM patients",
    "SELECT weight + 1e308 AS n FROM patients",
    "SELECT SUM(weight * 2) AS n FROM patients",
    "SELECT LN(weight) AS n FROM patients",
    "SELECT COUNT(DATE_ADD(born, INTERVAL 90000 MONTH)) AS n FROM patients",
    "SELECT CAST(ssn AS INT64) AS n FROM patients",
    "SELECT CAST(ssn AS STRING(3)) AS n FROM patients",
    "SELECT PARSE_DATE('%Y', ssn) AS n FROM patients",
    "SELECT REGEXP_CONTAINS('a', ssn) AS n FROM patients",
    "SELECT 'a' LIKE ssn AS n FROM patients",
    "SELECT SUBSTR('abc', 1, id) AS n FROM patients",
    "SELECT REPEAT('a', id) AS n FROM patients",
    "SELECT [1, 2][OFFSET(id)] AS n FROM patients",
    "SELECT tags[OFFSET(3)] AS n FROM patients",
    "SELECT PARSE_JSON(name) AS n FROM patients",
    "SELECT ARRAY_AGG(ssn) AS n FROM patients",
    "SELECT CHR(id) AS n FROM patients",
    "SELECT FROM_HEX(ssn) AS n FROM patients",
    "SELECT SUM(weight) AS n FROM patients",
    "SELECT CURRENT_DATE(ssn) AS n FROM patients",
    "SELECT EXTRACT(HOUR FROM TIMESTAMP '2020-01-01' AT TIME ZONE ssn) AS n FROM patients",
    "SELECT [ssn] AS n FROM patients",
    "SELECT ARRAY(SELECT ssn FROM UNNEST([1])) AS n FROM patients",
    "SELECT REPLACE(ssn, '1', REPEAT('a', 600000)) AS n FROM patients",
  ])
    test(`it can fail: ${sql}`, () => assert.equal(predicates(sql).filter((p) => p !== "*").length, 1));
  for (const sql of [
    "SELECT UPPER(name) AS n, CONCAT(name, ssn) AS m, SUBSTR(ssn, 1, 3) AS o FROM patients",
    "SELECT SAFE_CAST(ssn AS INT64) AS n, SAFE.PARSE_DATE('%Y', ssn) AS m, SAFE_DIVIDE(weight, 0) AS o FROM patients",
    "SELECT CAST(id AS STRING) AS n, CAST(born AS STRING) AS m, CAST(id AS FLOAT64) AS o FROM patients",
    "SELECT REGEXP_EXTRACT(name, 'a+') AS n, name LIKE 'a%' AS m, FORMAT_DATE('%Y', born) AS o FROM patients",
    "SELECT tags[SAFE_OFFSET(3)] AS n, IF(name = 'a', 1, 2) > 1 AS m FROM (SELECT tags, 'b' AS name FROM patients)",
    "SELECT EXTRACT(YEAR FROM born) AS n, DATE_DIFF(born, DATE '2000-01-01', DAY) AS m FROM patients",
    "SELECT ARRAY_AGG(ssn IGNORE NULLS) AS n, COUNT(ssn) AS m, MAX(UPPER(name)) AS o FROM patients",
  ])
    test(`it can't: ${sql}`, () => assert.deepEqual(predicates(sql), []));
  test("a scalar subquery of several rows fails: what decides over its rows does, too", () => {
    assert.deepEqual(predicates("SELECT (SELECT kind FROM encounters) AS n"), ["*"]);
    assert.deepEqual(predicates("SELECT (SELECT ANY_VALUE(kind) FROM encounters) AS n"), []);
    assert.deepEqual(predicates("SELECT (SELECT kind FROM encounters LIMIT 1) AS n"), []);
  });
});

describe("the order and names of the star", () => {
  test("USING columns come first, then the left's, then the right's", () => {
    assert.deepEqual(
      planOf("SELECT * FROM (SELECT 1 AS a, 2 AS k) JOIN (SELECT 3 AS b, 2 AS k, 4 AS c) USING (k)").outputs.map(
        (o) => o.name,
      ),
      ["k", "a", "b", "c"],
    );
  });
  test("WITH OFFSET stands after the element's fields", () => {
    assert.deepEqual(
      planOf("SELECT * FROM UNNEST([STRUCT(1 AS x, 2 AS y)]) AS s WITH OFFSET").outputs.map((o) => o.name),
      ["x", "y", "offset"],
    );
  });
});

describe("reads", () => {
  const cases: readonly [string, ...string[]][] = [
    ["SELECT ssn FROM patients WHERE id = 1", "id: predicate", "ssn: output"],
    ["SELECT ssn FROM patients WHERE ssn = '1'", "ssn: output predicate"],
    ["SELECT x.a FROM pair x, patients", "pair.a: output", "*: predicate"],
    ["SELECT 1 AS one FROM patients", "*: predicate"],
    ["SELECT COUNT(*) AS n FROM patients", "*: output"],
    ["SELECT a FROM (SELECT a, b FROM pair)", "pair.a: output"],
    ["WITH u AS (SELECT ssn FROM patients) SELECT a FROM pair", "pair.a: output", "*: predicate"],
    ["SELECT a FROM (SELECT a, IF(b < '5', 1, 0) AS hidden FROM pair)", "pair.a: output", "pair.b: predicate"],
    ["SELECT STRUCT(a AS x, CAST(b AS INT64) AS y).x FROM pair", "pair.a: output", "pair.b: predicate"],
    ["SELECT WITH(u AS 1 / LENGTH(b), a) AS x FROM pair", "pair.a: output", "pair.b: predicate"],
    [
      "SELECT 1 AS one FROM pair WHERE EXISTS (SELECT LENGTH(ssn) / 0 FROM patients)",
      "pair.*: predicate",
      "*: predicate",
      "ssn: predicate",
    ],
    ["SELECT v.code FROM patients p, p.visits v", "visits: predicate", "visits.code: output"],
    // An index out of range fails, which is asked of the length alone.
    ["SELECT visits[OFFSET(0)].code AS x FROM patients", "visits: predicate", "visits.code: output"],
  ];
  for (const [sql, ...expected] of cases) test(sql, () => assert.deepEqual(reads(sql), expected));

  test("ERROR shows its message, wherever its value goes", () => {
    const plan = planOf("SELECT a FROM pair WHERE IF(a = 'x', ERROR(b), TRUE)");
    assert.deepEqual(plan.effects, [{ kind: "error_value", sources: ["clinic.ehr.pair.b"] }]);
    const uses = plan.reads[0]?.columns.find((c) => c.path === "b")?.uses;
    assert.deepEqual(uses, ["output", "predicate"]);
  });
});

describe("what is computed and not shown is read as a predicate", () => {
  const cases: readonly (readonly [sql: string, ...columns: string[]])[] = [
    ["SELECT WITH(a AS UPPER(ssn), 1) AS one FROM patients", "ssn: predicate"],
    ["SELECT STRUCT(UPPER(ssn) AS a, name AS b).b FROM patients", "name: output", "ssn: predicate"],
    ["SELECT STRUCT(UPPER(ssn) AS a, name AS b).* EXCEPT (a) FROM patients", "name: output", "ssn: predicate"],
    ["FROM patients |> SET name = UPPER(ssn) |> SELECT id", "id: output", "ssn: predicate"],
    [
      "WITH c AS (FROM patients |> AGGREGATE COUNT(*) AS n GROUP BY UPPER(ssn)) SELECT 1 AS one",
      "*: predicate",
      "ssn: predicate",
    ],
    // More than one row of the subquery is an error, and its WHERE decides how many there are.
    [
      "WITH c AS (SELECT id FROM patients WHERE (SELECT TRUE FROM encounters WHERE kind = 'x')) SELECT 1 AS one",
      "encounters.*: predicate",
      "encounters.kind: predicate",
      "*: predicate",
    ],
  ];
  for (const [sql, ...columns] of cases) test(sql, () => assert.deepEqual(reads(sql), columns));
});

describe("constants", () => {
  const constant = (expression: string): boolean | undefined =>
    planOf(`SELECT ${expression} AS x FROM patients`).outputs[0]?.constant;
  for (const expression of [
    "'x'",
    "COALESCE(ssn, 'x')",
    "IF(id = 1, ssn, 'x')",
    "CASE WHEN id = 1 THEN 'x' ELSE ssn END",
    "MAX('x')",
    "CONCAT('x', SUBSTR(ssn, 1, 0))",
    "GENERATE_UUID()",
    "CURRENT_DATE()",
  ]) {
    test(`${expression} can be a literal`, () => assert.equal(constant(expression), true));
  }
  for (const expression of ["ssn", "NULL", "IF(id = 1, ssn, NULL)", "COUNT(1)", "MIN(ssn)", "UPPER(ssn)"]) {
    test(`${expression} can't be a literal`, () => assert.equal(constant(expression), false));
  }
  test("a literal in one branch of UNION ALL counts for the column", () => {
    assert.equal(planOf("SELECT ssn FROM patients UNION ALL SELECT 'x'").outputs[0]?.constant, true);
  });
  test("a parameter is a literal", () => {
    const parameters = [{ name: "g", parameterType: { type: "STRING" } }];
    assert.equal(planOf("SELECT COALESCE(ssn, @G) AS x FROM patients", parameters).outputs[0]?.constant, true);
  });
});

describe("fields of the outputs", () => {
  test("each field of a STRUCT has its own sources", () => {
    const [output] = planOf("SELECT STRUCT(ssn AS a, COUNT(*) OVER () AS n) AS s FROM patients WHERE id = 1").outputs;
    assert.equal(output?.type, "STRUCT<a STRING, n INT64>");
    assert.deepEqual(
      output?.fields?.map((f) => [f.name, f.explicit, f.implicit]),
      [
        ["a", [{ column: "clinic.ehr.patients.ssn", via: "copy" }], ["clinic.ehr.patients.id"]],
        ["n", [{ column: "clinic.ehr.patients.*", via: "aggregate", statistic: "count" }], ["clinic.ehr.patients.id"]],
      ],
    );
  });
  test("each field of an ARRAY<STRUCT> too", () => {
    const [output] = planOf(
      "SELECT ARRAY(SELECT AS STRUCT v.note AS n, v.code FROM p.visits v) AS s FROM patients p",
    ).outputs;
    assert.deepEqual(
      output?.fields?.map((f) => [f.name, ...f.explicit.map((s) => s.column)]),
      [
        ["n", "clinic.ehr.patients.visits.note"],
        ["code", "clinic.ehr.patients.visits.code"],
      ],
    );
  });
  test("no output's sources are missing from its fields", () => {
    for (const sql of [
      "SELECT p FROM patients p",
      "SELECT visits FROM patients",
      "SELECT IF(id = 1, address, NULL) AS x FROM patients",
    ]) {
      for (const output of planOf(sql).outputs) {
        const inFields = new Set(output.fields?.flatMap((f) => f.explicit.map((s) => `${s.via} ${s.column}`)));
        assert.deepEqual([...inFields].sort(), output.explicit.map((s) => `${s.via} ${s.column}`).sort());
      }
    }
  });
});

describe("the canonical SQL", () => {
  test("names every table by three parts", () => {
    assert.equal(
      canonical("select P.ssn from patients P, ehr.encounters, `clinic.ehr.pair`"),
      "SELECT `P`.`ssn` FROM `clinic`.`ehr`.`patients` AS `P`, `clinic`.`ehr`.`encounters`, `clinic`.`ehr`.`pair`",
    );
  });
  test("leaves common tables and arrays as they are", () => {
    assert.equal(
      canonical("WITH c AS (SELECT * FROM patients) SELECT v.code FROM c, c.visits AS v"),
      "WITH `c` AS (SELECT * FROM `clinic`.`ehr`.`patients`) SELECT `v`.`code` FROM `c`, `c`.`visits` AS `v`",
    );
  });
  test("is analysed to the same plan", () => {
    for (const sql of [
      "SELECT * FROM pair JOIN encounters ON a = kind",
      "SELECT state, COUNT(*) FROM patients GROUP BY 1",
    ]) {
      assert.deepEqual(planOf(canonical(sql)), planOf(sql));
    }
  });
  test("the redacted SQL holds no literal", () => {
    const { redacted } = analyze("SELECT ssn FROM patients WHERE ssn = '123-45-6789' AND id = 7", {
      catalog: CLINIC,
      ...DEFAULTS,
    });
    assert.ok(redacted && !redacted.sql.includes("123-45") && !redacted.sql.includes("7"));
    assert.equal(redacted.literals.length, 2);
  });
});

describe("columns of one name in a result", () => {
  const names = (sql: string): string[] => planOf(sql).outputs.map(({ name }) => name);
  test("get others, but for the first", () => {
    assert.deepEqual(names("SELECT a, b AS a, 1 AS A FROM pair"), ["a", "a_1", "A_2"]);
    assert.deepEqual(names("SELECT * FROM pair x JOIN pair y ON x.a = y.a"), ["a", "b", "a_1", "b_1"]);
    assert.deepEqual(names("CREATE TEMP FUNCTION f() AS (1); SELECT f() AS a, 2 AS a"), ["a", "a_1"]);
    assert.deepEqual(names("SELECT 1 AS f0_, 2"), ["f0_", "f0__1"]);
  });
  test("have their own sources", () => {
    const [, second] = planOf("SELECT a, ssn AS a FROM pair, patients").outputs;
    assert.deepEqual(second?.explicit, [{ column: "clinic.ehr.patients.ssn", via: "copy" }]);
  });
  test("are refused where one gets a name that another has, and in a script", () => {
    for (const sql of [
      "SELECT 1 AS a, 2 AS a, 3 AS a_1",
      "SELECT 1 AS a_1, 2 AS a, 3 AS A",
      "SELECT 1 AS a, 2 AS a; SELECT 3 AS b",
    ])
      assert.equal(refusalOf(sql)?.code, "name", sql);
  });
  test("are refused in what is written", () => {
    for (const sql of ["CREATE TABLE t AS SELECT 1 AS a, 2 AS a", "CREATE VIEW v AS SELECT 1 AS a, 2 AS a"])
      assert.equal(refusalOf(sql)?.code, "name", sql);
  });
});
