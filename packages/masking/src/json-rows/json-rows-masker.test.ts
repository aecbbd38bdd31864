import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Mask, MaskedField } from "../mask-rule.ts";
import { MaskingError } from "../masking-error.ts";
import { everyByte, runMasker } from "../testing/run-masker.ts";
import { TEST_KEYS, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { JsonRowsMasker } from "./json-rows-masker.ts";
import type { Envelope, RowsMaskerOptions } from "./rows-masker.ts";

const text = (name: string, rule: Mask["rule"] = "none"): MaskedField => ({
  name,
  type: "STRING",
  repeated: false,
  mask: { rule, domain: "test" },
});
const list = (field: MaskedField): MaskedField => ({ ...field, repeated: true });
const struct = (name: string, fields: MaskedField[], rule: Mask["rule"] = "none"): MaskedField => ({
  name,
  type: "STRUCT",
  repeated: false,
  mask: { rule },
  fields,
});
const options = (fields: MaskedField[], more: Partial<RowsMaskerOptions> = {}): RowsMaskerOptions => ({
  fields,
  keys: TEST_KEYS,
  now: TEST_NOW,
  ...more,
});
const mask = (response: string, fields: MaskedField[], more: Partial<RowsMaskerOptions> = {}) =>
  runMasker(new JsonRowsMasker(options(fields, more)), response);
const refusal = (code: MaskingError["code"]) => (error: unknown) =>
  error instanceof MaskingError && error.code === code;

describe("maskers of the same columns", () => {
  const fields = [text("a", "token"), text("b", "last4"), struct("s", [text("c", "email")])];
  const response = (cells: string) => `{"rows":[${cells}]}`;
  const row = `{"f":[{"v":"x"},{"v":"12345"},{"v":{"f":[{"v":"a@b.org"}]}}]}`;

  for (const how of ["fast", "exact"] as const) {
    it(`count each for itself, ${how}`, () => {
      const [first, second] = [new JsonRowsMasker(options(fields), how), new JsonRowsMasker(options(fields), how)];
      first.push(Buffer.from(`{"rows":[${row},`));
      second.push(Buffer.from(`{"rows":[${row},${row},${row}`));
      first.push(Buffer.from(`${row}]}`));
      second.push(Buffer.from("]}"));
      const counts = (masker: JsonRowsMasker) => Object.values(masker.end().maskedCells).map(({ count }) => count);
      assert.deepEqual(counts(first), [2, 2, 2]);
      assert.deepEqual(counts(second), [3, 3, 3]);
    });

    it(`mask each by its own settings, ${how}`, () => {
      const otherKeys = { keyOf: (domain: string) => TEST_KEYS.keyOf(`other ${domain}`) };
      const ages: MaskedField[] = [{ ...text("born", "year"), type: "DATE" }];
      const run = (of: MaskedField[], cells: string, more: Partial<RowsMaskerOptions>) =>
        runMasker(new JsonRowsMasker(options(of, more), how), response(cells)).rows;
      const tokens = [{}, { keys: otherKeys }, {}].map((more) => run(fields, row, more));
      assert.equal(tokens[0], tokens[2]);
      assert.notEqual(tokens[0], tokens[1]);
      const born = `{"f":[{"v":"1931-05-05"}]}`;
      const on = (day: string) => run(ages, born, { now: new Date(day) });
      assert.notEqual(on("2019-12-31T23:59:59Z"), on("2026-01-01T00:00:00Z"));
      assert.equal(on("2019-12-31T00:00:00Z"), on("2019-12-31T23:59:59Z"));
    });
  }

  it("keep nothing of each other: what made a plan goes with its page, and the true values that it held", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const columns = [text("a", "token")];
    const page = () => {
      const owner: { masker?: JsonRowsMasker } = {};
      owner.masker = new JsonRowsMasker(options(columns, { onHeader: () => assert.ok(owner.masker) }));
      owner.masker.push(Buffer.from(`{"rows":[{"f":[{"v":"a true val`));
      return new WeakRef(owner);
    };
    const pages = [page(), page()];
    await turn();
    collect();
    assert.deepEqual(
      pages.map((one) => one.deref()),
      [undefined, undefined],
    );
    // What is kept is used again.
    assert.ok(new JsonRowsMasker(options(columns)));
  });

  it("read schemas that follow each other each as it is, whole or in pieces", () => {
    const schemaOf = (name: string) =>
      `{"fields":[${Array.from({ length: 6 }, (_, i) => `{"name":"${name}${i}","type":"STRING"}`).join(",")}]}`;
    const [one, other] = [schemaOf("one"), schemaOf("two")];
    for (const [schema, behind] of [
      [one, ","],
      [one, ","],
      [other, ","],
      [one, " ,"],
      [one, ","],
    ] as const) {
      const bytes = `{"schema":${schema}${behind}"rows":[],"jobComplete":true}`;
      for (const cuts of [undefined, [5], [100], everyByte(Buffer.from(bytes))]) {
        const { page } = runMasker(new JsonRowsMasker(options([text("a")])), bytes, cuts);
        assert.deepEqual(page.envelope.schema, JSON.parse(schema));
      }
    }
    for (const broken of [`${one}}`, `${one}]`, `${one}1`, `${one}"a"`, one.slice(0, -1)])
      assert.throws(
        () => runMasker(new JsonRowsMasker(options([text("a")])), `{"schema":${broken},"rows":[]}`),
        (error) => error instanceof MaskingError,
      );
  });
});

