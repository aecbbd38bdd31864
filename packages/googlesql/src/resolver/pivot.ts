/**
 * PIVOT: a column for each value of the input, in place of a row for each. The columns that neither the aggregates nor the input
 * name are what the rows are grouped by.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#pivot_operator
 */
import { chosenBy, keysOf, NOTHING, picked, type SourceKey, union } from "../flow/flow.ts";
import { functionNamed } from "../functions/catalogue.ts";
import type { Node, Pivot, PivotExpression } from "../tree.ts";
import { typeName } from "../types.ts";
import { requireGroupable } from "./clauses.ts";
import { watched } from "./computed-if.ts";
import { resolveConstant } from "./constant.ts";
import type { Context } from "./context.ts";
import { eachColumn } from "./each-column.ts";
import { newFrame } from "./frame.ts";
import { pivotedName } from "./pivot-name.ts";
import {
  type Column,
  type Frame,
  type FromClause,
  fold,
  NO_RANGES,
  namesOf,
  type RangeVariable,
  type Scope,
  type Value,
} from "./scope.ts";

/** `outer` is a scope of the query without names of its FROM; without `alias` the rows get no name. */
export function pivoted(
  context: Context,
  from: FromClause,
  pivot: Pivot,
  alias: string,
  outer: Scope,
  node: Node,
): FromClause {
  refuseValueRows(context, from, "PIVOT", node);
  const frame: Frame = { ...newFrame(outer.parent), used: new Set() };
  const scope = scopeOfRows(from, frame, outer);
  const input = context.expression(context, pivot.input, scope);
  requireGroupable(context, [input], "FOR in PIVOT", pivot.input);
  for (const value of pivot.values) resolveConstant(context, value.expression, input.type, "IN in PIVOT");

  // Each aggregate sees a row, and that there is one, only where the input has that column's value.
  const chosen = eachColumn(from, (column) => ({ ...column, flow: chosenBy(column.flow, [input.flow]) }));
  const narrowed = scopeOfRows(chosen, frame, outer);
  frame.rows = chosenBy(from.rows, [input.flow]);
  frame.repeated = from.repeated;
  frame.phase = "select";
  const { made: aggregates, fails } = watched(context, () =>
    pivot.aggregates.map((aggregate) => aggregateOf(context, aggregate, narrowed)),
  );
  if (fails) context.failing.push(input.flow);
  for (const { flow } of [input, ...aggregates]) context.computed.push(flow);

  const rows = [...from.ranges.values()].filter((range) => frame.used?.has(range.id));
  const used = new Set(rows.flatMap((range) => range.columns));
  const groups = from.columns.filter((column) => !frame.used?.has(column.id) && !used.has(column));
  requireGroupable(context, groups, "A column that PIVOT groups by", node);
  const decided: ReadonlySet<SourceKey> = union([from.implicit, ...groups.map((column) => keysOf(column.flow))]);
  const made = pivotColumns(context, pivot, input, aggregates);
  context.spendColumns(groups.length + made.length, node);
  // Without anything to group by there is one row, whatever there was.
  const oneRow = groups.length === 0;
  const columns = [...groups, ...made].map(
    (column): Column => ({
      ...column,
      flow: oneRow ? picked(column.flow) : column.flow,
      written: "value",
      id: context.freshId(),
    }),
  );
  const exists = oneRow ? NOTHING : from.rows;
  return underAlias(context, columns, alias, { implicit: decided, rows: exists, repeated: from.repeated });
}

function aggregateOf(context: Context, { expression }: PivotExpression, scope: Scope): Value {
  const refuse = () =>
    context.fail("type", "PIVOT takes calls of aggregate functions, and nothing around them", expression);
  if (expression.kind !== "FunctionCall" || expression.over !== null) return refuse();
  const name = expression.name.map((part) => part.name.toUpperCase()).join(".");
  if (functionNamed(name)?.kind !== "aggregate") return refuse();
  return context.expression(context, expression, scope);
}

/** For each value in order, each aggregate in order. */
function pivotColumns(context: Context, pivot: Pivot, input: Value, aggregates: readonly Value[]): readonly Column[] {
  context.spendColumns(pivot.values.length * aggregates.length, pivot);
  const names = new Set<string>();
  return pivot.values.flatMap((value) =>
    aggregates.map((aggregate, i): Column => {
      const { alias } = pivot.aggregates[i] ?? { alias: null };
      if (alias === null && aggregates.length > 1) {
        return context.fail("name", "Each of several aggregates in PIVOT needs an alias", value);
      }
      const name = pivotedName(alias?.name ?? null, value, input.type);
      if (name === null) {
        const message = `A value of type ${typeName(input.type)} in PIVOT names its column by its digits; give it an alias`;
        return context.fail("name", message, value);
      }
      // The name is made of a literal's value, which no message holds (I9).
      if (names.has(fold(name))) context.fail("name", "PIVOT makes two columns of one name; give them aliases", value);
      names.add(fold(name));
      context.noteName(name, value);
      return { ...aggregate, name };
    }),
  );
}

/** Rows that are one value each, such as an array's elements, have no columns to turn. */
export function refuseValueRows(context: Context, from: FromClause, operator: string, node: Node): void {
  if ([...from.ranges.values()].some((range) => range.value !== null)) {
    context.fail("type", `${operator} is not supported on the elements of an array or on value tables`, node);
  }
}

function scopeOfRows(from: FromClause, frame: Frame, outer: Scope): Scope {
  const { parent, commonTables } = outer;
  return { parent, frame, ranges: from.ranges, names: from.names, commonTables, aliases: false };
}

/** Columns that stand beside each other, under a name where there is one. */
export function underAlias(
  context: Context,
  columns: readonly Column[],
  alias: string,
  rows: Pick<FromClause, "implicit" | "rows" | "repeated">,
): FromClause {
  const range: RangeVariable = { name: alias, columns, value: null, id: context.freshId() };
  const ranges = alias === "" ? NO_RANGES : new Map([[fold(alias), range]]);
  return { columns, ranges, names: namesOf(columns), ...rows };
}
