import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Data,
  type DataType,
  Field,
  Int32,
  Int64,
  List,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import fc from "fast-check";
import type { Mask, MaskedField } from "../mask-rule.ts";
import { MaskingError } from "../masking-error.ts";
import { type ArrowMessages, arrowOf, rowsOf } from "../testing/arrow-rows.ts";
import { TEST_KEYS, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { ArrowMasker } from "./arrow-masker.ts";
import { FlatTable } from "./flat-reader.ts";

const NONE: Mask = { rule: "none" };
const field = (name: string, type: MaskedField["type"], mask: Mask = NONE): MaskedField => ({
  name,
  type,
  repeated: false,
  mask,
});
const masker = (fields: readonly MaskedField[], limits = {}) =>
  new ArrowMasker({ fields, keys: TEST_KEYS, now: TEST_NOW, limits });

/** Messages of columns that Apache's library is given ready-made. */
function messages(fields: readonly Field[], data: readonly Data[]): ArrowMessages {
  const schema = new Schema([...fields]);
  const length = data[0]?.length ?? 0;
  const struct = makeData({ type: new Struct(schema.fields), length, nullCount: 0, children: [...data] });
  const writer = new RecordBatchStreamWriter();
  writer.write(new RecordBatch(schema, struct));
  writer.finish();
  const bytes = writer.toUint8Array(true);
  const schemaBytes = 8 + new DataView(bytes.buffer, bytes.byteOffset).getInt32(4, true);
  return { schema: bytes.slice(0, schemaBytes), batch: bytes.slice(schemaBytes, bytes.length - 8) };
}

function masked(fields: readonly MaskedField[], { schema, batch }: ArrowMessages): ArrowMessages {
  const one = masker(fields);
  return { schema: one.schema(schema), batch: one.batch(batch).batch };
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

/** The body's buffers, cut to the bytes their values need. */
function bodyBuffers(batch: Uint8Array): Buffer[] {
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength);
  const metadata = bytes.readInt32LE(4);
  const header = FlatTable.root(bytes.subarray(8, 8 + metadata)).table(2);
  const body = bytes.subarray(8 + metadata);
  return (header?.pairs(2) ?? []).map(([offset, length]) => body.subarray(offset, offset + length));
}

const SSN: Mask = { rule: "token", domain: "ssn" };

describe("a masked Arrow batch", () => {
  it("is read by Apache's library, under the names and types of the fields", () => {
    const fields = [
      field("id", "INT64"),
      field("ssn", "STRING", { rule: "last4" }),
      field("born", "DATE", { rule: "year" }),
    ];
    const rows = [
      { f: [{ v: "7" }, { v: "123-45-6789" }, { v: "1980-05-06" }] },
      { f: [{ v: "8" }, { v: null }, { v: null }] },
    ];
    const { schema, batch } = masked(fields, arrowOf(fields, rows));
    const table = tableFromIPC(Buffer.concat([schema, batch]));
    assert.deepEqual(
      table.schema.fields.map((f) => `${f.name} ${f.type} ${f.nullable}`),
      ["id Int64 true", "ssn Utf8 true", "born Date32<DAY> true"],
    );
    const [first, second] = table.toArray().map((row) => row.toJSON());
    assert.deepEqual(
      [first.id, first.ssn, new Date(first.born).toISOString().slice(0, 10)],
      [7n, "XXXXX6789", "1980-01-01"],
    );
    assert.deepEqual([second.id, second.ssn, second.born], [8n, null, null]);
  });

  it("keeps the bytes of every shown buffer", () => {
    const fields = [
      field("a", "STRING"),
      field("b", "NUMERIC"),
      field("ssn", "STRING", SSN),
      field("c", "BOOL"),
      field("d", "FLOAT64"),
    ];
    const rows = Array.from({ length: 13 }, (_, i) => ({
      f: [{ v: "é".repeat(i) }, { v: `${i}.25` }, { v: `s${i}` }, { v: String(i % 3 === 0) }, { v: String(i / 7) }],
    }));
    const arrow = arrowOf(fields, rows);
    const [before, after] = [bodyBuffers(arrow.batch), bodyBuffers(masked(fields, arrow).batch)];
    assert.equal(after.length, before.length);
    // Validity, offsets and data of a; validity and data of b; of c and d.
    for (const i of [0, 1, 2, 3, 4, 8, 9, 10, 11]) {
      const bytes = after[i] as Buffer;
      assert.deepEqual(bytes, (before[i] as Buffer).subarray(0, bytes.length), `buffer ${i}`);
    }
    assert.notDeepEqual(after[7], before[7]);
  });

  it("shows nothing of what stands under a NULL, or inside of a NULL STRUCT", () => {
    const secret = Buffer.from("SECRET-VALUE");
    const texts = makeData({
      type: new Utf8(),
      length: 2,
      nullCount: 1,
      nullBitmap: Uint8Array.of(0b10),
      valueOffsets: Int32Array.of(0, secret.length, secret.length + 2),
      data: new Uint8Array(Buffer.concat([secret, Buffer.from("ok")])),
    });
    const numbers = makeData({
      type: new Int64(),
      length: 2,
      nullCount: 1,
      nullBitmap: Uint8Array.of(0b10),
      data: BigInt64Array.of(0x5345435245542121n, 5n),
    });
    const inner = makeData({
      type: new Int64(),
      length: 2,
      nullCount: 0,
      data: BigInt64Array.of(0x5345435245542121n, 6n),
    });
    const struct = makeData({
      type: new Struct([new Field("i", new Int64())]),
      length: 2,
      nullCount: 1,
      nullBitmap: Uint8Array.of(0b10),
      children: [inner],
    });
    const fields = [
      field("t", "STRING"),
      field("n", "INT64"),
      { ...field("s", "STRUCT"), fields: [field("i", "INT64")] },
    ];
    const arrow = messages(
      [new Field("t", new Utf8(), true), new Field("n", new Int64(), true), new Field("s", struct.type, true)],
      [texts, numbers, struct],
    );
    const result = masked(fields, arrow);
    assert.deepEqual(rowsOf(result, fields), [
      { f: [{ v: null }, { v: null }, { v: null }] },
      { f: [{ v: "ok" }, { v: "5" }, { v: { f: [{ v: "6" }] } }] },
    ]);
    for (const bytes of [secret, Buffer.from("!!TERCES")]) assert.ok(!Buffer.from(result.batch).includes(bytes));
  });

  it("shows nothing of what stands between the buffers, or behind the last value", () => {
    const fields = [field("a", "STRING"), field("b", "STRING")];
    const { schema, batch } = arrowOf(fields, [{ f: [{ v: "x" }, { v: "y" }] }]);
    const stuffed = Buffer.from(batch);
    const metadata = 8 + stuffed.readInt32LE(4);
    for (let i = metadata; i < stuffed.length; i++) if (stuffed[i] === 0) stuffed[i] = 0x53;
    const offsets = FlatTable.root(stuffed.subarray(8, metadata)).table(2)?.pairs(2) ?? [];
    // The offsets themselves must stay.
    for (const i of [1, 4])
      stuffed.set(
        batch.subarray(metadata + (offsets[i]?.[0] ?? 0), metadata + (offsets[i]?.[0] ?? 0) + 8),
        metadata + (offsets[i]?.[0] ?? 0),
      );
    assert.ok(stuffed.includes("SSSS"));
    assert.ok(!Buffer.from(masked(fields, { schema, batch: stuffed }).batch).includes("SS"));
  });

  it("counts what was masked, as for JSON", () => {
    const fields = [field("ssn", "STRING", SSN), field("n", "INT64", { rule: "null" })];
    const one = masker(fields);
    const { schema, batch } = arrowOf(fields, [{ f: [{ v: "1" }, { v: null }] }, { f: [{ v: "2" }, { v: "3" }] }]);
    one.schema(schema);
    one.batch(batch);
    one.batch(batch);
    const { rows, maskedCells } = one.progress();
    assert.equal(rows, 4);
    assert.deepEqual(maskedCells, { ssn: { rule: "token", count: 4 }, n: { rule: "null", count: 2 } });
  });
});

describe("refused is", () => {
  const fields = [field("id", "INT64"), field("ssn", "STRING", SSN)];
  const good = arrowOf(fields, [{ f: [{ v: "7" }, { v: "123-45-6789" }] }]);

  const schemas: readonly (readonly [string, readonly Field[], RegExp])[] = [
    [
      "a column too many",
      [new Field("id", new Int64()), new Field("ssn", new Utf8()), new Field("name", new Utf8())],
      /2 columns were expected, not 3/,
    ],
    ["a column too few", [new Field("id", new Int64())], /2 columns were expected, not 1/],
    [
      "columns in another order",
      [new Field("ssn", new Utf8()), new Field("id", new Int64())],
      /id: the column has another name/,
    ],
    [
      "another type",
      [new Field("id", new Int64()), new Field("ssn", new Int64())],
      /ssn: the column has another Arrow type than STRING/,
    ],
    [
      "another width",
      [new Field("id", new Int32()), new Field("ssn", new Utf8())],
      /id: the column has another Arrow type/,
    ],
    [
      "a list for a value",
      [new Field("id", new Int64()), new Field("ssn", new List(new Field("item", new Utf8())))],
      /ssn: the column has another Arrow type/,
    ],
  ];
  for (const [name, columns, message] of schemas) {
    it(`a schema with ${name}`, () => {
      const schema = tableToIPC(new Table(new Schema([...columns])), "stream");
      assert.match(refusal(() => masker(fields).schema(schema.slice(0, -8))).message, message);
    });
  }

  it("a dictionary", () => {
    const table = new Table({ id: vectorFromArray([1n], new Int64() as DataType), ssn: vectorFromArray(["a", "a"]) });
    const schema = tableToIPC(table, "stream");
    const bytes = 8 + new DataView(schema.buffer, schema.byteOffset).getInt32(4, true);
    assert.match(
      refusal(() => masker(fields).schema(schema.slice(0, bytes))).message,
      /ssn: dictionaries are not read/,
    );
  });

  it("a dictionary batch, a schema in a batch's place, a batch before its schema", () => {
    const one = masker(fields);
    one.schema(good.schema);
    assert.match(refusal(() => one.batch(good.schema)).message, /a record batch was expected, not a schema/);
    assert.match(refusal(() => masker(fields).batch(good.batch)).message, /before its schema/);
    assert.match(refusal(() => one.batch(good.batch)).message, /has failed/);
  });

  it("a batch with bytes missing, or more than it says", () => {
    for (const batch of [
      good.batch.slice(0, -8),
      Buffer.concat([good.batch, Buffer.alloc(8)]),
      good.batch.slice(0, 4),
      new Uint8Array(0),
    ]) {
      const one = masker(fields);
      one.schema(good.schema);
      assert.equal(refusal(() => one.batch(batch)).code, "syntax");
    }
  });

  it("more rows, or longer values to mask, than allowed", () => {
    const rows = masker(fields, { maxRows: 1 });
    rows.schema(good.schema);
    rows.batch(good.batch);
    assert.match(refusal(() => rows.batch(good.batch)).message, /More than the 0 rows allowed/);
    const long = masker(fields, { maxMaskedCellBytes: 10 });
    long.schema(good.schema);
    assert.match(refusal(() => long.batch(good.batch)).message, /ssn: more than 10 bytes to mask/);
  });

  it("a buffer that lies over another, out of the batch, or in another order", () => {
    const metadata = 8 + Buffer.from(good.batch).readInt32LE(4);
    const at = Buffer.from(good.batch).subarray(0, metadata);
    const places = FlatTable.root(at.subarray(8)).table(2)?.pairs(2) ?? [];
    // The vector of buffers is where these numbers stand.
    const pattern = Buffer.alloc(16 * places.length);
    for (const [i, [offset, length]] of places.entries()) {
      pattern.writeBigInt64LE(BigInt(offset), 16 * i);
      pattern.writeBigInt64LE(BigInt(length), 16 * i + 8);
    }
    const vector = at.indexOf(pattern);
    assert.ok(vector > 0);
    const [last] = places.slice(-1);
    // id's values are said to be where ssn's are, or far away, or before all.
    for (const offset of [BigInt(last?.[0] ?? 0), 1n << 40n, -8n, (1n << 62n) + 1n]) {
      const batch = Buffer.from(good.batch);
      batch.writeBigInt64LE(offset, vector + 16);
      const one = masker(fields);
      one.schema(good.schema);
      refusal(() => one.batch(batch));
    }
  });

  it("text that isn't UTF-8, or begins inside of a character", () => {
    const text = (bytes: readonly number[], offsets: readonly number[]) =>
      messages(
        [new Field("id", new Int64(), true), new Field("ssn", new Utf8(), true)],
        [
          makeData({ type: new Int64(), length: 2, nullCount: 0, data: BigInt64Array.of(1n, 2n) }),
          makeData({
            type: new Utf8(),
            length: 2,
            nullCount: 0,
            valueOffsets: Int32Array.from(offsets),
            data: Uint8Array.from(bytes),
          }),
        ],
      );
    assert.match(refusal(() => masked(fields, text([0xff, 0x41], [0, 1, 2]))).message, /ssn: text that is not UTF-8/);
    assert.match(
      refusal(() => masked(fields, text([0xc3, 0xa9], [0, 1, 2]))).message,
      /ssn: a text that begins inside/,
    );
    assert.match(refusal(() => masked(fields, text([0x41, 0x42], [0, 2, 1]))).message, /ssn: offsets out of order/);
    assert.match(refusal(() => masked(fields, text([0x41, 0x42], [0, 1, 900]))).message, /ssn: a buffer is shorter/);
  });
});

const RUNS = { numRuns: 3000, seed: Number(process.env.SEED ?? Date.now() % 2 ** 31) };

it(`lets nothing through that a broken message hides, and says nothing of it (SEED=${RUNS.seed})`, () => {
  const secret = "SSN-078-05-1120";
  const fields: MaskedField[] = [
    field("id", "INT64"),
    field("ssn", "STRING", { rule: "null" }),
    { ...field("names", "STRING"), repeated: true },
    { ...field("s", "STRUCT"), fields: [field("a", "STRING", SSN), field("b", "BOOL")] },
  ];
  const rows = Array.from({ length: 9 }, (_, i) => ({
    f: [
      { v: String(i) },
      { v: secret },
      { v: [{ v: "x" }, { v: "yy" }] },
      { v: i === 4 ? null : { f: [{ v: secret }, { v: "true" }] } },
    ],
  }));
  const { schema, batch } = arrowOf(fields, rows);
  const metadata = 8 + Buffer.from(batch).readInt32LE(4);
  const change = fc.record({
    at: fc.nat(metadata + 40),
    value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 8, 0x7f, 0x80, 0xff)),
  });
  let through = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.boolean(), (changes, inSchema) => {
      const broken = Buffer.from(inSchema ? schema : batch);
      for (const { at, value } of changes) broken[at % broken.length] = value;
      const one = masker(fields);
      try {
        const shown = Buffer.concat([
          one.schema(inSchema ? broken : schema),
          one.batch(inSchema ? batch : broken).batch,
        ]);
        through++;
        assert.ok(!shown.includes("078-05"), "a masked value came out");
      } catch (error) {
        if (!(error instanceof MaskingError)) throw error;
        assert.ok(!error.message.includes("078-05"));
      }
    }),
    RUNS,
  );
  assert.ok(through > 0);
});
