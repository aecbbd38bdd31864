/** What expressions decide by: of which operands and options they are, what can fail in them, how long they are. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import type { Step } from "./explain.ts";
import { CLINIC, DEFAULTS, flows, reads, refusalOf, types } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

const times = (count: number, text: string, between: string): string => Array(count).fill(text).join(between);

/** An expression, and another that isn't the same: grouped by one, the other stands outside aggregates. */
const UNLIKE: readonly (readonly [string, string])[] = [
  ["(ssn = '1') IS NOT FALSE", "(name = '1') IS NOT FALSE"],
  ["INTERVAL id DAY", "INTERVAL id HOUR"],
  ["INTERVAL id DAY", "INTERVAL LENGTH(ssn) DAY"],
  ["INTERVAL ssn DAY TO HOUR", "INTERVAL ssn DAY TO MINUTE"],
  ["-weight", "+weight"],
  ["-weight", "-id"],
  ["CAST(id AS STRING)", "CAST(LENGTH(ssn) AS STRING)"],
  ["CAST(born AS STRING FORMAT 'YYYY')", "CAST(born AS STRING FORMAT 'MM')"],
  ["CAST(born AS STRING FORMAT 'YYYY')", "CAST(born AS STRING)"],
  ["EXTRACT(WEEK(MONDAY) FROM born)", "EXTRACT(WEEK(SUNDAY) FROM born)"],
  ["EXTRACT(WEEK(MONDAY) FROM born)", "EXTRACT(WEEK FROM born)"],
  ["EXTRACT(YEAR FROM born)", "EXTRACT(MONTH FROM born)"],
  // What stands before a key is none.
  ["UPPER(state)", "name || UPPER(state)"],
];

describe("GROUP BY takes an expression that is the same, and no other", () => {
  for (const [key, other] of UNLIKE) {
    test(`${key}, ${other}`, () => {
      const refused = (shown: string) => refusalOf(`SELECT ${shown} AS x, COUNT(*) FROM patients GROUP BY ${key}`);
      assert.equal(refused(key), undefined);
      assert.match(refused(other)?.message ?? "", /neither grouped nor aggregated/);
    });
  }
});

describe("what can fail is a predicate (threat-model row 7)", () => {
  const READS: readonly (readonly [sql: string, ...reads: string[]])[] = [
    // A pattern that isn't written can be none.
    ["SELECT ssn LIKE ANY ('a', 'b%') FROM patients", "ssn: output"],
    ["SELECT ssn LIKE ANY UNNEST(tags) FROM patients", "ssn: output predicate", "tags: output predicate"],
    ["SELECT ssn LIKE ANY (SELECT a FROM pair) FROM patients", "pair.a: output predicate", "ssn: output predicate"],
    ["SELECT 'a' || ssn || name FROM patients", "name: output", "ssn: output"],
    [`SELECT weight + ${times(300, "1", " + ")} FROM patients`, "weight: output"],
    [`SELECT ${times(300, "ssn", " || ")} FROM patients`, "ssn: output predicate"],
    // A FORMAT or a time zone may be none; a cast to what it is can't fail.
    [
      "SELECT CAST(`at` AS STRING FORMAT 'YYYY' AT TIME ZONE kind) AS x FROM encounters",
      "encounters.at: output predicate",
      "encounters.kind: output predicate",
    ],
    ["SELECT CAST(kind AS STRING FORMAT 'x') AS x FROM encounters", "encounters.kind: output predicate"],
    ["SELECT CAST(`at` AS STRING) AS x FROM encounters", "encounters.at: output"],
    ["SELECT CAST(tags AS ARRAY<STRING>) AS x FROM patients", "tags: output"],
    ["SELECT CAST(address AS STRUCT<zip STRING, city STRING>).zip AS x FROM patients", "address.zip: output"],
    [
      "SELECT CAST(address AS STRUCT<a STRING, b STRING>) AS x FROM patients",
      "address.city: output",
      "address.zip: output",
    ],
    [
      "SELECT CAST(address AS STRUCT<a STRING, b INT64>) AS x FROM patients",
      "address.city: output predicate",
      "address.zip: output predicate",
    ],
    [
      "SELECT CAST(address AS STRUCT<a STRING, b STRING(3)>) AS x FROM patients",
      "address.city: output predicate",
      "address.zip: output predicate",
    ],
    [
      "SELECT CAST(ARRAY(SELECT AS STRUCT code FROM UNNEST(visits)) AS ARRAY<STRUCT<c STRING>>) AS x FROM patients",
      "visits: predicate",
      "visits.code: output predicate",
    ],
    // A number has few digits, however long the text was that it was made of, or however many it is a sum of.
    [
      `SELECT ${times(2, "FORMAT('%d', SAFE_CAST(STRING_AGG(ssn) AS INT64))", " || ")} AS x FROM patients`,
      "ssn: output",
    ],
    ["SELECT REPEAT(CAST(weight + 1 + 1 + 1 + 1 AS STRING), 60) AS x FROM patients", "weight: output"],
    // A text of bytes is as long as they are, and in BASE2 eight times as long.
    ["SELECT REPEAT(SAFE_CAST(CAST(ssn AS BYTES) AS STRING), 40) AS x FROM patients", "ssn: output"],
    [
      "SELECT REPEAT(SAFE_CAST(CAST(ssn AS BYTES) AS STRING FORMAT 'BASE2'), 40) AS x FROM patients",
      "ssn: output predicate",
    ],
    // Eight texts of any length beside each other.
    [
      `SELECT STRUCT(STRING_AGG(ssn) AS a, ${times(7, "STRING_AGG(name)", ", ")}).a AS x FROM patients`,
      "name: predicate",
      "ssn: output predicate",
    ],
  ];
  for (const [sql, ...expected] of READS) test(sql.slice(0, 120), () => assert.deepEqual(reads(sql), expected));
});

