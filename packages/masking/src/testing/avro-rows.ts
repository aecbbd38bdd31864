import avro from "avsc";
import { fixedCodec } from "../arrow/cell-text.ts";
import type { FieldType, MaskedField } from "../mask-rule.ts";
import type { WireRecord } from "./mask-rows-by-parsing.ts";

/**
 * Rows as BigQuery's JSON writes them to Avro and back, by avsc: an implementation of the encoding that shares nothing with ours.
 * TIMESTAMP is int64 microseconds.
 */
export interface AvroRows {
  readonly schema: Uint8Array;
  readonly batch: Uint8Array;
}

type Cell = { readonly v: Value };
type Value = string | null | WireRecord | readonly Cell[];

/** How a field's type stands in BigQuery's schema; `nullFirst` as BigQuery has it. RANGE here is RANGE<DATE>. */
export function avroSchema(
  fields: readonly MaskedField[],
  nullFirst = true,
  name = "__root__",
  ranges = new Set<string>(),
): object {
  return {
    type: "record",
    name,
    fields: fields.map((field, i) => {
      const type = typeOf(field, nullFirst, `${name}_${i}`, ranges);
      const union = nullFirst ? ["null", type] : [type, "null"];
      return { name: field.name, type: field.repeated ? { type: "array", items: type } : union };
    }),
  };
}

function typeOf(field: MaskedField, nullFirst: boolean, name: string, ranges: Set<string>): unknown {
  switch (field.type) {
    case "STRING":
      return "string";
    case "BYTES":
      return "bytes";
    case "INT64":
      return "long";
    case "FLOAT64":
      return "double";
    case "BOOL":
      return "boolean";
    case "NUMERIC":
      return { type: "bytes", logicalType: "decimal", precision: 38, scale: 9 };
    case "BIGNUMERIC":
      return { type: "bytes", logicalType: "decimal", precision: 77, scale: 38 };
    case "DATE":
      return { type: "int", logicalType: "date" };
    case "TIME":
      return { type: "long", logicalType: "time-micros" };
    case "TIMESTAMP":
      return { type: "long", logicalType: "timestamp-micros" };
    case "DATETIME":
      return { type: "string", logicalType: "datetime" };
    case "INTERVAL":
    case "JSON":
    case "GEOGRAPHY":
      return { type: "string", sqlType: field.type };
    case "STRUCT":
      return avroSchema(field.fields ?? [], nullFirst, name, ranges);
    case "RANGE": {
      if (ranges.has("DATE")) return "google.sqlType.RANGE_DATE";
      ranges.add("DATE");
      const date = { type: "int", logicalType: "date" };
      const fields = ["start", "end"].map((bound) => ({
        name: bound,
        type: nullFirst ? ["null", date] : [date, "null"],
      }));
      return { type: "record", name: "RANGE_DATE", namespace: "google.sqlType", sqlType: "RANGE", fields };
    }
  }
}

const long = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === "bigint",
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

/** A type with annotations is encoded as the one without; avsc would make `long` of doubles where there are any. */
function bare(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(bare);
  if (typeof schema !== "object" || schema === null) return schema;
  const { type, ...more } = schema as Record<string, unknown>;
  if (type === "record")
    return {
      ...more,
      type,
      fields: (more.fields as { type: unknown }[]).map((field) => ({ ...field, type: bare(field.type) })),
    };
  return type === "array" ? { type, items: bare(more.items) } : type;
}

function typeFor(schema: Uint8Array): avro.Type {
  const registry: Record<string, avro.Type> = { long };
  return avro.Type.forSchema(bare(JSON.parse(Buffer.from(schema).toString())) as avro.Schema, { registry });
}

export function avroOf(fields: readonly MaskedField[], rows: readonly WireRecord[], nullFirst = true): AvroRows {
  const schema = Buffer.from(JSON.stringify(avroSchema(fields, nullFirst)));
  const type = typeFor(schema);
  return { schema, batch: Buffer.concat(rows.map((row) => type.toBuffer(recordOf(fields, row)))) };
}

export function rowsOfAvro({ schema, batch }: AvroRows, fields: readonly MaskedField[], count: number): WireRecord[] {
  const type = typeFor(schema);
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength);
  const rows: WireRecord[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const { value, offset } = type.decode(bytes, at) as { value: Record<string, unknown>; offset: number };
    if (offset < 0) throw new Error("the rows end too early");
    rows.push(wireOf(fields, value));
    at = offset;
  }
  if (at !== bytes.length) throw new Error("more bytes than rows");
  return rows;
}