describe("what comes out", () => {
  it("masks one column and leaves the bytes of the others as they are", () => {
    const { rows, page } = mask(
      String.raw`{"kind":"k","rows":[{"f":[{"v":"a\u00e9\/é"},{"v":"123-45-6789"}]},{"f":[{"v":null},{"v":null}]}],"pageToken":"p"}`,
      [text("a"), text("ssn", "last4")],
    );
    assert.equal(rows, String.raw`{"f":[{"v":"a\u00e9\/é"},{"v":"XXXXX6789"}]},{"f":[{"v":null},{"v":null}]}`);
    assert.deepEqual(page, {
      envelope: { kind: "k", pageToken: "p" },
      rows: 2,
      maskedCells: { ssn: { rule: "last4", count: 1 } },
      bytes: Buffer.byteLength(rows),
    });
  });

  it("drops whitespace between tokens and keeps it in strings", () => {
    const pretty = JSON.stringify({ kind: "k", rows: [{ f: [{ v: " a\tb " }, { v: "secret" }] }] }, null, 2);
    const { rows } = mask(pretty, [text("a"), text("b", "null")]);
    assert.equal(rows, String.raw`{"f":[{"v":" a\tb "},{"v":null}]}`);
  });

  it("reads escapes in a value before masking it, and escapes what it writes", () => {
    const { rows } = mask(String.raw`{"rows":[{"f":[{"v":"123456\u0022\n\ud83d\ude00"}]}]}`, [text("a", "last4")]);
    assert.deepEqual(JSON.parse(rows), { f: [{ v: 'XXXXX6"\n😀' }] });
  });

  it("masks each element of a repeated field; one that would be NULL becomes the type's default", () => {
    const response = `{"rows":[{"f":[{"v":[{"v":"02139"},{"v":"no zip"}]}]},{"f":[{"v":[]}]}]}`;
    const { rows, page } = mask(response, [list(text("zips", "zip3"))]);
    assert.equal(rows, `{"f":[{"v":[{"v":"02100"},{"v":""}]}]},{"f":[{"v":[]}]}`);
    assert.deepEqual(page.maskedCells, { zips: { rule: "zip3", count: 2 } });
  });

  it("empties a repeated field under null or default, and counts the cells that had something", () => {
    const response = `{"rows":[{"f":[{"v":[{"v":"a"},{"v":"b"}]},{"v":[]}]}]}`;
    const { rows, page } = mask(response, [list(text("a", "null")), list(text("b", "default"))]);
    assert.equal(rows, `{"f":[{"v":[]},{"v":[]}]}`);
    assert.deepEqual(page.maskedCells, { a: { rule: "null", count: 1 }, b: { rule: "default", count: 0 } });
  });

  it("masks the leaves of STRUCTs and of arrays of STRUCTs by path", () => {
    const visit = (ssn: string) => `{"v":{"f":[{"v":"x"},{"v":"${ssn}"}]}}`;
    const fields = [list(struct("visits", [text("place"), text("ssn", "last4")]))];
    const { rows, page } = mask(`{"rows":[{"f":[{"v":[${visit("12345")},${visit("67890")}]}]}]}`, fields);
    assert.equal(rows, `{"f":[{"v":[${visit("XXXXX2345")},${visit("XXXXX7890")}]}]}`);
    assert.deepEqual(page.maskedCells, { "visits.ssn": { rule: "last4", count: 2 } });
  });

  it("makes a STRUCT with a mask of its own NULL, whatever its leaves say", () => {
    const { rows, page } = mask(`{"rows":[{"f":[{"v":{"f":[{"v":"secret"}]}},{"v":"b"}]}]}`, [
      struct("a", [text("leaf")], "last4"),
      text("b"),
    ]);
    assert.equal(rows, `{"f":[{"v":null},{"v":"b"}]}`);
    assert.deepEqual(page.maskedCells, { a: { rule: "null", count: 1 } });
  });

  it("counts under a column named __proto__", () => {
    const { page } = mask(`{"rows":[{"f":[{"v":"s"}]}]}`, [text("__proto__", "null")]);
    assert.deepEqual(Object.entries(page.maskedCells), [["__proto__", { rule: "null", count: 1 }]]);
  });

  it("passes megabytes of a shown cell and of a nulled cell without holding them", () => {
    const long = "x".repeat(3_000_000);
    const masker = new JsonRowsMasker(options([text("a"), text("b", "null")], { limits: { maxMaskedCellBytes: 10 } }));
    const { rows } = runMasker(
      masker,
      `{"rows":[{"f":[{"v":"${long}"},{"v":"${long}"}]}]}`,
      [1_000_000, 2_000_000, 4e6],
    );
    assert.equal(rows, `{"f":[{"v":"${long}"},{"v":null}]}`);
  });

  it("gives the first bytes before the response has ended", () => {
    const masker = new JsonRowsMasker(options([text("a")]));
    assert.equal(Buffer.from(masker.push(Buffer.from(`{"rows":[{"f":[{"v":"a`)) ?? []).toString(), `{"f":[{"v":"a`);
  });
});

