import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { crc32, deflateRawSync } from "node:zlib";
import type { TableFieldSchema } from "@chaperone/googlesql";
import avsc from "avsc";
import fc from "fast-check";
import { NumberText } from "../../sessions/sent-value.ts";
import { RowsAsLines } from "../rows-as-lines.ts";
import { AvroRows } from "./rows.ts";

const MOST = { values: 1_000_000, characters: 10_000_000 };
const SCHEMA = {
  type: "record",
  name: "Visit",
  namespace: "clinic.files",
  fields: [
    { name: "id", type: "long" },
    { name: "word", type: ["null", "string"] },
    { name: "small", type: ["int", "null"] },
    { name: "flag", type: "boolean" },
    { name: "f", type: "float" },
    { name: "d", type: "double" },
    { name: "b", type: "bytes" },
    { name: "fix", type: { type: "fixed", name: "Two", size: 2 } },
    { name: "again", type: "Two" },
    { name: "kind", type: { type: "enum", name: "Kind", symbols: ["IN", "OUT"] } },
    { name: "day", type: { type: "int", logicalType: "date" } },
    { name: "clock", type: { type: "long", logicalType: "time-micros" } },
    { name: "at", type: { type: "long", logicalType: "timestamp-micros" } },
    { name: "local", type: { type: "long", logicalType: "local-timestamp-millis" } },
    { name: "cost", type: { type: "bytes", logicalType: "decimal", precision: 20, scale: 2 } },
    { name: "tags", type: { type: "array", items: "string" } },
    {
      name: "parts",
      type: {
        type: "array",
        items: {
          type: "record",
          name: "Part",
          fields: [
            { name: "n", type: ["null", "long"] },
            { name: "l", type: { type: "array", items: "int" } },
          ],
        },
      },
    },
    { name: "part", type: ["null", "Part"] },
  ],
};
const row = (id: number) => ({
  id,
  word: id % 3 === 0 ? null : `wé${id}`,
  small: id % 2 === 0 ? null : -id,
  flag: id % 2 === 0,
  f: 1.5,
  d: id === 1 ? Number.NaN : id / 8,
  b: Buffer.from([0, 255, id % 256]),
  fix: Buffer.from([1, 2]),
  again: Buffer.from([3, 4]),
  kind: id % 2 === 0 ? "IN" : "OUT",
  day: id - 3,
  clock: 86_399_999_999,
  at: -1 + id,
  local: 1_700_000_000_123,
  cost: Buffer.from([0xff, 0x85]),
  tags: id % 2 === 0 ? [] : ["x", "y"],
  parts: [
    { n: null, l: [id, 2] },
    { n: id, l: [] },
  ],
  part: id % 2 === 0 ? null : { n: 1, l: [9] },
});

/** What avsc writes: another hand than the reader's. */
async function avro(schema: object, rows: readonly unknown[], options: object = {}): Promise<Buffer> {
  const encoder = new avsc.streams.BlockEncoder(schema as avsc.Schema, {
    blockSize: 2000,
    ...options,
  });
  const parts: Buffer[] = [];
  encoder.on("data", (part: Buffer) => parts.push(part));
  for (const one of rows) encoder.write(one);
  encoder.end();
  await once(encoder, "end");
  return Buffer.concat(parts);
}
const snappy = (bytes: Buffer, done: (error: Error | null, packed: Buffer) => void) => {
  // Literals alone, which is Snappy too.
  const parts: Buffer[] = [varint(bytes.length)];
  for (let at = 0; at < bytes.length; at += 60) {
    const part = bytes.subarray(at, at + 60);
    parts.push(Buffer.from([(part.length - 1) << 2]), part);
  }
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  done(null, Buffer.concat([...parts, sum]));
};
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
const long = (value: number) => varint(value < 0 ? -2 * value - 1 : 2 * value);
const text = (value: string | Buffer) => Buffer.concat([long(value.length), Buffer.from(value)]);

/** A file written by hand, of blocks of this many rows. */
function file(schema: unknown, blocks: readonly (readonly [rows: number, bytes: Buffer])[], codec = "null"): Buffer {
  const sync = Buffer.alloc(16, 7);
  const told = [long(2), text("avro.schema"), text(JSON.stringify(schema)), text("avro.codec"), text(codec), long(0)];
  const written = blocks.flatMap(([rows, bytes]) => [long(rows), long(bytes.length), bytes, sync]);
  return Buffer.concat([Buffer.from("Obj\x01", "latin1"), ...told, sync, ...written]);
}

function read(
  bytes: Uint8Array,
  { size = bytes.length, logicalTypes = true, most = MOST, fields = [] as TableFieldSchema[] } = {},
) {
  const rows = new AvroRows(fields, logicalTypes, most);
  const all: unknown[] = [];
  for (let at = 0; at < bytes.length; at += size) all.push(...rows.add(bytes.subarray(at, at + size)));
  all.push(...rows.end());
  return all;
}
const plain = (rows: unknown) =>
  JSON.parse(JSON.stringify(rows, (_, value: unknown) => (value instanceof NumberText ? value.text : value)));
