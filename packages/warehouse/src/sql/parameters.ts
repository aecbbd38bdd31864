/**
 * Query parameters as GoogleSQL text: each becomes a cast of a literal, so the rest of the way knows no parameters.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/QueryParameter
 */
import { WarehouseError } from "../errors.ts";
import { arrayAt, isObject, type JsonObject, objectAt, stringAt } from "../rest/json.ts";
import type { Token } from "./lexer.ts";
import { sql } from "./tokens.ts";

/** The text that stands for parameter `name` (undefined: the next positional one). */
type ParameterText = (name: string | undefined) => string;

const SCALARS = new Set(
  "STRING BYTES INT64 INTEGER FLOAT64 FLOAT NUMERIC BIGNUMERIC BOOL BOOLEAN TIMESTAMP DATE TIME DATETIME GEOGRAPHY JSON INTERVAL".split(
    " ",
  ),
);

/** Reads `queryParameters`. A parameter the query names and the request lacks is an `invalidQuery`. */
export function parameterText(parameters: readonly unknown[], mode: string | undefined): ParameterText {
  const list = parameters.filter(isObject);
  const positional = mode === undefined ? list.every((p) => !stringAt(p, "name")) : mode.toUpperCase() === "POSITIONAL";
  let next = 0;
  return (name) => {
    if (name === undefined) {
      const parameter = positional ? list[next] : undefined;
      next += 1;
      if (parameter === undefined)
        throw new WarehouseError("invalidQuery", `Query parameter number ${next} is not defined`);
      return valueText(objectAt(parameter, "parameterType"), objectAt(parameter, "parameterValue"));
    }
    const parameter = positional
      ? undefined
      : list.find((p) => stringAt(p, "name")?.toLowerCase() === name.toLowerCase());
    if (parameter === undefined) throw new WarehouseError("invalidQuery", `Query parameter '${name}' not found`);
    return valueText(objectAt(parameter, "parameterType"), objectAt(parameter, "parameterValue"));
  };
}

/** The tokens with each parameter's value in its place. */
export function withParameters(tokens: readonly Token[], parameter: ParameterText): Token[] {
  return tokens.flatMap((token) => (token.kind === "parameter" ? sql(parameter(token.name)) : [token]));
}

function typeText(type: JsonObject): string {
  const name = stringAt(type, "type")?.toUpperCase() ?? "";
  if (name === "ARRAY") return `ARRAY<${typeText(objectAt(type, "arrayType"))}>`;
  if (name === "STRUCT") {
    const fields = arrayAt(type, "structTypes").filter(isObject);
    return `STRUCT<${fields.map((f) => `\`${identifier(stringAt(f, "name") ?? "")}\` ${typeText(objectAt(f, "type"))}`).join(", ")}>`;
  }
  if (!SCALARS.has(name)) throw new WarehouseError("invalid", `Invalid parameter type: ${name || "none"}`);
  if (name === "INTEGER") return "INT64";
  if (name === "FLOAT") return "FLOAT64";
  return name === "BOOLEAN" ? "BOOL" : name;
}

function valueText(type: JsonObject, value: JsonObject): string {
  const name = stringAt(type, "type")?.toUpperCase() ?? "";
  const text = typeText(type);
  if (name === "ARRAY") {
    const items = arrayAt(value, "arrayValues").filter(isObject);
    return `CAST([${items.map((v) => valueText(objectAt(type, "arrayType"), v)).join(", ")}] AS ${text})`;
  }
  if (name === "STRUCT") {
    const values = objectAt(value, "structValues");
    const fields = arrayAt(type, "structTypes").filter(isObject);
    const parts = fields.map((f) => {
      const field = identifier(stringAt(f, "name") ?? "");
      return `${valueText(objectAt(f, "type"), objectAt(values, field))} AS \`${field}\``;
    });
    return `STRUCT(${parts.join(", ")})`;
  }
  const scalar = value.value;
  if (scalar === null || scalar === undefined) return `CAST(NULL AS ${text})`;
  const literal = stringLiteral(String(scalar));
  // The wire carries bytes as base64.
  return name === "BYTES" ? `FROM_BASE64(${literal})` : `CAST(${literal} AS ${text})`;
}

function identifier(name: string): string {
  if (!/^\w*$/.test(name)) throw new WarehouseError("invalid", "Invalid name of a struct field in a parameter");
  return name;
}

/** A GoogleSQL string literal. */
export function stringLiteral(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}'`;
}