describe("the header", () => {
  it("is given once, with the members before the rows", () => {
    const seen: Envelope[] = [];
    mask(`{"kind":"k","schema":{"fields":[]},"rows":[],"pageToken":"p"}`, [], { onHeader: (e) => seen.push(e) });
    assert.deepEqual(seen, [{ kind: "k", schema: { fields: [] } }]);
  });

  it("is given at the end when there are no rows", () => {
    const seen: Envelope[] = [];
    const { rows, page } = mask(`{"kind":"k","jobComplete":false}`, [text("a")], { onHeader: (e) => seen.push(e) });
    assert.deepEqual([seen, rows, page.rows], [[{ kind: "k", jobComplete: false }], "", 0]);
  });

  it("can refuse, before any byte came out, a response whose rows come before the schema", () => {
    const masker = new JsonRowsMasker(
      options([text("a")], {
        onHeader: ({ schema }) => {
          if (!schema) throw new Error("no schema");
        },
      }),
    );
    assert.throws(() => masker.push(Buffer.from(`{"rows":[{"f":[{"v":"a"}]}],"schema":{}}`)), /no schema/);
    assert.throws(() => masker.push(Buffer.from(" ")), refusal("finished"));
    assert.throws(() => masker.end(), refusal("finished"));
  });
});

