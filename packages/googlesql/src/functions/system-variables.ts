/** System variables: https://cloud.google.com/bigquery/docs/reference/system-variables */
import { INT64, STRING, TIMESTAMP, type Type } from "../types.ts";

export type SystemVariableEntry =
  /** The same whatever is in any table. */
  | { readonly kind: "constant"; readonly type: Type }
  /** What the last DML statement of the script left there. */
  | { readonly kind: "row count"; readonly type: Type }
  | { readonly kind: "refused"; readonly reason: string };

const constant = (type: Type): SystemVariableEntry => ({ kind: "constant", type });
const refused = (reason: string): SystemVariableEntry => ({ kind: "refused", reason });

const JOB = refused("the gateway names its jobs itself");
const COST = refused("what statements cost tells how much data they met");
/** What can make a statement fail is known; what its message says isn't documented: it may quote other values, or what code elsewhere says. */
const ERROR = refused("an error's text can quote data, and where it stands tells which statement failed by it");

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
  ["row_count", { kind: "row count", type: INT64 }],
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
