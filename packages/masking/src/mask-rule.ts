/** Mask rules of this build, weakest first. hipaa "Masks"; the order is the strictness order policy uses when several apply. */
export const MASK_RULES = [
  "none",
  "age90",
  "year",
  "zip3",
  "email",
  "last4",
  "first4",
  "token",
  "smallcell",
  "default",
  "null",
] as const;

export type MaskRule = (typeof MASK_RULES)[number];

export interface Mask {
  readonly rule: MaskRule;
  /** For `token`: equal values under one domain give equal tokens. Usually the data class. */
  readonly domain?: string;
}

/** BigQuery's result types, standard spelling. */
export type FieldType =
  | "STRING"
  | "BYTES"
  | "INT64"
  | "FLOAT64"
  | "NUMERIC"
  | "BIGNUMERIC"
  | "BOOL"
  | "DATE"
  | "DATETIME"
  | "TIME"
  | "TIMESTAMP"
  | "INTERVAL"
  | "JSON"
  | "GEOGRAPHY"
  | "RANGE"
  | "STRUCT";

/** One column (or field) of a result, with what is to be hidden. A STRUCT carries masks on its leaves. */
export interface MaskedField {
  readonly name: string;
  readonly type: FieldType;
  readonly repeated: boolean;
  readonly mask: Mask;
  readonly fields?: readonly MaskedField[];
}