describe("what is refused", () => {
  const abc = [text("a"), list(text("b", "last4")), struct("c", [text("d", "null")])];
  const good = `{"f":[{"v":"a"},{"v":[{"v":"b"}]},{"v":{"f":[{"v":"d"}]}}]}`;
  const response = (row: string) => `{"rows":[${row}]}`;
  const cases: Record<string, string> = {
    "a cell too many": response(`{"f":[{"v":"a"},{"v":[]},{"v":null},{"v":"e"}]}`),
    "a cell too few": response(`{"f":[{"v":"a"},{"v":[]}]}`),
    "no cells": response(`{"f":[]}`),
    "a string for an array": response(`{"f":[{"v":"a"},{"v":"b"},{"v":null}]}`),
    "null for an array": response(`{"f":[{"v":"a"},{"v":null},{"v":null}]}`),
    "null in an array": response(`{"f":[{"v":"a"},{"v":[{"v":null}]},{"v":null}]}`),
    "an array in an array": response(`{"f":[{"v":"a"},{"v":[{"v":[]}]},{"v":null}]}`),
    "an array for a string": response(`{"f":[{"v":[]},{"v":[]},{"v":null}]}`),
    "a string for a STRUCT": response(`{"f":[{"v":"a"},{"v":[]},{"v":"c"}]}`),
    "an object for a string": response(`{"f":[{"v":{"f":[{"v":"a"}]}},{"v":[]},{"v":null}]}`),
    "a number": response(`{"f":[{"v":1},{"v":[]},{"v":null}]}`),
    "a boolean": response(`{"f":[{"v":true},{"v":[]},{"v":null}]}`),
    "f twice": response(`{"f":[{"v":"a"},{"v":[]},{"v":null}],"f":[]}`),
    "v twice": response(`{"f":[{"v":"a","v":"x"},{"v":[]},{"v":null}]}`),
    "an unknown key in a cell": response(`{"f":[{"w":"a"},{"v":[]},{"v":null}]}`),
    "an unknown key in a row": response(`{"g":[{"v":"a"},{"v":[]},{"v":null}]}`),
    "an escaped key": response(String.raw`{"f":[{"\u0076":"a"},{"v":[]},{"v":null}]}`),
    "an escaped member name": String.raw`{"r\u006fws":[${good}]}`,
    "an empty row": response(`{}`),
    "an empty cell": response(`{"f":[{},{"v":[]},{"v":null}]}`),
    "a trailing comma among rows": `{"rows":[${good},]}`,
    "a trailing comma among cells": response(`{"f":[{"v":"a"},{"v":[]},{"v":null},]}`),
    "a trailing comma in an array": response(`{"f":[{"v":"a"},{"v":[{"v":"b"},]},{"v":null}]}`),
    "a leading comma": `{"rows":[,${good}]}`,
    "rows twice": `{"rows":[${good}],"rows":[${good}]}`,
    "rows twice, first empty": `{"rows":[],"rows":[${good}]}`,
    "another member twice": `{"kind":"a","kind":"b"}`,
    "a member named __proto__": `{"__proto__":{"x":1}}`,
    "a key twice inside the envelope": `{"schema":{"fields":[{"type":"STRING","type":"INTEGER"}]}}`,
    "__proto__ twice inside the envelope": `{"schema":{"__proto__":1,"__proto__":2}}`,
    "rows that are null": `{"rows":null}`,
    "rows that are an object": `{"rows":{}}`,
    "a control character in a string": response(`{"f":[{"v":"a\u0001"},{"v":[]},{"v":null}]}`),
    "a control character between tokens": response(`\u000b${good}`),
    "a line break in a nulled string": response(`{"f":[{"v":"a"},{"v":[]},{"v":{"f":[{"v":"\n"}]}}]}`),
    "an escape JSON doesn't have": response(String.raw`{"f":[{"v":"\x41"},{"v":[]},{"v":null}]}`),
    "half an escape": response(String.raw`{"f":[{"v":"\u00g0"},{"v":[]},{"v":null}]}`),
    "a misspelt null": response(`{"f":[{"v":nulL},{"v":[]},{"v":null}]}`),
    "a second document": `{"rows":[]}{}`,
    "bytes behind the end": `{"rows":[]} x`,
    "a byte order mark": `\ufeff{"rows":[]}`,
    "an array": `[]`,
    "a trailing comma in the envelope": `{"kind":"k",}`,
    "a missing colon": `{"kind" "k"}`,
    "a value that isn't JSON": `{"kind":'k'}`,
    "a missing value": `{"kind":,"etag":"e"}`,
    "brackets that don't match": `{"schema":{"a":[1}]}`,
    "deep nesting": `{"schema":${"[".repeat(100_000)}`,
    "deep nesting in a cell": response(`{"f":[{"v":"a"},{"v":[${`{"v":[`.repeat(1000)}`),
  };
  for (const [name, hostile] of Object.entries(cases)) {
    it(name, () => {
      for (const cuts of [[], everyByte(hostile.slice(0, 2000))]) {
        const masker = new JsonRowsMasker(options(abc));
        assert.throws(() => runMasker(masker, hostile, cuts), MaskingError);
      }
    });
  }

  it("but not the row these are made from", () => {
    assert.equal(mask(response(good), abc).page.rows, 1);
  });

  it("bytes that aren't UTF-8, wherever the chunks are cut", () => {
    for (const bad of [
      [0xff],
      [0xc3],
      [0xc0, 0xaf],
      [0xed, 0xa0, 0x80],
      [0xe2, 0x82],
      [0x80],
      [0xf4, 0x90, 0x80, 0x80],
    ]) {
      const bytes = Buffer.concat([Buffer.from(`{"rows":[{"f":[{"v":"`), Buffer.from(bad), Buffer.from(`"}]}]}`)]);
      for (const cuts of [[], everyByte(bytes)]) {
        assert.throws(() => runMasker(new JsonRowsMasker(options([text("a")])), bytes, cuts), refusal("syntax"));
      }
    }
  });

  it("rows past the limit", () => {
    const two = `{"rows":[{"f":[{"v":"a"}]},{"f":[{"v":"b"}]}]}`;
    assert.equal(mask(two, [text("a")], { limits: { maxRows: 2 } }).page.rows, 2);
    assert.throws(() => mask(two, [text("a")], { limits: { maxRows: 1 } }), refusal("limit"));
  });

  it("rows of a result without columns", () => {
    assert.throws(() => mask(`{"rows":[{"f":[]}]}`, []), refusal("shape"));
  });

  it("a masked cell past its limit, in one chunk or many", () => {
    const long = `{"rows":[{"f":[{"v":"${"x".repeat(11)}"}]}]}`;
    for (const cuts of [[], everyByte(long)]) {
      const masker = new JsonRowsMasker(options([text("a", "last4")], { limits: { maxMaskedCellBytes: 10 } }));
      assert.throws(() => runMasker(masker, long, cuts), refusal("limit"));
    }
  });

  it("an envelope past its limit, in one chunk or many", () => {
    for (const long of [`{"kind":"${"x".repeat(200)}"}`, `{"kind":1${" ".repeat(200)}}`]) {
      for (const cuts of [[], everyByte(long)]) {
        const masker = new JsonRowsMasker(options([], { limits: { maxEnvelopeBytes: 100 } }));
        assert.throws(() => runMasker(masker, long, cuts), refusal("limit"));
      }
    }
  });

  it("fields that no result could have", () => {
    for (const fields of [
      [text("a"), text("a")],
      [struct("s", [])],
      [{ ...text("a"), fields: [text("b")] }],
      [{ ...text("a"), mask: { rule: "rot13" as Mask["rule"] } }],
    ]) {
      assert.throws(() => new JsonRowsMasker(options(fields)), refusal("fields"));
    }
  });
});

describe("masked values never come out", () => {
  const CANARY = "#~%^~#";
  const fields = [
    text("shown"),
    text("nulled", "null"),
    text("tokenised", "token"),
    list(text("list", "token")),
    struct("inside", [text("shown"), text("email", "email")]),
    struct("dropped", [text("leaf"), list(struct("deep", [text("leaf")]))], "null"),
    { ...text("wrong type", "last4"), type: "DATE" as const },
  ];
  const cell = (v: string) => `{"v":${v}}`;
  const secret = String.raw`"x\n${CANARY}é${CANARY}"`;
  const row = `{"f":[${[
    cell(`"plain"`),
    cell(secret),
    cell(secret),
    cell(`[${cell(secret)},${cell(secret)}]`),
    cell(`{"f":[${cell(`"plain"`)},${cell(secret)}]}`),
    cell(`{"f":[${cell(secret)},${cell(`[${cell(`{"f":[${cell(secret)}]}`)}]`)}]}`),
    cell(secret),
  ].join(", ")}]}`;
  const response = Buffer.from(`{"schema":{},"rows":[${row},${row}],"pageToken":"p"}`);
  // The canary's characters: nothing else in the response, no token and no message has them.
  const LEAK = /[#~%^]/;

  const everything = (bytes: Uint8Array, size: number): string => {
    const masker = new JsonRowsMasker(options(fields));
    let seen = "";
    try {
      for (let i = 0; i < bytes.length; i += size) {
        seen += Buffer.from(masker.push(bytes.subarray(i, i + size)) ?? []).toString("latin1");
      }
      masker.end();
    } catch (error) {
      assert.ok(error instanceof MaskingError);
      seen += `${error.message} ${error.code} ${error.stack?.split("\n")[0]} ${error.cause ?? ""}`;
    }
    return seen;
  };

  it("when the response is cut off at any byte", () => {
    for (let length = 0; length < response.length; length++) {
      for (const size of [1, 7, response.length]) {
        const seen = everything(response.subarray(0, length), size);
        assert.doesNotMatch(seen, LEAK);
        assert.match(seen, /truncated/);
      }
    }
  });

  it("when any byte of it is replaced", () => {
    for (let at = 0; at < response.length; at++) {
      for (const byte of [0x22, 0x5c, 0x7d, 0x5d, 0x2c, 0x00, 0xff]) {
        const changed = Buffer.from(response);
        changed[at] = byte;
        assert.doesNotMatch(everything(changed, 13), LEAK);
      }
    }
  });

  it("when any byte of it is left out or is there twice", () => {
    for (let at = 0; at < response.length; at++) {
      const before = response.subarray(0, at);
      for (const after of [response.subarray(at + 1), response.subarray(Math.max(0, at - 1))]) {
        assert.doesNotMatch(everything(Buffer.concat([before, after]), 13), LEAK);
      }
    }
  });
});
