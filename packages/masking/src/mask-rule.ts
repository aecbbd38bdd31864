/**
 * Mask rules of this build, from what shows most to what shows nothing.
 * The order is for reading; which of two masks is stricter is `stricter`'s to say, since two rules that each show a
 * different part of a value can't be put in a row.
 */
export const MASK_RULES = [
  "none",
  "redact",
  "age90",
  "smallcell",
  "year",
  "dateshift",
  "zip3",
  "email",
  "last4",
  "first4",
  "fpe",
  "DATE_YEAR_MASK",
  "EMAIL_MASK",
  "LAST_FOUR_CHARACTERS",
  "FIRST_FOUR_CHARACTERS",
  "SHA256",
  "token",
  "RANDOM_HASH",
  "default",
  "null",
] as const;

export type MaskRule = (typeof MASK_RULES)[number];

/** Rules that use the key of a domain: what they give says which values are equal, so a value that an agent chose would be a checked guess. */
export const KEYED_RULES: ReadonlySet<MaskRule> = new Set([
  "token",
  "last4",
  "first4",
  "email",
  "fpe",
  "RANDOM_HASH",
  "dateshift",
]);

/** The domain of `dateshift` where none is named: one for all, so that a record subject's dates move alike in every table. */
export const DATESHIFT_DOMAIN = "dateshift";

export interface Mask {
  readonly rule: MaskRule;
  /** For `token`, `fpe`, and for rules that fall to tokens: equal values under one domain give equal ones. Usually the data class. */
  readonly domain?: string;
  /** `dateshift`: place among the result's columns of the one that names the row's record subject. Without it: NULL. */
  readonly subject?: number;
}

/** BigQuery's result types, standard spelling. */
export const FIELD_TYPES = [
  "STRING",
  "BYTES",
  "INT64",
  "FLOAT64",
  "NUMERIC",
  "BIGNUMERIC",
  "BOOL",
  "DATE",
  "DATETIME",
  "TIME",
  "TIMESTAMP",
  "INTERVAL",
  "JSON",
  "GEOGRAPHY",
  "RANGE",
  "STRUCT",
] as const;

export type FieldType = (typeof FIELD_TYPES)[number];

/** One column (or field) of a result, with what is to be hidden. A STRUCT carries masks on its leaves. */
export interface MaskedField {
  readonly name: string;
  readonly type: FieldType;
  readonly repeated: boolean;
  readonly mask: Mask;
  readonly fields?: readonly MaskedField[];
}
