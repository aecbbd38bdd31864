/** Aggregates, window functions and lambdas: what decides over them, when they fail, and what they refuse. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { planOf, reads, refusalOf } from "./testing/clinic.ts";
import { scriptTable, table } from "./testing/flow-tables.ts";

table("a window function takes of the modifiers", [
  ["SELECT COUNT(DISTINCT ssn) OVER (PARTITION BY state) AS n FROM patients", "n = aggregate ssn ? state"],
  ["SELECT LAST_VALUE(name IGNORE NULLS) OVER (ORDER BY id) AS n FROM patients", "n = copy name ? id"],
  ["SELECT ARRAY_AGG(name LIMIT 2) OVER (ORDER BY id) AS a FROM patients", "a = copy name ? id"],
  [
    "SELECT STRING_AGG(name ORDER BY weight) OVER (PARTITION BY state) AS s FROM patients",
    "s = transform name ? state, weight",
  ],
]);

table("of rows without a column it is told how many there are, and no more", [
  ["SELECT COUNT(*) AS n FROM patients", "n = aggregate *"],
  // The value is a literal's; how often it comes is a statistic of the rows that are counted, whatever row the literal stands in.
  [
    "SELECT (SELECT APPROX_TOP_COUNT(o, 2) FROM pair) AS c FROM patients AS p, UNNEST(p.tags) AS t WITH OFFSET AS o",
    "c = aggregate pair.* ? tags",
  ],
  ["SELECT APPROX_TOP_SUM('x', 1, 3) AS c FROM patients", "c = aggregate *"],
]);

describe("counting different values of rows that a join repeats", () => {
  const isCount = (value: string): boolean =>
    planOf(`SELECT COUNT(DISTINCT ${value}) AS n FROM patients, pair`).outputs[0]?.explicit[0]?.statistic === "count";
  test("is a count where they are of one column, as it is", () => {
    assert.ok(isCount("ssn"));
    for (const value of [
      "UPPER(ssn)",
      "COALESCE(ssn, name)",
      "COALESCE(ssn, 'x')",
      "IF(id > 3, ssn, UPPER(ssn))",
      "1",
      "NULL",
    ])
      assert.ok(!isCount(value), value);
  });
});

/** Columns of `patients` that are predicates of a query that shows `ssn`. */
function predicates(sql: string): string[] {
  return planOf(sql).reads.flatMap(({ columns }) =>
    columns.filter(({ path, uses }) => path !== "*" && uses.includes("predicate")).map(({ path }) => path),
  );
}

const shown = (expression: string): string => `SELECT ssn, tags, ${expression} AS x FROM patients`;

describe("whether it can fail", () => {
  for (const [expression, decided] of [
    // That of ROW_NUMBER is the order; whoever is asked beside it decides nothing.
    ["ssn = '1' AND ROW_NUMBER() OVER (ORDER BY id) = 1", ["id"]],
    ["ssn = '1' AND SUM(id) OVER (ORDER BY id) = 1", ["id", "ssn"]],
    // NULL among these is in no array.
    ["ssn = '1' AND FIRST_VALUE(name RESPECT NULLS) OVER (ORDER BY id) = 'x'", ["id"]],
    ["ssn = '1' AND ARRAY_LENGTH(SAFE.ARRAY_ZIP(tags, [1])) = 1", ["tags"]],
    ["ssn = '1' AND ARRAY_LENGTH(ARRAY_ZIP(tags, [1])) = 1", ["ssn", "tags"]],
  ] as const) {
    test(expression, () => assert.deepEqual(predicates(shown(expression)), decided));
  }

  test("by a weight that is negative, where what it gives isn't shown", () => {
    const sql =
      "SELECT p.weight, EXISTS(SELECT APPROX_TOP_SUM(e.kind, p.weight, 1) FROM encounters AS e) AS x FROM patients AS p";
    assert.deepEqual(reads(sql), ["encounters.kind: predicate", "weight: output predicate"]);
  });

  test("by what orders the rows of its sum, where that isn't shown", () => {
    const sql = "SELECT ssn, weight FROM (SELECT ssn, weight, SUM(id ORDER BY weight) OVER () AS x FROM patients)";
    assert.deepEqual(reads(sql), ["id: predicate", "ssn: output", "weight: output predicate"]);
  });

  test("by which of its rows it takes, where that isn't shown", () => {
    const sql = "SELECT ssn FROM (SELECT ssn, MAX_BY(CAST(name AS INT64), ssn) OVER () AS x FROM patients)";
    assert.deepEqual(reads(sql), ["name: predicate", "ssn: output predicate"]);
  });

  test("by how long it is: literals of many rows, but no value of one row, and no number", () => {
    const doubled = (text: string, from = "patients"): string[] =>
      reads(`SELECT REPEAT(s, 2) AS s FROM (SELECT STRING_AGG(${text}) AS s FROM ${from})`);
    assert.deepEqual(doubled("'xxx'"), ["*: output predicate"]);
    const once = "SELECT STRING_AGG(x) AS s FROM (SELECT ANY_VALUE(name) AS x FROM patients, UNNEST([1, 2]))";
    assert.deepEqual(reads(once), ["name: output"]);
    assert.deepEqual(reads("SELECT STRING_AGG(name) AS s FROM patients, UNNEST([1, 2])"), ["name: output predicate"]);
    const beside = (value: string): string => `SELECT ${"abcdefgh".replace(/./g, `${value} AS $&, `)}`;
    const long = " FROM (SELECT REPEAT(ssn, 100) AS x FROM patients)";
    assert.deepEqual(reads(beside("COUNT(x)") + long), ["ssn: output"]);
    assert.deepEqual(reads(beside("x") + long), ["ssn: output predicate"]);
  });
});

