/**
 * How much the plan foresees in vain: of one query, each path that the plan says reaches an output is changed in every way in the
 * databases where the query shows most, until that output changes.
 */
import { analyze, type Output, type PlanStatement } from "@chaperone/googlesql";
import { CATALOG } from "./catalog.ts";
import { type Base, mix, onBase, tablesOf, withTables } from "./databases.ts";
import type { Generated } from "./generator.ts";
import { columnName, compare, covers, isRead, type Outcome, predicted } from "./oracle.ts";
import type { Case, Leak } from "./pair.ts";
import { CATALOG_DEFAULTS, CHANGES, DATABASE_KINDS, PATHS, type ProtectedPath, TABLES } from "./schema.ts";
import { type Answers, runText } from "./steps.ts";
import { isRefusal, type Warehouse } from "./warehouse.ts";

/** That a path reaches an output, as the plan foresees. */
export interface Edge {
  readonly path: string;
  readonly output: string;
  /** How the plan says it does: `copy`, `transform`, `aggregate`, or the clauses by which it decides. */
  readonly causes: readonly string[];
  readonly came: boolean;
  /** The output was the same in every run: nothing could have come of anything. */
  readonly still: boolean;
}

export interface Measured {
  readonly pairs: number;
  readonly edges: readonly Edge[];
  /** Paths that the plan reads, and those of them that changed neither the result nor whether there is one. */
  readonly paths: number;
  readonly idle: number;
  readonly leak: Leak | null;
}

/** How much is tried of one query. */
export interface Effort {
  /** How many paths are changed. */
  readonly paths: number;
  /** In how many databases. */
  readonly bases: number;
  /** How often each way of changing is drawn anew, while edges still come of it. */
  readonly rounds: number;
  /** Behind this, no more paths are changed. */
  readonly patienceMs: number;
}

export const SAMPLED: Effort = { paths: 6, bases: 4, rounds: 1, patienceMs: 20_000 };
/** Every path in every database that is not too large: some hundreds of pairs for each that is foreseen in vain. */
export const EXHAUSTIVE: Effort = { paths: 1000, bases: 100, rounds: 4, patienceMs: 15_000 };

/** More rows than this, and those databases that are larger are too large for the query. */
const MOST_ROWS = 500;
/** As many as its tables' rows make side by side. */
const MOST_WORK = 30_000;
export async function measure(
  query: Generated,
  statement: PlanStatement,
  warehouse: Warehouse,
  seed: number,
  effort: Effort = SAMPLED,
): Promise<Measured> {
  const used = tablesOf(query);
  const answers: Answers = new Map();
  const bases = await bestBases(query, warehouse, used, seed, answers, effort.bases);
  const seen = statement.outputs.map(() => new Set<string>());
  for (const { outcome } of bases) note(seen, outcome, query.ordered);
  const found: { path: ProtectedPath; output: number; came: boolean }[] = [];
  let [pairs, paths, idle] = [0, 0, 0];
  const started = performance.now();
  for (const path of pathsToChange(statement, used, seed, effort.paths)) {
    if (performance.now() - started > effort.patienceMs) break;
    const table = TABLES.find((t) => t.name === path.table);
    if (table === undefined) continue;
    const waiting = new Set(statement.outputs.flatMap((output, i) => (predicted(output, path) ? [i] : [])));
    const foreseen = [...waiting];
    let [tried, moved] = [false, false];
    const round = CHANGES.length * bases.length;
    let waited = waiting.size;
    for (let attempt = 0; attempt < effort.rounds * round; attempt++) {
      // Who decides but whether the query fails has but to move it once.
      if (moved && waiting.size === 0) break;
      // Two rounds at least; after one in which no edge came any more, none is expected.
      if (attempt % round === 0 && attempt > 0) {
        if (attempt > round && waiting.size === waited) break;
        waited = waiting.size;
      }
      const change = CHANGES[Math.floor(attempt / bases.length) % CHANGES.length] ?? "redraw";
      const base = bases[attempt % bases.length];
      if (base === undefined) break;
      const changed = await warehouse.changed(
        table,
        base.seed,
        path,
        change,
        (mix(seed, attempt) + Math.floor(attempt / round)) % Math.max(2, effort.rounds),
      );
      const sql = withTables(query.duck, (name) =>
        name === path.table ? changed.physical : (base.physical.get(name) ?? name),
      );
      const other = await runText(warehouse, sql, answers);
      if (other.kind === "error" && isRefusal(other.message)) continue;
      pairs++;
      tried = true;
      note(seen, other, query.ordered);
      const result = compare(statement, path, query.ordered, base.outcome, other);
      moved ||= result.changed;
      // Where keys repeat, orders that the generator takes for total aren't.
      if (result.leak !== null && DATABASE_KINDS[base.seed]?.keys === null) {
        const { google, duck, ordered } = query;
        const example: Case = { title: "", google, duck, ordered, path, base: base.rows, changed: changed.rows };
        return { pairs, edges: [], paths, idle, leak: { message: result.leak, plan: statement, example } };
      }
      for (const output of changedOutputs(base.outcome, other, query.ordered)) waiting.delete(output);
    }
    if (!tried) continue;
    paths++;
    if (!moved) idle++;
    found.push(...foreseen.map((output) => ({ path, output, came: !waiting.has(output) })));
  }
  const clauses = decidingClauses(query.google);
  const edges = found.flatMap(({ path, output, came }): Edge[] => {
    const told = statement.outputs[output];
    if (told === undefined) return [];
    const still = (seen[output]?.size ?? 0) < 2;
    return [{ path: columnName(path), output: told.name, causes: causesOf(told, path, clauses), came, still }];
  });
  return { pairs, edges, paths, idle, leak: null };
}

