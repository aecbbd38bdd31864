/** Values that are the same whatever is in any table: options, defaults, bounds. */
import { keysOf } from "../../flow/flow.ts";
import { parse } from "../../parser/parse.ts";
import { SqlError } from "../../sql-error.ts";
import type { TableFieldSchema } from "../../table-resource.ts";
import type { Expression, Node } from "../../tree.ts";
import { childrenOf } from "../../visitor.ts";
import type { Context } from "../context.ts";
import { newFrame, outputScope } from "../frame.ts";
import type { Scope, Value } from "../scope.ts";

/** Where no table's columns are. */
export function emptyScope(): Scope {
  return outputScope([], newFrame(null), null, null);
}

/** An expression without column, subquery or variable: what is made from data can't hide in it (threat-model rows 14, 35). */
export function constantValue(context: Context, node: Expression, what: string): Value {
  refuseSubqueries(context, node, what);
  const value = withoutNamedValues(context, () => context.expression(context, node, emptyScope()));
  if (keysOf(value.flow).size > 0) context.fail("unsupported", `${what} must be a constant`, node);
  return value;
}

export function refuseSubqueries(context: Context, root: Node, what: string): void {
  const open: Node[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === "Query") context.fail("unsupported", `${what} can't hold a subquery; write a constant`, node);
    for (const child of childrenOf(node)) open.push(child);
  }
}

/** Where neither a script's variables nor a routine's arguments are seen. */
export function withoutNamedValues<T>(context: Context, resolve: () => T): T {
  const { named } = context;
  context.named = null;
  const made = resolve();
  context.named = named;
  return made;
}

/**
 * Makes sure that what a column takes where no value is given is constant, so that it needs no source. NULL without DEFAULT.
 * https://cloud.google.com/bigquery/docs/default-values
 */
export function requireConstantDefault(context: Context, field: TableFieldSchema, node: Node): void {
  const stored = field.defaultValueExpression;
  if (stored === undefined || stored.trim() === "") return;
  try {
    constantValue(context, parsedExpression(stored), "DEFAULT");
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    context.fail(
      error.code === "limit" ? "limit" : "unsupported",
      `The DEFAULT of column ${field.name} could not be analysed; write a value for it`,
      node,
    );
  }
}

function parsedExpression(sql: string): Expression {
  const [statement, more] = parse(`SELECT ${sql}`).statements;
  const body = statement?.kind === "QueryStatement" && more === undefined ? statement.query.body : null;
  const [item, other] = body?.kind === "Select" && body.from === null ? body.items : [];
  if (item?.kind === "SelectExpression" && other === undefined) return item.expression;
  throw new SqlError("syntax", "No expression", 1, 1);
}