scriptTable("a lambda in a script's own expression or in a constant has no rows around it", [
  ["DECLARE n INT64 DEFAULT ARRAY_LENGTH(ARRAY_FILTER([1, 2], e -> e > 1)); SELECT n AS n", "n ="],
  [
    "SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = ARRAY_LENGTH(ARRAY_FILTER([1, 2], e -> e > 1)), privacy_unit_column = ssn) COUNT(*) AS n FROM patients",
    "n = aggregate * ? ssn",
  ],
]);

table("what a lambda and WITH call their values is no column of a group", [
  [
    "SELECT state, ARRAY_LENGTH(ARRAY_FILTER(['x'], e -> e = state)) AS n, COUNT(*) AS c FROM patients GROUP BY state",
    "state = copy state ? state",
    "n = transform state ? state",
    "c = aggregate * ? state",
  ],
  [
    "SELECT state, WITH(x AS state, CONCAT(x, 'a')) AS n FROM patients GROUP BY state",
    "state = copy state ? state",
    "n = transform state ? state",
  ],
]);

describe("refused", () => {
  for (const [sql, message] of [
    ["SELECT SUM(*) AS s FROM patients", /SUM doesn't take \*/],
    ["SELECT COUNTIF(*) AS s FROM patients", /COUNTIF doesn't take \*/],
    ["SELECT SUM(RANK() OVER (ORDER BY id)) OVER () AS s FROM patients", /Window function RANK is allowed only/],
    [
      "SELECT SUM(id) OVER (ORDER BY RANK() OVER (ORDER BY id)) AS s FROM patients",
      /Window function RANK is allowed only/,
    ],
    ["SELECT ARRAY_ZIP(tags, [1], mode => e -> e) AS x FROM patients", /mode is a STRING/],
    ["SELECT ARRAY_ZIP(tags, [1], mode => 1) AS x FROM patients", /mode is a STRING/],
  ] as const) {
    test(sql, () => assert.match(refusalOf(sql)?.message ?? "was understood", message));
  }

  test("LIMIT by a parameter that is no number, or isn't declared", () => {
    const text = [{ name: "n", parameterType: { type: "STRING" } }];
    const number = [{ name: "n", parameterType: { type: "INT64" } }];
    for (const over of ["", " OVER ()"]) {
      const sql = `SELECT ARRAY_AGG(name LIMIT @n)${over} AS a FROM patients`;
      assert.match(refusalOf(sql, text)?.message ?? "", /LIMIT of ARRAY_AGG takes INT64/);
      assert.match(refusalOf(sql)?.message ?? "", /@n is not declared/);
      assert.equal(refusalOf(sql, number), undefined);
    }
  });
});
