/** What a run saw, for its end report and for the file it resumes from. */
import { CONSTRUCTS } from "./constructs.ts";
import type { Generated } from "./generator.ts";
import type { Report } from "./pair.ts";
import type { Edge, Measured } from "./precision.ts";

/** Of what was foreseen: how much, how much of it never came, and of that how much to outputs that were the same in every run. */
type Foreseen = [foreseen: number, missing: number, still: number];

export interface Tally {
  queries: number;
  pairs: number;
  evidence: number;
  leaks: number;
  /** Queries whose paths were changed in every way. */
  measured: number;
  /** Paths that such queries read, and those that changed nothing. */
  paths: number;
  idle: number;
  /** From a path to an output. */
  edges: Foreseen;
  /** By how the plan says that the path reaches the output; one edge may have several causes. */
  causes: Record<string, Foreseen>;
  /** By construct: queries that were compared, and the edges of those that were measured. */
  constructs: Record<string, [queries: number, ...Foreseen]>;
  refusals: Record<string, number>;
}

export function emptyTally(): Tally {
  return {
    queries: 0,
    pairs: 0,
    evidence: 0,
    leaks: 0,
    measured: 0,
    paths: 0,
    idle: 0,
    edges: [0, 0, 0],
    causes: {},
    constructs: {},
    refusals: {},
  };
}

export function add(tally: Tally, query: Generated, report: Report, measured: Measured | null): void {
  tally.queries++;
  tally.pairs += report.pairs + (measured?.pairs ?? 0);
  tally.evidence += report.evidence + (measured?.pairs ?? 0);
  if (report.leak !== null || (measured !== null && measured.leak !== null)) tally.leaks++;
  if (report.status !== "compared") {
    const reason = `${report.status}: ${report.reason.replace(/[\w.]*\d[\w.]*/g, "…")}`.slice(0, 110);
    tally.refusals[reason] = (tally.refusals[reason] ?? 0) + 1;
    return;
  }
  const edges = measured?.edges ?? [];
  const counted = foreseen(edges);
  tally.edges = plus(tally.edges, counted);
  if (measured !== null) tally.measured++;
  tally.paths += measured?.paths ?? 0;
  tally.idle += measured?.idle ?? 0;
  for (const edge of edges) {
    const label = edge.causes.length > 1 ? [...edge.causes, "several of these"] : edge.causes;
    for (const cause of label) tally.causes[cause] = plus(tally.causes[cause], foreseen([edge]));
  }
  for (const construct of query.constructs) {
    const [queries, ...rest] = tally.constructs[construct] ?? [0, 0, 0, 0];
    tally.constructs[construct] = [queries + 1, ...plus(rest, counted)];
  }
}

function foreseen(edges: readonly Edge[]): Foreseen {
  const missing = edges.filter((edge) => !edge.came);
  return [edges.length, missing.length, missing.filter((edge) => edge.still).length];
}

function plus(a: Foreseen = [0, 0, 0], b: Foreseen): Foreseen {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

export function neverSeen(tally: Tally, constructs = CONSTRUCTS): string[] {
  return constructs.filter((construct) => tally.constructs[construct] === undefined);
}

const percent = (part: number, whole: number): string => (whole === 0 ? "–" : `${((100 * part) / whole).toFixed(1)} %`);

function shares([foreseen, missing, still]: Foreseen): string {
  return `${missing} of ${foreseen} (${percent(missing, foreseen)}); ${missing - still} of ${foreseen - still} (${percent(missing - still, foreseen - still)})`;
}

function table(rows: readonly (readonly [string, Foreseen])[]): string[] {
  return [...rows].sort((a, b) => b[1][1] - a[1][1]).map(([name, edges]) => `  ${name}: ${shares(edges)}`);
}

export function describe(tally: Tally, constructs = CONSTRUCTS): string {
  const lines = [
    `${tally.queries} queries, ${tally.pairs} pairs, ${tally.evidence} with evidence, ${tally.leaks} leaks`,
    `of ${tally.measured} queries, foreseen and never seen to come, in any change of any kind in the databases where they show most:`,
    `  paths that are read: ${tally.idle} of ${tally.paths} changed nothing (${percent(tally.idle, tally.paths)})`,
    `  edges from a path to an output: ${shares(tally.edges)}`,
    "",
    "how the plan says that a path reaches an output: edges, how many never came, and without outputs that were the same in every run",
    ...table(Object.entries(tally.causes)),
    "",
    "construct: queries compared; the same of those that were measured",
  ];
  for (const [construct, [queries, ...edges]] of Object.entries(tally.constructs).sort((a, b) =>
    a[0].localeCompare(b[0]),
  )) {
    lines.push(`  ${construct}: ${queries}; ${shares(edges)}`);
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
