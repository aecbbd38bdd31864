import type { UnderstoodPlan } from "@chaperone/googlesql";
import type { PolicyAction, UseDecision } from "./decision.ts";
import type { Policy } from "./policy-set.ts";

const MOST_COLUMNS = 10;

const MEANING: Readonly<Record<PolicyAction, string>> = {
  read: "shows its value",
  aggregate: "shows a statistic over it",
  infer:
    "filters, joins, groups or orders by it, takes its MIN or MAX, branches on it, or computes with it what can fail",
  write: "changes it",
  export: "takes it out of BigQuery",
  describe: "shows its schema",
  define: "makes, replaces or drops this routine or model",
  load: "brings in data from outside",
  reach: "goes outside BigQuery, or of what is analysed, through it, which needs a permit that names reach",
  administer: "changes its labels, access, dataset or capacity, which needs a permit that names administer",
};

/** What the agent is told: columns, classes, actions, reasons, what to do. Names and policies' words only; never a value (I9). */
export function denyMessage(
  denied: readonly UseDecision[],
  unsupported: readonly string[],
  plan: UnderstoodPlan,
  policies: ReadonlyMap<string, Policy>,
): string {
  const lines = unsupported.map((what) => `Not permitted: ${what}.`);
  const called = calledIn(plan);
  lines.push(...denied.slice(0, MOST_COLUMNS).map((use) => columnLine(use, called)));
  if (denied.length > MOST_COLUMNS) lines.push(`And ${denied.length - MOST_COLUMNS} more columns.`);
  const forbids = [...new Set(denied.flatMap(({ policies: ids }) => ids))].flatMap((id) => policies.get(id) ?? []);
  for (const { id, effect, obligations } of forbids) {
    if (effect !== "forbid" || (obligations.reason === undefined && obligations.advice === undefined)) continue;
    lines.push(
      [`Policy ${id}:`, obligations.reason, obligations.advice].filter((part) => part !== undefined).join(" "),
    );
  }
  if (denied.length > 0) {
    lines.push("Leave these uses out of the query, or ask the people who keep the policies for a permit.");
  }
  return ["Access denied.", ...lines].join("\n");
}

/** What of the plan's names is no table: routines and models. */
function calledIn({ statements }: UnderstoodPlan): ReadonlySet<string> {
  return new Set(
    statements.flatMap(({ reads, effects, changes = [] }) => [
      ...reads.filter(({ outside }) => outside !== undefined).map(({ table }) => table),
      ...effects.flatMap(({ kind, through }) => (kind === "external_table" ? [] : (through ?? []))),
      ...changes.filter(({ what }) => what === "routine" || what === "model").map(({ name }) => name),
    ]),
  );
}

/** `*` is the rows of a table, the results of what is called, or, where that is not what the action is about, the thing itself. */
function subject({ table, path, action }: UseDecision, called: ReadonlySet<string>): string {
  if (path !== "*") return `${table}.${path}`;
  if (action === "define" || action === "administer") return table;
  if (!called.has(table)) return `the rows of ${table}`;
  return action === "reach" || action === "export" ? table : `the results of ${table}`;
}

function columnLine(use: UseDecision, called: ReadonlySet<string>): string {
  const { classes, action, policies } = use;
  const what = subject(use, called);
  const as = classes.length === 0 ? "" : ` (${classes.join(", ")})`;
  const by = policies.length === 0 ? "no policy permits it" : `forbidden by ${policies.join(", ")}`;
  return `${action} of ${what}${as}: the query ${MEANING[action]}; ${by}.`;
}
