import type { PlanStatement, TableName } from "@chaperone/googlesql";
import { isTableName, tableParts } from "./names.ts";

/** What a statement writes, makes, changes or drops. */
export interface NamesWritten {
  readonly tables: readonly TableName[];
  readonly routines: readonly string[];
  /** `project.dataset.*` */
  readonly datasets: readonly string[];
}

/** Of all statements of a plan, but for temporary tables, and for capacity, which lies in no dataset. */
export function namesWritten(statements: readonly PlanStatement[]): NamesWritten {
  const tables = statements.flatMap(({ writes }) => writes.map(({ table }) => table));
  const changed = statements.flatMap(({ changes = [] }) => changes.filter(({ what }) => what !== "capacity"));
  const isDataset = (name: string) => name.endsWith(".*");
  const isRoutine = ({ what }: (typeof changed)[number]) => what === "routine";
  const names = (list: typeof changed) => list.map(({ name }) => name);
  return {
    tables: [
      ...tables.filter((name) => !isTableName(name) || tableParts(name).dataset !== "_SESSION"),
      ...names(changed.filter((change) => !isRoutine(change) && !isDataset(change.name))),
    ],
    routines: names(changed.filter((change) => isRoutine(change) && !isDataset(change.name))),
    datasets: names(changed).filter(isDataset),
  };
}
