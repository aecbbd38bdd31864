/** The tables that a hospital's analysts ask, for plans of what they ask every day. */
import { analyze } from "../analyze.ts";
import type { TableFieldSchema, TableResource } from "../table-resource.ts";

/** `name TYPE, …` as fields. */
function fields(columns: string): TableFieldSchema[] {
  return columns.split(", ").map((column) => {
    const [name = "", type = ""] = column.split(" ");
    return { name, type };
  });
}

function table(tableId: string, schema: readonly TableFieldSchema[]): [string, TableResource] {
  return [
    `hospital.ehr.${tableId}`,
    { tableReference: { projectId: "hospital", datasetId: "ehr", tableId }, type: "TABLE", schema: { fields: schema } },
  ];
}

const TABLES: ReadonlyMap<string, TableResource> = new Map([
  table(
    "patients",
    fields(
      "id INTEGER, mrn STRING, name STRING, phone STRING, born DATE, died DATE, sex STRING, zip STRING, state STRING",
    ),
  ),
  table("encounters", [
    ...fields("id INTEGER, patient INTEGER, ward STRING, kind STRING, came TIMESTAMP, went TIMESTAMP, cost NUMERIC"),
    { name: "codes", type: "STRING", mode: "REPEATED" },
    { name: "drugs", type: "RECORD", mode: "REPEATED", fields: fields("drug STRING, dose FLOAT, taken TIMESTAMP") },
  ]),
  table("labs", fields("id INTEGER, patient INTEGER, code STRING, value FLOAT, unit STRING, taken TIMESTAMP")),
  table("wards", fields("ward STRING, site STRING, beds INTEGER")),
]);

const CATALOG = { table: (name: string): TableResource | undefined => TABLES.get(name) };

/**
 * A plan in lines: each output as `name = via column, … ? columns that decided`, and `asked:` the columns that decide beside these, so
 * whether something fails. A column stands without its dataset.
 */
export function everyday(sql: string): string[] {
  const { plan } = analyze(sql, {
    catalog: CATALOG,
    defaultProject: "hospital",
    defaultDataset: { project: "hospital", dataset: "ehr" },
  });
  if (!plan.understood) throw new Error(`${plan.refusal.code}: ${plan.refusal.message}`);
  const [statement] = plan.statements;
  if (statement === undefined || plan.statements.length > 1) throw new Error("not one statement");
  const short = (column: string): string => column.replace("hospital.ehr.", "");
  const told = new Set<string>();
  const lines = statement.outputs.map(({ name, explicit, implicit }) => {
    for (const column of implicit) told.add(short(column));
    const shown = explicit.map(({ via, statistic, column }) => ` ${statistic ?? via} ${short(column)}`).join(",");
    return `${name} =${shown}${implicit.length === 0 ? "" : ` ? ${implicit.map(short).join(", ")}`}`;
  });
  const asked = statement.reads.flatMap(({ table, columns }) =>
    columns
      .filter(({ path, uses }) => uses.includes("predicate") && !told.has(short(`${table}.${path}`)))
      .map(({ path }) => short(`${table}.${path}`)),
  );
  return asked.length === 0 ? lines : [...lines, `asked: ${asked.join(", ")}`];
}
