/** What one generated query carries while it grows. */
import type { Choices } from "./choices.ts";
import type { Operator } from "./operators.ts";
import type { Procedure } from "./procedures.ts";
import type { Scope } from "./scope.ts";
import type { Expr, Query } from "./tree.ts";
import type { Type } from "./types.ts";

/** A query with what is known of its result. */
export interface Made {
  readonly query: Query;
  readonly columns: readonly { readonly name: string; readonly type: Type; readonly duck: string }[];
  /** Places of columns that together differ in every row; null where none are known. */
  readonly key: readonly number[] | null;
}

export interface CommonTable {
  readonly google: string;
  readonly recursive?: boolean;
  readonly duck: string;
  readonly made: Made;
}

/** What the catalog holds besides tables. */
export interface Stored {
  readonly rows: readonly StoredRows[];
  readonly functions: readonly Operator[];
  readonly procedures: readonly Procedure[];
}

/** In DuckDB's text `$1` stands for the first argument. */
export interface StoredRows {
  readonly kind: "view" | "table function";
  readonly google: string;
  readonly parameters: readonly Type[];
  readonly made: Made;
  readonly duck: string;
}

export interface QueryWish {
  readonly parent: Scope | null;
  readonly commonTables: readonly CommonTable[];
  /** The columns' types; null for any. */
  readonly types: readonly Type[] | null;
  /** What SELECT AS STRUCT must name its fields. */
  readonly names: readonly string[] | null;
  /** `one`: at most one row. `ordered`: rows in an order that is total. */
  readonly rows: "any" | "one" | "ordered";
  readonly as: "" | "STRUCT";
  readonly top: boolean;
}

/** Where an expression stands. */
export interface Place {
  readonly scope: Scope;
  /** Expressions that mean something here besides columns: grouping keys, select aliases. */
  readonly own: readonly Expr[];
  /** The rows that aggregates are over; null where there may be none. */
  readonly rows: Place | null;
  /** What makes an order total; null where there may be no window function. */
  readonly windowTies: readonly Expr[] | null;
  /** What makes an order of `rows` total, for aggregates; null where nothing does. */
  readonly rowTies: readonly Expr[] | null;
  readonly commonTables: readonly CommonTable[];
  readonly subqueries: boolean;
  /** Only spellings that no select alias can change. */
  readonly qualified: boolean;
  readonly grouped: boolean;
}

export class Generation {
  readonly choices: Choices;
  readonly notes = new Set<string>();
  /** Functions that the text itself declares. */
  readonly functions: Operator[] = [];
  /** Whether tables are named with their dataset, as in what the catalog holds. */
  qualifiedTables = false;
  stored: Stored = { rows: [], functions: [], procedures: [] };
  /** Windows of the SELECT being made that stand in its WINDOW clause; null where none may. */
  windows: Extract<Expr, { kind: "window" }>[] | null = null;
  readonly query: (g: Generation, wish: QueryWish) => Made;
  /** Bounds the whole: when it is used up, only leaves are made. */
  budget = 70;
  queryDepth = 0;
  #lastId: number;

  constructor(choices: Choices, query: (g: Generation, wish: QueryWish) => Made, firstId = 0) {
    this.#lastId = firstId;
    this.choices = choices;
    this.query = query;
  }

  id(): number {
    return ++this.#lastId;
  }

  note(construct: string): void {
    this.notes.add(construct);
  }
}
