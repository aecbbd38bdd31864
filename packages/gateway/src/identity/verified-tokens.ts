import { hash } from "node:crypto";
import type { CryptoKey, JWTPayload } from "jose";

/** Tokens remembered (I10); each is at most `IdentityLimits.tokenLength` long. */
const MOST = 1000;

interface Verified {
  readonly key: CryptoKey;
  readonly claims: JWTPayload;
  /** When it was verified, milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Tokens whose signature was verified, by their hash: an agent sends the same one with each request. It counts only under the very key
 * that verified it, so that a key its issuer has withdrawn vouches for nothing any more, and before its expiry without any leeway.
 * What it says is judged anew each time, and revocation asked.
 */
export class VerifiedTokens {
  /** Least recently used first. */
  readonly #verified = new Map<string, Verified>();
  /** The last, if it was moved there. */
  #latest: Verified | undefined;

  /** Its claims, the same object each time; or undefined: verify it. `now`: milliseconds since the epoch. */
  claims(digest: TokenDigest, key: CryptoKey, now: number): JWTPayload | undefined {
    const known = this.#verified.get(digest);
    if (known === undefined) return undefined;
    // A clock that was set back may stand before `nbf`.
    if (known.key !== key || now < known.at || (known.claims.exp ?? 0) * 1000 <= now) {
      this.#verified.delete(digest);
      return undefined;
    }
    // The one used last often comes again.
    if (known !== this.#latest) {
      this.#verified.delete(digest);
      this.#verified.set(digest, known);
      this.#latest = known;
    }
    return known.claims;
  }

  keep(digest: TokenDigest, key: CryptoKey, claims: JWTPayload, now: number): void {
    this.#verified.set(digest, { key, claims, at: now });
    this.#latest = undefined;
    for (const oldest of this.#verified.keys()) {
      if (this.#verified.size <= MOST) break;
      this.#verified.delete(oldest);
    }
  }
}

/** By which a token is known. */
export type TokenDigest = string & { readonly [DIGEST]: true };
declare const DIGEST: unique symbol;

export function digestOf(token: string): TokenDigest {
  return hash("sha256", token, "base64") as TokenDigest;
}
