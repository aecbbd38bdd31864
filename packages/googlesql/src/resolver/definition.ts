/** Queries that the catalog holds: a view's, a table function's. */
import { parse } from "../parser/parse.ts";
import { resultColumns, resultType } from "../plan-statement.ts";
import { SqlError } from "../sql-error.ts";
import type { Node, Query } from "../tree.ts";
import { sameType, type Type } from "../types.ts";
import { wholeTree } from "../visitor.ts";
import type { Context } from "./context.ts";
import { requireKnown } from "./known.ts";
import { closedRelation } from "./recursion.ts";
import type { Column, CommonTables, Relation } from "./scope.ts";
import { noteNames, requireResolved } from "./whole-text.ts";

/** Each read once, for as long as the catalog gives the same resource. */
const QUERIES = new WeakMap<object, Query>();

/** @throws SqlError in the definition's own text */
export function queryOf(resource: object, sql: string): Query {
  const known = QUERIES.get(resource);
  if (known !== undefined) return known;
  const tree = parse(sql);
  requireKnown(sql, tree);
  const [statement] = tree.statements;
  if (statement?.kind !== "QueryStatement") throw new SqlError("unsupported", "It isn't defined by a query", 1, 1);
  QUERIES.set(resource, statement.query);
  return statement.query;
}

/** The rows that a definition's query gives, inside its text; no row or name of the calling query reaches them, but `tables` that it was given. */
export function definedRelation(context: Context, query: Query, tables: CommonTables | null = null): Relation {
  const { nodes } = wholeTree(query);
  noteNames(context, nodes);
  const relation = closedRelation(context.query(context, query, null, tables));
  requireResolved(context, nodes);
  let unnamed = 0;
  const columns = resultColumns(relation).map(
    (column): Column => ({
      ...column,
      name: column.name === "" ? `f${unnamed++}_` : column.name,
      written: "value",
      id: context.freshId(),
    }),
  );
  if (!relation.valueTable) context.carryRows(relation.columns, columns);
  return { ...relation, columns, valueTable: false };
}

export interface DeclaredColumn {
  readonly name: string;
  readonly type: Type | undefined;
}

/**
 * Refuses a definition whose query no longer gives what the catalog says it gives: then either of them is old.
 * https://cloud.google.com/bigquery/docs/views-intro#view_limitations
 */
export function requireAgreement(
  context: Context,
  relation: Relation,
  declared: readonly DeclaredColumn[],
  name: string,
  node: Node,
): void {
  const agrees =
    relation.columns.length === declared.length &&
    relation.columns.every(({ name: given, type }, i) => {
      const column = declared[i];
      return column?.type !== undefined && column.name === given && sameType(resultType(type), column.type);
    });
  if (!agrees) {
    const message = `What ${name} gives is no longer what its schema says; have it created again (CREATE OR REPLACE)`;
    context.fail("unsupported", message, node);
  }
}
