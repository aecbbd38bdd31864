/**
 * What a model is asked to give, as the text of an output_schema says it.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-ai-generate#arguments
 */
import type { Expression } from "../tree.ts";
import { arrayOf, scalarType, type Type } from "../types.ts";

type SchemaColumn = readonly [name: string, type: Type];

/** In words. */
export const SCHEMAS = "names with STRING, INT64, FLOAT64, BOOL or an ARRAY of one, as a string literal";

const TYPES: ReadonlySet<string> = new Set(["STRING", "INT64", "FLOAT64", "BOOL"]);

/** `name STRING, tags ARRAY<STRING>`: the columns that an output_schema names, undefined where it says more. */
export function schemaColumns(schema: Expression | undefined): readonly SchemaColumn[] | undefined {
  if (schema?.kind !== "StringLiteral") return undefined;
  const list: SchemaColumn[] = [];
  for (const field of schema.value.split(",")) {
    const [, name = "", array = "", type = ""] =
      /^ *([A-Za-z_][A-Za-z_0-9]*) +(?:(ARRAY) *< *)?([A-Z0-9]+) *(?:>)? *$/i.exec(field) ?? [];
    const scalar: Type | undefined = TYPES.has(type.toUpperCase()) ? scalarType(type.toUpperCase()) : undefined;
    if (scalar === undefined || field.includes(">") !== (array !== "")) return undefined;
    list.push([name, array === "" ? scalar : arrayOf(scalar)]);
  }
  return list;
}
