/** A table with columns of every type: `s1` to `s6` of STRING, `as1` of ARRAY<STRING>, `rd1` of RANGE<DATE> … */
import type { TableFieldSchema } from "../table-resource.ts";

const TYPES: Readonly<Record<string, string>> = {
  s: "STRING",
  i: "INTEGER",
  f: "FLOAT",
  n: "NUMERIC",
  bn: "BIGNUMERIC",
  y: "BYTES",
  b: "BOOLEAN",
  d: "DATE",
  dt: "DATETIME",
  ts: "TIMESTAMP",
  tm: "TIME",
  v: "INTERVAL",
  g: "GEOGRAPHY",
  j: "JSON",
};

function fields(): TableFieldSchema[] {
  const range = { type: "RANGE", rangeElementType: { type: "DATE" } };
  return Array.from({ length: 6 }, (_, i) => i + 1).flatMap((n) => [
    ...Object.entries(TYPES).flatMap(([letter, type]) => [
      { name: `${letter}${n}`, type },
      { name: `a${letter}${n}`, type, mode: "REPEATED" },
    ]),
    { name: `rd${n}`, ...range },
  ]);
}

const WIDE = {
  tableReference: { projectId: "clinic", datasetId: "ehr", tableId: "wide" },
  type: "TABLE",
  schema: { fields: fields() },
};

export const WIDE_CATALOG = { table: (name: string) => (name === "clinic.ehr.wide" ? WIDE : undefined) };
