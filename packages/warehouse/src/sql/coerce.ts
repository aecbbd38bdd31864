/** Values on their way into a column: what may be assigned, and how DuckDB converts it. */
import { DuckDBDecimalType, DuckDBListType, DuckDBStructType, type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import { WarehouseError } from "../errors.ts";
import { typeText } from "./data-type.ts";
import { duckType, type Field, fieldOf, quoteIdentifier } from "./types.ts";

/** Types that become another on assignment, literals' coercions among them. */
const COERCIONS = new Map<string, readonly string[]>([
  ["INTEGER", ["NUMERIC", "BIGNUMERIC", "FLOAT"]],
  ["NUMERIC", ["BIGNUMERIC", "FLOAT"]],
  ["BIGNUMERIC", ["FLOAT"]],
  ["FLOAT", ["NUMERIC", "BIGNUMERIC"]],
  ["STRING", ["DATE", "DATETIME", "TIME", "TIMESTAMP"]],
  ["DATE", ["DATETIME"]],
]);

/** A DuckDB expression of `type` as a value of the column. Throws `invalidQuery` when it can't be one. */
export function coerce(sql: string, type: DuckDBType, field: Field): string {
  if (field.mode === "REQUIRED") {
    const value = coerce(sql, type, { ...field, mode: "NULLABLE" });
    return `CASE WHEN ${sql} IS NULL THEN error('Required field ${field.name.replaceAll("'", "''")} cannot be null') ELSE ${value} END`;
  }
  if (field.mode === "REPEATED") {
    // NULL is described as an integer of 32 bits, which no column has.
    if (type.typeId === DuckDBTypeId.INTEGER) return `CAST([] AS ${duckType(field)})`;
    if (!(type instanceof DuckDBListType)) throw mismatch(type, field);
    const element: Field = { ...field, mode: "NULLABLE" };
    const item = coerce("_x", type.valueType, element);
    return `coalesce(CAST(list_transform(${sql}, lambda _x: ${item}) AS ${duckType(field)}), [])`;
  }
  if (type.typeId === DuckDBTypeId.INTEGER) return `CAST(${sql} AS ${duckType(field)})`;
  if (field.type === "RECORD") {
    const fields = field.fields ?? [];
    if (!(type instanceof DuckDBStructType) || type.entryCount !== fields.length) throw mismatch(type, field);
    const members = fields.map((f, i) => {
      const member = type.entryTypes[i];
      if (member === undefined) throw mismatch(type, field);
      return `${quoteIdentifier(f.name)} := ${coerce(`struct_extract_at(${sql}, ${i + 1})`, member, f)}`;
    });
    return `CASE WHEN ${sql} IS NOT NULL THEN struct_pack(${members.join(", ")}) END`;
  }
  if (type instanceof DuckDBListType || type instanceof DuckDBStructType) throw mismatch(type, field);
  const from = type instanceof DuckDBDecimalType && type.scale < 9 ? "NUMERIC" : fieldOf("", type).type;
  if (from !== field.type && !COERCIONS.get(from)?.includes(field.type)) throw mismatch(type, field);
  return `CAST(${sql} AS ${duckType(field)})`;
}

function mismatch(type: DuckDBType, field: Field): WarehouseError {
  return new WarehouseError(
    "invalidQuery",
    `Value of type ${typeText(fieldOf("", type))} cannot be assigned to ${field.name}, which has type ${typeText(field)}`,
  );
}

/** One assignment to a column, or to a field inside it. */
export interface FieldUpdate {
  readonly path: readonly string[];
  readonly value: string;
  readonly type: DuckDBType;
}

/** The column's new value: fields that aren't assigned stay. */
export function updated(column: string, field: Field, updates: readonly FieldUpdate[]): string {
  const [whole] = updates.filter((update) => update.path.length === 0);
  if (whole) {
    if (updates.length > 1) throw twice(field);
    return coerce(whole.value, whole.type, field);
  }
  if (field.type !== "RECORD" || field.mode === "REPEATED") {
    throw new WarehouseError(
      "invalidQuery",
      `Cannot access a field of ${field.name}, which has type ${typeText(field)}`,
    );
  }
  const left = new Set(updates.map((update) => update.path[0]?.toLowerCase()));
  const members = (field.fields ?? []).map((f) => {
    const inside = `struct_extract(${column}, '${f.name.replaceAll("'", "''")}')`;
    const mine = updates.filter((update) => update.path[0]?.toLowerCase() === f.name.toLowerCase());
    left.delete(f.name.toLowerCase());
    const value =
      mine.length === 0
        ? inside
        : updated(
            inside,
            f,
            mine.map((u) => ({ ...u, path: u.path.slice(1) })),
          );
    return `${quoteIdentifier(f.name)} := ${value}`;
  });
  const [unknown] = left;
  if (unknown !== undefined)
    throw new WarehouseError("invalidQuery", `Field name ${unknown} does not exist in ${typeText(field)}`);
  return `struct_pack(${members.join(", ")})`;
}

function twice(field: Field): WarehouseError {
  return new WarehouseError("invalidQuery", `Update item ${field.name} assigned more than once`);
}
