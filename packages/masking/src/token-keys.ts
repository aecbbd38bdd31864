import { createHmac, type KeyObject } from "node:crypto";
import { MaskingError } from "./masking-error.ts";
import { TokenKey } from "./token-key.ts";

/** Where masks get the key of a domain from. */
export interface TokenKeys {
  /** The HMAC-SHA-256 key of a domain; the mask that names no domain has the domain "". */
  keyOf(domain: string): TokenKey;
}

const SHORTEST_MASTER_BYTES = 32;
/** Domains whose keys are kept: a connection has few, but RANDOM_HASH makes one for each session. */
const KEYS_KEPT = 64;

/**
 * One master key, a key for each domain: HMAC-SHA-256(master, domain). Whoever learns one domain's key learns nothing of
 * the others. Losing the master key means that new tokens no longer join with old ones.
 *
 * @throws MaskingError `fields` if the master isn't a secret key of at least 32 bytes
 */
export function deriveTokenKeys(master: KeyObject): TokenKeys {
  if (master.type !== "secret" || (master.symmetricKeySize ?? 0) < SHORTEST_MASTER_BYTES) {
    throw new MaskingError(
      "fields",
      `The token master key must be a secret key of at least ${SHORTEST_MASTER_BYTES} bytes`,
    );
  }
  /** Least recently used first: to derive a key costs as much as to mask some fifty values. */
  const kept = new Map<string, TokenKey>();
  return {
    keyOf(domain) {
      const key =
        kept.get(domain) ??
        new TokenKey(createHmac("sha256", master).update("chaperone token v1\0").update(domain).digest());
      kept.delete(domain);
      kept.set(domain, key);
      for (const oldest of kept.keys()) {
        if (kept.size <= KEYS_KEPT) break;
        kept.delete(oldest);
      }
      return key;
    },
  };
}
