/** A small seeded generator (mulberry32): the clinic must be the same on every machine, every time. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** An integer in [low, high]. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** One of the items. */
  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.int(0, items.length - 1)] ?? items[0];
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** So many decimal digits. */
  digits(count: number): string {
    let text = "";
    for (let i = 0; i < count; i += 1) text += this.int(0, 9);
    return text;
  }

  /** A day between the years, as YYYY-MM-DD. */
  date(from: number, to: number): string {
    return dayText(this.int(Date.UTC(from, 0, 1) / DAY, Date.UTC(to, 11, 31) / DAY));
  }
}

export const DAY = 86_400_000;

/** Days since 1970 as YYYY-MM-DD. */
export function dayText(days: number): string {
  return new Date(days * DAY).toISOString().slice(0, 10);
}
