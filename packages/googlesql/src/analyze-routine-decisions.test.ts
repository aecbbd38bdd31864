/** What a call of a routine decides by: its language, what its arguments are, which calls are the same. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RoutineResource } from "./routine-resource.ts";
import { dataType, defining, routine } from "./testing/definitions.ts";

const STRING = { returnType: dataType("STRING") };
const AGGREGATE = { routineType: "AGGREGATE_FUNCTION" };
const JS = { language: "JAVASCRIPT" };

function without(key: "arguments" | "language", resource: RoutineResource): RoutineResource {
  const { [key]: _, ...rest } = resource;
  return rest;
}

const clinic = defining(
  [],
  [
    routine("up", "x STRING", "UPPER(x)", STRING),
    routine("first", "x STRING, y STRING", "x"),
    routine("total", "x FLOAT64", "SUM(x)", AGGREGATE),
    routine("count", "x STRING", "COUNT(x)", AGGREGATE),
    routine("labelled", "x STRING, label STRING NOT", "CONCAT(label, MAX(x))", AGGREGATE),
    without("arguments", routine("ssn", "", "(SELECT MAX(ssn) FROM clinic.ehr.patients)")),
    without("language", routine("untold", "x STRING", "x")),
    routine("unnamed", "", "1", { arguments: [{ name: "x" }] }),
    routine("odd", "x STRING", "x", { returnType: { typeKind: "TYPE_KIND_UNSPECIFIED" } }),
    routine("alike", "", "(SELECT MAX(`k`) FROM (SELECT 1 AS `k`, 2 AS `\u212a`))"),
    routine("js", "x STRING", "return x", { ...JS, ...STRING }),
    routine("js_number", "x STRING", "return 1", { ...JS, returnType: dataType("INT64") }),
    routine("js_two", "x STRING, y STRING", "return 1", { ...JS, returnType: dataType("INT64") }),
    routine("js_total", "x FLOAT64", "…", { ...JS, ...AGGREGATE, returnType: dataType("FLOAT64") }),
  ],
);

describe("a call", () => {
  const SHOWN: readonly (readonly [what: string, sql: string, flows: readonly string[], reads: readonly string[]])[] = [
    [
      "of a function of SQL is the same for the same arguments",
      "SELECT fn.up(state) AS x FROM patients GROUP BY fn.up(state)",
      ["x = transform state ? state"],
      ["state: output predicate"],
    ],
    [
      "of a function in JavaScript too",
      "SELECT fn.js(state) AS x FROM patients GROUP BY fn.js(state)",
      ["x = transform state ? state"],
      ["state: output predicate"],
    ],
    [
      "of an aggregate function is an aggregate of its group",
      "FROM patients |> AGGREGATE fn.total(weight) AS x GROUP BY state",
      ["state = copy state ? state", "x = aggregate weight ? state"],
      ["state: output predicate", "weight: output predicate"],
    ],
    [
      "of an aggregate function takes aggregates where its arguments are no rows' values",
      "SELECT fn.labelled(ssn, MAX(state)) AS x FROM patients",
      ["x = transform ssn, transform state ? ssn, state"],
      ["ssn: output predicate", "state: output predicate"],
    ],
    [
      "may stand beside other aggregates",
      "SELECT fn.labelled(ssn, 'x') AS x, MAX(id) AS m FROM patients",
      ["x = transform ssn ? ssn", "m = copy id ? id"],
      ["id: output predicate", "ssn: output predicate"],
    ],
    [
      "that drops a column doesn't read it",
      "SELECT fn.first(ssn, name) AS x FROM patients",
      ["x = copy ssn"],
      ["ssn: output"],
    ],
    [
      "that drops what was computed reads it",
      "SELECT fn.first(ssn, UPPER(name)) AS x FROM patients",
      ["x = copy ssn"],
      ["name: predicate", "ssn: output"],
    ],
    ["of a function without arguments", "SELECT fn.ssn() AS x", ["x = copy ssn ? ssn"], ["ssn: output predicate"]],
    [
      "of a function that names no language is one of SQL",
      "SELECT fn.untold(ssn) AS x FROM patients",
      ["x = copy ssn"],
      ["ssn: output"],
    ],
    [
      "gives no long number",
      "SELECT FORMAT('%d%d', fn.js_number(ssn), id) AS x FROM patients",
      ["x = transform id, transform ssn"],
      ["id: output", "ssn: output predicate"],
    ],
  ];
  for (const [what, sql, flows, reads] of SHOWN) {
    test(what, () => {
      assert.deepEqual(clinic.flows(sql), flows);
      assert.deepEqual(clinic.reads(sql), reads);
    });
  }
});

test("what a temporary function in Python keeps, the text alone learns", () => {
  const define = "CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE python AS 'x'";
  const last = clinic.plan(`${define}; SELECT f(ssn) FROM patients; SELECT f('a') AS y`).statements.at(-1);
  assert.deepEqual(
    last?.outputs.map(({ explicit }) => explicit.map(({ column }) => column)),
    [["clinic.ehr.patients.ssn"]],
  );
  assert.deepEqual(
    last?.effects.map(({ kind, through }) => [kind, through]),
    [["python", undefined]],
  );
});

describe("is refused", () => {
  const REFUSED: readonly (readonly [sql: string, message: RegExp])[] = [
    ["SELECT fn.total(weight), id FROM patients", /id is neither grouped nor aggregated/],
    ["SELECT fn.total(weight) + id FROM patients", /id is neither grouped nor aggregated/],
    ["SELECT fn.labelled(ssn, state) FROM patients", /state is neither grouped nor aggregated/],
    ["SELECT fn.labelled(MAX(ssn), 'x') FROM patients", /Aggregations of aggregations/],
    // Of two calls over rows none is known to give what the other does.
    ["SELECT fn.count(ssn) AS x, fn.count(ssn) AS x FROM patients ORDER BY x", /ambiguous/],
    ["SELECT fn.js_total(weight) AS x, fn.js_total(weight) AS x FROM patients ORDER BY x", /ambiguous/],
    ["SELECT fn.up(*) FROM patients", /takes values alone/],
    ["SELECT fn.up(e -> e) FROM patients", /takes values alone/],
    ["SELECT fn.unnamed(ssn) FROM patients", /a type the gateway doesn't know/],
    ["SELECT fn.odd(ssn) FROM patients", /a type the gateway doesn't know/],
    ["SELECT fn.alike()", /looks like another name/],
    ["SELECT fn.js_two(ssn) FROM patients", /takes 2 arguments/],
    ["SELECT fn.js(1)", /doesn't coerce/],
  ];
  for (const [sql, message] of REFUSED) test(sql, () => assert.match(clinic.refusal(sql)?.message ?? "", message));
});
