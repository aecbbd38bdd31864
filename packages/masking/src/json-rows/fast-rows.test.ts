import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FieldType, MaskedField, MaskRule } from "../mask-rule.ts";
import { outcomeOf, sizesOf } from "../testing/run-masker.ts";
import { TEST_KEYS, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { JsonRowsMasker } from "./json-rows-masker.ts";

const field = (name: string, type: FieldType, rule: MaskRule, repeated = false): MaskedField => ({
  name,
  type,
  repeated,
  mask: { rule, domain: "test" },
});

function same(response: string | Uint8Array, fields: readonly MaskedField[], chunkBytes: number, limits = {}) {
  const options = { fields, keys: TEST_KEYS, now: TEST_NOW, limits };
  const sizes = sizesOf(response, chunkBytes);
  const fast = outcomeOf(new JsonRowsMasker(options), response, sizes);
  assert.deepEqual(fast, outcomeOf(new JsonRowsMasker(options, "exact"), response, sizes));
  return fast;
}

const page = (rows: readonly string[]) => `{"rows":[${rows.join(",")}]}`;
const row = (...values: readonly (string | null)[]) => JSON.stringify({ f: values.map((v) => ({ v })) });

describe("the fast half of the masker", () => {
  it("gives the tokens of HMAC-SHA-256 for every length, also of those it hands over", () => {
    const values = Array.from({ length: 200 }, (_, length) => "x".repeat(length));
    const fields = [field("s", "STRING", "token"), field("i", "INT64", "token"), field("b", "BYTES", "token")];
    const rows = values.map((value, i) => row(value, String(i), Buffer.from(value).toString("base64")));
    for (const chunkBytes of [97, 4096, 1 << 20]) assert.equal(same(page(rows), fields, chunkBytes).error, undefined);
  });

  it("writes integers' tokens of every length one behind the other", () => {
    // Of so many tokens some have 13 digits and some 16.
    const rows = Array.from({ length: 5000 }, (_, i) => row(String(i), String(-i), "shown"));
    const fields = [field("a", "INT64", "token"), field("b", "INT64", "token"), field("c", "STRING", "none")];
    assert.equal(same(page(rows), fields, 1 << 20).error, undefined);
  });

  it("goes on where what comes out is many times what went in, in one chunk of a megabyte", () => {
    const rows = Array.from({ length: 60_000 }, () => row("", "1"));
    const fields = [field("a", "STRING", "token"), field("b", "STRING", "last4")];
    assert.equal(same(page(rows), fields, 1 << 21).error, undefined);
  });

  it("takes rows longer than its memory, and arrays longer than its lists", () => {
    const long = "é".repeat(300_000);
    const fields = [field("a", "STRING", "none"), field("b", "STRING", "first4"), field("c", "STRING", "last4", true)];
    const list = (n: number) => JSON.stringify(Array.from({ length: n }, (_, i) => ({ v: `value ${i}` })));
    const rows = [5, 5000, 10].map(
      (n, i) => `{"f":[{"v":"${i === 1 ? long : "a"}"},{"v":"${long.slice(0, i * 150_000)}"},{"v":${list(n)}}]}`,
    );
    for (const chunkBytes of [65_536, 1 << 22]) assert.equal(same(page(rows), fields, chunkBytes).error, undefined);
  });

  it("keeps the exact one's bounds: rows, and bytes of a masked cell", () => {
    const rows = Array.from({ length: 20 }, (_, i) => row("x".repeat(i)));
    const fields = [field("a", "STRING", "last4")];
    assert.equal(same(page(rows), fields, 1 << 20, { maxRows: 19 }).error?.code, "limit");
    assert.equal(same(page(rows), fields, 1 << 20, { maxRows: 20 }).error, undefined);
    assert.equal(same(page(rows), fields, 1 << 20, { maxMaskedCellBytes: 10 }).error?.code, "limit");
  });

  it("keeps the keys of domains and the plans of interleaved responses apart", () => {
    const fields = (domain: string): MaskedField[] =>
      ["a", "b"].map((name) => ({ name, type: "STRING", repeated: false, mask: { rule: "token", domain } }));
    const response = Buffer.from(page(Array.from({ length: 50 }, (_, i) => row(`${i}`, "x"))));
    const maskers = ["one", "two"].map((domain) => {
      const options = { fields: fields(domain), keys: TEST_KEYS, now: TEST_NOW };
      return { fast: new JsonRowsMasker(options), exact: new JsonRowsMasker(options, "exact") };
    });
    for (let at = 0; at < response.length; at += 200)
      for (const { fast, exact } of maskers)
        assert.deepEqual(fast.push(response.subarray(at, at + 200)), exact.push(response.subarray(at, at + 200)));
    for (const { fast, exact } of maskers) assert.deepEqual(fast.end(), exact.end());
  });
});
