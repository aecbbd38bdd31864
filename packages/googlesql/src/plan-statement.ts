/** From what the resolver found of a statement to its entry in the plan: plain lists, sorted, with names for keys. */
import {
  type Flow,
  fieldFlow,
  isColumnOf,
  keysOf,
  NO_KEYS,
  type SourceKey,
  splitSourceKey,
  union,
  viasOf,
  whole,
} from "./flow/flow.ts";
import type {
  ColumnName,
  Effect,
  ExplicitSource,
  Output,
  PlanStatement,
  StatementKind,
  TableName,
  TableRead,
  Use,
} from "./plan.ts";
import { effectLength, namesLength, outputLength, readsLength } from "./plan-length.ts";
import type { Context } from "./resolver/context.ts";
import type { Column, Relation } from "./resolver/scope.ts";
import type { Written } from "./resolver/statements/written.ts";
import { temporaryName } from "./table-name.ts";
import { arrayOf, structOf, type Type, typeName } from "./types.ts";

export const START_OF_TEXT = { start: 0 };

/** The result's columns as BigQuery's dry run names and types them. */
export function outputsOf(context: Context, relation: Relation, start: number): Output[] {
  let unnamed = 0;
  const names = resultColumns(relation).map(({ name }) => (name === "" ? `f${unnamed++}_` : name));
  const distinct = context.alone ? renamed(context, names, start) : names;
  refuseDuplicates(context, distinct, "in the result", start);
  const columns = resultColumns(relation).map((column, i) => ({ ...column, name: distinct[i] ?? "" }));
  const rows = sharedRows(context, relation);
  return columns.map((column, i) => {
    const made = output(context, column.name, resultType(column.type), column.flow, relation.implicit, start);
    return { ...made, ...rows[i] };
  });
}

/** Of each column the number of the row it is of, from 1; none where no other column is of it. Columns of a value table are fields, of no row that is known. */
function sharedRows(context: Context, relation: Relation): readonly Pick<Output, "row" | "part">[] {
  if (relation.valueTable) return [];
  const of = relation.columns.map(({ id }) => context.rowOf(id));
  const numbers = new Map<number, number>();
  const seen = new Set<number>();
  for (const one of of) {
    if (one === undefined) continue;
    const { row } = one;
    if (seen.has(row) && !numbers.has(row)) numbers.set(row, numbers.size + 1);
    seen.add(row);
  }
  return of.map((one) => {
    const row = one === undefined ? undefined : numbers.get(one.row);
    return row === undefined ? {} : { row, ...(one?.whole === false ? { part: true } : {}) };
  });
}

/** A value table of STRUCT gives its fields as columns. */
export function resultColumns(relation: Relation): readonly Pick<Column, "name" | "type" | "flow">[] {
  const [row] = relation.columns;
  if (!relation.valueTable || row === undefined || row.type.kind !== "struct") return relation.columns;
  return row.type.fields.map((field, i) => ({
    name: field.name,
    type: field.type,
    flow: fieldFlow(row.flow, i),
  }));
}

/** A schema names every field: those without a name are `_field_1`, by their place. */
export function resultType(type: Type): Type {
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

/**
 * Of a query that is no part of a script the columns of one name get others, but for the first: `a`, `a_1`. What becomes of one where such a
 * name is another column's isn't documented, nor whether a script's result counts as written to a table, which can't have two of one name.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#duplicate_aliases
 */
function renamed(context: Context, names: readonly string[], start: number): readonly string[] {
  const times = new Map<string, number>();
  const made = names.map((name) => {
    const key = name.toLowerCase();
    const before = times.get(key) ?? 0;
    times.set(key, before + 1);
    return before === 0 ? name : `${name}_${before}`;
  });
  const taken = made.find((name, i) => name !== names[i] && times.has(name.toLowerCase()));
  if (taken === undefined) return made;
  return context.fail("name", `Columns of one name are called ${taken}, as another is; give each an alias`, { start });
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
): Output {
  const value = whole(flow);
  const base = {
    name,
    type: typeName(type),
    explicit: explicitSources(value),
    implicit: columnNames(union([value.implicit, rows])),
    constant: value.constant,
  };
  context.spendPlan(outputLength(base), { start });
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
    output(context, field.name, field.type, fieldFlow(flow, i), above, start),
  );
  return { ...base, fields };
}

