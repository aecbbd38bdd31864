import type { MaskedPage, RowsMasker } from "../json-rows/rows-masker.ts";

/** Pushes the response cut at the given places; what came out, as text, and the page. */
export function runMasker(
  masker: RowsMasker,
  response: string | Uint8Array,
  cuts: readonly number[] = [],
): { rows: string; page: MaskedPage } {
  const bytes = Buffer.from(response);
  const out: Uint8Array[] = [];
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    const ready = masker.push(bytes.subarray(start, cut));
    if (ready) out.push(ready);
    start = cut;
  }
  return { page: masker.end(), rows: Buffer.concat(out).toString() };
}

/** Cuts after each byte. */
export function everyByte(response: string | Uint8Array): number[] {
  return Array.from({ length: Buffer.from(response).length }, (_, i) => i);
}
