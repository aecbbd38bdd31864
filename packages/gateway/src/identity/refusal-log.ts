import type { LedgerEvent } from "../evidence/event.ts";
import type { CredentialErrorCode } from "./principal.ts";

/** Refusals recorded one by one in each window; what comes beyond is counted, so that nobody without a credential fills the disk (I10). */
const SINGLY = 50;
const WINDOW_MS = 10_000;

export interface RefusedCredential {
  readonly code: CredentialErrorCode;
  readonly door: string;
  /** Where the request came from. */
  readonly address: string;
}

/**
 * Log-in monitoring (45 CFR 164.308(a)(5)(ii)(C)): every refused credential is in the ledger, singly or, under a flood,
 * in one entry of counts per window.
 */
export class RefusalLog {
  readonly #append: (events: readonly LedgerEvent[]) => Promise<unknown>;
  readonly #clock: () => number;
  #windowEnds = 0;
  #singly = 0;
  #counted = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(append: (events: readonly LedgerEvent[]) => Promise<unknown>, clock: () => number) {
    this.#append = append;
    this.#clock = clock;
  }

  /** Resolves when the refusal is durable, or counted. Rejects as the store does. */
  async record(refused: RefusedCredential): Promise<void> {
    const now = this.#clock();
    if (now >= this.#windowEnds) {
      this.#windowEnds = now + WINDOW_MS;
      this.#singly = 0;
    }
    if (this.#singly < SINGLY) {
      this.#singly++;
      await this.#append([{ type: "credential.refused", data: { ...refused } }]);
      return;
    }
    const key = `${refused.door} ${refused.code}`;
    this.#counted.set(key, (this.#counted.get(key) ?? 0) + 1);
    this.#timer ??= setTimeout(() => void this.flush().catch(() => undefined), WINDOW_MS);
    this.#timer.unref();
  }

  /** Writes what was only counted. Call before the store closes. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#counted.size === 0) return;
    const counts = Object.fromEntries(this.#counted);
    this.#counted = new Map();
    await this.#append([{ type: "credential.refused-many", data: { counts } }]);
  }
}
