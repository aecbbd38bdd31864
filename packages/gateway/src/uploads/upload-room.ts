/**
 * What uploads hold of memory from their first byte until their statement is made, or their rows are sent on (I10): so many whole ones of one
 * agent, and of all agents together. Each counts by what it said it would be, or as the largest that is held at once. Beyond its first an
 * agent has no more than half of what is left, so that a few that take all they can leave some to others.
 */
export class UploadRoom {
  readonly #most: number;
  readonly #mostPerAgent: number;
  readonly #taken = new Map<string, number>();
  #all = 0;

  /** @param largest bytes of one upload, as far as it is held */
  constructor(largest: number) {
    this.#most = 16 * largest;
    this.#mostPerAgent = 4 * largest;
  }

  /** Gives the room back; call it once or often. undefined: there is none. */
  take(agent: string, bytes: number): (() => void) | undefined {
    const own = this.of(agent);
    const left = this.#most - this.#all;
    const most = own === 0 ? Math.min(this.#mostPerAgent, left) : Math.min(this.#mostPerAgent, (left + own) / 2);
    if (own + bytes > most) return undefined;
    this.#add(agent, bytes);
    let given = false;
    return () => {
      if (!given) this.#add(agent, -bytes);
      given = true;
    };
  }

  /** What an agent holds. */
  of(agent: string): number {
    return this.#taken.get(agent) ?? 0;
  }

  #add(agent: string, bytes: number): void {
    this.#all += bytes;
    const own = this.of(agent) + bytes;
    if (own === 0) this.#taken.delete(agent);
    else this.#taken.set(agent, own);
  }
}
