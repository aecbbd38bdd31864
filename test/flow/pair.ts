/** One query on pairs of databases, judged. */
import { analyze, type PlanStatement } from "@chaperone/googlesql";
import { CATALOG } from "./catalog.ts";
import { mix, onBase, tablesOf, withTables } from "./databases.ts";
import type { Generated } from "./generator.ts";
import { compare, isRead, type Outcome, reach } from "./oracle.ts";
import { CATALOG_DEFAULTS, CHANGE_MIX, PATHS, type ProtectedPath, type Rows, TABLES } from "./schema.ts";
import { type Answers, runText } from "./steps.ts";
import { isRefusal, type Warehouse } from "./warehouse.ts";
import { wholePlan } from "./whole-plan.ts";

/** A counterexample that can be run again without the generator. */
export interface Case {
  readonly title: string;
  readonly google: string;
  readonly duck: string;
  readonly ordered: boolean;
  readonly path: ProtectedPath;
  readonly base: Readonly<Record<string, Rows>>;
  readonly changed: Rows;
}

export interface Report {
  readonly status: "compared" | "refused by analyze" | "refused by DuckDB";
  /** Why it was refused, without what depends on the query. */
  readonly reason: string;
  readonly pairs: number;
  /** Pairs that could have shown something. */
  readonly evidence: number;
  readonly leak: Leak | null;
}

export interface Leak {
  readonly message: string;
  readonly plan: PlanStatement;
  readonly example: Case;
}

/** How many paths are changed for each query. */
const PATHS_CHANGED = 7;

const NOTHING = { pairs: 0, evidence: 0, leak: null } as const;

export function planOf(google: string): PlanStatement | string {
  const { plan } = analyze(google, { catalog: CATALOG, ...CATALOG_DEFAULTS });
  if (!plan.understood) return `${plan.refusal.code}: ${plan.refusal.message}`;
  return wholePlan(plan) ?? "no statement";
}

/** The paths to change: those that could betray the plan first, and one that can't. */
function pathsToChange(
  statement: PlanStatement,
  used: ReadonlySet<string>,
  seed: number,
  count: number,
): ProtectedPath[] {
  const ranked = PATHS.filter((path) => used.has(path.table))
    .map((path) => ({ path, reach: reach(statement, path), rank: mix(seed, PATHS.indexOf(path)) }))
    .sort((a, b) => a.rank - b.rank);
  const open = ranked.filter((r) => r.reach !== "all");
  const some = open.filter((r) => r.reach === "some").slice(0, count - 2);
  const nothing = open.filter((r) => r.reach === "nothing").slice(0, count - 1 - some.length);
  const all = ranked.filter((r) => r.reach === "all").slice(0, 1);
  return [...some, ...nothing, ...all].map((r) => r.path);
}

export async function examine(
  query: Generated,
  warehouse: Warehouse,
  dataSeed: number,
  changeSeed: number,
  only: ProtectedPath | null = null,
): Promise<Report> {
  const statement = planOf(query.google);
  if (typeof statement === "string") return { ...NOTHING, status: "refused by analyze", reason: statement };
  const used = tablesOf(query);
  const answers: Answers = new Map();
  const base = await onBase(query, warehouse, used, dataSeed, answers);
  if (base.outcome.kind === "error" && isRefusal(base.outcome.message)) {
    return { ...NOTHING, status: "refused by DuckDB", reason: base.outcome.message.split("\n")[0] ?? "" };
  }
  let [pairs, evidence] = [0, 0];
  for (const path of only === null ? pathsToChange(statement, used, changeSeed, PATHS_CHANGED) : [only]) {
    const table = TABLES.find((t) => t.name === path.table);
    if (table === undefined) continue;
    // Where a change is foreseen, each of several may show more than that; where none is, one must show nothing.
    const read = isRead(statement, path);
    let changedOnce = false;
    for (let attempt = 0; attempt < (read ? 3 : 1) && !changedOnce; attempt++) {
      if (base.outcome.kind === "error" && read) continue;
      const random = mix(changeSeed + 1 + attempt, PATHS.indexOf(path));
      const change = CHANGE_MIX[random % CHANGE_MIX.length] ?? "redraw";
      const changed = await warehouse.changed(table, base.seed, path, change, (random >>> 8) % 2);
      const sql = withTables(query.duck, (name) =>
        name === path.table ? changed.physical : (base.physical.get(name) ?? name),
      );
      const other = await runText(warehouse, sql, answers);
      if (other.kind === "error" && isRefusal(other.message)) continue;
      const result = compare(statement, path, query.ordered, base.outcome, other);
      pairs++;
      if (result.evidence) evidence++;
      changedOnce ||= result.changed;
      if (result.leak !== null) {
        const { google, duck, ordered } = query;
        const example: Case = { title: "", google, duck, ordered, path, base: base.rows, changed: changed.rows };
        const leak = { message: result.leak, plan: statement, example };
        return { status: "compared", reason: "", pairs, evidence, leak };
      }
    }
  }
  return { status: "compared", reason: "", pairs, evidence, leak: null };
}

/** Runs a found counterexample again; null where the plan now predicts what changes. */
export async function checkCase(found: Case, warehouse: Warehouse): Promise<string | null> {
  const statement = planOf(found.google);
  // What is refused gives nothing away.
  if (typeof statement === "string") return null;
  const run = async (rows: Readonly<Record<string, Rows>>): Promise<Outcome> => {
    for (const table of TABLES) await warehouse.replace(`case_${table.name}`, table, rows[table.name] ?? []);
    return runText(
      warehouse,
      withTables(found.duck, (table) => `case_${table}`),
    );
  };
  const base = await run(found.base);
  const other = await run({ ...found.base, [found.path.table]: found.changed });
  for (const outcome of [base, other]) {
    if (outcome.kind === "error" && isRefusal(outcome.message)) return `DuckDB refuses the case: ${outcome.message}`;
  }
  const { leak, changed } = compare(statement, found.path, found.ordered, base, other);
  return changed ? leak : "the case changes nothing";
}
