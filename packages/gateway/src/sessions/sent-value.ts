import type { TableFieldSchema } from "@chaperone/googlesql";

/**
 * Values of rows that agents send as JSON (insertAll, load jobs), as query parameters of the column's type.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/QueryParameter
 * https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-json#details_of_loading_json_data
 */

/** A number as it was written: a double would round what INT64 and NUMERIC hold. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type SentValue = null | boolean | string | NumberText | readonly SentValue[] | SentObject;
export interface SentObject {
  readonly [name: string]: SentValue;
}

/** JSON in which an object has a member twice: one reader takes the first, another the last. */
export class MemberTwice extends SyntaxError {
  override readonly name = "MemberTwice";
}

/** JSON with its numbers as they are written. Throws SyntaxError (MemberTwice), and RangeError for what nests too deep. */
export function parseSentJson(text: string): SentValue {
  // What holds the whole is asked about too, as if it were a member.
  let members = -1;
  const value = JSON.parse(
    text,
    function (this: unknown, _name: string, value: unknown, context?: { readonly source?: string }) {
      if (!Array.isArray(this)) members++;
      return typeof value === "number" ? new NumberText(context?.source ?? String(value)) : value;
    },
  ) as SentValue;
  if (membersWritten(text) !== members) throw new MemberTwice("An object has a member twice");
  return value;
}

/** In JSON a colon outside of strings belongs to exactly one member. */
function membersWritten(json: string): number {
  let count = 0;
  for (let at = 0; at < json.length; ) {
    const quote = json.indexOf('"', at);
    const end = quote === -1 ? json.length : quote;
    for (; at < end; at++) if (json.charCodeAt(at) === COLON) count++;
    for (at++; at < json.length && json.charCodeAt(at) !== QUOTE; at++) if (json.charCodeAt(at) === BACKSLASH) at++;
    at++;
  }
  return count;
}

const COLON = 0x3a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export function isSentObject(value: SentValue | undefined): value is SentObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberText);
}

/** What of a row isn't as its column wants it; `location` names the field, never a value (I9). */
export class SentValueError extends Error {
  override readonly name = "SentValueError";
  readonly location: string;
  constructor(location: string, message: string) {
    super(message);
    this.location = location;
  }
}

/** Rows of more values than one statement can carry: each is written with its name, however little was sent for it. */
export class TooManyValues extends Error {
  override readonly name = "TooManyValues";
  constructor() {
    super("The rows have more values than BigQuery takes with one statement; load them from Cloud Storage.");
  }
}

/** A request with parameters has 10 MB at most, and a value in it some twenty characters at least. https://cloud.google.com/bigquery/quotas#query_jobs */
export const MOST_VALUES = 500_000;

/** Counts what is made of rows while it is made: of `{}` a whole record can become (I10). */
export class ValueCount {
  #left = MOST_VALUES;

  get made(): number {
    return MOST_VALUES - this.#left;
  }

