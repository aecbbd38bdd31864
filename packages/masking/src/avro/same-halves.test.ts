import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BatchMemory } from "../arrow/batch-memory.ts";
import { planRow } from "../json-rows/cell-plan.ts";
import type { MaskedField, MaskRule } from "../mask-rule.ts";
import { MaskingError } from "../masking-error.ts";
import { pages } from "../testing/any-page.ts";
import { inOtherForms } from "../testing/avro-forms.ts";
import { maskedField, sameHalves } from "../testing/avro-halves.ts";
import { avroOf } from "../testing/avro-rows.ts";
import { TEST_KEYS, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { avroColumnsOf } from "./avro-column.ts";
import { AvroMasker } from "./avro-masker.ts";
import { AvroReader } from "./avro-reader.ts";
import { loadAvroScanner } from "./avro-scanner.ts";
import { AvroWriter } from "./avro-writer.ts";
import { FastAvro } from "./fast-avro.ts";

// The contract: with the fast half the same bytes, counts and errors come out as from the exact one alone.

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const RUNS = { numRuns: 400, seed: SEED };

/** Numerical Recipes' generator: 0 ≤ x < n. */
function random(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** Some masks of dates by the subject that the first column names, if it can. */
function withSubjects(fields: readonly MaskedField[], subjects: boolean): readonly MaskedField[] {
  const [first] = fields;
  if (!subjects || first === undefined || first.repeated || (first.type !== "STRING" && first.type !== "INT64"))
    return fields;
  const moved = (field: MaskedField): MaskedField => ({
    ...field,
    mask: field.mask.rule === "dateshift" ? { ...field.mask, subject: 0 } : field.mask,
    ...(field.fields === undefined ? {} : { fields: field.fields.map(moved) }),
  });
  return fields.map(moved);
}

const cases = fc.record({
  page: pages(),
  form: fc.nat(),
  subjects: fc.boolean(),
  atMost: fc.nat(20),
  longest: fc.constantFrom(undefined, 0, 3, 12),
});

it(`rows in any form come out of both halves alike (SEED=${SEED})`, () => {
  fc.assert(
    fc.property(cases, ({ page, form, subjects, atMost, longest }) => {
      const fields = withSubjects(page.fields, subjects);
      const avro = inOtherForms(fields, avroOf(fields, page.rows), page.rows.length, random(form));
      const limits = longest === undefined ? {} : { maxMaskedCellBytes: longest };
      sameHalves(fields, avro, { count: page.rows.length, atMost, limits });
      if (longest === undefined) assert.ok("batches" in sameHalves(fields, avro, { count: page.rows.length }));
    }),
    RUNS,
  );
});

it(`the fast half takes all rows that fit into its memory (SEED=${SEED})`, () => {
  fc.assert(
    fc.property(cases, ({ page, form, subjects }) => {
      const fields = withSubjects(page.fields, subjects);
      const { schema, batch } = inOtherForms(fields, avroOf(fields, page.rows), page.rows.length, random(form));
      const { row, masked } = planRow({ fields, keys: TEST_KEYS, now: TEST_NOW });
      const columns = avroColumnsOf(JSON.parse(Buffer.from(schema).toString()), row);
      const fast = FastAvro.of(columns, 2 ** 20, new Set(masked.flatMap(({ subject }) => subject ?? [])));
      const reader = new AvroReader(batch);
      assert.equal(fast?.read(reader, page.rows.length, new AvroWriter(new BatchMemory("fresh"), 0)), page.rows.length);
      assert.ok(reader.done);
    }),
    RUNS,
  );
});

it(`and so do rows that are damaged, or fewer or more than they say: the same error (SEED=${SEED})`, () => {
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 3, 0x7f, 0x80, 0xff));
  const damage = fc.record({ at: fc.nat(), to: byte, how: fc.constantFrom("change", "remove", "insert") });
  fc.assert(
    fc.property(
      cases,
      fc.array(damage, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: -1, max: 1 }),
      ({ page, form, subjects, atMost }, damages, more) => {
        const fields = withSubjects(page.fields, subjects);
        const avro = inOtherForms(fields, avroOf(fields, page.rows), page.rows.length, random(form));
        const bytes = [...avro.batch];
        for (const { at, to, how } of damages)
          bytes.splice(at % (bytes.length + 1), how === "insert" ? 0 : 1, ...(how === "remove" ? [] : [to]));
        const count = Math.max(0, page.rows.length + more);
        sameHalves(fields, { ...avro, batch: Uint8Array.from(bytes) }, { count, atMost });
        sameHalves(fields, { ...avro, batch: Uint8Array.from(bytes) }, { count });
      },
    ),
    { ...RUNS, numRuns: 800 },
  );
});

