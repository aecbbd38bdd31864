/** Operators as functions: https://cloud.google.com/bigquery/docs/reference/standard-sql/operators */
import { once } from "../once.ts";
import { entries, type FunctionEntry, readEntries } from "./signature.ts";

const LISTS = [
  ...entries(
    "scalar",
    "transform",
    `
  OP_ADD(N, N) N
  OP_ADD(DATE, INT64) DATE
  OP_ADD(INT64, DATE) DATE
  OP_ADD(DATE, INTERVAL) DATETIME
  OP_ADD(DATETIME, INTERVAL) DATETIME
  OP_ADD(TIMESTAMP, INTERVAL) TIMESTAMP
  OP_ADD(INTERVAL, DATE) DATETIME
  OP_ADD(INTERVAL, DATETIME) DATETIME
  OP_ADD(INTERVAL, TIMESTAMP) TIMESTAMP
  OP_ADD(INTERVAL, INTERVAL) INTERVAL
  OP_SUBTRACT(N, N) N
  OP_SUBTRACT(DATE, INT64) DATE
  OP_SUBTRACT(DATE, INTERVAL) DATETIME
  OP_SUBTRACT(DATETIME, INTERVAL) DATETIME
  OP_SUBTRACT(TIMESTAMP, INTERVAL) TIMESTAMP
  OP_SUBTRACT(INTERVAL, INTERVAL) INTERVAL
  OP_SUBTRACT(DATE, DATE) INTERVAL
  OP_SUBTRACT(DATETIME, DATETIME) INTERVAL
  OP_SUBTRACT(TIMESTAMP, TIMESTAMP) INTERVAL
  OP_SUBTRACT(TIME, TIME) INTERVAL
  OP_MULTIPLY(N, N) N
  OP_MULTIPLY(INTERVAL, INT64) INTERVAL
  OP_MULTIPLY(INT64, INTERVAL) INTERVAL
  OP_DIVIDE(R, R) R
  OP_DIVIDE(INTERVAL, INT64) INTERVAL
  OP_BITWISE(INT64, INT64) INT64
  OP_BITWISE(BYTES, BYTES) BYTES
  OP_SHIFT(INT64, INT64) INT64
  OP_SHIFT(BYTES, INT64) BYTES
  OP_NEGATE(N) N
  OP_NEGATE(INTERVAL) INTERVAL
  OP_PLUS(N) N
  OP_COMPLEMENT(INT64) INT64
  OP_COMPLEMENT(BYTES) BYTES
  OP_JOIN(S, S) S
  OP_LIKE(S, S) BOOL
`,
  ),
  ...entries("scalar", "copy", "OP_JOIN_ARRAYS(ARRAY<T>, ARRAY<T>) ARRAY<T>"),
];

const operators = once(() => new Map(LISTS.flatMap(readEntries).map((entry) => [entry.name, entry])));

export type Operator =
  | "OP_ADD"
  | "OP_SUBTRACT"
  | "OP_MULTIPLY"
  | "OP_DIVIDE"
  | "OP_BITWISE"
  | "OP_SHIFT"
  | "OP_NEGATE"
  | "OP_PLUS"
  | "OP_COMPLEMENT"
  | "OP_JOIN"
  | "OP_JOIN_ARRAYS"
  | "OP_LIKE";

export function operator(name: Operator): FunctionEntry {
  const entry = operators().get(name);
  if (entry === undefined) throw new Error(`no operator ${name}`);
  return entry;
}
