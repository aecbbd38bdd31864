/**
 * What uploads hold of memory from their first byte until their statement is made (I10): so many whole ones of one agent, and of all agents
 * together. Each counts by what it said it would be, or as the largest there may be.
 */
export class UploadRoom {
  readonly #most: number;
  readonly #mostPerAgent: number;
  readonly #taken = new Map<string, number>();
  #all = 0;

  /** @param largest bytes of one upload */
  constructor(largest: number) {
    this.#most = 16 * largest;
    this.#mostPerAgent = 4 * largest;
  }

  /** Gives the room back; call it once or often. undefined: there is none. */
  take(agent: string, bytes: number): (() => void) | undefined {
    const own = this.#taken.get(agent) ?? 0;
    if (own + bytes > this.#mostPerAgent || this.#all + bytes > this.#most) return undefined;
    this.#add(agent, bytes);
    let given = false;
    return () => {
      if (!given) this.#add(agent, -bytes);
      given = true;
    };
  }

  #add(agent: string, bytes: number): void {
    this.#all += bytes;
    const own = (this.#taken.get(agent) ?? 0) + bytes;
    if (own === 0) this.#taken.delete(agent);
    else this.#taken.set(agent, own);
  }
}
