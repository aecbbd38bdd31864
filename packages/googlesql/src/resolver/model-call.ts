/**
 * Calls of functions that ask a model of Google's: what they are given leaves BigQuery, and the model sees that it is asked. It keeps
 * nothing from one call to the next, so its answer is made of its arguments alone.
 * https://cloud.google.com/bigquery/docs/generative-ai-overview
 */
import type { Flow } from "../flow/flow.ts";
import type { FunctionEntry } from "../functions/signature.ts";
import type { FunctionCall, Node } from "../tree.ts";
import { structOf, type Type } from "../types.ts";
import type { Context } from "./context.ts";
import { noteEffect } from "./effects.ts";
import { SCHEMAS, schemaColumns } from "./output-schema.ts";
import { fold } from "./scope.ts";

export function asksModel(name: string): boolean {
  return name.startsWith("AI.");
}

/** What an agent may not choose, of each that Google's reference names. Asked before the types are, so that it is refused by its name. */
const REFUSED_OPTIONS: ReadonlyMap<string, string> = new Map([
  [
    "connection_id",
    "it says by whose rights the model works; leave it out, and the model is asked by the gateway's own",
  ],
  ["connection", "it says by whose rights the model works; leave it out, and the model is asked by the gateway's own"],
  ["model_params", "it can let the model look up what else it likes; say all in the prompt"],
  ["output_schema", "it takes none; AI.GENERATE does"],
  ["model", "it names a model of anybody's; name one of Google's as endpoint"],
]);

/**
 * An argument by name that the catalogue doesn't have is refused by that name.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-generate#arguments
 */
export function refuseModelOptions(context: Context, { name, signatures }: FunctionEntry, node: FunctionCall): void {
  const known = new Set(signatures.flatMap((signature) => signature.arguments.map((argument) => argument.name)));
  for (const argument of node.arguments) {
    if (argument.kind !== "NamedArgument") continue;
    const option = argument.name.name.toLowerCase();
    const reason = REFUSED_OPTIONS.get(option) ?? "it isn't analysed; leave it out";
    if (!known.has(option)) context.fail("unsupported", `${option} of ${name} is not supported: ${reason}`, argument);
  }
}

export function noteModelCall(context: Context, name: string, node: FunctionCall, flows: readonly Flow[]): void {
  for (const argument of node.arguments) {
    if (argument.kind !== "NamedArgument") continue;
    const option = argument.name.name.toLowerCase();
    if (!["endpoint", "request_type", "task_type"].includes(option)) continue;
    // A URL would name a model of anybody's: https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-generate#arguments
    if (argument.value.kind !== "StringLiteral" || !/^[\w.-]+$/.test(argument.value.value)) {
      context.fail("unsupported", `${name} takes as ${option} a name of Google's, as a string literal`, argument);
    }
  }
  noteEffect(context, "model", modelOfGoogle(context, name, node), flows);
}

/** What a policy permits to reach: the function, of the project whose job it is. */
export function modelOfGoogle(context: Context, name: string, node: Node): string {
  const { project } = context;
  if (project === undefined) return context.fail("name", `${name} needs a default project, whose model it asks`, node);
  return `${project}.@ai.${name.slice("AI.".length)}`;
}

/** With an output_schema its fields stand in the place of `result`. */
export function generatedType(context: Context, name: string, node: FunctionCall, type: Type): Type {
  const schema = node.arguments.find(
    (argument) => argument.kind === "NamedArgument" && fold(argument.name.name) === "output_schema",
  );
  if (schema?.kind !== "NamedArgument" || type.kind !== "struct") return type;
  const { value } = schema;
  const list = value.kind === "StringLiteral" ? schemaColumns(value) : undefined;
  if (list === undefined) {
    return context.fail("unsupported", `output_schema of ${name} is supported of ${SCHEMAS}`, schema);
  }
  const fields = [...list.map(([field, of]) => ({ name: field, type: of })), ...type.fields.slice(1)];
  if (new Set(fields.map((field) => fold(field.name))).size < fields.length) {
    return context.fail("name", `output_schema of ${name} would give two fields of one name`, schema);
  }
  return context.bounded(structOf(fields), schema);
}
