import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { canonicalJson, canonicalObject, canonicalString, canonicalText } from "./canonical-json.ts";
import type { Json } from "./event.ts";

suite("canonical JSON", () => {
  test("is that of RFC 8785's examples", () => {
    // Section 3.2.2, with the result of section 3.2.3.
    const input = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`);
    const expected = String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`;
    assert.equal(canonicalJson(input), expected);
    // Section 3.2.3: members by UTF-16 code units, so that U+1F600 (a surrogate pair) comes before U+FB33.
    const names = { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\u{1f600}": 5, "\u0080": 6, "\u00f6": 7 };
    assert.deepEqual(
      canonicalJson(names)
        .match(/(?<=":)\d/g)
        ?.map(Number),
      [2, 4, 6, 7, 1, 5, 3],
    );
    assert.equal(canonicalJson([-0, 1e21, 5e-324]), "[0,1e+21,5e-324]");
  });

  test("is the same for equal values, and reads back as the value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "grapheme" }), (value) => {
        const text = canonicalJson(value as Json);
        assert.equal(canonicalJson(JSON.parse(text)), text);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("writes any string as JSON does, short and long", () => {
    const unit = fc.constantFrom(
      "a",
      " ",
      '"',
      "\\",
      "\u0000",
      "\u001f",
      "\u007f",
      "~",
      "é",
      "\u2028",
      "\u{1f600}",
      "/",
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 80 }), (text) => {
        assert.equal(canonicalString(text), JSON.stringify(text));
      }),
      { examples: [["x".repeat(64)], ["x".repeat(65)], [""]] },
    );
    assert.throws(() => canonicalString("\ud800"), TypeError);
    assert.equal(canonicalJson({ b: "x", a: { d: '"', c: "é" } }), '{"a":{"c":"é","d":"\\""},"b":"x"}');
  });

  test("refuses what has none, quoting nothing of it", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const bad = [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      "\ud800",
      { "\udc00": 1 },
      undefined,
      { a: undefined },
      new Array(1),
      1n,
      () => 1,
      new Date(0),
      new Map(),
      cycle,
    ];
    for (const value of bad) assert.throws(() => canonicalJson(value as Json), TypeError);
    assert.throws(
      () => canonicalJson({ secret: [undefined] } as unknown as Json),
      (error) => !String(error).includes("secret"),
    );
  });

  test("of an object is the same whether or not some of its members were written before", () => {
    const json = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue());
    fc.assert(
      fc.property(json, json, (members, others) => {
        const before = Object.fromEntries(
          Object.entries(others).map(([name, value]) => [name, canonicalText(value as Json)]),
        );
        const plain = members as Record<string, Json>;
        assert.equal(canonicalObject(plain, before), canonicalJson({ ...others, ...members } as Json));
      }),
      { examples: [[{}, { valueOf: null }]] },
    );
  });

  test("of an object refuses a member that is undefined, as of any value", () => {
    const written = { a: canonicalText(1) };
    for (const [members, texts] of [
      [{ b: undefined }, written],
      [{ a: undefined }, written],
      [{}, { b: undefined }],
    ] as unknown as [Record<string, Json>, typeof written][])
      assert.throws(() => canonicalObject(members, texts), TypeError);
  });

  test("is as deep whether or not the members are in order", () => {
    const nested = (depth: number, names: readonly string[]): Json =>
      depth === 0 ? 1 : Object.fromEntries(names.map((name) => [name, name === "a" ? nested(depth - 1, names) : 0]));
    for (const names of [
      ["a", "b"],
      ["b", "a"],
    ]) {
      assert.equal(canonicalJson(nested(64, names)), canonicalJson(nested(64, ["a", "b"])));
      assert.throws(() => canonicalJson(nested(65, names)), TypeError);
    }
  });
});
