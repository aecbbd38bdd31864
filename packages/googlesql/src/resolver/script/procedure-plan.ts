/** What the statements of a procedure will read, as the plan of the statement that makes it. */
import type { PlanStatement, TableRead, Use } from "../../plan.ts";

export function inOnePlan(name: string, plans: readonly PlanStatement[]): PlanStatement {
  const wildcards = sorted(plans.flatMap((plan) => plan.wildcards ?? []));
  return {
    kind: "CREATE_PROCEDURE",
    reads: together(plans.flatMap((plan) => plan.reads)),
    views: sorted(plans.flatMap((plan) => plan.views)),
    routines: sorted(plans.flatMap((plan) => plan.routines)),
    ...(wildcards.length === 0 ? {} : { wildcards }),
    outputs: [],
    writes: [],
    changes: [{ what: "routine", mode: "create", name }],
    effects: [],
  };
}

/** Each table once, with all uses of each column. */
function together(reads: readonly TableRead[]): TableRead[] {
  const tables = new Map<string, { read: TableRead; readonly columns: Map<string, Set<Use>> }>();
  for (const read of reads) {
    const known = tables.get(read.table) ?? { read, columns: new Map<string, Set<Use>>() };
    tables.set(read.table, known);
    known.read = { ...read, ...known.read };
    for (const { path, uses } of read.columns) {
      known.columns.set(path, new Set([...(known.columns.get(path) ?? []), ...uses]));
    }
  }
  return sorted(tables.keys()).flatMap((table) => {
    const known = tables.get(table);
    if (known === undefined) return [];
    const columns = sorted(known.columns.keys()).map((path) => ({ path, uses: sorted(known.columns.get(path) ?? []) }));
    return [{ ...known.read, columns }];
  });
}

function sorted<T extends string>(names: Iterable<T>): T[] {
  return [...new Set(names)].sort();
}
