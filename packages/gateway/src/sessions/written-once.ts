import { canonicalJson } from "../evidence/canonical-json.ts";
import type { Json } from "../evidence/event.ts";

/**
 * Texts of plans, decisions and masks, which never change once made and are written down for each session and bound at each
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

/** As `canonicalJson`, of a value that is never changed. */
export function canonicalOnce(value: object): string {
  const known = canonical.get(value);
  if (known !== undefined) return known;
  // Plain data: anything else throws.
  const text = canonicalJson(value as Json);
  canonical.set(value, text);
  return text;
}
