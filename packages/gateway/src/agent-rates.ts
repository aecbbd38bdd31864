import type { AgentPrincipal } from "./identity/principal.ts";

interface Bucket {
  /** What may still be asked at once. */
  left: number;
  /** Milliseconds since the epoch, when `left` was so. */
  at: number;
}

export interface RateLimits {
  /** Requests that an agent may go on sending in a second. */
  readonly perSecond: number;
  /** Requests that it may send at once, having sent none for a while. */
  readonly burst: number;
}

/** Who is the same object while its token comes again. */
const keys = new WeakMap<object, string>();

/** By which an agent is counted. */
export function agentKey(agent: Pick<AgentPrincipal, "issuer" | "subject">): string {
  const known = keys.get(agent);
  if (known !== undefined) return known;
  const key = `${agent.issuer}\n${agent.subject}`;
  keys.set(agent, key);
  return key;
}

/** Agents remembered; those that have their whole burst are as if they had never asked. */
const MOST_AGENTS = 10_000;

/**
 * How often each agent asks, at whatever door and by however many connections: an agent in a loop takes its own share of the gateway, and
 * nobody else's (I10). A bucket for each, which fills steadily and is emptied by asking.
 */
export class AgentRates {
  readonly #limits: RateLimits;
  readonly #clock: () => number;
  readonly #limited: () => void;
  readonly #buckets = new Map<string, Bucket>();

  /** @param limited is told of each request that is too many */
  constructor(limits: RateLimits, clock: () => number, limited: () => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#limited = limited;
  }

  /** Counts one request of the agent. @throws RateExceeded */
  take(agent: Pick<AgentPrincipal, "issuer" | "subject">): void {
    const who = agentKey(agent);
    const now = this.#clock();
    const { perSecond, burst } = this.#limits;
    const before = this.#buckets.get(who);
    const bucket = before ?? { left: burst, at: now };
    // A clock that was set back fills nothing.
    bucket.left = Math.min(burst, bucket.left + (Math.max(0, now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    if (before === undefined) this.#buckets.set(who, bucket);
    if (this.#buckets.size > MOST_AGENTS) this.#forget(now);
    if (bucket.left < 1) {
      this.#limited();
      throw new RateExceeded(perSecond, Math.ceil(((1 - bucket.left) / perSecond) * 1000));
    }
    bucket.left--;
  }

  #forget(now: number): void {
    const { perSecond, burst } = this.#limits;
    for (const [who, { left, at }] of this.#buckets)
      if (left + ((now - at) / 1000) * perSecond >= burst) this.#buckets.delete(who);
  }
}

/** An agent asks more often than it may. */
export class RateExceeded extends Error {
  override readonly name = "RateExceeded";
  /** Until there is room for one more. */
  readonly retryAfterMs: number;
  constructor(perSecond: number, retryAfterMs: number) {
    // "Exceeded rate limits" is what BigQuery says, and what Google's Java client looks for.
    super(`Exceeded rate limits: this agent may send ${perSecond} requests a second. Send it again later.`);
    this.retryAfterMs = retryAfterMs;
  }
}
