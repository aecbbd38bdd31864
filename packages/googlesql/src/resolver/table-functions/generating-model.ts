/**
 * Table functions that ask a model which runs elsewhere, of each row: its prompt, or the text of which they make a vector, leaves BigQuery. Whoever runs
 * the model can keep what it is told and give it to the next, so that the model is a source of its own. The columns are those that the function gives of
 * whatever endpoint: of each model's there are others, and they are left out.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-generate-text#output
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-generate-text#output
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-generate-table#output
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-generate-embedding#output
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-generate-embedding#output
 */
import { decidedBy, NOTHING, transformed } from "../../flow/flow.ts";
import { once } from "../../once.ts";
import type { Expression, Node, TableFunctionCall } from "../../tree.ts";
import { arrayOf, FLOAT64, JSON_TYPE, STRING, typeName } from "../../types.ts";
import type { Context } from "../context.ts";
import { noteEffect } from "../effects.ts";
import { SCHEMAS, schemaColumns } from "../output-schema.ts";
import { type Column, fold, type Relation } from "../scope.ts";
import type { Input, Surroundings } from "./arguments.ts";
import { made, requireDistinct, takeByName } from "./columns-by-name.ts";
import { describedModel, givenRows, modelSource } from "./model-argument.ts";
import { columns, type ModelColumn } from "./model-function.ts";

export interface GeneratingFunction {
  /** The column that is sent, which there must be, and one that is sent as well where there is. */
  readonly sends: string;
  readonly sendsAlso?: string;
  /** Fields of a STRUCT of literals: numbers and truths, and texts. */
  readonly settings: readonly string[];
  readonly texts: readonly string[];
  /** Undefined where the settings don't say it. */
  readonly columns: (settings: ReadonlyMap<string, Expression>) => readonly ModelColumn[] | undefined;
  /** Columns that it gives of some models, or by other settings: no row may bring one of that name. */
  readonly others: string;
}

const isTrue = (literal: Expression | undefined, otherwise: boolean) =>
  literal?.kind === "BooleanLiteral" ? literal.value : otherwise;

// What a model may look up beside (ground_with_google_search, model_params) is no agent's to choose.
const text = {
  sends: "prompt",
  settings: ["max_output_tokens", "top_p", "top_k", "temperature", "use_chat_mode"],
  texts: ["request_type"],
};
const vector = { sends: "content", sendsAlso: "title", settings: ["output_dimensionality"], texts: ["task_type"] };
const answer = (prefix: string) => [
  ...columns(JSON_TYPE, `${prefix}full_response`),
  ...columns(STRING, `${prefix}status`),
];

export const generatingFunctions = once<ReadonlyMap<string, GeneratingFunction>>(
  () =>
    new Map<string, GeneratingFunction>([
      [
        "AI.GENERATE_TEXT",
        {
          ...text,
          columns: () => [...columns(STRING, "result"), ...answer("")],
          others: "rai_result grounding_result statistics",
        },
      ],
      [
        "ML.GENERATE_TEXT",
        {
          ...text,
          settings: [...text.settings, "flatten_json_output"],
          columns: (settings) => [
            ...(isTrue(settings.get("flatten_json_output"), false)
              ? columns(STRING, "ml_generate_text_llm_result")
              : columns(JSON_TYPE, "ml_generate_text_result")),
            ...columns(STRING, "ml_generate_text_status"),
          ],
          others:
            "ml_generate_text_result ml_generate_text_llm_result ml_generate_text_rai_result ml_generate_text_grounding_result ml_generate_text_statistics",
        },
      ],
      [
        "AI.GENERATE_TABLE",
        {
          ...text,
          texts: [...text.texts, "output_schema"],
          columns: (settings) => {
            const schema = schemaColumns(settings.get("output_schema"));
            return schema && [...schema, ...answer("")];
          },
          others: "rai_result grounding_result statistics",
        },
      ],
      [
        "AI.GENERATE_EMBEDDING",
        {
          ...vector,
          columns: () => [...columns(arrayOf(FLOAT64), "embedding"), ...columns(STRING, "status")],
          others: "statistics video_start_sec video_end_sec trial_id processed_input feature",
        },
      ],
      [
        "ML.GENERATE_EMBEDDING",
        {
          ...vector,
          settings: [...vector.settings, "flatten_json_output"],
          columns: (settings) => [
            ...columns(
              isTrue(settings.get("flatten_json_output"), true) ? arrayOf(FLOAT64) : JSON_TYPE,
              "ml_generate_embedding_result",
            ),
            ...columns(STRING, "ml_generate_embedding_status"),
          ],
          others:
            "ml_generate_embedding_statistics ml_generate_embedding_start_sec ml_generate_embedding_end_sec trial_id processed_input feature",
        },
      ],
    ]),
);

export function generatingFunction(context: Context, node: TableFunctionCall, around: Surroundings): Relation {
  const name = node.name.map((part) => part.name.toUpperCase()).join(".");
  const known = generatingFunctions().get(name);
  if (known === undefined) return context.fail("unsupported", `Table function ${name} is not supported`, node);
  if (around.piped !== undefined) {
    return context.fail("unsupported", `CALL of ${name} is not supported; give it a query in parentheses`, node);
  }
  const [argument, ...rest] = node.arguments;
  if (argument?.kind !== "ModelArgument") {
    return context.fail("type", `${name} takes MODEL and a model's name first`, node);
  }
  const { model, flow } = modelSource(context, argument);
  if (describedModel(context, model, argument).remoteModelInfo === undefined) {
    return context.fail(
      "unsupported",
      `${name} of ${model} is not supported: it is no model that runs elsewhere`,
      argument,
    );
  }
  const { input, settings } = givenRows(context, name, { ...known, rows: "must" }, rest, around, node);
  if (input === null) return context.fail("type", `${name} takes a model and a table or a query`, node);
  const list = known.columns(settings);
  if (list === undefined) {
    return context.fail("unsupported", `${name} takes output_schema, of ${SCHEMAS}`, node);
  }
  const sent = sentColumns(context, name, known, input, node).map((column) => column.flow);
  // Whoever runs it sees how many rows there are, and by what they were picked.
  noteEffect(context, "model", model, [...sent, input.rows, decidedBy(NOTHING, input.implicit)]);
  const said = transformed([flow, ...sent]);
  context.failing.push(said);
  const own = list.map(([column, type]) => made(context, column, type, said));
  const kept = input.columns.map((c) => ({ ...c, written: "value" as const, id: context.freshId() }));
  requireDistinct(context, name, own, kept, known.others.split(" "), node);
  takeByName(context, node, [...own, ...kept]);
  return {
    columns: [...own, ...kept],
    implicit: input.implicit,
    rows: input.rows,
    repeated: input.repeated,
    valueTable: false,
  };
}

/** A text alone is sent: what names an object in Cloud Storage would have it read by the connection's rights. */
function sentColumns(
  context: Context,
  name: string,
  { sends, sendsAlso }: GeneratingFunction,
  input: Input,
  node: Node,
): Column[] {
  const sent = input.columns.filter((column) => [sends, sendsAlso].includes(fold(column.name)));
  if (!sent.some((column) => fold(column.name) === sends)) {
    context.fail("name", `${name} takes rows with a column ${sends}`, node);
  }
  for (const { name: column, type } of sent) {
    if (typeName(type) === "STRING") continue;
    context.fail("type", `${name} is supported of STRING, and ${column} is ${typeName(type)}`, node);
  }
  return sent;
}
