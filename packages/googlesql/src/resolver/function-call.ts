/** Function calls: which function, whether it may stand there, what it gives and shows. */
import {
  aggregated,
  CONSTANT,
  chosenBy,
  decidedBy,
  either,
  type Flow,
  isCopy,
  keysOf,
  LONG,
  NOTHING,
  ofOnePiece,
  ofPieces,
  type SourceKey,
  shape,
  structFlow,
  transformed,
  union,
  whole,
} from "../flow/flow.ts";
import { functionNamed } from "../functions/catalogue.ts";
import { failsBeside, givesNulls, mayFail } from "../functions/failure.ts";
import { refusalReason } from "../functions/refused.ts";
import { type FunctionEntry, type Match, matchSignature, type PassedArgument } from "../functions/signature.ts";
import type { Via } from "../plan.ts";
import type { Argument, Expression, FunctionCall, NamedArgument } from "../tree.ts";
import { arrayOf, coerces, INT64, STRING, structOf, type Type, typeName } from "../types.ts";
import { ownRows, refuseBesideGroups } from "./aggregate-input.ts";
import { refuseModifiers } from "./call-modifiers.ts";
import { noteDeciders, watched } from "./computed-if.ts";
import { resolveConstant } from "./constant.ts";
import type { Context } from "./context.ts";
import { checkDatePart } from "./date-part.ts";
import { canBeLong, gathers, gathersLong, givesLong, grown } from "./growth.ts";
import { lambdaCall, takesLambda } from "./lambda-call.ts";
import { matchCall } from "./match-call.ts";
import { asksModel, noteModelCall, refuseModelOptions } from "./model-call.ts";
import { isNeverNull } from "./never-null.ts";
import { privateAggregate } from "./private-aggregate.ts";
import { namesRoutine, routineCall } from "./routine-call.ts";
import { type Frame, frameOf, type Scope, type Value } from "./scope.ts";
import { temporaryCall, temporaryFunction } from "./temporary-function.ts";
import { orderKeys, resolveWindow } from "./window.ts";

/** Functions whose result depends on more than their arguments. */
const VOLATILE: ReadonlySet<string> = new Set(["RAND", "GENERATE_UUID", "AEAD.ENCRYPT"]);

const TOP: ReadonlySet<string> = new Set(["APPROX_TOP_COUNT", "APPROX_TOP_SUM"]);

const NORMALIZATION_MODES: ReadonlySet<string> = new Set(["NFC", "NFKC", "NFD", "NFKD"]);

export function resolveCall(context: Context, node: FunctionCall, scope: Scope): Value {
  const frame = frameOf(scope);
  const ofMatch = frame?.match ? matchCall(context, frame.match, node, scope, frame) : undefined;
  if (ofMatch !== undefined) return ofMatch;
  if (namesRoutine(node.name)) return routineCall(context, node, scope);
  const temporary = temporaryFunction(context, node);
  if (temporary !== undefined) return temporaryCall(context, temporary, node, scope);
  const written = node.name.map((part) => part.name.toUpperCase());
  const safe = written.length > 1 && written[0] === "SAFE";
  const name = (safe ? written.slice(1) : written).join(".");
  if (name === "ERROR") return errorCall(context, node, scope);
  if (takesLambda(name, node)) return lambdaCall(context, name, node, scope, safe);
  const entry = functionNamed(name);
  if (frame?.private && (entry === undefined ? TOP.has(name) : entry.kind !== "scalar")) {
    if (safe) return context.fail("unsupported", `SAFE is not supported with ${name}`, node);
    return privateAggregate(context, name, node, scope, frame);
  }
  if (entry === undefined && !TOP.has(name)) {
    const reason = refusalReason(name);
    if (reason !== undefined) return context.fail("unsupported", `${name} is not supported: ${reason}`, node);
    return context.fail("name", `Function not found: ${name}; only built-in functions the gateway knows can run`, node);
  }
  if (entry?.kind === "scalar") return scalarCall(context, entry, node, scope, safe);
  if (safe) return context.fail("unsupported", `SAFE is not supported with ${name}`, node);
  return overRows(context, name, entry, node, scope);
}

