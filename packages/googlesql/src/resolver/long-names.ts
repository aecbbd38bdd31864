/**
 * Tables that FROM names by one identifier with dots, such as `p.d.t`, and without an alias: the range variable's name is the whole of it,
 * as GoogleSQL takes a path's last identifier. The canonical SQL has the parts of a table's name apart, so that the last of them is the name
 * there; where that would be taken for another, or another for it, the table is given an alias that the text doesn't know (I2).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#implicit_aliases
 */
import { PLAIN_IDENTIFIER } from "../keywords.ts";
import { tableNameParts } from "../table-name.ts";
import type { Identifier, Node, TablePath } from "../tree.ts";
import type { Context } from "./context.ts";
import { type Found, type FromClause, fold, namedValue, type RangeVariable, type Scope } from "./scope.ts";

export interface LongName {
  readonly node: TablePath;
  /** The last part of the table's name; folded. */
  readonly short: string;
}

type Ranges = ReadonlyMap<string, RangeVariable>;
type Names = Scope["names"];
type LongRange = RangeVariable & { readonly long: LongName };

export class LongNames {
  readonly #context: Pick<Context, "fail" | "named">;
  readonly #names = new Map<TablePath, LongName>();
  readonly #shorts = new Set<string>();
  /** Identifiers that stand for such a table. */
  readonly #uses = new Map<Identifier, LongName>();
  /** Those that are given an alias. */
  readonly #aliased = new Set<LongName>();
  /** Those whose rows are values, which take their name from the table's. */
  readonly #rows = new Set<LongName>();
  /** Columns that stand where such a table is named: no alias may be taken for one of them. */
  readonly #near = new Set<Names>();
  /** By their short names; made once for each list, and only where one is looked for. */
  readonly #byShort = new WeakMap<Ranges, ReadonlyMap<string, readonly LongRange[]>>();

  constructor(context: Pick<Context, "fail" | "named">) {
    this.#context = context;
  }

  /** The rows that a path in FROM, or a statement's target, gives, under the name they have. */
  named<From extends FromClause>(node: TablePath, from: From): From {
    const { name = "" } = node.parts.at(-1) ?? {};
    if (node.alias !== null || !name.includes(".")) return from;
    const long = this.#names.get(node) ?? { node, short: fold(tableNameParts(node.parts).at(-1) ?? "") };
    this.#names.set(node, long);
    this.#shorts.add(long.short);
    const ranges = [...from.ranges.values()].map((range) => [fold(name), { ...range, name, long }] as const);
    return { ...from, ranges: new Map(ranges) };
  }

