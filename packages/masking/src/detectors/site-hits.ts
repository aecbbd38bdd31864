import type { Hit } from "./detector.ts";
import type { SitePattern } from "./site-pattern.ts";

// Each pattern is looked for by itself, over what the detectors and the other patterns found too: a part of a number that looks like something else
// mustn't keep the rest of it from being found. Whoever adds a pattern therefore never makes less be hidden.

/** What one pattern finds, in the simplest way. */
export function siteHits(text: string, { everywhere }: SitePattern): readonly Hit[] {
  const hits: Hit[] = [];
  for (const { index, 0: number } of text.matchAll(everywhere)) {
    hits.push({ kind: "MRN", start: index, end: index + number.length });
  }
  return hits;
}

/**
 * The same, at the places where digits begin: `rows` holds place and length of each row of digits in turn, `count` of them. A number's first digit
 * begins such a row, for before the number stands neither digit nor letter, or a word.
 */
export function siteHitsAt(
  text: string,
  { at: expression, leads, digits }: SitePattern,
  rows: Uint32Array,
  count: number,
): readonly Hit[] {
  const hits: Hit[] = [];
  let from = 0;
  for (let i = 0; i < count; i++) {
    if (((digits >>> Math.min(rows[2 * i + 1] as number, 31)) & 1) === 0) continue;
    const place = rows[2 * i] as number;
    for (const lead of leads) {
      const start = place - lead;
      if (start < from) continue;
      expression.lastIndex = start;
      if (!expression.test(text)) continue;
      from = expression.lastIndex;
      hits.push({ kind: "MRN", start, end: from });
      break;
    }
  }
  return hits;
}

/** All of them from left to right; those that overlap as one, which is the site's. */
export function joined(hits: readonly Hit[], ofSite: readonly (readonly Hit[])[]): readonly Hit[] {
  if (ofSite.every((found) => found.length === 0)) return hits;
  const all = [hits, ...ofSite].flat().sort((a, b) => a.start - b.start);
  const apart: Hit[] = [];
  for (const hit of all) {
    const last = apart[apart.length - 1];
    if (last === undefined || hit.start >= last.end) apart.push(hit);
    else apart[apart.length - 1] = { kind: "MRN", start: last.start, end: Math.max(last.end, hit.end) };
  }
  return apart;
}
