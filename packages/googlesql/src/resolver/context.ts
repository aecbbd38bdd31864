/** What one analysis carries through the resolver, and what it collects on the way. */
import type { Flow } from "../flow/flow.ts";
import { CONSTANT, NO_KEYS, type SourceKey } from "../flow/flow.ts";
import type { Change, Effect, OutsideSource, Refusal, TableName, Write } from "../plan.ts";
import type { RoutineName } from "../routine-resource.ts";
import { SqlError } from "../sql-error.ts";
import type { TableFieldSchema } from "../table-resource.ts";
import type { Expression, Node, Query, TableFunctionCall, TablePath } from "../tree.ts";
import type { Type } from "../types.ts";
import { ANALYSIS_LIMITS, Budget, QUICK_LIMITS } from "./budget.ts";
import type { CatalogView, Definition } from "./catalog-view.ts";
import { FunctionMemory } from "./function-memory.ts";
import { LongNames } from "./long-names.ts";
import { LookAlikes } from "./look-alikes.ts";
import { OperationIds } from "./operation-ids.ts";
import {
  type Column,
  type CommonTables,
  type NamedValues,
  namesOf,
  type PipedRows,
  type Relation,
  type Scope,
  type Value,
} from "./scope.ts";
import { Sizes } from "./sizes.ts";
import { newNotes } from "./statement-notes.ts";
import type { TemporaryTable, Written } from "./statements/written.ts";
import type { NameDefaults } from "./table-name.ts";
import type { TemporaryFunction } from "./temporary-function.ts";
import type { Trace } from "./trace.ts";

export interface ParameterTypes {
  /** By lower-case name. */
  readonly named: ReadonlyMap<string, Type>;
  readonly positional: readonly Type[];
}

const NO_PARAMETERS: ParameterTypes = { named: new Map(), positional: [] };

/** A text, and what its names are completed with. */
interface SourceText {
  readonly sql: string;
  readonly defaults: NameDefaults;
  readonly parameters: ParameterTypes;
}

/** The row of a table that a value is of; `whole`: it is a column of it, else a field or an element of one. */
interface OfRow {
  readonly row: number;
  readonly whole: boolean;
}

/** Ids of a table's columns are handed out in blocks, so that what is known of all of them is noted for few. */
export const BLOCK = 64;

export function blockOf(id: number): number {
  return Math.floor(id / BLOCK);
}

export class Context {
  readonly catalog: CatalogView;
  /** The subquery's resolver, passed in because it needs the expression's and the other way round. */
  readonly query: (context: Context, query: Query, scope: Scope | null, tables: CommonTables | null) => Relation;
  /** A query in FROM: with the names its rows have there. */
  readonly rows: (
    context: Context,
    query: Query,
    scope: Scope | null,
    tables: CommonTables | null,
    alias: string | null,
  ) => PipedRows;
  readonly expression: (context: Context, node: Expression, scope: Scope) => Value;

