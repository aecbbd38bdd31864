import { randomFillSync } from "node:crypto";

/** Drawn at once: a call for a few bytes costs as much as one for many. */
const POOL_BYTES = 4096;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** Random bytes from the system's generator, each given out once; for ids and nonces, not for keys, since what is drawn ahead lies in memory. */
export function pooledRandomBytes(count: number): Buffer {
  if (count > POOL_BYTES) throw new RangeError("more random bytes than are drawn at once");
  if (used + count > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + count));
  pool.fill(0, used, used + count);
  used += count;
  return bytes;
}
