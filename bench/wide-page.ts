/** The wide table of the benchmarks (the warehouse's `bench.wide`): ten columns, three of them identifiers. */
import type { FieldType, MaskedField, MaskRule } from "../packages/masking/src/index.ts";

export const WIDE_PROJECT = "bench-lab";
export const WIDE_DATASET = "bench";
export const WIDE_TABLE = "wide";
/** The same rows under masks without a key. */
export const UNKEYED_TABLE = "wide_unkeyed";
/** So many make about 10 MB in BigQuery's JSON. */
export const WIDE_ROWS = 50_000;
/** Of a stream: some 60 MB of Arrow, the table's rows again and again. */
export const STREAM_ROWS = 10 * WIDE_ROWS;

/** Name, type, and type in a REST schema. */
const COLUMNS: readonly (readonly [string, FieldType, string])[] = [
  ["id", "INT64", "INTEGER"],
  ["ssn", "STRING", "STRING"],
  ["mrn", "STRING", "STRING"],
  ["full_name", "STRING", "STRING"],
  ["birth_date", "DATE", "DATE"],
  ["seen_at", "TIMESTAMP", "TIMESTAMP"],
  ["score", "FLOAT64", "FLOAT"],
  ["active", "BOOL", "BOOLEAN"],
  ["balance", "NUMERIC", "NUMERIC"],
  ["note", "STRING", "STRING"],
];

export const WIDE_SCHEMA = { fields: COLUMNS.map(([name, , type]) => ({ name, type, mode: "NULLABLE" })) };

/** The columns with the given masks; the others are shown. */
export function wideFields(rules: Readonly<Record<string, MaskRule>>): readonly MaskedField[] {
  return COLUMNS.map(([name, type]) => ({ name, type, repeated: false, mask: { rule: rules[name] ?? "none" } }));
}

/** Rows `from` to `to`, with a TIMESTAMP in microseconds. */
export function wideRows(from: number, to: number): readonly { readonly f: readonly { readonly v: string }[] }[] {
  return Array.from({ length: to - from }, (_, i) => ({
    f: cells(from + i).map((v, column) => ({ v: column === 5 ? `${v.slice(0, -2)}000000` : v })),
  }));
}

/** A getQueryResults answer with so many rows. */
export function widePage(count = WIDE_ROWS): Buffer {
  const rows = Array.from({ length: count }, (_, i) => JSON.stringify({ f: cells(i).map((v) => ({ v })) }));
  const head = JSON.stringify({
    kind: "bigquery#getQueryResultsResponse",
    schema: WIDE_SCHEMA,
    totalRows: String(count),
  });
  return Buffer.from(`${head.slice(0, -1)},"rows":[${rows.join(",")}],"jobComplete":true,"cacheHit":false}`);
}

const FIRST = ["Ada", "Grace", "Alan", "Edsger", "Barbara"];
const LAST = ["Moss", "Lund", "Ives", "Okoro"];
const EARLIEST_BIRTH_DAY = Date.UTC(1930, 0, 1) / 86_400_000;

function cells(i: number): readonly string[] {
  const digits = (n: number, length: number) => String(Math.floor(n)).padStart(length, "0");
  return [
    String(i),
    `${digits(100 + (i % 800), 3)}-${digits(10 + ((i / 7) % 89), 2)}-${digits((i * 7919) % 10_000, 4)}`,
    `MRN${digits(i, 8)}`,
    `${FIRST[i % 5]} ${LAST[Math.floor(i / 5) % 4]}`,
    new Date((EARLIEST_BIRTH_DAY + ((i * 37) % 33_000)) * 86_400_000).toISOString().slice(0, 10),
    `${1_600_000_000 + i * 61}.0`,
    String(((i * 31) % 1000) / 8),
    String(i % 3 === 0),
    String((i * 97) % 100_000),
    `visit ${i} without remarks`,
  ];
}
