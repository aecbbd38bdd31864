import { createCipheriv, createDecipheriv, createHash, createHmac, createSecretKey } from "node:crypto";
import { hmacSha256 } from "./hmac.ts";
import { pooledRandomBytes } from "./random-pool.ts";

/** Bytes of the sealing key file. */
export const SEAL_KEY_SIZE = 32;

/** Sealed bytes: version (1) || key id (4) || nonce (12) || ciphertext || tag (16). */
const VERSION = 0x01;
const KEY_ID_SIZE = 4;
const NONCE_SIZE = 12;
const TAG_SIZE = 16;
const HEADER_SIZE = 1 + KEY_ID_SIZE + NONCE_SIZE;

export type SealErrorCode =
  /** Too short, or a version not known here. */
  | "malformed"
  /** Sealed with another key. */
  | "wrong_key"
  /** Altered, or sealed for other associated data (another session). */
  | "tampered"
  /** What was sealed for many sessions isn't stored. */
  | "missing";

/** Why sealed bytes don't open. The message holds neither plaintext nor key. */
export class SealError extends Error {
  override readonly name = "SealError";
  readonly code: SealErrorCode;
  constructor(code: SealErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Encrypts what must be kept but never shown: SQL literals and parameters (I5). */
export interface Sealer {
  /** Hex; tells keys apart, says nothing of the key. */
  readonly keyId: string;
  /** `associated` (the session's id) is not stored: the same must be given to open. */
  seal(plaintext: string, associated: string): Uint8Array;
  /** Throws SealError. */
  open(sealed: Uint8Array, associated: string): string;
  /**
   * HMAC-SHA-256 (hex) of a text under a key of its own, derived from the sealing key: equal texts can be told equal,
   * but nobody without the key can test a guess of a literal (I5).
   */
  keyedHash(text: string): string;
  /** The same of bytes as they come, under another key: what it is of is larger than memory. */
  keyedDigest(): KeyedDigest;
}

export interface KeyedDigest {
  update(bytes: Uint8Array): void;
  /** Once. */
  hex(): string;
}

/**
 * AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D section 8.2.2: at most 2^32 texts a key), bound to its
 * associated data, so that a sealed text moved to another session's row doesn't open.
 */
export function sealer(key: Uint8Array): Sealer {
  if (key.length !== SEAL_KEY_SIZE) throw new SealError("malformed", `a sealing key is ${SEAL_KEY_SIZE} bytes`);
  // As a KeyObject: a key given as bytes is made into one at each use.
  const secret = createSecretKey(key);
  const id = createHash("sha256").update("chaperone sealing key\n").update(key).digest().subarray(0, KEY_ID_SIZE);
  const hashKey = createHmac("sha256", secret).update("chaperone keyed hash v1").digest();
  const digestKey = createHmac("sha256", secret).update("chaperone keyed digest v1").digest();
  return {
    keyId: id.toString("hex"),
    keyedHash: hmacSha256(hashKey),
    keyedDigest() {
      const hmac = createHmac("sha256", digestKey);
      return { update: (bytes) => void hmac.update(bytes), hex: () => hmac.digest("hex") };
    },
    seal(plaintext, associated) {
      const header = Buffer.concat([Buffer.of(VERSION), id, pooledRandomBytes(NONCE_SIZE)]);
      const cipher = createCipheriv("aes-256-gcm", secret, header.subarray(1 + KEY_ID_SIZE), {
        authTagLength: TAG_SIZE,
      });
      cipher.setAAD(associatedData(header, associated));
      const sealed = Buffer.concat([header, cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return new Uint8Array(sealed);
    },
    open(sealed, associated) {
      const bytes = Buffer.from(sealed);
      if (bytes.length < HEADER_SIZE + TAG_SIZE || bytes[0] !== VERSION) {
        throw new SealError("malformed", "not sealed bytes of a version known here");
      }
      const header = bytes.subarray(0, HEADER_SIZE);
      if (!header.subarray(1, 1 + KEY_ID_SIZE).equals(id)) {
        throw new SealError("wrong_key", "sealed with another key than the one in use");
      }
      const decipher = createDecipheriv("aes-256-gcm", secret, header.subarray(1 + KEY_ID_SIZE), {
        authTagLength: TAG_SIZE,
      });
      decipher.setAAD(associatedData(header, associated));
      decipher.setAuthTag(bytes.subarray(bytes.length - TAG_SIZE));
      try {
        const text = decipher.update(bytes.subarray(HEADER_SIZE, bytes.length - TAG_SIZE));
        return Buffer.concat([text, decipher.final()]).toString("utf8");
      } catch {
        throw new SealError("tampered", "sealed bytes were altered or belong to another session");
      }
    },
  };
}

function associatedData(header: Uint8Array, associated: string): Buffer {
  return Buffer.concat([header, Buffer.from(associated, "utf8")]);
}
