/** The SELECT list: its items with stars expanded, in order. */
import { type Flow, fieldFlow, keysOf, type SourceKey, structFlow } from "../flow/flow.ts";
import type { Expression, Node, SelectDotStar, SelectItem, SelectStar, StarReplacement } from "../tree.ts";
import { structOf, typeName } from "../types.ts";
import { requireGroupable } from "./clauses.ts";
import { lazily } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { resolveExpression } from "./expression.ts";
import { sideBySide } from "./growth.ts";
import { impliedName } from "./implied-name.ts";
import { namedRange, refuseArgument } from "./path.ts";
import { type Column, type Frame, fold, type Scope, type Value } from "./scope.ts";

/** One column of the SELECT list, with stars expanded; resolved when first asked for, and once. */
export interface Item {
  readonly name: string;
  readonly expression: Expression | null;
  /** Of a field, the STRUCT before the `.*` that gives it. */
  readonly whole?: Whole;
  value: Value | null;
  /** Computed from an aggregate or window function. */
  aggregated: boolean;
  /** Names in it that stand for something outside of the query. */
  outside: Frame["outside"];
}

export interface Whole {
  readonly expression: Expression;
  readonly flow: Flow;
}

/** The columns of the list, and a note of what each computes. */
export function itemColumns(
  context: Context,
  items: readonly Item[],
  scope: Scope,
  frame: Frame,
  node: Node,
): readonly Column[] {
  context.spendColumns(items.length, node);
  const columns = items.map((item) => {
    const value = resolveItem(context, item, scope, frame);
    if (item.expression !== null) context.sizes.note(value, item.expression, frame);
    if (item.expression !== null && item.expression.kind !== "PathExpression") context.computed.push(value.flow);
    return { ...value, name: item.name };
  });
  sideBySide(
    context,
    columns.map(({ flow }) => flow),
  );
  return columns;
}

export function resolveItem(context: Context, item: Item, scope: Scope, frame: Frame): Value {
  if (item.value !== null) return item.value;
  if (item.expression === null) return context.fail("unsupported", "An empty SELECT item", { start: 0 });
  const before = frame.aggregates;
  const { outside } = frame;
  frame.outside = item.outside;
  const { expression } = item;
  item.value = lazily(context, () => resolveExpression(context, expression, scope));
  item.outside = frame.outside;
  frame.outside = outside;
  item.aggregated = frame.aggregates > before;
  return item.value;
}

/** `columns` are what `*` expands to; null where there is no FROM. */
export function selectItems(
  context: Context,
  nodes: readonly SelectItem[],
  scope: Scope,
  columns: readonly Column[] | null,
  frame: Frame,
): Item[] {
  const items: Item[] = [];
  for (const item of nodes) {
    switch (item.kind) {
      case "SelectExpression":
        items.push({
          name: item.alias?.name ?? impliedName(item.expression),
          expression: item.expression,
          value: null,
          aggregated: false,
          outside: null,
        });
        break;
      case "SelectStar":
        if (columns === null) return context.fail("name", "SELECT * needs a FROM clause", item);
        items.push(...starItems(context, item, columns, [], frame));
        break;
      case "SelectDotStar": {
        const { outside } = frame;
        frame.outside = null;
        const made = dotStarItems(context, item, scope, frame);
        // What stands before the star sees the items before it.
        for (const first of made.slice(0, 1)) first.outside = frame.outside;
        frame.outside = outside;
        items.push(...made);
        break;
      }
      default: {
        const unreachable: never = item;
        return unreachable;
      }
    }
  }
  return items;
}

function dotStarItems(context: Context, node: SelectDotStar, scope: Scope, frame: Frame): Item[] {
  if (node.expression.kind === "PathExpression") {
    const range = namedRange(context, node.expression.parts, scope);
    if (range !== undefined && range.value === null) {
      for (const part of node.expression.parts) {
        refuseArgument(context, part);
        context.longNames.use(part, range);
      }
      return starItems(context, node, range.columns, [range.id], frame);
    }
  }
  const before = frame.aggregates;
  const value = resolveExpression(context, node.expression, scope);
  if (value.type.kind !== "struct" || value.type.fields.length === 0) {
    return context.fail("type", `Dot-star is not supported for type ${typeName(value.type)}`, node);
  }
  const columns = value.type.fields.map((field, i): Column => {
    const id = context.idOf("field", [value.id, fold(field.name)]);
    return { name: field.name, type: field.type, written: "value", flow: fieldFlow(value.flow, i), id };
  });
  context.noteParts(value, columns);
  return starItems(context, node, columns, [value.id], frame, {
    aggregated: frame.aggregates > before,
    whole: { expression: node.expression, flow: value.flow },
  });
}

/** Columns in order, without those of EXCEPT, with those of REPLACE put in place. `owners`: what they are the columns of. */
function starItems(
  context: Context,
  node: SelectStar | SelectDotStar,
  columns: readonly Column[],
  owners: readonly number[],
  frame: Frame,
  made: Pick<Item, "aggregated" | "whole"> = { aggregated: false },
): Item[] {
  const present = new Set(columns.map((c) => fold(c.name)));
  for (const name of [...node.except, ...node.replace.map((r) => r.name)]) {
    if (!present.has(fold(name.name))) {
      context.fail("name", `Column ${name.name} in EXCEPT or REPLACE is not a column of the star`, name);
    }
  }
  if (replacedTwice(node)) context.fail("name", "A column stands twice in EXCEPT and REPLACE", node);
  const replacements = new Map(node.replace.map((r): [string, StarReplacement] => [fold(r.name.name), r]));
  const except = new Set(node.except.map((name) => fold(name.name)));
  const kept = columns.filter((c) => !except.has(fold(c.name)));
  if (kept.length === 0) context.fail("name", "SELECT * EXCEPT leaves no column", node);
  return kept.map((column) => {
    const replacement = replacements.get(fold(column.name));
    if (replacement !== undefined) {
      return { name: column.name, expression: replacement.expression, value: null, aggregated: false, outside: null };
    }
    if (!made.aggregated) frame.references.push({ ids: [...owners, column.id], name: column.name, node });
    return { name: column.name, expression: null, value: column, outside: null, ...made };
  });
}

function replacedTwice(node: SelectStar | SelectDotStar): boolean {
  const names = [...node.except, ...node.replace.map((r) => r.name)].map((name) => fold(name.name));
  return new Set(names).size < names.length;
}

/** SELECT AS STRUCT and SELECT AS VALUE: the row as one value. */
export function rowColumn(context: Context, as: "STRUCT" | "VALUE", columns: readonly Column[], node: Node): Column {
  if (as === "VALUE") {
    const [value] = columns;
    if (value === undefined || columns.length > 1) {
      return context.fail("type", "SELECT AS VALUE takes exactly one column", node);
    }
    return { ...value, name: "" };
  }
  const type = structOf(columns.map((c) => ({ name: c.name, type: c.type })));
  return {
    name: "",
    type: context.bounded(type, node),
    written: "value",
    flow: structFlow(columns.map((c) => c.flow)),
    id: context.freshId(),
  };
}

/** DISTINCT: every column decides which rows there are. */
export function distinctKeys(
  context: Context,
  columns: readonly Column[],
  node: Node,
): readonly ReadonlySet<SourceKey>[] {
  requireGroupable(context, columns, "DISTINCT", node);
  return columns.map((column) => keysOf(column.flow));
}