  /** For the canonical SQL: which table each path names. */
  readonly tablePaths = new Map<TablePath, readonly string[]>();
  /** Paths that name a view of INFORMATION_SCHEMA, with the query that stands in their place. */
  readonly metadataRows = new Map<TablePath, string>();
  /** Models that run inside BigQuery and keep nothing of what they are asked. */
  readonly localModels = new Set<string>();
  /** Calls of table functions whose columns are taken by name, so that no other is seen. */
  readonly calledColumns = new Map<TableFunctionCall, readonly string[]>();
  /** Calls of table functions of which the text itself names each column that it takes. */
  readonly namedCalls = new Set<TableFunctionCall>();
  /** Views whose columns have other names than their queries'. */
  readonly listedViews = new Set<TableName>();
  /** For the canonical SQL: paths that name such a view, with its columns. */
  readonly listedColumns = new Map<TablePath, readonly string[]>();
  /** The same for calls of routines. */
  readonly routinePaths = new Map<Node, readonly [string, string, string]>();
  /** The same for statements that name what they change outside a path: ALTER, DROP, GRANT. */
  readonly names = new Map<Node, readonly string[]>();
  /** Every query and table path that was given a meaning. */
  readonly resolved = new Set<Node>();
  /** Names of values that stand in no row, where an expression is being resolved: variables, a routine's arguments. */
  named: NamedValues | null = null;
  /** Notes how values come to be, where somebody asked for it. */
  readonly trace: Trace | null;
  /** What decided whether the statement runs at all: the conditions of a script's branches around it. */
  branch: ReadonlySet<SourceKey> = NO_KEYS;
  /** The text is one query, and no script: the client alone gets its rows. */
  alone = false;
  /** What @@row_count says. */
  rowCount: Flow = CONSTANT;
  /** What @@error tells of; null outside of an EXCEPTION clause. */
  error: ReadonlySet<SourceKey> | null = null;
  /** What the figures of the script so far tell of. */
  cost: ReadonlySet<SourceKey> = NO_KEYS;
  /** What decided which of its statements have run so far. */
  ran: ReadonlySet<SourceKey> = NO_KEYS;
  /** Functions that the text has defined so far, by folded name. */
  readonly temporaryFunctions = new Map<string, TemporaryFunction>();
  /** By name, with its case: tables that the script has made for itself. */
  temporaryTables: ReadonlyMap<string, TemporaryTable> = new Map();
  /** What earlier statements of a script may have written into each table, for whoever reads it. */
  writtenTables: ReadonlyMap<TableName, readonly Written[]> = new Map();
  /** Routines that earlier statements of a script made, changed or dropped: the catalog knows them as they were. */
  writtenRoutines: ReadonlyMap<RoutineName, unknown> = new Map();
  /** Whose job it is. */
  readonly project: string | undefined;
  /** Sources that are no tables. */
  readonly outside = new Map<string, OutsideSource>();
  /** What functions in JavaScript may keep from call to call. */
  readonly functionMemory: FunctionMemory;
  readonly longNames = new LongNames(this);
  readonly sizes = new Sizes();
  /** Expressions that give an ARRAY of which but the elements are used: it can't be a result. */
  readonly consumed = new Set<Node>();
  /** An expression is being resolved. */
  inExpression = false;
  /** It calls something far away, or has a subquery that may. */
  mayReach = false;
  readonly usedParameters = new Set<string>();
  usedPositions = 0;

  #text: SourceText;
  #notes = newNotes();
  /** Names of the definitions being resolved, outermost first. */
  #open: readonly string[] = [];
  /** A query's columns are forgotten with it: a text can have thousands of queries, one after the other. */
  readonly #columnNames = new WeakMap<readonly Column[], ReadonlyMap<string, Column | null>>();
  readonly #operations = new OperationIds(() => this.freshId());
  /** Of scans of tables, by `blockOf` the ids of their columns. */
  readonly #rowOfBlock = new Map<number, OfRow>();
  /** Of other columns, and of those whose row is another than that of their scan, by id; null where it is none. */
  readonly #rowOf = new Map<number, OfRow | null>();
  #lastId = 0;
  readonly #lookAlikes = new LookAlikes(this);
  readonly #budget: Budget;

  constructor(
    given: Pick<Context, "sql" | "catalog" | "defaults" | "parameters" | "query" | "rows" | "expression"> & {
      readonly trace?: Trace | null;
      readonly quick?: boolean;
      readonly functionMemory?: FunctionMemory;
    },
  ) {
    this.#budget = new Budget(this, given.quick === true ? QUICK_LIMITS : ANALYSIS_LIMITS);
    this.#text = { sql: given.sql, defaults: given.defaults, parameters: given.parameters };
    this.project = given.defaults.defaultProject ?? given.defaults.defaultDataset?.project;
    this.catalog = given.catalog;
    this.query = given.query;
    this.rows = given.rows;
    this.expression = given.expression;
    this.trace = given.trace ?? null;
    this.functionMemory = given.functionMemory ?? new FunctionMemory();
  }

  /** The text being resolved: the query's, or a definition's. */
  get sql(): string {
    return this.#text.sql;
  }

  get defaults(): NameDefaults {
    return this.#text.defaults;
  }

  get parameters(): ParameterTypes {
    return this.#text.parameters;
  }

  /** In a view's or a routine's own text, where nothing that the query declares is known. */
  get inDefinition(): boolean {
    return this.#open.length > 0;
  }

  /** In a procedure's text, which makes tables and variables of its own. */
  get inProcedure(): boolean {
    return this.#open.at(-1)?.startsWith("procedure\n") === true;
  }

