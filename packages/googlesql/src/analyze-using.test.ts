/** JOIN … USING of an element or an offset: behind it their name is the column's, as it is of two columns. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refusalOf } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

const SSN = "(SELECT ssn AS x FROM patients) AS q";

table("the name of an element in USING is the column that both sides have", [
  // Rows without such an element have their own value.
  [`SELECT x FROM ${SSN} LEFT JOIN UNNEST(['1', '2']) AS x USING (x)`, "x = copy ssn ? ssn"],
  [`SELECT x FROM UNNEST(['1', '2']) AS x RIGHT JOIN ${SSN} USING (x)`, "x = copy ssn ? ssn"],
  [`SELECT x FROM UNNEST(['1', '2']) AS x FULL JOIN ${SSN} USING (x)`, "x = copy ssn ? ssn"],
  [`FROM ${SSN} |> LEFT JOIN UNNEST(['1', '2']) AS x USING (x) |> SELECT x`, "x = copy ssn ? ssn"],
  [`SELECT UPPER(x) AS u FROM ${SSN} LEFT JOIN UNNEST(['1', '2']) AS x USING (x)`, "u = transform ssn ? ssn"],
  // An element hides the columns beside it.
  [
    "SELECT x FROM (SELECT '1' AS x) AS q, patients AS p, UNNEST([p.ssn]) AS x LEFT JOIN (SELECT '9' AS x) AS r USING (x)",
    "x = copy ssn ? ssn",
  ],
  // Of the left side are the elements.
  [`SELECT x FROM UNNEST(['1', '2']) AS x LEFT JOIN ${SSN} USING (x)`, "x = ? ssn"],
]);

table("the name of a table stays one, whatever USING joins by", [
  ["SELECT a.b FROM pair AS a JOIN (SELECT 'x' AS a) AS q USING (a)", "b = copy pair.b ? pair.a"],
]);

table("the name of an offset in USING is the column that both sides have", [
  [
    "SELECT o FROM (SELECT id AS o FROM patients) AS q LEFT JOIN UNNEST(['1']) AS x WITH OFFSET AS o USING (o)",
    "o = copy id ? id",
  ],
  [
    "FROM UNNEST([1]) AS x WITH OFFSET AS o |> FULL JOIN (SELECT id AS o FROM encounters) AS e USING (o) |> DISTINCT |> SELECT o",
    "o = copy encounters.id ? encounters.id",
  ],
]);

describe("a row that is a STRUCT isn't taken by USING", () => {
  // Behind it BigQuery looks for the names of its fields in the query around.
  const inner =
    "SELECT ssn FROM UNNEST([STRUCT('1' AS ssn)]) AS x JOIN (SELECT STRUCT('1' AS ssn) AS x) AS q USING (x)";
  test(inner, () => assert.match(refusalOf(`SELECT (${inner}) AS s FROM patients`)?.message ?? "", /is a STRUCT/));
});
