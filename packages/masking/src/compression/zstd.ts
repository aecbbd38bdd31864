import { zstdDecompressSync } from "node:zlib";

/** The bytes of ZSTD frames, which must be exactly `size` of them; undefined for what is none. No more is made than that. RFC 8878. */
export function readZstd(frames: Uint8Array, size: number): Uint8Array | undefined {
  try {
    const bytes = zstdDecompressSync(frames, { maxOutputLength: Math.max(1, size) });
    return bytes.length === size ? bytes : undefined;
  } catch {
    return undefined;
  }
}
