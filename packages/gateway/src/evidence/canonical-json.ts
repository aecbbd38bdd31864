import type { CanonicalText, Json } from "./event.ts";

/** Deepest nesting accepted (I10). */
const MAX_DEPTH = 64;

/**
 * JSON in its one canonical form, RFC 8785: no whitespace, members sorted by UTF-16 code units, numbers and strings as
 * ECMAScript writes them. Equal values give equal text, so a hash of the text is a hash of the value.
 *
 * Throws TypeError for what has no such form: NaN and infinities, lone surrogates, undefined, functions, bigint, anything
 * that is not a plain object or array, and nesting deeper than 64 (which also stops cycles). The message tells where by
 * type only; it never holds a value.
 */
export function canonicalJson(value: Json): string {
  // JSON.stringify writes what is in order already as the RFC does, in a fraction of the time.
  return isInOrder(value, 0) ? JSON.stringify(value) : write(value, 0);
}

/** Whether it is plain, and each object's members stand as they are to be written. */
function isInOrder(value: unknown, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  switch (typeof value) {
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value);
    case "string":
      return value.isWellFormed();
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isInOrder(value[i], depth + 1)) return false;
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  const members = value as Readonly<Record<string, unknown>>;
  let before: string | undefined;
  for (const name of Object.keys(members)) {
    if (before !== undefined && name < before) return false;
    if (!name.isWellFormed() || !isInOrder(members[name], depth + 1)) return false;
    before = name;
  }
  return true;
}

/** Written now for the store, which takes it as it is. */
export function canonicalText(value: Json): CanonicalText {
  return canonicalJson(value) as CanonicalText;
}

/** An object some of whose members are written already. */
export function canonicalObject(
  members: Readonly<Record<string, Json>>,
  written: Readonly<Record<string, CanonicalText>>,
): CanonicalText {
  const names = Object.keys(members);
  for (const name of Object.keys(written)) if (!Object.hasOwn(members, name)) names.push(name);
  let text = "{";
  for (const name of sorted(names)) {
    // Its own alone: `valueOf` is a name as any other.
    const member = Object.hasOwn(members, name) ? canonicalJson(members[name] as Json) : written[name];
    // Undefined is no member: it would be written as that word.
    if (member === undefined) throw new TypeError("a value of type undefined");
    text += `${text === "{" ? "" : ","}${canonicalName(name)}${member}`;
  }
  return `${text}}` as CanonicalText;
}

/** Short and of characters that stand for themselves. */
const PLAIN = /^[ !#-[\]-~]{0,64}$/;

/** As `canonicalJson`, of a string. */
export function canonicalString(value: string): string {
  // Most are so, and to ask costs a third of what JSON.stringify does.
  if (PLAIN.test(value)) return `"${value}"`;
  if (!value.isWellFormed()) throw new TypeError("a string with a lone surrogate");
  return JSON.stringify(value);
}

/** Names of members, written with the colon behind them: there are few, and each comes again in thousands of entries. So many are kept (I10). */
const NAMES_KEPT = 1000;
const LONGEST_NAME = 64;
const writtenNames = new Map<string, string>();

function canonicalName(name: string): string {
  const known = writtenNames.get(name);
  if (known !== undefined) return known;
  const written = `${canonicalString(name)}:`;
  if (writtenNames.size < NAMES_KEPT && name.length <= LONGEST_NAME) writtenNames.set(name, written);
  return written;
}

/** In place, by UTF-16 code units, as section 3.2.3 wants: as Array.prototype.sort compares. */
function sorted(names: string[]): string[] {
  for (let i = 1; i < names.length; i++) if ((names[i - 1] as string) > (names[i] as string)) return names.sort();
  return names;
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new TypeError(`nested deeper than ${MAX_DEPTH}`);
  switch (typeof value) {
    case "boolean":
      return String(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError("a number that is not finite");
      // ECMAScript's Number::toString is what RFC 8785 section 3.2.2.3 prescribes; it writes -0 as 0.
      return String(value);
    case "string":
      return canonicalString(value);
    case "object":
      break;
    default:
      throw new TypeError(`a value of type ${typeof value}`);
  }
  if (value === null) return "null";
  if (Array.isArray(value)) {
    let text = "[";
    // By index: a hole would be skipped by map and vanish; so it is undefined and refused.
    for (let i = 0; i < value.length; i++) text += `${i === 0 ? "" : ","}${write(value[i], depth + 1)}`;
    return `${text}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError("an object that is not plain");
  const members = value as Readonly<Record<string, unknown>>;
  let text = "{";
  for (const name of sorted(Object.keys(members))) {
    text += `${text === "{" ? "" : ","}${canonicalName(name)}${write(members[name], depth + 1)}`;
  }
  return `${text}}`;
}
