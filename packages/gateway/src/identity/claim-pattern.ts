/**
 * Matches a claim's value with a rule's pattern, the whole of it, case by case as written. `*` stands for any characters but `/` and `:`,
 * `**` for any characters. The separators count because parts of a subject are often the agent's to choose:
 * `repo:acme/*:ref:main` must not match `repo:acme/x:ref:evil:ref:main`.
 *
 * Steps through all possible places at once, so that no value takes longer than value length × pattern length.
 */
export function matchesPattern(value: string, pattern: string): boolean {
  const parts = pattern.match(/\*\*|\*|[^*]/gsu) ?? [];
  let places = reachable(new Set([0]), parts);
  for (const character of value) {
    const next = new Set<number>();
    for (const place of places) {
      const part = parts[place];
      if (part === "**" || (part === "*" && character !== "/" && character !== ":")) next.add(place);
      else if (part === character && part !== "*") next.add(place + 1);
    }
    places = reachable(next, parts);
  }
  return places.has(parts.length);
}

/** A star may stand for nothing, so what follows it is a place too. */
function reachable(places: Set<number>, parts: readonly string[]): Set<number> {
  for (const place of places) {
    if (parts[place] === "*" || parts[place] === "**") places.add(place + 1);
  }
  return places;
}
