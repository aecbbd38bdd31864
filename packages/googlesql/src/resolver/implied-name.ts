import type { Expression } from "../tree.ts";

/**
 * The name GoogleSQL gives an expression without alias; empty for none.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#implicit_aliases
 */
export function impliedName(node: Expression): string {
  if (node.kind === "PathExpression") return node.parts.at(-1)?.name ?? "";
  if (node.kind === "FieldAccess") return node.field.name;
  return "";
}
