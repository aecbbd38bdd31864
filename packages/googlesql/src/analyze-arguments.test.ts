/** What a call is given: which of its arguments are values, and which calls are the same. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { flows, refusalOf } from "./testing/clinic.ts";

/** Whether the second is the key that the rows are grouped by. */
function isSame(one: string, other: string, table: string): boolean {
  const sql = `SELECT ${one} AS x FROM ${table} GROUP BY ${other}`;
  const refusal = refusalOf(sql);
  if (refusal === undefined) return true;
  assert.equal(refusal.code, "name", `${sql}: ${refusal.message}`);
  assert.match(refusal.message, /neither grouped nor aggregated/, sql);
  return false;
}

describe("a call is the key where it", () => {
  const cases: readonly (readonly [one: string, other: string, same: boolean, table?: string])[] = [
    ["UPPER(ssn)", "UPPER(ssn)", true],
    ["UPPER(ssn)", "UPPER(name)", false],
    ["UPPER(p.ssn)", "UPPER(p.name)", false, "patients AS p"],
    ["NORMALIZE(ssn, NFC)", "NORMALIZE(ssn, nfc)", true],
    ["NORMALIZE(ssn, NFC)", "NORMALIZE(ssn, NFD)", false],
    ["DATE_TRUNC(born, MONTH)", "DATE_TRUNC(born, MONTH)", true],
    ["DATE_TRUNC(born, MONTH)", "DATE_TRUNC(born, YEAR)", false],
    ["DATE_TRUNC(born, WEEK(MONDAY))", "DATE_TRUNC(born, WEEK(MONDAY))", true],
    ["DATE_TRUNC(born, WEEK(MONDAY))", "DATE_TRUNC(born, WEEK(SUNDAY))", false],
    ["DATE_TRUNC(born, WEEK(MONDAY))", "DATE_TRUNC(born, WEEK)", false],
    ["TIMESTAMP_TRUNC(`at`, DAY, kind)", "TIMESTAMP_TRUNC(`at`, DAY, kind)", true, "encounters"],
    ["TIMESTAMP_TRUNC(`at`, DAY, kind)", "TIMESTAMP_TRUNC(`at`, DAY, 'UTC')", false, "encounters"],
    ["FLOAT64(doc, wide_number_mode => 'exact')", "FLOAT64(doc, Wide_Number_Mode => 'exact')", true],
    ["FLOAT64(doc, wide_number_mode => 'exact')", "FLOAT64(doc, wide_number_mode => 'round')", false],
    ["FLOAT64(doc, wide_number_mode => 'exact')", "FLOAT64(doc)", false],
    ["SEARCH(ssn, 'a', analyzer => 'x')", "SEARCH(ssn, 'a', analyzer => 'x')", true],
    ["SEARCH(ssn, 'a', analyzer => 'x')", "SEARCH(ssn, 'a', json_scope => 'x')", false],
    // Each gives another value.
    ["CONCAT(CAST(RAND() AS STRING), ssn)", "CONCAT(CAST(RAND() AS STRING), ssn)", false],
    ["CONCAT(GENERATE_UUID(), ssn)", "CONCAT(GENERATE_UUID(), ssn)", false],
    ["AEAD.ENCRYPT(b'k', ssn, 'a')", "AEAD.ENCRYPT(b'k', ssn, 'a')", false],
  ];
  for (const [one, other, same, table = "patients"] of cases)
    test(`${one}, by ${other}: ${same}`, () => assert.equal(isSame(one, other, table), same));
});

test("a mode of normalization is one of four words, beside a text", () => {
  for (const mode of ["NFC", "NFKC", "NFD", "NFKD", "nfd"])
    for (const name of ["NORMALIZE", "NORMALIZE_AND_CASEFOLD"])
      assert.deepEqual(flows(`SELECT ${name}(ssn, ${mode}) AS n FROM patients`), ["n = transform ssn"], mode);
  for (const call of [
    "NORMALIZE(ssn, nfx)",
    "NORMALIZE(ssn, NFC.x)",
    "NORMALIZE(ssn, NFC, NFC)",
    "NORMALIZE(NFC)",
    "NORMALIZE(NFC, NFC)",
    "CONCAT(ssn, NFC)",
  ])
    assert.equal(refusalOf(`SELECT ${call} FROM patients`)?.code, "name", call);
  for (const call of ["NORMALIZE(ssn, name)", "NORMALIZE(ssn, 'NFC')"])
    assert.equal(refusalOf(`SELECT ${call} FROM patients`)?.code, "type", call);
});

describe("a type that doesn't fit is refused, and named", () => {
  const cases: readonly (readonly [sql: string, message: string])[] = [
    ["SELECT 1 FROM patients WHERE ssn", "WHERE takes BOOL, not STRING"],
    ["SELECT NOT ssn FROM patients", "NOT takes BOOL, not STRING"],
    ["SELECT TRUE AND ssn FROM patients", "AND takes BOOL, not STRING"],
    ["SELECT ssn OR FALSE FROM patients", "OR takes BOOL, not STRING"],
    ["SELECT doc = doc FROM patients", "No matching signature for = with JSON, JSON"],
    ["SELECT doc < NULL FROM patients", "No matching signature for < with JSON, NULL"],
    [
      "SELECT DATE_DIFF(born, NULL, DAY, 1) FROM patients",
      "No matching signature for function DATE_DIFF(DATE, NULL, a date part, INT64)",
    ],
  ];
  for (const [sql, message] of cases)
    test(sql, () => {
      const refusal = refusalOf(sql);
      assert.deepEqual([refusal?.code, refusal?.message], ["type", message]);
    });
});
