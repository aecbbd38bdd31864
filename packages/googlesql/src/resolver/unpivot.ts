/**
 * UNPIVOT: a row for each of several columns, in place of columns side by side. The new row names the column by a constant; that
 * it is there tells whether the column was NULL, unless rows with NULL are included.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#unpivot_operator
 */
import { CONSTANT, either, keysOf, shape, union } from "../flow/flow.ts";
import type { Node, PathExpression, Unpivot, UnpivotColumns } from "../tree.ts";
import { INT64, STRING, sameType, typeName } from "../types.ts";
import type { Context } from "./context.ts";
import { refuseValueRows, underAlias } from "./pivot.ts";
import { type Column, type FromClause, fold } from "./scope.ts";

/** Without `alias` the rows get no name. */
export function unpivoted(context: Context, from: FromClause, unpivot: Unpivot, alias: string, node: Node): FromClause {
  refuseValueRows(context, from, "UNPIVOT", node);
  const groups = unpivot.columns.map((group) => group.columns.map((path) => columnAt(context, from, path)));
  const turned = new Set(groups.flat().map((column) => column.id));
  if (turned.size < groups.flat().length) context.fail("name", "A column stands twice in IN of UNPIVOT", node);
  if (groups.some((group) => group.length !== unpivot.values.length)) {
    context.fail("type", "Each group of columns in UNPIVOT has as many as there are columns for their values", node);
  }
  const values = unpivot.values.map(({ name }, place): Column => {
    const cells = groups.flatMap((group) => group[place] ?? []);
    const [first] = cells;
    if (first === undefined) return context.fail("type", "UNPIVOT has no columns", node);
    const other = cells.find((cell) => !sameType(cell.type, first.type));
    if (other !== undefined) {
      const types = `${typeName(first.type)} and ${typeName(other.type)}`;
      return context.fail("type", `Columns in UNPIVOT have the types ${types}; cast them to one`, node);
    }
    return {
      name,
      type: first.type,
      written: "value",
      flow: either(cells.map((cell) => cell.flow)),
      id: context.freshId(),
    };
  });
  const label: Column = {
    name: unpivot.name.name,
    type: labelType(context, unpivot.columns),
    written: "value",
    flow: CONSTANT,
    id: context.freshId(),
  };
  const kept = from.columns.filter((column) => !turned.has(column.id)).map((c) => ({ ...c, id: context.freshId() }));
  const columns = [...kept, ...values, label];
  context.spendColumns(columns.length, node);
  const present = unpivot.nulls === "INCLUDE" ? [] : groups.flat().map((column) => keysOf(shape(column.flow)));
  const implicit = union([from.implicit, ...present]);
  return underAlias(context, columns, alias, { implicit, rows: from.rows, repeated: true });
}

/** `column` or `table.column`; no field of one. */
function columnAt(context: Context, from: FromClause, path: PathExpression): Column {
  const [first, second, more] = path.parts;
  if (first === undefined || more !== undefined) {
    return context.fail("type", "UNPIVOT takes columns of the table, not fields or expressions", path);
  }
  const range = from.ranges.get(fold(first.name));
  if (range !== undefined && second !== undefined) context.longNames.useIn(from, first, range);
  else context.longNames.hide(first.name, from.ranges);
  const named = second ?? first;
  const found =
    second === undefined
      ? [from.names.get(fold(first.name))]
      : (range?.columns.filter((column) => fold(column.name) === fold(second.name)) ?? []);
  const [column, ambiguous] = found;
  if (column === null || ambiguous !== undefined) {
    return context.fail("name", `Column name ${named.name} is ambiguous; qualify it with its table`, path);
  }
  return column ?? context.fail("name", `Unrecognized name in UNPIVOT: ${named.name}`, path);
}

/** All strings, written or made of the columns' names, or all whole numbers. */
function labelType(context: Context, columns: readonly UnpivotColumns[]): typeof STRING | typeof INT64 {
  const numbers = columns.filter((group) => group.label?.kind === "IntegerLiteral");
  if (numbers.length === 0) return STRING;
  if (numbers.length < columns.length) {
    return context.fail("type", "Labels in UNPIVOT are all strings or all whole numbers", columns[0] ?? { start: 0 });
  }
  return INT64;
}
