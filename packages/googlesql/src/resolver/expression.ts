/** Types and flows of expressions: one case for each kind of the tree. */

import {
  chosenBy,
  either,
  type Flow,
  fieldFlow,
  NOTHING,
  ofOnePiece,
  ofPieces,
  piecesOf,
  shape,
  transformed,
} from "../flow/flow.ts";
import { isWithin } from "../functions/array-length.ts";
import { castMayFail, failsBeside, mayFail } from "../functions/failure.ts";
import { type Among, ANY_ROWS } from "../functions/magnitude.ts";
import { type Operator, operator } from "../functions/operator.ts";
import { matchSignature } from "../functions/signature.ts";
import type * as Tree from "../tree.ts";
import {
  BOOL,
  BYTES,
  casts,
  coerces,
  DATE,
  DATETIME,
  FLOAT64,
  INT64,
  INTERVAL,
  isComparable,
  isOrderable,
  JSON_TYPE,
  STRING,
  sameType,
  scalarType,
  TIME,
  type Type,
  typeName,
} from "../types.ts";
import { caseValue } from "./case-value.ts";
import { inAnyOrder, lazily } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { checkDatePart } from "./date-part.ts";
import { wholeExpression } from "./effects.ts";
import { resolveCall } from "./function-call.ts";
import { canBeLong, putTogether } from "./growth.ts";
import { integer, literal, made, parameter, text } from "./literal.ts";
import { compare, describe, expect, truth } from "./operand-types.ts";
import { fieldValue, resolvePath } from "./path.ts";
import { addName, type Column, frameOf, NO_RANGES, type Scope, type Value } from "./scope.ts";
import { array, struct, tuple } from "./struct-and-array.ts";
import { compared, subquery } from "./subquery-value.ts";
import { resolveSystemVariable } from "./system-variable.ts";
import { hasParameters, resolveTypeName } from "./type-name.ts";

export function resolveExpression(context: Context, node: Tree.Expression, scope: Scope): Value {
  if (!context.inExpression) return wholeExpression(context, () => resolveExpression(context, node, scope));
  const frame = frameOf(scope);
  const before = frame?.references.length ?? 0;
  const value = resolveKind(context, node, scope);
  context.spendWork(value, node);
  if (node.kind !== "PathExpression") context.trace?.expression(value.id, context.sql, node);
  // A whole expression that is a grouping key: the columns in it need not be keys themselves.
  if (frame?.keys.has(value.id)) frame.references.length = before;
  return value;
}

function resolveKind(context: Context, node: Tree.Expression, scope: Scope): Value {
  switch (node.kind) {
    case "NullLiteral":
      return made(INT64, NOTHING, context.idOf("NULL", []), "null");
    case "BooleanLiteral":
      return literal(context, BOOL, String(node.value));
    case "IntegerLiteral":
      return integer(context, node, false);
    case "FloatLiteral":
      return literal(context, FLOAT64, node.text);
    case "StringLiteral":
      return text(context, STRING, node.value);
    case "BytesLiteral":
      return text(context, BYTES, node.value);
    case "TypedLiteral": {
      const type = scalarType(node.type);
      if (type === undefined) return context.fail("name", `Type not found: ${node.type}`, node);
      return text(context, type, node.value);
    }
    case "RangeLiteral":
      return literal(context, resolveTypeName(context, node.type), node.value);
    case "PathExpression":
      return resolvePath(context, node.parts, scope, node);
    case "Parameter":
      return parameter(context, node);
    case "SystemVariable":
      return resolveSystemVariable(context, node);
    case "SubqueryExpression":
      return subquery(context, node, scope);
    case "WithExpression":
      return withExpression(context, node, scope);
    case "FunctionCall":
      return resolveCall(context, node, scope);
    case "DatePart":
      return context.fail("syntax", `Unexpected date part ${node.name}`, node);
    default:
      return resolveOperation(context, node, scope);
  }
}

/** Expressions with operands that are expressions of the same scope. */
type Operation = Exclude<
  Tree.Expression,
  | Tree.Literal
  | Tree.PathExpression
  | Tree.Parameter
  | Tree.SystemVariable
  | Tree.SubqueryExpression
  | Tree.WithExpression
  | Tree.FunctionCall
  | Tree.DatePart
>;

