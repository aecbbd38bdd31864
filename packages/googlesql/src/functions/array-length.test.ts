import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "../parser/parse.ts";
import { reads } from "../testing/clinic.ts";
import { isWithin } from "./array-length.ts";

/** Whether what `value` is made of decides whether the query that shows it fails. */
const fails = (value: string, from = "FROM patients GROUP BY state"): boolean =>
  reads(`SELECT ${value} AS x ${from}`).some((line) => /(?:ssn|id|tags)\b.*predicate/.test(line));

const EACH = "FROM patients";

describe("an element that is certain to be there:", () => {
  for (const [value, from] of [
    ["ARRAY_AGG(ssn ORDER BY state DESC LIMIT 1)[OFFSET(0)]"],
    ["ARRAY_AGG(ssn)[ORDINAL(1)]"],
    ["ARRAY_AGG(ssn RESPECT NULLS)[0]", EACH],
    ["ARRAY_AGG(ssn) OVER ()[SAFE_OFFSET(7)]", EACH],
    ["ARRAY_AGG(STRUCT(ssn, id) LIMIT 1)[OFFSET(0)].ssn"],
    ["ARRAY_AGG(ssn IGNORE NULLS)[SAFE_OFFSET(0)]"],
    ["SPLIT(ssn, '-')[OFFSET(0)]", EACH],
    ["SPLIT(ssn)[0]", EACH],
    ["[ssn, ssn][ORDINAL(2)]", EACH],
    ["[ssn][SAFE_OFFSET(4)]", EACH],
  ] as const)
    test(value, () => assert.ok(!fails(value, from)));
});

describe("an element that may be missing, or an ARRAY that may hold NULL in a result:", () => {
  for (const [value, from] of [
    ["ARRAY_AGG(ssn)[OFFSET(1)]"],
    ["ARRAY_AGG(ssn)[ORDINAL(0)]"],
    // Of NULL alone it may be empty.
    ["ARRAY_AGG(ssn IGNORE NULLS)[OFFSET(0)]"],
    ["ARRAY_AGG(ssn LIMIT 0)[OFFSET(0)]"],
    ["ARRAY_AGG(ssn WHERE ssn > '5')[OFFSET(0)]"],
    ["ARRAY_AGG(ssn)"],
    ["IF(TRUE, ARRAY_AGG(ssn), NULL)"],
    ["[ARRAY_AGG(ssn)[OFFSET(0)]]"],
    ["ARRAY_AGG([STRUCT([ssn] AS x)][OFFSET(0)])[OFFSET(0)]"],
    ["APPROX_QUANTILES(id, 4 RESPECT NULLS)"],
    ["SPLIT(ssn, '-')[OFFSET(1)]", EACH],
    ["SPLIT(ssn, '')[OFFSET(0)]", EACH],
    ["SPLIT(ssn, state)[OFFSET(0)]", EACH],
    ["SPLIT(CAST(CAST(ssn AS INT64) AS STRING))[OFFSET(0)]", EACH],
    ["[1, 2][OFFSET(id)]", EACH],
    ["[ssn][OFFSET(1)]", EACH],
    ["tags[OFFSET(0)]", EACH],
    ["[ssn]", EACH],
    ["ARRAY_CONCAT([ssn], [name])", EACH],
    ["ARRAY_REVERSE([ssn])[OFFSET(0)]", EACH],
  ] as const)
    test(value, () => assert.ok(fails(value, from)));
});

describe("an ARRAY that is only taken apart can hold NULL:", () => {
  for (const [value, from] of [
    ["ARRAY_TO_STRING([ssn, name], ' ')", EACH],
    ["ARRAY_LENGTH(ARRAY_AGG(ssn))"],
    ["ARRAY_LENGTH(ARRAY(SELECT ssn))", EACH],
    ["ssn IN UNNEST([ssn, name])", EACH],
    ["(SELECT ANY_VALUE(x) FROM UNNEST([ssn, name]) AS x)", EACH],
  ] as const)
    test(value, () => assert.ok(!fails(value, from)));
});

// Quantiles tell of their values' order whether or not they fail.
describe("as written, an element is there or may not be:", () => {
  const within = (value: string): boolean => {
    const [statement] = parse(`SELECT ${value}`).statements;
    if (statement?.kind !== "QueryStatement" || statement.query.body.kind !== "Select") assert.fail("no SELECT");
    const [item] = statement.query.body.items;
    if (item?.kind !== "SelectExpression" || item.expression.kind !== "Subscript") assert.fail("no subscript");
    return isWithin(item.expression);
  };
  const cases: Readonly<Record<string, boolean>> = {
    "APPROX_QUANTILES(id, 4)[OFFSET(4)]": true,
    "APPROX_QUANTILES(id, 100 RESPECT NULLS)[ORDINAL(101)]": true,
    "APPROX_QUANTILES(id, 4)[OFFSET(5)]": false,
    "APPROX_QUANTILES(id, 4)[ORDINAL(0)]": false,
    "APPROX_QUANTILES(id, 4)[OFFSET(-1)]": false,
    "APPROX_QUANTILES(id, x)[OFFSET(0)]": false,
    "fn.APPROX_QUANTILES(id, 4)[OFFSET(0)]": false,
    "SPLIT.fn(id)[OFFSET(0)]": false,
    "ARRAY_AGG(id)[OFFSET(0)]": true,
    "ARRAY_AGG(id WHERE id > 1)[OFFSET(0)]": false,
    "ARRAY_AGG(id HAVING MAX x)[OFFSET(0)]": false,
    "ARRAY_AGG(id LIMIT 1)[OFFSET(x)]": false,
    "APPROX_QUANTILES(id, 4)[OFFSET(1.5)]": false,
    "APPROX_QUANTILES(id, 4.5)[OFFSET(0)]": false,
    "APPROX_QUANTILES(id)[OFFSET(0)]": false,
    "ARRAY_AGG(id LIMIT @n)[OFFSET(0)]": false,
  };
  for (const [value, expected] of Object.entries(cases)) test(value, () => assert.equal(within(value), expected));
});