function recordOf(fields: readonly MaskedField[], { f }: WireRecord): Record<string, unknown> {
  return Object.fromEntries(fields.map((field, i) => [field.name, valueIn(field, (f[i] as Cell).v)]));
}

function valueIn(field: MaskedField, value: Value): unknown {
  if (field.repeated) return ((value ?? []) as readonly Cell[]).map(({ v }) => oneOf(field, v));
  return value === null ? null : oneOf(field, value);
}

function oneOf(field: MaskedField, value: Value): unknown {
  if (field.type === "STRUCT") return recordOf(field.fields ?? [], value as WireRecord);
  return encoded(field.type, value as string);
}

function encoded(type: FieldType, text: string): unknown {
  switch (type) {
    case "BYTES":
      return Buffer.from(text, "base64");
    case "INT64":
    case "TIMESTAMP":
      return BigInt(text);
    case "FLOAT64":
      return Number(text);
    case "BOOL":
      return text === "true";
    case "DATE":
      return Date.parse(text) / 86_400_000;
    case "RANGE": {
      const [, start = "", end = ""] = /^\[(.*), (.*)\)$/.exec(text) ?? [];
      const [first, last] = [start, end].map((day) => (day === "UNBOUNDED" ? null : encoded("DATE", day)));
      return { start: first, end: last };
    }
    case "TIME":
      return asArrow(type, text, 8).readBigInt64LE();
    case "NUMERIC":
    case "BIGNUMERIC": {
      const scale = type === "NUMERIC" ? 9 : 38;
      const [whole = "", fraction = ""] = text.replace("-", "").split(".");
      const size = BigInt(whole + fraction.padEnd(scale, "0"));
      const value = text.startsWith("-") ? -size : size;
      let length = 1;
      while (BigInt.asIntN(8 * length, value) !== value) length++;
      const bytes = Buffer.alloc(length);
      for (let i = length - 1, rest = value; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
      return bytes;
    }
    default:
      return text;
  }
}

function wireOf(fields: readonly MaskedField[], value: Record<string, unknown>): WireRecord {
  return { f: fields.map((field) => ({ v: decodedField(field, value[field.name]) })) };
}

function decodedField(field: MaskedField, value: unknown): Value {
  if (field.repeated) return (value as unknown[]).map((v) => ({ v: decodedOne(field, v) as string }));
  return value === null ? null : decodedOne(field, value);
}

function decodedOne(field: MaskedField, value: unknown): Value {
  switch (field.type) {
    case "STRUCT":
      return wireOf(field.fields ?? [], value as Record<string, unknown>);
    case "BYTES":
      return (value as Buffer).toString("base64");
    case "FLOAT64": {
      const text = Object.is(value, -0) ? "-0" : String(value);
      return Number.isInteger(value) && !text.includes("e") ? `${text}.0` : text;
    }
    case "DATE":
      // Of a day that bytes changed at random name, and no calendar has, it is said that there is none.
      return Math.abs(value as number) <= 100_000_000
        ? new Date((value as number) * 86_400_000).toISOString().slice(0, 10)
        : "no day";
    case "RANGE": {
      const { start, end } = value as { start: unknown; end: unknown };
      const date: MaskedField = { ...field, type: "DATE" };
      const [first, last] = [start, end].map((day) => (day === null ? "UNBOUNDED" : decodedOne(date, day)));
      return `[${first}, ${last})`;
    }
    case "TIME": {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(value as bigint);
      return fixedCodec("TIME")?.read(new DataView(bytes.buffer, bytes.byteOffset), 0) ?? "";
    }
    case "NUMERIC":
    case "BIGNUMERIC": {
      const scale = field.type === "NUMERIC" ? 9 : 38;
      const bytes = value as Buffer;
      const whole = BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString("hex")}`));
      const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, "0");
      const fraction = digits.slice(-scale).replace(/0+$/, "");
      return `${whole < 0n ? "-" : ""}${digits.slice(0, -scale)}${fraction === "" ? "" : `.${fraction}`}`;
    }
    default:
      return String(value);
  }
}

function asArrow(type: FieldType, text: string, bytes: number): Buffer {
  const out = Buffer.alloc(bytes);
  if (fixedCodec(type)?.write(new DataView(out.buffer, out.byteOffset), 0, text) !== true) throw new Error(text);
  return out;
}
