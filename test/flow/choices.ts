/**
 * Where the generator's decisions come from: a list of numbers that fast-check makes and shrinks. When the list is used
 * up, every decision is the first alternative, so alternatives are listed from the simplest on.
 */
export class Choices {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  /** 0 ≤ result < `count`. */
  below(count: number): number {
    const number = this.#numbers[this.#at++] ?? 0;
    return count <= 1 ? 0 : number % count;
  }

  /** True for about `percent` of 100; false when nothing is left. */
  chance(percent: number): boolean {
    return this.below(100) >= 100 - percent;
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  /** One of the alternatives, each as often as its weight says. */
  weighted<T>(alternatives: readonly (readonly [weight: number, item: T])[]): T {
    let at = this.below(alternatives.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, item] of alternatives) {
      if (at < weight) return item;
      at -= weight;
    }
    throw new Error("nothing to pick from");
  }
}

/** Numbers from a seed (mulberry32), so that what is made of them can be made again. */
export function numbersFrom(seed: number, count: number): number[] {
  let state = seed >>> 0;
  return Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % 1_000_000;
  });
}
