/** The rows of an item of FROM, and where expressions over them stand. */
import type { Place, QueryWish } from "./generation.ts";
import type { Column, Range, Scope } from "./scope.ts";
import type { From } from "./tree.ts";

export interface KeyPart {
  readonly range: Range;
  readonly column: Column;
}

export interface MadeFrom {
  readonly node: From;
  readonly ranges: readonly Range[];
  readonly merged: readonly Column[];
  /** Columns that USING merged: their name alone means the merged one. */
  readonly hidden: ReadonlySet<Column>;
  /** What `*` gives, in order. */
  readonly star: readonly Column[];
  /** Columns that together differ in every row; null where none are known. */
  readonly key: readonly KeyPart[] | null;
}

export const NONE: ReadonlySet<Column> = new Set();
export const NO_USING: Pick<MadeFrom, "merged" | "hidden"> = { merged: [], hidden: new Set() };

export function placeIn(wish: Pick<QueryWish, "commonTables">, scope: Scope): Place {
  return {
    scope,
    own: [],
    rows: null,
    windowTies: null,
    rowTies: null,
    commonTables: wish.commonTables,
    subqueries: true,
    qualified: false,
    grouped: false,
  };
}

export function relation(
  node: From,
  alias: string | null,
  columns: readonly Column[],
  key: readonly number[] | null,
): MadeFrom {
  const range: Range = { alias, columns, value: null };
  const parts = key?.flatMap((i) => {
    const column = columns[i];
    return column === undefined ? [] : [{ range, column }];
  });
  return { node, ranges: [range], merged: [], hidden: NONE, star: columns, key: parts ?? null };
}
