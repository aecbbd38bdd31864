import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** How long one is given out; it is taken for this and the two periods after. */
const PERIOD_MS = 60_000;
const TAKEN_PERIODS = 3;

/**
 * Nonces that proofs must carry (RFC 9449, sections 8 and 9): whoever could make proofs with a key for a moment has none for later, whatever
 * time they write. A nonce is a hash of the minute under a key of this process, so that nothing is kept; after a restart clients ask for another.
 */
export class ProofNonces {
  readonly #key = randomBytes(32);
  readonly #clock: () => number;

  /** @param clock milliseconds since the epoch */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  current(): string {
    return this.#of(this.#period());
  }

  /** Whether a proof's `nonce` is one that was given out in the last minutes. */
  accepts(nonce: unknown): boolean {
    if (typeof nonce !== "string") return false;
    const given = Buffer.from(nonce);
    return Array.from({ length: TAKEN_PERIODS }, (_, ago) => Buffer.from(this.#of(this.#period() - ago))).some(
      (own) => own.length === given.length && timingSafeEqual(own, given),
    );
  }

  #period(): number {
    return Math.floor(this.#clock() / PERIOD_MS);
  }

  #of(period: number): string {
    return createHmac("sha256", this.#key).update(String(period)).digest("base64url");
  }
}
