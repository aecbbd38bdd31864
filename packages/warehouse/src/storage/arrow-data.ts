/**
 * DuckDB's values as Arrow columns, by Apache's own library, typed as BigQuery does.
 * https://cloud.google.com/bigquery/docs/reference/storage#arrow_schema_details
 */
import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBValue,
} from "@duckdb/node-api";
import {
  Field as ArrowField,
  Binary,
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Float64,
  Int64,
  IntervalMonthDayNano,
  List,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimeMicrosecond,
  TimestampMicrosecond,
  Utf8,
} from "apache-arrow";
import type { Field } from "../sql/types.ts";

/** Bytes of the end-of-stream mark behind a stream's last message. */
const END_BYTES = 8;

export function schemaMessage(fields: readonly Field[]): Buffer {
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, schemaOf(fields));
  writer.finish();
  return Buffer.from(writer.toUint8Array(true)).subarray(0, -END_BYTES);
}

/** One record batch message; `columns` holds the values of each field. */
export function batchMessage(
  fields: readonly Field[],
  columns: readonly (readonly DuckDBValue[])[],
  rows: number,
): Buffer {
  const schema = schemaOf(fields);
  const children = fields.map((field, i) => dataOf(field, columns[i] ?? []));
  const writer = new RecordBatchStreamWriter();
  writer.write(
    new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children })),
  );
  writer.finish();
  const bytes = Buffer.from(writer.toUint8Array(true));
  return bytes.subarray(8 + bytes.readInt32LE(4), -END_BYTES);
}

function schemaOf(fields: readonly Field[]): Schema {
  return new Schema(fields.map(fieldOf));
}

function fieldOf(field: Field): ArrowField {
  if (field.mode === "REPEATED")
    return new ArrowField(field.name, new List(new ArrowField("item", typeOf(field), true)), false);
  return new ArrowField(field.name, typeOf(field), field.mode !== "REQUIRED", EXTENSIONS.get(field.type));
}

const extension = (name: string, metadata?: string): Map<string, string> =>
  new Map([
    ["ARROW:extension:name", `google:sqlType:${name}`],
    ...(metadata === undefined ? [] : [["ARROW:extension:metadata", metadata] as const]),
  ]);
const EXTENSIONS = new Map([
  ["GEOGRAPHY", extension("geography", '{"encoding": "WKT"}')],
  ["JSON", extension("json")],
  ["DATETIME", extension("datetime")],
]);

function typeOf(field: Field): DataType {
  switch (field.type) {
    case "STRING":
    case "JSON":
    case "GEOGRAPHY":
      return new Utf8();
    case "BYTES":
      return new Binary();
    case "INTEGER":
      return new Int64();
    case "FLOAT":
      return new Float64();
    case "BOOLEAN":
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
    case "RECORD":
      return new Struct((field.fields ?? []).map(fieldOf));
  }
}

function dataOf(field: Field, values: readonly DuckDBValue[]): Data {
  if (field.mode !== "REPEATED") return onesOf(field, values);
  const valueOffsets = new Int32Array(values.length + 1);
  const elements: DuckDBValue[] = [];
  for (const [i, value] of values.entries()) {
    // BigQuery has no NULL array: it is empty.
    if (value instanceof DuckDBListValue) for (const item of value.items) elements.push(item);
    valueOffsets[i + 1] = elements.length;
  }
  const child = onesOf({ ...field, mode: "NULLABLE" }, elements);
  return makeData({ type: fieldOf(field).type as List, length: values.length, nullCount: 0, valueOffsets, child });
}

function onesOf(field: Field, values: readonly DuckDBValue[]): Data {
  const type = typeOf(field);
  const length = values.length;
  const { nullCount, nullBitmap } = validity(values);
  const base = { length, nullCount, ...(nullCount === 0 ? {} : { nullBitmap }) };
  switch (field.type) {
    case "RECORD": {
      const children = (field.fields ?? []).map((child) =>
        dataOf(
          child,
          values.map((value) => (value instanceof DuckDBStructValue ? (value.entries[child.name] ?? null) : null)),
        ),
      );
      return makeData({ ...base, type: type as Struct, children });
    }
    case "STRING":
    case "JSON":
    case "GEOGRAPHY":
    case "BYTES": {
      const parts = values.map(bytesOf);
      const valueOffsets = new Int32Array(length + 1);
      for (const [i, part] of parts.entries()) valueOffsets[i + 1] = (valueOffsets[i] ?? 0) + part.length;
      return makeData({ ...base, type: type as Utf8, valueOffsets, data: new Uint8Array(Buffer.concat(parts)) });
    }
    case "BOOLEAN": {
      const data = new Uint8Array(Math.ceil(length / 8));
      for (const [i, value] of values.entries()) if (value === true) set(data, i);
      return makeData({ ...base, type: type as Bool, data });
    }
    case "FLOAT":
      return makeData({
        ...base,
        type: type as Float64,
        data: Float64Array.from(values, (value) => Number(value ?? 0)),
      });
    case "DATE":
      return makeData({
        ...base,
        type: type as DateDay,
        data: Int32Array.from(values, (value) => (value instanceof DuckDBDateValue ? value.days : 0)),
      });
    case "INTEGER":
    case "TIME":
    case "DATETIME":
    case "TIMESTAMP":
      return makeData({ ...base, type: type as Int64, data: BigInt64Array.from(values, int64Of) });
    case "NUMERIC":
      return makeData({ ...base, type: type as Decimal, data: decimals(values, 9, 4) });
    case "BIGNUMERIC":
      return makeData({ ...base, type: type as Decimal, data: decimals(values, 38, 8) });
    case "INTERVAL": {
      const data = new DataView(new ArrayBuffer(16 * length));
      for (const [i, value] of values.entries()) {
        if (!(value instanceof DuckDBIntervalValue)) continue;
        data.setInt32(16 * i, value.months, true);
        data.setInt32(16 * i + 4, value.days, true);
        data.setBigInt64(16 * i + 8, value.micros * 1000n, true);
      }
      return makeData({ ...base, type: type as IntervalMonthDayNano, data: new Int32Array(data.buffer) });
    }
  }
}

function validity(values: readonly DuckDBValue[]): { nullCount: number; nullBitmap: Uint8Array } {
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8));
  let nullCount = 0;
  for (const [i, value] of values.entries()) {
    if (value === null || value === undefined) nullCount += 1;
    else set(nullBitmap, i);
  }
  return { nullCount, nullBitmap };
}

function set(bits: Uint8Array, i: number): void {
  bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
}

function bytesOf(value: DuckDBValue): Uint8Array {
  if (value === null || value === undefined) return Buffer.alloc(0);
  return value instanceof DuckDBBlobValue ? value.bytes : Buffer.from(String(value));
}

function int64Of(value: DuckDBValue): bigint {
  if (
    value instanceof DuckDBTimestampTZValue ||
    value instanceof DuckDBTimestampValue ||
    value instanceof DuckDBTimeValue
  )
    return value.micros;
  return typeof value === "bigint" ? value : BigInt(Number(value ?? 0));
}

/** Two's complement in words of 32 bits, the least first. */
function decimals(values: readonly DuckDBValue[], scale: number, words: number): Uint32Array {
  const data = new Uint32Array(values.length * words);
  for (const [i, value] of values.entries()) {
    if (!(value instanceof DuckDBDecimalValue)) continue;
    let rest = value.value * 10n ** BigInt(scale - value.scale);
    for (let word = 0; word < words; word += 1, rest >>= 32n) data[i * words + word] = Number(rest & 0xffffffffn);
  }
  return data;
}