/** The databases in which the query gives most that could change. */
async function bestBases(
  query: Generated,
  warehouse: Warehouse,
  used: ReadonlySet<string>,
  seed: number,
  answers: Answers,
  count: number,
): Promise<Base[]> {
  const found: { base: Base; variety: number }[] = [];
  const tables = query.duck.split("{{").length - 1;
  for (const [at, { rows }] of DATABASE_KINDS.entries()) {
    if (rows !== null && rows ** tables > MOST_WORK) break;
    const base = await onBase(query, warehouse, used, at, answers);
    if (base.outcome.kind === "rows" && base.outcome.rows.length > MOST_ROWS) break;
    if (base.outcome.kind === "error") continue;
    found.push({ base, variety: variety(base.outcome) });
  }
  const ranked = found.sort((a, b) => b.variety - a.variety).map(({ base }) => base);
  const rest = ranked.slice(count - 1);
  const drawn = rest[seed % Math.max(1, rest.length)];
  return [...ranked.slice(0, count - 1), ...(drawn === undefined ? [] : [drawn])];
}

/** Small databases count as much as large ones whose rows are alike. */
function variety(outcome: Outcome): number {
  if (outcome.kind === "error") return 0;
  const columns = outcome.rows[0]?.length ?? 0;
  let different = 0;
  for (let i = 0; i < columns; i++) different += new Set(outcome.rows.map((row) => JSON.stringify(row[i]))).size;
  return different;
}

function pathsToChange(
  statement: PlanStatement,
  used: ReadonlySet<string>,
  seed: number,
  count: number,
): ProtectedPath[] {
  return PATHS.filter((path) => used.has(path.table) && isRead(statement, path))
    .map((path) => ({ path, rank: mix(seed, PATHS.indexOf(path)) }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, count)
    .map(({ path }) => path);
}

function columnOf(outcome: Outcome, at: number, ordered: boolean): string {
  if (outcome.kind === "error") return "error";
  const values = outcome.rows.map((row) => JSON.stringify(row[at] ?? null));
  return (ordered ? values : values.sort()).join("\n");
}

function note(seen: readonly Set<string>[], outcome: Outcome, ordered: boolean): void {
  if (outcome.kind === "error") return;
  for (const [i, values] of seen.entries()) if (values.size < 2) values.add(columnOf(outcome, i, ordered));
}

/** Which outputs differ; where none does and the rows do, their values go together otherwise, and all have changed. */
function changedOutputs(base: Outcome, other: Outcome, ordered: boolean): readonly number[] {
  if (base.kind === "error" || other.kind === "error") return [];
  const width = Math.max(base.rows[0]?.length ?? 0, other.rows[0]?.length ?? 0);
  const all = Array.from({ length: width }, (_, i) => i);
  const own = all.filter((i) => columnOf(base, i, ordered) !== columnOf(other, i, ordered));
  if (own.length > 0) return own;
  const whole = (rows: readonly (readonly unknown[])[]): string =>
    rows
      .map((row) => JSON.stringify(row))
      .sort()
      .join("\n");
  return whole(base.rows) === whole(other.rows) ? [] : all;
}

type Clauses = readonly { readonly clause: string; readonly columns: readonly string[] }[];

function decidingClauses(google: string): Clauses {
  const { explanation } = analyze(google, { catalog: CATALOG, ...CATALOG_DEFAULTS, explain: true });
  return explanation?.decided ?? [];
}

function causesOf(output: Output, path: ProtectedPath, clauses: Clauses): string[] {
  const vias = output.explicit.filter((source) => covers(source.column, path)).map((source) => source.via);
  if (vias.length > 0) return [...new Set(vias)];
  const deciding = clauses.filter(({ columns }) => columns.some((column) => covers(column, path)));
  return deciding.length === 0 ? ["decides otherwise"] : [...new Set(deciding.map(({ clause }) => clause))];
}
