/** A text's statements, in order, and which rows the client can fetch of them. */
import type { Output, PlanStatement } from "../plan.ts";
import type { Script } from "../tree.ts";
import type { Context } from "./context.ts";
import { resolveStatement } from "./statement.ts";

export interface ResolvedScript {
  /** BigQuery's `statementType` of the whole. */
  readonly statementType: string;
  readonly statements: readonly PlanStatement[];
  readonly result: readonly Output[];
}

export function resolveScript(context: Context, script: Script): ResolvedScript {
  const [statement, second] = script.statements;
  if (statement === undefined) return context.fail("syntax", "There is no statement", script);
  if (second !== undefined) return context.fail("unsupported", "More than one statement is not supported", second);
  const plan = resolveStatement(context, statement);
  return { statementType: plan.kind, statements: [plan], result: plan.outputs };
}