function resolveOperation(context: Context, node: Operation, scope: Scope): Value {
  const resolve = (e: Tree.Expression): Value => resolveExpression(context, e, scope);
  switch (node.kind) {
    case "FieldAccess":
      return fieldValue(context, resolve(node.operand), node.field);
    case "Subscript":
      context.consumed.add(node.operand);
      return subscript(context, node, resolve(node.operand), resolve(node.index));
    case "LogicalExpression": {
      const operands = node.operands.map((operand) => () => truth(context, operand, resolve, node.operator));
      return computed(context, BOOL, node.operator, inAnyOrder(context, operands));
    }
    case "NotExpression":
      return computed(context, BOOL, "NOT", [truth(context, node.operand, resolve, "NOT")]);
    case "UnaryExpression":
      return unary(context, node, resolve);
    case "BinaryExpression":
      return binary(context, node, resolve, context.sizes.among(frameOf(scope)));
    case "ComparisonExpression": {
      const operands = [resolve(node.left), resolve(node.right)];
      const ordering = node.operator !== "=" && node.operator !== "!=";
      compare(context, operands, node.operator, node, ordering ? isOrderable : isComparable);
      return computed(context, BOOL, node.operator, operands);
    }
    case "IsExpression": {
      const operand = resolve(node.operand);
      const name = `IS ${node.not} ${node.test}`;
      if (node.test === "NULL") return made(BOOL, transformed([shape(operand.flow)]), context.idOf(name, [operand.id]));
      expect(context, operand, BOOL, `IS ${node.test}`, node);
      return computed(context, BOOL, name, [operand]);
    }
    case "IsDistinctFrom": {
      const operands = [resolve(node.left), resolve(node.right)];
      compare(context, operands, "IS DISTINCT FROM", node, isComparable);
      return computed(context, BOOL, `DISTINCT ${node.not}`, operands);
    }
    case "InExpression": {
      const operands = compared(context, node.operand, node.source, scope, resolve);
      compare(context, operands, "IN", node, isComparable);
      return computed(context, BOOL, `IN ${node.not}`, operands);
    }
    case "BetweenExpression": {
      const operands = inAnyOrder(
        context,
        [node.operand, node.low, node.high].map((e) => () => resolve(e)),
      );
      compare(context, operands, "BETWEEN", node, isOrderable);
      return computed(context, BOOL, `BETWEEN ${node.not}`, operands);
    }
    case "LikeExpression": {
      const operands = [resolve(node.operand), resolve(node.pattern)];
      applyOperator(context, "OP_LIKE", operands, "LIKE", node, [node.operand, node.pattern]);
      return computed(context, BOOL, `LIKE ${node.not}`, operands);
    }
    case "QuantifiedLike": {
      const operands = compared(context, node.operand, node.patterns, scope, resolve);
      const written = node.patterns.kind === "ExpressionList" ? node.patterns.items : [];
      for (const [i, pattern] of operands.slice(1).entries()) {
        const parts = [node.operand, written[i] ?? null];
        applyOperator(context, "OP_LIKE", [...operands.slice(0, 1), pattern], "LIKE", node, parts);
      }
      return computed(context, BOOL, `LIKE ${node.quantifier} ${node.not}`, operands);
    }
    case "CaseExpression":
      return caseValue(context, node, resolve);
    case "CastExpression":
      return cast(context, node, resolve);
    case "ExtractExpression":
      return extract(context, node, resolve);
    case "IntervalExpression": {
      const operand = resolve(node.value);
      checkDatePart(context, node.part);
      if (node.toPart !== null) checkDatePart(context, node.toPart);
      expect(context, operand, node.toPart === null ? INT64 : STRING, "INTERVAL", node);
      context.failing.push(operand.flow);
      return computed(context, INTERVAL, `INTERVAL ${node.part.name} ${node.toPart?.name}`, [operand]);
    }
    case "StructExpression":
      return struct(context, node, resolve);
    case "TupleExpression":
      return tuple(context, node, resolve);
    case "ArrayExpression":
      return array(context, node, resolve);
    default: {
      const unreachable: never = node;
      return unreachable;
    }
  }
}

/** A BOOL, INT64 … that is computed from `operands`. */
function computed(context: Context, type: Type, name: string, operands: readonly Value[]): Value {
  const id = context.idOf(
    name,
    operands.map((o) => o.id),
  );
  return made(type, transformed(operands.map((o) => o.flow)), id);
}