  /** @throws TooManyValues */
  add(values: number): void {
    this.#left -= values;
    if (this.#left < 0) throw new TooManyValues();
  }
}

export interface ParameterType {
  readonly type: string;
  readonly arrayType?: ParameterType;
  readonly structTypes?: readonly { readonly name: string; readonly type: ParameterType }[];
}
export interface ParameterValue {
  readonly value?: string | null;
  readonly arrayValues?: readonly ParameterValue[];
  readonly structValues?: Readonly<Record<string, ParameterValue>>;
}

const STANDARD: Readonly<Record<string, string>> = {
  INTEGER: "INT64",
  FLOAT: "FLOAT64",
  BOOLEAN: "BOOL",
  RECORD: "STRUCT",
};

/** undefined: no rows of this type can be sent. */
export function parameterTypeOf(field: TableFieldSchema): ParameterType | undefined {
  const element = elementType(field);
  if (element === undefined || field.mode !== "REPEATED") return element;
  return { type: "ARRAY", arrayType: element };
}

function elementType(field: TableFieldSchema): ParameterType | undefined {
  const type = STANDARD[field.type] ?? field.type;
  if (type !== "STRUCT") return Object.hasOwn(SCALARS, type) ? { type } : undefined;
  const structTypes: { name: string; type: ParameterType }[] = [];
  for (const inner of field.fields ?? []) {
    const innerType = parameterTypeOf(inner);
    if (innerType === undefined) return undefined;
    structTypes.push({ name: inner.name, type: innerType });
  }
  return structTypes.length === 0 ? undefined : { type, structTypes };
}

export interface ReadOptions {
  /** Members that the table has no field for: left out, or refused. */
  readonly ignoreUnknownValues: boolean;
  /** A string in a JSON column is JSON's text (insertAll), or a JSON string (load jobs). */
  readonly jsonTexts: boolean;
}

type ValueOptions = ReadOptions & { readonly count: ValueCount };

/** The parameter's value. Throws SentValueError, TooManyValues. */
export function parameterValueOf(
  field: TableFieldSchema,
  value: SentValue | undefined,
  options: ValueOptions,
  path = field.name,
): ParameterValue {
  if (field.mode === "REPEATED") {
    if (value === null || value === undefined) return { arrayValues: [] };
    if (!Array.isArray(value))
      throw new SentValueError(path, "Array specified for non-repeated field, or the reverse.");
    options.count.add(value.length);
    return { arrayValues: value.map((one: SentValue) => elementValue(field, one, options, path)) };
  }
  return elementValue(field, value, options, path);
}

function elementValue(
  field: TableFieldSchema,
  value: SentValue | undefined,
  options: ValueOptions,
  path: string,
): ParameterValue {
  const type = STANDARD[field.type] ?? field.type;
  if (value === null || value === undefined) {
    if (field.mode === "REQUIRED") throw new SentValueError(path, "Missing required field.");
    if (field.mode === "REPEATED") throw new SentValueError(path, "An array holds no NULL.");
    return type === "STRUCT" ? structValue(field, {}, options, path) : { value: null };
  }
  if (type === "STRUCT") {
    if (!isSentObject(value)) throw new SentValueError(path, "This field is not a record.");
    return structValue(field, value, options, path);
  }
  if (type === "JSON" && !options.jsonTexts) return { value: plainJson(value) };
  const text = Object.hasOwn(SCALARS, type) ? SCALARS[type]?.(value) : undefined;
  if (text === undefined) throw new SentValueError(path, `Cannot convert value to ${type.toLowerCase()}.`);
  return { value: text };
}

function structValue(field: TableFieldSchema, value: SentObject, options: ValueOptions, path: string): ParameterValue {
  const fields = field.fields ?? [];
  options.count.add(fields.length);
  const members = membersOf(fieldsByName(fields), value, options, path);
  return {
    structValues: Object.fromEntries(
      fields.map((inner) => [
        inner.name,
        parameterValueOf(inner, members.get(inner.name), options, `${path}.${inner.name}`),
      ]),
    ),
  };
}

export type FieldsByName = ReadonlyMap<string, TableFieldSchema>;
const byName = new WeakMap<readonly TableFieldSchema[], FieldsByName>();

/** By their names in lower case, as BigQuery's columns fold it. Made once of each list. */
export function fieldsByName(fields: readonly TableFieldSchema[]): FieldsByName {
  const known = byName.get(fields);
  if (known !== undefined) return known;
  const made = new Map(fields.map((field) => [field.name.toLowerCase(), field]));
  byName.set(fields, made);
  return made;
}

/** An object's members by the names of the fields. */
export function membersOf(
  fields: FieldsByName,
  value: SentObject,
  options: ReadOptions,
  path = "",
): ReadonlyMap<string, SentValue> {
  const members = new Map<string, SentValue>();
  for (const [name, member] of Object.entries(value)) {
    const field = fields.get(name.toLowerCase());
    if (field === undefined) {
      if (options.ignoreUnknownValues) continue;
      // The name is the agent's own, and could be a value.
      throw new SentValueError(path, "The row has a member that the table has no field for.");
    }
    if (members.has(field.name)) throw new SentValueError(field.name, "The row has this field twice.");
    members.set(field.name, member);
  }
  return members;
}

type Scalar = (value: SentValue) => string | undefined;

const text: Scalar = (value) => (typeof value === "string" ? value : undefined);
const matching =
  (pattern: RegExp): Scalar =>
  (value) => {
    const written = value instanceof NumberText ? value.text : value;
    return typeof written === "string" && pattern.test(written) ? written : undefined;
  };

/** A column's type and how its values are written. What fits here and not BigQuery fails there, and nothing is written. */
const SCALARS: Readonly<Record<string, Scalar>> = {
  STRING: (value) =>
    value instanceof NumberText ? value.text : typeof value === "boolean" ? String(value) : text(value),
  BYTES: matching(/^[A-Za-z0-9+/_-]*={0,2}$/),
  INT64: matching(/^-?\d{1,19}$/),
  FLOAT64: matching(/^[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|infinity|nan)$/i),
  NUMERIC: matching(/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/),
  BIGNUMERIC: matching(/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/),
  BOOL: (value) => (typeof value === "boolean" ? String(value) : matching(/^(true|false)$/i)(value)),
  DATE: matching(/^\d{1,4}-\d{1,2}-\d{1,2}$/),
  TIME: matching(/^\d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,6})?$/),
  DATETIME: matching(/^\d{1,4}-\d{1,2}-\d{1,2}([ Tt]\d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,6})?)?$/),
  // A number counts seconds since the epoch.
  TIMESTAMP: (value) => (value instanceof NumberText ? secondsText(value.text) : timestamp(value)),
  JSON: (value) => (typeof value === "string" ? value : plainJson(value)),
};

const timestamp = matching(
  /^\d{1,4}-\d{1,2}-\d{1,2}([ Tt]\d{1,2}:\d{1,2}:\d{1,2}(\.\d{1,6})?)? ?([Zz]|UTC|[+-]\d{1,2}(:\d{2})?)?$/,
);

function secondsText(written: string): string | undefined {
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d{1,12})(?:\.(\d{1,6}))?$/.exec(written) ?? [];
  if (whole === "") return undefined;
  const micros = BigInt(`${sign}${whole}${fraction.padEnd(6, "0")}`);
  const inMillis = (micros - (((micros % 1000n) + 1000n) % 1000n)) / 1000n;
  const date = new Date(Number(inMillis));
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1 || date.getUTCFullYear() > 9999) return undefined;
  const rest = String(((micros % 1000n) + 1000n) % 1000n).padStart(3, "0");
  return `${date.toISOString().slice(0, -1)}${rest}Z`;
}

/** JSON again, its numbers as they were written. */
export function plainJson(value: SentValue): string {
  if (value instanceof NumberText) return value.text;
  if (Array.isArray(value)) return `[${value.map(plainJson).join(",")}]`;
  if (isSentObject(value))
    return `{${Object.entries(value)
      .map(([name, one]) => `${JSON.stringify(name)}:${plainJson(one)}`)
      .join(",")}}`;
  return JSON.stringify(value);
}
