/**
 * Hashes and encryption:
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/hash_functions
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/aead_encryption_functions
 *
 * What encrypts is a computed value like any other; what decrypts, and what makes or shows keys, is in refused.ts.
 */
import { entries } from "./signature.ts";

const hashes = entries(
  "scalar",
  "transform",
  `
  FARM_FINGERPRINT(S) INT64
  MD5, SHA1, SHA256, SHA512(S) BYTES
`,
);

const encryption = entries(
  "scalar",
  "transform",
  `
  AEAD.ENCRYPT, DETERMINISTIC_ENCRYPT(BYTES, S, S) BYTES
`,
);

export const HASH_FUNCTIONS = [...hashes, ...encryption];
