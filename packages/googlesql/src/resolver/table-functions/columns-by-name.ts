/** Table functions whose columns are taken by name: what Google's reference names and nothing else, in whichever order the function gives it. */
import type { Flow } from "../../flow/flow.ts";
import type { Node, TableFunctionCall } from "../../tree.ts";
import type { Type } from "../../types.ts";
import type { Context } from "../context.ts";
import { type Column, fold } from "../scope.ts";

export function made(context: Context, name: string, type: Type, flow: Flow): Column {
  return { name, type, written: "value", flow, id: context.freshId() };
}

/** What runs gives these columns by name: whatever else the function gives, and in which order, is not seen. */
export function takeByName(context: Context, node: TableFunctionCall, columns: readonly Column[]): void {
  // What the gateway writes into a view or a routine names them.
  if (context.inDefinition && context.namedCalls.has(node)) return;
  if (context.inDefinition) {
    const message =
      "In a view or a routine, which run as they were written, a function of a model is supported as (SELECT r.column, … FROM it AS r) only";
    context.fail("unsupported", message, node);
  }
  const names = columns.map(({ name }) => name);
  const known = context.calledColumns.get(node);
  // It is printed once.
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(names)) {
    context.fail("unsupported", "This function is given other columns each time it runs; name them", node);
  }
  context.calledColumns.set(node, names);
}

/** What stands twice, or may, would be either: the value of one under the sources of the other. */
export function requireDistinct(
  context: Context,
  name: string,
  own: readonly Column[],
  kept: readonly Column[],
  others: readonly string[],
  node: Node,
): void {
  const seen = new Set(
    kept.length === 0 ? [] : others.filter((other) => own.every(({ name }) => fold(name) !== other)),
  );
  for (const column of [...own, ...kept]) {
    if (column.name === "" || seen.has(fold(column.name))) {
      context.fail(
        "name",
        `${name} would give a column without a name, or two of one; name the columns it is given`,
        node,
      );
    }
    seen.add(fold(column.name));
  }
}
