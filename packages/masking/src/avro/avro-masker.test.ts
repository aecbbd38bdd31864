import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Mask, MaskedField } from "../mask-rule.ts";
import { MaskingError } from "../masking-error.ts";
import { pages } from "../testing/any-page.ts";
import { avroOf, avroSchema, rowsOfAvro } from "../testing/avro-rows.ts";
import { TEST_KEYS, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { unfitForAvro } from "./avro-column.ts";
import { AvroMasker } from "./avro-masker.ts";

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const NONE: Mask = { rule: "none" };
const field = (name: string, type: MaskedField["type"], mask: Mask = NONE, more = {}): MaskedField => ({
  name,
  type,
  repeated: false,
  mask,
  ...more,
});
const FIELDS = [field("a", "STRING"), field("n", "INT64"), field("ssn", "STRING", { rule: "last4" })];
const row = (...values: (string | null)[]) => ({ f: values.map((v) => ({ v })) });

function masker(fields: readonly MaskedField[], schema: Uint8Array, limits = {}): AvroMasker {
  const made = new AvroMasker({ fields, keys: TEST_KEYS, now: TEST_NOW, limits });
  made.schema(schema);
  return made;
}

function refusal(work: () => unknown): MaskingError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof MaskingError, String(error));
    return error;
  }
  assert.fail("it was not refused");
}

describe("masked Avro rows", () => {
  it("keep the bytes of what is shown, under a schema of our own", () => {
    const { schema, batch } = avroOf(FIELDS, [row("é", "-7", "123-45-6789"), row(null, null, null)]);
    const said = { ...JSON.parse(Buffer.from(schema).toString()), doc: "123-45-6789", namespace: "x" };
    const one = new AvroMasker({ fields: FIELDS, keys: TEST_KEYS, now: TEST_NOW });
    const written = one.schema(Buffer.from(JSON.stringify(said)));
    assert.deepEqual(JSON.parse(written.toString()), avroSchema(FIELDS));
    const { rows, batch: masked } = one.batch(batch, 2);
    assert.equal(rows, 2);
    assert.equal(masked.toString("latin1"), "\x02\x04\xc3\xa9\x02\x0d\x02\x12XXXXX6789\x00\x00\x00");
  });

  it("of columns that upstream says are never NULL may hold NULL", () => {
    const fields = [field("a", "STRING", { rule: "null" }), field("n", "INT64")];
    const schema = {
      type: "record",
      name: "r",
      fields: fields.map(({ name }, i) => ({ name, type: ["string", "long"][i] })),
    };
    const { batch } = masker(fields, Buffer.from(JSON.stringify(schema))).batch(Buffer.from("\x02x\x04"), 1);
    assert.deepEqual([...batch], [0, 2, 4]);
  });

  it("are read in blocks that say their sizes too", () => {
    const fields = [field("a", "INT64", NONE, { repeated: true })];
    const { schema } = avroOf(fields, []);
    // Two elements in a block of two bytes, then one, then the end.
    const { batch } = masker(fields, schema).batch(Uint8Array.from([3, 4, 2, 4, 2, 6, 0]), 1);
    assert.deepEqual(
      rowsOfAvro({ schema, batch }, fields, 1).map(({ f }) => f.map(({ v }) => v)),
      [[[{ v: "1" }, { v: "2" }, { v: "3" }]]],
    );
  });
});

