/**
 * How large the numbers are that have a name. What `n` is in `SELECT n / SUM(n) OVER () FROM (SELECT COUNT(*) AS n FROM t GROUP BY k)` stands
 * elsewhere, and is kept with the column's id: columns of one id hold the same values.
 */
import { type Among, ANY_ROWS, bitsOf, bitsOfDigits, isCount, isPositive, type Size } from "../functions/magnitude.ts";
import type { TableFieldSchema } from "../table-resource.ts";
import type { Expression, Node } from "../tree.ts";
import type { Frame, Value } from "./scope.ts";

/** Sizes of the columns at these places. */
type Digits = readonly (readonly [place: number, size: Size])[];

/** For as long as the catalog keeps the schema. */
const FIELDS = new WeakMap<readonly TableFieldSchema[], Digits>();

/** NUMERIC(p, s) holds p - s digits before its point. https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#parameterized_decimal_type */
function bitsOfFields(fields: readonly TableFieldSchema[]): Digits {
  const known = FIELDS.get(fields);
  if (known !== undefined) return known;
  const found = fields.flatMap(({ type, precision, scale = "0" }, place) => {
    if (!/^(BIG)?(NUMERIC|DECIMAL)$/i.test(type)) return [];
    const bits = bitsOfDigits(Number(precision) - Number(scale));
    return bits === null ? [] : [[place, { bits, positive: false }] as const];
  });
  FIELDS.set(fields, found);
  return found;
}

type Identified = Pick<Value, "id">;

export class Sizes {
  /** Null: nothing may be known of it any more. */
  readonly #ofId = new Map<number, Size | null>();
  readonly #named = new Map<Node, Size>();
  /** Counts of groups in the query that makes these, and in the one around it alone: further out, a group may stand in many rows. */
  readonly #counting = new Set<number>();
  readonly #counts = new Set<number>();

  /** The rows that expressions of a query are made of, with what is known of its names. Noise makes other numbers of them. */
  among(frame: Frame | null): Among {
    if (frame === null || frame.private) return ANY_ROWS;
    return { keyed: frame.keyed, repeated: frame.repeated, sizes: this.#named };
  }

  /** Notes what `value` is, as it is written. */
  note({ id }: Identified, written: Expression, frame: Frame): void {
    if (frame.private || this.#ofId.has(id)) return;
    this.#ofId.set(id, this.#sizeOf(written, frame));
    if (isCount(written)) this.#counting.add(id);
  }

  #sizeOf(written: Expression, frame: Frame): Size | null {
    // Most of what is selected is a name, which stands for what has its size already, if it has one.
    if (written.kind === "PathExpression") return this.#named.get(written) ?? null;
    const among = this.among(frame);
    return { bits: bitsOf(written, among), positive: isPositive(written, among) };
  }

  /** Notes what a table's columns hold: a value that doesn't fit fails the statement that writes it. */
  declare(columns: readonly Identified[], fields: readonly TableFieldSchema[]): void {
    for (const [place, size] of bitsOfFields(fields)) {
      const column = columns[place];
      if (column !== undefined) this.#ofId.set(column.id, size);
    }
  }

  /** Another column of the same values. */
  keep(from: Identified, to: Identified): void {
    const size = this.#ofId.get(from.id);
    if (size) this.#ofId.set(to.id, size);
    if (this.#counting.has(from.id)) this.#counts.add(to.id);
  }

  /** The column comes to hold other values. */
  forget({ id }: Identified): void {
    this.#ofId.set(id, null);
  }

  /** The name that stands at `node` is one of `value`, or of something of which nothing is known. `own`: of the rows of the query it stands in. */
  name(node: Node, value: Identified | null, own: boolean): void {
    const known = value && this.#ofId.get(value.id);
    const size = known && own && this.#counts.has(value.id) ? { ...known, counts: true } : known;
    if (size) this.#named.set(node, size);
    else this.#named.delete(node);
  }
}