interface Passed {
  readonly arguments: readonly PassedArgument[];
  /** One for each argument; null for a date part or mode. */
  readonly values: readonly (Value | null)[];
  /** Whether something in the argument can fail. */
  readonly fails: readonly boolean[];
}

function passArguments(context: Context, name: string, args: readonly Argument[], scope: Scope): Passed {
  const passed: PassedArgument[] = [];
  const values: (Value | null)[] = [];
  const fails: boolean[] = [];
  for (const argument of args) {
    if (argument.kind === "StarArgument") return context.fail("type", `${name} doesn't take *`, argument);
    const expression = argument.kind === "NamedArgument" ? argument.value : argument;
    if (expression.kind === "LambdaArgument") {
      return context.fail("type", `${name} doesn't take a lambda`, argument);
    }
    if (expression.kind === "TableArgument" || expression.kind === "ModelArgument") {
      return context.fail("unsupported", "Table and model arguments are not supported", argument);
    }
    if (expression.kind === "DatePart") {
      checkDatePart(context, expression);
      passed.push({ kind: "part" });
      values.push(null);
    } else if (isMode(name, expression, values.length)) {
      passed.push({ kind: "mode" });
      values.push(null);
    } else {
      const part = watched(context, () => context.expression(context, expression, scope));
      const value = part.made;
      passed.push({ kind: "value", value, name: argument.kind === "NamedArgument" ? argument.name.name : "" });
      values.push(value);
      fails[values.length - 1] = part.fails;
    }
  }
  return { arguments: passed, values, fails };
}

function isMode(name: string, argument: Expression, index: number): boolean {
  return (
    index === 1 &&
    name.startsWith("NORMALIZE") &&
    argument.kind === "PathExpression" &&
    argument.parts.length === 1 &&
    NORMALIZATION_MODES.has(argument.parts[0]?.name.toUpperCase() ?? "")
  );
}

function match(context: Context, entry: FunctionEntry, passed: Passed, node: FunctionCall): Match {
  const found = matchSignature(entry, passed.arguments);
  if (found !== undefined) return found;
  const types = passed.values.map((v) =>
    v === null ? "a date part" : v.written === "null" ? "NULL" : typeName(v.type),
  );
  return context.fail("type", `No matching signature for function ${entry.name}(${types.join(", ")})`, node);
}

interface ArgumentFlows {
  readonly values: readonly Flow[];
  readonly conditions: readonly Flow[];
  readonly keys: ReadonlySet<SourceKey>;
}

function argumentFlows(found: Match, passed: Passed): ArgumentFlows {
  const values: Flow[] = [];
  const conditions: Flow[] = [];
  const keys: ReadonlySet<SourceKey>[] = [];
  for (const [i, value] of passed.values.entries()) {
    if (value === null) continue;
    const flow = found.flows[i];
    if (flow === "key") keys.push(keysOf(value.flow));
    else if (flow === "condition") conditions.push(value.flow);
    else values.push(value.flow);
    if (flow === "compared") keys.push(keysOf(value.flow));
  }
  return { values, conditions, keys: union(keys) };
}

function callId(context: Context, name: string, node: FunctionCall, passed: Passed): number {
  if (VOLATILE.has(name)) return context.freshId();
  const operands = node.arguments.map((argument, i) => {
    const expression = argument.kind === "NamedArgument" ? argument.value : argument;
    const label = argument.kind === "NamedArgument" ? `${argument.name.name.toLowerCase()}=>` : "";
    if (expression.kind === "DatePart") return `${label}${expression.name} ${expression.weekday ?? ""}`;
    if (expression.kind === "PathExpression" && !passed.values[i]) return expression.parts[0]?.name.toUpperCase() ?? "";
    const id = passed.values[i]?.id ?? 0;
    return label === "" ? id : `${label}${id}`;
  });
  return context.idOf(`call ${name}`, operands);
}

function noteFailing(context: Context, name: string, passed: Passed, node: FunctionCall): void {
  const types = passed.values.map((value) => value?.type ?? null);
  const written = node.arguments.map((argument) => {
    const value = argument.kind === "NamedArgument" ? argument.value : argument;
    return isExpression(value) ? value : null;
  });
  for (const [i, value] of passed.values.entries()) {
    const given = passed.arguments[i];
    const place = given?.kind === "value" && given.name !== "" ? -1 : i;
    if (value === null) continue;
    if (mayFail(name, place, types, written) || failsBeside(name, place, written)) context.failing.push(value.flow);
  }
}