  /**
   * Resolves what stands in a definition's text. Its names are completed with its own project and no dataset; the
   * query's defaults, parameters and variables don't reach it. What is refused there is refused at `node`, which names it.
   */
  inside<T>({ kind, name, sql, defaults }: Definition, project: string, node: Node, resolve: () => T): T {
    const { named } = this;
    const text = this.#text;
    const open = this.#open;
    const what = `${kind}\n${name}`;
    if (open.includes(what)) this.fail("unsupported", `The ${kind} ${name} refers to itself`, node);
    this.#budget.spendDefinition(open.length, node);
    // What the query's own text makes is counted with its statements.
    if (sql !== this.sql) this.spendText({ start: 0, end: sql.length }, node);
    let refused: SqlError;
    try {
      this.#open = [...open, what];
      this.#text = { sql, defaults: defaults ?? { defaultProject: project }, parameters: NO_PARAMETERS };
      this.named = null;
      return resolve();
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      refused = error;
    } finally {
      this.#open = open;
      this.#text = text;
      this.named = named;
    }
    return this.fail(refused.code, `In ${kind} ${name}: ${refused.message}`, node);
  }

  /** Forgets what was noted of the statement before. */
  beginStatement(): void {
    this.#notes = newNotes();
  }

  get tables(): Set<TableName> {
    return this.#notes.tables;
  }

  get views(): Map<TableName, Relation> {
    return this.#notes.views;
  }

  get routines(): Set<RoutineName> {
    return this.#notes.routines;
  }

  get wildcards(): Set<string> {
    return this.#notes.wildcards;
  }

  get historical(): Set<TableName> {
    return this.#notes.historical;
  }

  get computed(): Flow[] {
    return this.#notes.computed;
  }

  get failing(): Flow[] {
    return this.#notes.failing;
  }

  get errors(): Flow[] {
    return this.#notes.errors;
  }

  /** Each of these can make the statement fail. There can be more than a call has arguments. */
  failBy(flows: Iterable<Flow>): void {
    for (const flow of flows) this.#notes.failing.push(flow);
  }

  /** Grows with each thing that can fail. */
  get failures(): number {
    return this.#notes.failing.length + this.#notes.errors.length;
  }

  get scanned(): Flow[] {
    return this.#notes.scanned;
  }

  get unseen(): Flow[] {
    return this.#notes.unseen;
  }

  get writes(): Write[] {
    return this.#notes.writes;
  }

  get written(): Written[] {
    return this.#notes.written;
  }

  get changes(): Change[] {
    return this.#notes.changes;
  }

  get metadata(): Set<string> {
    return this.#notes.metadata;
  }

  get effects(): Effect[] {
    return this.#notes.effects;
  }

  get deciding(): Flow[] {
    return this.#notes.deciding;
  }

  /** Notes which table a path names. One that is resolved more than once must name the same: it is printed once (I2). */
  nameTable(node: TablePath, parts: readonly string[]): void {
    const known = this.tablePaths.get(node);
    if (known !== undefined && known.join("\n") !== parts.join("\n")) {
      this.fail(
        "unsupported",
        `${parts.at(-1)} is a temporary table here and another table elsewhere; rename it`,
        node,
      );
    }
    this.tablePaths.set(node, parts);
  }

  /** An id that equals no other. */
  freshId(): number {
    return ++this.#lastId;
  }

