import type { MaskedField } from "@chaperone/masking";
import { GrpcError } from "../../grpc/status.ts";

/** `selected_fields`: by column (in lower case, as BigQuery takes them), all of it or some of its fields. */
export type Selection = ReadonlyMap<string, "all" | Selection>;

const MOST_FIELDS = 10_000;
/** BigQuery nests 15 STRUCTs. https://cloud.google.com/bigquery/docs/nested-repeated#limitations */
const DEEPEST = 16;

/** undefined: all fields. */
export function selectionOf(paths: readonly string[]): Selection | undefined {
  if (paths.length === 0) return undefined;
  if (paths.length > MOST_FIELDS)
    throw new GrpcError("invalidArgument", `selected_fields has at most ${MOST_FIELDS} names.`);
  return grouped(
    paths.map((path) => {
      // No more is split than can be a field: a text of dots alone would be as many levels.
      const parts = path.toLowerCase().split(".", DEEPEST + 1);
      if (parts.length > DEEPEST) throw unknown();
      return parts;
    }),
  );
}

function grouped(paths: readonly (readonly string[])[]): Selection {
  const below = new Map<string, (readonly string[])[]>();
  for (const [head = "", ...rest] of paths) {
    const rests = below.get(head);
    if (rests === undefined) below.set(head, [rest]);
    else rests.push(rest);
  }
  // A field named as a whole is selected as a whole, whatever else is named inside of it.
  return new Map(
    [...below].map(([name, rests]) => [name, rests.some((rest) => rest.length === 0) ? "all" : grouped(rests)]),
  );
}

interface Named<F> {
  readonly name: string;
  readonly fields?: readonly F[];
}

/** The fields that are selected, of a table or of a result, in their own order. Refuses a name that isn't there. */
export function select<F extends Named<F>>(fields: readonly F[], selection: Selection | undefined): readonly F[] {
  if (selection === undefined) return fields;
  const left = new Set(selection.keys());
  const chosen = fields.flatMap((field): F[] => {
    const wanted = selection.get(field.name.toLowerCase());
    left.delete(field.name.toLowerCase());
    if (wanted === undefined) return [];
    if (wanted === "all") return [field];
    if (field.fields === undefined) throw unknown();
    return [{ ...field, fields: select(field.fields, wanted) }];
  });
  if (left.size > 0) throw unknown();
  return chosen;
}

/** The names by which BigQuery gives exactly these fields of all; undefined: they are all. */
export function pathsOf(chosen: readonly MaskedField[], all: readonly MaskedField[]): readonly string[] | undefined {
  return sameFields(chosen, all) ? undefined : pathsIn(chosen, all);
}

function pathsIn(chosen: readonly MaskedField[], all: readonly MaskedField[]): readonly string[] {
  const wholes = new Map(all.map(({ name, fields }) => [name, fields]));
  return chosen.flatMap((field) => {
    const whole = wholes.get(field.name);
    if (field.fields === undefined || whole === undefined || sameFields(field.fields, whole)) return [field.name];
    return pathsIn(field.fields, whole).map((path) => `${field.name}.${path}`);
  });
}

function sameFields(a: readonly MaskedField[], b: readonly MaskedField[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, fields = [] }, i) => name === b[i]?.name && sameFields(fields, b[i]?.fields ?? []))
  );
}

function unknown(): GrpcError {
  return new GrpcError("invalidArgument", "selected_fields names a field that the table doesn't have.");
}
