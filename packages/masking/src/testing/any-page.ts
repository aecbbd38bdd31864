import fc from "fast-check";
import { FIELD_TYPES, type FieldType, MASK_RULES, type MaskedField } from "../mask-rule.ts";
import type { WireRecord } from "./mask-rows-by-parsing.ts";

/** Texts of each type in BigQuery's own form. */
const days = fc
  .integer({ min: -719_162, max: 2_932_896 })
  .map((n) => new Date(n * 86_400_000).toISOString().slice(0, 10));
const fraction = fc.option(
  fc.integer({ min: 1, max: 999_999 }).map((n) => `.${String(n).padStart(6, "0")}`),
  { nil: "" },
);
const time = fc
  .tuple(fc.integer({ min: 0, max: 86_399 }), fraction)
  .map(([s, f]) => new Date(s * 1000).toISOString().slice(11, 19) + f);
const int = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.integer({ min: -5, max: 120 }).map(String),
);
const decimal = (whole: number, scale: number) =>
  fc
    .tuple(
      fc.boolean(),
      fc.oneof(fc.nat(120), fc.bigInt({ min: 0n, max: 10n ** BigInt(whole) - 1n })),
      fc.stringMatching(new RegExp(`^\\d{0,${scale}}$`)),
    )
    .map(([minus, n, f]) => {
      const tail = f.replace(/0+$/, "");
      const text = `${n}${tail === "" ? "" : `.${tail}`}`;
      return minus && text !== "0" ? `-${text}` : text;
    });
const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.stringMatching(/^\d{5}(-\d{4})?$/),
  fc.stringMatching(/^ {0,5}[a1é]{0,6} {0,4}$/),
  fc.emailAddress(),
  fc.constantFrom("", "123-45-6789", "036", "03601"),
);
const TEXTS: Readonly<Record<Exclude<FieldType, "STRUCT">, fc.Arbitrary<string>>> = {
  STRING: text,
  BYTES: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  INT64: int,
  FLOAT64: fc
    .oneof(fc.double(), fc.double({ min: -10, max: 120 }), fc.integer({ min: -3, max: 100 }))
    .map((n) => (Object.is(n, -0) ? "-0.0" : String(n))),
  NUMERIC: decimal(29, 9),
  BIGNUMERIC: decimal(38, 38),
  BOOL: fc.constantFrom("true", "false"),
  DATE: days,
  DATETIME: fc.tuple(days, time).map(([d, t]) => `${d}T${t}`),
  TIME: time,
  TIMESTAMP: fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n }).map(String),
  INTERVAL: fc
    .tuple(fc.nat(20), fc.nat(11), fc.nat(400), fc.nat(23), fc.nat(59), fc.nat(59))
    .map(([y, m, d, h, i, s]) => `${y}-${m} ${d} ${h}:${i}:${s}`),
  JSON: fc.json({ maxDepth: 1 }),
  GEOGRAPHY: fc.constantFrom("POINT(1 2)", "POINT(-122.3 47.6)"),
  RANGE: fc
    .tuple(fc.option(days, { nil: "UNBOUNDED" }), fc.option(days, { nil: "UNBOUNDED" }))
    .map(([a, b]) => `[${a}, ${b})`),
};

const fieldsAt = (depth: number): fc.Arbitrary<MaskedField[]> =>
  fc
    .array(
      fc.record({
        type: fc.constantFrom(...FIELD_TYPES.filter((type) => depth > 0 || type !== "STRUCT")),
        repeated: fc.boolean(),
        mask: fc.record({
          rule: fc.constantFrom(...MASK_RULES, "none" as const),
          domain: fc.constantFrom("ssn", "mrn"),
        }),
        whole: fc.nat(3),
        fields: depth > 0 ? fieldsAt(depth - 1) : fc.constant([]),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((columns) =>
      columns.map(({ type, repeated, mask, whole, fields }, i): MaskedField => {
        const field = { name: `c${i}`, type, repeated, mask };
        return type === "STRUCT" ? { ...field, mask: whole === 0 ? mask : { rule: "none" }, fields } : field;
      }),
    );

type Cell = WireRecord["f"][number];
const recordOf = (fields: readonly MaskedField[]): fc.Arbitrary<WireRecord> =>
  fc.tuple(...fields.map(cellOf)).map((f) => ({ f }));

function cellOf(field: MaskedField): fc.Arbitrary<Cell> {
  const one: fc.Arbitrary<Cell["v"]> = field.type === "STRUCT" ? recordOf(field.fields ?? []) : TEXTS[field.type];
  const value = field.repeated
    ? fc.array(
        one.map((v) => ({ v })),
        { maxLength: 3 },
      )
    : fc.option(one, { freq: 4 });
  return value.map((v) => ({ v }) as Cell);
}

/** Columns of any type, mask and nesting, and rows of them. */
export function pages(): fc.Arbitrary<{
  readonly fields: readonly MaskedField[];
  readonly rows: readonly WireRecord[];
}> {
  return fieldsAt(2).chain((fields) =>
    fc.record({ fields: fc.constant(fields), rows: fc.array(recordOf(fields), { maxLength: 20 }) }),
  );
}

/** FLOAT64 is written in more than one way: by its value. */
export function plain(rows: readonly WireRecord[], fields: readonly MaskedField[]): unknown {
  const value = (field: MaskedField, v: Cell["v"]): unknown => {
    if (v === null) return null;
    if (Array.isArray(v)) return (v as readonly Cell[]).map((cell) => value(field, cell.v));
    if (field.type === "STRUCT")
      return (v as WireRecord).f.map((cell, i) => value((field.fields ?? [])[i] as MaskedField, cell.v));
    if (field.type === "FLOAT64") return Number(v);
    return v;
  };
  return rows.map((row) => row.f.map((cell, i) => value(fields[i] as MaskedField, cell.v)));
}
