import { readFileSync } from "node:fs";
import type { TokenKey } from "../token-key.ts";
import { isSet, type Values } from "./read-batch.ts";

/** What `assembly/column.ts` exports. */
interface Column {
  readonly memory: WebAssembly.Memory;
  readonly inAt: WebAssembly.Global;
  readonly inBytes: WebAssembly.Global;
  readonly inSlack: WebAssembly.Global;
  readonly outAt: WebAssembly.Global;
  readonly keyAt: WebAssembly.Global;
  readonly valuesAt: WebAssembly.Global;
  readonly mostValues: WebAssembly.Global;
  readonly longest: WebAssembly.Global;
  tokens(count: number): void;
  padKey(at: number): void;
}

interface Loaded {
  readonly column: Column;
  readonly memory: Buffer;
  readonly inAt: number;
  readonly inBytes: number;
  readonly inSlack: number;
  readonly outAt: number;
  readonly keyAt: number;
  readonly valuesAt: number;
  readonly mostValues: number;
  readonly longest: number;
}

const TOKEN_BYTES = 32;
const MOST_BYTES = 0x7fffffff;

let loaded: Loaded | undefined | null = null;

function load(): Loaded | undefined {
  if (loaded !== null) return loaded;
  const bytes = readFileSync(new URL("../../assembly/column.wasm", import.meta.url));
  // Processors without the instructions for it have the other way alone.
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
    inSlack: Number(column.inSlack.value),
    outAt: Number(column.outAt.value),
    keyAt: Number(column.keyAt.value),
    valuesAt: Number(column.valuesAt.value),
    mostValues: Number(column.mostValues.value),
    longest: Number(column.longest.value),
  };
  return loaded;
}

/**
 * The tokens of a column of texts, as rule `token` gives them (same-masks.test.ts compares), ten times as fast. Undefined where this machine can't, or a
 * value is longer than one block of SHA-256 takes: then all of the column goes the other way.
 */
export function fastTokens(
  values: Values,
  key: TokenKey,
  maxCellBytes: number,
): Pick<Values, "offsets" | "data"> | undefined {
  const wasm = load();
  const { length, valid, offsets } = values;
  if (wasm === undefined || (length - values.nulls) * TOKEN_BYTES > MOST_BYTES) return undefined;
  for (let i = 0; i < length; i++)
    if ((offsets[i + 1] as number) - (offsets[i] as number) > Math.min(wasm.longest, maxCellBytes)) return undefined;
  setKey(wasm, key);
  const places = new Uint32Array(wasm.memory.buffer, wasm.valuesAt, wasm.mostValues * 2);
  const out = new Int32Array(length + 1);
  const data = Buffer.allocUnsafe((length - values.nulls) * TOKEN_BYTES);
  let end = 0;
  for (let from = 0; from < length; ) {
    const first = offsets[from] as number;
    let count = 0;
    let i = from;
    for (; i < length && count < wasm.mostValues; i++) {
      const stop = offsets[i + 1] as number;
      if (stop - first > wasm.inBytes) break;
      if (valid === undefined || isSet(valid, i)) {
        places[2 * count] = (offsets[i] as number) - first;
        places[2 * count + 1] = stop - (offsets[i] as number);
        count++;
      }
      out[i + 1] = end + count * TOKEN_BYTES;
    }
    const last = offsets[i] as number;
    wasm.memory.set(values.data.subarray(first, last), wasm.inAt);
    wasm.memory.fill(0, wasm.inAt + last - first, wasm.inAt + last - first + wasm.inSlack);
    wasm.column.tokens(count);
    wasm.memory.copy(data, end, wasm.outAt, wasm.outAt + count * TOKEN_BYTES);
    end += count * TOKEN_BYTES;
    from = i;
  }
  // Neither key nor values stay.
  wasm.memory.fill(0, wasm.keyAt, wasm.keyAt + 64);
  wasm.memory.fill(0, wasm.inAt, wasm.inAt + wasm.inBytes);
  return { offsets: out, data };
}

/** Both states behind the padded key, 32 bytes each. */
function setKey({ column, memory, keyAt, inAt }: Loaded, key: TokenKey): void {
  const { inner, outer } = key.padded();
  for (const [i, block] of [inner, outer].entries()) {
    memory.set(block, inAt);
    column.padKey(inAt);
    memory.copy(memory, keyAt + 32 * i, inAt, inAt + 32);
  }
}
