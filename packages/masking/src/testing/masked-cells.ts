import type { FieldType, MaskRule } from "../mask-rule.ts";

/** A cell, and what must become of it. */
type Line = readonly [cell: string, masked: string | null];
type ByType = Partial<Record<FieldType, readonly Line[]>>;

const micros = (iso: string) => `${Date.parse(iso)}000`;
const shown = (...cells: readonly string[]): readonly Line[] => cells.map((cell) => [cell, cell]);

/** Cells of every type: ordinary ones, and those at the type's ends. */
export const CELLS: Readonly<Record<FieldType, readonly Line[]>> = {
  STRING: shown(
    "",
    "a",
    "1234",
    "12345",
    "123-45-6789",
    "jane.doe@example.com",
    "60637",
    "03601",
    "MRN00012345",
    "Ada é 😀",
  ),
  BYTES: shown("", "aGVsbG8=", "AAEC/w=="),
  INT64: shown("0", "-1", "5", "11", "89", "90", "1234567", "-9223372036854775808", "9223372036854775807"),
  FLOAT64: shown("-1.5", "89.5", "0.25", "12.5", "-0.0", "NaN", "Infinity", "-Infinity"),
  NUMERIC: shown(
    "0",
    "89.000000001",
    "-12345678901234567890.123456789",
    "11",
    "99999999999999999999999999999.999999999",
    "-99999999999999999999999999999.999999999",
    "0.000000001",
  ),
  // The ends are those of 256 bits: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types
  BIGNUMERIC: shown(
    "1",
    "90",
    "-12345678901234.000000000000000001",
    "578960446186580977117854925043439539266.34992332820282019728792003956564819967",
    "-578960446186580977117854925043439539266.34992332820282019728792003956564819968",
    "0.00000000000000000000000000000000000001",
    "89.00000000000000000000000000000000000001",
  ),
  BOOL: shown("true", "false"),
  DATE: shown("2024-02-29", "1901-01-01", "0001-01-01", "9999-12-31"),
  DATETIME: shown(
    "2024-02-29T12:34:56",
    "1999-12-31T23:59:59.500000",
    "0001-01-01T00:00:00",
    "9999-12-31T23:59:59.999999",
  ),
  TIME: shown("00:00:00", "23:59:59.999999"),
  TIMESTAMP: shown(
    "0",
    "-1",
    micros("2024-02-29T12:34:56Z"),
    micros("1901-01-01T00:00:00Z"),
    micros("9999-12-31T23:59:59Z"),
    micros("0001-01-01T00:00:00Z"),
  ),
  INTERVAL: shown("1-2 3 4:5:6", "0-0 -1 0:0:0", "10000-0 3660000 2562047:0:0", "0-0 -3660000 0:0:0"),
  JSON: shown('{"a":[1,null,"x"]}', "null", '"text"', "true", "-0", "1e400", '""', "[]", "{}"),
  GEOGRAPHY: shown("POINT(1 2)", "LINESTRING(0 0, 1 1)", "GEOMETRYCOLLECTION EMPTY"),
  RANGE: shown(
    "[2020-01-01, 2021-01-01)",
    "[UNBOUNDED, UNBOUNDED)",
    "[0001-01-01, UNBOUNDED)",
    "[UNBOUNDED, 9999-12-31)",
  ),
  STRUCT: [],
};

