import type { AgentPrincipal } from "../identity/principal.ts";
import type { Store } from "../store/store.ts";
import type { MaskPlan } from "./mask-plan.ts";
import { findSessionById, type SessionRow, statementsOf } from "./session-row.ts";

/**
 * The anonymous table of a job's result, as BigQuery has one for each query. The gateway names it itself: BigQuery's own name is not
 * told, and under this one there is nothing in BigQuery. Whoever reads it reads its session's pages, through its masks (threat-model row 11).
 * https://cloud.google.com/bigquery/docs/cached-results#how_cached_results_are_stored
 */
export interface ResultTable {
  readonly projectId: string;
  readonly datasetId: string;
  readonly tableId: string;
}

/** No dataset of anybody's: BigQuery keeps names that begin with `_` for hidden ones. */
export const RESULT_DATASET = "_chaperone_results";
const PREFIX = "anon_";

/** undefined: the job has no rows to show, or isn't decided yet. */
export function resultTable(row: SessionRow): ResultTable | undefined {
  const plan = JSON.parse(row.mask_plan ?? "null") as MaskPlan | null;
  const { dryRun } = JSON.parse(row.job_config) as { readonly dryRun?: boolean };
  if (plan === null || plan.fields.length === 0 || dryRun === true) return undefined;
  return { projectId: row.project, datasetId: RESULT_DATASET, tableId: `${PREFIX}${row.id}` };
}

/** What CREATE TABLE … AS SELECT made: BigQuery calls it the job's destination, and it is the agent's own words. */
export function createdTable(row: SessionRow): ResultTable | undefined {
  if (row.statement_type !== "CREATE_TABLE_AS_SELECT") return undefined;
  const [projectId, datasetId, tableId] = (statementsOf(row).at(-1)?.writes[0]?.table ?? "").split(".");
  if (projectId === undefined || datasetId === undefined || tableId === undefined) return undefined;
  return { projectId, datasetId, tableId };
}

/** The agent's own session whose result this table is. Another agent's is undefined like one that never was (threat-model row 44). */
export async function sessionOfResultTable(
  store: Store,
  principal: AgentPrincipal,
  { projectId, datasetId, tableId }: ResultTable,
): Promise<SessionRow | undefined> {
  if (datasetId !== RESULT_DATASET || !tableId.startsWith(PREFIX)) return undefined;
  const row = await findSessionById(store, principal, projectId, tableId.slice(PREFIX.length));
  return row === undefined || resultTable(row) === undefined ? undefined : row;
}
