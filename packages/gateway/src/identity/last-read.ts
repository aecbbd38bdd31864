/** Tokens whose reading is kept (I10). */
const MOST = 64;

/**
 * What was read of the last tokens that came, which says nothing of whether they are to be believed: an agent sends the same one with each
 * request. In memory alone.
 */
export class LastRead<T> {
  readonly #read: (token: string) => T;
  /** Oldest first. */
  readonly #known = new Map<string, T>();

  /** @param read depends on nothing but the token; what it throws isn't kept */
  constructor(read: (token: string) => T) {
    this.#read = read;
  }

  of(token: string): T {
    const known = this.#known.get(token);
    if (known !== undefined) return known;
    const value = this.#read(token);
    if (this.#known.size >= MOST) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(token, value);
    return value;
  }
}
