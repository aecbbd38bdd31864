/**
 * ML.FEATURE_INFO: statistics of each column that a model was trained on. What that was isn't known here, so the model is a source of its
 * own, whose classes are those that training took into it (threat-model row 25). Of the other functions of models the columns depend on the model, which
 * isn't read: a name that one of them lacks could be a column of the query around.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-feature
 */
import { transformed } from "../../flow/flow.ts";
import type { TableFunctionCall } from "../../tree.ts";
import { FLOAT64, INT64, STRING, type Type } from "../../types.ts";
import type { Context } from "../context.ts";
import { noteEffect, outsideFlow } from "../effects.ts";
import type { Relation } from "../scope.ts";
import { nameOf } from "../statements/target.ts";

const COLUMNS: readonly (readonly [name: string, type: Type])[] = [
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
  const { table: model, parts } = nameOf(context, argument.parts, argument);
  context.names.set(argument, parts);
  if (context.writtenRoutines.has(model)) {
    context.fail("unsupported", `Model ${model} is changed and read by the same script; send two requests`, argument);
  }
  noteEffect(context, "model", model, []);
  const flow = transformed([outsideFlow(context, model, "model")]);
  // That it works at all tells of what kind the model is.
  context.failing.push(flow);
  return {
    columns: COLUMNS.map(([name, type]) => ({ name, type, written: "value", flow, id: context.freshId() })),
    implicit: new Set(),
    rows: flow,
    repeated: true,
    valueTable: false,
  };
}
