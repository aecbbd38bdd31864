/** How one response writes a TIMESTAMP: both directions of one of BigQuery's `timestampOutputFormat`s. */
export interface TimestampForm {
  readonly year: number;
  /** Writes whole seconds since 1970 in the same form. */
  write(epochSeconds: number): string;
}

const INT64_MICROS = /^-?\d{1,19}$/;
const FLOAT_SECONDS = /^-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?$/;
const ISO8601 = /^(\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|\+00:00)$/;

/**
 * Reads a TIMESTAMP in any form the API has: int64 microseconds, float seconds (`1.5E9`), ISO 8601 in UTC.
 * Undefined if it is none of them or outside the years 1 to 9999.
 * Float seconds without point or exponent would be taken for microseconds, and land in 1970: wrong, but safe.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/DataFormatOptions
 */
export function timestampForm(text: string): TimestampForm | undefined {
  if (INT64_MICROS.test(text)) {
    // Microseconds of the years up to 9999 pass 2^53: floor exactly, before the number becomes a double.
    const micros = BigInt(text);
    const seconds = micros / 1_000_000n - (micros % 1_000_000n < 0n ? 1n : 0n);
    return formAt(Number(seconds), (epochSeconds) => (BigInt(epochSeconds) * 1_000_000n).toString());
  }
  if (FLOAT_SECONDS.test(text)) return formAt(Math.floor(Number(text)), (epochSeconds) => `${epochSeconds}.0`);
  const iso = ISO8601.exec(text);
  if (!iso) return undefined;
  const fraction = (iso[2] ?? "").replaceAll(/\d/g, "0");
  return {
    year: Number(iso[1]),
    write: (epochSeconds) => `${new Date(epochSeconds * 1000).toISOString().slice(0, 19)}${fraction}${iso[3]}`,
  };
}

function formAt(epochSeconds: number, write: (epochSeconds: number) => string): TimestampForm | undefined {
  const year = new Date(epochSeconds * 1000).getUTCFullYear();
  return year >= 1 && year <= 9999 ? { year, write } : undefined;
}
