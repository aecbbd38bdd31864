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
  return sorted(reads.map(({ table }) => table)).map((table) => {
    const of = reads.filter((read) => read.table === table);
    const columns = of.flatMap((read) => read.columns);
    const outside = of.find((read) => read.outside !== undefined)?.outside;
    return {
      table,
      ...(outside === undefined ? {} : { outside }),
      ...(of.some(({ historical }) => historical) ? { historical: true as const } : {}),
      columns: sorted(columns.map(({ path }) => path)).map((path) => ({
        path,
        uses: sorted(columns.flatMap((column): readonly Use[] => (column.path === path ? column.uses : []))),
      })),
    };
  });
}

function sorted<T extends string>(names: readonly T[]): T[] {
  return [...new Set(names)].sort();
}
