import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { CsvForm } from "./csv-rows.ts";
import { RowThread } from "./row-thread.ts";
import { type AskedRows, RowsAsLines } from "./rows-as-lines.ts";
import { MOST_ROW_CHARACTERS } from "./whole-rows.ts";

const FIELDS = [
  { name: "id", type: "INTEGER" },
  { name: "word", type: "STRING" },
];
const FORM: CsvForm = {
  fieldDelimiter: undefined,
  quote: undefined,
  skipLeadingRows: 0,
  nullMarker: "",
  allowQuotedNewlines: true,
  allowJaggedRows: false,
  ignoreUnknownValues: false,
};
const rest = { fields: FIELDS, ignoreUnknownValues: false, maxBadRecords: 0, mostHeld: 0, mostWritten: 100_000_000 };
const JSON_ROWS: AskedRows = { ...rest, format: { kind: "json" }, jsonTexts: false };
const csv = (form: Partial<CsvForm> = {}, more: Partial<AskedRows> = {}): AskedRows => ({
  ...rest,
  format: { kind: "csv", columns: FIELDS, form: { ...FORM, ...form } },
  jsonTexts: true,
  ...more,
});

const all = (lines: Iterable<string>) => [...lines].join("");

/** The lines, or what is wrong, of a file cut into pieces of this size. */
function read(asked: AskedRows, file: Buffer, size: number): string {
  const rows = new RowsAsLines(asked);
  try {
    let lines = "";
    for (let at = 0; at < file.length; at += size) lines += all(rows.add(file.subarray(at, at + size)));
    return lines + all(rows.end());
  } catch (error) {
    assert.equal((error as Error).name, "UploadError", String(error));
    return (error as Error).message;
  }
}

const FILES: readonly (readonly [
  what: string,
  asked: AskedRows,
  file: string | Buffer,
  gives: RegExp | readonly object[],
])[] = [
  [
    "plain rows",
    csv(),
    "1,a\n2,b",
    [
      { id: "1", word: "a" },
      { id: "2", word: "b" },
    ],
  ],
  [
    "CRLF, and quotes that hold lines, quotes and delimiters",
    csv(),
    '1,"a\r\n""b"",\n\n"\r\n2,""\r\n3,é€😀\r\n',
    [
      { id: "1", word: 'a\r\n"b",\n\n' },
      { id: "2", word: "" },
      { id: "3", word: "é€😀" },
    ],
  ],
  ["NULLs", csv(), "1,\n,b\n", [{ id: "1" }, { word: "b" }]],
  [
    "another quote, and a header with lines in it",
    csv({ quote: "'", skipLeadingRows: 2 }),
    "'i\nd',w\nx,'y\n'\n1,'a\nb'\n2,\"\n",
    [
      { id: "1", word: "a\nb" },
      { id: "2", word: '"' },
    ],
  ],
  [
    "no quotes",
    csv({ quote: "" }),
    '1,"a\n2,b"\n',
    [
      { id: "1", word: '"a' },
      { id: "2", word: 'b"' },
    ],
  ],
  ["jagged rows", csv({ allowJaggedRows: true }), "1\n2,b\n", [{ id: "1" }, { id: "2", word: "b" }]],
  [
    "JSON",
    JSON_ROWS,
    '{"id":9007199254740993,"WORD":"a\\nb"}\r\n\n {"word":"é😀"} \n{}\n',
    [{ id: "9007199254740993", word: "a\nb" }, { word: "é😀" }, {}],
  ],
  [
    "a bad record that may be left out",
    csv({}, { maxBadRecords: 1 }),
    "1,a\nx,b\n3,c\n",
    [
      { id: "1", word: "a" },
      { id: "3", word: "c" },
    ],
  ],
  ["one more than may be left out", csv({}, { maxBadRecords: 1 }), "x,a\ny,b\n", /^Row 2, field id: Cannot convert/],
  [
    "a row that doesn't fit",
    csv(),
    `${"1,a\n".repeat(50)}secret,b\n`,
    /^Row 51, field id: Cannot convert value to int64\.$/,
  ],
  ["an integer of more than 64 bits", csv(), "9223372036854775808,b\n", /^Row 1, field id: Cannot convert/],
  ["a stray quote", csv(), '1,a\n2,b"secret\n3,"c"\n4,d\n', /^The file is not CSV .* by line 2\.$/],
  ["a quote that closes in a field", csv(), '1,a\n2,"b"secret\n3,c\n', /^The file is not CSV .* by line 2\.$/],
  ["a quote that isn't closed", csv(), '1,a\n2,"secret\n3,c\n', /^The file is not CSV .* by line \d\.$/],
  ["a lone CR", csv(), "1,a\n2,secret\rx\n", /^Line 2 has a control character/],
  ["a field too many", csv(), "1,a\n2,b,secret\n", /^Row 2 has more fields/],
  ["an empty line", csv(), "1,a\n\n2,b\n", /^Row 2 is an empty line/],
  ["half a character at the end", csv(), Buffer.from("1,é").subarray(0, 3), /^The upload is not UTF-8\.$/],
  ["no UTF-8", csv(), Buffer.from("1,a\n2,\xe9b\n", "latin1"), /^The upload is not UTF-8\.$/],
  ["gzip", csv(), Buffer.from([0x1f, 0x8b, 8, 0]), /^The upload is compressed/],
  ["a byte order mark", csv(), "\ufeff1,a\n", /^The upload begins with a byte order mark/],
  ["UTF-16", csv(), Buffer.from("\ufeff1,a\n", "utf16le"), /^The upload is UTF-16/],
  ["what isn't JSON", JSON_ROWS, '{"id":1}\n{"word":"secret"\n', /^Row 2 is not JSON\.$/],
  [
    "a member that isn't there",
    JSON_ROWS,
    '{"secret":1}\n',
    /^Row 1: The row has a member that the table has no field for\.$/,
  ],
  [
    "a member twice",
    JSON_ROWS,
    '{"word":"secret","Word":"b"}\n',
    /^Row 1, field word: The row has this field twice\.$/,
  ],
  ["a member twice, written alike", JSON_ROWS, '{"id":1}\n{"id":2,"id":3}\n', /^Row 2 has a member twice\.$/],
  ["a member twice, by an escape", JSON_ROWS, '{"id":2,"\\u0069d":3}\n', /^Row 1 has a member twice\.$/],
  [
    "colons, quotes and backslashes within texts",
    JSON_ROWS,
    '{"id":1,"word":"a:\\"b\\":\\\\"}\n{ "id" : 2 , "word":"::"}\n',
    [
      { id: "1", word: 'a:"b":\\' },
      { id: "2", word: "::" },
    ],
  ],
  ["a list", JSON_ROWS, "[1]\n", /^Row 1: A row is an object\.$/],
];

