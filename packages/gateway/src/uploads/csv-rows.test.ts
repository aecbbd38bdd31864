import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type CsvForm, csvRows } from "./csv-rows.ts";
import { textOf } from "./text.ts";
import { UploadError } from "./upload-error.ts";

const FORM: CsvForm = {
  fieldDelimiter: undefined,
  quote: undefined,
  skipLeadingRows: 0,
  nullMarker: "",
  allowQuotedNewlines: false,
  allowJaggedRows: false,
  ignoreUnknownValues: false,
};
const COLUMNS = [
  { name: "word", type: "STRING" },
  { name: "yes", type: "BOOL" },
];
const STRINGS = ["a", "b"].map((name) => ({ name, type: "STRING" }));
const rows = (text: string, form: Partial<CsvForm> = {}, columns = COLUMNS) =>
  csvRows(text, columns, { ...FORM, ...form }).map((row) => Object.values(row as object));
const refused = (text: string, says: RegExp, form: Partial<CsvForm> = {}, columns = COLUMNS) =>
  assert.throws(
    () => rows(text, form, columns),
    (error: Error) => {
      assert.ok(error instanceof UploadError);
      assert.match(error.message, says);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );

describe("rows of a CSV file", () => {
  it("are read by RFC 4180, an unquoted empty field as NULL", () => {
    assert.deepEqual(rows('x,1\r\n"q""r, s",no\n,\n"",t\n'), [
      ["x", true],
      ['q"r, s', false],
      [null, null],
      ["", true],
    ]);
  });

  it("take another delimiter, quote, header and null marker", () => {
    assert.deepEqual(
      rows("a\tb\n'x\ty'\t\\N\n", { fieldDelimiter: "\t", quote: "'", nullMarker: "\\N", skipLeadingRows: 1 }),
      [["x\ty", null]],
    );
    assert.deepEqual(rows('a"b,no\n"c",no\n', { quote: "" }), [
      ['a"b', false],
      ['"c"', false],
    ]);
  });

  it("keep a value as the text it is, whatever a spreadsheet would make of it", () => {
    const values = ["=1+1", "@SUM(A1)", "+1", "-1", " x ", "\t", "NULL", "__proto__", "ﬁ", "\u202ex"];
    assert.deepEqual(
      rows(values.map((value) => `${value},t`).join("\n")).map(([word]) => word),
      values,
    );
  });

  it("that two readers could take for two things are refused, by line and never by value", () => {
    refused('secret"x,t', /not CSV/);
    refused('"secret"x,t', /not CSV/);
    refused('"secret,t', /not CSV/);
    refused("secret,t\rsecret,t", /Line 1 has a control character/);
    refused("x,t\nsecret\u0000,t", /Line 2 has a control character/);
    refused("secret\u000b,t", /control character/);
    refused('"secret\nx",t', /a line ends within quotes/);
    assert.deepEqual(rows('"a\nb",t', { allowQuotedNewlines: true }), [["a\nb", true]]);
    refused("secret,t\n\n", /Row 2 is an empty line/);
    refused("secret\n\n", /Row 2 is an empty line/, {}, COLUMNS.slice(0, 1));
    refused('"NA",t', /the null marker stands in quotes/, { nullMarker: "NA" });
    refused("secret,t", /fieldDelimiter/, { fieldDelimiter: '"' });
    refused("secret,t", /fieldDelimiter/, { fieldDelimiter: "" });
  });

  it("have as many fields as there are columns, unless the settings say otherwise", () => {
    refused("secret", /Row 1 has fewer fields/);
    refused("secret,t,more", /Row 1 has more fields/);
    assert.deepEqual(rows("x", { allowJaggedRows: true }), [["x", null]]);
    assert.deepEqual(rows("x,t,more", { ignoreUnknownValues: true }), [["x", true]]);
  });

  it("are the same where nothing is quoted as csv-parse makes them", () => {
    const text = fc.string({ unit: fc.constantFrom(",", ",", "\n", "\r\n", "a", "é", " "), maxLength: 30 });
    fc.assert(
      fc.property(text, (file) => {
        // A quoted row behind them has all of them read by csv-parse.
        const ended = file === "" || file.endsWith("\n") ? file : `${file}\n`;
        const read = (csv: string) => {
          try {
            return rows(csv, { allowJaggedRows: true, ignoreUnknownValues: true }, STRINGS);
          } catch (error) {
            return (error as Error).message;
          }
        };
        const [plain, quoted] = [read(ended), read(`${ended}"a",b\n`)];
        assert.deepEqual(typeof quoted === "string" ? plain : [...plain, ["a", "b"]], quoted);
      }),
      { numRuns: 2000 },
    );
  });

  it("are bounded", () => {
    refused("x,t\n".repeat(200_001), /more than BigQuery takes with one statement/);
  });
});

describe("the text of an upload", () => {
  it("is UTF-8 without a mark, or refused by what it is", () => {
    assert.equal(textOf(Buffer.from("é")), "é");
    for (const [bytes, says] of [
      [[0xef, 0xbb, 0xbf, 0x61], /byte order mark/],
      [[0xff, 0xfe, 0x61, 0], /UTF-16/],
      [[0xfe, 0xff, 0, 0x61], /UTF-16/],
      [[0x1f, 0x8b, 8], /compressed/],
      [[0xc0, 0x80], /not UTF-8/],
      [[0xed, 0xa0, 0x80], /not UTF-8/],
      [[0xe9], /not UTF-8/],
    ] as const)
      assert.throws(() => textOf(Uint8Array.from(bytes)), says);
  });
});
