/**
 * Table functions of BigQuery's own, in FROM.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/table-functions-built-in
 */
import { refusalReason } from "../functions/refused.ts";
import { once } from "../once.ts";
import type { TableFunctionCall } from "../tree.ts";
import type { Context } from "./context.ts";
import type { Relation } from "./scope.ts";
import type { Surroundings } from "./table-functions/arguments.ts";
import { changeHistory } from "./table-functions/change-history.ts";
import { gapFill } from "./table-functions/gap-fill.ts";
import { generatingFunction, generatingFunctions } from "./table-functions/generating-model.ts";
import { modelFunctions } from "./table-functions/model-columns.ts";
import { featureInfo, modelFunction } from "./table-functions/model-functions.ts";
import { rangeSessionize } from "./table-functions/range-sessionize.ts";
import { seriesFunction, seriesFunctions } from "./table-functions/time-series-model.ts";
import { vectorSearch } from "./table-functions/vector-search.ts";

type TableFunction = (context: Context, node: TableFunctionCall, around: Surroundings) => Relation;

const tableFunctions = once(
  (): ReadonlyMap<string, TableFunction> =>
    new Map([
      ["APPENDS", changeHistory],
      ["CHANGES", changeHistory],
      ["GAP_FILL", gapFill],
      ["ML.FEATURE_INFO", featureInfo],
      ...[...modelFunctions().keys()].map((name) => [name, modelFunction] as const),
      ...[...generatingFunctions().keys()].map((name) => [name, generatingFunction] as const),
      ...[...seriesFunctions().keys()].map((name) => [name, seriesFunction] as const),
      ["RANGE_SESSIONIZE", rangeSessionize],
      ["VECTOR_SEARCH", vectorSearch],
    ]),
);

export function resolveTableFunction(context: Context, node: TableFunctionCall, around: Surroundings): Relation {
  const name = node.name.map((part) => part.name.toUpperCase()).join(".");
  const resolve = tableFunctions().get(name);
  if (resolve !== undefined) return resolve(context, node, around);
  const reason = refusalReason(name) ?? "the gateway doesn't know what it gives";
  return context.fail("unsupported", `Table function ${name} is not supported: ${reason}`, node);
}
