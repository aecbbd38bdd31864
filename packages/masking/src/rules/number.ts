import type { FieldType } from "../mask-rule.ts";

const DECIMAL = /^(-?)(\d{1,80})(?:\.(\d{1,80}))?$/;
const FLOAT = /^-?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,3})?$/;

/**
 * Compares the text of an INT64, FLOAT64, NUMERIC or BIGNUMERIC with a whole number from 0 up: -1, 0, 1; undefined
 * for NaN and for what is no number of the type. Decimals are compared digit by digit: a NUMERIC just above the bound must not
 * be rounded to it.
 */
export function compareNumber(text: string, type: FieldType, bound: number): -1 | 0 | 1 | undefined {
  const decimal = DECIMAL.exec(text);
  if (decimal) {
    if (type === "INT64" && decimal[3] !== undefined) return undefined;
    const [, sign, whole = "", fraction = ""] = decimal;
    const hasFraction = /[1-9]/.test(fraction);
    const magnitude = BigInt(whole);
    if (sign && (magnitude > 0n || hasFraction)) return -1;
    if (magnitude !== BigInt(bound)) return magnitude < BigInt(bound) ? -1 : 1;
    return hasFraction ? 1 : 0;
  }
  if (type !== "FLOAT64") return undefined;
  if (text === "Infinity" || text === "+Infinity") return 1;
  if (text === "-Infinity") return -1;
  if (!FLOAT.test(text)) return undefined;
  return Math.sign(Number(text) - bound) as -1 | 0 | 1;
}
