import type { PolicyAction, UseDecision } from "./decision.ts";
import type { Policy } from "./policy-set.ts";

const MOST_COLUMNS = 10;

const MEANING: Readonly<Record<PolicyAction, string>> = {
  read: "shows its value",
  aggregate: "shows a statistic over it",
  infer: "filters, joins, groups or orders by it, branches on it, or computes with it what can fail",
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
  policies: ReadonlyMap<string, Policy>,
): string {
  const lines = unsupported.map((what) => `Not permitted: ${what}.`);
  lines.push(...denied.slice(0, MOST_COLUMNS).map(columnLine));
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

function columnLine({ table, path, classes, action, policies }: UseDecision): string {
  const what = path === "*" ? `the rows of ${table}` : `${table}.${path}`;
  const as = classes.length === 0 ? "" : ` (${classes.join(", ")})`;
  const by = policies.length === 0 ? "no policy permits it" : `forbidden by ${policies.join(", ")}`;
  return `${action} of ${what}${as}: the query ${MEANING[action]}; ${by}.`;
}