describe("what is computed and dropped is read", () => {
  const READS: readonly (readonly [sql: string, ...reads: string[]])[] = [
    ["SELECT (SELECT COUNT(*) FROM UNNEST([UPPER(ssn)])) AS x FROM patients", "ssn: predicate"],
    ["SELECT (SELECT b FROM UNNEST([STRUCT(UPPER(ssn) AS a, 1 AS b)])) AS x FROM patients", "ssn: predicate"],
    ["SELECT (SELECT COUNT(*) FROM UNNEST([(UPPER(ssn), 1)])) AS x FROM patients", "ssn: predicate"],
    // The fields have their names from beside it.
    ["SELECT IF(TRUE, address, (UPPER(ssn), 'x')).city FROM patients", "address.city: output", "ssn: predicate"],
  ];
  for (const [sql, ...expected] of READS) test(sql, () => assert.deepEqual(reads(sql), expected));
});

table("a STRUCT is cast field by field", [
  [
    "SELECT CAST(STRUCT(ssn AS a, id AS b) AS STRUCT<a STRING, b STRING>) AS x FROM patients",
    "x = transform id, copy ssn",
  ],
  ["SELECT CAST(address AS STRUCT<zip STRING, city BYTES>).zip AS x FROM patients", "x = copy address.zip"],
  ["SELECT CAST(address AS STRUCT<zip STRING, city BYTES>).city AS x FROM patients", "x = transform address.city"],
  // Of an ARRAY the elements are computed.
  [
    "SELECT CAST(visits AS ARRAY<STRUCT<c STRING, s TIMESTAMP, n STRING>>) AS x FROM patients",
    "x = transform visits.code, transform visits.note, transform visits.seen",
  ],
]);

table("operands of any place", [
  ["SELECT NULL || tags AS x FROM patients", "x = copy tags"],
  ["SELECT tags || NULL AS x FROM patients", "x = copy tags"],
  ["SELECT address = address AS x FROM patients", "x = transform address.city, transform address.zip"],
  ["SELECT address != address AS x FROM patients", "x = transform address.city, transform address.zip"],
  [
    "SELECT EXTRACT(HOUR FROM `at` AT TIME ZONE kind) AS x FROM encounters",
    "x = transform encounters.at, transform encounters.kind",
  ],
]);

