/**
 * What was made of the last texts that came: many ask the same. In memory alone, for texts hold literals (I5), and bounded (I10). What is made must follow from the text
 * alone, and nobody may change it.
 */
export class LastMade<T> {
  readonly #most: number;
  readonly #longest: number;
  /** Oldest first. */
  readonly #made = new Map<string, T>();

  /** @param longest characters of a text that is kept */
  constructor(most: number, longest: number) {
    this.#most = most;
    this.#longest = longest;
  }

  /** What `make` throws isn't kept. */
  of(text: string, make: (text: string) => T): T {
    const known = this.#made.get(text);
    if (known !== undefined) return known;
    const value = make(text);
    if (text.length > this.#longest) return value;
    if (this.#made.size >= this.#most) {
      const [oldest] = this.#made.keys();
      if (oldest !== undefined) this.#made.delete(oldest);
    }
    this.#made.set(text, value);
    return value;
  }
}
