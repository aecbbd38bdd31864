/** EXISTS asks whether there is a row: how rows are grouped, told apart and ordered is nothing to it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { flows, reads } from "./testing/clinic.ts";

const exists = (query: string): readonly string[] => flows(`SELECT EXISTS(${query}) AS x`);

describe("EXISTS is decided by", () => {
  const cases: Readonly<Record<string, string>> = {
    // What leaves rows out.
    "SELECT ssn FROM patients WHERE name = 'x'": "transform * ? name",
    "SELECT ssn FROM patients JOIN encounters USING (id)": "transform encounters.*, transform * ? encounters.id, id",
    "SELECT state FROM patients GROUP BY state HAVING COUNT(ssn) > 1": "transform * ? ssn, state",
    "SELECT state FROM patients GROUP BY ssn, state HAVING COUNT(*) > 1": "transform * ? *, ssn, state",
    "SELECT DISTINCT state FROM patients QUALIFY ROW_NUMBER() OVER (ORDER BY ssn) > 3": "transform * ? *, ssn, state",
    "SELECT state FROM patients GROUP BY state LIMIT 1 OFFSET 3": "transform * ? state",
    "SELECT DISTINCT state FROM patients ORDER BY state LIMIT 2 OFFSET 1": "transform * ? state",
    "FROM patients |> WHERE name = 'x' |> SELECT ssn": "transform * ? name",
    "FROM patients |> AGGREGATE COUNT(ssn) AS n GROUP BY state |> WHERE n > 1": "transform * ? ssn, state",
    "FROM pair |> DISTINCT |> ORDER BY a |> LIMIT 1 OFFSET 3": "transform pair.* ? pair.a, pair.b",
    "SELECT a FROM pair WHERE b = 'x' UNION ALL SELECT ssn FROM patients": "transform pair.*, transform * ? pair.b",
    // What doesn't.
    "SELECT ssn FROM patients ORDER BY ssn": "transform *",
    "SELECT ssn FROM patients WHERE name = 'x' ORDER BY ssn LIMIT 1": "transform * ? name",
    "SELECT DISTINCT ssn FROM patients": "transform *",
    "SELECT state FROM patients GROUP BY state, ssn ORDER BY MAX(name)": "transform *",
    "SELECT state, COUNT(*) AS n FROM patients GROUP BY ALL": "transform *",
    "SELECT COUNT(*) FROM patients WHERE ssn = '1'": "",
    "FROM patients |> WHERE name = 'x' |> ORDER BY ssn |> SELECT DISTINCT state |> LIMIT 5": "transform * ? name",
    "FROM pair |> EXTEND UPPER(a) AS u |> DISTINCT |> ORDER BY u |> DROP u": "transform pair.*",
    "FROM patients |> AGGREGATE COUNT(ssn) AS n GROUP BY state": "transform *",
    "FROM patients |> WHERE name = 'x' |> AGGREGATE COUNT(ssn) AS n": "",
    "(SELECT ssn FROM patients ORDER BY ssn) ORDER BY ssn LIMIT 1": "transform *",
  };
  for (const [query, expected] of Object.entries(cases)) {
    test(query, () => assert.deepEqual(exists(query), [`x = ${expected}`.trimEnd()]));
  }

  test("what can fail is asked of all the same", () => {
    assert.deepEqual(reads("SELECT EXISTS(SELECT 1 FROM patients ORDER BY CAST(ssn AS INT64)) AS x"), [
      "*: output",
      "ssn: predicate",
    ]);
  });

  test("in FROM a query's order may matter to who takes the first of its rows", () => {
    assert.deepEqual(exists("SELECT 1 FROM (SELECT ssn FROM patients ORDER BY name LIMIT 3) WHERE ssn > '5'"), [
      "x = transform * ? name, ssn",
    ]);
  });
});
