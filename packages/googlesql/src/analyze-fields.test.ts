/** Of values whose fields are told apart beside ones whose fields are not: each field is made of its own, and of all of the other. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import type { Output } from "./plan.ts";
import { DEFAULTS, flows, refusalOf, scriptOf } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

/** Of the fields of the last statement's first column: `name = sources`. */
function fields(sql: string): readonly string[] {
  const [output] = scriptOf(sql).result;
  return (output?.fields ?? []).map(({ name, explicit }: Output) => {
    const sources = explicit.map(({ column, via }) => `${via} ${column.replace("clinic.ehr.patients.", "")}`);
    return `${name} = ${sources.join(", ")}`;
  });
}

const JS = "CREATE TEMP FUNCTION js(x STRING) RETURNS STRUCT<a STRING, b STRING> LANGUAGE js AS 'return x';";
const OWN = ["a = copy ssn, transform state", "b = copy name, transform state"];
const EACH = ["a = copy name, transform ssn, transform state", "b = transform born, transform ssn, transform state"];
const ADDRESS = ["zip = copy address.zip, transform state", "city = copy address.city, transform state"];

describe("the fields of a value that is one of two", () => {
  const cases: readonly (readonly [sql: string, fields: readonly string[]])[] = [
    ["SELECT IF(state = 'x', NULL, STRUCT(ssn AS a, name AS b)) FROM patients", OWN],
    ["SELECT IF(state = 'x', STRUCT(ssn AS a, name AS b), NULL) FROM patients", OWN],
    [`${JS} SELECT IF(state = 'x', js(ssn), STRUCT(name AS a, CAST(born AS STRING) AS b)) FROM patients`, EACH],
    [`${JS} SELECT IF(state = 'x', STRUCT(name AS a, CAST(born AS STRING) AS b), js(ssn)) FROM patients`, EACH],
    ["SELECT CASE WHEN state = 'x' THEN NULL ELSE address END FROM patients", ADDRESS],
    ["SELECT CASE WHEN state = 'x' THEN address END FROM patients", ADDRESS],
    ["SELECT NULL AS s UNION ALL SELECT address FROM patients", ["zip = copy address.zip", "city = copy address.city"]],
    ["SELECT address FROM patients UNION ALL SELECT NULL", ["zip = copy address.zip", "city = copy address.city"]],
    [
      `${JS} SELECT s FROM (SELECT js(ssn) AS s FROM patients UNION ALL SELECT STRUCT(name, state) FROM patients)`,
      ["a = copy name, transform ssn", "b = transform ssn, copy state"],
    ],
  ];
  for (const [sql, expected] of cases) test(sql, () => assert.deepEqual(fields(sql), expected));
});

test("a column whose STRUCT has no fields is a source as a whole", () => {
  const table = () => ({
    tableReference: { projectId: "clinic", datasetId: "ehr", tableId: "t" },
    schema: { fields: [{ name: "s", type: "RECORD", fields: [] }] },
  });
  const { plan } = analyze("SELECT s FROM t", { catalog: { table }, ...DEFAULTS });
  assert.ok(plan.understood);
  assert.deepEqual(plan.result[0]?.explicit, [{ column: "clinic.ehr.t.s", via: "copy" }]);
});

describe("whether a STRUCT is NULL", () => {
  const cases: readonly (readonly [sql: string, flow: string])[] = [
    ["SELECT address IS NULL AS n FROM patients", "n = transform address"],
    // Where nothing tells how it came to be, it is made of all its fields.
    ["SELECT STRUCT(ssn AS a, name AS b) IS NULL AS n FROM patients", "n = transform name, transform ssn"],
    ["SELECT (SELECT AS STRUCT ssn, name FROM patients LIMIT 1) IS NULL AS n", "n = transform name, transform ssn"],
  ];
  for (const [sql, flow] of cases) test(sql, () => assert.deepEqual(flows(sql), [flow]));
});

table("fields have the names that the first of several values gives them, be it a literal", [
  ["SELECT [STRUCT('c' AS a, 1 AS b), STRUCT(ssn AS b, 2.5 AS a)][OFFSET(1)].a AS v FROM patients", "v = copy ssn"],
  ["SELECT [STRUCT('c' AS a, 1 AS b), STRUCT(ssn AS b, 2.5 AS a)][OFFSET(1)].b AS v FROM patients", "v ="],
  ["SELECT [STRUCT(ssn AS b, 2.5 AS a), STRUCT('c' AS a, 1 AS b)][OFFSET(1)].b AS v FROM patients", "v = copy ssn"],
  ["SELECT IF(TRUE, STRUCT('c' AS a, 'd' AS b), STRUCT(ssn AS b, name AS a)).a AS v FROM patients", "v = copy ssn"],
  [
    "SELECT CASE WHEN TRUE THEN STRUCT('c' AS a, 'd' AS b) ELSE STRUCT(ssn AS b, name AS a) END.a AS v FROM patients",
    "v = copy ssn",
  ],
  [
    "SELECT COALESCE(NULL, STRUCT('c' AS a, 'd' AS b), STRUCT(ssn AS b, name AS a)).a AS v FROM patients",
    "v = copy ssn",
  ],
  [
    "SELECT x.a AS v FROM (SELECT STRUCT('c' AS a, 1 AS b) AS x UNION ALL SELECT STRUCT(ssn AS b, 2 AS a) FROM patients)",
    "v = copy ssn",
  ],
  // In a STRUCT and in an array too.
  [
    "SELECT [STRUCT(STRUCT('c' AS a, 1 AS b) AS s), STRUCT(STRUCT(ssn AS b, 2 AS a) AS s)][OFFSET(1)].s.a AS v FROM patients",
    "v = copy ssn",
  ],
  [
    "SELECT IF(TRUE, [STRUCT('c' AS a, 'd' AS b)], [STRUCT(ssn AS b, name AS a)])[OFFSET(0)].a AS v FROM patients",
    "v = copy ssn",
  ],
]);

test("a field that the first value gives no name has none", () => {
  for (const sql of [
    "SELECT IF(TRUE, ('c', 'd'), STRUCT(ssn AS b, name AS a)).b AS v FROM patients",
    "SELECT [STRUCT(('c', 1) AS s), STRUCT(STRUCT(ssn AS b, 2 AS a) AS s)][OFFSET(1)].s.b AS v FROM patients",
  ]) {
    assert.match(refusalOf(sql)?.message ?? "", /Field name b does not exist/, sql);
  }
});