  /** The first of `count` ids that equal no other, one behind the other, in blocks of their own. */
  freshBlocks(count: number): number {
    const first = (blockOf(this.#lastId) + 1) * BLOCK;
    this.#lastId = (blockOf(first + count - 1) + 1) * BLOCK - 1;
    return first;
  }

  /**
   * Columns of these ids, which are in blocks of their own, are one row's: of one scan of a table. Ids of columns mean the same value on every
   * row, so whoever keeps the id keeps the row.
   */
  noteRow(first: number, count: number): void {
    const of: OfRow = { row: this.freshId(), whole: true };
    for (let block = blockOf(first); block <= blockOf(first + count - 1); block++) this.#rowOfBlock.set(block, of);
  }

  /** These are parts of the value: fields of it, or its elements, where each of them is a row beside the row that it is of. */
  noteParts(value: { readonly id: number }, parts: readonly { readonly id: number }[]): void {
    const of = this.rowOf(value.id);
    if (of !== undefined) for (const { id } of parts) this.#rowOf.set(id, { row: of.row, whole: false });
  }

  /** Another column of the same rows, with the same value. */
  keepRow(from: { readonly id: number }, to: { readonly id: number }): void {
    this.sizes.keep(from, to);
    const of = this.rowOf(from.id);
    if (of !== undefined) this.#rowOf.set(to.id, of);
  }

  /**
   * Columns of one more reference to a relation: what stood in one row there stands in one row here, which is none of any other reference.
   * `inBlocks`: their ids are one behind the other, in blocks of their own.
   */
  carryRows(from: readonly Column[], to: readonly Column[], inBlocks = false): void {
    const rows = new Map<number, number>();
    let of: OfRow | undefined;
    let carried: OfRow | undefined;
    for (const [i, known] of from.entries()) {
      const column = to[i];
      if (column === undefined) continue;
      this.sizes.keep(known, column);
      const before = this.rowOf(known.id);
      if (before !== of) {
        of = before;
        carried = of && { ...of, row: rows.get(of.row) ?? this.freshId() };
        if (of !== undefined && carried !== undefined) rows.set(of.row, carried.row);
      }
      // A block is as its first column, and what differs from that is noted.
      if (inBlocks && i % BLOCK === 0 && carried !== undefined) this.#rowOfBlock.set(blockOf(column.id), carried);
      else if (carried !== (inBlocks ? this.#rowOfBlock.get(blockOf(column.id)) : undefined)) {
        this.#rowOf.set(column.id, carried ?? null);
      }
    }
  }

  /**
   * Columns whose rows come from several inputs: those stand in one row that do so in each of them. `inputs` has for each column that of each input.
   */
  joinRows(columns: readonly Column[], inputs: readonly (readonly Column[])[]): void {
    const rows = new Map<string, number>();
    for (const [i, { id }] of columns.entries()) {
      const of = (inputs[i] ?? []).map((column) => this.rowOf(column.id));
      const known = of.filter((one) => one !== undefined);
      if (known.length === 0 || known.length < of.length) continue;
      const key = known.map(({ row }) => row).join(" ");
      const own = rows.get(key) ?? this.freshId();
      rows.set(key, own);
      this.#rowOf.set(id, { row: own, whole: known.every(({ whole }) => whole) });
    }
  }

  /** These columns come to hold values of other rows. */
  forgetRows(columns: readonly Column[]): void {
    for (const column of columns) {
      this.#rowOf.set(column.id, null);
      this.sizes.forget(column);
    }
  }

  /** The row that a value is a column of, or a part of one; undefined where it isn't known to be. */
  rowOf(id: number): OfRow | undefined {
    const own = this.#rowOf.get(id);
    return own === undefined ? this.#rowOfBlock.get(blockOf(id)) : (own ?? undefined);
  }

  /** `namesOf(columns)`, made once for each list: a query can name thousands of thousands. */
  columnNames(columns: readonly Column[]): ReadonlyMap<string, Column | null> {
    const known = this.#columnNames.get(columns);
    if (known !== undefined) return known;
    const names = namesOf(columns);
    this.#columnNames.set(columns, names);
    return names;
  }

  /** Whether `names` are those that `columnNames` gave for this list. */
  namesAlone(columns: readonly Column[], names: ReadonlyMap<string, Column | null>): boolean {
    return this.#columnNames.get(columns) === names;
  }

  /** Tells what `columnNames` gives for this list. */
  knowColumnNames(columns: readonly Column[], names: ReadonlyMap<string, Column | null>): void {
    this.#columnNames.set(columns, names);
  }

  /** The id of an operation on operands: the same for the same. */
  idOf(operation: string, operands: readonly (number | string)[]): number {
    return this.#operations.idOf(operation, operands);
  }

  fail(code: Refusal["code"], message: string, node: { readonly start: number }): never {
    throw SqlError.at(this.sql, node.start, code, message);
  }

  noteName(name: string, node: { readonly start: number }): void {
    this.#lookAlikes.noteName(name, node);
  }

  noteSchema(fields: readonly TableFieldSchema[], node: { readonly start: number }): boolean {
    return this.#lookAlikes.noteSchema(fields, node);
  }

  /** Resolves the body of a function that stands open with those around. */
  withinBody<T>(body: Node, node: { readonly start: number }, resolve: () => T): T {
    return this.#budget.within(body, node, resolve);
  }

  spendColumns(count: number, node: { readonly start: number }): void {
    this.#budget.spendColumns(count, node);
  }

  spendText(text: Pick<Node, "start" | "end">, node: { readonly start: number } = text): void {
    this.#budget.spendText(text, node);
  }

  spendWork(value: Value, node: Node): void {
    this.#budget.spendWork(value, node);
  }

  spendSources(flows: readonly Flow[], steps: number, node: { readonly start: number }): void {
    this.#budget.spendSources(flows, steps, node);
  }

  spendCarried(count: number, node: { readonly start: number }): void {
    this.#budget.spendCarried(count, node);
  }

  spendPlan(length: number, node: { readonly start: number }): void {
    this.#budget.spendPlan(length, node);
  }

  bounded<T extends Type>(type: T, node: { readonly start: number }): T {
    return this.#budget.bounded(type, node);
  }
}
