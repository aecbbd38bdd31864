import { CredentialError } from "../principal.ts";

/** Ids remembered for one key, and in all (I10). */
const PER_KEY = 1000;
const KEYS = 10_000;

/**
 * Assertions that say they are single (`jti`, RFC 7523 section 3) are taken once. Kept in memory until they expire; when it is
 * full, no more are taken (I1). One without `jti` can come again: Google's clients sign two alike within a second.
 */
export class ReplayCache {
  readonly #seen = new Map<string, Map<string, number>>();

  /** Times in seconds since the epoch. @throws CredentialError `replayed` */
  once(key: string, id: string, expires: number, now: number): void {
    const ids = this.#seen.get(key) ?? new Map<string, number>();
    if (ids.has(id)) throw new CredentialError("replayed", "This assertion was used before; sign a new one.");
    if (ids.size >= PER_KEY) for (const [old, until] of ids) if (until < now) ids.delete(old);
    if (ids.size >= PER_KEY || (!this.#seen.has(key) && this.#seen.size >= KEYS))
      throw new CredentialError(
        "replayed",
        "Too many assertions of this key are still valid; use access tokens longer.",
      );
    ids.set(id, expires);
    this.#seen.set(key, ids);
  }
}
