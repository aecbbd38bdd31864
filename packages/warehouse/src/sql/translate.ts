/**
 * GoogleSQL → DuckDB: parses with polyglot, resolves tables against the catalog, rewrites what differs, prints for DuckDB.
 * Knows nothing of the gateway's own front end, so that a dry run is an independent opinion.
 */
import { WarehouseError } from "../errors.ts";
import { isObject, type Json, type JsonObject } from "../rest/json.ts";
import { rewriteExpression } from "./expressions.ts";
import { writeOutForecasts } from "./forecast-calls.ts";
import { fillHoles, isConstant, scalarBody, tableBody } from "./inline.ts";
import { type Token, tokenize } from "./lexer.ts";
import { writeOutModels } from "./model-calls.ts";
import { markNames, type Names, routinePath, type TableReference, variableName } from "./names.ts";
import { normalise } from "./normalise.ts";
import { rewritePipes } from "./pipes.ts";
import { pivotNamed } from "./pivot.ts";
import type { Routine } from "./routine.ts";
import { withoutTime } from "./table-clauses.ts";
import { sql as sqlTokens } from "./tokens.ts";
import {
  aliased,
  as,
  expression,
  fromItem,
  identifier,
  kindOf,
  list,
  type Node,
  nameOf,
  parseStatements,
  printDuckDb,
  structOf,
  textLiteral,
} from "./tree.ts";

export interface Translation {
  /** A DuckDB SELECT. */
  readonly sql: string;
  /** Base tables, those below views too. */
  readonly referencedTables: readonly TableReference[];
}

/** What the names in scope mean while a query is rewritten. */
interface Scope {
  readonly ctes: ReadonlySet<string>;
  /** Aliases of FROM items, of this query and of those around it; lower case. */
  readonly ranges: ReadonlySet<string>;
}

const NO_SCOPE: Scope = { ctes: new Set(), ranges: new Set() };

/** Where a query stands: rows for a FROM (or the answer), or one value of an expression. */
type Position = "rows" | "value";

/** Views and routines may stand inside each other so deep: https://cloud.google.com/bigquery/quotas#view_limits */
const MAX_NESTING = 16;

/** Translates a query. Throws `invalidQuery` for what this stand-in doesn't run. */
export function translate(query: readonly Token[], names: Names): Translation {
  const translator = new Translator(names);
  return translator.statement(queryTree(query, names));
}

/** The tree of a query, pipes and names settled. */
function queryTree(query: readonly Token[], names: Names): Node {
  const statements = parseStatements(normalise(markNames(withoutTime(rewritePipes(calledRows(query, names))), names)));
  const [statement] = statements;
  if (statement === undefined) throw new WarehouseError("invalidQuery", "Syntax error: Unexpected end of statement");
  const [kind] = kindOf(statement) ?? [""];
  if (statements.length > 1 || !["select", "union", "intersect", "except", "subquery"].includes(kind))
    throw new WarehouseError("invalidQuery", "Syntax error: Unexpected statement");
  return statement;
}

