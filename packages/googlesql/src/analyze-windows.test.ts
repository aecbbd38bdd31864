/** What a window has of another that it names, of its frame's bounds, and where no function names it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf } from "./testing/clinic.ts";
import { scriptTable, table } from "./testing/flow-tables.ts";

table("a window that names another has its keys and its order", [
  ["SELECT SUM(id) OVER (v) AS x FROM patients WINDOW w AS (ORDER BY ssn), v AS (w)", "x = transform id ? ssn"],
  ["SELECT SUM(id) OVER v AS x FROM patients WINDOW w AS (ORDER BY ssn), v AS (w)", "x = transform id ? ssn"],
  ["SELECT SUM(id) OVER v AS x FROM patients WINDOW w AS (PARTITION BY ssn), v AS (w)", "x = aggregate id ? ssn"],
  [
    "SELECT SUM(id) OVER (w ORDER BY name) AS x FROM patients WINDOW w AS (PARTITION BY ssn)",
    "x = transform id ? name, ssn",
  ],
  [
    "SELECT SUM(id) OVER w AS x, COUNT(*) OVER w AS n FROM patients WINDOW w AS (ORDER BY ssn)",
    "x = transform id ? ssn",
    "n = transform * ? ssn",
  ],
]);

const BOUND = "DECLARE d INT64 DEFAULT (SELECT id FROM patients WHERE ssn = '1' LIMIT 1);";
const over = (frame: string): string =>
  `SELECT SUM(cost) OVER (ORDER BY eid ROWS BETWEEN ${frame}) AS x FROM encounters`;
const SHOWN = "x = transform encounters.cost ? encounters.eid, id, ssn";

scriptTable("either bound of a frame decides", [
  [`${BOUND} ${over("CURRENT ROW AND d FOLLOWING")}`, SHOWN],
  [`${BOUND} ${over("d PRECEDING AND CURRENT ROW")}`, SHOWN],
]);

test("a window that no function names is resolved all the same", () => {
  assert.match(
    refusalOf("SELECT id FROM patients WINDOW w AS (PARTITION BY nothing)")?.message ?? "",
    /Unrecognized name: nothing/,
  );
});