const refused = (bytes: Uint8Array, says: RegExp, options = {}) =>
  assert.throws(
    () => read(bytes, options),
    (error: Error) => {
      assert.equal(error.name, "UploadError", error.stack);
      assert.match(error.message, says);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );
const record = (...types: unknown[]) => ({
  type: "record",
  name: "R",
  fields: types.map((type, index) => ({ name: `f${index}`, type })),
});

describe("rows of an Avro file", () => {
  it("are exact, of each type that BigQuery loads", async () => {
    const [, , second] = plain(read(await avro(SCHEMA, [0, 1, 3].map(row))));
    assert.deepEqual(second, {
      id: "3",
      word: null,
      small: "-3",
      flag: false,
      f: "1.5",
      d: "0.375",
      b: "AP8D",
      fix: "AQI=",
      again: "AwQ=",
      kind: "OUT",
      day: "1970-01-01",
      clock: "23:59:59.999999",
      at: "1970-01-01T00:00:00.000002Z",
      local: "2023-11-14T22:13:20.123000",
      cost: "-1.23",
      tags: ["x", "y"],
      parts: [
        { n: null, l: ["3", "2"] },
        { n: "3", l: [] },
      ],
      part: { n: "1", l: ["9"] },
    });
    const [first, nan] = plain(read(await avro(SCHEMA, [0, 1].map(row))));
    assert.deepEqual(
      [first.at, first.day, nan.d, nan.word],
      ["1969-12-31T23:59:59.999999Z", "1969-12-29", "NaN", "wé1"],
    );
  });

  it("are the same wherever the file is cut and however its blocks are compressed", async () => {
    const rows = Array.from({ length: 100 }, (_, id) => row(id));
    const whole = await avro(SCHEMA, rows);
    const first = plain(read(whole));
    assert.equal(first.length, 100);
    for (const size of [1, 7, 1000]) assert.deepEqual(plain(read(whole, { size })), first);
    for (const [codec, codecs] of [
      ["deflate", undefined],
      ["snappy", { snappy }],
    ] as const)
      assert.deepEqual(
        plain(read(await avro(SCHEMA, rows, { codec, ...(codecs && { codecs }) }), { size: 313 })),
        first,
      );
  });

  it("are the numbers that dates are stored as, unless useAvroLogicalTypes is said; of a decimal it must be", async () => {
    const days = await avro(record({ type: "int", logicalType: "date" }), [{ f0: 19_000 }]);
    assert.deepEqual(plain(read(days, { logicalTypes: false })), [{ f0: "19000" }]);
    assert.deepEqual(plain(read(days)), [{ f0: "2022-01-08" }]);
    refused(days, /Field f0 of the Avro file has another type/, { fields: [{ name: "f0", type: "INTEGER" }] });
    const decimal = await avro(record({ type: "bytes", logicalType: "decimal", precision: 4 }), [
      { f0: Buffer.from([1]) },
    ]);
    refused(decimal, /is a decimal, .* by useAvroLogicalTypes/, { logicalTypes: false });
  });

  it("of types that BigQuery makes records of, or that hold themselves, are refused by name", () => {
    for (const [type, says] of [
      [["null", "int", "string"], /Field f0 .* a union of other than null and one type/],
      [["int", "string"], /a union of other/],
      [["null", "null"], /a union of other/],
      ["null", /has a type that isn't read here/],
      [{ type: "map", values: "int" }, /has a type that isn't read here/],
      [{ type: "array", items: { type: "array", items: "int" } }, /an array of arrays/],
      [["null", "R"], /has a type that isn't read here/],
      ["nowhere.Named", /has a type that isn't read here/],
      [{ type: "fixed", name: "F", size: 0 }, /not an Avro/],
      [{ type: "record", name: "E", fields: [] }, /not an Avro/],
    ] as const)
      refused(file(record(type), [[1, Buffer.from([0])]]), says);
    refused(
      file(
        {
          ...record("int", "int"),
          fields: [
            { name: "a", type: "int" },
            { name: "A", type: "int" },
          ],
        },
        [[1, Buffer.from([0, 0])]],
      ),
      /two fields of one name/,
    );
    refused(file("int", [[1, Buffer.from([0])]]), /not an Avro/);
    let doubled: unknown = "int";
    for (let n = 0; n < 20; n++) {
      const name = `N${n}`;
      doubled = {
        type: "record",
        name,
        fields: [
          { name: "a", type: doubled },
          { name: "b", type: n === 0 ? "int" : `N${n - 1}` },
        ],
      };
    }
    refused(file(record(doubled), [[1, Buffer.from([0])]]), /too many fields/);
  });

  it("that come to more than may be are not read to their end, however few bytes they are packed in", () => {
    const nulls = file(
      record({ type: "array", items: ["null", "int"] }),
      [[1, Buffer.concat([long(90_000), Buffer.alloc(90_000), long(0)])]],
      "null",
    );
    assert.equal(read(nulls).length, 1);
    const array = (count: number) => Buffer.concat([long(count), Buffer.alloc(200_000), long(0)]);
    refused(file(record({ type: "array", items: ["null", "int"] }), [[1, array(150_000)]]), /more than 100000 values/);
    // Records, each of which is an empty array and has no value.
    const empty = record({ type: "array", items: "int" });
    const records = record({ type: "array", items: { ...empty, name: "Empty" } });
    refused(file(records, [[1, array(150_000)]]), /more than 100000 values/);
    assert.throws(() => read(file(empty, [[2000, Buffer.alloc(2000)]]), { most: { ...MOST, values: 1999 } }), {
      name: "TooManyValues",
    });
    const many = deflateRawSync(Buffer.alloc(2_000_000));
    assert.ok(many.length < 3000);
    assert.throws(() => read(file(record("int"), [[2_000_000, many]], "deflate")), { name: "TooManyValues" });
    refused(file(record("int"), [[1, deflateRawSync(Buffer.alloc(33_000_000))]], "deflate"), /not an Avro/);
    refused(file(record("int"), [[1, Buffer.concat([varint(2 ** 32), Buffer.alloc(9)])]], "snappy"), /unpacks to more/);
    const asked = {
      format: { kind: "avro", logicalTypes: true },
      fields: [{ name: "f0", type: "INTEGER" }],
      ignoreUnknownValues: false,
      jsonTexts: true,
      maxBadRecords: 0,
      mostHeld: 0,
      mostWritten: 1000,
    } as const;
    assert.throws(
      () => [...new RowsAsLines(asked).add(file(record("int"), [[2_000_000, many]], "deflate"))],
      /unpacks to more than an upload may be/,
    );
  });

  it("that are NULL are as many values as the table makes of them: a byte would be a record of thousands", () => {
    const inner = Array.from({ length: 1000 }, (_, index) => ({ name: `f${index}`, type: "INTEGER" }));
    const asked = {
      format: { kind: "avro", logicalTypes: true },
      fields: [{ name: "f0", type: "RECORD", fields: inner }],
      ignoreUnknownValues: false,
      jsonTexts: true,
      maxBadRecords: 0,
      mostHeld: 0,
      mostWritten: 100_000,
    } as const;
    const nulls = (rows: number) =>
      file(record(["null", { ...record("int"), name: "Inner" }]), [[rows, Buffer.alloc(rows)]]);
    const lines = [...new RowsAsLines(asked).add(nulls(100))].join("");
    assert.equal(lines, "{}\n".repeat(100));
    assert.throws(() => [...new RowsAsLines(asked).add(nulls(101))], /unpacks to more than an upload may be/);
  });

  it("of fields that have other names than Avro's are refused, and no word of such a name is said", () => {
    for (const name of ["secret 078", "secret\n", "0secret", "", "__proto__", "s".repeat(301)])
      refused(
        file({ type: "record", name: "R", fields: [{ name, type: { type: "map", values: "int" } }] }, []),
        /not an Avro/,
      );
    const half = { type: "bytes", logicalType: "decimal", precision: 4, scale: 0.5 };
    refused(file(record(half), [[1, text("s")]]), /Field f0 .* has a scale/);
  });

  it("of a file that isn't whole, or isn't what it says, are refused without a word of it", () => {
    const good = file(record("string"), [[1, text("secret")]]);
    assert.deepEqual(read(good), [{ f0: "secret" }]);
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from("Obj"),
      Buffer.from("PAR1secret"),
      good.subarray(0, -1),
      good.subarray(0, -20),
      good.subarray(1),
    ])
      refused(bytes, /not an Avro/);
    const sync = Buffer.from(good);
    sync[sync.length - 1] = 8;
    refused(sync, /not an Avro/);
    for (const [rows, bytes] of [
      [1, Buffer.concat([text("secret"), Buffer.from([0])])],
      [2, text("secret")],
      [1, long(50)],
      [1, long(-5)],
      [-1, text("secret")],
    ] as const)
      refused(file(record("string"), [[rows, bytes]]), /not an Avro|has more than/);
    refused(file(record("string"), [[1, text(Buffer.from("secret\xe9", "latin1"))]]), /Field f0 .* not UTF-8/);
    refused(file(record("string"), [[1, text("secret")]], "bzip2"), /compressed other than/);
  });

  it("of a broken file are refused, or read, within their bounds", async () => {
    const files = [
      await avro(
        SCHEMA,
        Array.from({ length: 30 }, (_, id) => row(id)),
      ),
      await avro(
        SCHEMA,
        Array.from({ length: 30 }, (_, id) => row(id)),
        { codec: "deflate" },
      ),
    ];
    const change = fc.tuple(fc.nat(20_000), fc.nat(255));
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 100, max: 9000 }),
        (whole, changes, size) => {
          const broken = Uint8Array.from(whole);
          for (const [at, byte] of changes) broken[at % broken.length] = byte;
          try {
            assert.ok(read(broken, { size, most: { values: 20_000, characters: 1_000_000 } }).length <= 20_000);
          } catch (error) {
            assert.ok(error instanceof Error);
            assert.ok(["UploadError", "TooManyValues"].includes(error.name), error.stack);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
