import type { MaskedField } from "@chaperone/masking";

/** Some of a result's columns, in few characters: a bit for each there is, the first in the least of the first byte; base64. */
export function columnsTaken(some: readonly MaskedField[], all: readonly MaskedField[]): string {
  const names = new Set(some.map(({ name }) => name));
  const bytes = Buffer.alloc(Math.ceil(all.length / 8));
  for (const [place, { name }] of all.entries())
    if (names.has(name)) bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (1 << (place & 7));
  return bytes.toString("base64");
}

/** The columns again, as they are read alone. */
export function takenFrom(all: readonly MaskedField[], taken: string): readonly MaskedField[] {
  const bytes = Buffer.from(taken, "base64");
  return readAlone(
    all.filter((_, place) => ((bytes[place >> 3] ?? 0) & (1 << (place & 7))) !== 0),
    all,
  );
}

/**
 * Some of a result's columns, read without the others. A mask names the record subject by its place: here among these. What moves with a subject
 * that isn't read is NULL, as in a result that doesn't have it.
 */
export function readAlone(some: readonly MaskedField[], all: readonly MaskedField[]): readonly MaskedField[] {
  if (some === all) return all;
  const places = new Map(some.map(({ name }, place) => [name, place]));
  const alone = (field: MaskedField): MaskedField => {
    const { mask, fields } = field;
    const inside = fields === undefined ? {} : { fields: fields.map(alone) };
    if (mask.subject === undefined) return fields === undefined ? field : { ...field, ...inside };
    const subject = places.get(all[mask.subject]?.name ?? "");
    return { ...field, ...inside, mask: subject === undefined ? { rule: "null" } : { ...mask, subject } };
  };
  return some.map(alone);
}
