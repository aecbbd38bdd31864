/** Signatures as the catalogue of functions writes them. Imports nothing, so that switch.ts comes before all that it switches. */

/** `(STRING, !INT64?) STRING`: its arguments as written. */
export function argumentsIn(line: string): readonly string[] {
  const inner = /^\((.*)\) /.exec(line)?.[1] ?? "";
  return inner === "" ? [] : inner.split(/,\s*/);
}

/** `line` with another mark before one of its arguments. */
export function remarked(line: string, place: number, mark: string): string {
  const changed = argumentsIn(line).map((a, i) => (i === place ? mark + a.replace(/^[!~=>]/, "") : a));
  return `(${changed.join(", ")}) ${line.slice(line.lastIndexOf(") ") + 2)}`;
}
