import { readFileSync } from "node:fs";
import type { BatchMemory } from "./batch-memory.ts";
import type { Values } from "./read-batch.ts";

/** What `assembly/column.ts` exports. */
interface Column {
  readonly memory: WebAssembly.Memory;
  readonly inAt: WebAssembly.Global;
  readonly inBytes: WebAssembly.Global;
  readonly outAt: WebAssembly.Global;
  readonly keyAt: WebAssembly.Global;
  readonly validAt: WebAssembly.Global;
  readonly offsetsAt: WebAssembly.Global;
  readonly mostValues: WebAssembly.Global;
  tokens(count: number, nulls: boolean, longest: number, end: number): number;
  parts(count: number, nulls: boolean, longest: number, end: number, last: boolean): number;
  padKey(at: number): void;
}

export interface FastColumn {
  readonly column: Column;
  readonly memory: Buffer;
  readonly inAt: number;
  readonly inBytes: number;
  readonly outAt: number;
  readonly keyAt: number;
  readonly validAt: number;
  /** In words. */
  readonly offsetsAt: number;
  readonly words: Int32Array;
  readonly mostValues: number;
}

const MOST_BYTES = 0x7fffffff;

let loaded: FastColumn | undefined | null = null;

/** undefined: this machine's processor hasn't the instructions for it. */
export function loadFastColumn(): FastColumn | undefined {
  if (loaded !== null) return loaded;
  const bytes = readFileSync(new URL("../../assembly/column.wasm", import.meta.url));
  if (!WebAssembly.validate(bytes)) {
    loaded = undefined;
    return loaded;
  }
  // The shape of the module that is committed beside its source.
  const column = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports as Column;
  loaded = {
    column,
    memory: Buffer.from(column.memory.buffer),
    inAt: Number(column.inAt.value),
    inBytes: Number(column.inBytes.value),
    outAt: Number(column.outAt.value),
    keyAt: Number(column.keyAt.value),
    validAt: Number(column.validAt.value),
    offsetsAt: Number(column.offsetsAt.value) / 4,
    words: new Int32Array(column.memory.buffer),
    mostValues: Number(column.mostValues.value),
  };
  return loaded;
}

/**
 * What `write` makes of a column's texts, so many at a time as there is memory for, each `width` bytes long. Undefined where `write` says -1 of
 * some, or eight of them are longer than that memory: then all of the column goes the other way.
 */
export function writeFastColumn(
  fast: FastColumn,
  values: Values,
  width: number,
  own: BatchMemory,
  write: (count: number, nulls: boolean, end: number) => number,
): Pick<Values, "offsets" | "data"> | undefined {
  const { memory, words, inAt, inBytes, outAt, validAt, offsetsAt, mostValues } = fast;
  const { length, valid, offsets } = values;
  const bytes = (length - values.nulls) * width;
  if (bytes > MOST_BYTES) return undefined;
  const data = own.bytes(bytes);
  const ends = own.integers(length + 1);
  ends[0] = 0;
  let end = 0;
  let most = 0;
  try {
    for (let from = 0; from < length; ) {
      const first = offsets[from] as number;
      let count = Math.min(length - from, mostValues);
      // Whole bytes of `valid`.
      while ((offsets[from + count] as number) - first > inBytes) {
        if (count <= 8) return undefined;
        count = Math.max(8, (count >> 1) & ~7);
      }
      const last = offsets[from + count] as number;
      most = Math.max(most, last - first);
      memory.set(values.data.subarray(first, last), inAt);
      if (valid !== undefined) memory.set(valid.subarray(from >> 3, (from + count + 7) >> 3), validAt);
      words.set(offsets.subarray(from, from + count + 1), offsetsAt);
      const written = write(count, valid !== undefined, end);
      if (written < 0) return undefined;
      memory.copy(data, end, outAt, outAt + written * width);
      ends.set(words.subarray(offsetsAt + 1, offsetsAt + 1 + count), from + 1);
      end += written * width;
      from += count;
    }
  } finally {
    // No value stays.
    memory.fill(0, inAt, inAt + most);
  }
  // What stands behind it would be of before.
  return end === data.length ? { offsets: ends, data } : undefined;
}
