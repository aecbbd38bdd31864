import type { MaskedPage, RowsMasker } from "../json-rows/rows-masker.ts";
import { MaskingError } from "../masking-error.ts";

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

/** Cuts after every so many bytes. */
export function sizesOf(response: string | Uint8Array, bytes: number): number[] {
  return Array.from({ length: Math.floor(Buffer.from(response).length / bytes) }, (_, i) => (i + 1) * bytes);
}

export interface Outcome {
  /** What each push gave, as text. */
  readonly pushed: readonly (string | undefined)[];
  readonly page: MaskedPage | undefined;
  readonly progress: ReturnType<RowsMasker["progress"]>;
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

/** Everything that can be seen of a masker, for the comparison of two; also of a response that is refused. */
export function outcomeOf(masker: RowsMasker, response: string | Uint8Array, cuts: readonly number[] = []): Outcome {
  const bytes = Buffer.from(response);
  const pushed: (string | undefined)[] = [];
  let start = 0;
  try {
    for (const cut of [...cuts, bytes.length]) {
      const ready = masker.push(bytes.subarray(start, cut));
      pushed.push(ready === undefined ? undefined : Buffer.from(ready).toString("latin1"));
      start = cut;
    }
    const page = masker.end();
    return { pushed, page, progress: masker.progress(), error: undefined };
  } catch (error) {
    if (!(error instanceof MaskingError)) throw error;
    const { code, message } = error;
    return { pushed, page: undefined, progress: masker.progress(), error: { code, message } };
  }
}
