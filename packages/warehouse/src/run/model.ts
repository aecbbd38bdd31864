/** CREATE MODEL and DROP MODEL: https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-create-glm */
import { WarehouseError } from "../errors.ts";
import type { Feature, Model, ModelReference } from "../model/model.ts";
import { leastSquares, logistic } from "../model/train.ts";
import type { CreateModel } from "../sql/ddl.ts";
import { evaluatedRows } from "../sql/model-calls.ts";
import { translate } from "../sql/translate.ts";
import { type Field, type FieldType, quoteIdentifier } from "../sql/types.ts";
import { operationOf, prepared } from "./definition.ts";
import { prepareQuery } from "./query.ts";
import type { Session } from "./session.ts";
import type { Prepared } from "./statement.ts";

const NUMBERS: ReadonlySet<FieldType> = new Set<FieldType>(["INTEGER", "FLOAT", "NUMERIC", "BIGNUMERIC", "BOOLEAN"]);

const TYPES: ReadonlyMap<string, Model["modelType"]> = new Map([
  ["LINEAR_REG", "LINEAR_REGRESSION"],
  ["LOGISTIC_REG", "LOGISTIC_REGRESSION"],
]);

export async function createModel(session: Session, ddl: CreateModel): Promise<Prepared> {
  const reference = session.modelReference(ddl.name);
  session.catalog.dataset(reference.projectId, reference.datasetId);
  const operation = operationOf(ddl, session.catalog.findModel(reference) !== undefined, modelName(reference));
  const modelType = TYPES.get(ddl.modelType.toUpperCase());
  if (modelType === undefined) throw invalid(`model_type ${ddl.modelType} is not supported by this warehouse`);
  const query = await prepareQuery(session, ddl.query);
  const label = query.fields.find(({ name }) => name.toLowerCase() === ddl.label.toLowerCase());
  if (label === undefined) throw invalid(`Column ${ddl.label} is not found in the training data`);
  const features = query.fields.filter((field) => field !== label);
  for (const field of features) {
    if (field.mode === "REPEATED" || !(NUMBERS.has(field.type) || field.type === "STRING")) {
      throw invalid(`A feature of type ${field.type} is not supported by this warehouse: ${field.name}`);
    }
  }
  if (modelType === "LINEAR_REGRESSION" && !NUMBERS.has(label.type)) throw invalid("The label must be a number");
  const facts = { ddlOperationPerformed: operation };
  const { referencedTables } = query.analysis;
  return prepared(session, "CREATE_MODEL", { facts, referencedTables }, async () => {
    if (operation === "SKIP") return {};
    const model = await train(session, { reference, modelType, label, features, sql: query.sql });
    const evaluation = modelType === "LINEAR_REGRESSION" ? await evaluate(session, model, ddl.query) : [];
    session.catalog.putModel({ ...model, evaluation });
    return {};
  });
}

export function dropModel(session: Session, name: readonly string[], ifExists: boolean): Prepared {
  const reference = session.modelReference(name);
  const exists = session.catalog.findModel(reference) !== undefined;
  if (!exists && !ifExists) throw new WarehouseError("notFound", `Not found: ${modelName(reference)}`);
  const facts = { ddlOperationPerformed: exists ? "DROP" : "SKIP" };
  return prepared(session, "DROP_MODEL", { facts }, async () => {
    session.catalog.removeModel(reference);
    return {};
  });
}

function modelName({ projectId, datasetId, modelId }: ModelReference): string {
  return `Model ${projectId}:${datasetId}.${modelId}`;
}

function invalid(message: string): WarehouseError {
  return new WarehouseError("invalidQuery", message);
}

interface Training {
  readonly reference: ModelReference;
  readonly modelType: Model["modelType"];
  readonly label: Field;
  readonly features: readonly Field[];
  readonly sql: string;
}

/** What training makes of one feature: a column of numbers, or one for each category. */
interface Encoded {
  readonly field: Field;
  readonly mean: number;
  /** Undefined: a number. */
  readonly categories: readonly string[] | undefined;
  readonly columns: readonly (readonly number[])[];
}

async function train(session: Session, training: Training): Promise<Model> {
  const { reference, modelType, label, features, sql } = training;
  const read = [...features, label].map((field) => {
    const type = NUMBERS.has(field.type) && !(field === label && modelType === "LOGISTIC_REGRESSION");
    return `CAST(${quoteIdentifier(field.name)} AS ${type ? "DOUBLE" : "VARCHAR"})`;
  });
  const where = `${quoteIdentifier(label.name)} IS NOT NULL`;
  const rows = await session.read(`SELECT ${read.join(", ")} FROM (${sql}) WHERE ${where}`);
  if (rows.length === 0) throw invalid("Input data doesn't contain any rows");
  const encoded = features.map((field, i) =>
    encode(
      field,
      rows.map((row) => row[i] ?? null),
    ),
  );
  const table = rows.map((_, r) => [1, ...encoded.flatMap(({ columns }) => columns.map((column) => column[r] ?? 0))]);
  const values = rows.map((row) => row[features.length] ?? null);
  const labels = modelType === "LOGISTIC_REGRESSION" ? twoLabels(values.map(String)) : undefined;
  const weights =
    labels === undefined
      ? leastSquares(table, values.map(Number))
      : logistic(
          table,
          values.map((value) => String(value) === labels[0]),
        );
  let at = 1;
  const trained = encoded.map(({ field, mean, categories, columns }): Feature => {
    const own = weights.slice(at, at + columns.length);
    at += columns.length;
    if (categories === undefined) return { kind: "number", field, weight: own[0] ?? 0, mean };
    return { kind: "category", field, weights: categories.map((category, i) => [category, own[i] ?? 0] as const) };
  });
  return { reference, modelType, label, features: trained, intercept: weights[0] ?? 0, labels, evaluation: [] };
}

function encode(field: Field, values: readonly unknown[]): Encoded {
  if (field.type !== "STRING") {
    const known = values.filter((value) => value !== null).map(Number);
    const mean = known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
    const column = values.map((value) => (value === null ? mean : Number(value)));
    return { field, mean, categories: undefined, columns: [column] };
  }
  const texts = values.map((value) => (value === null ? undefined : String(value)));
  const categories = [...new Set(texts.filter((value) => value !== undefined))].sort();
  const columns = categories.map((category) => texts.map((value) => (value === category ? 1 : 0)));
  return { field, mean: 0, categories, columns };
}

function twoLabels(values: readonly string[]): readonly [string, string] {
  const [second, first, more] = [...new Set(values)].sort();
  if (first === undefined || second === undefined || more !== undefined) {
    throw invalid("A label of other than two values is not supported by this warehouse");
  }
  return [first, second];
}

async function evaluate(session: Session, model: Model, query: CreateModel["query"]): Promise<Model["evaluation"]> {
  const { sql } = translate(evaluatedRows(model, query), session);
  const [row = []] = await session.read(sql);
  return (await session.fields(sql)).map(({ name }, i) => [name, row[i] === null ? null : Number(row[i])] as const);
}
