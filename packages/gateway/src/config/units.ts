/** How durations and sizes are written in chaperone.yaml: a number and a unit, `"30s"`, `"10MB"`. */

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** kB, MB … are powers of 1000 (SI), KiB, MiB … powers of 1024 (IEC 80000-13). */
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

export const DURATION_PATTERN = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;
export const SIZE_PATTERN = /^(\d{1,9}(?:\.\d{1,3})?) ?([kKMGT]?i?B)$/;

/** Milliseconds of `"250ms"`, `"30s"`, `"15m"`, `"24h"`, `"7d"`; undefined when it is written otherwise or isn't a whole number of them. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  return match === null ? undefined : whole(Number(match[1]) * (MILLISECONDS[match[2] ?? ""] ?? Number.NaN));
}

/** Bytes of `"512B"`, `"1.5MB"`, `"10 MiB"`; undefined when it is written otherwise or isn't a whole number of them. */
export function parseSize(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text);
  return match === null ? undefined : whole(Number(match[1]) * (BYTES[(match[2] ?? "").toUpperCase()] ?? Number.NaN));
}

/** Rounds away what binary fractions add (1.1 * 1000 = 1100.0000000000002), refuses a true fraction. */
function whole(value: number): number | undefined {
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) && Math.abs(value - rounded) < 1e-4 ? rounded : undefined;
}
