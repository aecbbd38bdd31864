/** What is passed to a function of a model: the model itself, and beside it rows and settings. */
import { type Flow, transformed } from "../../flow/flow.ts";
import type { ModelResource } from "../../model-resource.ts";
import type { Expression, ModelArgument, Node, TableFunctionCall } from "../../tree.ts";
import { arrayOf, FLOAT64 } from "../../types.ts";
import type { Context } from "../context.ts";
import { noteEffect, outsideFlow } from "../effects.ts";
import { fold } from "../scope.ts";
import { nameOf } from "../statements/target.ts";
import { type Given, type Input, inputOf, requireConstant, type Surroundings } from "./arguments.ts";
import type { ModelFunction } from "./model-function.ts";

/** The model named, and what comes of it. That it works at all tells of what kind the model is. */
export function modelSource(
  context: Context,
  argument: ModelArgument,
): { readonly model: string; readonly flow: Flow } {
  const { table: model, parts } = nameOf(context, argument.parts, argument);
  context.names.set(argument, parts);
  if (context.writtenRoutines.has(model)) {
    context.fail("unsupported", `Model ${model} is changed and read by the same script; send two requests`, argument);
  }
  noteEffect(context, "model", model, []);
  const flow = transformed([outsideFlow(context, model, "model")]);
  context.failing.push(flow);
  return { model, flow };
}

/** The model as the catalog describes it. */
export function describedModel(context: Context, model: string, node: Node): ModelResource {
  const resource = context.catalog.model?.(model);
  if (resource === undefined) return context.fail("name", `Model ${model} was not found or is not available`, node);
  const { projectId, datasetId, modelId } = resource.modelReference;
  if (`${projectId}.${datasetId}.${modelId}` !== model) {
    return context.fail("name", `Model ${model} was not found under that spelling`, node);
  }
  return resource;
}

/** What is passed beside a model: rows, and a STRUCT of literals, by the folded names of its fields. */
export interface Passed {
  readonly input: Input | null;
  readonly settings: ReadonlyMap<string, Expression>;
  /** Constants that may come back as they are. */
  readonly thresholds: boolean;
}

export function givenRows(
  context: Context,
  name: string,
  known: Pick<ModelFunction, "rows" | "settings" | "texts" | "thresholds">,
  rest: TableFunctionCall["arguments"],
  around: Surroundings,
  node: Node,
): Passed {
  const given: Given[] = rest.map((argument) =>
    argument.kind === "NamedArgument"
      ? context.fail("unsupported", `${name} takes its arguments by place`, argument)
      : argument,
  );
  // Google's reference has it before the rows for some functions and after them for others.
  const settings = given.find((argument) => argument.kind === "StructExpression");
  const set = new Map<string, Expression>();
  const { texts = [] } = known;
  for (const field of settings?.fields ?? []) {
    const setting = fold(field.alias?.name ?? "");
    const literal = texts.includes(setting) ? field.expression.kind === "StringLiteral" : isLiteral(field.expression);
    if (!(known.settings.includes(setting) || texts.includes(setting)) || set.has(setting) || !literal) {
      const message = `${name} takes of settings ${[...known.settings, ...texts].join(", ") || "none"}, once and as literals`;
      context.fail("unsupported", message, field);
    }
    set.set(setting, field.expression);
  }
  const thresholds = given.find(
    ({ kind }) => known.thresholds && (kind === "FunctionCall" || kind === "ArrayExpression"),
  );
  if (thresholds !== undefined) requireConstant(context, name, thresholds, arrayOf(FLOAT64));
  const tables = given.filter((argument) => argument !== settings && argument !== thresholds);
  const [table, more] = tables;
  const allowed = table === undefined ? known.rows !== "must" : known.rows !== "none";
  if (more !== undefined || !allowed) {
    const takes = {
      none: "a model alone",
      may: "a model, and may take a table or a query",
      must: "a model and a table or a query",
    };
    return context.fail("type", `${name} takes ${takes[known.rows]}`, node);
  }
  const input = table === undefined ? null : inputOf(context, name, table, around, node);
  return { input, settings: set, thresholds: thresholds !== undefined };
}

const LITERALS: ReadonlySet<Expression["kind"]> = new Set<Expression["kind"]>([
  "IntegerLiteral",
  "FloatLiteral",
  "BooleanLiteral",
]);

function isLiteral(expression: Expression): boolean {
  return LITERALS.has(expression.kind);
}
