import {
  Binary,
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float64,
  Int64,
  IntervalMonthDayNano,
  List,
  makeData,
  RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimeMicrosecond,
  TimestampMicrosecond,
  Utf8,
} from "apache-arrow";
import type { FieldType, MaskedField } from "../mask-rule.ts";
import type { WireRecord } from "./mask-rows-by-parsing.ts";

/**
 * Rows as BigQuery's JSON writes them to Arrow messages and back, by Apache's own library: an implementation that shares nothing
 * with ours. RANGE here is RANGE<DATE>; TIMESTAMP is int64 microseconds.
 */
export interface ArrowMessages {
  readonly schema: Uint8Array;
  readonly batch: Uint8Array;
}

type Cell = { readonly v: Value };
type Value = string | null | WireRecord | readonly Cell[];

export function arrowOf(fields: readonly MaskedField[], rows: readonly WireRecord[]): ArrowMessages {
  const schema = new Schema(fields.map(fieldOf));
  const children = fields.map((field, i) =>
    dataOf(
      field,
      rows.map((row) => (row.f[i] as Cell).v),
    ),
  );
  const struct = makeData({ type: new Struct(schema.fields), length: rows.length, nullCount: 0, children });
  const writer = new RecordBatchStreamWriter();
  writer.write(new RecordBatch(schema, struct));
  writer.finish();
  const bytes = writer.toUint8Array(true);
  // The stream: schema message, batch message, eight bytes of end.
  const schemaBytes = 8 + new DataView(bytes.buffer, bytes.byteOffset).getInt32(4, true);
  return { schema: bytes.slice(0, schemaBytes), batch: bytes.slice(schemaBytes, bytes.length - 8) };
}

export function rowsOf({ schema, batch }: ArrowMessages, fields: readonly MaskedField[]): WireRecord[] {
  const reader = RecordBatchReader.from(Buffer.concat([schema, batch]));
  const [only] = [...reader];
  if (only === undefined) throw new Error("no batch");
  const columns = fields.map((field, i) => valuesOf(field, only.data.children[i] as Data));
  return Array.from({ length: only.numRows }, (_, row) => ({
    f: columns.map((values) => ({ v: values[row] ?? null })),
  }));
}

function fieldOf(field: MaskedField): Field {
  const type = field.repeated ? new List(new Field("item", typeOf(field), true)) : typeOf(field);
  return new Field(field.name, type, !field.repeated);
}

function typeOf(field: MaskedField): DataType {
  switch (field.type) {
    case "STRING":
    case "GEOGRAPHY":
    case "JSON":
      return new Utf8();
    case "BYTES":
      return new Binary();
    case "INT64":
      return new Int64();
    case "FLOAT64":
      return new Float64();
    case "BOOL":
      return new Bool();
    case "NUMERIC":
      return new Decimal(9, 38, 128);
    case "BIGNUMERIC":
      return new Decimal(38, 76, 256);
    case "DATE":
      return new DateDay();
    case "TIME":
      return new TimeMicrosecond();
    case "DATETIME":
      return new TimestampMicrosecond();
    case "TIMESTAMP":
      return new TimestampMicrosecond("UTC");
    case "INTERVAL":
      return new IntervalMonthDayNano();
    case "RANGE":
      return new Struct(BOUNDS.map(fieldOf));
    case "STRUCT":
      return new Struct((field.fields ?? []).map(fieldOf));
  }
}

const BOUNDS: readonly MaskedField[] = ["start", "end"].map((name) => ({
  name,
  type: "DATE",
  repeated: false,
  mask: { rule: "none" },
}));

function dataOf(field: MaskedField, values: readonly Value[]): Data {
  if (!field.repeated) return oneOf(field, values);
  const offsets = [0];
  const elements: Value[] = [];
  for (const value of values) {
    elements.push(...((value ?? []) as readonly Cell[]).map(({ v }) => v));
    offsets.push(elements.length);
  }
  const child = oneOf({ ...field, repeated: false }, elements);
  return makeData({
    type: fieldOf(field).type as List,
    length: values.length,
    nullCount: 0,
    valueOffsets: Int32Array.from(offsets),
    child,
  });
}

