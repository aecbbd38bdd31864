import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SharedMap } from "./shared-map.ts";

type Plain = ReadonlyMap<string, number>;

const EMPTY: Plain = new Map();
const numbered = (n: number): (readonly [string, number])[] => Array.from({ length: n }, (_, i) => [`k${i}`, i]);
const sorted = (map: Plain) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

describe("a map that shares its entries", () => {
  test("holds what a map does that was given the same entries", () => {
    let seed = 7;
    const below = (n: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor(seed / 65_536) % n;
    };
    const plain = new Map<string, number>();
    let shared = SharedMap.of(EMPTY);
    for (let step = 0; step < 2000; step++) {
      const before = shared;
      const held = sorted(before);
      const key = `k${below(200)}`;
      const value = below(3) === 0 ? undefined : below(5);
      shared = shared.with([[key, value]]);
      const changes = plain.get(key) !== value;
      if (value === undefined) plain.delete(key);
      else plain.set(key, value);
      assert.equal(shared.get(key), value);
      assert.equal(shared.has(key), value !== undefined);
      assert.equal(shared.size, plain.size);
      assert.equal(shared === before, !changes);
      assert.deepEqual([...SharedMap.differing(before, shared)], changes ? [key] : []);
      if (step % 50 > 0) continue;
      assert.deepEqual(sorted(shared), sorted(plain));
      assert.deepEqual(sorted(before), held);
    }
    assert.deepEqual([...shared.keys()].sort(), [...plain.keys()].sort());
    assert.deepEqual([...shared.values()].sort(), [...plain.values()].sort());
  });

  test("differs from another by what either has otherwise, wherever they come from", () => {
    const base = SharedMap.of(new Map(numbered(300)));
    const less = base.with([["k1", undefined]]);
    const more = base.with([
      ["k200", -1],
      ["new", 0],
    ]);
    const differing = (a: Plain, b: Plain) => [...SharedMap.differing(a, b)].sort();
    for (const [a, b] of [
      [less, more],
      [new Map(less), more],
      [less, new Map(more)],
      [new Map(less), new Map(more)],
      [SharedMap.of(new Map(less)), more],
    ] as const) {
      assert.deepEqual(differing(a, b), ["k1", "k200", "new"]);
      assert.deepEqual(differing(b, a), ["k1", "k200", "new"]);
    }
    assert.deepEqual(differing(base, new Map(base)), []);
  });

  test("takes what it is made of as it is, and a key that was gone again", () => {
    const base = SharedMap.of(new Map(numbered(3)));
    assert.equal(SharedMap.of(base), base);
    assert.equal(base.with([["none", undefined]]), base);
    const again = base.with([["k0", undefined]]).with([["k0", 9]]);
    assert.deepEqual([again.get("k0"), again.size], [9, 3]);
    const seen: (readonly [string, number])[] = [];
    again.forEach((value, key) => {
      seen.push([key, value]);
    });
    assert.deepEqual(seen, [...again]);
  });
});
