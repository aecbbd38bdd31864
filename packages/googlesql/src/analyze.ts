/**
 * From SQL to its access plan: parse, resolve, follow the flow, print the canonical text.
 * Whatever is not understood is refused (I1); `analyze` never throws.
 */
import {
  type Flow,
  fieldFlow,
  keysOf,
  type SourceKey,
  sourceKey,
  splitSourceKey,
  union,
  viasOf,
  whole,
} from "./flow/flow.ts";
import { parse } from "./parser/parse.ts";
import type {
  AccessPlan,
  ColumnName,
  Effect,
  ExplicitSource,
  Output,
  PlanStatement,
  TableName,
  TableRead,
  Use,
} from "./plan.ts";
import { print, redact } from "./printer.ts";
import { refusalOf } from "./refusal.ts";
import { ANALYSIS_LIMITS, type CatalogView, Context, type ParameterTypes } from "./resolver/context.ts";
import { resolveExpression } from "./resolver/expression.ts";
import { requireKnown } from "./resolver/known.ts";
import { resolveQuery } from "./resolver/query.ts";
import type { Column, Relation } from "./resolver/scope.ts";
import type { NameDefaults } from "./resolver/table-name.ts";
import { SqlError } from "./sql-error.ts";
import type { Node, Script } from "./tree.ts";
import { arrayOf, type ParameterType, parameterType, structOf, type Type, typeName } from "./types.ts";
import { childrenOf } from "./visitor.ts";

/** BigQuery's QueryParameter; the value plays no part in the analysis and is never read. */
export interface QueryParameter {
  /** Absent for positional parameters. */
  readonly name?: string;
  readonly parameterType: ParameterType;
}

export interface AnalyzeOptions extends NameDefaults {
  readonly catalog: CatalogView;
  /** All named, or all positional in order. */
  readonly parameters?: readonly QueryParameter[];
}

export interface Analysis {
  readonly plan: AccessPlan;
  /** What was parsed, for whoever prints or transforms it. Absent when refused. */
  readonly tree?: Script;
  /** The SQL with its literals taken out, and the literals in the order of their places (I5). Absent when refused. */
  readonly redacted?: { readonly sql: string; readonly literals: readonly string[] };
  /** Names (lower case) and number of positions of the parameters the SQL uses. Absent when refused. */
  readonly parameters?: { readonly named: readonly string[]; readonly positional: number };
}

/** Never throws: what goes wrong is a refusal. */
export function analyze(sql: string, options: AnalyzeOptions): Analysis {
  try {
    return analysisOf(sql, parse(sql), options);
  } catch (error) {
    return { plan: { understood: false, refusal: refusalOf(error) } };
  }
}

function analysisOf(sql: string, tree: Script, options: AnalyzeOptions): Analysis {
  const statement = requireKnown(sql, tree);
  const context = new Context({
    sql,
    catalog: options.catalog,
    defaults: options,
    parameters: parameterTypes(options.parameters ?? []),
    query: resolveQuery,
    expression: resolveExpression,
  });
  noteNames(context, tree);
  const relation = resolveQuery(context, statement.query, null, null);
  requireResolved(context, tree);
  const outputs = outputsOf(context, relation, statement.start);
  const plan: PlanStatement = {
    kind: "SELECT",
    reads: readsOf(context, relation),
    outputs,
    writes: [],
    effects: context.errors.length > 0 ? [{ kind: "error_value" } satisfies Effect] : [],
  };
  const canonicalSql = print(tree, { tablePath: (node) => context.tablePaths.get(node) });
  return {
    plan: { understood: true, statements: [plan], canonicalSql },
    tree,
    redacted: redact(tree),
    parameters: { named: [...context.usedParameters].sort(), positional: context.usedPositions },
  };
}

function noteNames(context: Context, tree: Script): void {
  const open: Node[] = [tree];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === "Identifier") context.noteName(node.name, node);
    for (const child of childrenOf(node)) open.push(child);
  }
}

/** What no rule looked at would run without having been analysed (I2): better no query than that. */
function requireResolved(context: Context, tree: Script): void {
  const open: Node[] = [tree];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if ((node.kind === "Query" || node.kind === "TablePath") && !context.resolved.has(node)) {
      context.fail("unsupported", "A part of the query could not be analysed", node);
    }
    for (const child of childrenOf(node)) open.push(child);
  }
}

function parameterTypes(parameters: readonly QueryParameter[]): ParameterTypes {
  const named = new Map<string, Type>();
  const positional: Type[] = [];
  for (const { name, parameterType: declared } of parameters) {
    const type = parameterType(declared);
    if (type === undefined) throw new SqlError("type", "A query parameter declares a type that doesn't exist", 1, 1);
    if (name === undefined || name === "") positional.push(type);
    else if (named.has(name.toLowerCase())) throw new SqlError("name", `Parameter ${name} is declared twice`, 1, 1);
    else named.set(name.toLowerCase(), type);
  }
  if (named.size > 0 && positional.length > 0) {
    throw new SqlError("unsupported", "Query parameters are either all named or all positional", 1, 1);
  }
  return { named, positional };
}

