import { fixedCodec } from "./cell-text.ts";
import type { Column } from "./column.ts";
import { isSet, type Values } from "./read-batch.ts";

/** The text of the column at `place` in the row of a value; null for NULL. For masks that need the record subject of the row. */
export type Subjects = (place: number, at: number) => string | null;

/** Of top-level values, each of which is a row. Texts as JSON has them, so that a subject is the same behind every door. */
export function subjectsOf(columns: readonly Column[], values: readonly Values[]): Subjects {
  return (place, at) => {
    const [column, of] = [columns[place], values[place]];
    if (column === undefined || of === undefined || (of.valid !== undefined && !isSet(of.valid, at))) return null;
    const data = Buffer.from(of.data.buffer, of.data.byteOffset, of.data.byteLength);
    if (column.layout.kind === "bytes") return data.toString("utf8", of.offsets[at], of.offsets[at + 1]);
    const codec = column.layout.kind === "fixed" ? fixedCodec(column.type) : undefined;
    if (codec === undefined || column.layout.kind !== "fixed") return null;
    return codec.read(new DataView(data.buffer, data.byteOffset, data.byteLength), at * column.layout.width);
  };
}

/** Of the elements of lists: those of the row that holds the list. */
export function ofElements(subjects: Subjects, { offsets, length }: Values): Subjects {
  const owners = new Int32Array(offsets[length] ?? 0);
  for (let i = 0; i < length; i++) owners.fill(i, offsets[i], offsets[i + 1]);
  return (place, at) => subjects(place, owners[at] as number);
}