export function explicitSources(flow: Flow): ExplicitSource[] {
  const sources: ExplicitSource[] = [];
  for (const [key, ways] of flow.explicit) {
    const column = columnName(key);
    for (const { via, statistic } of viasOf(ways)) {
      sources.push(statistic === undefined ? { column, via } : { column, via, statistic });
    }
  }
  return inOrder(sources, (a, b) => compareText(a.column, b.column) || compareText(a.via, b.via));
}

function columnName(key: SourceKey): ColumnName {
  return key.replace("\n", ".");
}

export function columnNames(keys: ReadonlySet<SourceKey>): ColumnName[] {
  return inOrder(Array.from(keys, columnName), compareText);
}

/** Most lists have one entry, and nothing to sort. */
function inOrder<T>(list: T[], compare: (a: T, b: T) => number): T[] {
  return list.length > 1 ? list.sort(compare) : list;
}

/** By code unit, so that the order depends on no locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What a procedural statement does with values, instead of showing or writing them. */
export interface ReadUses {
  /** Values that a variable or a temporary table of the script takes. */
  readonly kept?: readonly Flow[];
  /** What a condition was made of. */
  readonly decided?: ReadonlySet<SourceKey>;
}

/** Uses as a set of bits. */
type Uses = number;

const KEPT = 1;
const OUTPUT = 2;
const PREDICATE = 4;

/** Of each set of uses its list, by name; shared, since a plan can have thousands. */
const USES: readonly (readonly Use[])[] = [
  ["kept"],
  ["output"],
  ["kept", "output"],
  ["predicate"],
  ["kept", "predicate"],
  ["output", "predicate"],
  ["kept", "output", "predicate"],
];

function usesIn(uses: Uses): readonly Use[] {
  return USES[uses - 1] ?? [];
}

/** Every column the statement uses, and how. */
export function readsOf(context: Context, relation: Relation | null, uses: ReadUses = {}): TableRead[] {
  const usesOf = new Map<SourceKey, Uses>();
  const note = (key: SourceKey, use: Uses): void => {
    const known = usesOf.get(key) ?? 0;
    if ((known & use) === 0) usesOf.set(key, known | use);
  };
  const shown = relation === null ? [] : resultColumns(relation).map((c) => c.flow);
  const flowsOf = (list: readonly Written[]): Flow[] => list.flatMap((w) => w.columns.map((c) => c.flow));
  const written = flowsOf(context.written.filter((w) => temporaryName(w.table) === undefined));
  const temporary = flowsOf(context.written.filter((w) => temporaryName(w.table) !== undefined));
  for (const flow of [...shown, ...written, ...context.errors, ...context.unseen]) {
    const value = whole(flow);
    for (const key of value.explicit.keys()) note(key, OUTPUT);
    for (const key of value.implicit) note(key, PREDICATE);
  }
  for (const flow of [...temporary, ...(uses.kept ?? [])]) {
    const value = whole(flow);
    for (const key of value.explicit.keys()) note(key, KEPT);
    for (const key of value.implicit) note(key, PREDICATE);
  }
  const decided = [context.branch, relation?.implicit ?? NO_KEYS, uses.decided ?? NO_KEYS];
  for (const keys of decided) for (const key of keys) note(key, PREDICATE);
  for (const { implicit } of context.written) for (const key of implicit) note(key, PREDICATE);
  for (const flow of context.failing) {
    const value = whole(flow);
    for (const key of value.explicit.keys()) note(key, PREDICATE);
    for (const key of value.implicit) note(key, PREDICATE);
  }
  // A value that is computed but not shown still decides whether the query fails.
  for (const flow of context.computed) {
    const value = whole(flow);
    for (const key of value.explicit.keys()) if (!usesOf.has(key)) note(key, PREDICATE);
    for (const key of value.implicit) if (!usesOf.has(key)) note(key, PREDICATE);
  }
  const reads = new Map<TableName, ColumnRead[]>();
  for (const table of context.tables) if (temporaryName(table) === undefined) reads.set(table, []);
  // Columns of one table mostly follow each other.
  let last: TableName | null = null;
  let columns: ColumnRead[] = [];
  for (const [key, uses] of usesOf) {
    if (last === null || !isColumnOf(key, last)) {
      last = splitSourceKey(key).table;
      columns = reads.get(last) ?? [];
      reads.set(last, columns);
    }
    columns.push({ path: key.slice(last.length + 1), uses: usesIn(uses) });
  }
  for (const columns of reads.values()) if (columns.length === 0) columns.push({ path: "*", uses: usesIn(PREDICATE) });
  const list = inOrder([...reads], (a, b) => compareText(a[0], b[0])).map(
    ([table, columns]): TableRead => ({
      table,
      ...outsideOf(context, table),
      ...(context.historical.has(table) ? { historical: true } : {}),
      columns: inOrder(columns, (a, b) => compareText(a.path, b.path)),
    }),
  );
  context.spendPlan(readsLength(list), START_OF_TEXT);
  return list;
}

