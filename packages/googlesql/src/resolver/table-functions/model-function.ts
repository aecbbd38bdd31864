/** What a function of models is, and what a model's description tells of columns. */
import type { ModelResource, TrainingOptions } from "../../model-resource.ts";
import { standardSqlType } from "../../routine-resource.ts";
import { arrayOf, FLOAT64, STRING, structOf, type Type } from "../../types.ts";

export type ModelColumn = readonly [name: string, type: Type];

export interface ModelFunction {
  /** TABLE and a name, or a query: whether the function takes rows of the caller's. */
  readonly rows: "none" | "may" | "must";
  /** The rows are given back, each with the model's columns. Without it there are rows of the model's own making. */
  readonly keeps?: true;
  /** Names that the fields of a STRUCT of constants may have. */
  readonly settings: readonly string[];
  /** The same, of those that are texts. */
  readonly texts?: readonly string[];
  /** It takes an array of constants as well. */
  readonly thresholds?: true;
  /** Undefined for a model of a kind that the function doesn't know, or that isn't analysed. `given`: with rows of the caller's. */
  readonly columns: (model: ModelResource, given: boolean) => readonly ModelColumn[] | undefined;
  /** Columns that it may give beside: no row that is given back may bring one of that name, which would be either. */
  readonly others?: readonly string[];
}

export type Kinds = string;

export const isOf = (kinds: Kinds, modelType: string): boolean => kinds.split(" ").includes(modelType);

export const columns = (type: Type, names: string): ModelColumn[] => names.split(" ").map((name) => [name, type]);

export const struct = (...fields: readonly ModelColumn[]): Type =>
  structOf(fields.map(([name, type]) => ({ name, type })));

export const perCategory = (value: string): Type => arrayOf(struct(["category", STRING], [value, FLOAT64]));

/** Made when it is asked for: a process that starts builds no list that its queries may never need. */
export type ModelColumns = () => readonly ModelColumn[];

/** Of models of these kinds always the same. */
export function always(of: readonly Kinds[], list: ModelColumns): ModelFunction["columns"] {
  return ({ modelType = "" }) => (of.some((kinds) => isOf(kinds, modelType)) ? list() : undefined);
}

/** Of each kind its own. */
export function byKind(...lists: readonly (readonly [of: Kinds, list: ModelColumns])[]): ModelFunction["columns"] {
  return ({ modelType = "" }) => lists.find(([kinds]) => isOf(kinds, modelType))?.[1]();
}

/** What the model was made with, as its latest training says. */
export function trainingOptions({ trainingRuns }: ModelResource): TrainingOptions {
  return trainingRuns?.at(-1)?.trainingOptions ?? {};
}

/** The type of a column that the model was trained on. */
export function trainedType({ featureColumns = [] }: ModelResource, name: string): Type | undefined {
  const type = featureColumns.find((column) => column.name?.toLowerCase() === name.toLowerCase())?.type;
  return type === undefined ? undefined : standardSqlType(type);
}
