/**
 * System variables: https://cloud.google.com/bigquery/docs/reference/system-variables
 * Those of an EXCEPTION clause: https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#beginexceptionend
 */
import { once } from "../once.ts";
import { arrayOf, INT64, INTERVAL, STRING, structOf, TIMESTAMP, type Type } from "../types.ts";

export type SystemVariableEntry =
  /** `constant`: the same whatever is in any table. */
  | { readonly kind: "constant"; readonly type: Type }
  /** What the last DML statement of the script left there. */
  | { readonly kind: "row count"; readonly type: Type }
  /** What the failing statement's message says: it quotes values, or what code elsewhere says. */
  | { readonly kind: "error"; readonly type: Type }
  /** Which statement failed. */
  | { readonly kind: "failed statement"; readonly type: Type }
  /** What the statements so far cost: it tells how much data they met. */
  | { readonly kind: "cost"; readonly type: Type }
  /** Which statements have run so far, by their number. */
  | { readonly kind: "statements run"; readonly type: Type }
  | { readonly kind: "refused"; readonly reason: string };

const constant = (type: Type): SystemVariableEntry => ({ kind: "constant", type });
const refused = (reason: string): SystemVariableEntry => ({ kind: "refused", reason });

/** `filename` and `location` are names of the text's, `line` and `column` places in it. */
const stackTrace = () =>
  arrayOf(
    structOf([
      { name: "line", type: INT64 },
      { name: "column", type: INT64 },
      { name: "filename", type: STRING },
      { name: "location", type: STRING },
    ]),
  );

const variables = once<ReadonlyMap<string, SystemVariableEntry>>(
  () =>
    new Map<string, SystemVariableEntry>([
      ["project_id", constant(STRING)],
      ["dataset_id", constant(STRING)],
      ["dataset_project_id", constant(STRING)],
      ["location", constant(STRING)],
      ["time_zone", constant(STRING)],
      ["max_staleness_override", constant(INTERVAL)],
      ["session_id", constant(STRING)],
      ["script.creation_time", constant(TIMESTAMP)],
      ["script.job_id", constant(STRING)],
      // The id of a statement's job counts the statements before it.
      ["current_job_id", { kind: "statements run", type: STRING }],
      ["last_job_id", { kind: "statements run", type: STRING }],
      ["script.num_child_jobs", { kind: "statements run", type: INT64 }],
      ["script.bytes_billed", { kind: "cost", type: INT64 }],
      ["script.bytes_processed", { kind: "cost", type: INT64 }],
      ["script.slot_ms", { kind: "cost", type: INT64 }],
      ["row_count", { kind: "row count", type: INT64 }],
      ["error.message", { kind: "error", type: STRING }],
      ["error.statement_text", { kind: "failed statement", type: STRING }],
      ["error.stack_trace", { kind: "failed statement", type: stackTrace() }],
      ["error.formatted_stack_trace", { kind: "failed statement", type: STRING }],
      ["query_label", refused("labels are the gateway's own")],
      ["reservation", refused("where its jobs run is the gateway's own")],
    ]),
);

/** The variable of a name in any case, its parts joined by dots and without `@@`. */
export function systemVariable(name: string): SystemVariableEntry | undefined {
  return variables().get(name.toLowerCase());
}

export function systemVariables(): readonly string[] {
  return [...variables().keys()];
}