function isExpression(argument: Argument | NamedArgument["value"]): argument is Expression {
  return !["StarArgument", "NamedArgument", "LambdaArgument", "TableArgument", "ModelArgument"].includes(argument.kind);
}

/** Arguments that decide whether others, in which something can fail, are computed. */
function decidersOf(name: string, { values, fails }: Passed): readonly (Value | null)[] {
  const last = fails.lastIndexOf(true);
  switch (name) {
    case "COALESCE":
    case "IFNULL":
      return values.slice(0, Math.max(0, last));
    case "IF":
      return last > 0 ? values.slice(0, 1) : [];
    default:
      return [];
  }
}

function scalarCall(context: Context, entry: FunctionEntry, node: FunctionCall, scope: Scope, safe: boolean): Value {
  refuseModifiers(context, entry.name, node, []);
  if (asksModel(entry.name)) refuseModelOptions(context, entry, node);
  const passed = passArguments(context, entry.name, node.arguments, scope);
  const found = match(context, entry, passed, node);
  noteDeciders(
    context,
    decidersOf(entry.name, passed).filter((value) => value !== null),
  );
  if (!safe || givesNulls(entry.name)) noteFailing(context, entry.name, passed, node);
  const { values, conditions, keys } = argumentFlows(found, passed);
  if (asksModel(entry.name)) {
    if (safe) return context.fail("unsupported", `SAFE is not supported with ${entry.name}`, node);
    noteModelCall(context, entry.name, node, values);
  }
  const shown =
    entry.name === "ARRAY_LENGTH"
      ? transformed(values.map(shape))
      : entry.via === "copy"
        ? either(values)
        : values.length === 0
          ? CONSTANT
          : transformed(values);
  const made = grown(context, entry.name, node, found.result, shown, values, safe);
  const written = entry.via === "copy" && passed.values.every((v) => v?.written === "null") ? "null" : "value";
  return {
    type: found.result,
    written,
    flow: decidedBy(chosenBy(made, conditions), keys),
    id: callId(context, node.name.map((p) => p.name.toUpperCase()).join("."), node, passed),
  };
}

/** ERROR(message): the message leaves by the error, wherever the value goes. */
function errorCall(context: Context, node: FunctionCall, scope: Scope): Value {
  refuseModifiers(context, "ERROR", node, []);
  const passed = passArguments(context, "ERROR", node.arguments, scope);
  const [message] = passed.values;
  if (passed.values.length !== 1 || !message || !coerces(message.type, STRING, message.written)) {
    return context.fail("type", "ERROR takes one STRING", node);
  }
  context.errors.push(message.flow);
  return { type: INT64, written: "null", flow: transformed([message.flow]), id: context.freshId() };
}

/** Aggregate and window functions: what they give depends on the rows of the query they stand in. */
function overRows(
  context: Context,
  name: string,
  entry: FunctionEntry | undefined,
  node: FunctionCall,
  scope: Scope,
): Value {
  const frame = frameOf(scope);
  if (frame === null) return context.fail("type", `${name} needs a query around it`, node);
  if (node.over === null && entry?.kind === "window") {
    return context.fail("type", `Window function ${name} needs an OVER clause`, node);
  }
  return node.over === null
    ? aggregateCall(context, name, entry, node, scope, frame)
    : windowCall(context, name, entry, node, scope, frame);
}

