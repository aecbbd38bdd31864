import { readFileSync } from "node:fs";

/** What `assembly/avro.ts` exports. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly planAt: WebAssembly.Global;
  readonly planBytes: WebAssembly.Global;
  readonly inAt: WebAssembly.Global;
  readonly inBytes: WebAssembly.Global;
  readonly inSlack: WebAssembly.Global;
  readonly outAt: WebAssembly.Global;
  readonly outLimit: WebAssembly.Global;
  readonly rowAt: WebAssembly.Global;
  readonly stoppedAt: WebAssembly.Global;
  readonly outEnd: WebAssembly.Global;
  scan(start: number, end: number, maxRows: number): number;
  isFull(): number;
  padKey(at: number): void;
}

export interface AvroScanner {
  readonly scanner: Exports;
  readonly memory: Buffer;
  readonly planAt: number;
  readonly planBytes: number;
  readonly inAt: number;
  readonly inBytes: number;
  readonly inSlack: number;
  readonly outAt: number;
  readonly outLimit: number;
}

/** One scanner for all streams: between two calls it holds nothing that matters. */
let loaded: AvroScanner | undefined | null = null;

/** @param mask what the scanner asks for a value that it can't mask itself; undefined: this machine's processor hasn't the instructions for it */
export function loadAvroScanner(
  mask: (node: number, start: number, end: number, out: number) => number,
): AvroScanner | undefined {
  if (loaded !== null) return loaded;
  const bytes = readFileSync(new URL("../../assembly/avro.wasm", import.meta.url));
  // Processors without the instructions for it have the exact implementation alone.
  if (!WebAssembly.validate(bytes)) {
    loaded = undefined;
    return loaded;
  }
  // The shape of the module that is committed beside its source.
  const scanner = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { mask } }).exports as Exports;
  loaded = {
    scanner,
    memory: Buffer.from(scanner.memory.buffer),
    planAt: Number(scanner.planAt.value),
    planBytes: Number(scanner.planBytes.value),
    inAt: Number(scanner.inAt.value),
    inBytes: Number(scanner.inBytes.value),
    inSlack: Number(scanner.inSlack.value),
    outAt: Number(scanner.outAt.value),
    outLimit: Number(scanner.outLimit.value),
  };
  return loaded;
}
