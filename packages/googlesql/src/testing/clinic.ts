/** A small hospital for the analyser's tests, and plans written short enough to stand in a table. */
import { analyze, type QueryParameter } from "../analyze.ts";
import type { ModelResource } from "../model-resource.ts";
import type { ExplicitSource, Output, PlanStatement, Refusal, UnderstoodPlan } from "../plan.ts";
import type { TableFieldSchema, TableResource } from "../table-resource.ts";

function field(name: string, type: string, mode?: string, fields?: readonly TableFieldSchema[]): TableFieldSchema {
  return { name, type, ...(mode === undefined ? {} : { mode }), ...(fields === undefined ? {} : { fields }) };
}

function table(id: string, fields: readonly TableFieldSchema[], type = "TABLE"): [string, TableResource] {
  return [
    `clinic.ehr.${id}`,
    { tableReference: { projectId: "clinic", datasetId: "ehr", tableId: id }, type, schema: { fields } },
  ];
}

const TABLES: ReadonlyMap<string, TableResource> = new Map([
  table("patients", [
    field("id", "INTEGER"),
    field("ssn", "STRING"),
    field("name", "STRING"),
    field("state", "STRING"),
    field("born", "DATE"),
    field("weight", "FLOAT"),
    field("tags", "STRING", "REPEATED"),
    field("address", "RECORD", "NULLABLE", [field("zip", "STRING"), field("city", "STRING")]),
    field("visits", "RECORD", "REPEATED", [
      field("code", "STRING"),
      field("seen", "TIMESTAMP"),
      field("note", "STRING"),
    ]),
    field("doc", "JSON"),
  ]),
  table("encounters", [
    field("eid", "INTEGER"),
    field("id", "INTEGER"),
    field("cost", "NUMERIC"),
    field("kind", "STRING"),
    field("at", "TIMESTAMP"),
  ]),
  table("pair", [field("a", "STRING"), field("b", "STRING")]),
  table("copies", [
    field("id", "INTEGER"),
    { name: "ssn", type: "STRING", mode: "REQUIRED" },
    { name: "code", type: "STRING", maxLength: "5" },
    { name: "kind", type: "STRING", defaultValueExpression: "'new'" },
    { name: "price", type: "NUMERIC", precision: "5", scale: "2" },
    { name: "at", type: "TIMESTAMP", defaultValueExpression: "CURRENT_TIMESTAMP()" },
    field("place", "RECORD", "NULLABLE", [field("zip", "STRING"), field("city", "STRING")]),
  ]),
  table("odd_default", [
    field("a", "STRING"),
    { name: "b", type: "STRING", defaultValueExpression: "(SELECT ANY_VALUE(ssn) FROM clinic.ehr.patients)" },
  ]),
  table("patients_view", [field("ssn", "STRING")], "VIEW"),
  table("patients_mv", [field("ssn", "STRING")], "MATERIALIZED_VIEW"),
  table("pair_then", [field("a", "STRING"), field("b", "STRING")], "SNAPSHOT"),
  table("outside", [field("ssn", "STRING")], "EXTERNAL"),
  table("empty", []),
  [
    "clinic.ehr.loaded",
    {
      tableReference: { projectId: "clinic", datasetId: "ehr", tableId: "loaded" },
      schema: { fields: [field("a", "STRING")] },
      timePartitioning: { type: "DAY" },
    },
  ],
]);

function model(
  modelId: string,
  modelType: string,
  label?: string,
  more: Partial<ModelResource> = {},
): [string, ModelResource] {
  const column = (name: string, typeKind: string) => ({ name, type: { typeKind } });
  return [
    `clinic.ehr.${modelId}`,
    {
      modelReference: { projectId: "clinic", datasetId: "ehr", modelId },
      modelType,
      featureColumns: [column("weight", "FLOAT64"), column("state", "STRING")],
      ...(label === undefined ? {} : { labelColumns: [column(label, "STRING")] }),
      ...more,
    },
  ];
}

const MODELS: ReadonlyMap<string, ModelResource> = new Map([
  model("risk", "LOGISTIC_REGRESSION", "outcome"),
  model("cost", "BOOSTED_TREE_REGRESSOR", "cost"),
  model("blood", "LINEAR_REGRESSION", "cost", { featureColumns: [{ name: "blood_type" }] }),
  model("clusters", "KMEANS"),
  model("axes", "PCA"),
  model("codes", "AUTOENCODER"),
  model("days", "ARIMA_PLUS", "cost", {
    featureColumns: ["seen", "state"].map((name) => ({ name, type: { typeKind: "STRING" } })),
    trainingRuns: [
      {
        trainingOptions: {
          timeSeriesTimestampColumn: "seen",
          timeSeriesDataColumn: "cost",
          timeSeriesIdColumns: ["state", "unknown"],
        },
      },
    ],
  }),
  model("ratings", "MATRIX_FACTORIZATION", "stars", {
    featureColumns: ["ssn", "code"].map((name) => ({ name, type: { typeKind: "STRING" } })),
    trainingRuns: [
      { trainingOptions: {} },
      { trainingOptions: { userColumn: "ssn", itemColumn: "code", feedbackType: "IMPLICIT" } },
    ],
  }),
  model("untold", "MATRIX_FACTORIZATION", "stars"),
  model("imported", "TENSORFLOW", "x"),
  model("far", "LINEAR_REGRESSION", "x", { remoteModelInfo: { endpoint: "e" } }),
  model("changed", "LINEAR_REGRESSION", "x", { transformColumns: [{ name: "weight" }] }),
]);

