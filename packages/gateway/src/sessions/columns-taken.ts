import type { MaskedField } from "@chaperone/masking";

/** What a result has of values: its columns, of a STRUCT each of its fields, with the names down to it. */
export function leavesOf(
  fields: readonly MaskedField[],
  parent = "",
): { readonly path: string; readonly field: MaskedField }[] {
  return fields.flatMap((field) => {
    const path = parent + field.name;
    return isLeaf(field) ? [{ path, field }] : leavesOf(field.fields ?? [], `${path}.`);
  });
}

/** A STRUCT with a mask of its own is hidden as a whole. */
function isLeaf({ fields, mask }: MaskedField): boolean {
  return fields === undefined || mask.rule !== "none";
}

/** Some of a result's columns and fields, in few characters: a bit for each there is, the first in the least of the first byte; base64. */
export function columnsTaken(some: readonly MaskedField[], all: readonly MaskedField[]): string {
  const paths = new Set(leavesOf(some).map(({ path }) => path));
  const leaves = leavesOf(all);
  const bytes = Buffer.alloc(Math.ceil(leaves.length / 8));
  for (const [place, { path }] of leaves.entries())
    if (paths.has(path)) bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (1 << (place & 7));
  return bytes.toString("base64");
}

/** The columns again, as they are read alone. */
export function takenFrom(all: readonly MaskedField[], taken: string): readonly MaskedField[] {
  const bytes = Buffer.from(taken, "base64");
  let leaves = 0;
  const some = (fields: readonly MaskedField[]): MaskedField[] =>
    fields.flatMap((field) => {
      if (isLeaf(field)) {
        const place = leaves++;
        return ((bytes[place >> 3] ?? 0) & (1 << (place & 7))) === 0 ? [] : [field];
      }
      const inner = some(field.fields ?? []);
      return inner.length === 0 ? [] : [{ ...field, fields: inner }];
    });
  return readAlone(some(all), all);
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
