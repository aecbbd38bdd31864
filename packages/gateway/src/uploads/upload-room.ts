/** Of uploads: four of the largest that is held at once for one agent, sixteen for all. @param largest its bytes */
export function roomForUploads(largest: number): UploadRoom {
  return new UploadRoom({ inAll: 16 * largest, perAgent: 4 * largest });
}

/** What reading a packed file takes beside its bytes: pages that are unpacked, and its thread. */
const READING = 128_000_000;

/** Of packed files: one of the largest that are kept until they are whole for one agent, two for all. @param largest its bytes */
export function roomForFiles(largest: number): UploadRoom {
  return new UploadRoom({ inAll: 2 * (largest + READING), perAgent: largest + READING });
}

/** What one such file takes of it. */
export function roomOfFile(bytes: number): number {
  return bytes + READING;
}

/**
 * What uploads hold of memory from their first byte until their statement is made, or their rows are sent on (I10): so much of one
 * agent, and of all agents together. Each counts by what it said it would be, or as the largest that is held at once. Beyond its first an
 * agent has no more than half of what is left, so that a few that take all they can leave some to others.
 */
export class UploadRoom {
  readonly #most: number;
  readonly #mostPerAgent: number;
  readonly #taken = new Map<string, number>();
  #all = 0;

  /** Bytes: of all agents' uploads, and of one agent's. */
  constructor({ inAll, perAgent }: { readonly inAll: number; readonly perAgent: number }) {
    this.#most = inAll;
    this.#mostPerAgent = perAgent;
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
