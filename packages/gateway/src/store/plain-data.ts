import { LastMade } from "../last-made.ts";

/** Deepest that is looked at here: most inputs are flat. */
const DEEPEST = 16;
/** Texts longer than this travel beside the JSON: there each quote in them would be escaped, and one odd character would make all of it twice as wide. */
const LONG = 256;
/** Most texts that travel beside: for each, what it is taken out of is copied. The rest stays in the JSON. */
const BESIDE = 64;
/** Between the names of a path. */
const BELOW = "\n";
/** What travels beside, before its path: a text, or a value's JSON. */
const TEXT = "=";
const VALUE = ":";

/** Of values that many commands bring, their JSON. */
const shared = new WeakMap<object, string>();
/** Those that came last, and the longest JSON of one that is kept (I10). */
const VALUES_KEPT = 256;
const LONGEST_VALUE = 8192;
const read = new LastMade<unknown>(VALUES_KEPT, LONGEST_VALUE);

/**
 * This very object comes with many commands, and nobody changes it: it is written once, and read once at the other end, where it is frozen.
 * @throws TypeError for what JSON can't say
 */
export function sharedByMany<T extends object>(value: T): Readonly<T> {
  if (shortened(value, 0, [], []) === NOT_PLAIN) throw new TypeError("a value that is not plain data");
  shared.set(value, JSON.stringify(value));
  return Object.freeze(value);
}

/** Its JSON; undefined of any other value. */
export function sharedText(value: object): string | undefined {
  return shared.get(value);
}

/** What was shared: the same object for the same text, frozen. */
export function readShared(text: string): unknown {
  return read.of(text, frozenValue);
}

/**
 * A value as JSON; or JSON without its long texts and what many commands bring, and then for each its path and itself. One text costs a fraction of what a
 * tree of objects does to send.
 */
export type Packed = string | readonly string[];

/** undefined for a value that JSON can't say. */
export function packed(value: unknown): Packed | undefined {
  const long: string[] = [];
  const short = shortened(value, 0, [], long);
  if (short === NOT_PLAIN) return undefined;
  const text = JSON.stringify(short);
  return long.length === 0 ? text : [text, ...long];
}

/** The value that was packed. */
export function unpacked(sent: Packed): unknown {
  if (typeof sent === "string") return JSON.parse(sent);
  const value: unknown = JSON.parse(sent[0] ?? "");
  for (let i = 1; i < sent.length; i += 2) {
    const place = sent[i] ?? "";
    const text = sent[i + 1] ?? "";
    const path = place.slice(1).split(BELOW);
    const last = path.pop() ?? "";
    let at = value as Record<string, unknown>;
    for (const name of path) at = at[name] as Record<string, unknown>;
    at[last] = place.startsWith(VALUE) ? readShared(text) : text;
  }
  return value;
}

function frozenValue(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => Object.freeze(value));
}

const NOT_PLAIN = Symbol("not plain");

/** The value, or where it holds what travels beside a copy without that, which `long` has then with its path. `path`: the names down to it. */
function shortened(value: unknown, depth: number, path: (string | number)[], long: string[]): unknown {
  switch (typeof value) {
    case "string":
      if (value.length <= LONG || depth === 0 || long.length >= 2 * BESIDE) return value;
      path.length = depth;
      long.push(TEXT + path.join(BELOW), value);
      return "";
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : NOT_PLAIN;
    case "object":
      break;
    default:
      return NOT_PLAIN;
  }
  if (value === null) return value;
  if (depth > DEEPEST) return NOT_PLAIN;
  const written = depth === 0 || long.length >= 2 * BESIDE ? undefined : shared.get(value);
  if (written !== undefined) {
    path.length = depth;
    long.push(VALUE + path.join(BELOW), written);
    return 0;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return shortenedItems(value as readonly unknown[], depth, path, long);
  if (prototype !== Object.prototype) return NOT_PLAIN;
  const members = value as Readonly<Record<string, unknown>>;
  let copy: Record<string, unknown> | undefined;
  for (const name of Object.keys(members)) {
    // A name that would read as a path, or as something else than a member.
    if (name.includes(BELOW) || name === "__proto__") return NOT_PLAIN;
    path[depth] = name;
    const member = members[name];
    const short = shortened(member, depth + 1, path, long);
    if (short === NOT_PLAIN) return NOT_PLAIN;
    if (short === member) continue;
    copy ??= { ...members };
    copy[name] = short;
  }
  return copy ?? value;
}

function shortenedItems(items: readonly unknown[], depth: number, path: (string | number)[], long: string[]): unknown {
  let copy: unknown[] | undefined;
  // By index: a hole is undefined.
  for (let i = 0; i < items.length; i++) {
    path[depth] = i;
    const short = shortened(items[i], depth + 1, path, long);
    if (short === NOT_PLAIN) return NOT_PLAIN;
    if (short === items[i]) continue;
    copy ??= [...items];
    copy[i] = short;
  }
  return copy ?? items;
}
