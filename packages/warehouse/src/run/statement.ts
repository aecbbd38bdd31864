/** What every kind of statement answers: what it is, before it runs, and what it did. */
import type { JsonObject } from "../rest/json.ts";
import type { TableReference } from "../sql/names.ts";
import type { Field } from "../sql/types.ts";

export interface DmlStats {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

export interface Result {
  readonly duckName: string;
  readonly fields: readonly Field[];
  readonly totalRows: number;
}

/** What is known before a statement runs. */
export interface Analysis {
  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2 */
  readonly statementType: string;
  /** Undefined: the statement has no rows to describe. */
  readonly schema: readonly Field[] | undefined;
  readonly referencedTables: readonly TableReference[];
  readonly totalBytesProcessed: number;
  /** `ddlTargetTable`, `ddlOperationPerformed` and the like. */
  readonly facts: JsonObject;
}

export interface Outcome {
  readonly result?: Result;
  readonly dml?: DmlStats;
  /** Where rows went, when not into an anonymous table. */
  readonly destination?: TableReference;
}

/** A statement ready to run. */
export interface Prepared {
  readonly analysis: Analysis;
  run(): Promise<Outcome>;
}
