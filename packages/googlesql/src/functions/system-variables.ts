/** System variables: https://cloud.google.com/bigquery/docs/reference/system-variables */
import { STRING, TIMESTAMP, type Type } from "../types.ts";

export type SystemVariableEntry =
  /** The same whatever is in any table. */
  { readonly kind: "constant"; readonly type: Type } | { readonly kind: "refused"; readonly reason: string };

const constant = (type: Type): SystemVariableEntry => ({ kind: "constant", type });
const refused = (reason: string): SystemVariableEntry => ({ kind: "refused", reason });

const JOB = refused("the gateway names its jobs itself");
const COST = refused("what statements cost tells how much data they met");
/** What a failing statement was given flows into these. */
const ERROR = refused("an error's text can quote data; the gateway answers with a text of its own");

const VARIABLES: ReadonlyMap<string, SystemVariableEntry> = new Map([
  ["project_id", constant(STRING)],
  ["dataset_id", constant(STRING)],
  ["dataset_project_id", constant(STRING)],
  ["location", constant(STRING)],
  ["time_zone", constant(STRING)],
  ["script.creation_time", constant(TIMESTAMP)],
  ["current_job_id", JOB],
  ["last_job_id", JOB],
  ["script.job_id", JOB],
  ["session_id", refused("sessions are the gateway's own")],
  ["query_label", refused("labels are the gateway's own")],
  ["reservation", refused("where its jobs run is the gateway's own")],
  ["row_count", refused("it counts the rows that the statement before changed")],
  ["script.num_child_jobs", refused("it counts the statements that ran, and so tells which branches did")],
  ["script.bytes_billed", COST],
  ["script.bytes_processed", COST],
  ["script.slot_ms", COST],
  ["error.message", ERROR],
  ["error.statement_text", ERROR],
  ["error.stack_trace", ERROR],
  ["error.formatted_stack_trace", ERROR],
]);

/** The variable of a name in any case, its parts joined by dots and without `@@`. */
export function systemVariable(name: string): SystemVariableEntry | undefined {
  return VARIABLES.get(name.toLowerCase());
}

export const SYSTEM_VARIABLES: readonly string[] = [...VARIABLES.keys()];