function applyOperator(
  context: Context,
  name: Operator,
  operands: readonly Value[],
  written: string,
  node: Tree.Node,
  parts: readonly (Tree.Expression | null)[] = [],
  among: Among = ANY_ROWS,
): Type {
  const match = matchSignature(
    operator(name),
    operands.map((value) => ({ kind: "value", value, name: "" })),
  );
  const types = operands.map((operand) => operand.type);
  for (const [place, operand] of operands.entries())
    if (mayFail(name, place, types, parts, among) || failsBeside(name, place, parts))
      context.failing.push(operand.flow);
  return (
    match?.result ??
    context.fail(
      "type",
      `No matching signature for operator ${written} with ${operands.map(describe).join(", ")}`,
      node,
    )
  );
}

const UNARY: Readonly<Record<Tree.UnaryExpression["operator"], Operator>> = {
  "-": "OP_NEGATE",
  "+": "OP_PLUS",
  "~": "OP_COMPLEMENT",
};

function unary(context: Context, node: Tree.UnaryExpression, resolve: (e: Tree.Expression) => Value): Value {
  if (node.operator === "-" && node.operand.kind === "IntegerLiteral") return integer(context, node.operand, true);
  const operand = resolve(node.operand);
  const type = applyOperator(context, UNARY[node.operator], [operand], node.operator, node);
  const id = context.idOf(`unary ${node.operator}`, [operand.id]);
  return made(type, transformed([operand.flow]), id, operand.written === "literal" ? "literal" : "value");
}

const BINARY: Readonly<Record<Tree.BinaryExpression["operator"], Operator>> = {
  "||": "OP_JOIN",
  "+": "OP_ADD",
  "-": "OP_SUBTRACT",
  "*": "OP_MULTIPLY",
  "/": "OP_DIVIDE",
  "|": "OP_BITWISE",
  "^": "OP_BITWISE",
  "&": "OP_BITWISE",
  "<<": "OP_SHIFT",
  ">>": "OP_SHIFT",
};

function binary(
  context: Context,
  node: Tree.BinaryExpression,
  resolve: (e: Tree.Expression) => Value,
  among: Among,
): Value {
  const values = node.operands.map(resolve);
  const arrays = node.operator === "||" && values.some((v) => v.type.kind === "array");
  const name: Operator = arrays ? "OP_JOIN_ARRAYS" : BINARY[node.operator];
  /** The place of the last operand that may make it fail beside all those before. */
  let last = 0;
  const result = values.reduce((left, right, i) => {
    const before = context.failing.length;
    const parts = [i === 1 ? (node.operands[0] ?? null) : null, node.operands[i] ?? null];
    const type = applyOperator(context, name, [left, right], node.operator, node, parts, among);
    if (context.failing.length > before) last = i;
    return { flow: left.flow, type, id: context.idOf(node.operator, [left.id, right.id]), written: "value" };
  });
  // Of `a + b + c` what c is added to holds b too; its flow is a's alone.
  for (const { flow } of values.slice(1, last)) context.failing.push(flow);
  const flows = values.map((v) => v.flow);
  const shown = arrays ? either(flows) : transformed(flows);
  return { ...result, flow: node.operator === "||" ? putTogether(context, shown, flows) : shown };
}

function subscript(context: Context, node: Tree.Subscript, operand: Value, index: Value): Value {
  const id = context.idOf(`subscript ${node.accessor}`, [operand.id, index.id]);
  if (operand.type.kind === "array") {
    expect(context, index, INT64, "An array index", node);
    if (!node.accessor?.startsWith("SAFE_") && !isWithin(node)) context.failing.push(shape(operand.flow), index.flow);
    return made(operand.type.element, chosenBy(operand.flow, [index.flow]), id);
  }
  if (operand.type.kind === "scalar" && operand.type.name === "JSON" && node.accessor === null) {
    if (!coerces(index.type, INT64, index.written)) expect(context, index, STRING, "A JSON subscript", node);
    return made(JSON_TYPE, transformed([operand.flow, index.flow]), id);
  }
  return context.fail("type", `Subscript is not supported on ${describe(operand)}`, node);
}