/** The result's columns as BigQuery's dry run names and types them. */
function outputsOf(context: Context, relation: Relation, start: number): Output[] {
  let unnamed = 0;
  const columns = resultColumns(relation).map((column) => ({
    ...column,
    name: column.name === "" ? `f${unnamed++}_` : column.name,
  }));
  refuseDuplicates(
    context,
    columns.map((c) => c.name),
    "in the result",
    start,
  );
  const size = { sources: 0 };
  return columns.map((column) => {
    return output(context, column.name, resultType(column.type), column.flow, relation.implicit, start, size);
  });
}

/** A value table of STRUCT gives its fields as columns. */
function resultColumns(relation: Relation): readonly Pick<Column, "name" | "type" | "flow">[] {
  const [row] = relation.columns;
  if (!relation.valueTable || row === undefined || row.type.kind !== "struct") return relation.columns;
  return row.type.fields.map((field, i) => ({
    name: field.name,
    type: field.type,
    flow: fieldFlow(row.flow, i),
  }));
}

/** A schema names every field: those without a name are `_field_1`, by their place. */
function resultType(type: Type): Type {
  switch (type.kind) {
    case "array":
      return arrayOf(resultType(type.element));
    case "struct":
      return structOf(type.fields.map((f, i) => ({ name: f.name || `_field_${i + 1}`, type: resultType(f.type) })));
    case "scalar":
    case "range":
      return type;
    default: {
      const unreachable: never = type;
      return unreachable;
    }
  }
}

function refuseDuplicates(context: Context, names: readonly string[], where: string, start: number): void {
  const seen = new Set<string>();
  for (const name of names) {
    const key = name.toLowerCase();
    if (seen.has(key)) context.fail("name", `Duplicate column name ${name} ${where}; give each an alias`, { start });
    seen.add(key);
  }
}

function output(
  context: Context,
  name: string,
  type: Type,
  flow: Flow,
  rows: ReadonlySet<SourceKey>,
  start: number,
  size: { sources: number },
): Output {
  const value = whole(flow);
  size.sources += value.explicit.size + value.implicit.size + rows.size;
  if (size.sources > ANALYSIS_LIMITS.planSources) context.fail("limit", "The plan has too many sources", { start });
  const base = {
    name,
    type: typeName(type),
    explicit: explicitSources(value),
    implicit: columnNames(union([value.implicit, rows])),
    constant: value.constant,
  };
  const struct = type.kind === "array" ? type.element : type;
  if (struct.kind !== "struct") return base;
  refuseDuplicates(
    context,
    struct.fields.map((f) => f.name),
    `in the STRUCT ${name}`,
    start,
  );
  const above = union([flow.implicit, rows]);
  const fields = struct.fields.map((field, i) =>
    output(context, field.name, field.type, fieldFlow(flow, i), above, start, size),
  );
  return { ...base, fields };
}

function explicitSources(flow: Flow): ExplicitSource[] {
  const sources: ExplicitSource[] = [];
  for (const [key, ways] of flow.explicit) {
    for (const way of viasOf(ways)) sources.push({ column: columnName(key), ...way });
  }
  return sources.sort((a, b) => compareText(a.column, b.column) || compareText(a.via, b.via));
}

function columnName(key: SourceKey): ColumnName {
  const { table, path } = splitSourceKey(key);
  return `${table}.${path}`;
}

function columnNames(keys: ReadonlySet<SourceKey>): ColumnName[] {
  return [...keys].map(columnName).sort(compareText);
}

/** By code unit, so that the order depends on no locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Every column the statement uses, and how. */
function readsOf(context: Context, relation: Relation): TableRead[] {
  const reads = new Map<TableName, Map<string, Set<Use>>>();
  for (const table of context.tables) reads.set(table, new Map());
  const note = (key: SourceKey, use: Use): void => {
    const { table, path } = splitSourceKey(key);
    const columns = reads.get(table) ?? new Map<string, Set<Use>>();
    reads.set(table, columns);
    columns.set(path, (columns.get(path) ?? new Set()).add(use));
  };
  for (const flow of [...resultColumns(relation).map((c) => c.flow), ...context.errors]) {
    const value = whole(flow);
    for (const key of value.explicit.keys()) note(key, "output");
    for (const key of value.implicit) note(key, "predicate");
  }
  for (const key of relation.implicit) note(key, "predicate");
  for (const flow of context.failing) for (const key of keysOf(flow)) note(key, "predicate");
  // A value that is computed but not shown still decides whether the query fails.
  const used = new Set([...reads].flatMap(([table, columns]) => [...columns.keys()].map((c) => sourceKey(table, c))));
  for (const flow of context.computed) {
    for (const key of keysOf(flow)) if (!used.has(key)) note(key, "predicate");
  }
  for (const columns of reads.values()) if (columns.size === 0) columns.set("*", new Set<Use>(["predicate"]));
  return [...reads]
    .sort(([a], [b]) => compareText(a, b))
    .map(([table, columns]) => ({
      table,
      columns: [...columns]
        .sort(([a], [b]) => compareText(a, b))
        .map(([path, uses]) => ({ path, uses: [...uses].sort() })),
    }));
}
