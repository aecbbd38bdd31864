/** What the plan of DML or a script foresees, as the outputs of a query: so one comparison judges all. */
import type { ExplicitSource, Output, PlanStatement, UnderstoodPlan, Write } from "@chaperone/googlesql";
import { TABLES } from "./schema.ts";
import { googleType, type Type } from "./types.ts";

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
  return columns.map((column) => columnAfter(table, [column.name], column.type, writes));
}

/** A STRUCT is written field by field, and each keeps what wasn't. */
function columnAfter(table: string, path: readonly string[], type: Type, writes: readonly Write[]): Output {
  const name = path.join(".");
  const struct = type.kind === "array" ? type.element : type;
  const base = { name: path.at(-1) ?? "", type: googleType(type), constant: true };
  if (struct.kind === "struct") {
    const fields = struct.fields.map((field) => columnAfter(table, [...path, field.name], field.type, writes));
    return {
      ...base,
      explicit: fields.flatMap((field) => field.explicit),
      implicit: fields.flatMap((field) => field.implicit),
      fields,
    };
  }
  const written = writes.flatMap((write) => write.columns.filter((c) => c.name === name));
  // Rows that come or go change every column; rows that are changed, only what is written into them.
  const rows = writes.filter((w) => w.mode !== "update" || w.columns.some((c) => c.name === name));
  const itself: ExplicitSource = { column: `${table}.${name}`, via: "copy" };
  return {
    ...base,
    explicit: [itself, ...written.flatMap((c) => c.explicit)],
    implicit: [...written.flatMap((c) => c.implicit), ...rows.flatMap((w) => w.implicit)],
  };
}