describe("RANGEs in Avro", () => {
  const bound = (name: string, type: unknown) => ({ name, type: ["null", type] });
  const DATE = { type: "int", logicalType: "date" };
  const DATETIME = { type: "string", logicalType: "datetime" };
  const TIMESTAMP = { type: "long", logicalType: "timestamp-micros" };
  const range = (of: string, type: unknown) => ({
    type: "record",
    namespace: "google.sqlType",
    name: `RANGE_${of}`,
    sqlType: "RANGE",
    fields: [bound("start", type), bound("end", type)],
  });
  const schemaOf = (...types: unknown[]) =>
    Buffer.from(
      JSON.stringify({ type: "record", name: "__root__", fields: types.map((type, i) => bound(`r${i}`, type)) }),
    );
  const plans = (count: number, mask: Mask = NONE) =>
    Array.from({ length: count }, (_, i) => field(`r${i}`, "RANGE", mask));

  it("are records of two bounds, defined once and then named, as BigQuery writes them", () => {
    const types = [range("DATE", DATE), "google.sqlType.RANGE_DATE", range("DATETIME", DATETIME)];
    const schema = schemaOf(...types, range("TIMESTAMP", TIMESTAMP), "google.sqlType.RANGE_DATETIME");
    const made = new AvroMasker({ fields: plans(5), keys: TEST_KEYS, now: TEST_NOW });
    assert.deepEqual(JSON.parse(made.schema(schema).toString()), JSON.parse(schema.toString()));
    const bytes = [2, 2, 4, 2, 6, 2, 0, 2, 8, 2, 2, 2, 0x61, 0, 2, 2, 6, 2, 8, 0];
    assert.deepEqual([...made.batch(Uint8Array.from(bytes), 1).batch], bytes);
  });

  it("that are masked have no bound left, or are NULL", () => {
    const bytes = Uint8Array.from([2, 2, 4, 2, 6, 0]);
    const types = schemaOf(range("DATE", DATE), "google.sqlType.RANGE_DATE");
    const masked = (rule: "default" | "null") => {
      const one = masker(plans(2, { rule }), types);
      return { bytes: [...one.batch(bytes, 1).batch], cells: one.progress().maskedCells };
    };
    const counted = (rule: string) => ({ r0: { rule, count: 1 }, r1: { rule, count: 0 } });
    assert.deepEqual(masked("default"), { bytes: [2, 0, 0, 0], cells: counted("default") });
    assert.deepEqual(masked("null"), { bytes: [0, 0], cells: counted("null") });
  });

  it("of another form are refused: other names, bounds of two types, a name that nothing was defined by", () => {
    const date = range("DATE", DATE);
    for (const type of [
      "google.sqlType.RANGE_DATE",
      "RANGE_DATE",
      "string",
      { type: "string", sqlType: "RANGE" },
      { ...date, sqlType: undefined },
      { ...date, type: "fixed" },
      { ...date, fields: date.fields.slice(1) },
      { ...date, fields: date.fields.toReversed() },
      { ...date, fields: [...date.fields, bound("more", DATE)] },
      { ...date, fields: [bound("start", DATE), bound("end", DATETIME)] },
      { ...date, fields: [bound("start", "string"), bound("end", "long")] },
      range("LONG", "long"),
      range("STRUCT", { type: "record", name: "x", fields: [] }),
      range("RANGE", date),
    ])
      assert.equal(refusal(() => masker(plans(1), schemaOf(type))).code, "shape", JSON.stringify(type));
    // Another name than the first one's, and one that is defined only later.
    for (const types of [
      [date, "google.sqlType.RANGE_DATETIME"],
      ["google.sqlType.RANGE_DATE", date],
    ])
      assert.equal(refusal(() => masker(plans(2), schemaOf(...types))).code, "shape");
    // A branch that isn't there; a bound that ends too early.
    for (const bytes of [
      [2, 4, 0],
      [2, 2],
      [2, 2, 4],
    ])
      assert.match(refusal(() => masker(plans(1), schemaOf(date)).batch(Uint8Array.from(bytes), 1)).code, /^s/);
  });
});

