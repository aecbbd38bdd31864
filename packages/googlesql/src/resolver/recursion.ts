/**
 * Recursive queries: the least flow that holds for the rows of the anchor, and for those that the recursive term makes of any
 * row. The term is resolved over what is known of its own rows until that adds nothing.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#with_recursive
 */
import { CONSTANT, closed, covers, decidedBy, transformed } from "../flow/flow.ts";
import type { Node, RecursionDepth } from "../tree.ts";
import { coerces, INT64, typeName } from "../types.ts";
import { resolveConstant } from "./constant.ts";
import type { Context } from "./context.ts";
import { type Column, fold, type Relation } from "./scope.ts";
import { combineRelations, type SetOperatorWritten } from "./set-operation.ts";

/** `term` gives the rows of the recursive term where the recursive name stands for the rows it is given. */
export function resolveRecursion(
  context: Context,
  written: SetOperatorWritten,
  anchor: Relation,
  term: (self: Relation) => Relation,
  node: Node,
): Relation {
  const { operator, match } = written;
  if (operator !== "UNION ALL" && operator !== "UNION DISTINCT") {
    return context.fail(
      "type",
      `A recursive query is a UNION of an anchor and a recursive term, not ${operator}`,
      node,
    );
  }
  const strict =
    match === null || (match.mode === null && match.form !== "CORRESPONDING" && match.columns.length === 0);
  if (!strict) return context.fail("type", "A recursive query matches columns by position, or by BY NAME alone", node);
  // The term's rows come under the anchor's columns, and put together what stood in different rows.
  context.forgetRows(anchor.columns);
  for (let known = closedRelation(anchor); ; ) {
    context.spendText(node);
    const step = ofTypes(context, anchor, term(known), match !== null, node);
    context.spendSources(
      step.columns.map(({ flow }) => flow),
      3,
      node,
    );
    const next = closedRelation(combineRelations(context, written, [known, step], node));
    if (coversRelation(known, next)) {
      // The number of passes is bounded, so that whether the recursion ends is answered by failing.
      context.failing.push(decidedBy(known.rows, known.implicit));
      return { ...known, repeated: true };
    }
    known = { ...next, columns: next.columns.map((column) => ({ ...column, written: "value" })) };
  }
}

/** The anchor's columns fix the types; those of the recursive term coerce to them. */
function ofTypes(context: Context, anchor: Relation, term: Relation, byName: boolean, node: Node): Relation {
  const types = new Map(anchor.columns.map((column) => [fold(column.name), column.type]));
  const columns = term.columns.map((column, i): Column => {
    const type = byName ? types.get(fold(column.name)) : anchor.columns[i]?.type;
    if (type === undefined) return column;
    if (!coerces(column.type, type, column.written)) {
      const from = typeName(column.type);
      const message = `Column ${i + 1} of the recursive term is ${from}, which isn't coerced to the anchor's ${typeName(type)}`;
      return context.fail("type", message, node);
    }
    return { ...column, type, written: "value" };
  });
  return { ...term, columns };
}

/** Where a relation's rows leave the query that could depend on enclosing rows. */
export function closedRelation(relation: Relation): Relation {
  const columns = relation.columns.map((column) => ({ ...column, flow: closed(column.flow) }));
  return { ...relation, columns, rows: closed(relation.rows) };
}

function coversRelation(known: Relation, next: Relation): boolean {
  return (
    next.columns.every((column, i) => {
      const before = known.columns[i];
      return before !== undefined && covers(before.flow, column.flow);
    }) &&
    covers(known.rows, next.rows) &&
    // What decided over the pass before decides over this one too.
    next.implicit.size === known.implicit.size
  );
}

/**
 * WITH DEPTH: how many passes it took to a row, as a column behind the others. It shows how many rows there were to go on from,
 * and what decided over them; the bounds leave rows out by that number.
 */
export function withDepth(context: Context, relation: Relation, depth: RecursionDepth): Relation {
  const name = depth.alias?.name ?? "depth";
  if (relation.valueTable) context.fail("type", "WITH DEPTH takes no SELECT AS STRUCT and no SELECT AS VALUE", depth);
  if (relation.columns.some((column) => fold(column.name) === fold(name))) {
    context.fail("name", `The column ${name} of WITH DEPTH has the name of another; give it an alias`, depth);
  }
  for (const bound of [depth.lower, depth.upper]) {
    if (bound !== null) resolveConstant(context, bound, INT64, "WITH DEPTH");
  }
  const flow = transformed([CONSTANT, relation.rows]);
  const column: Column = { name, type: INT64, written: "value", flow, id: context.freshId() };
  return { ...relation, columns: [...relation.columns, column] };
}
