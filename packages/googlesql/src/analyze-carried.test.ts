/** What decides, and that rows exist, carried through each construct that makes rows or values of others. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { flows, planOf, reads, results } from "./testing/clinic.ts";

type Leak = readonly [sql: string, ...lines: string[]];

function table(title: string, leaks: readonly Leak[], of = flows): void {
  describe(title, () => {
    for (const [sql, ...lines] of leaks) test(sql, () => assert.deepEqual(of(sql), lines));
  });
}

table("what decided over rows decides over what is made of them", [
  [
    "SELECT x.id FROM (SELECT id FROM patients WHERE name = 'x') AS x JOIN (SELECT id FROM encounters WHERE kind = 'q') AS e USING (id)",
    "id = copy id ? encounters.id, encounters.kind, id, name",
  ],
  ["FROM patients |> WHERE name = 'x' |> SELECT state |> DISTINCT", "state = copy state ? name, state"],
  ["(SELECT state FROM patients WHERE name = 'x') ORDER BY state LIMIT 1", "state = copy state ? name, state"],
  [
    "SELECT m FROM (SELECT * FROM patients WHERE state = 's') MATCH_RECOGNIZE (PARTITION BY id ORDER BY born MEASURES COUNT(*) AS m PATTERN (a) DEFINE a AS name = 'x')",
    "m = transform * ? born, id, name, state",
  ],
  [
    "SELECT u FROM (SELECT id, name, state FROM patients WHERE ssn = 'x') UNPIVOT INCLUDE NULLS (u FOR k IN (name, state))",
    "u = copy name, copy state ? ssn",
  ],
  [
    "SELECT distance FROM VECTOR_SEARCH((SELECT [weight] AS v FROM patients WHERE name = 'x'), 'v', query_value => [1.5])",
    "distance = transform weight ? name, weight",
  ],
]);

table("that rows exist goes with them", [
  [
    "SELECT EXISTS (SELECT 1 FROM (SELECT id, state FROM patients) PIVOT (COUNT(*) FOR state IN ('x'))) AS e",
    "e = transform * ? id",
  ],
  [
    "SELECT COUNT(*) AS n FROM (SELECT * FROM patients) MATCH_RECOGNIZE (PARTITION BY id ORDER BY born MEASURES COUNT(*) AS m PATTERN (a) DEFINE a AS name = 'x')",
    "n = aggregate * ? born, id, name",
  ],
]);

table("each part of an expression is in its value", [
  ["SELECT doc[name] AS v FROM patients", "v = transform doc, transform name"],
  ["SELECT CAST(born AS STRING FORMAT name) AS v FROM patients", "v = transform born, transform name"],
  ["SELECT SAFE_CAST(name AS DATE FORMAT state) AS v FROM patients", "v = transform name, transform state"],
  ["SELECT ARRAY_INCLUDES(tags, e -> TRUE) AS v FROM patients", "v = transform tags"],
  [
    "SELECT ARRAY_INCLUDES(visits, e -> e.code = 'x') AS v FROM patients",
    "v = transform visits, transform visits.code",
  ],
  ["SELECT ARRAY_AGG(ssn ORDER BY name) OVER () AS v FROM patients", "v = copy ssn ? name"],
]);

table(
  "what can fail by a column reads it as a predicate, and what changes a table reads that it has rows",
  [
    [
      "FROM patients |> SET id = CAST(ssn AS INT64) |> SELECT state, (state = 'x' AND id > 1) AS y",
      "ssn: output predicate",
      "state: output predicate",
    ],
    [
      "SELECT 1 AS x FROM ML.PREDICT(MODEL ehr.risk, (SELECT weight, state FROM patients))",
      "state: predicate",
      "weight: predicate",
      "risk.*: predicate",
    ],
    ["UPDATE pair SET a = 'x' WHERE TRUE", "pair.*: predicate"],
    ["UPDATE pair SET a = 'q' FROM patients WHERE b = 'z'", "pair.*: predicate", "pair.b: predicate", "*: predicate"],
    ["MERGE pair USING (SELECT 1 AS x) ON TRUE WHEN NOT MATCHED THEN INSERT (a) VALUES ('x')", "pair.*: predicate"],
    ["CREATE ROW ACCESS POLICY p ON ehr.pair GRANT TO ('user:a@b.c') FILTER USING (TRUE)", "pair.*: predicate"],
  ],
  reads,
);

test("the depth of a recursion is a number of the query's own making too", () => {
  const sql =
    "WITH RECURSIVE r AS (SELECT id AS n FROM patients UNION ALL SELECT n + 1 FROM r WHERE n < 5) WITH DEPTH SELECT depth FROM r";
  assert.deepEqual(flows(sql), ["depth = transform * ? id"]);
  assert.equal(planOf(sql).outputs[0]?.constant, true);
});

test("an error of a row access policy's statement may quote rows of its table", () => {
  const sql =
    "DECLARE m STRING; BEGIN CREATE ROW ACCESS POLICY p ON ehr.pair GRANT TO ('user:a@b.c') FILTER USING (a = 'x'); EXCEPTION WHEN ERROR THEN SET m = @@error.message; END; SELECT m";
  assert.deepEqual(results(sql), ["m = transform pair.*, transform pair.a"]);
});
