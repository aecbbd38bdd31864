import { email, ipv4, ipv6, url } from "./address.ts";
import { card } from "./card.ts";
import { date, dayFirst, monthFirst } from "./date.ts";
import { dea } from "./dea.ts";
import type { Detector, Hit } from "./detector.ts";
import { mbi } from "./mbi.ts";
import { mrn } from "./mrn.ts";
import { npi } from "./npi.ts";
import { phone } from "./phone.ts";
import { joined, siteHits } from "./site-hits.ts";
import type { SitePattern } from "./site-pattern.ts";
import { ssn } from "./ssn.ts";
import { vin } from "./vin.ts";

/** All of them; of two that find equally long identifiers at one place, the earlier one names it. */
export const DETECTORS: readonly Detector[] = [
  ssn,
  mbi,
  npi,
  dea,
  vin,
  card,
  phone,
  email,
  url,
  ipv4,
  ipv6,
  date,
  monthFirst,
  dayFirst,
  mrn,
];

const STICKY = DETECTORS.map(({ pattern }) => new RegExp(pattern, "y"));
const ALL = (1 << DETECTORS.length) - 1;

/** The identifier that begins at a place, of the detectors whose bits are set; the longest. */
export function hitAt(text: string, at: number, detectors: number = ALL): Hit | undefined {
  let best: Hit | undefined;
  for (let left = detectors; left !== 0; left &= left - 1) {
    const i = 31 - Math.clz32(left & -left);
    const { kind, accept } = DETECTORS[i] as Detector;
    const expression = STICKY[i] as RegExp;
    expression.lastIndex = at;
    if (!expression.test(text)) continue;
    const end = expression.lastIndex;
    const found = accept === undefined ? { start: at, end } : accept(text, at, end);
    if (found === undefined || (best !== undefined && found.end <= best.end)) continue;
    best = { kind, start: found.start, end: found.end };
  }
  return best;
}

/**
 * All identifiers of a text from left to right, in the simplest way: every detector at every place. What is found is passed over as a
 * whole. Then those of a site's own forms. `fastDetect` finds the same.
 */
export function detect(text: string, site: readonly SitePattern[] = []): readonly Hit[] {
  const hits: Hit[] = [];
  for (let at = 0; at < text.length; at++) {
    const hit = hitAt(text, at);
    if (hit === undefined) continue;
    hits.push(hit);
    at = hit.end - 1;
  }
  return joined(
    hits,
    site.map((pattern) => siteHits(text, pattern)),
  );
}
