import {
  aggregated,
  chosenBy,
  copiesOf,
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
  structFlow,
  transformed,
  union,
  whole,
} from "../flow/flow.ts";
import type { FunctionEntry } from "../functions/signature.ts";
import type { Via } from "../plan.ts";
import type { FunctionCall } from "../tree.ts";
import { arrayOf, coerces, INT64, structOf, type Type } from "../types.ts";
import { ownRows, refuseBesideGroups } from "./aggregate-input.ts";
import { refuseModifiers } from "./call-modifiers.ts";
import { watched } from "./computed-if.ts";
import { resolveConstant } from "./constant.ts";
import type { Context } from "./context.ts";
import { canBeLong, gathers, gathersLong, givesLong } from "./growth.ts";
import { isNeverNull } from "./never-null.ts";
import { argumentFlows, match, noteFailing, type Passed, passArguments } from "./passed-arguments.ts";
import { type Frame, frameOf, type Scope, type Value } from "./scope.ts";
import { orderKeys, resolveWindow } from "./window.ts";

/** Aggregate and window functions: what they give depends on the rows of the query they stand in. */
export function overRows(
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
  const keys = [rows.keys, order, window.keys];
  frame.inWindow--;
  if (fails) noteOverWhichRows(context, keys);
  // A running total gives each value by its differences: with an order or a frame it is no statistic.
  const via = rows.via === "aggregate" && window.ordered ? "transform" : rows.via;
  return finish(context, rows, via, union(keys), frame);
}

/** What decides over which rows a function goes decides whether it fails: a sum over two rows of one ssn is too large, over one it isn't. */
function noteOverWhichRows(context: Context, keys: readonly ReadonlySet<SourceKey>[]): void {
  context.failing.push({ ...NOTHING, implicit: union(keys) });
}

/** The aggregates whose value is how many rows, or how many different values, there are. */
const COUNTS: ReadonlySet<string> = new Set(["COUNT", "COUNTIF", "APPROX_COUNT_DISTINCT"]);

/** However often its rows are repeated, the different values of one column stay as many. */
function countsOnce(name: string, values: readonly Flow[], node: FunctionCall): boolean {
  if (!node.distinct && name !== "APPROX_COUNT_DISTINCT") return false;
  const { explicit, constant } = whole(either(values));
  const [ways, more] = explicit.values();
  return more === undefined && !constant && isCopy(ways);
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
      values: [],
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
  const holdsNoNull = context.consumed.has(node) || node.nulls === "IGNORE" || isNeverNull(node.arguments[0]);
  if (name !== "ARRAY_AGG" || !holdsNoNull) noteFailing(context, name, passed, node, context.sizes.among(frame));
  if (node.nulls === "RESPECT" && found.result.kind === "array" && !context.consumed.has(node))
    context.failBy(argumentFlows(found, passed).values);
  const flows = argumentFlows(found, passed);
  if (gathers(name) && gathersLong(flows.values, node.arguments[1], frame)) context.failBy(flows.values);
  // How many elements there are says which of them were equal (as `SELECT DISTINCT` does), also where a mask shows but a part of each.
  const toldApart = node.distinct && found.result.kind === "array" ? flows.values.map(copiesOf) : [];
  return {
    type: found.result,
    via: entry.via,
    ...flows,
    keys: union([flows.keys, ...toldApart]),
    // Of how many rows, nobody knows.
    ...(gathers(name) || givesLong(name) ? { values: flows.values.map((value) => ofPieces(value, LONG)) } : {}),
    counts: COUNTS.has(name) && node.input === null && (!frame.repeated || countsOnce(name, flows.values, node)),
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
  // A number of elements that is none is an error, and so is a weight that is negative or NaN, which is one of the keys.
  context.failing.push(count.flow);
  const counted = [weight === null ? value.flow : weight.flow];
  const values = ofNoColumn(counted) ? [frame.rows] : counted;
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
    values: [],
    conditions: [],
    keys,
    counts: false,
    // As long as the last says, or shorter.
    fields: [ofPieces(value.flow, LONG), statistic].map((flow) => chosenBy(flow, [count.flow])),
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
