/**
 * Numbers for operations on operands, the same for the same: what GROUP BY matches expressions by. An operation begins a way, each operand is a
 * step of it, and where it ends is the number. A step is found by a pair of numbers, since texts put together for each expression cost more than all
 * else that is asked of it.
 */
const FARTHEST = 2 ** 26;

export class OperationIds {
  readonly #fresh: () => number;
  readonly #texts = new Map<string, number>();
  readonly #steps = new Map<number, number>();
  readonly #textSteps = new Map<number, number>();
  /** Steps whose numbers make no pair. */
  readonly #farSteps = new Map<string, number>();

  /** `fresh` gives a number that equals no other. */
  constructor(fresh: () => number) {
    this.#fresh = fresh;
  }

  idOf(operation: string, operands: readonly (number | string)[]): number {
    let place = this.#numberOf(this.#texts, operation);
    for (const operand of operands) {
      place =
        typeof operand === "number"
          ? this.#step(this.#steps, place, operand, "number")
          : this.#step(this.#textSteps, place, this.#numberOf(this.#texts, operand), "text");
    }
    return place;
  }

  #step(steps: Map<number, number>, from: number, to: number, kind: "number" | "text"): number {
    // Columns that outlast an analysis have numbers below zero.
    if (from < FARTHEST && to < FARTHEST && to >= -FARTHEST) {
      return this.#numberOf(steps, from * 2 * FARTHEST + to + FARTHEST);
    }
    return this.#numberOf(this.#farSteps, `${kind} ${from} ${to}`);
  }

  #numberOf<Key>(numbers: Map<Key, number>, key: Key): number {
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#fresh();
    numbers.set(key, number);
    return number;
  }
}
