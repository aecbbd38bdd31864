import { email, emailBehind, ipv4, ipv6, url } from "./address.ts";
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
const BEHIND = new RegExp(emailBehind.pattern, "y");
const ALL = (1 << DETECTORS.length) - 1;

/** The identifier that begins at a place, of the detectors whose bits are set; the longest. `behind`: another ended there. */
export function hitAt(text: string, at: number, detectors: number = ALL, behind = false): Hit | undefined {
  let best = behind ? found(text, at, emailBehind, BEHIND) : undefined;
  for (let left = detectors; left !== 0; left &= left - 1) {
    const i = 31 - Math.clz32(left & -left);
    const hit = found(text, at, DETECTORS[i] as Detector, STICKY[i] as RegExp);
    if (hit !== undefined && (best === undefined || hit.end > best.end)) best = hit;
  }
  return best;
}

function found(text: string, at: number, { kind, accept }: Detector, expression: RegExp): Hit | undefined {
  expression.lastIndex = at;
  if (!expression.test(text)) return undefined;
  const end = expression.lastIndex;
  const span = accept === undefined ? { start: at, end } : accept(text, at, end);
  return span === undefined ? undefined : { kind, start: span.start, end: span.end };
}

/**
 * All identifiers of a text from left to right, in the simplest way: every detector at every place. What is found is passed over as a
 * whole. Then those of a site's own forms. `fastDetect` finds the same.
 */
export function detect(text: string, site: readonly SitePattern[] = []): readonly Hit[] {
  const hits: Hit[] = [];
  let end = -1;
  for (let at = 0; at < text.length; at++) {
    const hit = hitAt(text, at, ALL, at === end);
    if (hit === undefined) continue;
    hits.push(hit);
    end = hit.end;
    at = end - 1;
  }
  return joined(
    hits,
    site.map((pattern) => siteHits(text, pattern)),
  );
}
