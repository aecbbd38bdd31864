/** The types the generated queries compute with, and how both dialects write them. */
export type ScalarName = "STRING" | "INT64" | "FLOAT64" | "BOOL" | "DATE" | "NUMERIC";

export interface Field {
  readonly name: string;
  readonly type: Type;
}

export type Type =
  | { readonly kind: "scalar"; readonly name: ScalarName }
  | { readonly kind: "array"; readonly element: Type }
  | { readonly kind: "struct"; readonly fields: readonly Field[] };

const scalar = (name: ScalarName): Type => ({ kind: "scalar", name });
export const STRING = scalar("STRING");
export const INT64 = scalar("INT64");
export const FLOAT64 = scalar("FLOAT64");
export const BOOL = scalar("BOOL");
export const DATE = scalar("DATE");
export const NUMERIC = scalar("NUMERIC");
export const SCALARS: readonly Type[] = [STRING, INT64, FLOAT64, BOOL, DATE, NUMERIC];

export const arrayOf = (element: Type): Type => ({ kind: "array", element });
export const structOf = (fields: readonly Field[]): Type => ({ kind: "struct", fields });

export function googleType(type: Type): string {
  if (type.kind === "scalar") return type.name;
  if (type.kind === "array") return `ARRAY<${googleType(type.element)}>`;
  return `STRUCT<${type.fields.map((f) => `${f.name} ${googleType(f.type)}`).join(", ")}>`;
}

const DUCK: Readonly<Record<ScalarName, string>> = {
  STRING: "VARCHAR",
  INT64: "BIGINT",
  FLOAT64: "DOUBLE",
  BOOL: "BOOLEAN",
  DATE: "DATE",
  NUMERIC: "DECIMAL(38,9)",
};

export function duckType(type: Type): string {
  if (type.kind === "scalar") return DUCK[type.name];
  if (type.kind === "array") return `${duckType(type.element)}[]`;
  return `STRUCT(${type.fields.map((f) => `"${f.name}" ${duckType(f.type)}`).join(", ")})`;
}

export function sameType(a: Type, b: Type): boolean {
  return googleType(a) === googleType(b);
}