function oneOf(field: MaskedField, values: readonly Value[]): Data {
  const type = typeOf(field);
  const length = values.length;
  const nullCount = values.filter((value) => value === null).length;
  const nullBitmap = new Uint8Array(Math.ceil(length / 8));
  for (const [i, value] of values.entries())
    if (value !== null) nullBitmap[i >> 3] = (nullBitmap[i >> 3] as number) | (1 << (i & 7));
  const base = { length, nullCount, ...(nullCount === 0 ? {} : { nullBitmap }) };
  if (field.type === "STRUCT" || field.type === "RANGE") {
    const fields = field.type === "RANGE" ? BOUNDS : (field.fields ?? []);
    const children = fields.map((child, i) =>
      dataOf(
        child,
        values.map((value) => {
          if (value === null) return child.repeated ? [] : null;
          if (field.type === "RANGE")
            return (/^\[(.*), (.*)\)$/.exec(value as string) as string[])[i + 1]?.replace(/^UNBOUNDED$/, "") || null;
          return ((value as WireRecord).f[i] as Cell).v;
        }),
      ),
    );
    return makeData({ ...base, type: type as Struct, children });
  }
  if (type instanceof Utf8 || type instanceof Binary) {
    const encoding = type instanceof Utf8 ? "utf8" : "base64";
    const parts = values.map((value) => Buffer.from((value ?? "") as string, encoding));
    let end = 0;
    const valueOffsets = Int32Array.from([0, ...parts.map((part) => (end += part.length))]);
    return makeData({ ...base, type: type as Utf8, valueOffsets, data: new Uint8Array(Buffer.concat(parts)) });
  }
  if (type instanceof Bool) {
    const data = new Uint8Array(Math.ceil(length / 8));
    for (const [i, value] of values.entries())
      if (value === "true") data[i >> 3] = (data[i >> 3] as number) | (1 << (i & 7));
    return makeData({ ...base, type, data });
  }
  const width =
    field.type === "DATE"
      ? 4
      : field.type === "NUMERIC" || field.type === "INTERVAL"
        ? 16
        : field.type === "BIGNUMERIC"
          ? 32
          : 8;
  const bytes = Buffer.alloc(length * width);
  for (const [i, value] of values.entries()) if (value !== null) put(field.type, bytes, i * width, value as string);
  const buffer = new Uint8Array(bytes).buffer;
  const data =
    field.type === "FLOAT64"
      ? new Float64Array(buffer)
      : field.type === "DATE"
        ? new Int32Array(buffer)
        : field.type === "NUMERIC" || field.type === "BIGNUMERIC"
          ? new Uint32Array(buffer)
          : field.type === "INTERVAL"
            ? new Int32Array(buffer)
            : new BigInt64Array(buffer);
  return makeData({ ...base, type: type as Int64, data: data as unknown as BigInt64Array });
}

function put(type: FieldType, bytes: Buffer, at: number, text: string): void {
  switch (type) {
    case "FLOAT64":
      bytes.writeDoubleLE(Number(text), at);
      return;
    case "DATE":
      bytes.writeInt32LE(Date.parse(text) / 86_400_000, at);
      return;
    case "TIME":
      bytes.writeBigInt64LE(microsOf(`1970-01-01T${text}`), at);
      return;
    case "DATETIME":
      bytes.writeBigInt64LE(microsOf(text), at);
      return;
    case "INTERVAL": {
      const [, years, months, days, hours, minutes, seconds] =
        /^(\d+)-(\d+) (-?\d+) (\d+):(\d+):(\d+)$/.exec(text) ?? [];
      bytes.writeInt32LE(Number(years) * 12 + Number(months), at);
      bytes.writeInt32LE(Number(days), at + 4);
      bytes.writeBigInt64LE(
        (BigInt(hours ?? 0) * 3600n + BigInt(minutes ?? 0) * 60n + BigInt(seconds ?? 0)) * 1_000_000_000n,
        at + 8,
      );
      return;
    }
    case "NUMERIC":
    case "BIGNUMERIC": {
      const scale = type === "NUMERIC" ? 9 : 38;
      const [whole = "", fraction = ""] = text.replace("-", "").split(".");
      const size = BigInt(whole + fraction.padEnd(scale, "0"));
      let rest = text.startsWith("-") ? -size : size;
      for (let i = 0; i < (type === "NUMERIC" ? 16 : 32); i++, rest >>= 8n) bytes[at + i] = Number(rest & 0xffn);
      return;
    }
    default:
      bytes.writeBigInt64LE(BigInt(text), at);
  }
}

