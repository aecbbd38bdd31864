/**
 * Maps that share what they have in common. A script's states are thousands, each made of another by some entries: none of them is
 * copied whole, and what two of them differ in is found without a look at all that they hold.
 */

const CHUNK = 64;

type Chunk<V> = readonly (V | undefined)[];

/** Of all maps that were made of each other. A key keeps its place where it is gone, too. */
interface Places<K> {
  readonly of: Map<K, number>;
  readonly keys: K[];
}

/** Ordered by when a key was first in a map that it was made of. */
export class SharedMap<K, V> implements ReadonlyMap<K, V> {
  readonly size: number;
  readonly #places: Places<K>;
  readonly #chunks: readonly Chunk<V>[];

  private constructor(places: Places<K>, chunks: readonly Chunk<V>[], size: number) {
    this.#places = places;
    this.#chunks = chunks;
    this.size = size;
  }

  static of<K, V>(map: ReadonlyMap<K, V>): SharedMap<K, V> {
    if (map instanceof SharedMap) return map;
    return new SharedMap<K, V>({ of: new Map(), keys: [] }, [], 0).with(map);
  }

  /** The same with these entries; undefined: it is gone. */
  with(entries: Iterable<readonly [K, V | undefined]>): SharedMap<K, V> {
    const { of, keys } = this.#places;
    const chunks = [...this.#chunks];
    const own = new Map<number, (V | undefined)[]>();
    let { size } = this;
    for (const [key, value] of entries) {
      let place = of.get(key);
      if (place === undefined) {
        if (value === undefined) continue;
        place = keys.push(key) - 1;
        of.set(key, place);
      }
      const at = Math.floor(place / CHUNK);
      const before = chunks[at]?.[place % CHUNK];
      if (before === value) continue;
      const chunk = own.get(at) ?? Array.from({ length: CHUNK }, (_, i) => chunks[at]?.[i]);
      chunk[place % CHUNK] = value;
      own.set(at, chunk);
      while (chunks.length < at) chunks.push([]);
      chunks[at] = chunk;
      size += (value === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
    }
    return own.size === 0 ? this : new SharedMap(this.#places, chunks, size);
  }

  get(key: K): V | undefined {
    const place = this.#places.of.get(key);
    return place === undefined ? undefined : this.#chunks[Math.floor(place / CHUNK)]?.[place % CHUNK];
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  *entries(): MapIterator<[K, V]> {
    for (const [at, chunk] of this.#chunks.entries()) {
      for (const [i, value] of chunk.entries()) {
        if (value !== undefined) yield [this.#places.keys[at * CHUNK + i] as K, value];
      }
    }
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }

  /** The keys that don't have the same value in both. */
  static *differing<K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>): Iterable<K> {
    if (a === b) return;
    if (!(a instanceof SharedMap && b instanceof SharedMap && a.#places === b.#places)) {
      for (const [key, value] of a) if (b.get(key) !== value) yield key;
      for (const key of b.keys()) if (!a.has(key)) yield key;
      return;
    }
    for (let at = 0; at < Math.max(a.#chunks.length, b.#chunks.length); at++) {
      const [chunk, other] = [a.#chunks[at], b.#chunks[at]];
      if (chunk === other) continue;
      for (let i = 0; i < CHUNK; i++) if (chunk?.[i] !== other?.[i]) yield a.#places.keys[at * CHUNK + i] as K;
    }
  }
}
