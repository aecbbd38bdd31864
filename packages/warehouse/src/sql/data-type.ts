/**
 * GoogleSQL data types and column definitions, read on tokens, as the REST API's fields.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types
 */
import { WarehouseError } from "../errors.ts";
import type { Json, JsonObject } from "../rest/json.ts";
import { type OptionValue, readOptions } from "./options.ts";
import { type Cursor, isSymbol, nameText, syntaxError } from "./tokens.ts";
import { type Field, fieldType } from "./types.ts";

const SYNONYMS = new Map([
  ["INT", "INT64"],
  ["SMALLINT", "INT64"],
  ["INTEGER", "INT64"],
  ["BIGINT", "INT64"],
  ["TINYINT", "INT64"],
  ["BYTEINT", "INT64"],
  ["DECIMAL", "NUMERIC"],
  ["BIGDECIMAL", "BIGNUMERIC"],
]);

/** Reads a type; the field is named `name`. `>>` closes two. */
export function readType(cursor: Cursor, name: string): Field {
  const { field } = read(cursor, name, 0);
  return field;
}

/** `open`: closing angles read beyond this type's own. */
function read(cursor: Cursor, name: string, depth: number): { field: Field; open: number } {
  const word = cursor.name().toUpperCase();
  if (word === "ARRAY") {
    if (!cursor.acceptSymbol("<")) throw syntaxError(cursor.peek(), '"<"');
    const element = read(cursor, name, depth + 1);
    if (element.field.mode === "REPEATED")
      throw new WarehouseError("invalidQuery", "Arrays of arrays are not supported");
    return { field: { ...element.field, mode: "REPEATED" }, open: close(cursor, element.open) };
  }
  if (word === "STRUCT") {
    if (!cursor.acceptSymbol("<")) throw syntaxError(cursor.peek(), '"<"');
    const fields: Field[] = [];
    let open = 0;
    do {
      const named = nameText(cursor.peek(1)) !== undefined;
      const member = read(cursor, named ? cursor.name() : `_field_${fields.length + 1}`, depth + 1);
      fields.push({ ...member.field, ...columnOptions(cursor) });
      open = member.open;
    } while (open === 0 && cursor.acceptSymbol(","));
    return { field: { name, type: "RECORD", mode: "NULLABLE", fields }, open: close(cursor, open) };
  }
  const type = fieldType(SYNONYMS.get(word) ?? word);
  if (type === undefined || type === "RECORD") throw new WarehouseError("invalidQuery", `Type not found: ${word}`);
  // STRING(10), NUMERIC(10, 2): lengths and digits aren't kept.
  if (isSymbol(cursor.peek(), "(")) cursor.group();
  return { field: { name, type, mode: "NULLABLE" }, open: 0 };
}

/** Reads the `>` that ends a type unless an inner `>>` has; the closing angles left over. */
function close(cursor: Cursor, open: number): number {
  if (open > 0) return open - 1;
  if (cursor.acceptSymbol(">")) return 0;
  if (cursor.acceptSymbol(">>")) return 1;
  throw syntaxError(cursor.peek(), '">"');
}

/** `name TYPE [NOT NULL] [DEFAULT x] [OPTIONS (…)]`. */
export function readColumn(cursor: Cursor): Field {
  const name = cursor.name();
  return { ...readType(cursor, name), ...columnOptions(cursor) };
}

function columnOptions(cursor: Cursor): { mode?: "REQUIRED"; description?: string } {
  const out: { mode?: "REQUIRED"; description?: string } = {};
  for (;;) {
    if (cursor.accept("NOT", "NULL")) out.mode = "REQUIRED";
    else if (cursor.accept("COLLATE")) cursor.at += 1;
    else if (cursor.sees("DEFAULT")) {
      throw new WarehouseError("invalidQuery", "DEFAULT of a column is not supported by this warehouse");
    } else if (cursor.accept("OPTIONS")) {
      const description: OptionValue | undefined = readOptions(cursor.group()).get("description");
      if (typeof description === "string") out.description = description;
    } else return out;
  }
}

const STANDARD_NAMES = new Map([
  ["INTEGER", "INT64"],
  ["FLOAT", "FLOAT64"],
  ["BOOLEAN", "BOOL"],
]);

/** StandardSqlDataType of the REST API. */
export function standardType(field: Field): JsonObject {
  if (field.mode === "REPEATED") {
    return { typeKind: "ARRAY", arrayElementType: standardType({ ...field, mode: "NULLABLE" }) };
  }
  if (field.type === "RECORD") {
    const fields: Json[] = (field.fields ?? []).map((f) => ({ name: f.name, type: standardType(f) }));
    return { typeKind: "STRUCT", structType: { fields } };
  }
  return { typeKind: STANDARD_NAMES.get(field.type) ?? field.type };
}

/** The type as GoogleSQL writes it. */
export function typeText(field: Field): string {
  const one =
    field.type === "RECORD"
      ? `STRUCT<${(field.fields ?? []).map((f) => `\`${f.name}\` ${typeText(f)}`).join(", ")}>`
      : (STANDARD_NAMES.get(field.type) ?? field.type);
  return field.mode === "REPEATED" ? `ARRAY<${one}>` : one;
}
