/**
 * What was set last: at least so many, and at most twice as many (I10). In two maps, the older of which is dropped as a whole: to delete the oldest of one map at each
 * step, V8 goes by all that were deleted before.
 */
export class LastKept<K, V> {
  readonly #least: number;
  #newer = new Map<K, V>();
  #older = new Map<K, V>();

  constructor(least: number) {
    this.#least = least;
  }

  get size(): number {
    return this.#newer.size + this.#older.size;
  }

  get(key: K): V | undefined {
    return this.#newer.get(key) ?? this.#older.get(key);
  }

  /** From now on it is the newest. */
  set(key: K, value: V): void {
    this.#older.delete(key);
    this.#newer.delete(key);
    this.#newer.set(key, value);
    if (this.#newer.size < this.#least) return;
    this.#older = this.#newer;
    this.#newer = new Map();
  }
}