function cast(context: Context, node: Tree.CastExpression, resolve: (e: Tree.Expression) => Value): Value {
  const operand = resolve(node.operand);
  const type = context.bounded(resolveTypeName(context, node.type), node);
  const extras = [node.format, node.timeZone].filter((e) => e !== null).map(resolve);
  for (const extra of extras) expect(context, extra, STRING, "CAST's FORMAT and AT TIME ZONE", node);
  if (!casts(operand.type, type, operand.written) && extras.length === 0) {
    return context.fail("type", `Invalid cast from ${describe(operand)} to ${typeName(type)}`, node);
  }
  const plain = extras.length === 0 && !hasParameters(node.type);
  // An element that can't be cast safely is NULL, and no result may hold one.
  const safe = node.safe && operand.type.kind === "scalar";
  if (!safe && !(plain && (sameType(operand.type, type) || !castMayFail(operand.type, type))))
    context.failBy([operand, ...extras].map((e) => e.flow));
  const flow = castFlow(
    operand,
    type,
    hasParameters(node.type),
    extras.map((e) => e.flow),
  );
  const operands = [operand, ...extras].map((v) => v.id);
  return made(
    type,
    castLong(operand, type, flow, extras.length > 0),
    context.idOf(`CAST ${node.safe} ${typeName(type)} ${hasParameters(node.type)}`, operands),
  );
}

/** A number has few digits; a FORMAT makes eight of each byte (BASE2), and nine letters of DAY. */
function castLong(operand: Value, to: Type, flow: Flow, formatted: boolean): Flow {
  if (!canBeLong(to)) return ofOnePiece(flow);
  if (formatted) return ofPieces(flow, piecesOf([flow]) * 8);
  return canBeLong(operand.type) ? flow : ofOnePiece(flow);
}

/** A STRUCT is cast field by field; every other cast computes a new value. */
function castFlow(operand: Pick<Value, "type" | "flow">, to: Type, changing: boolean, extras: readonly Flow[]): Flow {
  const from = operand.type;
  if (!changing && extras.length === 0 && sameType(from, to)) return operand.flow;
  if (from.kind === "struct" && to.kind === "struct" && operand.flow.fields !== null) {
    const fields = from.fields.map((field, i) => {
      const target = to.fields[i]?.type ?? field.type;
      return castFlow({ type: field.type, flow: fieldFlow(operand.flow, i) }, target, changing, extras);
    });
    return { ...operand.flow, fields };
  }
  return transformed([operand.flow, ...extras]);
}

const EXTRACTABLE: ReadonlySet<string> = new Set(["DATE", "DATETIME", "TIME", "TIMESTAMP", "INTERVAL"]);

function extract(context: Context, node: Tree.ExtractExpression, resolve: (e: Tree.Expression) => Value): Value {
  const operands = [resolve(node.from)];
  checkDatePart(context, node.part);
  const [from] = operands;
  if (from && from.written !== "null" && !EXTRACTABLE.has(typeName(from.type))) {
    context.fail("type", `EXTRACT is not supported on ${describe(from)}`, node);
  }
  if (node.timeZone !== null) {
    const zone = resolve(node.timeZone);
    expect(context, zone, STRING, "AT TIME ZONE", node);
    operands.push(zone);
    // In another zone the first and the last times of all are out of range.
    context.failBy(operands.map((o) => o.flow));
  }
  const part = node.part.name;
  const type = part === "DATE" ? DATE : part === "TIME" ? TIME : part === "DATETIME" ? DATETIME : INT64;
  return made(
    type,
    transformed(operands.map((o) => o.flow)),
    context.idOf(`EXTRACT ${part} ${node.part.weekday}`, [...operands.map((o) => o.id)]),
  );
}

function withExpression(context: Context, node: Tree.WithExpression, scope: Scope): Value {
  let inner = scope;
  for (const binding of node.bindings) {
    const seen = inner;
    const value = lazily(context, () => resolveExpression(context, binding.expression, seen));
    context.computed.push(value.flow);
    const column: Column = { ...value, name: binding.name.name, written: "value" };
    const names = new Map<string, Column | null>();
    addName(names, column);
    inner = { parent: inner, frame: null, ranges: NO_RANGES, names, commonTables: scope.commonTables, aliases: false };
  }
  return resolveExpression(context, node.result, inner);
}