describe("refused is", () => {
  const { schema, batch } = avroOf(FIELDS, [row("a", "1", "123-45-6789"), row("b", "2", null)]);
  const columns = JSON.parse(Buffer.from(schema).toString()).fields as { name: string; type: unknown }[];
  const schemas: readonly [string, unknown][] = [
    ["no JSON", undefined],
    ["no record", ["null", "string"]],
    ["a column too many", { type: "record", name: "r", fields: [...columns, { name: "x", type: "string" }] }],
    ["a column too few", { type: "record", name: "r", fields: columns.slice(1) }],
    ["columns in another order", { type: "record", name: "r", fields: columns.toReversed() }],
    [
      "a union of three",
      { type: "record", name: "r", fields: [{ name: "a", type: ["null", "string", "long"] }, ...columns.slice(1)] },
    ],
    [
      "a union without NULL",
      { type: "record", name: "r", fields: [{ name: "a", type: ["string", "bytes"] }, ...columns.slice(1)] },
    ],
    [
      "an array for a value",
      {
        type: "record",
        name: "r",
        fields: [{ name: "a", type: { type: "array", items: "string" } }, ...columns.slice(1)],
      },
    ],
    [
      "a map, an enum, a fixed, a name",
      { type: "record", name: "r", fields: [{ name: "a", type: "elsewhere" }, ...columns.slice(1)] },
    ],
    ["another type", { type: "record", name: "r", fields: [{ name: "a", type: "bytes" }, ...columns.slice(1)] }],
    [
      "another logical type",
      {
        type: "record",
        name: "r",
        fields: [columns[0], { name: "n", type: { type: "long", logicalType: "timestamp-micros" } }, columns[2]],
      },
    ],
  ];
  for (const [what, said] of schemas)
    it(`a schema with ${what}`, () => {
      const text = said === undefined ? "{" : JSON.stringify(said);
      const error = refusal(() =>
        new AvroMasker({ fields: FIELDS, keys: TEST_KEYS, now: TEST_NOW }).schema(Buffer.from(text)),
      );
      assert.match(error.code, /^(shape|syntax)$/);
    });

  it("what is no row, or not so many of them", () => {
    const wrong: readonly [string, Uint8Array, number][] = [
      ["a row less than it says", batch, 3],
      ["a row more than it says", batch, 1],
      ["rows where there are none", new Uint8Array(0), 1],
      ["a branch that isn't there", Uint8Array.from([4]), 1],
      ["a negative length", Uint8Array.from([2, 1]), 1],
      ["a length beyond the end", Uint8Array.from([2, 0xfe, 0xff, 0xff, 0x0f]), 1],
      ["a text that isn't UTF-8", Uint8Array.from([2, 2, 0xff, 0, 0]), 1],
      ["a number written longer than it is", Uint8Array.from([0, 2, 0x82, 0x00, 0]), 1],
      ["a number of more than 64 bits", Uint8Array.from([0, 2, ...Array<number>(9).fill(0xff), 2, 0]), 1],
    ];
    for (const [what, bytes, rows] of wrong) {
      const error = refusal(() => masker(FIELDS, schema).batch(bytes, rows));
      assert.match(error.code, /^(shape|syntax)$/, what);
      assert.doesNotMatch(error.message, /123-45/, what);
    }
  });

  it("a number of rows that is none: fewer than none would let as many more leave", () => {
    const { schema, batch } = avroOf(FIELDS, [row("x", "1", "y")]);
    for (const count of [-1, 0.5, Number.NaN, -(2 ** 53) + 1]) {
      const one = masker(FIELDS, schema, { maxRows: 0 });
      assert.equal(refusal(() => one.batch(Buffer.alloc(0), count)).code, "shape", String(count));
      assert.equal(refusal(() => one.batch(batch, 1)).code, "finished");
    }
  });

  it("more rows, or longer values to mask, than allowed; and everything after an error", () => {
    assert.equal(refusal(() => masker(FIELDS, schema, { maxRows: 1 }).batch(batch, 2)).code, "limit");
    const dead = masker(FIELDS, schema, { maxMaskedCellBytes: 5 });
    assert.equal(refusal(() => dead.batch(batch, 2)).code, "limit");
    assert.equal(refusal(() => dead.batch(batch, 2)).code, "finished");
  });

  it("an array that holds NULL, or says it has more elements than there are bytes", () => {
    const fields = [field("a", "STRING", NONE, { repeated: true })];
    const said = {
      type: "record",
      name: "r",
      fields: [{ name: "a", type: { type: "array", items: ["null", "string"] } }],
    };
    const nulls = Buffer.from(JSON.stringify(said));
    assert.match(refusal(() => masker(fields, nulls).batch(Uint8Array.from([2, 0, 0]), 1)).message, /NULL in an array/);
    const many = Uint8Array.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 2, 0]);
    assert.equal(refusal(() => masker(fields, nulls).batch(many, 1)).code, "syntax");
  });

  it("by name what Avro can't carry", () => {
    assert.equal(unfitForAvro(FIELDS), undefined);
    assert.equal(unfitForAvro([field("s", "STRUCT", NONE, { fields: [field("r", "RANGE")] })]), undefined);
    assert.match(unfitForAvro([field("größe", "INT64")]) ?? "", /größe/);
    assert.match(unfitForAvro([field("1st", "INT64")]) ?? "", /1st/);
  });
});

it(`of bytes changed anywhere come rows of these columns, or a refusal that says nothing of them (SEED=${SEED})`, () => {
  const change = fc.record({ at: fc.nat(), to: fc.nat(255), cut: fc.nat(20) });
  fc.assert(
    fc.property(pages(), fc.array(change, { minLength: 1, maxLength: 3 }), ({ fields, rows }, changes) => {
      const avro = avroOf(fields, rows);
      let bytes = Uint8Array.from(avro.batch);
      for (const { at, to, cut } of changes) {
        if (bytes.length === 0) break;
        bytes[at % bytes.length] = to;
        if (cut < 2) bytes = bytes.slice(0, bytes.length - cut);
      }
      const one = masker(fields, avro.schema);
      try {
        const { batch, rows: count } = one.batch(bytes, rows.length);
        assert.equal(count, rows.length);
        assert.equal(rowsOfAvro({ schema: avro.schema, batch }, fields, count).length, count);
      } catch (error) {
        assert.ok(error instanceof MaskingError, String(error));
        assert.match(error.message, /^[\w.]*(: )?[ \w'.,-]+$/);
      }
    }),
    { numRuns: 600, seed: SEED },
  );
});
