import { canonicalJson } from "../evidence/canonical-json.ts";
import type { Json } from "../evidence/event.ts";

/**
 * Texts of plans, decisions, masks and parameters, which never change once made and are written down for each session and bound at each
 * assessment. Kept as long as what they are the text of.
 */

const texts = new WeakMap<object, string>();
const canonical = new WeakMap<object, string>();

/** JSON of a value that is never changed. */
export function jsonOnce(value: object): string {
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = JSON.stringify(value);
  texts.set(value, text);
  return text;
}

/** The value of a text that is canonical JSON already, which another thread made: what is read of it here is never written anew. */
export function fromCanonical(text: string): object {
  const value = JSON.parse(text) as object;
  canonical.set(value, text);
  return value;
}

/** As `canonicalJson`, of a value that is never changed. */
export function canonicalOnce(value: object): string {
  const known = canonical.get(value);
  if (known !== undefined) return known;
  // Plain data: anything else throws.
  const text = canonicalJson(value as Json);
  canonical.set(value, text);
  return text;
}
