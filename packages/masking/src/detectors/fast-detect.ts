import { readFileSync } from "node:fs";
import { detect, hitAt } from "./detect.ts";
import type { Hit } from "./detector.ts";
import { joined, siteHitsAt } from "./site-hits.ts";
import type { SitePattern } from "./site-pattern.ts";

/** What `assembly/candidates.ts` exports. */
interface Scanner {
  readonly memory: WebAssembly.Memory;
  readonly textAt: WebAssembly.Global;
  readonly textBytes: WebAssembly.Global;
  readonly candidatesAt: WebAssembly.Global;
  readonly mostCandidates: WebAssembly.Global;
  scan(length: number): number;
  digitRows(length: number, lengths: number): number;
}

interface Loaded {
  readonly scanner: Scanner;
  readonly memory: Buffer;
  readonly textAt: number;
  readonly textBytes: number;
  /** Place and bits of kinds, or length, in turn. */
  readonly candidates: Uint32Array;
}

let loaded: Loaded | undefined | null = null;

function load(): Loaded | undefined {
  if (loaded !== null) return loaded;
  const bytes = readFileSync(new URL("../../assembly/candidates.wasm", import.meta.url));
  // Processors without the instructions for it look at every place.
  if (!WebAssembly.validate(bytes)) {
    loaded = undefined;
    return loaded;
  }
  const scanner = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports as Scanner;
  const { buffer } = scanner.memory;
  loaded = {
    scanner,
    memory: Buffer.from(buffer),
    textAt: Number(scanner.textAt.value),
    textBytes: Number(scanner.textBytes.value),
    candidates: new Uint32Array(buffer, Number(scanner.candidatesAt.value), 2 * Number(scanner.mostCandidates.value)),
  };
  return loaded;
}

/** Units that don't fit a byte; none of them is in any pattern. */
const WIDE = /[\u0100-\uffff]/;
const ALL_WIDE = /[\u0100-\uffff]/g;
const NARROW = "\u00ff";

/**
 * What `detect` finds, found faster: one pass in WebAssembly says where which kinds may begin, and the detectors look there. Texts that are too long
 * for its memory, or full of places, go to `detect`.
 */
export function fastDetect(text: string, site: readonly SitePattern[] = []): readonly Hit[] {
  const found = load();
  if (found === undefined || text.length > found.textBytes) return detect(text, site);
  const { scanner, memory, textAt, candidates } = found;
  memory.write(WIDE.test(text) ? text.replace(ALL_WIDE, NARROW) : text, textAt, "latin1");
  const count = scanner.scan(text.length);
  if (count < 0) return detect(text, site);
  const hits: Hit[] = [];
  let from = 0;
  let behind = false;
  for (let i = 0; i < count || behind; ) {
    const place = i < count ? (candidates[2 * i] as number) : text.length;
    if (place < from) {
      i++;
      continue;
    }
    const isHere = i < count && (!behind || place === from);
    const hit = hitAt(text, behind ? from : place, isHere ? (candidates[2 * i + 1] as number) : 0, behind);
    if (isHere) i++;
    behind = hit !== undefined;
    if (hit === undefined) continue;
    hits.push(hit);
    from = hit.end;
  }
  if (site.length === 0) return hits;
  const lengths = site.reduce((all, { digits }) => all | digits, 0);
  const rows = scanner.digitRows(text.length, lengths);
  if (rows < 0) return detect(text, site);
  return joined(
    hits,
    site.map((pattern) => siteHitsAt(text, pattern, candidates, rows)),
  );
}
