/**
 * Names and what they stand for. A scope is one FROM clause (or the select aliases laid over it); an unknown name is
 * looked for in the enclosing query's scope, which is what makes a subquery correlated.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#scope_of_with_clause_aliases
 */
import type { Flow, SourceKey } from "../flow/flow.ts";
import type { Identifier, NamedWindow, Node } from "../tree.ts";
import type { Literalness, Type } from "../types.ts";
import type { LongName } from "./long-names.ts";
import type { MatchPlace } from "./match-call.ts";

/** An expression's result. Equal ids mean the same value on every row, which is what GROUP BY matches by. */
export interface Value {
  readonly type: Type;
  readonly written: Literalness;
  readonly flow: Flow;
  readonly id: number;
}

export interface Column extends Value {
  /** Empty when it has none. */
  readonly name: string;
}

/** What a query gives. */
export interface Relation {
  readonly columns: readonly Column[];
  /** What decided which rows there are and in which order. */
  readonly implicit: ReadonlySet<SourceKey>;
  /** What of `implicit` decided whether there is any row; all of it where this is left out. */
  readonly anyRow?: ReadonlySet<SourceKey>;
  /** That its rows exist, for whoever counts them. */
  readonly rows: Flow;
  /** One row of a table may stand in several of its rows: counting them is not counting the table's. */
  readonly repeated: boolean;
  /** SELECT AS STRUCT, SELECT AS VALUE: one column that is the row itself. */
  readonly valueTable: boolean;
  /** Of a row that is one value, the name it had, which a set operation may keep; empty or left out for none. */
  readonly valueName?: string;
  /** It has no more than one row, whatever it is made of. */
  readonly single?: boolean;
}

/** A name for the rows of one item of FROM. */
export interface RangeVariable {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Columns that only their name gives: neither `*` nor the row as a value holds them. */
  readonly pseudoColumns?: readonly Column[];
  /** Set where the row is a single value: an element of an array, a row of a value table, an offset. */
  readonly value: Column | null;
  /** Set where `name` is a table's name with dots. */
  readonly long?: LongName;
  readonly id: number;
}

/** What a FROM clause gives: the rows of a relation, and names for them. */
export interface FromClause {
  /** What `*` expands to, in order. */
  readonly columns: readonly Column[];
  readonly ranges: ReadonlyMap<string, RangeVariable>;
  /** Unqualified names; null marks an ambiguous one. */
  readonly names: ReadonlyMap<string, Column | null>;
  readonly implicit: ReadonlySet<SourceKey>;
  readonly rows: Flow;
  /** As in Relation. */
  readonly repeated: boolean;
  /** Items whose row is one value, with the columns that `*` gives for it. */
  readonly values?: readonly ValueRow[];
}

/** A row that is one value: an element of an array, a row of a value table. */
export interface ValueRow {
  readonly value: Column;
  /** A STRUCT's fields, or the value alone; all of them are in the FROM clause's `columns`. */
  readonly fields: readonly Column[];
  /** The fields can be named as columns. Under an alias of the whole row only `*` gives them. */
  readonly open: boolean;
}

/** The rows at one point of a pipe, with the names they have there. */
export interface PipedRows extends FromClause {
  /** As in Relation. */
  readonly anyRow?: ReadonlySet<SourceKey>;
  /** As in Relation. */
  readonly valueTable: boolean;
}

/** What is known of one SELECT while its clauses are resolved. */
export interface Frame {
  /** 1 for a query that no other encloses. */
  readonly depth: number;
  /** Which clause is being resolved, and so what may stand in it. */
  phase: "rows" | "keys" | "having" | "select" | "piped";
  /** Its groups are made by keys alone: each has a row. */
  keyed: boolean;
  /** Above 0 inside an aggregate's arguments. */
  inAggregate: number;
  /** Inside the arguments of an aggregate over groups of its own: what stands there is an aggregate of one of them. */
  ofGroups: boolean;
  /** Above 0 inside a window function's arguments or window. */
  inWindow: number;
  /** Aggregates seen so far. */
  aggregates: number;
  /** Columns used outside aggregates: in a grouped query each must be a key. */
  references: { readonly ids: readonly number[]; readonly name: string; readonly node: Node }[];
  readonly keys: Set<number>;
  /** Names that stand for something outside of the query, by folded name; but for those in an item of the SELECT list, which holds its own. */
  outside: Map<string, { readonly start: number }> | null;
  /** Ids of the columns that were named, or of the range variables whose whole rows were; null where nobody asks. */
  readonly used: Set<number> | null;
  /** SELECT WITH DIFFERENTIAL_PRIVACY: its aggregates are others. */
  private: boolean;
  /** Set inside a MATCH_RECOGNIZE. */
  readonly match: MatchPlace | null;
  rows: Flow;
  /** Of the FROM clause: as in Relation. */
  repeated: boolean;
  readonly windows: Map<string, { readonly node: NamedWindow; keys: ReadonlySet<SourceKey> | null; ordered: boolean }>;
}