function microsOf(text: string): bigint {
  const [seconds = "", fraction = ""] = text.split(".");
  return BigInt(Date.parse(`${seconds}Z`)) * 1000n + BigInt(fraction.padEnd(6, "0"));
}

function valuesOf(field: MaskedField, data: Data): Value[] {
  const at = (i: number) => (data.nullCount === 0 || data.getValid(i) ? i : -1);
  if (field.repeated) {
    const elements = valuesOf({ ...field, repeated: false }, data.children[0] as Data);
    return Array.from({ length: data.length }, (_, i) =>
      elements.slice(data.valueOffsets[i], data.valueOffsets[i + 1]).map((v) => ({ v })),
    );
  }
  if (field.type === "STRUCT" || field.type === "RANGE") {
    const fields = field.type === "RANGE" ? BOUNDS : (field.fields ?? []);
    const children = fields.map((child, i) => valuesOf(child, data.children[i] as Data));
    return Array.from({ length: data.length }, (_, i) => {
      if (at(i) < 0) return null;
      if (field.type === "RANGE") return `[${children.map((values) => values[i] ?? "UNBOUNDED").join(", ")})`;
      return { f: children.map((values) => ({ v: values[i] ?? null })) };
    });
  }
  return Array.from({ length: data.length }, (_, i) => (at(i) < 0 ? null : textOf(field.type, data, i)));
}

function textOf(type: FieldType, data: Data, i: number): string {
  const bytes = Buffer.from(data.values.buffer, data.values.byteOffset, data.values.byteLength);
  switch (type) {
    case "BYTES":
      return bytes.toString("base64", data.valueOffsets[i], data.valueOffsets[i + 1]);
    case "STRING":
    case "GEOGRAPHY":
    case "JSON":
      return bytes.toString("utf8", data.valueOffsets[i], data.valueOffsets[i + 1]);
    case "BOOL":
      return String((((bytes[i >> 3] as number) >> (i & 7)) & 1) === 1);
    case "INT64":
      return String(bytes.readBigInt64LE(8 * i));
    case "FLOAT64": {
      const value = bytes.readDoubleLE(8 * i);
      const text = Object.is(value, -0) ? "-0" : String(value);
      return Number.isInteger(value) && !text.includes("e") ? `${text}.0` : text;
    }
    case "DATE":
      return new Date(bytes.readInt32LE(4 * i) * 86_400_000).toISOString().slice(0, 10);
    case "TIME":
      return iso(bytes.readBigInt64LE(8 * i)).slice(11);
    case "DATETIME":
      return iso(bytes.readBigInt64LE(8 * i));
    case "TIMESTAMP":
      return String(bytes.readBigInt64LE(8 * i));
    case "INTERVAL": {
      const months = bytes.readInt32LE(16 * i);
      const seconds = bytes.readBigInt64LE(16 * i + 8) / 1_000_000_000n;
      return `${Math.floor(months / 12)}-${months % 12} ${bytes.readInt32LE(16 * i + 4)} ${seconds / 3600n}:${(seconds / 60n) % 60n}:${seconds % 60n}`;
    }
    case "NUMERIC":
    case "BIGNUMERIC": {
      const [width, scale] = type === "NUMERIC" ? [16, 9] : [32, 38];
      let value = 0n;
      for (let k = width - 1; k >= 0; k--) value = (value << 8n) | BigInt(bytes[width * i + k] as number);
      value = BigInt.asIntN(8 * width, value);
      const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
      const fraction = digits.slice(-scale).replace(/0+$/, "");
      return `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}${fraction === "" ? "" : `.${fraction}`}`;
    }
    case "RANGE":
    case "STRUCT":
      throw new Error("not one value");
  }
}

function iso(micros: bigint): string {
  const seconds = micros / 1_000_000n - (micros % 1_000_000n < 0n ? 1n : 0n);
  const fraction = micros - seconds * 1_000_000n;
  return (
    new Date(Number(seconds) * 1000).toISOString().slice(0, 19) +
    (fraction === 0n ? "" : `.${String(fraction).padStart(6, "0")}`)
  );
}
