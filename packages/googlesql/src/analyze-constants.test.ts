/**
 * Where the language takes a constant it takes a script's variable and a routine's argument as well, and those may hold what a table
 * holds. What they decide nobody would follow (threat-model row 31), so they are refused there; what no column made is taken.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refusalOf, scriptOf } from "./testing/clinic.ts";
import { defining, routine } from "./testing/definitions.ts";

/** `v` stands in each; its type, and a column of it. */
const PLACES: readonly (readonly [type: string, column: string, sql: string])[] = [
  ["STRING", "ssn", "SELECT * FROM pair PIVOT(COUNT(*) FOR a IN (v AS x))"],
  [
    "INT64",
    "id",
    "SELECT * FROM pair MATCH_RECOGNIZE(ORDER BY a MEASURES 1 AS c PATTERN (x) DEFINE x AS PREV(a, v) = 'q')",
  ],
  [
    "INT64",
    "id",
    "SELECT WITH AGGREGATION_THRESHOLD OPTIONS(threshold = v, privacy_unit_column = eid) kind FROM encounters GROUP BY kind",
  ],
  [
    "FLOAT64",
    "weight",
    "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS(epsilon = v, delta = .1, privacy_unit_column = eid) COUNT(*) AS c FROM encounters",
  ],
  [
    "INT64",
    "id",
    "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS(epsilon = 1, delta = .1, privacy_unit_column = eid) SUM(eid, contribution_bounds_per_group => (0, v)) AS s FROM encounters",
  ],
  [
    "INTERVAL",
    "MAKE_INTERVAL(day => id)",
    "SELECT * FROM GAP_FILL(TABLE encounters, ts_column => 'at', bucket_width => v)",
  ],
];

describe("a variable in the place of a constant", () => {
  for (const [type, column, sql] of PLACES) {
    test(`made of a column: ${sql}`, () => {
      const made = `DECLARE v ${type} DEFAULT (SELECT MAX(${column}) FROM patients); ${sql}`;
      const refused = refusalOf(made);
      assert.match(refused?.message ?? "", /takes a constant, not a variable or an argument/);
      assert.equal(refused?.code, "unsupported");
    });
    test(`chosen by a column: ${sql}`, () => {
      const chosen = `DECLARE v ${type}; IF (SELECT ssn FROM patients LIMIT 1) = '1' THEN SET v = NULL; END IF; ${sql}`;
      assert.match(refusalOf(chosen)?.message ?? "", /takes a constant, not a variable or an argument/);
    });
    test(`made of no column: ${sql}`, () => {
      assert.ok(scriptOf(`DECLARE v ${type} DEFAULT NULL; ${sql}`).understood);
    });
  }
});

test("an argument of a table function in the place of a constant", () => {
  const body = "SELECT * FROM clinic.ehr.pair PIVOT(COUNT(*) FOR a IN (v AS x))";
  const { flows, refusal } = defining(
    [],
    [routine("turned", "v STRING", body, { routineType: "TABLE_VALUED_FUNCTION" })],
  );
  assert.deepEqual(flows("SELECT x FROM fn.turned('1')"), ["x = aggregate pair.*, aggregate pair.a ? pair.a, pair.b"]);
  const message = refusal("SELECT x FROM fn.turned((SELECT MAX(ssn) FROM patients))")?.message ?? "";
  assert.match(message, /takes a constant, not a variable or an argument/);
});

test("how many values APPROX_TOP_COUNT gives is made of what says so", () => {
  const { outputs } =
    scriptOf("DECLARE v INT64 DEFAULT (SELECT MAX(id) FROM patients); SELECT APPROX_TOP_COUNT(a, v) AS t FROM pair")
      .statements[1] ?? {};
  const sources = outputs?.[0]?.explicit.map(({ column, via }) => `${via} ${column}`);
  assert.deepEqual(sources, [
    "aggregate clinic.ehr.pair.a",
    "copy clinic.ehr.pair.a",
    "transform clinic.ehr.patients.id",
  ]);
});
