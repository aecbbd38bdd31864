import { fixedCodec } from "../arrow/cell-text.ts";
import { MaskingError } from "../masking-error.ts";
import type { AvroColumn } from "./avro-column.ts";
import type { AvroReader } from "./avro-reader.ts";
import type { AvroWriter } from "./avro-writer.ts";

/** One value as Arrow has it, in which `fixedCodec` reads and writes: so that the text of a value is the same in both formats. */
const scratch = Buffer.alloc(32);
const view = new DataView(scratch.buffer, scratch.byteOffset, scratch.byteLength);

/** The value that comes next, as BigQuery's JSON writes it: what rules read. */
export function readText(column: AvroColumn, reader: AvroReader): string {
  switch (column.encoding) {
    case "string":
      return reader.text().toString("utf8");
    case "bytes":
      return reader.bytesOfLength().toString("base64");
    case "boolean": {
      const at = reader.at;
      reader.boolean();
      return reader.bytes[at] === 1 ? "true" : "false";
    }
    case "int":
      view.setInt32(0, reader.int(), true);
      break;
    case "long":
      view.setBigInt64(0, reader.long(), true);
      break;
    case "double": {
      const at = reader.at;
      reader.skip(8);
      reader.bytes.copy(scratch, 0, at, at + 8);
      break;
    }
    case "decimal": {
      const digits = decimalBytes(column, reader);
      // Big-endian two's complement, of as many bytes as it takes.
      scratch.fill((digits[0] as number) >= 0x80 ? 0xff : 0);
      for (let i = 0; i < digits.length; i++) scratch[i] = digits[digits.length - 1 - i] as number;
      break;
    }
    case "record":
    case "range":
      throw unfit(column);
  }
  return codecOf(column).read(view, 0);
}

/** Goes over the value that comes next, which must be one of its type. */
export function skipValue(column: AvroColumn, reader: AvroReader): void {
  switch (column.encoding) {
    case "string":
      reader.text();
      return;
    case "bytes":
      reader.bytesOfLength();
      return;
    case "boolean":
      reader.boolean();
      return;
    case "int":
      reader.int();
      return;
    case "long":
      reader.skipVarint();
      return;
    case "double":
      reader.skip(8);
      return;
    case "decimal":
      decimalBytes(column, reader);
      return;
    case "record":
    case "range":
      throw unfit(column);
  }
}

/** Writes a text that a rule gave as a value of the column's type. */
export function writeText(column: AvroColumn, text: string, writer: AvroWriter): void {
  switch (column.encoding) {
    case "string":
      writer.withLength(Buffer.from(text, "utf8"));
      return;
    case "bytes":
      writer.withLength(Buffer.from(text, "base64"));
      return;
    case "boolean":
      // No rule reads a BOOL, and its one constant is FALSE.
      if (text !== "false") throw unfit(column);
      writer.byte(0);
      return;
    case "record":
    case "range":
      throw unfit(column);
  }
  if (!codecOf(column).write(view, 0, text)) throw unfit(column);
  switch (column.encoding) {
    case "int":
      writer.long(BigInt(view.getInt32(0, true)));
      return;
    case "long":
      writer.long(view.getBigInt64(0, true));
      return;
    case "double":
      writer.raw(scratch.subarray(0, 8));
      return;
    case "decimal": {
      let length = widthOf(column);
      // No byte more than its sign needs.
      const fills = (fill: number, sign: number) =>
        scratch[length - 1] === fill && ((scratch[length - 2] as number) & 0x80) === sign;
      while (length > 1 && (fills(0, 0) || fills(0xff, 0x80))) length--;
      writer.withLength(Uint8Array.from(scratch.subarray(0, length)).reverse());
    }
  }
}

function decimalBytes(column: AvroColumn, reader: AvroReader): Buffer {
  const digits = reader.bytesOfLength();
  if (digits.length === 0 || digits.length > widthOf(column))
    throw new MaskingError("shape", `${column.plan.path}: no number of its type`);
  return digits;
}

function widthOf(column: AvroColumn): number {
  return column.plan.type === "NUMERIC" ? 16 : 32;
}

function codecOf(column: AvroColumn) {
  const codec = fixedCodec(column.plan.type);
  if (codec === undefined) throw unfit(column);
  return codec;
}

/** A rule gave what its type doesn't have: a fault of ours, and nothing is shown. */
function unfit({ plan }: AvroColumn): MaskingError {
  return new MaskingError("fields", `${plan.path}: rule ${plan.rule} gives no value of type ${plan.type}`);
}