type ColumnRead = TableRead["columns"][number];

function outsideOf(context: Context, table: TableName): Pick<TableRead, "outside"> {
  const outside = context.outside.get(table);
  return outside === undefined ? {} : { outside };
}

/** A statement that shows no rows. `relation`: rows of which it makes something else. */
export function planWithoutResult(
  context: Context,
  kind: StatementKind,
  relation: Relation | null = null,
): PlanStatement {
  const reads = readsOf(context, relation);
  return {
    kind,
    reads,
    ...definitionsOf(context),
    outputs: [],
    writes: context.writes,
    ...(context.changes.length === 0 ? {} : { changes: context.changes }),
    effects: effectsOf(context, reads),
  };
}

/** The views, routines and wildcard tables of the catalog that the statement names, or that those name. */
export function definitionsOf(context: Context): Pick<PlanStatement, "views" | "routines" | "wildcards" | "metadata"> {
  for (const names of [context.views.keys(), context.routines, context.wildcards, context.metadata])
    context.spendPlan(namesLength(names), START_OF_TEXT);
  return {
    views: [...context.views.keys()].sort(compareText),
    routines: [...context.routines].sort(compareText),
    ...(context.wildcards.size === 0 ? {} : { wildcards: [...context.wildcards].sort(compareText) }),
    ...(context.metadata.size === 0 ? {} : { metadata: [...context.metadata].sort(compareText) }),
  };
}

/** What the statement does beside its result and its writes, and what decided whether it is done. */
export function effectsOf(context: Context, reads: readonly TableRead[]): Effect[] {
  const errors = context.errors.map(keysOf);
  const error: Effect[] = errors.length === 0 ? [] : [{ kind: "error_value", sources: columnNames(union(errors)) }];
  const branch = columnNames(context.branch);
  const effects = [...context.effects, ...error];
  const leaves = ({ kind, through = "" }: Effect) => reachesOut(kind) && !context.localModels.has(through);
  const outward = effects.some(leaves) ? decidedCalls(context, reads) : [];
  return effects.map((effect) => {
    // What decided over the branch is among the predicates.
    const decided = leaves(effect) ? outward : branch;
    context.spendPlan(effectLength(effect) + namesLength(decided), START_OF_TEXT);
    if (decided.length === 0) return effect;
    // What it told before is nothing new to it.
    const own = `${effect.through}.*`;
    const sources = [...effect.sources, ...decided].filter((source) => source !== own);
    return { ...effect, sources: [...new Set(sources)].sort(compareText) };
  });
}

/** Whether somebody outside BigQuery notices each time that it happens. */
function reachesOut(kind: Effect["kind"]): boolean {
  switch (kind) {
    case "remote_function":
    case "python":
    case "model":
      return true;
    case "export":
    case "load":
    case "external_query":
    case "external_table":
    case "javascript":
    case "procedure":
    case "grant":
    case "session":
    case "error_value":
      return false;
    default: {
      const unreachable: never = kind;
      return unreachable;
    }
  }
}

/** What decided how often the statement's expressions are computed, and of those that call somebody outside, which parts. */
function decidedCalls(context: Context, reads: readonly TableRead[]): ColumnName[] {
  const predicates = reads.flatMap(({ table, columns }) =>
    columns.filter(({ uses }) => uses.includes("predicate")).map(({ path }) => `${table}.${path}`),
  );
  return [...predicates, ...columnNames(union([...context.deciding, ...context.scanned].map(keysOf)))];
}
