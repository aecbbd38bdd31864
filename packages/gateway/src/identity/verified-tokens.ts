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

  /** Its claims, or undefined: verify it. `now`: milliseconds since the epoch. */
  claims(token: string, key: CryptoKey, now: number): JWTPayload | undefined {
    const digest = hashOf(token);
    const known = this.#verified.get(digest);
    if (known === undefined) return undefined;
    this.#verified.delete(digest);
    // A clock that was set back may stand before `nbf`.
    if (known.key !== key || now < known.at || (known.claims.exp ?? 0) * 1000 <= now) return undefined;
    this.#verified.set(digest, known);
    return known.claims;
  }

  keep(token: string, key: CryptoKey, claims: JWTPayload, now: number): void {
    this.#verified.set(hashOf(token), { key, claims, at: now });
    for (const oldest of this.#verified.keys()) {
      if (this.#verified.size <= MOST) break;
      this.#verified.delete(oldest);
    }
  }
}

function hashOf(token: string): string {
  return hash("sha256", token, "base64");
}
