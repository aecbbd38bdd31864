import assert from "node:assert/strict";
import { it } from "node:test";
import { JsonRowsMasker } from "../json-rows/json-rows-masker.ts";
import type { MaskedField, MaskRule } from "../mask-rule.ts";
import { arrowOf, rowsOf } from "../testing/arrow-rows.ts";
import { runMasker } from "../testing/run-masker.ts";
import { TEST_KEYS, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { ArrowMasker } from "./arrow-masker.ts";
import { BatchMemory } from "./batch-memory.ts";
import { fastParts } from "./fast-parts.ts";
import { fastTokens } from "./fast-tokens.ts";
import type { Values } from "./read-batch.ts";

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

/** Numerical Recipes' generator: 0 ≤ x < n. */
function random(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const RULES: readonly MaskRule[] = ["token", "last4", "first4"];
const FIELDS: readonly MaskedField[] = RULES.map((rule) => ({
  name: rule,
  type: "STRING",
  repeated: false,
  mask: { rule },
}));

/** `shortest` to `longest` characters, one of `oneOf` NULL. */
function column(next: (n: number) => number, count: number, shortest: number, longest: number, oneOf: number) {
  const letters = Array.from({ length: longest }, () => String.fromCharCode(0x20 + next(95))).join("");
  return Array.from({ length: count }, () => {
    if (oneOf > 0 && next(oneOf) === 0) return null;
    const length = shortest + next(longest - shortest + 1);
    const from = next(longest - length + 1);
    return letters.slice(from, from + length);
  });
}

it(`columns longer than the fast way's memory are masked as row by row, with and without NULLs (SEED=${SEED})`, () => {
  const next = random(SEED);
  for (const [count, shortest, longest, oneOf] of [
    [4095, 5, 48, 0],
    [4096, 5, 48, 9],
    [4097, 48, 48, 0],
    [5001, 5, 20, 3],
    [9001, 5, 9, 0],
    [1000, 0, 60, 50],
    [400, 900, 2000, 20],
    [40, 30_000, 40_000, 5],
    [9, 300_000, 300_001, 0],
  ] as const) {
    const columns = RULES.map(() => column(next, count, shortest, longest, oneOf));
    const rows = Array.from({ length: count }, (_, i) => ({ f: columns.map((values) => ({ v: values[i] ?? null })) }));
    const options = { fields: FIELDS, keys: TEST_KEYS, now: TEST_NOW };
    const expected = JSON.parse(`[${runMasker(new JsonRowsMasker(options), JSON.stringify({ rows })).rows}]`);
    const masker = new ArrowMasker(options);
    const arrow = arrowOf(FIELDS, rows);
    const schema = masker.schema(arrow.schema);
    assert.deepEqual(rowsOf({ schema, batch: masker.batch(arrow.batch).batch }, FIELDS), expected);
  }
});

it("columns go the fast way where all of their values can", () => {
  const key = TEST_KEYS.keyOf("");
  const memory = new BatchMemory("fresh");
  const values = (texts: readonly string[]): Values => {
    let end = 0;
    return {
      length: texts.length,
      nulls: 0,
      valid: undefined,
      offsets: Int32Array.from(["", ...texts], (text) => (end += Buffer.byteLength(text))),
      data: Buffer.from(texts.join("")),
      children: [],
    };
  };
  const short = Array.from({ length: 5000 }, (_, i) => `MRN${i}`.padEnd(11, "x"));
  assert.ok(fastTokens(values(short), key, 1000, memory));
  assert.ok(fastParts(values(short), "last4", 1000, memory));
  assert.ok(fastParts(values(short), "FIRST_FOUR_CHARACTERS", 1000, memory));
  assert.equal(fastParts(values(short), "default", 1000, memory), undefined);
  for (const one of ["y".repeat(49), "y".repeat(1001)])
    assert.equal(fastTokens(values([...short, one]), key, 1000, memory), undefined);
  for (const one of ["1234", "éa12", "y".repeat(1001)])
    assert.equal(fastParts(values([...short, one]), "first4", 1000, memory), undefined);
  assert.equal(fastParts(values([...short, "12éa"]), "last4", 1000, memory), undefined);
  // Names, too; not what spaces fill up, where it may be all that shows.
  assert.ok(fastParts(values([...short, "Ann Ward", "José Ward", "   12345"]), "last4", 1000, memory));
  for (const one of ["  1234", "12345 "]) {
    assert.equal(fastParts(values([...short, one]), "last4", 1000, memory), undefined);
    const mirrored = [...one].reverse().join("");
    assert.equal(fastParts(values([...short, mirrored]), "first4", 1000, memory), undefined);
  }
});

it("tokens are the rule's at every length that one block takes, and in groups that aren't full", () => {
  const key = TEST_KEYS.keyOf("");
  const memory = new BatchMemory("fresh");
  for (let length = 0; length <= 48; length++)
    for (const count of [1, 2, 3, 4, 5, 7]) {
      const texts = Array.from({ length: count }, (_, i) => String.fromCharCode(0x41 + i).repeat(length));
      const fields: readonly MaskedField[] = [{ name: "t", type: "STRING", repeated: false, mask: { rule: "token" } }];
      const rows = texts.map((v) => ({ f: [{ v }] }));
      const { rows: masked } = runMasker(
        new JsonRowsMasker({ fields, keys: TEST_KEYS, now: TEST_NOW }, "exact"),
        JSON.stringify({ rows }),
      );
      const expected = (JSON.parse(`[${masked}]`) as { f: { v: string }[] }[]).map(({ f }) => f[0]?.v).join("");
      const values: Values = {
        length: count,
        nulls: 0,
        valid: undefined,
        offsets: Int32Array.from({ length: count + 1 }, (_, i) => i * length),
        data: Buffer.from(texts.join("")),
        children: [],
      };
      assert.equal(Buffer.from(fastTokens(values, key, 1000, memory)?.data ?? []).toString(), expected, `${length}`);
    }
});