function aggregateCall(
  context: Context,
  name: string,
  entry: FunctionEntry | undefined,
  node: FunctionCall,
  scope: Scope,
  frame: Frame,
): Value {
  refuseModifiers(context, name, node, [
    "DISTINCT",
    "IGNORE NULLS",
    "WHERE",
    "GROUP BY",
    "HAVING",
    "ORDER BY",
    "LIMIT",
  ]);
  if (frame.inAggregate > 0 && !frame.ofGroups)
    return context.fail("type", "Aggregations of aggregations are not allowed", node);
  if (frame.phase !== "select" && frame.phase !== "having") {
    return context.fail("type", `Aggregate function ${name} is not allowed here`, node);
  }
  frame.aggregates++;
  frame.inAggregate++;
  if (node.input !== null) refuseBesideGroups(context, name, node.input, node);
  const within = frame.ofGroups;
  frame.ofGroups = false;
  const own = ownRows(context, node.input, scope, frame);
  const { made: rows, fails } = watched(context, () => rowsOf(context, name, entry, node, scope, frame));
  const keys = [rows.keys, orderKeys(context, node.orderBy, scope)];
  if (own !== null) keys.push(own);
  if (node.having !== null) keys.push(keysOf(context.expression(context, node.having.expression, scope).flow));
  if (node.limit !== null) resolveConstant(context, node.limit, INT64, `LIMIT of ${name}`);
  frame.inAggregate--;
  frame.ofGroups = within;
  if (fails) noteOverWhichRows(context, keys);
  // HAVING MAX can narrow the group to one row, whose sum is its value.
  const via = rows.via === "aggregate" && node.having !== null ? "transform" : rows.via;
  return finish(context, rows, via, union(keys), frame);
}

function windowCall(
  context: Context,
  name: string,
  entry: FunctionEntry | undefined,
  node: FunctionCall,
  scope: Scope,
  frame: Frame,
): Value {
  refuseModifiers(context, name, node, ["DISTINCT", "IGNORE NULLS", "OVER", "ORDER BY", "LIMIT"]);
  if (node.over === null) return context.fail("type", "OVER is missing", node);
  if ((frame.phase !== "select" && frame.phase !== "piped") || frame.inAggregate > 0 || frame.inWindow > 0) {
    return context.fail("type", `Window function ${name} is allowed only in SELECT, QUALIFY and ORDER BY`, node);
  }
  frame.inWindow++;
  const { made: rows, fails } = watched(context, () => rowsOf(context, name, entry, node, scope, frame));
  const order = orderKeys(context, node.orderBy, scope);
  if (node.limit !== null) resolveConstant(context, node.limit, INT64, `LIMIT of ${name}`);
  const window = resolveWindow(context, node.over, scope, frame);
  frame.inWindow--;
  if (fails) noteOverWhichRows(context, [rows.keys, order, window.keys]);
  // A running total gives each value by its differences: with an order or a frame it is no statistic.
  const via = rows.via === "aggregate" && window.ordered ? "transform" : rows.via;
  return finish(context, rows, via, union([rows.keys, order, window.keys]), frame);
}

/** What decides over which rows a function goes decides whether it fails: a sum over two rows of one ssn is too large, over one it isn't. */
function noteOverWhichRows(context: Context, keys: readonly ReadonlySet<SourceKey>[]): void {
  context.failing.push({ ...NOTHING, implicit: union(keys) });
}

/** The aggregates whose value is how many rows, or how many different values, there are. */
const COUNTS: ReadonlySet<string> = new Set(["COUNT", "COUNTIF", "APPROX_COUNT_DISTINCT"]);

/** However often its rows are repeated, the different values of one column stay as many. */
function countsOnce(name: string, passed: Passed, node: FunctionCall): boolean {
  const [value] = passed.values;
  if (!value || !(node.distinct || name === "APPROX_COUNT_DISTINCT")) return false;
  const { explicit, constant } = whole(value.flow);
  const [ways, ...more] = explicit.values();
  return ways !== undefined && more.length === 0 && !constant && isCopy(ways);
}

interface OverRows {
  readonly type: Type;
  readonly via: Via;
  readonly values: readonly Flow[];
  readonly conditions: readonly Flow[];
  readonly keys: ReadonlySet<SourceKey>;
  /** COUNT and its like. */
  readonly counts: boolean;
  /** For the functions whose result is a STRUCT of its own. */
  readonly fields: readonly Flow[] | null;
}

