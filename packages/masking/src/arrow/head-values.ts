import type { Column } from "./column.ts";
import { ones, type Values } from "./read-batch.ts";

/** The first so many values of a column, and nothing of the others. */
export function headValues(column: Column, values: Values, length: number): Values {
  if (length >= values.length) return values;
  const { layout } = column;
  const valid = values.valid === undefined ? undefined : headBits(values.valid, length);
  const nulls = valid === undefined ? 0 : length - ones(valid);
  const offsets =
    layout.kind === "bytes" || layout.kind === "list" ? values.offsets.slice(0, length + 1) : values.offsets;
  const inside = layout.kind === "list" ? (offsets[length] as number) : length;
  const children = column.children.map((child, i) => headValues(child, values.children[i] as Values, inside));
  const is = { ...values, length, nulls, valid: nulls === 0 ? undefined : valid, offsets, children };
  switch (layout.kind) {
    case "bits":
      return { ...is, data: headBits(values.data, length) };
    case "fixed":
      return { ...is, data: values.data.subarray(0, length * layout.width) };
    case "bytes":
      return { ...is, data: values.data.subarray(0, offsets[length]) };
    case "list":
    case "struct":
      return is;
  }
}

function headBits(bits: Uint8Array, length: number): Uint8Array {
  const head = bits.slice(0, Math.ceil(length / 8));
  if (length % 8 !== 0) head[head.length - 1] = (head[head.length - 1] as number) & ((1 << (length % 8)) - 1);
  return head;
}
