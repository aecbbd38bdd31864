import { UpstreamError } from "./error.ts";

interface Waiting {
  readonly agent: string;
  go(release: () => void): void;
}

/**
 * So many connections for all agents: beyond its first an agent has no more than half of those that are left, and of the agents that wait the
 * one that has fewest is next. A few that take all they can leave some to others (I10).
 */
export class ConnectionShares {
  readonly #most: number;
  readonly #held = new Map<string, number>();
  #all = 0;
  readonly #waiting = new Set<Waiting>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Gives it back; call it once or often. undefined: none is free for this agent. */
  take(agent: string): (() => void) | undefined {
    const own = this.#of(agent);
    const left = this.#most - this.#all;
    if (own === 0 ? left <= 0 : own + 1 > (left + own) / 2) return undefined;
    this.#add(agent, 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#add(agent, -1);
      this.#next();
    };
  }

  /** Waits for its turn. Rejects when the signal fires. */
  async turn(agent: string, signal: AbortSignal): Promise<() => void> {
    const release = this.take(agent);
    if (release !== undefined) return release;
    return new Promise((resolve, reject) => {
      const waiting = {
        agent,
        go: (given: () => void) => {
          signal.removeEventListener("abort", gone);
          resolve(given);
        },
      };
      const gone = () => {
        this.#waiting.delete(waiting);
        reject(new UpstreamError("noConnection"));
      };
      if (signal.aborted) return gone();
      this.#waiting.add(waiting);
      signal.addEventListener("abort", gone, { once: true });
    });
  }

  #next(): void {
    const fewestFirst = [...this.#waiting].sort((a, b) => this.#of(a.agent) - this.#of(b.agent));
    for (const waiting of fewestFirst) {
      const release = this.take(waiting.agent);
      if (release === undefined) continue;
      this.#waiting.delete(waiting);
      waiting.go(release);
      return;
    }
  }

  #of(agent: string): number {
    return this.#held.get(agent) ?? 0;
  }

  #add(agent: string, connections: number): void {
    this.#all += connections;
    const own = this.#of(agent) + connections;
    if (own === 0) this.#held.delete(agent);
    else this.#held.set(agent, own);
  }
}
