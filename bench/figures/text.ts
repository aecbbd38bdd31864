import {
  DETECTORS,
  fastDetect,
  type Hit,
  hitAt,
  IDENTIFIER_KINDS,
  type IdentifierKind,
} from "../../packages/masking/src/index.ts";
import { type Figure, figure, type Group, inPairs } from "../figure.ts";
import { type Note, notes } from "../notes.ts";

const NOTES = 2000;
const SEED = 20_261_127;

export const text: Group = {
  name: "text",
  title: "identifiers in made-up clinical notes: the fast scan / one combined RegExp; found / there; right / found",
  async measure(quick) {
    const page = notes(NOTES, SEED);
    for (const { text } of page) {
      if (JSON.stringify(fastDetect(text)) !== JSON.stringify(byRegExp(text))) throw new Error("a hit was lost");
    }
    return [await rates(page, quick), ...quality(page)];
  },
};

/** All patterns as one expression; where it matches, the detectors say what is there, as they do for the fast scan. */
const COMBINED = new RegExp(DETECTORS.map(({ pattern }) => `(?:${pattern})`).join("|"), "g");

function byRegExp(text: string): readonly Hit[] {
  const hits: Hit[] = [];
  COMBINED.lastIndex = 0;
  for (let match = COMBINED.exec(text); match !== null; match = COMBINED.exec(text)) {
    const hit = hitAt(text, match.index);
    COMBINED.lastIndex = hit?.end ?? match.index + 1;
    if (hit !== undefined) hits.push(hit);
  }
  return hits;
}

async function rates(page: readonly Note[], quick: boolean): Promise<Figure> {
  const bytes = page.reduce((sum, { text }) => sum + text.length, 0);
  const rate = (find: (text: string) => unknown, times: number) => {
    const start = process.cpuUsage();
    for (let i = 0; i < times; i++) for (const { text } of page) find(text);
    const { user, system } = process.cpuUsage(start);
    return (times * bytes) / (user + system);
  };
  const { ours, theirs } = await inPairs(
    quick ? 5 : 15,
    2,
    () => rate(fastDetect, 10),
    () => rate(byRegExp, 1),
  );
  return figure("text: scan", "MB/s", ours, theirs, 15);
}

/** Recall: an identifier is found if hits cover it. Precision: a hit is right if an identifier stands where it is. */
function quality(page: readonly Note[]): readonly Figure[] {
  const there = new Map<IdentifierKind, number>();
  const found = new Map<IdentifierKind, number>();
  let hits = 0;
  let right = 0;
  for (const { text, identifiers } of page) {
    const seen = fastDetect(text);
    hits += seen.length;
    right += seen.filter((hit) => identifiers.some(({ start, end }) => hit.start < end && start < hit.end)).length;
    for (const { kind, start, end } of identifiers) {
      there.set(kind, (there.get(kind) ?? 0) + 1);
      if (seen.some((hit) => hit.start <= start && end <= hit.end)) found.set(kind, (found.get(kind) ?? 0) + 1);
    }
  }
  const total = (counts: ReadonlyMap<IdentifierKind, number>) => [...counts.values()].reduce((a, b) => a + b, 0);
  return [
    figure("text: recall", "found", [total(found)], [total(there)]),
    figure("text: precision", "right", [right], [hits]),
    ...IDENTIFIER_KINDS.map((kind) =>
      figure(`text: recall of ${kind}`, "found", [found.get(kind) ?? 0], [there.get(kind) ?? 0]),
    ),
  ];
}
