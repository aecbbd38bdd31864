import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonical, flows, planOf, reads, refusalOf, types } from "./testing/clinic.ts";

const select = (items: string, rest = "", options = "") =>
  `SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1e20, delta = .01, privacy_unit_column = ssn${options}) ${items} FROM patients${rest}`;

describe("DIFFERENTIAL_PRIVACY", () => {
  // Noise is an option: without any the aggregates are the columns' own.
  test("shows statistics of columns; whose rows they are decides", () => {
    assert.deepEqual(
      flows(
        select("state, AVG(weight, contribution_bounds_per_group => (0, 100)) AS a, SUM(id) AS s", " GROUP BY state"),
      ),
      ["state = copy state ? ssn, state", "a = aggregate weight ? ssn, state", "s = aggregate id ? ssn, state"],
    );
    assert.deepEqual(reads(select("COUNT(*) AS n", " WHERE weight > 3")), [
      "*: output",
      "ssn: predicate",
      "weight: predicate",
    ]);
  });

  test("a count with noise is no count", () => {
    const sources = planOf(select("COUNT(*) AS n, COUNT(name, contribution_bounds_per_group => (0, 1)) AS m")).outputs;
    assert.deepEqual(
      sources.map((output) => output.explicit),
      [
        [{ column: "clinic.ehr.patients.*", via: "aggregate" }],
        [{ column: "clinic.ehr.patients.name", via: "aggregate" }],
      ],
    );
    assert.deepEqual(flows(select("COUNT(1) AS n")), ["n = aggregate * ? ssn"]);
  });

  test("an aggregate takes values, and no lambda", () => {
    assert.match(refusalOf(select("SUM(e -> 1) AS s"))?.message ?? "", /SUM takes a value here/);
    assert.match(
      refusalOf(select("PERCENTILE_CONT(weight, e -> 1, contribution_bounds_per_row => (0, 1)) AS p"))?.message ?? "",
      /PERCENTILE_CONT takes a value here/,
    );
  });

  test("a percentile is no statistic: it is nearly somebody's value", () => {
    assert.deepEqual(flows(select("PERCENTILE_CONT(weight, 0.5, contribution_bounds_per_row => (0, 100)) AS p")), [
      "p = transform weight ? ssn, weight",
    ]);
  });

  test("of what one row of the query around provides there is no statistic", () => {
    const sql =
      "SELECT (SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (privacy_unit_column = x) SUM(x) FROM UNNEST([p.weight]) AS x) AS s FROM patients AS p";
    assert.deepEqual(flows(sql), ["s = transform weight ? weight"]);
  });

  test("its aggregates have types of their own", () => {
    const sql = select(
      "COUNT(name) AS c, SUM(id) AS i, SUM(weight) AS f, AVG(id) AS a, PERCENTILE_CONT(id, 0.5, contribution_bounds_per_row => (0, 9)) AS p",
    );
    assert.deepEqual(types(sql), ["c INT64", "i INT64", "f FLOAT64", "a FLOAT64", "p FLOAT64"]);
  });

  test("in a pipe it is what it is in a SELECT, and ends there", () => {
    const sql =
      "FROM patients |> AGGREGATE WITH DIFFERENTIAL_PRIVACY OPTIONS (privacy_unit_column = ssn) SUM(id) AS s GROUP BY state |> AGGREGATE MAX(s) AS m";
    assert.deepEqual(flows(sql), ["m = aggregate id ? ssn, state"]);
  });

  test("is printed as it was written", () => {
    assert.equal(
      canonical(
        select("COUNT(*, contribution_bounds_per_group => (0, 1)) AS n", "", ", max_groups_contributed = NULL"),
      ),
      "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (`epsilon` = 1e20, `delta` = 0.01, `privacy_unit_column` = `ssn`, `max_groups_contributed` = NULL) COUNT(*, `contribution_bounds_per_group` => (0, 1)) AS `n` FROM `clinic`.`ehr`.`patients`",
    );
  });

  for (const [sql, code] of [
    [select("MAX(ssn)"), "unsupported"],
    [select("ANY_VALUE(ssn)"), "unsupported"],
    [select("ARRAY_AGG(ssn)"), "unsupported"],
    [select("APPROX_TOP_COUNT(ssn, 1)"), "unsupported"],
    [select("COUNT(DISTINCT ssn)"), "type"],
    [select("SUM(id) OVER ()"), "unsupported"],
    [select("ROW_NUMBER() OVER ()"), "unsupported"],
    [select("SUM(SUM(id))"), "type"],
    [select("SUM(id HAVING MAX weight)"), "type"],
    [select("SUM(id, contribution_bounds_per_row => (0, 1))"), "unsupported"],
    [select("SUM(id, contribution_bounds_per_group => (0, id))"), "name"],
    [select("SUM(id, contribution_bounds_per_group => (0, (SELECT MAX(id) FROM patients)))"), "type"],
    [select("SUM(id, contribution_bounds_per_group => 1)"), "type"],
    [select("SUM(CAST(id AS NUMERIC))"), "unsupported"],
    [select("SUM(*)"), "type"],
    [select("SUM(id, 1)"), "type"],
    [select("COUNT()"), "type"],
    [select("PERCENTILE_CONT(weight, 0.5)"), "type"],
    [select("PERCENTILE_CONT(weight, id, contribution_bounds_per_row => (0, 1))"), "name"],
    [select("COUNT(*)", " WHERE COUNT(*) > 1"), "type"],
    [select("COUNT(*)", "", ", epsilon = 1"), "name"],
    [select("COUNT(*)", "", ", noise = FALSE"), "unsupported"],
    [select("COUNT(*)", "", ", max_groups_contributed = (SELECT MAX(id) FROM patients)"), "type"],
    ["SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1) COUNT(*) FROM patients", "unsupported"],
    ["SELECT COUNT(*, contribution_bounds_per_group => (0, 1)) FROM patients", "type"],
  ] as const) {
    test(`refused: ${sql}`, () => assert.equal(refusalOf(sql)?.code, code));
  }
});
