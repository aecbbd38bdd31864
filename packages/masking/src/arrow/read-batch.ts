import { isAscii, isUtf8 } from "node:buffer";
import { MaskingError } from "../masking-error.ts";
import type { BatchMemory } from "./batch-memory.ts";
import { BodyBuffers } from "./body-buffers.ts";
import type { Column } from "./column.ts";
import type { FlatTable } from "./flat-reader.ts";

/** A column's values as they came, checked: every length and offset lies where it must. */
export interface Values {
  readonly length: number;
  readonly nulls: number;
  /** One bit a value, 1: not NULL, nor inside of a STRUCT that is; the bits behind the last are 0. undefined: nothing is NULL. */
  readonly valid: Uint8Array | undefined;
  /** Of `bytes` and `list`: where each value begins, and the last one ends. */
  readonly offsets: Int32Array;
  /** Of `bits`, `fixed` and `bytes`: no byte more than the values have. */
  readonly data: Uint8Array;
  readonly children: readonly Values[];
}

const NOTHING = new Uint8Array(0);
const NO_OFFSETS = new Int32Array(0);

/**
 * Reads the batch's columns; `maxBytes`: to which compressed ones may unpack.
 * https://arrow.apache.org/docs/format/Columnar.html#recordbatch-message
 */
export function readBatch(
  header: FlatTable,
  body: Uint8Array,
  columns: readonly Column[],
  maxRows: number,
  maxBytes: number,
  memory: BatchMemory,
): { readonly rows: number; readonly values: readonly Values[] } {
  const rows = header.size(0);
  if (rows > maxRows) throw new MaskingError("limit", `More than the ${maxRows} rows allowed`);
  const reader = new BatchReader(header, body, maxBytes, memory);
  const values = columns.map((column) => reader.values(column, rows, undefined));
  reader.end();
  return { rows, values };
}

class BatchReader {
  readonly #nodes: readonly (readonly [number, number])[];
  readonly #buffers: BodyBuffers;
  readonly #memory: BatchMemory;
  #node = 0;

  constructor(header: FlatTable, body: Uint8Array, maxBytes: number, memory: BatchMemory) {
    this.#memory = memory;
    this.#nodes = header.pairs(1);
    this.#buffers = new BodyBuffers(header, body, maxBytes);
  }

  values(column: Column, length: number, parent: Uint8Array | undefined): Values {
    const node = this.#nodes[this.#node++];
    if (node === undefined) throw shape(column, "the batch has fewer columns than its schema");
    if (node[0] !== length) throw shape(column, "the column has another length than the batch");
    const own = this.#validity(column, length, node[1]);
    const valid = this.#both(own, parent);
    const nulls = valid === undefined ? 0 : length - ones(valid);
    const is = { length, nulls, valid, offsets: NO_OFFSETS, data: NOTHING, children: [] };
    switch (column.layout.kind) {
      case "bits":
        return { ...is, data: this.#next(column, Math.ceil(length / 8)) };
      case "fixed":
        return { ...is, data: this.#next(column, length * column.layout.width) };
      case "bytes": {
        const offsets = this.#offsets(column, length);
        const data = this.#next(column, offsets[length] as number);
        if (column.layout.utf8) checkText(column, offsets, data);
        return { ...is, offsets, data };
      }
      case "list": {
        const offsets = this.#offsets(column, length);
        const child = this.values(column.children[0] as Column, offsets[length] as number, undefined);
        // BigQuery's arrays are never NULL and hold no NULL; one inside of a NULL STRUCT is empty.
        if (own !== undefined || child.nulls > 0) throw shape(column, "a NULL array, or a NULL in an array");
        if (valid !== undefined)
          for (let i = 0; i < length; i++)
            if (!isSet(valid, i) && offsets[i] !== offsets[i + 1])
              throw shape(column, "an array that belongs to no row");
        return { ...is, nulls: 0, valid: undefined, offsets, children: [child] };
      }
      case "struct":
        return { ...is, children: column.children.map((child) => this.values(child, length, valid)) };
    }
  }

  /** All that the batch has was read. */
  end(): void {
    if (this.#node !== this.#nodes.length || !this.#buffers.allTaken)
      throw new MaskingError("shape", "The batch has more columns than its schema");
  }

  #validity(column: Column, length: number, nulls: number): Uint8Array | undefined {
    if (nulls > length) throw shape(column, "more NULLs than values");
    const bytes = Math.ceil(length / 8);
    if (nulls === 0 && this.#buffers.nextIsEmpty) {
      this.#next(column, 0);
      return undefined;
    }
    const bits = this.#memory.copy(this.#next(column, bytes));
    if (length % 8 !== 0) bits[bytes - 1] = (bits[bytes - 1] as number) & ((1 << (length % 8)) - 1);
    if (length - ones(bits) !== nulls) throw shape(column, "another number of NULLs than the batch says");
    return nulls === 0 ? undefined : bits;
  }

  #offsets(column: Column, length: number): Int32Array {
    // Of no values there may be no offsets either.
    const bytes = length === 0 && this.#buffers.nextIsEmpty ? 0 : 4 * (length + 1);
    const raw = this.#next(column, bytes);
    // A copy, for they may lie anywhere in memory.
    const offsets = this.#memory.integers(length + 1);
    if (bytes === 0) offsets.fill(0);
    else new Uint8Array(offsets.buffer, offsets.byteOffset, bytes).set(raw);
    // Bytes or elements before the first value would belong to none.
    let before = offsets[0] as number;
    let ordered = before === 0;
    for (let i = 1; i <= length; i++) {
      const offset = offsets[i] as number;
      ordered &&= offset >= before;
      before = offset;
    }
    if (!ordered) throw shape(column, "offsets out of order");
    return offsets;
  }

  #both(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
    if (a === undefined || b === undefined) return a ?? b;
    const bits = this.#memory.copy(a);
    for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] as number) & (b[i] as number);
    return bits;
  }

  /** The next buffer's first bytes: those that are needed. */
  #next(column: Column, needed: number): Uint8Array {
    return this.#buffers.take(needed, (what) => shape(column, what));
  }
}

/** JSON's rows are refused when they aren't UTF-8; so are Arrow's. */
function checkText(column: Column, offsets: Int32Array, data: Uint8Array): void {
  // Each byte a character.
  if (isAscii(data)) return;
  if (!isUtf8(data)) throw shape(column, "text that is not UTF-8");
  for (const offset of offsets)
    if (offset < data.length && ((data[offset] as number) & 0xc0) === 0x80)
      throw shape(column, "a text that begins inside of a character");
}

export function isSet(bits: Uint8Array, i: number): boolean {
  return (((bits[i >> 3] as number) >> (i & 7)) & 1) === 1;
}

export function ones(bits: Uint8Array): number {
  let count = 0;
  for (const byte of bits) for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function shape(column: Column, what: string): MaskingError {
  return new MaskingError("shape", `${column.plan.path}: ${what}`);
}
