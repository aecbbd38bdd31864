import type { MaskedField } from "@chaperone/masking";

/** Some of a result's columns, in few characters: a bit for each there is, the first in the least of the first byte; base64. */
export function columnsTaken(some: readonly MaskedField[], all: readonly MaskedField[]): string {
  const names = new Set(some.map(({ name }) => name));
  const bytes = Buffer.alloc(Math.ceil(all.length / 8));
  for (const [place, { name }] of all.entries())
    if (names.has(name)) bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (1 << (place & 7));
  return bytes.toString("base64");
}

/** The columns again. */
export function takenFrom(all: readonly MaskedField[], taken: string): readonly MaskedField[] {
  const bytes = Buffer.from(taken, "base64");
  return all.filter((_, place) => ((bytes[place >> 3] ?? 0) & (1 << (place & 7))) !== 0);
}
