/** Deepest that is copied here: most inputs are flat, and copying those by hand is ten times faster. */
const DEEPEST = 8;

/** undefined where the value isn't plain, or has an undefined member. */
export function plainCopy(value: unknown, depth = 0): unknown {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean" || value === null)
    return value;
  if (typeof value !== "object" || depth > DEEPEST) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Uint8Array.prototype) return (value as Uint8Array).slice();
  if (prototype === Array.prototype) {
    const items: unknown[] = [];
    for (const item of value as readonly unknown[]) {
      const copied = plainCopy(item, depth + 1);
      if (copied === undefined) return undefined;
      items.push(copied);
    }
    return items;
  }
  if (prototype !== Object.prototype) return undefined;
  const members: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const copied = plainCopy(member, depth + 1);
    if (copied === undefined || name === "__proto__") return undefined;
    members[name] = copied;
  }
  return members;
}
