/**
 * Columns and keys as CREATE TABLE and ALTER TABLE define them.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#column_name_and_column_schema
 */
import type { TableFieldSchema } from "../../table-resource.ts";
import type {
  ColumnDefinition,
  ColumnReference,
  ColumnSchema,
  ColumnType,
  Expression,
  Node,
  TableElement,
} from "../../tree.ts";
import { coerces, isRangeElement, schemaType, type Type, typeName } from "../../types.ts";
import type { Context } from "../context.ts";
import { type Column, fold } from "../scope.ts";
import { resolveTypeName } from "../type-name.ts";
import type { Place } from "./assignment.ts";
import { constantValue } from "./constant.ts";
import { checkOptions } from "./options.ts";
import { nameOf } from "./target.ts";

/** The columns of a list that may hold keys as well. */
export function definedColumns(context: Context, elements: readonly TableElement[]): Place[] {
  const places: Place[] = [];
  for (const element of elements) {
    if (element.kind === "ForeignKey") checkReference(context, element.references);
    if (element.kind === "ColumnDefinition") places.push(definedColumn(context, element));
  }
  const [first] = elements;
  if (first !== undefined) requireNames(context, places, first);
  return places;
}

export function requireNames(context: Context, columns: readonly Pick<Column, "name">[], node: Node): void {
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (name === "") context.fail("name", "Every column of a table needs a name; give each an alias", node);
    if (seen.has(fold(name))) context.fail("name", `Duplicate column name ${name}; give each its own`, node);
    seen.add(fold(name));
  }
}

export function definedColumn(context: Context, node: ColumnDefinition): Place {
  if (node.generated !== null) {
    context.fail(
      "unsupported",
      "A GENERATED column is not supported: it is computed outside the analysis",
      node.generated,
    );
  }
  const { name } = node.name;
  context.noteName(name, node);
  const typed = fieldOf(context, node.type, node);
  const field = { ...typed, name, ...(node.notNull && typed.mode === undefined ? { mode: "REQUIRED" } : {}) };
  const place = { name, type: typeOf(context, field, node), field };
  checkCollation(context, node.collate);
  if (node.default !== null) checkDefault(context, node.default, place.type, name);
  if (node.references !== null) checkReference(context, node.references);
  checkOptions(context, node.options, "COLUMN");
  return place;
}

/** The type that a column of this schema has. */
export function columnType(
  context: Context,
  schema: ColumnSchema,
): { readonly type: Type; readonly field: TableFieldSchema } {
  checkCollation(context, schema.collate);
  checkOptions(context, schema.options, "COLUMN");
  const field = fieldOf(context, schema.type, schema);
  return { type: typeOf(context, field, schema), field };
}

/** DEFAULT is written into rows that nobody looks at: it must not be able to hold a column's value (threat-model row 14). */
export function checkDefault(context: Context, node: Expression, type: Type, name: string): void {
  const value = constantValue(context, node, "DEFAULT");
  if (!coerces(value.type, type, value.written)) {
    context.fail(
      "type",
      `Column ${name} has type ${typeName(type)} and can't default to ${typeName(value.type)}`,
      node,
    );
  }
}

/** Keys are never enforced; the table they name is but printed in full. */
export function checkReference(context: Context, node: ColumnReference): void {
  const { parts } = nameOf(context, node.table.parts, node);
  context.resolved.add(node.table);
  context.tablePaths.set(node.table, parts);
}

export function checkCollation(context: Context, node: Expression | null): void {
  if (node !== null && node.kind !== "StringLiteral") context.fail("unsupported", "COLLATE takes a string", node);
}

function typeOf(context: Context, field: TableFieldSchema, node: Node): Type {
  const type = schemaType(field) ?? context.fail("name", "A column has a type that doesn't exist", node);
  return context.bounded(type, node);
}

/** A column's type as a table resource gives it, so that what fails on the column is found in one way. */
function fieldOf(context: Context, type: ColumnType, node: Node): TableFieldSchema {
  switch (type.kind) {
    case "SimpleType": {
      const scalar = typeName(resolveTypeName(context, type));
      const [first] = type.parameters;
      if (first === undefined) return { name: "", type: scalar };
      return {
        name: "",
        type: scalar,
        ...(scalar.endsWith("NUMERIC") ? { precision: "given" } : { maxLength: "given" }),
      };
    }
    case "RangeType": {
      const range = resolveTypeName(context, type);
      if (range.kind !== "range" || !isRangeElement(range.element)) {
        return context.fail("type", "A RANGE is of DATE, DATETIME or TIMESTAMP", type);
      }
      return { name: "", type: "RANGE", rangeElementType: { type: range.element.name } };
    }
    case "ArrayColumnType": {
      if (type.element.type.kind === "ArrayColumnType") {
        return context.fail("type", "An ARRAY can't have ARRAY elements", type);
      }
      return { ...innerField(context, type.element), mode: "REPEATED" };
    }
    case "StructColumnType": {
      const fields = type.fields.map((field) => {
        context.noteName(field.name.name, field);
        return { ...innerField(context, field.schema), name: field.name.name };
      });
      return { name: "", type: "STRUCT", fields };
    }
    default: {
      const unreachable: never = type;
      return context.fail("unsupported", `A column's type ${String(unreachable)}`, node);
    }
  }
}

function innerField(context: Context, schema: ColumnSchema): TableFieldSchema {
  checkCollation(context, schema.collate);
  checkOptions(context, schema.options, "COLUMN");
  const field = fieldOf(context, schema.type, schema);
  return schema.notNull && field.mode === undefined ? { ...field, mode: "REQUIRED" } : field;
}
