import type { SentValue } from "../../sessions/sent-value.ts";
import { type FileField, MOST_NAME } from "../file-types.ts";
import { UploadError } from "../upload-error.ts";
import type { Binary } from "./binary.ts";
import { malformed } from "./malformed.ts";
import { scalarOf } from "./scalars.ts";

/** How one value stands in the file. */
export type AvroShape =
  | { readonly kind: "value"; readonly read: (from: Binary) => SentValue }
  | { readonly kind: "record"; readonly members: readonly (readonly [name: string, shape: AvroShape])[] }
  | { readonly kind: "array"; readonly of: AvroShape }
  /** `nullAt`: the branch that is NULL, of two. */
  | { readonly kind: "optional"; readonly nullAt: 0 | 1; readonly of: AvroShape };

export interface AvroColumn {
  readonly field: FileField;
  readonly shape: AvroShape;
}

/** BigQuery's own bound of records in records. https://cloud.google.com/bigquery/docs/nested-repeated#limitations */
const DEEPEST = 15;
const MOST_FIELDS = 10_000;
const COMPLEX = new Set(["record", "enum", "fixed"]);

/**
 * An Avro file's columns, by the types that BigQuery gives them. What it makes of unions of several types and of maps is refused by name.
 * https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-avro#avro_conversions
 */
export class AvroSchema {
  readonly #logicalTypes: boolean;
  /** Types that have names, as they were defined; undefined while they are. */
  readonly #named = new Map<string, unknown>();
  #fields = 0;

  /** @param logicalTypes useAvroLogicalTypes: a date is a DATE, not the number that it is stored as */
  constructor(logicalTypes: boolean) {
    this.#logicalTypes = logicalTypes;
  }

  /** Throws UploadError, which names a field. */
  columnsOf(schema: unknown): AvroColumn {
    if (!isObject(schema) || schema.type !== "record") throw malformed();
    const column = this.#columnOf("", schema, 0, "");
    if (column.shape.kind !== "record" || column.shape.members.length === 0) throw malformed();
    return column;
  }

  #columnOf(name: string, asked: unknown, depth: number, space: string): AvroColumn {
    if (depth > 3 * DEEPEST || ++this.#fields > MOST_FIELDS)
      throw new UploadError("The Avro file has too many fields, or nests them too deep.");
    const type = this.#defined(name, asked, space);
    if (Array.isArray(type)) return this.#union(name, type, depth, space);
    const attributes = isObject(type) ? type : { type };
    const inner = attributes.type;
    if (isObject(inner) || Array.isArray(inner)) return this.#columnOf(name, inner, depth + 1, space);
    switch (inner) {
      case "record":
        return this.#record(name, attributes, depth, space);
      case "array": {
        const { field, shape } = this.#columnOf(name, attributes.items, depth + 1, space);
        if (field.repeated) throw new UploadError(`Field ${name} of the Avro file is an array of arrays.`);
        return { field: { ...field, repeated: true }, shape: { kind: "array", of: shape } };
      }
      default: {
        const { bigqueryType, read } = scalarOf(name, attributes, this.#logicalTypes);
        return { field: { name, type: bigqueryType, repeated: false }, shape: { kind: "value", read } };
      }
    }
  }

  /** Of NULL and one other type. */
  #union(name: string, branches: readonly unknown[], depth: number, space: string): AvroColumn {
    const nullAt = branches.indexOf("null");
    if (branches.length !== 2 || (nullAt !== 0 && nullAt !== 1) || branches[1 - nullAt] === "null")
      throw new UploadError(`Field ${name} of the Avro file is a union of other than null and one type.`);
    const { field, shape } = this.#columnOf(name, branches[1 - nullAt], depth + 1, space);
    return { field, shape: { kind: "optional", nullAt, of: shape } };
  }

  #record(name: string, attributes: Readonly<Record<string, unknown>>, depth: number, space: string): AvroColumn {
    const { fields } = attributes;
    if (!Array.isArray(fields) || fields.length === 0) throw malformed();
    const full = fullName(attributes, space);
    const within = full.includes(".") ? full.slice(0, full.lastIndexOf(".")) : "";
    // Until it is defined, a record that holds itself is one of no type.
    this.#named.set(full, undefined);
    const columns = fields.map((one: unknown) => {
      if (!isObject(one) || typeof one.name !== "string" || !isName(one.name)) throw malformed();
      return this.#columnOf(one.name, one.type, depth + 1, within);
    });
    this.#named.set(full, attributes);
    const names = columns.map(({ field }) => field.name);
    if (new Set(names.map((one) => one.toLowerCase())).size !== names.length)
      throw new UploadError("The Avro file has two fields of one name.");
    return {
      field: { name, type: "RECORD", repeated: false, fields: columns.map(({ field }) => field) },
      shape: { kind: "record", members: columns.map(({ field, shape }) => [field.name, shape]) },
    };
  }

  /** A name of a type that was defined before stands for it. */
  #defined(name: string, type: unknown, space: string): unknown {
    if (isObject(type) && typeof type.type === "string" && COMPLEX.has(type.type) && type.type !== "record")
      this.#named.set(fullName(type, space), type);
    if (typeof type !== "string" || PRIMITIVES.has(type)) return type;
    const full = type.includes(".") || space === "" ? type : `${space}.${type}`;
    const known = this.#named.get(full) ?? this.#named.get(type);
    if (known === undefined) throw new UploadError(`Field ${name} of the Avro file has a type that isn't read here.`);
    return known;
  }
}

const PRIMITIVES = new Set(["null", "boolean", "int", "long", "float", "double", "bytes", "string"]);

/** https://avro.apache.org/docs/1.12.0/specification/#names */
function isName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name.length <= MOST_NAME && name !== "__proto__";
}

function fullName({ name, namespace }: Readonly<Record<string, unknown>>, space: string): string {
  if (typeof name !== "string") throw malformed();
  if (name.includes(".")) return name;
  const within = typeof namespace === "string" ? namespace : space;
  return within === "" ? name : `${within}.${name}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