export const CLINIC = {
  model: (name: string): ModelResource | undefined => MODELS.get(name),
  table: (name: string): TableResource | undefined => TABLES.get(name),
  metadata: (place: string) =>
    place === "clinic.ehr" || place === "clinic.region-eu" || place === "clinic."
      ? { tables: [...TABLES.values()], location: "EU" }
      : undefined,
};
export const DEFAULTS = { defaultProject: "clinic", defaultDataset: { project: "clinic", dataset: "ehr" } };

/** The plan of a whole text. */
export function scriptOf(sql: string, parameters: readonly QueryParameter[] = []): UnderstoodPlan {
  const { plan } = analyze(sql, { catalog: CLINIC, ...DEFAULTS, parameters });
  if (!plan.understood) throw new Error(`${plan.refusal.code}: ${plan.refusal.message}`);
  return plan;
}

export function planOf(sql: string, parameters: readonly QueryParameter[] = []): PlanStatement {
  const [statement] = scriptOf(sql, parameters).statements;
  if (statement === undefined) throw new Error("no statement");
  return statement;
}

export function canonical(sql: string): string {
  return scriptOf(sql).canonicalSql;
}

export function refusalOf(sql: string, parameters: readonly QueryParameter[] = []): Refusal | undefined {
  const { plan } = analyze(sql, { catalog: CLINIC, ...DEFAULTS, parameters });
  return plan.understood ? undefined : plan.refusal;
}

const short = (column: string): string => column.replace("clinic.ehr.", "").replace(/^patients\./, "");

/** One line an output: `name = via column, … ? implicit, …`; columns of `patients` without their table. */
export function flows(sql: string, parameters: readonly QueryParameter[] = []): string[] {
  return lines(planOf(sql, parameters).outputs);
}

/** The same of the rows that a script's client can fetch. */
export function results(sql: string, parameters: readonly QueryParameter[] = []): string[] {
  return lines(scriptOf(sql, parameters).result);
}

function lines(outputs: readonly Output[]): string[] {
  return outputs.map((output) => {
    const shown = output.explicit.map((s) => `${s.via} ${short(s.column)}`).join(", ");
    const decided = output.implicit.map(short).join(", ");
    return `${output.name} =${shown === "" ? "" : ` ${shown}`}${decided === "" ? "" : ` ? ${decided}`}`;
  });
}

/** One line a statement of a script: `KIND path: uses, …`, then what it writes and does. */
export function steps(sql: string): string[] {
  return scriptOf(sql).statements.map(({ kind, reads, writes, effects }) => {
    const read = reads.flatMap((t) => t.columns.map((c) => `${short(`${t.table}.${c.path}`)}: ${c.uses.join(" ")}`));
    const written = writes.map(({ table, mode, columns, implicit }) => {
      const values = columns.map((c) => `${c.name} = ${c.explicit.map((s) => short(s.column)).join(" ")}`).join(", ");
      const decided = implicit.length === 0 ? "" : ` ? ${implicit.map(short).join(", ")}`;
      return ` | ${mode} ${short(table)}${values === "" ? "" : ` ${values}`}${decided}`;
    });
    const done = effects.map(
      (e) => ` | ${e.kind}${e.sources.length === 0 ? "" : ` ${e.sources.map(short).join(", ")}`}`,
    );
    return `${kind}${read.length === 0 ? "" : ` ${read.join(", ")}`}${written.join("")}${done.join("")}`;
  });
}

/** One line a write: `mode table: column = via column, … ? implicit, …; … WHERE what decided the rows`. */
export function writes(sql: string, parameters: readonly QueryParameter[] = []): string[] {
  return planOf(sql, parameters).writes.map(({ table, mode, columns, implicit }) => {
    const made = columns.map((c) => `${c.name}${sources(" = ", c.explicit)}${decided(c.implicit)}`).join("; ");
    return `${mode} ${short(table)}${made === "" ? "" : `: ${made}`}${decided(implicit, " WHERE ")}`;
  });
}

function sources(before: string, explicit: readonly ExplicitSource[]): string {
  return explicit.length === 0 ? "" : before + explicit.map((s) => `${s.via} ${short(s.column)}`).join(", ");
}

function decided(implicit: readonly string[], before = " ? "): string {
  return implicit.length === 0 ? "" : before + implicit.map(short).join(", ");
}

/** One line a column: `path: uses`. */
export function reads(sql: string): string[] {
  return planOf(sql).reads.flatMap((t) =>
    t.columns.map((c) => `${short(`${t.table}.${c.path}`)}: ${c.uses.join(" ")}`),
  );
}

/** `name TYPE` of each output. */
export function types(sql: string, parameters: readonly QueryParameter[] = []): string[] {
  return planOf(sql, parameters).outputs.map((o) => `${o.name} ${o.type}`);
}
