/** Canonical text of expressions: what goes in parentheses, how values, calls and names are written. */
import {
  CALLS_WITHOUT_PARENTHESES,
  FUNCTION_KEYWORDS,
  PLAIN_IDENTIFIER,
  RESERVED_KEYWORDS,
  SPECIAL_CALLS,
} from "./keywords.ts";
import { backquote, type Printing, words } from "./printing.ts";
import { escapeBytes, escapeString } from "./string-escapes.ts";
import type { Argument, DatePart, Expression, FunctionCall, Identifier, IntervalExpression, Literal } from "./tree.ts";

/** Literals with a value; TRUE, FALSE and NULL are words of the language. */
export type ValueLiteral = Exclude<Literal, { kind: "NullLiteral" | "BooleanLiteral" }>;

/** How tightly an expression binds, from loose to tight. */
const OR = 1;
const AND = 2;
export const NOT = 3;
const COMPARISON = 4;
export const BINARY = 5;
export const UNARY = 6;
export const PRIMARY = 7;
/** A primary that another `.`, `[` or `.*` may follow without parentheses. */
export const POSTFIX = 8;

/** An operand that must bind at least as tightly as `least`, else it goes in parentheses. */
export function operand(expression: Expression, least: number, to: Printing): string {
  const text = to.node(expression);
  return tightness(expression) >= least ? text : `(${text})`;
}

function tightness(node: Expression): number {
  switch (node.kind) {
    case "LogicalExpression":
      return node.operator === "OR" ? OR : AND;
    case "NotExpression":
      return NOT;
    case "ComparisonExpression":
    case "IsExpression":
    case "IsDistinctFrom":
    case "InExpression":
    case "BetweenExpression":
    case "LikeExpression":
    case "QuantifiedLike":
      return COMPARISON;
    case "BinaryExpression":
      return BINARY;
    case "UnaryExpression":
    case "IntervalExpression":
      return UNARY;
    case "FunctionCall":
      return node.over === null ? POSTFIX : PRIMARY;
    case "PathExpression":
    case "FieldAccess":
    case "Subscript":
      return POSTFIX;
    case "Parameter":
      return node.name === null ? PRIMARY : POSTFIX;
    case "SubqueryExpression":
      return node.form === "SCALAR" ? POSTFIX : PRIMARY;
    default:
      return PRIMARY;
  }
}

export function literalValue(node: ValueLiteral): string {
  switch (node.kind) {
    case "IntegerLiteral":
    case "FloatLiteral":
      return node.text;
    case "StringLiteral":
    case "TypedLiteral":
    case "RangeLiteral":
      return escapeString(node.value, "'");
    case "BytesLiteral":
      return escapeBytes(node.value);
  }
}

/**
 * Built-in functions stay unquoted, as everybody writes them; what could be read as anything else is quoted. A keyword like IF
 * names a function only where an expression stands.
 */
export function functionName(parts: readonly Identifier[], inExpression = true): string {
  const alone = parts.length === 1;
  let text = "";
  for (const { name } of parts) {
    const upper = name.toUpperCase();
    const keyword = RESERVED_KEYWORDS.has(upper) && !(inExpression && alone && FUNCTION_KEYWORDS.has(upper));
    const call = !alone && CALLS_WITHOUT_PARENTHESES.has(upper);
    const special = text === "" && (call || SPECIAL_CALLS.has(upper));
    const printed = PLAIN_IDENTIFIER.test(name) && !keyword && !special ? name : backquote(name);
    text += text === "" ? printed : `.${printed}`;
  }
  return text;
}

export function datePart({ name, weekday }: DatePart): string {
  return weekday === null ? name : `${name}(${weekday})`;
}

export function interval(node: IntervalExpression, to: Printing): string {
  const value = operand(node.value, UNARY, to);
  return words("INTERVAL", value, to.node(node.part), node.toPart && `TO ${to.node(node.toPart)}`);
}

/** `name`: as the call names it. */
export function call(node: FunctionCall, name: string, to: Printing): string {
  const [first, ...rest] = node.arguments;
  const inside = words(
    node.distinct && "DISTINCT",
    to.list(node.chained ? rest : node.arguments),
    node.nulls && `${node.nulls} NULLS`,
    node.input && to.node(node.input),
    node.having && to.node(node.having),
    node.orderBy.length > 0 && `ORDER BY ${to.list(node.orderBy)}`,
    node.limit && `LIMIT ${to.node(node.limit)}`,
  );
  const before = node.chained && first !== undefined ? `${receiver(first, to)}.` : "";
  return words(`${before}${name}(${inside})`, node.over && `OVER ${to.node(node.over)}`);
}

/** The first argument of a chained call; a bare path before the dot would be read as part of the function's name. */
function receiver(first: Argument, to: Printing): string {
  const text = to.node(first);
  const bare = isExpression(first) && first.kind !== "PathExpression" && tightness(first) >= POSTFIX;
  return bare ? text : `(${text})`;
}

function isExpression(node: Argument): node is Expression {
  return node.kind !== "StarArgument" && node.kind !== "NamedArgument" && node.kind !== "LambdaArgument";
}

export function typeParameters(parameters: readonly Expression[], to: Printing): string {
  return parameters.map((node) => (node.kind === "PathExpression" ? "MAX" : to.node(node))).join(", ");
}
