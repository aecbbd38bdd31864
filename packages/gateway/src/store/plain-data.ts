/** Deepest that is looked at here: most inputs are flat. */
const DEEPEST = 16;
/** Texts longer than this travel beside the JSON: there each quote in them would be escaped, and one odd character would make all of it twice as wide. */
const LONG = 256;
/** Most texts that travel beside: for each, what it is taken out of is copied. The rest stays in the JSON. */
const BESIDE = 64;
/** Between the names of a path. */
const BELOW = "\n";

/** A value as JSON; or JSON without its long texts, and then for each its path and itself. One text costs a fraction of what a tree of objects does to send. */
export type Packed = string | readonly string[];

/** undefined for a value that JSON can't say. */
export function packed(value: unknown): Packed | undefined {
  const long: string[] = [];
  if (!isPlain(value, 0, "", long)) return undefined;
  if (long.length === 0) return JSON.stringify(value);
  let short = value;
  for (let i = 0; i < long.length; i += 2) short = without(short, (long[i] ?? "").split(BELOW), 0);
  return [JSON.stringify(short), ...long];
}

/** The value that was packed. */
export function unpacked(sent: Packed): unknown {
  if (typeof sent === "string") return JSON.parse(sent);
  const value: unknown = JSON.parse(sent[0] ?? "");
  for (let i = 1; i < sent.length; i += 2) {
    const path = (sent[i] ?? "").split(BELOW);
    const last = path.pop() ?? "";
    let at = value as Record<string, unknown>;
    for (const name of path) at = at[name] as Record<string, unknown>;
    at[last] = sent[i + 1];
  }
  return value;
}

function isPlain(value: unknown, depth: number, path: string, long: string[]): boolean {
  switch (typeof value) {
    case "string":
      if (value.length > LONG && depth > 0 && long.length < 2 * BESIDE) long.push(path, value);
      return true;
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth > DEEPEST) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) {
    const items = value as readonly unknown[];
    // By index: a hole is undefined.
    for (let i = 0; i < items.length; i++)
      if (!isPlain(items[i], depth + 1, depth === 0 ? `${i}` : `${path}${BELOW}${i}`, long)) return false;
    return true;
  }
  if (prototype !== Object.prototype) return false;
  const members = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(members)) {
    const member = members[name];
    // A name that would read as a path, or as something else than a member.
    if (name.includes(BELOW) || name === "__proto__") return false;
    if (typeof member === "number" || typeof member === "boolean") {
      if (!isPlain(member, depth + 1, "", long)) return false;
    } else if (!isPlain(member, depth + 1, depth === 0 ? name : `${path}${BELOW}${name}`, long)) return false;
  }
  return true;
}

/** A copy that has nothing at that path. */
function without(value: unknown, path: readonly string[], depth: number): unknown {
  const name = path[depth];
  if (name === undefined) return "";
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const members = copy as Record<string, unknown>;
  members[name] = without(members[name], path, depth + 1);
  return copy;
}
