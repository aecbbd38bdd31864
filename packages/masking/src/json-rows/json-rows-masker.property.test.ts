import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { FIELD_TYPES, MASK_RULES, type Mask, type MaskedField } from "../mask-rule.ts";
import { maskRowsByParsing } from "../testing/mask-rows-by-parsing.ts";
import { everyByte, outcomeOf, runMasker, sizesOf } from "../testing/run-masker.ts";
import { TEST_KEYS, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { JsonRowsMasker } from "./json-rows-masker.ts";

const RUNS = { numRuns: 150, seed: Number(process.env.SEED ?? Date.now() % 2 ** 31) };

const maskOf: fc.Arbitrary<Mask> = fc.record({
  rule: fc.constantFrom(...MASK_RULES, "none" as const),
  domain: fc.constantFrom("ssn", "mrn"),
});

/** Fields two levels deep, their names unique by position. */
const fieldsAt = (depth: number): fc.Arbitrary<MaskedField[]> =>
  fc
    .array(
      fc.record({
        type: fc.constantFrom(...FIELD_TYPES.filter((type) => depth > 0 || type !== "STRUCT")),
        repeated: fc.boolean(),
        mask: maskOf,
        // Most STRUCTs are looked into.
        whole: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
        fields: depth > 0 ? fieldsAt(depth - 1) : fc.constant([]),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((columns) =>
      columns.map(({ type, repeated, mask, whole, fields }, i) => {
        const field = { name: `c${i}`, type, repeated, mask };
        if (type !== "STRUCT") return field;
        return { ...field, mask: whole ? mask : { rule: "none" }, fields };
      }),
    );

/** JSON of a string: plain, or with every escape that JSON has. */
const jsonString: fc.Arbitrary<string> = fc.oneof(
  fc
    .oneof(
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.stringMatching(/^\d{5}(-\d{4})?$/),
      fc.emailAddress(),
      fc.integer({ min: -200, max: 200 }).map(String),
      fc.constantFrom("NaN", "89.5", "1.5E9", "-1234.5", "1500000000123456", "2024-03-05", "1920-03-05T01:02:03.5"),
      fc.stringMatching(/^ {0,5}[a1é]{0,6} {0,4}$/),
      fc.constantFrom("2024-03-05T01:02:03.123456Z", "", "aGVsbG8=", "123-45-6789"),
    )
    .map((value) => JSON.stringify(value)),
  fc
    .array(fc.constantFrom(...'\\" \\\\ \\/ \\b \\n \\u0022 \\u005C \\ud83d\\ude00 \\ud800 é 😀 a'.split(" ")), {
      maxLength: 8,
    })
    .map((parts) => `"${parts.join("")}"`),
);

/** Tokens of a row; joined later, with or without whitespace. */
const rowTokens = (fields: readonly MaskedField[]): fc.Arbitrary<string[]> =>
  fc.tuple(...fields.map(cellTokens)).map((cells) => ["{", '"f"', ":", "[", ...joined(cells), "]", "}"]);

function cellTokens(field: MaskedField): fc.Arbitrary<string[]> {
  const one: fc.Arbitrary<string[]> = field.fields ? rowTokens(field.fields) : jsonString.map((text) => [text]);
  const value = field.repeated
    ? fc.array(one.map(cell), { maxLength: 3 }).map((elements) => ["[", ...joined(elements), "]"])
    : fc.option(one, { freq: 5, nil: ["null"] });
  return value.map(cell);
}

const cell = (value: readonly string[]): string[] => ["{", '"v"', ":", ...value, "}"];

function joined(parts: readonly (readonly string[])[]): string[] {
  return parts.flatMap((part, i) => (i === 0 ? part : [",", ...part]));
}

const page = fieldsAt(2).chain((fields) =>
  fc.record({
    fields: fc.constant(fields),
    tokens: fc
      .array(rowTokens(fields), { maxLength: 4 })
      .map((rows) => [
        "{",
        '"kind"',
        ":",
        '"k"',
        ",",
        '"rows"',
        ":",
        "[",
        ...joined(rows),
        "]",
        ",",
        '"etag"',
        ":",
        "1",
        "}",
      ]),
    spaces: fc.array(fc.constantFrom("", "", " ", "\n  ", "\r\n\t"), { minLength: 1, maxLength: 7 }),
    cutting: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
  }),
);

it(`streams what parsing gives, whatever the schema, the masks, the whitespace and the cuts (SEED=${RUNS.seed})`, () => {
  fc.assert(
    fc.property(page, ({ fields, tokens, spaces, cutting }) => {
      const options = { fields, keys: TEST_KEYS, now: TEST_NOW };
      const spaced = tokens.map((token, i) => (spaces[i % spaces.length] as string) + token).join("");
      const length = Buffer.byteLength(spaced);
      const cuts = cutting.map((part) => Math.floor(part * length)).sort((a, b) => a - b);

      const whole = runMasker(new JsonRowsMasker(options), spaced);
      assert.deepEqual(JSON.parse(`[${whole.rows}]`), maskRowsByParsing(spaced, options));
      assert.deepEqual(whole.page.envelope, { kind: "k", etag: 1 });
      assert.equal(whole.page.bytes, Buffer.byteLength(whole.rows));

      // Neither cuts nor whitespace change a byte.
      assert.deepEqual(runMasker(new JsonRowsMasker(options), spaced, cuts), whole);
      assert.deepEqual(runMasker(new JsonRowsMasker(options), spaced, everyByte(spaced)), whole);
      assert.deepEqual(runMasker(new JsonRowsMasker(options), tokens.join("")), whole);
    }),
    RUNS,
  );
});

it(`shows rows without masks byte for byte (SEED=${RUNS.seed})`, () => {
  const unmasked = (fields: readonly MaskedField[]): MaskedField[] =>
    fields.map(({ fields: inner, ...field }) => ({
      ...field,
      mask: { rule: "none" },
      ...(inner ? { fields: unmasked(inner) } : {}),
    }));
  fc.assert(
    fc.property(page, ({ fields, tokens }) => {
      const compact = tokens.join("");
      const { rows } = runMasker(
        new JsonRowsMasker({ fields: unmasked(fields), keys: TEST_KEYS, now: TEST_NOW }),
        compact,
      );
      assert.equal(`{"kind":"k","rows":[${rows}],"etag":1}`, compact);
    }),
    RUNS,
  );
});

/** Bytes that mean something to one of the two halves, and some that mean nothing to either. */
const BYTES = [...'{}[]:,"\\fvnul \n\t0a/-é', "\0", "\x1f", "\x7f", "\xff", "\xc3"].map((character) =>
  Buffer.from(character, character === "é" ? "utf8" : "latin1"),
);
interface Change {
  readonly place: number;
  readonly removed: number;
  readonly inserted: readonly Buffer[];
}
const change: fc.Arbitrary<Change> = fc.record({
  place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  removed: fc.integer({ min: 0, max: 3 }),
  inserted: fc.array(fc.constantFrom(...BYTES), { maxLength: 3 }),
});

function changed(response: string, changes: readonly Change[]): Buffer {
  let bytes = Buffer.from(response);
  for (const { place, removed, inserted } of changes) {
    const at = Math.floor(place * bytes.length);
    bytes = Buffer.concat([bytes.subarray(0, at), ...inserted, bytes.subarray(at + removed)]);
  }
  return bytes;
}

it(`is the same with and without the fast half, in each push and each error, at every chunk size (SEED=${RUNS.seed})`, () => {
  fc.assert(
    fc.property(page, fc.array(change, { maxLength: 3 }), ({ fields, tokens }, changes) => {
      const options = { fields, keys: TEST_KEYS, now: TEST_NOW };
      const response = changed(tokens.join(""), changes);
      for (const size of [...Array.from({ length: 40 }, (_, i) => i + 1), 64, 100, 300, response.length + 1]) {
        const cuts = sizesOf(response, size);
        assert.deepEqual(
          outcomeOf(new JsonRowsMasker({ ...options, reuseOutput: true }), response, cuts),
          outcomeOf(new JsonRowsMasker(options, "exact"), response, cuts),
        );
      }
    }),
    RUNS,
  );
});