function rowsOf(
  context: Context,
  name: string,
  entry: FunctionEntry | undefined,
  node: FunctionCall,
  scope: Scope,
  frame: Frame,
): OverRows {
  if (name === "COUNT" && node.arguments.length === 1 && node.arguments[0]?.kind === "StarArgument") {
    if (node.distinct) context.fail("type", "COUNT(*) doesn't take DISTINCT", node);
    return {
      type: INT64,
      via: "aggregate",
      values: [frame.rows],
      conditions: [],
      keys: new Set(),
      counts: !frame.repeated && node.input === null,
      fields: null,
    };
  }
  const passed = passArguments(context, name, node.arguments, scope);
  if (entry === undefined) return topValues(context, name, passed, node, frame);
  const found = match(context, entry, passed, node);
  // An array that holds NULL can't be a result.
  const holdsNoNull = name === "ARRAY_AGG" && (node.nulls === "IGNORE" || isNeverNull(node.arguments[0]));
  if (!holdsNoNull) noteFailing(context, name, passed, node);
  if (node.nulls === "RESPECT" && found.result.kind === "array")
    context.failing.push(...argumentFlows(found, passed).values);
  const flows = argumentFlows(found, passed);
  if (gathers(name) && gathersLong(flows.values, node.arguments[1], frame.repeated))
    context.failing.push(...flows.values);
  return {
    type: found.result,
    via: entry.via,
    ...flows,
    // Of how many rows, nobody knows.
    ...(gathers(name) || givesLong(name) ? { values: flows.values.map((value) => ofPieces(value, LONG)) } : {}),
    counts: COUNTS.has(name) && node.input === null && (!frame.repeated || countsOnce(name, passed, node)),
    fields: null,
  };
}

/** APPROX_TOP_COUNT(x, n), APPROX_TOP_SUM(x, weight, n): values as they are, each with its statistic. */
function topValues(context: Context, name: string, passed: Passed, node: FunctionCall, frame: Frame): OverRows {
  const [value, second, third] = passed.values;
  const weight = name === "APPROX_TOP_SUM" ? second : null;
  const count = name === "APPROX_TOP_SUM" ? third : second;
  const arity = name === "APPROX_TOP_SUM" ? 3 : 2;
  if (!value || !count || weight === undefined || passed.values.length !== arity) {
    return context.fail("type", `${name} takes ${arity} arguments`, node);
  }
  if (!coerces(count.type, INT64, count.written)) context.fail("type", `${name} takes an INT64 as its last`, node);
  // A negative weight is an error, and so is NaN; a number of elements, what is none.
  context.failing.push(count.flow, ...(weight === null ? [] : [weight.flow]));
  const counted = [weight === null ? value.flow : weight.flow];
  const values = ofNoColumn(counted) ? [...counted, frame.rows] : counted;
  const statistic = aggregated(values, frame.depth, weight === null && !frame.repeated ? "count" : "other");
  const type = arrayOf(
    structOf([
      { name: "value", type: value.type },
      weight === null ? { name: "count", type: INT64 } : { name: "sum", type: weight.type },
    ]),
  );
  const keys = union([weight === null ? new Set() : keysOf(weight.flow), keysOf(value.flow)]);
  return {
    type: context.bounded(type, node),
    via: "copy",
    values: [value.flow],
    conditions: [],
    keys,
    counts: false,
    // As long as the last says, or shorter.
    fields: [ofPieces(value.flow, LONG), statistic].map((flow) =>
      chosenBy(flow, keysOf(count.flow).size === 0 ? [] : [count.flow]),
    ),
  };
}

/** COUNT(1), SUM(1), RANK(), the sums of APPROX_TOP_SUM(x, 1, 3) tell nothing but how many rows there are. */
function ofNoColumn(values: readonly Flow[]): boolean {
  return values.every((value) => whole(value).explicit.size === 0);
}

function finish(context: Context, rows: OverRows, via: Via, keys: ReadonlySet<SourceKey>, frame: Frame): Value {
  let shown: Flow;
  if (rows.fields !== null) shown = structFlow(rows.fields);
  else {
    const bare = ofNoColumn(rows.values);
    const values = bare ? [...rows.values, frame.rows] : rows.values;
    shown =
      via === "aggregate"
        ? aggregated(values, frame.depth, rows.counts ? "count" : "other")
        : via === "copy"
          ? either(bare ? [...rows.values, transformed([frame.rows])] : values)
          : transformed(values);
  }
  return {
    type: rows.type,
    written: "value",
    flow: decidedBy(chosenBy(canBeLong(rows.type) ? shown : ofOnePiece(shown), rows.conditions), keys),
    id: context.freshId(),
  };
}
