/**
 * Table functions of models. What a model was trained on isn't known here, so the model is a source of its own, whose classes are those that training
 * took into it (threat-model row 25); and the rows it is given are in what it makes of them. A model of BigQuery's own runs inside BigQuery and keeps
 * nothing of what it is asked; one that runs elsewhere, or was imported, is refused.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-feature
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-predict
 */
import { CONSTANT, type Flow, NO_KEYS, picked, transformed } from "../../flow/flow.ts";
import type { ModelResource } from "../../model-resource.ts";
import type { Node, TableFunctionCall } from "../../tree.ts";
import { FLOAT64, INT64, STRING, type Type } from "../../types.ts";
import type { Context } from "../context.ts";
import { type Column, fold, type Relation } from "../scope.ts";
import type { Input, Surroundings } from "./arguments.ts";
import { made, requireDistinct, takeByName } from "./columns-by-name.ts";
import { describedModel, givenRows, modelSource } from "./model-argument.ts";
import { modelFunctions } from "./model-columns.ts";
import type { ModelFunction } from "./model-function.ts";

const FEATURE_COLUMNS: readonly (readonly [name: string, type: Type])[] = [
  ["input", STRING],
  ["min", FLOAT64],
  ["max", FLOAT64],
  ["mean", FLOAT64],
  ["median", FLOAT64],
  ["stddev", FLOAT64],
  ["category_count", INT64],
  ["null_count", INT64],
  ["dimension", INT64],
];

export function featureInfo(context: Context, node: TableFunctionCall): Relation {
  const [argument, second] = node.arguments;
  if (argument?.kind !== "ModelArgument" || second !== undefined) {
    return context.fail("type", "ML.FEATURE_INFO takes MODEL and a model's name", node);
  }
  const { flow } = modelSource(context, argument);
  return {
    columns: FEATURE_COLUMNS.map(([name, type]) => made(context, name, type, flow)),
    implicit: new Set(),
    rows: flow,
    repeated: true,
    valueTable: false,
  };
}

/** A function of `modelFunctions`. */
export function modelFunction(context: Context, node: TableFunctionCall, around: Surroundings): Relation {
  const name = node.name.map((part) => part.name.toUpperCase()).join(".");
  const known = modelFunctions().get(name);
  if (known === undefined) return context.fail("unsupported", `Table function ${name} is not supported`, node);
  if (around.piped !== undefined) {
    return context.fail("unsupported", `CALL of ${name} is not supported; give it a query in parentheses`, node);
  }
  const [argument, ...rest] = node.arguments;
  if (argument?.kind !== "ModelArgument")
    return context.fail("type", `${name} takes MODEL and a model's name first`, node);
  const { model, flow } = modelSource(context, argument);
  const resource = modelOf(context, name, model, argument);
  const { input, thresholds } = givenRows(context, name, known, rest, around, node);
  const columns = known.columns(resource, input !== null);
  if (columns === undefined) {
    const rows = known.rows !== "may" ? "" : input === null ? ", without rows," : ", with rows,";
    const message = `${name} of ${model} is not supported: what it gives of a model of that kind${rows} isn't analysed`;
    return context.fail("unsupported", message, argument);
  }
  const features = input === null ? [] : featuresOf(input, resource, known);
  const keeps = known.keeps === true && input !== null;
  const rows = input === null || keeps ? [] : [input.rows];
  const shown = transformed([flow, ...features, ...rows, ...(thresholds ? [CONSTANT] : [])]);
  // Of a few rows it makes as many as it likes: a statistic over those is none over what it was given.
  const made_ = input === null || keeps ? shown : picked(shown);
  context.failing.push(made_);
  const own = columns.map(([column, type]) => made(context, column, type, made_));
  const kept = keeps ? input.columns.map((c) => ({ ...c, written: "value" as const, id: context.freshId() })) : [];
  const all = [...own, ...kept];
  requireDistinct(context, name, own, kept, known.others ?? [], node);
  takeByName(context, node, all);
  return {
    columns: all,
    implicit: input?.implicit ?? NO_KEYS,
    // How many weights or centroids there are is the model's; of an evaluation there is one row.
    rows: keeps ? input.rows : made_,
    repeated: keeps ? input.repeated : true,
    valueTable: false,
  };
}

/** A model that runs inside BigQuery, whose columns are what they are called. */
function modelOf(context: Context, name: string, model: string, node: Node): ModelResource {
  const resource = describedModel(context, model, node);
  if (resource.remoteModelInfo !== undefined) {
    return context.fail("unsupported", `${name} of ${model} is not supported: the model runs outside BigQuery`, node);
  }
  if ((resource.transformColumns ?? []).length > 0) {
    const message = `${name} of ${model} is not supported: TRANSFORM may have put other values under its columns' names`;
    return context.fail("unsupported", message, node);
  }
  context.localModels.add(model);
  return resource;
}

/**
 * What a prediction is made of: the columns that have a feature's name, and STRUCTs whose fields may, for the field b of a STRUCT a is the
 * feature a_b. Where features aren't known, and for an evaluation, all.
 * https://cloud.google.com/bigquery/docs/auto-preprocessing
 */
function featuresOf(input: Input, { featureColumns = [] }: ModelResource, { keeps }: ModelFunction): readonly Flow[] {
  const names = featureColumns.map(({ name = "" }) => fold(name));
  const all = names.length === 0 || keeps !== true;
  const isFeature = ({ name, type }: Column) =>
    names.some((one) => one === fold(name) || (holdsFields(type) && one.startsWith(fold(name))));
  return input.columns.filter((column) => all || isFeature(column)).map(({ flow }) => flow);
}

function holdsFields(type: Type): boolean {
  return type.kind === "struct" || (type.kind === "array" && holdsFields(type.element));
}
