/**
 * What PIVOT calls the column of a value that has no alias. Only the names that are certain: of whole numbers, strings, dates
 * and NULL. For all other values BigQuery's own rule is not followed here, and an alias is asked for (threat-model row 38).
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#rules_for_pivot_column
 */
import type { Expression, PivotExpression } from "../tree.ts";
import type { Type } from "../types.ts";

/** `type` is the input's, which the value takes. Null where an alias must be asked for. */
export function pivotedName(aggregate: string | null, value: PivotExpression, type: Type): string | null {
  const prefix = aggregate === null ? "" : `${aggregate}_`;
  if (value.alias !== null) return prefix + value.alias.name;
  if (value.expression.kind === "NullLiteral") return `${prefix}NULL`;
  if (type.kind !== "scalar") return null;
  switch (type.name) {
    case "INT64":
    case "NUMERIC":
    case "BIGNUMERIC":
      return wholeNumber(value.expression, prefix);
    case "STRING":
      if (value.expression.kind !== "StringLiteral") return null;
      if (value.expression.value === "") return prefix === "" ? "empty_string_value" : `${prefix}_empty_string_value`;
      return prefix + value.expression.value;
    case "DATE":
      return date(value.expression, prefix);
    default:
      return null;
  }
}

/** `1` is `_1` where it begins a name, and `-1` is `minus_1`. */
function wholeNumber(value: Expression, prefix: string): string | null {
  const negated = value.kind === "UnaryExpression" && value.operator === "-";
  const literal = negated ? value.operand : value;
  if (literal.kind !== "IntegerLiteral") return null;
  const number = BigInt(literal.text);
  if (negated && number !== 0n) return `${prefix}minus_${number}`;
  return prefix === "" ? `_${number}` : `${prefix}${number}`;
}

/** `2013-11-25` is `_2013_11_25` where it begins a name. */
function date(value: Expression, prefix: string): string | null {
  const written = value.kind === "StringLiteral" || (value.kind === "TypedLiteral" && value.type === "DATE");
  if (!written || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value.value)) return null;
  const name = value.value.replaceAll("-", "_");
  return prefix === "" ? `_${name}` : prefix + name;
}
