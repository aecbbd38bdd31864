/** Random numbers from a seed and the number of the input (mulberry32), so that every input can be made again alone. */
export class Random {
  #state: number;

  constructor(seed: number, input: number) {
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(input + 0x7f4a7c15, 0xc2b2ae35)) >>> 0;
  }

  /** 0 ≤ result < `count`; 0 for an empty range. */
  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    const random = (t ^ (t >>> 14)) >>> 0;
    return count < 1 ? 0 : random % count;
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }
}
