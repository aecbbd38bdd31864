/** A JSON object from outside, before anything is known of it. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member as an object; an empty one when absent or of another kind. */
export function objectAt(value: JsonObject, key: string): JsonObject {
  const member = value[key];
  return isObject(member) ? member : {};
}

export function arrayAt(value: JsonObject, key: string): Json[] {
  const member = value[key];
  return Array.isArray(member) ? member : [];
}

export function stringAt(value: JsonObject, key: string): string | undefined {
  const member = value[key];
  return typeof member === "string" ? member : undefined;
}

/** A number, or a number in a string (BigQuery's int64 on the wire). */
export function numberAt(value: JsonObject, key: string): number | undefined {
  const member = value[key];
  if (typeof member === "number") return member;
  if (typeof member === "string" && /^-?\d+$/.test(member)) return Number(member);
  if (isObject(member)) return numberAt(member, "value");
  return undefined;
}

export function booleanAt(value: JsonObject, key: string): boolean | undefined {
  const member = value[key];
  if (member === "true") return true;
  if (member === "false") return false;
  return typeof member === "boolean" ? member : undefined;
}