  /** The table of that short name, which BigQuery doesn't know by it: where the name is nothing else. */
  byShort(name: Identifier, scope: Scope): Extract<Found, { kind: "range" }> | undefined {
    if (!this.#shorts.has(fold(name.name))) return undefined;
    for (let s: Scope | null = scope; s !== null; s = s.parent) {
      this.#near.add(s.names);
      const [range, other] = this.#shortsOf(s.ranges, fold(name.name));
      if (other !== undefined) {
        this.#context.fail("name", `Name ${name.name} is ambiguous; give the tables aliases`, name);
      }
      if (range !== undefined) return { kind: "range", range, scope: s };
    }
    return undefined;
  }

  /** `name` was looked for from `scope` outwards; `found` is undefined where nothing in it is meant, but all of it could be taken for that. */
  lookedFor(name: string, scope: Scope, found: Exclude<Found, { kind: "ambiguous" }> | undefined): void {
    if (this.#shorts.size === 0) return;
    const range = found?.kind === "range" ? found.range : undefined;
    const key = fold(name);
    // An alias hides what FROM beside it has.
    const last = found?.scope.aliases === true ? found.scope.parent : found?.scope;
    if (this.#shorts.has(key)) {
      for (let s: Scope | null = scope; s !== null; s = s === last ? null : s.parent) this.hide(key, s.ranges);
    }
    if (range?.long === undefined) return;
    const { long } = range;
    // Columns beside it count too, as EXTEND may have made one: that a table's name hides it is said of FROM alone.
    for (let s: Scope | null = scope; s !== null; s = s.parent) {
      this.#near.add(s.names);
      if (s.names.has(long.short)) this.giveAlias(long);
      if (s.ranges.get(key) === range) break;
      if (s.ranges.has(long.short)) this.giveAlias(long);
      this.hide(long.short, s.ranges);
    }
  }

  /** What has another meaning than a table of that short name. */
  hide(name: string, ranges: Ranges): void {
    if (!this.#shorts.has(fold(name))) return;
    for (const { long } of this.#shortsOf(ranges, fold(name))) this.giveAlias(long);
  }

  /** The ranges of two items of FROM that stand beside each other: each name stands there once, also where it is printed. */
  beside(a: Ranges, b: Ranges): void {
    for (const [key, { long }] of b) {
      this.hide(key, a);
      if (long === undefined) continue;
      if (a.has(long.short) || this.#shortsOf(a, long.short).length > 0) this.giveAlias(long);
    }
  }

  /** `name` is printed as the range's; `row`: it stands for its row as a value. */
  use(name: Identifier, { long }: RangeVariable, row = false): void {
    if (long === undefined) return;
    // Whether a table's name hides an argument of the function around, or that it, isn't known.
    if (this.#context.named?.arguments && namedValue(this.#context.named, long.short) !== undefined)
      this.giveAlias(long);
    if (row && (fold(name.name) !== long.short || this.#aliased.has(long))) this.#refuseRow(name);
    if (row) this.#rows.add(long);
    const known = this.#uses.get(name);
    if (known !== undefined && known !== long) {
      this.#context.fail("unsupported", `${name.name} stands for several tables; give them aliases`, name);
    }
    this.#uses.set(name, long);
  }

  /** `name` stands before a column of one FROM clause or target. */
  useIn({ names }: Pick<FromClause, "names">, name: Identifier, range: RangeVariable): void {
    this.#near.add(names);
    this.use(name, range);
  }

  /** `name` stands before a column in SET, where BigQuery would take the name of another column for that one. */
  asTarget(target: Pick<FromClause, "names">, name: Identifier, range: RangeVariable): void {
    const { long, columns } = range;
    if (long !== undefined && columns.some((column) => fold(column.name) === long.short)) this.giveAlias(long);
    this.useIn(target, name, range);
  }

  /** Whether a name is printed otherwise than it is written. */
  get printed(): boolean {
    return this.#uses.size > 0 || this.#aliased.size > 0;
  }

  /** What is printed for a name, and as the alias of a path; `taken`: what else has names in the canonical SQL. */
  printing(
    nodes: readonly Node[],
    taken: Iterable<string>,
  ): { rangeName(name: Identifier): string | undefined; alias(node: TablePath): string | undefined } {
    const known = new Set([...taken].map(fold));
    for (const node of nodes) if (node.kind === "Identifier") known.add(fold(node.name));
    const aliases = new Map<LongName, string>();
    for (const names of this.#near) for (const name of names.keys()) known.add(name);
    for (const long of this.#aliased) {
      const stem = PLAIN_IDENTIFIER.test(long.short) ? long.short : "table";
      let n = 1;
      while (known.has(`${stem}_${n}`)) n++;
      known.add(`${stem}_${n}`);
      aliases.set(long, `${stem}_${n}`);
    }
    return {
      rangeName: (name) => {
        const long = this.#uses.get(name);
        if (long === undefined) return undefined;
        // As it is written it names a row's column, too.
        if (fold(name.name) === long.short) return aliases.get(long);
        return aliases.get(long) ?? tableNameParts(long.node.parts).at(-1);
      },
      alias: (node) => {
        const long = this.#names.get(node);
        return long && aliases.get(long);
      },
    };
  }

  giveAlias(long: LongName): void {
    if (this.#rows.has(long)) this.#refuseRow(long.node);
    this.#aliased.add(long);
  }

  /** The value would be of another name. */
  #refuseRow(node: Node): void {
    this.#context.fail("unsupported", "A row as a value takes its name from its table: give the table an alias", node);
  }

  #shortsOf(ranges: Ranges, short: string): readonly LongRange[] {
    let known = this.#byShort.get(ranges);
    if (known === undefined) {
      known = Map.groupBy(
        [...ranges.values()].filter((range): range is LongRange => range.long !== undefined),
        ({ long }) => long.short,
      );
      this.#byShort.set(ranges, known);
    }
    return known.get(short) ?? [];
  }
}
