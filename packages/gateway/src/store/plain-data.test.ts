import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { packed, sharedByMany, unpacked } from "./plain-data.ts";

const LONG = "⟨1⟩ \"'\n".repeat(60);

suite("plain data on its way to another thread", () => {
  test("arrives as it was sent, its long texts beside the rest", () => {
    const deep = { text: LONG, list: [1, [LONG, { a: LONG, b: "" }], null], "": { "a.b": LONG }, "0": LONG };
    for (const value of [deep, LONG, [LONG], {}, [], "", 0, null, true, { a: [] }]) {
      const sent = packed(value);
      assert.ok(sent !== undefined);
      assert.deepEqual(unpacked(structuredClone(sent)), value);
    }
    const [json, ...beside] = packed(deep) ?? [];
    assert.equal(json?.includes("⟨"), false);
    assert.equal(beside.length, 10);
    assert.equal(deep.list.length, 3, "and what was sent is as it was");
    assert.equal(deep.text, LONG);
  });

  test("is read once where many bring the same, and nobody can change it", () => {
    const by = sharedByMany({ who: "a", groups: ["g"], "=": { text: LONG } });
    const odd = { by, "": { "": by }, ":": by, list: [by, LONG], "=by": LONG };
    for (const value of [{ by }, { n: { by } }, odd, by, [by], { by: LONG }]) {
      const sent = packed(value);
      assert.ok(sent !== undefined);
      assert.deepEqual(unpacked(structuredClone(sent)), value);
    }
    assert.equal(packed({ by })?.[0], '{"by":0}', "none of it is written anew");
    const [first, second] = [
      { by, n: 1 },
      { by, n: 2 },
    ].map((v) => unpacked(packed(v) ?? "") as { by: typeof by });
    assert.equal(first?.by, second?.by);
    for (const one of [by, first?.by, first?.by.groups, first?.by["="]]) assert.ok(Object.isFrozen(one));
    for (const bad of [{ a: undefined }, { a: new Map() }, { a: -0 }])
      assert.throws(() => sharedByMany(bad), TypeError);
  });

  test("has few texts beside it, however many are long or shared", () => {
    const by = sharedByMany({ who: "a" });
    const all = Array.from({ length: 3000 }, () => by);
    assert.equal(packed(all)?.length, 1 + 2 * 64);
    assert.deepEqual(unpacked(packed(all) ?? ""), all);
    // Each is taken out of a copy of what holds it: of thousands, that would stop everybody for seconds.
    const list = Array.from({ length: 3000 }, (_, n) => `${n}${LONG}`);
    for (const value of [list, { list, more: Object.fromEntries(list.map((text, n) => [`m${n}`, text])) }]) {
      const sent = packed(value);
      assert.ok(Array.isArray(sent) && sent.length === 1 + 2 * 64, "64 of them");
      assert.deepEqual(unpacked(sent), value);
    }
  });

  test("is whatever JSON says", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.constant(LONG));
    const value = fc.jsonValue({ stringUnit: "binary" }).map((v) => v ?? 0);
    fc.assert(
      fc.property(fc.dictionary(text, fc.oneof(value, text)), (sent) => {
        const small = packed(sent);
        // What can't be packed is cloned.
        if (small !== undefined) assert.deepEqual(unpacked(small), JSON.parse(JSON.stringify(sent)));
      }),
      { numRuns: 40 },
    );
  });

  test("is nothing that JSON would change", () => {
    const bad = [undefined, { a: undefined }, [undefined], new Array(1), Number.NaN, -0, { a: -0 }, 1n, new Date(0)];
    const more = [
      new Map(),
      new Uint8Array(1),
      { toJSON: () => 1 },
      Object.create(null),
      JSON.parse('{"__proto__": 1}'),
    ];
    for (const value of [...bad, ...more, { "a\nb": LONG }]) assert.equal(packed(value), undefined);
  });
});
