/** SQL functions, table functions and procedures, as the catalog keeps them. */
import type { Field } from "./types.ts";

export interface RoutineReference {
  readonly projectId: string;
  readonly datasetId: string;
  readonly routineId: string;
}

export interface Argument {
  readonly name: string;
  /** Undefined: ANY TYPE, or a table. */
  readonly type: Field | undefined;
  readonly mode: "IN" | "OUT" | "INOUT" | undefined;
}

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/routines#Routine.RoutineType */
export type RoutineType = "SCALAR_FUNCTION" | "TABLE_VALUED_FUNCTION" | "PROCEDURE";

export interface Routine {
  readonly reference: RoutineReference;
  readonly routineType: RoutineType;
  readonly arguments: readonly Argument[];
  readonly returnType: Field | undefined;
  /** The columns a table function declares. */
  readonly returnTable: readonly Field[] | undefined;
  /** GoogleSQL: an expression, a query, or a script's block. */
  readonly body: string;
  readonly description: string | undefined;
  /** Shown as a remote function; the body is what its endpoint would answer. */
  readonly remote?: { readonly endpoint: string; readonly connection: string };
}