/** With the queries that functions of models amount to in their places. */
function calledRows(query: readonly Token[], names: Names): Token[] {
  return writeOutForecasts(writeOutModels(query, (parts) => names.model(parts)));
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#group_by_grouping_sets */
function isGrouping({ name }: JsonObject): boolean {
  return typeof name === "string" && ["GROUPING SETS", "ROLLUP", "CUBE"].includes(name.toUpperCase());
}

class Translator {
  readonly #names: Names;
  readonly #referenced = new Map<string, TableReference>();
  #fresh = 0;
  #nesting = 0;
  /** FROM items with a `_TABLE_SUFFIX`, which `*` doesn't show. */
  #wildcards = 0;

  constructor(names: Names) {
    this.#names = names;
  }

  statement(query: Node): Translation {
    const tree = this.#query(query, NO_SCOPE, "rows");
    return { sql: printDuckDb(tree), referencedTables: [...this.#referenced.values()] };
  }

  /** Runs `work` one view or routine deeper. */
  #nested<T>(what: string, work: () => T): T {
    if (this.#nesting >= MAX_NESTING) throw new WarehouseError("invalidQuery", `Too many levels of nesting at ${what}`);
    this.#nesting += 1;
    try {
      return work();
    } finally {
      this.#nesting -= 1;
    }
  }

  /** A query node of any kind. */
  #query(node: Node, scope: Scope, position: Position): Node {
    const [kind, content] = kindOf(node) ?? ["", {}];
    switch (kind) {
      case "select":
        return this.#select(content, scope, position);
      case "subquery": {
        const inner = content.this;
        return { subquery: { ...content, this: isObject(inner) ? this.#query(inner, scope, position) : null } };
      }
      case "paren": {
        const inner = content.this;
        return { paren: { ...content, this: isObject(inner) ? this.#query(inner, scope, position) : null } };
      }
      case "union":
      case "intersect":
      case "except": {
        const [withClause, inner] = this.#with(content.with, scope);
        const { left, right, with: _, ...rest } = content;
        return {
          [kind]: {
            ...this.#walkMembers(rest, inner),
            // DISTINCT is what DuckDB does by default, and the word is none of its grammar.
            distinct: false,
            with: withClause,
            left: isObject(left) ? this.#query(left, inner, position) : null,
            right: isObject(right) ? this.#query(right, inner, position) : null,
          },
        };
      }
      default:
        throw new WarehouseError("invalidQuery", `Unsupported query: ${kind}`);
    }
  }

  #with(clause: Json | undefined, scope: Scope): [Json, Scope] {
    if (!isObject(clause)) return [null, scope];
    const names = new Set(scope.ctes);
    const ctes: Json[] = [];
    for (const cte of list(clause.ctes)) {
      if (!isObject(cte) || !isObject(cte.this)) continue;
      const name = (nameOf(cte.alias) ?? "").toLowerCase();
      if (clause.recursive === true) names.add(name);
      const body = this.#query(cte.this, { ctes: new Set(names), ranges: scope.ranges }, "rows");
      names.add(name);
      ctes.push({ ...cte, alias: identifier(nameOf(cte.alias) ?? ""), this: body });
    }
    return [
      { ...clause, ctes },
      { ctes: names, ranges: scope.ranges },
    ];
  }

  #select(select: JsonObject, outer: Scope, position: Position): Node {
    const [withClause, scope] = this.#with(select.with, outer);
    const ranges = new Set(scope.ranges);
    const inner: Scope = { ctes: scope.ctes, ranges };
    const wildcards = this.#wildcards;
    const from = isObject(select.from)
      ? {
          ...select.from,
          expressions: list(select.from.expressions).map((item) => this.#from(item, inner, ranges)),
        }
      : null;
    const joins = list(select.joins).map((join) => this.#join(join, inner, ranges));
    const { with: _w, from: _f, joins: _j, expressions, kind, ...rest } = select;
    const items = list(expressions).map((item) => this.#walk(item, inner));
    const opened = items.map((item, i) => openStruct(item, list(expressions)[i] ?? null, ranges));
    // The name of a single value is never seen, and an alias could shadow a column of the query around it.
    const unseen = kind === "VALUE" || (position === "value" && kind !== "STRUCT");
    const named = unseen ? opened : nameItems(opened, list(expressions));
    const shaped =
      kind === "STRUCT" && position === "value"
        ? asStruct(named)
        : kind === "VALUE" && position === "rows"
          ? asRows(items)
          : named;
    const shown = kind === undefined || kind === null ? usingFirst(shaped, list(select.joins)) : shaped;
    const body: JsonObject = {
      ...this.#walkMembers(rest, inner),
      with: withClause,
      from,
      joins,
      expressions: this.#wildcards > wildcards ? withoutSuffix(shown) : shown,
    };
    return { select: body };
  }

  #join(join: Json, scope: Scope, ranges: Set<string>): Json {
    if (!isObject(join)) return null;
    const item = this.#from(join.this ?? null, scope, ranges);
    const { this: _, ...rest } = join;
    const needsOn =
      ["Inner", "Left", "Right", "Full"].includes(String(join.kind)) && !join.on && list(join.using).length === 0;
    // `LEFT JOIN UNNEST(a)` may stand without ON; DuckDB wants one.
    const on = needsOn ? { on: { boolean: { value: true } } } : {};
    return { ...this.#walkMembers(rest, scope), this: item, ...on };
  }

  /** One FROM item; adds its alias to `ranges`. */
  #from(item: Json, scope: Scope, ranges: Set<string>): Json {
    const [kind, content] = kindOf(item) ?? ["", {}];
    switch (kind) {
      case "table":
        return this.#table(content, scope, ranges);
      case "unnest":
        return this.#unnest(this.#walk(content.this ?? null, scope), nameOf(content.alias), content, ranges);
      case "alias": {
        const unnest = as(content.this, "unnest");
        if (unnest) return this.#unnest(this.#walk(unnest.this ?? null, scope), nameOf(content.alias), unnest, ranges);
        const called = as(content.this, "function");
        if (called) return this.#tableFunction(called, nameOf(content.alias), scope, ranges);
        break;
      }
      case "subquery": {
        const alias = nameOf(content.alias);
        const query = content.this;
        if (!isObject(query)) break;
        const joined = as(query, "joined_table");
        if (joined) return { subquery: { ...content, this: this.#from(query, scope, ranges) } };
        const tree = this.#query(query, { ctes: scope.ctes, ranges: scope.ranges }, "rows");
        if (alias !== undefined) ranges.add(alias.toLowerCase());
        return { subquery: { ...content, alias: alias === undefined ? null : identifier(alias), this: tree } };
      }
      case "function":
        return this.#tableFunction(content, undefined, scope, ranges);
      case "joined_table": {
        const left = this.#from(content.left ?? null, scope, ranges);
        const joins = list(content.joins).map((join) => this.#join(join, scope, ranges));
        return { joined_table: { ...content, left, joins } };
      }
      case "paren":
        return { paren: { ...content, this: this.#from(content.this ?? null, scope, ranges) } };
      case "pivot":
      case "unpivot": {
        const { this: source, ...rest } = content;
        // PIVOT takes aggregates by name only, so they stay as they are.
        const alias = nameOf(content.alias);
        if (alias !== undefined) ranges.add(alias.toLowerCase());
        return pivotNamed({ [kind]: { ...rest, this: this.#from(source ?? null, scope, ranges) } }, alias);
      }
    }
    throw new WarehouseError("invalidQuery", `Unsupported item in FROM: ${kind || "unknown"}`);
  }

  #table(table: JsonObject, scope: Scope, ranges: Set<string>): Json {
    for (const clause of ["system_time", "when", "table_sample", "changes", "version"]) {
      if (table[clause] !== undefined && table[clause] !== null)
        throw new WarehouseError("invalidQuery", `Unsupported table clause: ${clause}`);
    }
    const parts = tableParts(table);
    const alias = nameOf(table.alias) ?? parts.at(-1) ?? "";
    const first = parts[0] ?? "";
    if (parts.length > 1 && ranges.has(first.toLowerCase())) {
      const path = parts
        .slice(1)
        .reduce<Json>(
          (tree, field) => (tree === null ? column(first, field) : { dot: { this: tree, field: identifier(field) } }),
          null,
        );
      return this.#unnest(path, alias, table, ranges);
    }
    ranges.add(alias.toLowerCase());
    const named = { ...table, schema: null, catalog: null, alias: identifier(alias), alias_explicit_as: true };
    if (parts.length === 1 && scope.ctes.has(first.toLowerCase()))
      return { table: { ...named, name: identifier(first) } };
    const relation = this.#names.table(parts);
    switch (relation.kind) {
      case "table":
        return { table: { ...named, ...this.#base(relation) } };
      case "view": {
        const { reference, query } = relation;
        const name = `${reference.projectId}:${reference.datasetId}.${reference.tableId}`;
        const tree = this.#nested(name, () => this.#query(queryTree(tokenize(query), this.#names), NO_SCOPE, "rows"));
        return subqueryOf(tree, alias);
      }
      case "wildcard": {
        this.#wildcards += 1;
        const bare = { ...named, alias: null, alias_explicit_as: false };
        const parts = relation.tables.map((t) => wildcardPart({ ...bare, ...this.#base(t) }, t.suffix));
        return subqueryOf(unionByName(parts), alias);
      }
    }
  }

  /** DuckDB's name of a base table, which counts as referenced. */
  #base({ reference, duckName }: { reference: TableReference; duckName: string }): JsonObject {
    this.#referenced.set(`${reference.projectId}.${reference.datasetId}.${reference.tableId}`, reference);
    const [schema, name] = duckName.split(".");
    return { schema: identifier(schema ?? ""), name: identifier(name ?? "") };
  }

  /** `FROM f(x) [AS alias]`. */
  #tableFunction(called: JsonObject, alias: string | undefined, scope: Scope, ranges: Set<string>): Json {
    const routine = this.#routine(called);
    if (routine?.routineType !== "TABLE_VALUED_FUNCTION") {
      throw new WarehouseError("invalidQuery", `Table-valued function not found: ${String(called.name)}`);
    }
    this.#fresh += 1;
    const name = alias ?? `_table${this.#fresh}`;
    const args = list(called.args);
    const body = queryTree(tableBody(routine, args.length), this.#names);
    const filled = fillHoles(body, args);
    if (!isObject(filled)) throw new WarehouseError("internalError", "a query without a tree");
    const tree = this.#nested(name, () => this.#query(filled, { ctes: scope.ctes, ranges: scope.ranges }, "rows"));
    ranges.add(name.toLowerCase());
    return subqueryOf(tree, name);
  }

  #routine(called: JsonObject): Routine | undefined {
    const path = typeof called.name === "string" ? routinePath(called.name) : undefined;
    return path && this.#names.routine(path);
  }

  /** A call of a SQL function, written out. */
  #inline(routine: Routine, called: JsonObject, scope: Scope): Json {
    if (routine.routineType !== "SCALAR_FUNCTION")
      throw new WarehouseError("invalidQuery", `Function not found: ${routine.reference.routineId}`);
    const args = list(called.args);
    const tokens = scalarBody(routine, args.length, isConstant(args));
    const select = as(queryTree([...sqlTokens("SELECT"), ...tokens], this.#names), "select");
    const value = fillHoles(list(select?.expressions)[0], args);
    return this.#nested(routine.reference.routineId, () => this.#walk(value, scope));
  }

  /**
   * `UNNEST(array) [AS alias] [WITH OFFSET [AS offset]]` as a lateral subquery: depth 2 opens STRUCT elements into
   * columns (as `SELECT *` shows them), and the subquery's alias is the whole element.
   */
  #unnest(array: Json, alias: string | undefined, node: JsonObject, ranges: Set<string>): Json {
    this.#fresh += 1;
    const name = alias ?? `unnest_${this.#fresh}`;
    ranges.add(name.toLowerCase());
    const offset =
      node.with_ordinality === true || node.with_offset === true ? (nameOf(node.offset_alias) ?? "offset") : undefined;
    const values = aliased(expression("UNNEST(_1, max_depth => 2)", array), alias ?? "f0_");
    const items =
      offset === undefined
        ? [values]
        : [values, aliased(expression("UNNEST(RANGE(CAST(LEN(_1) AS BIGINT)))", array), offset)];
    const subquery = as(fromItem("(SELECT 1) AS x"), "subquery") ?? {};
    const select = as(subquery.this, "select") ?? {};
    return { subquery: { ...subquery, alias: identifier(name), this: { select: { ...select, expressions: items } } } };
  }

  /** Any tree below a query: subqueries as queries, the rest by the expression rules, from the leaves up. */
  #walk(value: Json, scope: Scope): Json {
    if (Array.isArray(value)) return value.map((item) => this.#walk(item, scope));
    if (!isObject(value)) return value;
    const [kind, content] = kindOf(value) ?? ["", {}];
    if (kind === "function") {
      const routine = this.#routine(content);
      if (routine) return this.#inline(routine, content, scope);
      if (isGrouping(content)) return { function: { ...content, args: this.#sets(list(content.args), scope) } };
    }
    if (kind === "column") {
      const name = variableName(nameOf(content.name));
      if (name !== undefined) return expression(this.#names.variable(name) ?? "NULL");
    }
    if (kind === "select" || kind === "union" || kind === "intersect" || kind === "except")
      return this.#query(value, scope, "value");
    return rewriteExpression(
      isObject(value[kind]) ? { [kind]: this.#walkMembers(content, scope) } : this.#walkMembers(value, scope),
    );
  }

  /** What GROUPING SETS, ROLLUP and CUBE group by: `(a, b)` there is a list of keys, and no STRUCT. */
  #sets(sets: readonly Json[], scope: Scope): Json[] {
    return sets.map((set) => {
      const keys = as(set, "tuple");
      if (keys === undefined) return this.#walk(set, scope);
      return { tuple: { ...keys, expressions: this.#sets(list(keys.expressions), scope) } };
    });
  }

  #walkMembers(value: JsonObject, scope: Scope): JsonObject {
    const out: JsonObject = {};
    for (const [key, member] of Object.entries(value)) out[key] = this.#walk(member ?? null, scope);
    if (typeof out.name === "string" && typeof out.quoted === "boolean" && "span" in out) out.quoted = true;
    return out;
  }
}

/** `(query) AS alias` in FROM. */
function subqueryOf(query: Json, alias: string): Json {
  const subquery = as(fromItem("(SELECT 1) AS x"), "subquery") ?? {};
  return { subquery: { ...subquery, alias: identifier(alias), this: query } };
}

/** One table of a wildcard's, with `_TABLE_SUFFIX`. */
function wildcardPart(table: JsonObject, suffix: string): Json {
  const select = as(
    as(fromItem("(SELECT *, _1 AS _TABLE_SUFFIX FROM x) AS x", textLiteral(suffix)), "subquery")?.this,
    "select",
  );
  const from = isObject(select?.from) ? select.from : {};
  return { select: { ...select, from: { ...from, expressions: [{ table }] } } };
}

/** `*` without the pseudo column. */
function withoutSuffix(items: readonly Json[]): Json[] {
  return items.map((item) => {
    const star = as(item, "star");
    return star ? { star: { ...star, except: [...list(star.except), identifier("_TABLE_SUFFIX")] } } : item;
  });
}

/** `a UNION ALL BY NAME b …`. */
function unionByName(queries: readonly Json[]): Json {
  const union = as(as(fromItem("(SELECT 1 UNION ALL BY NAME SELECT 1) AS x"), "subquery")?.this, "union") ?? {};
  return queries.reduce((left, right) => ({ union: { ...union, left, right } }));
}

function column(table: string, name: string): JsonObject {
  return { column: { name: identifier(name), table: identifier(table), join_mark: false, trailing_comments: [] } };
}

/** The parts of a table's name; one pair of backquotes may hold several. */
function tableParts(table: JsonObject): string[] {
  return [table.catalog, table.schema, table.name].flatMap((part) => {
    const name = nameOf(part);
    return name === undefined ? [] : name.split(".");
  });
}

/** Every item under the name BigQuery gives it: its alias, the path's last part, or `f0_`, `f1_` … */
function nameItems(items: readonly Json[], written: readonly Json[]): Json[] {
  let unnamed = 0;
  return items.map((item, i) => {
    const source = written[i] ?? null;
    const alias = as(source, "alias");
    if (alias) {
      const target = as(item, "alias")?.this ?? item;
      return aliased(target, nameOf(alias.alias) ?? "");
    }
    if (as(source, "star")) return item;
    const name = pathName(source);
    if (name !== undefined) return aliased(item, name);
    unnamed += 1;
    return aliased(item, `f${unnamed - 1}_`);
  });
}

/** `path.*` of a STRUCT: DuckDB opens it by UNNEST. */
function openStruct(item: Json, written: Json, ranges: ReadonlySet<string>): Json {
  const star = as(written, "star");
  const path = nameOf(star?.table);
  if (star === undefined || path === undefined || ranges.has(path.toLowerCase())) return item;
  if (list(star.except).length > 0 || list(star.replace).length > 0) {
    throw new WarehouseError(
      "invalidQuery",
      "EXCEPT and REPLACE after a STRUCT's .* are not supported by this warehouse",
    );
  }
  const [first = "", ...fields] = path.split(".");
  const start: Json =
    fields.length > 0 && ranges.has(first.toLowerCase()) ? column(first, fields.shift() ?? "") : unqualified(first);
  const tree = fields.reduce<Json>((inner, field) => ({ dot: { this: inner, field: identifier(field) } }), start);
  return expression("UNNEST(_1)", tree);
}

function unqualified(name: string): JsonObject {
  return { column: { name: identifier(name), table: null, join_mark: false, trailing_comments: [] } };
}

function pathName(node: Json): string | undefined {
  const named = as(node, "column");
  if (named) return variableName(nameOf(named.name)) ?? nameOf(named.name);
  const dot = as(node, "dot");
  return dot ? nameOf(dot.field) : undefined;
}

/** `SELECT AS STRUCT a, b` as one value. */
function asStruct(items: readonly Json[]): Json[] {
  if (items.some((item) => as(item, "star"))) {
    throw new WarehouseError("invalidQuery", "SELECT AS STRUCT * is not supported by this warehouse");
  }
  const args = items.map((item, i) => {
    const alias = as(item, "alias");
    const name = nameOf(alias?.alias) ?? "";
    return { name: /^f\d+_$/.test(name) ? `_field_${i + 1}` : name, value: alias?.this ?? item };
  });
  return [structOf(args)];
}

/** `SELECT AS VALUE x` in FROM: a STRUCT becomes its columns. */
function asRows(items: readonly Json[]): Json[] {
  return [aliased(expression("UNNEST([_1], max_depth => 2)", items[0] ?? null), "f0_")];
}

/** `SELECT * … JOIN … USING (k)`: BigQuery shows the joined columns first, DuckDB where the left table has them. */
function usingFirst(items: readonly Json[], joins: readonly Json[]): Json[] {
  const names: string[] = [];
  for (const join of joins.toReversed()) {
    for (const name of isObject(join) ? list(join.using) : []) {
      const text = nameOf(name);
      if (text !== undefined && !names.some((n) => n.toLowerCase() === text.toLowerCase())) names.push(text);
    }
  }
  if (names.length === 0) return [...items];
  return items.flatMap((item) => {
    const star = as(item, "star");
    if (star === undefined || isObject(star.table)) return [item];
    const except = list(star.except);
    const shown = names.filter((name) => !except.some((e) => nameOf(e)?.toLowerCase() === name.toLowerCase()));
    const replaced = list(star.replace).map((r) => (isObject(r) ? nameOf(r.alias)?.toLowerCase() : undefined));
    const firsts = shown.filter((name) => !replaced.includes(name.toLowerCase()));
    const columns = firsts.map((name) => aliased(unqualified(name), name));
    return [...columns, { star: { ...star, except: [...except, ...firsts.map(identifier)] } }];
  });
}
