/**
 * Calls of functions that ask a model of Google's: what they are given leaves BigQuery, and the model sees that it is asked. It keeps
 * nothing from one call to the next, so its answer is made of its arguments alone.
 * https://cloud.google.com/bigquery/docs/generative-ai-overview
 */
import type { Flow } from "../flow/flow.ts";
import type { FunctionCall } from "../tree.ts";
import type { Context } from "./context.ts";
import { noteEffect } from "./effects.ts";

export function asksModel(name: string): boolean {
  return name.startsWith("AI.");
}

export function noteModelCall(context: Context, name: string, node: FunctionCall, flows: readonly Flow[]): void {
  for (const argument of node.arguments) {
    if (argument.kind !== "NamedArgument") continue;
    const option = argument.name.name.toLowerCase();
    if (option !== "endpoint" && option !== "request_type") continue;
    // A URL would name a model of anybody's: https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-generate#arguments
    if (argument.value.kind !== "StringLiteral" || !/^[\w.-]+$/.test(argument.value.value)) {
      context.fail("unsupported", `${name} takes as ${option} a name of Google's, as a string literal`, argument);
    }
  }
  const { project } = context;
  if (project === undefined) context.fail("name", `${name} needs a default project, whose model it asks`, node);
  noteEffect(context, "model", `${project}.@ai.${name.slice("AI.".length)}`, flows);
}
