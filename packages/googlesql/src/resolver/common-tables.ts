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
  // Grows by one table after the other, each of which sees those that are there by then.
  const relations = new Map<string, Relation | null>();
  const tables: CommonTables = { parent: outer, relations };
  // Names of the clause that have no rows yet: none of them may be taken for a table of the catalog.
  if (clause.recursive) for (const name of names) relations.set(name, null);
  for (const { entry, recursive } of clause.recursive ? inOrder(context, clause, names) : plain(clause)) {
    const relation = lazilyNamed(context, () =>
      recursive
        ? recursiveTable(context, entry, tables)
        : closedRelation(context.query(context, entry.query, null, tables)),
    );
    if (entry.depth !== null && !recursive) {
      context.fail("type", `WITH DEPTH stands only with a recursive query; ${entry.name.name} isn't one`, entry.depth);
    }
    const result = entry.depth === null ? relation : withDepth(context, relation, entry.depth);
    relations.set(fold(entry.name.name), result);
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
  const begun = new Set<string>();
  for (const [first, firstEntry] of entries) {
    const way = ordered.has(first) ? [] : [visitOf(first, firstEntry, names)];
    // Thousands can refer to each other in a row, which are too many for calls within calls.
    for (let at = way.at(-1); at !== undefined; at = way.at(-1)) {
      begun.add(at.name);
      const { done, value: other } = at.left.next();
      const referred = done === true ? undefined : entries.get(other);
      if (done === true) {
        way.pop();
        ordered.set(at.name, { entry: at.entry, recursive: at.references.has(at.name) });
      } else if (other !== at.name && referred !== undefined && !ordered.has(other)) {
        if (begun.has(other)) {
          const message = `${at.entry.name.name} and other common tables refer to each other in a circle`;
          context.fail("name", message, at.entry);
        }
        way.push(visitOf(other, referred, names));
      }
    }
  }
  return [...ordered.values()];
}

interface Visit {
  readonly name: string;
  readonly entry: CommonTable;
  readonly references: ReadonlySet<string>;
  /** Those of them that weren't followed yet. */
  readonly left: Iterator<string, undefined>;
}

function visitOf(name: string, entry: CommonTable, names: ReadonlySet<string>): Visit {
  const references = referencesIn(entry.query, names);
  return { name, entry, references, left: references.values() };
}

/** Which of `names` stand as tables below `node`, where no WITH inside gives them to another. */
function referencesIn(node: Node, names: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  /** How many WITHs around give a name to another. */
  const hidden = new Map<string, number>();
  const hide = (entry: CommonTable, by: 1 | -1): void => {
    const name = fold(entry.name.name);
    hidden.set(name, (hidden.get(name) ?? 0) + by);
  };
  const walk = (at: Node): void => {
    if (at.kind === "TablePath") {
      // None of the names holds a dot.
      const name = fold(at.parts.map((part) => part.name).join("."));
      if (names.has(name) && !hidden.get(name)) found.add(name);
    }
    if (at.kind !== "Query" || at.with === null) {
      for (const child of childrenOf(at)) walk(child);
      return;
    }
    const { recursive, entries } = at.with;
    if (recursive) for (const entry of entries) hide(entry, 1);
    for (const entry of entries) {
      walk(entry.query);
      if (!recursive) hide(entry, 1);
    }
    for (const child of childrenOf(at)) if (child !== at.with) walk(child);
    for (const entry of entries) hide(entry, -1);
  };
  walk(node);
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
  const term = (relation: Relation): Relation =>
    context.query(context, last, null, { parent: tables, relations: new Map([[name, relation]]) });
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
