import { REPLACE, SHOW } from "../json-rows/cell-plan.ts";
import { MaskingError } from "../masking-error.ts";
import type { AvroColumn } from "./avro-column.ts";
import type { AvroReader } from "./avro-reader.ts";
import { readText, skipValue, writeText } from "./avro-text.ts";
import type { AvroWriter } from "./avro-writer.ts";

/** What masks of one row need beside the value. */
export interface RowContext {
  /** Of one value that must be read to be masked. */
  readonly maxCellBytes: number;
  /** The texts of the columns that name the row's record subjects, by their places. */
  readonly subjects: ReadonlyMap<number, string | null>;
}

// Branches of what we write.
const NULL = 0;
const VALUE = 1;
const UNBOUNDED = "[UNBOUNDED, UNBOUNDED)";

/** One row, read and written under its masks. */
export function maskRow(columns: readonly AvroColumn[], reader: AvroReader, writer: AvroWriter, row: RowContext): void {
  for (const column of columns) maskColumn(column, reader, writer, row);
}

/** Goes over one row; `wanted` are the places of columns whose texts are asked for. */
export function skipRow(
  columns: readonly AvroColumn[],
  reader: AvroReader,
  wanted: ReadonlySet<number>,
): Map<number, string | null> {
  const texts = new Map<number, string | null>();
  for (const [place, column] of columns.entries())
    if (!wanted.has(place)) skipColumn(column, reader);
    else texts.set(place, isNull(column.nullBranch, reader) ? null : readText(column, reader));
  return texts;
}

function maskColumn(column: AvroColumn, reader: AvroReader, writer: AvroWriter, row: RowContext): void {
  const { plan } = column;
  if (column.repeated) maskArray(column, reader, writer, row);
  else if (isNull(column.nullBranch, reader)) writer.small(NULL);
  else if (plan.whole === "null") {
    plan.count++;
    skipOne(column, reader);
    writer.small(NULL);
  } else maskOne(column, reader, writer, row, true);
}

/** Blocks of elements, each with its count (negative: its size follows), to an empty one. */
function maskArray(column: AvroColumn, reader: AvroReader, writer: AvroWriter, row: RowContext): void {
  const { plan } = column;
  let any = false;
  for (let count = blockOf(reader); count > 0; count = blockOf(reader)) {
    if (plan.whole === "") writer.small(count);
    any = true;
    for (let i = 0; i < count; i++) {
      requireElement(column, reader);
      if (plan.whole === "") maskOne(column, reader, writer, row, false);
      else skipOne(column, reader);
    }
  }
  if (any && plan.whole !== "") plan.count++;
  writer.small(0);
}

/** One value that isn't NULL; `branched`: it is written with its branch. */
function maskOne(column: AvroColumn, reader: AvroReader, writer: AvroWriter, row: RowContext, branched: boolean): void {
  const { plan } = column;
  if (column.encoding === "record" || (column.encoding === "range" && plan.action === SHOW)) {
    if (branched) writer.small(VALUE);
    maskRow(column.children, reader, writer, row);
    return;
  }
  const start = reader.at;
  if (plan.action === SHOW) {
    skipValue(column, reader);
    if (branched) writer.small(VALUE);
    // A value that is shown keeps its bytes.
    writer.raw(reader.bytes.subarray(start, reader.at));
    return;
  }
  plan.count++;
  const masked = plan.action === REPLACE ? replaced(column, reader) : computed(column, reader, row);
  if (masked === null) {
    // BigQuery's arrays hold no NULL, and rules give none for their elements.
    if (!branched) throw new MaskingError("fields", `${plan.path}: a NULL in an array`);
    writer.small(NULL);
    return;
  }
  if (branched) writer.small(VALUE);
  if (masked.text === masked.was) writer.raw(reader.bytes.subarray(start, reader.at));
  else writeMasked(column, masked.text, writer);
}

/** A text that a rule gave, as a value of the column's type, without its branch. */
export function writeMasked(column: AvroColumn, text: string, writer: AvroWriter): void {
  if (column.encoding !== "range") {
    writeText(column, text, writer);
    return;
  }
  const { path, rule } = column.plan;
  // Of all rules only one gives a RANGE that isn't NULL: one without bounds.
  if (text !== UNBOUNDED) throw new MaskingError("fields", `${path}: rule ${rule} gives no RANGE`);
  for (const _ of column.children) writer.small(NULL);
}

function replaced(column: AvroColumn, reader: AvroReader): { text: string; was: string | undefined } | null {
  skipOne(column, reader);
  const text = JSON.parse(column.plan.constant) as string | null;
  return text === null ? null : { text, was: undefined };
}

/** What the column's rule makes of the value that comes next; null: NULL. */
export function computed(
  column: AvroColumn,
  reader: AvroReader,
  row: RowContext,
): { text: string; was: string } | null {
  const { plan } = column;
  const start = reader.at;
  const was = readText(column, reader);
  if (reader.at - start > row.maxCellBytes)
    throw new MaskingError("limit", `${plan.path}: more than ${row.maxCellBytes} bytes to mask`);
  const subject = plan.subject === undefined ? undefined : (row.subjects.get(plan.subject) ?? null);
  const text = plan.compute(was, subject);
  return text === null ? null : { text, was };
}

function skipColumn(column: AvroColumn, reader: AvroReader): void {
  if (!column.repeated) {
    if (!isNull(column.nullBranch, reader)) skipOne(column, reader);
    return;
  }
  for (let count = blockOf(reader); count > 0; count = blockOf(reader))
    for (let i = 0; i < count; i++) {
      requireElement(column, reader);
      skipOne(column, reader);
    }
}

function skipOne(column: AvroColumn, reader: AvroReader): void {
  if (column.children.length === 0) skipValue(column, reader);
  for (const child of column.children) skipColumn(child, reader);
}

function isNull(nullBranch: 0 | 1 | undefined, reader: AvroReader): boolean {
  return nullBranch !== undefined && reader.branch() === nullBranch;
}

function requireElement(column: AvroColumn, reader: AvroReader): void {
  if (isNull(column.elementNullBranch, reader))
    throw new MaskingError("shape", `${column.plan.path}: a NULL in an array`);
}

function blockOf(reader: AvroReader): number {
  const count = reader.small();
  if (count >= 0) return count;
  // The size serves whoever skips the block; here each element is read.
  if (reader.small() < 0) throw new MaskingError("syntax", "The Avro rows are malformed");
  return -count;
}