/** What each rule makes of which cell, written out. Under domain `ssn` of the test's keys; the test's day is 2026-06-15. */
export const MASKED: Readonly<Record<MaskRule, ByType>> = {
  none: CELLS,
  null: { STRING: [["x", null]], INT64: [["1", null]], BOOL: [["true", null]], TIMESTAMP: [["0", null]] },
  default: {
    STRING: [["x", ""]],
    BYTES: [["aGVsbG8=", ""]],
    INT64: [["42", "0"]],
    FLOAT64: [["1.5", "0.0"]],
    NUMERIC: [["1.5", "0"]],
    BIGNUMERIC: [["1.5", "0"]],
    BOOL: [["true", "false"]],
    DATE: [["2024-02-29", "1970-01-01"]],
    DATETIME: [["2024-02-29T12:34:56", "1970-01-01T00:00:00"]],
    TIME: [["12:34:56", "00:00:00"]],
    TIMESTAMP: [[micros("2024-02-29T12:34:56Z"), "0"]],
    INTERVAL: [["1-2 3 4:5:6", "0-0 0 0:0:0"]],
    JSON: [['{"a":1}', "null"]],
    GEOGRAPHY: [["POINT(1 2)", "POINT(0 0)"]],
    RANGE: [["[2020-01-01, 2021-01-01)", "[UNBOUNDED, UNBOUNDED)"]],
  },
  last4: {
    STRING: [
      ["123-45-6789", "XXXXX6789"],
      ["12345", "XXXXX2345"],
      ["😀😁😂😃😄", "XXXXX😁😂😃😄"],
    ],
    INT64: [["123456789", null]],
  },
  first4: { STRING: [["123-45-6789", "123-XXXXX"]], BYTES: [["aGVsbG8=", null]] },
  email: { STRING: [["jane.doe@example.com", "XXXXX@example.com"]], JSON: [['"jane@example.com"', null]] },
  zip3: {
    STRING: [
      ["60637", "60600"],
      ["03601", "00000"],
      ["60637-1234", "60600"],
      ["no ZIP", null],
    ],
    INT64: [["60637", null]],
  },
  year: {
    DATE: [
      ["2024-02-29", "2024-01-01"],
      ["1901-01-01", "1936-01-01"],
    ],
    DATETIME: [["1999-12-31T23:59:59.500000", "1999-01-01T00:00:00"]],
    TIMESTAMP: [[micros("2024-02-29T12:34:56Z"), micros("2024-01-01T00:00:00Z")]],
    TIME: [["12:34:56", null]],
  },
  // Without a record subject.
  dateshift: { DATE: [["2024-02-29", null]], STRING: [["2024-02-29", null]] },
  age90: {
    INT64: [
      ["89", "89"],
      ["90", "90"],
      ["104", "90"],
      ["-1", null],
    ],
    FLOAT64: [
      ["89.5", "90.0"],
      ["12.5", "12.5"],
    ],
    NUMERIC: [["89.000000001", "90"]],
    STRING: [["104", null]],
  },
  smallcell: {
    INT64: [
      ["0", null],
      ["10", null],
      ["11", "11"],
    ],
    FLOAT64: [["10.5", null]],
    BOOL: [["true", null]],
  },
  redact: {
    STRING: [
      ["SSN 123-45-6780, seen 3/5/2024", "SSN [SSN], seen [DATE]"],
      ["nothing to hide", "nothing to hide"],
      ["as in QX-1234; not XQX-1234, QX-12345", "as in [MRN]; not XQX-1234, QX-12345"],
      ["123\u200b-45-6780", null],
    ],
    JSON: [['"x"', null]],
    INT64: [["123456780", null]],
  },
  fpe: {
    STRING: [
      ["12345", null],
      ["jane@example.org", null],
    ],
    INT64: [["999999", null]],
    DATE: [["2024-02-29", null]],
  },
  // Of `abc`: FIPS 180-4's example, in base64.
  SHA256: {
    STRING: [
      ["abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="],
      ["", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
    ],
    BYTES: [["YWJj", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="]],
    INT64: [["123", null]],
  },
  LAST_FOUR_CHARACTERS: {
    STRING: [
      ["123-45-6789", "XXXXX6789"],
      ["abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="],
    ],
  },
  FIRST_FOUR_CHARACTERS: {
    STRING: [
      ["123-45-6789", "123-XXXXX"],
      ["abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="],
    ],
  },
  // The page's own example.
  EMAIL_MASK: {
    STRING: [
      ["cloudysanfrancisco@gmail.com", "XXXXX@gmail.com"],
      ["abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="],
    ],
  },
  DATE_YEAR_MASK: {
    DATE: [
      ["2076-05-06", "2076-01-01"],
      ["1901-05-06", "1901-01-01"],
    ],
    DATETIME: [["2076-05-06T07:08:09", "2076-01-01T00:00:00"]],
    TIMESTAMP: [[micros("2076-05-06T07:08:09Z"), micros("2076-01-01T00:00:00Z")]],
  },
  RANDOM_HASH: { INT64: [["1", null]] },
  token: { BOOL: [["true", null]], DATE: [["2024-02-29", null]], GEOGRAPHY: [["POINT(1 2)", null]] },
};