describe("a file that comes in parts, as lines of JSON", () => {
  for (const [what, asked, file, gives] of FILES)
    it(`is the same wherever it is cut: ${what}`, () => {
      const bytes = typeof file === "string" ? Buffer.from(file) : file;
      const whole = read(asked, bytes, bytes.length);
      if (gives instanceof RegExp) assert.match(whole, gives);
      else
        assert.deepEqual(
          whole
            .split("\n")
            .filter((line) => line !== "")
            .map((line) => JSON.parse(line)),
          gives,
        );
      assert.doesNotMatch(whole, /secret/);
      for (let size = 1; size < bytes.length; size++)
        assert.equal(read(asked, bytes, size), whole, `pieces of ${size}`);
    });

  it("is read as csv-parse reads it whole, whatever it holds and wherever it is cut", () => {
    const text = fc.string({
      unit: fc.constantFrom('"', '"', ",", "\n", "\r\n", "a", "1", "é", "😀", " "),
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), fc.boolean(), (file, size, jagged) => {
        const asked = csv(
          { allowJaggedRows: jagged, ignoreUnknownValues: true },
          { fields: [{ name: "id", type: "STRING" }, FIELDS[1] ?? assert.fail()] },
        );
        const bytes = Buffer.from(file);
        const [whole, cut] = [read(asked, bytes, Math.max(1, bytes.length)), read(asked, bytes, size)];
        // Where two things are wrong, which is found first may differ.
        if (whole.startsWith("{") || whole === "") assert.equal(cut, whole);
        else assert.ok(!cut.startsWith("{"), cut);
      }),
      { numRuns: 3000 },
    );
  });

  it("holds no row longer than it may, and doesn't look at it again and again", () => {
    const rows = new RowsAsLines(csv());
    const part = Buffer.from('","'.repeat(20_000));
    const start = performance.now();
    assert.throws(
      () => {
        all(rows.add(Buffer.from('1,"')));
        for (let size = 0; size <= 2 * MOST_ROW_CHARACTERS; size += part.length) all(rows.add(part));
      },
      (error: Error) => error.name === "UploadError" && /A row is longer|not CSV/.test(error.message),
    );
    assert.ok(performance.now() - start < 5000);
  });

  it("is as much work as there is in it, for however many columns", () => {
    const fields = Array.from({ length: 8000 }, (_, i) => ({ name: `c${i}`, type: "STRING" }));
    const format = { kind: "csv", columns: fields, form: { ...FORM, allowJaggedRows: true } } as const;
    const start = performance.now();
    for (const [asked, file] of [
      [csv({}, { fields, format }), "x\n".repeat(40_000)],
      [{ ...JSON_ROWS, fields }, "{}\n".repeat(40_000)],
    ] as const) {
      const rows = new RowsAsLines(asked);
      assert.ok(all(rows.add(Buffer.from(file))).length < 20 * file.length);
      assert.equal(rows.rows, 40_000);
    }
    assert.ok(performance.now() - start < 10_000);
  });

  it("writes no line for more values than are read at once", () => {
    const inner = Array.from({ length: 1000 }, (_, n) => ({ name: `f${n}`, type: "STRING" }));
    const rows = new RowsAsLines({ ...JSON_ROWS, fields: [{ name: "r", type: "RECORD", fields: inner }] });
    assert.throws(() => all(rows.add(Buffer.from('{"r":{}}\n'.repeat(1000)))), /more values than are read at once/);
  });
});

async function taken(lines: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const part of lines) text += Buffer.from(part).toString();
  return text;
}

describe("a file read in a thread as it comes", () => {
  it("gives its lines, and counts its rows", async () => {
    const thread = new RowThread(csv());
    let lines = "";
    for (let n = 0; n < 30; n++) lines += await taken(thread.add(Buffer.from(`${n},"${"w".repeat(7000)}"\n`)));
    assert.ok(lines.length > 60_000);
    lines += await taken(thread.end());
    assert.equal(thread.rows, 30);
    assert.deepEqual(
      lines
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).id),
      Array.from({ length: 30 }, (_, n) => String(n)),
    );
    await thread.close();
  });

  it("ends with what is wrong, once and for all", async () => {
    const thread = new RowThread(csv());
    await assert.rejects(
      taken(thread.add(Buffer.from(`x,"${"w".repeat(70_000)}"\n`))),
      /^UploadError: Row 1, field id/,
    );
    await assert.rejects(taken(thread.end()), /^UploadError: Row 1, field id/);
    await thread.close();
    await assert.rejects(taken(thread.end()), { name: "UploadError" });
  });
});