it(`and so do rows that are cut, wherever (SEED=${SEED})`, () => {
  fc.assert(
    fc.property(cases, ({ page, form }) => {
      const rows = page.rows.slice(0, 3);
      const avro = inOtherForms(page.fields, avroOf(page.fields, rows), rows.length, random(form));
      for (let end = 0; end < avro.batch.length; end++)
        sameHalves(page.fields, { ...avro, batch: avro.batch.subarray(0, end) }, { count: rows.length });
    }),
    { ...RUNS, numRuns: 40 },
  );
});

it(`each batch is written over the one before as it would be in fresh memory (SEED=${SEED})`, () => {
  // Of one stream after the other.
  const memory = new BatchMemory("reused");
  fc.assert(
    fc.property(cases, fc.array(fc.nat(20), { minLength: 2, maxLength: 4 }), ({ page, form }, counts) => {
      const { fields, rows } = page;
      const options = { fields, keys: TEST_KEYS, now: TEST_NOW };
      const [fresh, again] = [new AvroMasker(options), new AvroMasker({ ...options, memory })];
      const { schema, batch } = inOtherForms(fields, avroOf(fields, rows), rows.length, random(form));
      fresh.schema(schema);
      again.schema(schema);
      for (const atMost of counts) {
        // Whatever stood in the memory before.
        memory.begin();
        memory.bytes(memory.byteLength).fill(0xa5);
        assert.deepEqual(again.batch(batch, rows.length, atMost), fresh.batch(batch, rows.length, atMost));
      }
    }),
    { ...RUNS, numRuns: 100 },
  );
});

const rowsOf = (...rows: readonly (readonly (string | null | readonly string[])[])[]) =>
  rows.map((row) => ({
    f: row.map((value) => ({ v: typeof value === "object" && value !== null ? value.map((v) => ({ v })) : value })),
  }));

it("no value stays in the scanner's memory behind a batch, nor behind one that is refused", () => {
  const fields = [maskedField("a", "STRING", "token"), maskedField("b", "STRING", "last4")];
  const rows = Array.from({ length: 20_000 }, (_, i) => [`MRN${i}`, "123-45-6789"]);
  const avro = avroOf(fields, rowsOf(...rows));
  const { memory, inAt, outAt } = loadAvroScanner(() => 0) ?? assert.fail("this machine has no scanner");
  for (const count of [rows.length, rows.length + 1]) {
    const masker = new AvroMasker({ fields, keys: TEST_KEYS, now: TEST_NOW });
    masker.schema(avro.schema);
    if (count === rows.length) masker.batch(avro.batch, count);
    else assert.throws(() => masker.batch(avro.batch, count), MaskingError);
    assert.ok(memory.subarray(inAt, outAt).every((byte) => byte === 0));
    assert.ok(!memory.includes("123-45"));
  }
});

