/** GoogleSQL's scoping, as the generator needs it: how a column can be spelled where it is used. */
import type { Expr } from "./tree.ts";
import type { Type } from "./types.ts";

export interface Column {
  readonly name: string;
  readonly type: Type;
  /** As DuckDB spells it, everywhere: its names are unique in the whole query. */
  readonly duck: string;
}

/** A name for rows; with `value`, for a row that is one value (an element, an offset). */
export interface Range {
  readonly alias: string | null;
  readonly columns: readonly Column[];
  readonly value: Column | null;
}

export interface Scope {
  readonly parent: Scope | null;
  readonly ranges: readonly Range[];
  /** USING's columns: their name alone means the merged one. */
  readonly merged: readonly Column[];
  /** What USING merged. */
  readonly hidden: ReadonlySet<Column>;
  /** Select aliases, where the clause sees them; they hide what FROM calls by that name. */
  readonly aliases: ReadonlySet<string>;
  /** Of a grouped query: the columns that are keys. */
  readonly allowed: ReadonlySet<Column> | null;
}

export const EMPTY: ReadonlySet<string> = new Set();

export function scopeOver(
  parent: Scope | null,
  ranges: readonly Range[],
  used: Pick<Scope, "merged" | "hidden">,
): Scope {
  return { parent, ranges, merged: used.merged, hidden: used.hidden, aliases: EMPTY, allowed: null };
}

type Meaning =
  | { readonly kind: "range"; readonly range: Range }
  | { readonly kind: "column"; readonly column: Column }
  | null;

/** What `name` stands for in `scope`; null where it is hidden or ambiguous. */
function meaning(name: string, scope: Scope): Meaning {
  for (let s: Scope | null = scope; s !== null; s = s.parent) {
    if (s.aliases.has(name)) return null;
    const range = s.ranges.find((r) => r.alias === name);
    if (range !== undefined) return { kind: "range", range };
    const candidates = [...s.merged, ...s.ranges.flatMap((r) => r.columns)];
    const columns = candidates.filter((c) => c.name === name && !s.hidden.has(c));
    const [column] = columns;
    if (columns.length > 1) return null;
    if (column !== undefined) return { kind: "column", column };
  }
  return null;
}

/** The ways to write `column` of `range` in `scope`; `qualified`: only those that a select alias can't change. */
export function spellings(scope: Scope, range: Range | null, column: Column, qualified: boolean): string[] {
  const ways: string[] = [];
  if (range?.value === column) {
    const found = meaning(range.alias ?? "", scope);
    return found?.kind === "range" && found.range === range ? [range.alias ?? ""] : [];
  }
  if (range !== null && range.alias !== null) {
    const found = meaning(range.alias, scope);
    if (found?.kind === "range" && found.range === range) ways.push(`${range.alias}.${column.name}`);
  }
  if (!qualified) {
    const found = meaning(column.name, scope);
    if (found?.kind === "column" && found.column === column) ways.push(column.name);
  }
  return ways;
}

export interface Visible {
  readonly range: Range | null;
  readonly column: Column;
  readonly ways: readonly string[];
  /** How many queries further out. */
  readonly distance: number;
}

/** Every column that can be written in `scope`, innermost first. */
export function visible(scope: Scope, qualified = false): Visible[] {
  const found: Visible[] = [];
  let distance = 0;
  for (let s: Scope | null = scope; s !== null; s = s.parent, distance++) {
    const add = (range: Range | null, column: Column): void => {
      if (s.allowed !== null && !s.allowed.has(column)) return;
      const ways = spellings(scope, range, column, qualified);
      if (ways.length > 0) found.push({ range, column, ways, distance });
    };
    for (const range of s.ranges) {
      if (range.value !== null) add(range, range.value);
      for (const column of range.columns) add(range, column);
    }
    for (const column of s.merged) add(null, column);
  }
  return found;
}

export function reference(column: Column, google: string): Expr {
  return { kind: "reference", type: column.type, google, duck: column.duck };
}

/** Every name that stands for rows somewhere around. */
export function rangeNames(scope: Scope | null): Set<string> {
  const names = new Set<string>();
  for (let s = scope; s !== null; s = s.parent) for (const r of s.ranges) if (r.alias !== null) names.add(r.alias);
  return names;
}
