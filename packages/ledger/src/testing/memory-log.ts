import type { Hash } from "../hash.ts";
import { leafHash } from "../hash.ts";
import { type HashReader, storedHashesForEntry } from "../tree.ts";

/** A log in memory, for tests. */
export class MemoryLog implements HashReader {
  readonly entries: Uint8Array[] = [];
  readonly stored: Hash[] = [];

  static async of(entries: readonly Uint8Array[]): Promise<MemoryLog> {
    const log = new MemoryLog();
    for (const entry of entries) await log.append(entry);
    return log;
  }

  static async ofSize(size: number): Promise<MemoryLog> {
    return MemoryLog.of(Array.from({ length: size }, (_, n) => Buffer.from(`entry ${n}`)));
  }

  async append(entry: Uint8Array): Promise<void> {
    this.stored.push(...(await storedHashesForEntry(this.entries.length, leafHash(entry), this)));
    this.entries.push(entry);
  }

  readHashes(indexes: readonly number[]): Hash[] {
    return indexes.map((index) => {
      const hash = this.stored[index];
      if (hash === undefined) throw new RangeError(`no stored hash ${index}`);
      return hash;
    });
  }
}

/** The bytes with one bit turned. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, position) => (position === Math.floor(bit / 8) ? byte ^ (1 << (bit % 8)) : byte));
}