describe("types", () => {
  const TYPES: readonly (readonly [sql: string, ...types: string[]])[] = [
    // A number with a sign is a literal, and becomes what stands beside it.
    ["SELECT -1.5 + cost AS x FROM encounters", "x NUMERIC"],
    ["SELECT -weight + cost AS x FROM patients, encounters", "x FLOAT64"],
    ["SELECT ~5 AS x", "x INT64"],
    ["SELECT INTERVAL '1 2' DAY TO HOUR AS x", "x INTERVAL"],
    ["SELECT EXTRACT(DATE FROM `at`) AS x FROM encounters", "x DATE"],
    ["SELECT EXTRACT(TIME FROM `at`) AS x FROM encounters", "x TIME"],
    ["SELECT EXTRACT(DATETIME FROM `at`) AS x FROM encounters", "x DATETIME"],
    ["SELECT EXTRACT(HOUR FROM DATETIME '2020-01-01 00:00:00') AS x", "x INT64"],
    ["SELECT EXTRACT(HOUR FROM TIME '00:00:00') AS x", "x INT64"],
    ["SELECT EXTRACT(DAY FROM INTERVAL 1 DAY) AS x", "x INT64"],
    // A STRUCT or an ARRAY of literals is one too, NULL among them.
    [
      "SELECT [STRUCT('2020-01-01' AS d, NULL AS n), STRUCT(born AS d, id AS n)] AS x FROM patients",
      "x ARRAY<STRUCT<d DATE, n INT64>>",
    ],
    ["SELECT STRUCT<p STRUCT<d DATE>>(STRUCT('2020-01-01')) AS x", "x STRUCT<p STRUCT<d DATE>>"],
    ["SELECT [NULL, '2020-01-01'] || [born] AS x FROM patients", "x ARRAY<DATE>"],
    ["SELECT [] || [ssn] AS x FROM patients", "x ARRAY<STRING>"],
    ["SELECT [] AS x", "x ARRAY<INT64>"],
    ["SELECT ARRAY<DATE>[] || ['2020-01-01'] AS x", "x ARRAY<DATE>"],
  ];
  for (const [sql, ...expected] of TYPES) test(sql, () => assert.deepEqual(types(sql), expected));
});

describe("what is refused", () => {
  const REFUSED: readonly (readonly [sql: string, message: RegExp])[] = [
    ["SELECT address < address FROM patients", /No matching signature for </],
    ["SELECT doc IS DISTINCT FROM doc FROM patients", /No matching signature for IS DISTINCT FROM/],
    ["SELECT ssn IS TRUE FROM patients", /IS TRUE takes BOOL/],
    ["SELECT INTERVAL id DAY TO HOUR FROM patients", /INTERVAL takes STRING/],
    ["SELECT INTERVAL ssn DAY FROM patients", /INTERVAL takes INT64/],
    ["SELECT +9223372036854775808", /out of range/],
    ["SELECT tags + tags FROM patients", /No matching signature for operator \+/],
    ["SELECT doc[OFFSET(0)] FROM patients", /Subscript is not supported on JSON/],
    // A column's STRING is no literal, alone or beside one, nor is what has a type.
    ["SELECT STRUCT<p STRUCT<d DATE>>(STRUCT(name)) FROM patients", /STRUCT field takes/],
    ["SELECT STRUCT<p STRUCT<d DATE, s STRING>>(STRUCT('2020-01-01', name)) FROM patients", /STRUCT field takes/],
    ["SELECT ARRAY<DATE>[name] FROM patients", /The ARRAY takes DATE/],
    ["SELECT [name] || [born] FROM patients", /No matching signature/],
    ["SELECT [name, NULL] || [born] FROM patients", /No matching signature/],
    ["SELECT ARRAY<STRING>['2020-01-01'] || [born] FROM patients", /No matching signature/],
    ["SELECT IF(TRUE, ARRAY<INT64>[], [born]) FROM patients", /No matching signature/],
  ];
  for (const [sql, message] of REFUSED) test(sql, () => assert.match(refusalOf(sql)?.message ?? "", message));
});

test("a name alone is no step of an explanation", () => {
  const sql = "SELECT s.a FROM (SELECT STRUCT(UPPER(ssn) AS a, 1 AS b) AS s FROM patients)";
  const { explanation } = analyze(sql, { catalog: CLINIC, ...DEFAULTS, explain: true });
  const texts = (steps: readonly Step[]): string[] => steps.flatMap(({ text, from }) => [text, ...texts(from)]);
  assert.ok(!texts(explanation?.outputs[0]?.made ?? []).includes("s.a"));
  assert.deepEqual(flows(sql), ["a = transform ssn"]);
});
