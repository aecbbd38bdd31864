import type { Packed } from "./plain-data.ts";

/**
 * How inputs of a command that comes very often travel: as texts in an order of their own. To look through a tree of objects and to write it down costs several times
 * that.
 */
export interface Wire<Input> {
  /** undefined: this input is packed as any other command's. */
  write(input: Input): Written | undefined;
  read(written: Written): Input;
}

export interface Written {
  /** A JSON array; and then, each after its place, texts that others bring as well. */
  readonly packed: Packed;
  /** Its own texts. */
  readonly own: readonly string[];
}

/** The texts beside the JSON, and what that says. */
export function readWritten<Small>(packed: Packed): { readonly small: Small; readonly beside: readonly string[] } {
  const [json = "", ...placed] = typeof packed === "string" ? [packed] : packed;
  return { small: JSON.parse(json) as Small, beside: placed.filter((_, i) => i % 2 === 1) };
}
