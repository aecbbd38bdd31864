/**
 * WITH: queries under a name.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#with_clause
 */
import type { CommonTable, Node, PipeSetOperation, Query, SetOperation, WithClause } from "../tree.ts";
import { childrenOf } from "../visitor.ts";
import { lazilyNamed } from "./computed-if.ts";
import type { Context } from "./context.ts";
import { closedRelation, resolveRecursion, withDepth } from "./recursion.ts";
import { type CommonTables, fold, type Relation } from "./scope.ts";
import { combineRelations } from "./set-operation.ts";

/** Each common table is resolved once, and sees nothing of the query around; see `inOrder` for which others it sees. */
export function withTables(context: Context, clause: WithClause, outer: CommonTables | null): CommonTables | null {
  const names = new Set<string>();
  for (const { name, depth } of clause.entries) {
    if (name.name.includes(".")) context.fail("name", "The name of a common table can't hold a dot", name);
    if (names.has(fold(name.name))) context.fail("name", `Duplicate alias ${name.name} in WITH`, name);
    names.add(fold(name.name));
    if (depth !== null && !clause.recursive) context.fail("syntax", "WITH DEPTH needs WITH RECURSIVE", depth);
  }
  let tables = outer;
  // Names of the clause that have no rows yet: none of them may be taken for a table of the catalog.
  if (clause.recursive) for (const name of names) tables = { parent: tables, name, relation: null };
  for (const { entry, recursive } of clause.recursive ? inOrder(context, clause, names) : plain(clause)) {
    const seen = tables;
    const relation = lazilyNamed(context, () =>
      recursive
        ? recursiveTable(context, entry, seen)
        : closedRelation(context.query(context, entry.query, null, seen)),
    );
    if (entry.depth !== null && !recursive) {
      context.fail("type", `WITH DEPTH stands only with a recursive query; ${entry.name.name} isn't one`, entry.depth);
    }
    const result = entry.depth === null ? relation : withDepth(context, relation, entry.depth);
    tables = { parent: tables, name: fold(entry.name.name), relation: result };
  }
  return tables;
}

interface OrderedTable {
  readonly entry: CommonTable;
  /** Refers to itself. */
  readonly recursive: boolean;
}

function plain(clause: WithClause): readonly OrderedTable[] {
  return clause.entries.map((entry) => ({ entry, recursive: false }));
}

/** With RECURSIVE each sees all of the clause, and so comes behind those it refers to; a circle of two or more is refused. */
function inOrder(context: Context, clause: WithClause, names: ReadonlySet<string>): readonly OrderedTable[] {
  const entries = new Map(clause.entries.map((entry) => [fold(entry.name.name), entry]));
  const ordered = new Map<string, OrderedTable>();
  const open = new Set<string>();
  const visit = (name: string, entry: CommonTable): void => {
    if (ordered.has(name)) return;
    open.add(name);
    const references = referencesIn(entry.query, names);
    for (const [other, referred] of entries) {
      if (other === name || !references.has(other)) continue;
      if (open.has(other)) {
        context.fail("name", `${entry.name.name} and other common tables refer to each other in a circle`, entry);
      }
      visit(other, referred);
    }
    open.delete(name);
    ordered.set(name, { entry, recursive: references.has(name) });
  };
  for (const [name, entry] of entries) visit(name, entry);
  return [...ordered.values()];
}

/** Which of `names` stand as tables below `node`, where no WITH inside gives them to another. */
function referencesIn(node: Node, names: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  const walk = (at: Node, visible: ReadonlySet<string>): void => {
    if (at.kind === "TablePath") {
      // None of the names holds a dot.
      const name = fold(at.parts.map((part) => part.name).join("."));
      if (visible.has(name)) found.add(name);
    }
    if (at.kind !== "Query" || at.with === null) {
      for (const child of childrenOf(at)) walk(child, visible);
      return;
    }
    const inner = new Set(visible);
    if (at.with.recursive) for (const entry of at.with.entries) inner.delete(fold(entry.name.name));
    for (const entry of at.with.entries) {
      walk(entry.query, new Set(inner));
      inner.delete(fold(entry.name.name));
    }
    for (const child of childrenOf(at)) if (child !== at.with) walk(child, inner);
  };
  walk(node, names);
  return found;
}

/** `anchor UNION … recursive_term`: of several unions the last query is the term, and all before it the anchor. */
function recursiveTable(context: Context, entry: CommonTable, outer: CommonTables | null): Relation {
  const { query } = entry;
  const union = query.pipes.length > 0 ? pipedUnion(query) : writtenUnion(context, query);
  if (union === null) return context.fail("type", "A recursive query is `anchor UNION ALL recursive_term`", query);
  context.resolved.add(query);
  const tables = query.with === null ? outer : withTables(context, query.with, outer);
  const name = fold(entry.name.name);
  const { written, inputs } = union;
  const anchors = inputs.slice(0, -1).map((input) => context.query(context, input, null, tables));
  const [only, more] = anchors;
  const last = inputs.at(-1);
  if (only === undefined || last === undefined) return context.fail("syntax", "A set operation needs queries", query);
  const anchor = more === undefined ? only : combineRelations(context, written, anchors, written);
  const term = (relation: Relation): Relation => context.query(context, last, null, { parent: tables, name, relation });
  return resolveRecursion(context, written, anchor, term, last);
}

interface Union {
  readonly written: SetOperation | PipeSetOperation;
  readonly inputs: readonly Query[];
}

function writtenUnion(context: Context, { body, orderBy, limit }: Query): Union | null {
  if (body.kind !== "SetOperation") return null;
  const [end] = orderBy;
  if (end !== undefined) return context.fail("type", "A recursive query takes no ORDER BY", end);
  if (limit !== null) return context.fail("type", "A recursive query takes no LIMIT", limit);
  return { written: body, inputs: body.inputs.map(asQuery) };
}

/** `anchor |> UNION ALL (recursive_term)`. The term would see a WITH among the operators before, which the anchor alone holds. */
function pipedUnion(query: Query): Union | null {
  const written = query.pipes.at(-1);
  const pipes = query.pipes.slice(0, -1);
  if (written?.kind !== "PipeSetOperation" || pipes.some((pipe) => pipe.kind === "PipeWith")) return null;
  return { written, inputs: [{ ...query, with: null, pipes }, ...written.queries] };
}

function asQuery(body: Query["body"]): Query {
  return { kind: "Query", with: null, body, orderBy: [], limit: null, pipes: [], start: body.start, end: body.end };
}
