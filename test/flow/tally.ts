/** What a run saw, for its end report and for the file it resumes from. */
import { CONSTRUCTS } from "./constructs.ts";
import type { Generated } from "./generator.ts";
import type { Report } from "./pair.ts";

export interface Tally {
  queries: number;
  pairs: number;
  evidence: number;
  predicted: number;
  unchanged: number;
  leaks: number;
  /** By construct: queries that were compared, paths predicted to change something, and those that didn't. */
  constructs: Record<string, [queries: number, predicted: number, unchanged: number]>;
  refusals: Record<string, number>;
}

export function emptyTally(): Tally {
  return { queries: 0, pairs: 0, evidence: 0, predicted: 0, unchanged: 0, leaks: 0, constructs: {}, refusals: {} };
}

export function add(tally: Tally, query: Generated, report: Report): void {
  tally.queries++;
  tally.pairs += report.pairs;
  tally.evidence += report.evidence;
  tally.predicted += report.predicted;
  tally.unchanged += report.unchanged;
  if (report.leak !== null) tally.leaks++;
  if (report.status !== "compared") {
    const reason = `${report.status}: ${report.reason.replace(/[\w.]*\d[\w.]*/g, "…")}`.slice(0, 110);
    tally.refusals[reason] = (tally.refusals[reason] ?? 0) + 1;
    return;
  }
  for (const construct of query.constructs) {
    const [queries, predicted, unchanged] = tally.constructs[construct] ?? [0, 0, 0];
    tally.constructs[construct] = [queries + 1, predicted + report.predicted, unchanged + report.unchanged];
  }
}

export function neverSeen(tally: Tally, constructs = CONSTRUCTS): string[] {
  return constructs.filter((construct) => tally.constructs[construct] === undefined);
}

const percent = (part: number, whole: number): string => (whole === 0 ? "–" : `${((100 * part) / whole).toFixed(1)} %`);

export function describe(tally: Tally, constructs = CONSTRUCTS): string {
  const lines = [
    `${tally.queries} queries, ${tally.pairs} pairs, ${tally.evidence} with evidence, ${tally.leaks} leaks`,
    `paths predicted to change something that no change of any kind in two databases changed (of one query in four): ${tally.unchanged} of ${tally.predicted} (${percent(tally.unchanged, tally.predicted)})`,
    "",
    "construct: queries compared, predicted paths that changed nothing",
  ];
  for (const [construct, [queries, predicted, unchanged]] of Object.entries(tally.constructs).sort((a, b) =>
    a[0].localeCompare(b[0]),
  )) {
    lines.push(`  ${construct}: ${queries}, ${percent(unchanged, predicted)}`);
  }
  lines.push("", "no evidence:");
  for (const [reason, count] of Object.entries(tally.refusals)
    .sort((a, b) => b[1] - a[1])
    .slice(0, 25)) {
    lines.push(`  ${count} × ${reason}`);
  }
  const missing = neverSeen(tally, constructs);
  if (missing.length > 0) lines.push("", `never compared: ${missing.join("; ")}`);
  return lines.join("\n");
}