describe("both halves give the same", () => {
  it("tokens, of every length and type", () => {
    const fields = [
      maskedField("s", "STRING", "token"),
      maskedField("i", "INT64", "token"),
      maskedField("b", "BYTES", "token"),
    ];
    const longest = [-(2n ** 63n), 2n ** 63n - 1n, -1n, 0n, 1n, 63n, 64n, -64n, -65n, 10n ** 18n].map(String);
    const rows = Array.from({ length: 200 }, (_, i) => [
      "x".repeat(i),
      longest[i] ?? String(i - 100),
      Buffer.alloc(i, i).toString("base64"),
    ]);
    const { batches } = sameHalves(fields, avroOf(fields, rowsOf(...rows)), { count: rows.length }) as {
      batches: unknown[];
    };
    assert.equal(batches.length, 2);
  });

  it("integers' tokens of every length one behind the other", () => {
    // Of so many some take six bytes and some eight.
    const rows = Array.from({ length: 5000 }, (_, i) => [String(i), String(-i), "shown"]);
    const fields = [
      maskedField("a", "INT64", "token"),
      maskedField("b", "INT64", "token"),
      maskedField("c", "STRING", "none"),
    ];
    assert.ok("batches" in sameHalves(fields, avroOf(fields, rowsOf(...rows)), { count: rows.length }));
  });

  it("parts of texts with and without characters beyond ASCII, of any length", () => {
    const texts = [
      "",
      "a",
      "abcd",
      "abcde",
      "é",
      "abcdé",
      "éabcd",
      "abcé1234",
      "1234éabc",
      "😀abcd",
      "abcd😀",
      "😀😀😀😀😀",
    ];
    const rules: MaskRule[] = ["last4", "first4", "LAST_FOUR_CHARACTERS", "FIRST_FOUR_CHARACTERS", "none"];
    const fields = rules.map((rule) => maskedField(rule, "STRING", rule));
    const rows = texts.map((text) => rules.map(() => text));
    assert.ok("batches" in sameHalves(fields, avroOf(fields, rowsOf(...rows)), { count: rows.length }));
  });

  it("rows where what lies in memory ends, and rows longer than it", () => {
    const WINDOW = 0x4_0000;
    const fields = [
      maskedField("a", "STRING", "none"),
      maskedField("i", "INT64", "token"),
      maskedField("b", "STRING", "last4"),
    ];
    const long = (length: number) => ["x".repeat(length), "77", "123-45-6789"];
    for (let over = -24; over <= 24; over++) {
      const rows = [...Array.from({ length: 20 }, () => long(1000)), long(WINDOW - 20 * 1017 - 16 + over), long(5)];
      assert.ok("batches" in sameHalves(fields, avroOf(fields, rowsOf(...rows, long(9))), { count: rows.length + 1 }));
    }
    const lengths = [5, WINDOW, 5, 3 * WINDOW, 140_000, 140_000, 140_000, 5];
    assert.ok("batches" in sameHalves(fields, avroOf(fields, rowsOf(...lengths.map(long))), { count: lengths.length }));
  });

  it("where what comes out is many times what went in", () => {
    const fields = [
      maskedField("a", "STRING", "token"),
      maskedField("b", "JSON", "default"),
      maskedField("c", "STRING", "redact"),
    ];
    const rows = Array.from({ length: 20_000 }, (_, i) => [
      "",
      "",
      i % 5000 === 0 ? `${"call 555-010-0199 ".repeat(99)}` : "",
    ]);
    const avro = avroOf(fields, rowsOf(...rows));
    assert.ok("batches" in sameHalves(fields, avro, { count: rows.length }));
    // Without unions every shown value is a byte longer.
    const shown = [maskedField("a", "BOOL", "none"), maskedField("b", "BOOL", "none")];
    const schema = { type: "record", name: "r", fields: shown.map(({ name }) => ({ name, type: "boolean" })) };
    const bare = { schema: Buffer.from(JSON.stringify(schema)), batch: new Uint8Array(600_000).fill(1) };
    assert.ok("batches" in sameHalves(shown, bare, { count: 300_000 }));
  });

  it("arrays of more elements than there are places for", () => {
    for (const [rule, type] of [
      ["token", "STRING"],
      ["last4", "STRING"],
      ["none", "STRING"],
      ["default", "STRING"],
      ["token", "INT64"],
    ] as const) {
      const fields = [maskedField("a", type, rule, { repeated: true }), maskedField("b", "STRING", "token")];
      const many = (n: number) => [Array.from({ length: n }, (_, i) => String(i)), "x"];
      const rows = [many(4095), many(2), many(4096), many(0), many(4097), many(1)];
      assert.ok("batches" in sameHalves(fields, avroOf(fields, rowsOf(...rows)), { count: rows.length }));
    }
  });

  it("rows of more columns than a plan has room for", () => {
    for (const count of [1500, 5000, 6000]) {
      const rules: MaskRule[] = ["none", "token", "default", "last4"];
      const fields = Array.from({ length: count }, (_, i) => maskedField(`c${i}`, "STRING", rules[i % 4] as MaskRule));
      const rows = [0, 1].map((row) => fields.map(({ name }, i) => (i % 7 === row ? null : name)));
      assert.ok("batches" in sameHalves(fields, avroOf(fields, rowsOf(...rows)), { count: rows.length }));
    }
  });

  it("streams of two plans that take turns", () => {
    const fields = (domain: string) => [maskedField("a", "STRING", "token", { mask: { rule: "token", domain } })];
    const avro = avroOf(fields(""), rowsOf(["x"], ["y"], ["z"]));
    const maskers = ["one", "two"].map((domain) => {
      const options = { fields: fields(domain), keys: TEST_KEYS, now: TEST_NOW };
      const both = { fast: new AvroMasker(options), exact: new AvroMasker(options, "exact") };
      both.fast.schema(avro.schema);
      both.exact.schema(avro.schema);
      return both;
    });
    for (let i = 0; i < 4; i++)
      for (const { fast, exact } of maskers) assert.deepEqual(fast.batch(avro.batch, 3), exact.batch(avro.batch, 3));
  });
});
