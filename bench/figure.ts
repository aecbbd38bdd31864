/** One measured number beside its comparison, both from the same run. */
export interface Figure {
  /** `group: what`, such as `small-query: p50`. */
  readonly name: string;
  readonly value: number;
  /** Of `value` and `against`. */
  readonly unit: string;
  /** What the comparison reached. */
  readonly against: number;
  /** `value / against`. */
  readonly ratio: number;
  /** The least ratio asked for; null where none is. */
  readonly floor: number | null;
}

export interface Group {
  readonly name: string;
  /** What is compared with what, in a line. */
  readonly title: string;
  /** `quick`: fewer rounds, for a look while working. */
  measure(quick: boolean): Promise<readonly Figure[]>;
}

/** A figure of two medians. */
export function figure(
  name: string,
  unit: string,
  values: readonly number[],
  againsts: readonly number[],
  floor: number | null = null,
): Figure {
  const value = median(values);
  const against = median(againsts);
  return { name, value, unit, against, ratio: value / against, floor };
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Nearest rank, so that it is a value that was measured. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}

/**
 * Runs both sides `rounds` times in pairs, first one ahead and then the other, so that whatever else the machine does
 * falls on both. `warmUp` pairs before aren't kept.
 */
export async function inPairs<T>(
  rounds: number,
  warmUp: number,
  ours: () => Promise<T> | T,
  theirs: () => Promise<T> | T,
): Promise<{ readonly ours: readonly T[]; readonly theirs: readonly T[] }> {
  const kept = { ours: [] as T[], theirs: [] as T[] };
  for (let round = -warmUp; round < rounds; round++) {
    const oursFirst = round % 2 === 0;
    const early = oursFirst ? await ours() : await theirs();
    const late = oursFirst ? await theirs() : await ours();
    if (round < 0) continue;
    kept.ours.push(oursFirst ? early : late);
    kept.theirs.push(oursFirst ? late : early);
  }
  return kept;
}
