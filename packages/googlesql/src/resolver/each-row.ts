/** How many rows pipe operators give, as they are written. */
import type { PipeOperator } from "../tree.ts";

/** Whether an operator gives no row that it wasn't given. */
export function takesEachRow({ kind }: PipeOperator): boolean {
  return EACH_ROW.has(kind);
}

const EACH_ROW: ReadonlySet<PipeOperator["kind"]> = new Set([
  ...(["PipeSelect", "PipeExtend", "PipeWindow", "PipeSet", "PipeDrop", "PipeRename", "PipeAs"] as const),
  ...(["PipeWith", "PipeWhere", "PipeLimit", "PipeDistinct", "PipeOrderBy"] as const),
]);

/** Whether it gives a row, and no other, whatever it was given. */
export function makesARow(pipe: PipeOperator): boolean {
  return pipe.kind === "PipeAggregate" && pipe.mode === null && pipe.groupBy.length === 0;
}

/** Whether no more than a row comes out of them. */
export function leaveOneRow(pipes: readonly PipeOperator[]): boolean {
  const last = pipes.findLast((pipe) => !takesEachRow(pipe));
  return last !== undefined && makesARow(last);
}
