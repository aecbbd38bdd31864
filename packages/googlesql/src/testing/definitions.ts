/** The hospital with views and routines of its own, for tests of what the catalog defines. */
import { analyze } from "../analyze.ts";
import type { PlanStatement, Refusal, UnderstoodPlan } from "../plan.ts";
import type { RoutineArgument, RoutineResource, StandardSqlDataType } from "../routine-resource.ts";
import type { TableResource } from "../table-resource.ts";
import { CLINIC, DEFAULTS } from "./clinic.ts";

/** `fields` as `name TYPE, …`. */
export function view(id: string, fields: string, query: string, type = "VIEW"): TableResource {
  const [dataset = "", table = ""] = id.includes(".") ? id.split(".") : ["ehr", id];
  return {
    tableReference: { projectId: "clinic", datasetId: dataset, tableId: table },
    type,
    schema: {
      fields: fields.split(", ").map((field) => {
        const [name = "", fieldType = ""] = field.split(" ");
        return { name, type: fieldType };
      }),
    },
    ...(type === "MATERIALIZED_VIEW" ? { materializedView: { query } } : { view: { query, useLegacySql: false } }),
  };
}

/** `parameters` as `name TYPE, …`; `ANY` for ANY TYPE, `name TYPE NOT` for NOT AGGREGATE. */
export function routine(
  id: string,
  parameters: string,
  definitionBody: string | undefined,
  more: Partial<RoutineResource> = {},
): RoutineResource {
  return {
    routineReference: { projectId: "clinic", datasetId: "fn", routineId: id },
    routineType: "SCALAR_FUNCTION",
    language: "SQL",
    arguments: parameters === "" ? [] : parameters.split(", ").map(argument),
    ...(definitionBody === undefined ? {} : { definitionBody }),
    ...more,
  };
}

function argument(text: string): RoutineArgument {
  const [name = "", type = "", not = ""] = text.split(" ");
  const aggregate = not === "" ? {} : { isAggregate: false };
  if (type === "ANY") return { name, argumentKind: "ANY_TYPE", ...aggregate };
  return { name, dataType: dataType(type), ...aggregate };
}

export function dataType(type: string): StandardSqlDataType {
  const element = /^ARRAY<(.*)>$/.exec(type)?.[1];
  return element === undefined ? { typeKind: type } : { typeKind: "ARRAY", arrayElementType: { typeKind: element } };
}

export interface Defined {
  readonly plan: (sql: string) => UnderstoodPlan;
  readonly statement: (sql: string) => PlanStatement;
  /** As `flows` in clinic.ts. */
  readonly flows: (sql: string) => string[];
  /** One line a column: `table.path: uses`. */
  readonly reads: (sql: string) => string[];
  readonly refusal: (sql: string) => Refusal | undefined;
}

export function defining(views: readonly TableResource[], routines: readonly RoutineResource[]): Defined {
  const tables = new Map(
    views.map((v) => {
      const { projectId, datasetId, tableId } = v.tableReference;
      return [`${projectId}.${datasetId}.${tableId}`, v];
    }),
  );
  const known = new Map(
    routines.map((r) => {
      const { projectId, datasetId, routineId } = r.routineReference;
      return [`${projectId}.${datasetId}.${routineId}`, r];
    }),
  );
  const catalog = {
    table: (name: string) => tables.get(name) ?? CLINIC.table(name),
    routine: (name: string) => known.get(name),
  };
  const plan = (sql: string): UnderstoodPlan => {
    const { plan } = analyze(sql, { catalog, ...DEFAULTS });
    if (!plan.understood) throw new Error(`${plan.refusal.code}: ${plan.refusal.message}`);
    return plan;
  };
  const statement = (sql: string): PlanStatement => {
    const [first] = plan(sql).statements;
    if (first === undefined) throw new Error("no statement");
    return first;
  };
  const short = (column: string): string => column.replace("clinic.ehr.", "").replace(/^patients\./, "");
  return {
    plan,
    statement,
    flows: (sql) =>
      statement(sql).outputs.map((output) => {
        const shown = output.explicit.map((s) => `${s.via} ${short(s.column)}`).join(", ");
        const decided = output.implicit.map(short).join(", ");
        return `${output.name} =${shown === "" ? "" : ` ${shown}`}${decided === "" ? "" : ` ? ${decided}`}`;
      }),
    reads: (sql) =>
      statement(sql).reads.flatMap((t) =>
        t.columns.map((c) => `${short(`${t.table}.${c.path}`)}: ${c.uses.join(" ")}`),
      ),
    refusal: (sql) => {
      const { plan } = analyze(sql, { catalog, ...DEFAULTS });
      return plan.understood ? undefined : plan.refusal;
    },
  };
}
