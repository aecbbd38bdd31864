import { hash, timingSafeEqual } from "node:crypto";
import { SealError, type Sealer } from "./seal.ts";

/**
 * What many sessions were sent is sealed once. Each of them keeps which text it is, tied to the session: version (1) || SHA-256 of the sealed bytes (32) ||
 * a keyed hash of that and of the session's id (32). So another session's doesn't open, as if each had its own.
 */
const VERSION = 0x02;
const HASH_SIZE = 32;
const SIZE = 1 + 2 * HASH_SIZE;
/** In place of a session's id, which is longer. */
const OF_MANY = "many";

export interface SharedSeal {
  /** SHA-256 (hex) of the sealed bytes. */
  readonly key: string;
  readonly sealed: Uint8Array;
}

export function sealForMany(sealer: Sealer, plaintext: string): SharedSeal {
  const sealed = sealer.seal(plaintext, OF_MANY);
  return { key: hash("sha256", sealed, "hex"), sealed };
}

/** What the session keeps of it. */
export function tie(sealer: Sealer, key: string, session: string): Buffer {
  const tied = Buffer.allocUnsafe(SIZE);
  tied[0] = VERSION;
  tied.write(key, 1, "hex");
  tied.write(tieOf(sealer, key, session), 1 + HASH_SIZE, "hex");
  return tied;
}

/** Which of what was sealed for many this says it is; undefined: it is the text itself, sealed. Whether it is this session's, only the key tells. */
export function tiedTo(kept: Uint8Array): string | undefined {
  return kept[0] === VERSION ? Buffer.from(kept).toString("hex", 1, 1 + HASH_SIZE) : undefined;
}

/** The key of what the session keeps so; undefined: it keeps the text itself, sealed. @throws SealError */
export function keyOfTied(sealer: Sealer, kept: Uint8Array, session: string): string | undefined {
  const key = tiedTo(kept);
  if (key === undefined) return undefined;
  if (kept.length !== SIZE) throw new SealError("malformed", "not sealed bytes of a version known here");
  const bytes = Buffer.from(kept);
  if (!timingSafeEqual(bytes.subarray(1 + HASH_SIZE), Buffer.from(tieOf(sealer, key, session), "hex")))
    throw new SealError("tampered", "what was sealed for many was altered or belongs to another session");
  return key;
}

/** @throws SealError, also where it isn't what the key says. */
export function openForMany(sealer: Sealer, { key, sealed }: SharedSeal): string {
  if (hash("sha256", sealed, "hex") !== key)
    throw new SealError("tampered", "what was sealed for many was altered, or exchanged for another");
  return sealer.open(sealed, OF_MANY);
}

/** Nothing else that is hashed with that key begins so: lists in JSON, statements, names of streams. */
function tieOf(sealer: Sealer, key: string, session: string): string {
  return sealer.keyedHash(`sealed for many\n${key}\n${session}`);
}
