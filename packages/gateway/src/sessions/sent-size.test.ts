/** I10: what rows are made into is bounded, however little was sent for it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TableFieldSchema } from "@chaperone/googlesql";
import { csvRows } from "../uploads/csv-rows.ts";
import { insertOfRows } from "./sent-rows.ts";
import { MOST_VALUES, parseSentJson, type SentValue, TooManyValues } from "./sent-value.ts";

const wide = (count: number, more: object = {}): TableFieldSchema[] =>
  Array.from({ length: count }, (_, i) => ({ name: `c${i}`, type: "STRING", ...more }));
const record = (mode: string): TableFieldSchema => ({ name: "r", type: "RECORD", mode, fields: wide(8000) });
const sent = (fields: readonly TableFieldSchema[], rows: readonly SentValue[]) => () =>
  insertOfRows({ target: "`p.d.t`", fields, rows, ignoreUnknownValues: false, jsonTexts: false });
const rows = (json: string, count: number): SentValue[] => Array.from({ length: count }, () => parseSentJson(json));
const SOON_MS = 20_000;

function atOnce<T>(work: () => T): T {
  const start = performance.now();
  const result = work();
  assert.ok(performance.now() - start < SOON_MS, `it took ${Math.round(performance.now() - start)} ms`);
  return result;
}

describe("rows of a few bytes each, for thousands of columns", () => {
  it("are refused before they are made into more values than one statement takes", () => {
    const full = parseSentJson(JSON.stringify(Object.fromEntries(wide(8000).map(({ name }) => [name, "x"]))));
    const cases: readonly (() => unknown)[] = [
      sent(wide(8000), [full, ...rows("{}", 20_000)]),
      sent([record("NULLABLE")], rows('{"r":{}}', 20_000)),
      sent([record("NULLABLE")], rows('{"r":null}', 20_000)),
      sent([record("REPEATED")], rows(`{"r":[${Array.from({ length: 50_000 }, () => "{}")}]}`, 1)),
    ];
    for (const [index, made] of cases.entries()) atOnce(() => assert.throws(made, TooManyValues, `case ${index}`));
    const form = {
      fieldDelimiter: undefined,
      quote: undefined,
      skipLeadingRows: 0,
      nullMarker: "",
      allowQuotedNewlines: false,
      allowJaggedRows: true,
      ignoreUnknownValues: false,
    };
    atOnce(() => assert.throws(() => csvRows("x\n".repeat(20_000), wide(8000), form), TooManyValues));
  });

  it("cost no more time than their text where they say nothing, or nothing that fits", () => {
    const { statement, errors } = atOnce(sent(wide(8000), rows("{}", 20_000)));
    assert.equal(statement, undefined);
    assert.equal(errors.length, 0);
    assert.equal(atOnce(sent(wide(8000, { mode: "REQUIRED" }), rows("{}", 20_000))).errors.length, 20_000);
    assert.equal(atOnce(sent([record("NULLABLE")], rows('{"r":1}', 20_000))).errors.length, 20_000);
    const members = `{${Array.from({ length: 90_000 }, (_, i) => `"k${i}":1`)}}`;
    assert.equal(atOnce(sent(wide(8000), rows(members, 1))).errors.length, 1);
  });

  it("are written up to that bound", () => {
    const { statement } = sent(wide(10), rows('{"c0":"x"}', MOST_VALUES / 10))();
    assert.match(statement?.sql ?? "", /^INSERT INTO/);
  });
});
