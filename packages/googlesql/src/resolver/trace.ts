/** How values came to be, noted while a text is resolved, for whoever asks how a source reaches an output. */
import type { SourceKey } from "../flow/flow.ts";
import type { ColumnName } from "../plan.ts";
import type { At } from "../tree.ts";

/** A piece of a text: a query's own, or a view's or function's definition. */
export interface Place {
  readonly sql: string;
  readonly start: number;
  readonly end: number;
}

export type Origin =
  | { readonly kind: "column"; readonly column: ColumnName }
  | { readonly kind: "expression"; readonly place: Place }
  /** A column of a FROM item, a common table or a set operation: the values it takes, and the item's name, if it has one. */
  | { readonly kind: "through"; readonly name: string; readonly from: readonly number[] };

/** A clause that decided which rows there are, or in which order. */
export interface DecidingClause {
  /** `WHERE`, `JOIN`, `GROUP BY` … */
  readonly clause: string;
  readonly place: Place;
  readonly keys: ReadonlySet<SourceKey>;
}

export class Trace {
  readonly clauses: DecidingClause[] = [];
  /** The columns of each query whose rows are shown, by the id of their value. */
  readonly results: { readonly name: string; readonly id: number }[][] = [];
  readonly #origins = new Map<number, Origin>();
  readonly #uses: { readonly place: Place; readonly id: number }[] = [];

  /** The first expression that made a value is its origin: the same written twice is the same value. */
  expression(id: number, sql: string, { start, end }: At): void {
    if (!this.#origins.has(id)) this.#origins.set(id, { kind: "expression", place: { sql, start, end } });
  }

  column(id: number, column: ColumnName): void {
    this.#origins.set(id, { kind: "column", column });
  }

  through(id: number, name: string, from: readonly number[]): void {
    this.#origins.set(id, { kind: "through", name, from });
  }

  use(id: number, sql: string, { start, end }: At): void {
    this.#uses.push({ place: { sql, start, end }, id });
  }

  clause(clause: string, sql: string, { start, end }: At, keys: ReadonlySet<SourceKey>): void {
    if (keys.size > 0) this.clauses.push({ clause, place: { sql, start, end }, keys });
  }

  originOf(id: number): Origin | undefined {
    return this.#origins.get(id);
  }

  /** The values named inside a piece of the text, each once, in the order of the text. */
  usedIn({ sql, start, end }: Place): readonly { readonly place: Place; readonly id: number }[] {
    const seen = new Set<number>();
    return this.#uses.filter(({ place, id }) => {
      if (place.sql !== sql || place.start < start || place.end > end || seen.has(id)) return false;
      seen.add(id);
      return true;
    });
  }
}