/** Common tables in scope, innermost first. */
export interface CommonTables {
  readonly parent: CommonTables | null;
  /** By folded name; null where its rows are not known yet: a recursive query's own name, in places where it can't stand. */
  readonly relations: ReadonlyMap<string, Relation | null>;
}

/** Names that stand for values of no row: variables of a script, which any column hides; a routine's arguments. */
export interface NamedValues {
  /** A routine's arguments: whether a column hides one of them is a setting of GoogleSQL's that BigQuery doesn't tell. */
  readonly arguments?: true;
  /** By folded name. */
  readonly values: ReadonlyMap<string, Column>;
}

export function namedValue(named: NamedValues | null, name: string): Column | undefined {
  return named?.values.get(fold(name));
}

export interface Scope {
  readonly parent: Scope | null;
  /** The SELECT whose rows the names are of; null for names of values (WITH expressions, outputs of a set operation). */
  readonly frame: Frame | null;
  readonly ranges: ReadonlyMap<string, RangeVariable>;
  readonly names: ReadonlyMap<string, Column | null>;
  readonly commonTables: CommonTables | null;
  /** Select aliases: they hide the names of FROM, inside an aggregate's arguments too. */
  readonly aliases: boolean;
}

export const NO_RANGES: ReadonlyMap<string, RangeVariable> = new Map();
export const NO_NAMES: ReadonlyMap<string, Column | null> = new Map();

const CAPITAL = /[A-Z]/;
const ASCII = /^[\0-\x7f]*$/;

/** Columns, aliases and common tables compare without the case of ASCII letters; tables with case. */
export function fold(name: string): string {
  if (!CAPITAL.test(name)) return name;
  return ASCII.test(name) ? name.toLowerCase() : name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

export type Found =
  | { readonly kind: "range"; readonly range: RangeVariable; readonly scope: Scope }
  | {
      readonly kind: "column";
      readonly column: Column;
      readonly scope: Scope;
      /** For a select alias, what of FROM it hides. */
      readonly hidden: Column | null;
      readonly hiddenRange: RangeVariable | null;
    }
  | { readonly kind: "ambiguous" };

/** What a name stands for, from the inside out. A range variable hides the columns beside it. */
export function find(name: string, scope: Scope | null): Found | undefined {
  const key = fold(name);
  for (let s = scope; s !== null; s = s.parent) {
    const range = s.ranges.get(key);
    if (range !== undefined) return { kind: "range", range, scope: s };
    const column = s.names.get(key);
    if (column === null) return { kind: "ambiguous" };
    if (column !== undefined) {
      const hiddenRange = (s.aliases ? s.parent?.ranges.get(key) : undefined) ?? null;
      const below = hiddenRange?.value ?? (s.aliases ? s.parent?.names.get(key) : undefined);
      return {
        kind: "column",
        column,
        scope: s,
        hidden: below ?? null,
        hiddenRange,
      };
    }
  }
  return undefined;
}

/** The SELECT being resolved, where an expression in `scope` stands. */
export function frameOf(scope: Scope): Frame | null {
  for (let s: Scope | null = scope; s !== null; s = s.parent) if (s.frame !== null) return s.frame;
  return null;
}

/** Null: in the making. Undefined: no common table. */
export function commonTable(tables: CommonTables | null, name: Identifier): Relation | null | undefined {
  for (let t = tables; t !== null; t = t.parent) {
    const relation = t.relations.get(fold(name.name));
    if (relation !== undefined) return relation;
  }
  return undefined;
}

/** Unqualified names of columns that stand beside each other. */
export function namesOf(columns: readonly Column[]): Map<string, Column | null> {
  const names = new Map<string, Column | null>();
  for (const column of columns) addName(names, column);
  return names;
}

export function addName(names: Map<string, Column | null>, column: Column): void {
  const key = fold(column.name);
  const existing = names.get(key);
  names.set(key, existing === undefined || existing?.id === column.id ? column : null);
}
