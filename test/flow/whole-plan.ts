/** What the plan of DML or a script foresees, as the outputs of a query: so one comparison judges all. */
import type { ExplicitSource, Output, PlanStatement, UnderstoodPlan, Write } from "@chaperone/googlesql";
import { PATHS, TABLES } from "./schema.ts";
import { googleType } from "./types.ts";

export function wholePlan(plan: UnderstoodPlan): PlanStatement | null {
  const [statement] = plan.statements;
  if (statement === undefined) return null;
  if (plan.statementType === "SCRIPT") {
    return { ...statement, reads: plan.statements.flatMap((s) => s.reads), outputs: plan.result };
  }
  const [write] = statement.writes;
  return write === undefined ? statement : { ...statement, outputs: tableAfter(write.table, statement.writes) };
}

/** The target as it is afterwards: each column is what it was, and what was written into it. */
function tableAfter(table: string, writes: readonly Write[]): Output[] {
  const columns = TABLES.find((t) => `clinic.ehr.${t.name}` === table)?.columns ?? [];
  return columns.map(({ name, type }): Output => {
    const written = writes.flatMap((write) => write.columns.filter((c) => c.name === name));
    // Rows that come or go change every column; rows that are changed, only what is written into them.
    const rows = writes.filter((w) => w.mode !== "update" || w.columns.some((c) => c.name === name));
    const itself = PATHS.filter((p) => `clinic.ehr.${p.table}` === table && p.path[0] === name).map(
      (p): ExplicitSource => ({ column: `${table}.${p.path.join(".")}`, via: "copy" }),
    );
    return {
      name,
      type: googleType(type),
      explicit: [...itself, ...written.flatMap((c) => c.explicit)],
      implicit: [...written.flatMap((c) => c.implicit), ...rows.flatMap((w) => w.implicit)],
      constant: true,
    };
  });
}
