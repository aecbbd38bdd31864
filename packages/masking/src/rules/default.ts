import { FIELD_TYPES, type FieldType } from "../mask-rule.ts";
import type { Rule, WireText } from "./rule.ts";
import { timestampForm } from "./timestamp.ts";

/**
 * The type's default value, as BigQuery's "default masking value" rule gives it.
 * TIMESTAMP has none here, for its text depends on the form in which the response carries timestamps; a STRUCT has no
 * default of its own. BigQuery names no default for RANGE; the unbounded range says nothing.
 * https://cloud.google.com/bigquery/docs/column-data-masking-intro#masking_options
 */
const DEFAULT_TEXT: Readonly<Record<Exclude<FieldType, "STRUCT" | "TIMESTAMP">, WireText>> = {
  STRING: "",
  BYTES: "",
  INT64: "0",
  FLOAT64: "0.0",
  NUMERIC: "0",
  BIGNUMERIC: "0",
  BOOL: "false",
  DATE: "1970-01-01",
  DATETIME: "1970-01-01T00:00:00",
  TIME: "00:00:00",
  INTERVAL: "0-0 0 0:0:0",
  JSON: "null",
  GEOGRAPHY: "POINT(0 0)",
  RANGE: "[UNBOUNDED, UNBOUNDED)",
};

/** "", b"", 0, FALSE, 1970-01-01 …; a repeated field becomes the empty array. */
export const defaultRule: Rule = {
  name: "default",
  shows: "nothing",
  fits: FIELD_TYPES.filter((type) => type !== "STRUCT"),
  apply(value, type) {
    switch (type) {
      case "STRUCT":
        return null;
      case "TIMESTAMP":
        return timestampForm(value)?.write(0) ?? "0";
      default:
        return DEFAULT_TEXT[type];
    }
  },
};
