/** The gateway's own access to BigQuery; an agent's credential never travels upstream. */
export interface AccessTokens {
  /** A token good for at least a short while, without `Bearer`; undefined: send none (a stand-in without authentication). */
  get(): Promise<string | undefined>;
  /** This token was refused though it should hold; the next `get` fetches another. */
  discard(token: string): void;
}

export const NO_TOKENS: AccessTokens = { get: async () => undefined, discard: () => {} };

export interface FreshToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface CachedTokensOptions {
  readonly fetch: () => Promise<FreshToken>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Refresh this long before expiry, while the old token still serves. */
const AHEAD_MS = 4 * 60_000;
/** A token this near its end could expire under way. */
const MARGIN_MS = 30_000;

/** Keeps one token, renews it ahead of its end, and lets many callers share one renewal. */
export function cachedTokens({ fetch, now }: CachedTokensOptions): AccessTokens {
  let held: FreshToken | undefined;
  let renewal: Promise<FreshToken> | undefined;

  const renew = (): Promise<FreshToken> => {
    renewal ??= fetch()
      .then((fresh) => {
        held = fresh;
        return fresh;
      })
      .finally(() => {
        renewal = undefined;
      });
    return renewal;
  };

  return {
    async get() {
      const left = held === undefined ? 0 : held.expiresAt - now();
      if (held !== undefined && left > MARGIN_MS) {
        // A failed renewal ahead of time harms nobody yet: the next call tries again.
        if (left < AHEAD_MS) renew().catch(() => {});
        return held.token;
      }
      return (await renew()).token;
    },
    discard(token) {
      if (held?.token === token) held = undefined;
    },
  };
}
