/** Queries that have no row, whatever is in any table: tools ask them for the columns' names and types. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { flows, planOf, reads, writes } from "./testing/clinic.ts";

describe("a query without any row", () => {
  for (const sql of [
    "SELECT ssn, name FROM patients LIMIT 0",
    "SELECT ssn, name FROM patients ORDER BY ssn LIMIT 0 OFFSET 3",
    "SELECT ssn, name FROM patients WHERE FALSE",
    "SELECT ssn, name FROM patients WHERE NULL",
    "SELECT ssn, name FROM patients WHERE 1 = 0",
    "SELECT ssn, name FROM patients WHERE state = 'x' AND 1 = 0",
    "SELECT ssn, name FROM patients WHERE FALSE OR 1 = 0",
    "SELECT ssn, MAX(name) AS name FROM patients WHERE FALSE GROUP BY ssn",
    "FROM patients |> LIMIT 0 |> SELECT ssn, name",
    "FROM patients |> WHERE FALSE |> ORDER BY ssn |> SELECT ssn, name",
    "WITH c AS (SELECT ssn, name FROM patients LIMIT 0) SELECT ssn, name FROM c WHERE ssn > '5'",
    "SELECT ssn, name FROM (SELECT * FROM patients LIMIT 0)",
    "(SELECT ssn, name FROM patients LIMIT 0) UNION ALL SELECT ssn, name FROM patients WHERE 1 = 2",
  ]) {
    test(`shows nothing: ${sql}`, () => assert.deepEqual(flows(sql), ["ssn =", "name ="]));
  }

  test("shows nothing of STRUCTs and arrays either", () => {
    const [address, visits] = planOf("SELECT address, visits FROM patients LIMIT 0").outputs;
    assert.deepEqual(
      [address, visits]
        .flatMap((o) => [o, ...(o?.fields ?? [])])
        .flatMap((o) => [...(o?.explicit ?? []), ...(o?.implicit ?? [])]),
      [],
    );
    assert.equal(address?.fields?.length, 2);
  });

  test("is read all the same, and what is computed for it can fail", () => {
    assert.deepEqual(reads("SELECT name FROM patients WHERE ssn = '1' LIMIT 0"), ["name: output", "ssn: predicate"]);
    assert.deepEqual(reads("SELECT CAST(ssn AS INT64) AS n FROM patients LIMIT 0"), ["ssn: output predicate"]);
    assert.deepEqual(reads("SELECT CAST(ssn AS INT64) AS n FROM patients WHERE FALSE"), ["ssn: output predicate"]);
    assert.deepEqual(reads("FROM patients |> WHERE FALSE |> SELECT ssn"), ["ssn: output"]);
  });

  test("writes nothing of what it reads", () => {
    assert.deepEqual(writes("CREATE TABLE t AS SELECT ssn, name FROM patients WHERE FALSE"), ["create t: ssn; name"]);
    assert.deepEqual(writes("INSERT INTO pair (a) SELECT ssn FROM patients WHERE state = 'x' LIMIT 0"), [
      "append pair: a",
    ]);
  });

  test("takes nothing from what stands beside it", () => {
    const union = "(SELECT ssn AS s FROM patients LIMIT 0) UNION ALL SELECT name FROM patients WHERE state = 'x'";
    assert.deepEqual(flows(union), ["s = copy name ? state"]);
    const value =
      "SELECT name, (SELECT p.ssn FROM pair LIMIT 0) AS s, EXISTS(SELECT 1 FROM pair LIMIT 0) AS e FROM patients p";
    assert.deepEqual(flows(value), ["name = copy name", "s =", "e ="]);
    assert.deepEqual(flows("SELECT p.ssn FROM patients p LEFT JOIN (SELECT a FROM pair LIMIT 0) q ON q.a = p.name"), [
      "ssn = copy ssn ? name",
    ]);
  });
});

describe("a query that may have rows", () => {
  for (const [sql, expected] of [
    ["SELECT ssn FROM patients LIMIT 1", ["ssn = copy ssn"]],
    ["SELECT ssn FROM patients WHERE TRUE", ["ssn = copy ssn"]],
    ["SELECT ssn FROM patients WHERE 1 = 1", ["ssn = copy ssn"]],
    ["SELECT ssn FROM patients WHERE NOT FALSE", ["ssn = copy ssn"]],
    ["SELECT ssn FROM patients WHERE FALSE OR state = 'x'", ["ssn = copy ssn ? state"]],
    ["SELECT ssn FROM patients WHERE 'a' = 'A'", ["ssn = copy ssn"]],
    // One row of no row, with what stands around.
    [
      "SELECT (SELECT ANY_VALUE(p.ssn || a) FROM pair WHERE FALSE) AS s FROM patients p",
      ["s = transform pair.a, transform ssn"],
    ],
    ["SELECT COUNT(*) AS n FROM patients WHERE FALSE", ["n = aggregate *"]],
    [
      "SELECT state, COUNT(*) AS n FROM patients WHERE FALSE GROUP BY ROLLUP (state)",
      ["state = copy state ? state", "n = aggregate * ? state"],
    ],
    ["SELECT COUNT(*) AS n FROM patients WHERE FALSE GROUP BY ALL", ["n = aggregate *"]],
    ["FROM patients |> WHERE FALSE |> AGGREGATE COUNT(*) AS n", ["n = aggregate *"]],
    ["FROM patients |> SELECT ssn |> LIMIT 0 |> UNION ALL (SELECT name FROM patients)", ["ssn = copy name, copy ssn"]],
    ["FROM pair |> SELECT a |> LIMIT 0 |> RIGHT JOIN patients AS p ON TRUE |> SELECT p.ssn", ["ssn = copy ssn"]],
  ] as const) {
    test(`shows what it did: ${sql}`, () => assert.deepEqual(flows(sql), expected));
  }
});
