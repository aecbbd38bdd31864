import type { TableFieldSchema } from "@chaperone/googlesql";
import { requireWritable } from "./sent-rows.ts";
import {
  type FieldsByName,
  fieldsByName,
  isSentObject,
  membersOf,
  type ParameterValue,
  parameterValueOf,
  parseSentJson,
  plainJson,
  type ReadOptions,
  type SentValue,
  SentValueError,
  type ValueCount,
} from "./sent-value.ts";

/**
 * A row as a line of newline-delimited JSON, written anew from the values that were read: BigQuery's load job gets nothing that was not
 * looked at. What isn't there, or is NULL, is left out where BigQuery reads the same from either.
 * https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-json#details_of_loading_json_data
 */
export class LoadLines {
  readonly #byName: FieldsByName;
  /** What a row may not leave out. */
  readonly #wanted: readonly TableFieldSchema[];
  readonly #options: ReadOptions;

  constructor(fields: readonly TableFieldSchema[], options: ReadOptions) {
    this.#byName = fieldsByName(fields);
    this.#wanted = fields.filter((field) => field.defaultValueExpression !== undefined || field.mode === "REQUIRED");
    this.#options = options;
  }

  /** Throws SentValueError, which names a field and no value, and TooManyValues. */
  lineOf(row: SentValue, count: ValueCount): string {
    if (!isSentObject(row)) throw new SentValueError("", "A row is an object.");
    const members = membersOf(this.#byName, row, this.#options);
    for (const { name, defaultValueExpression } of this.#wanted) {
      if (members.has(name)) continue;
      // BigQuery's load job doesn't say whether what a row leaves out is NULL or the default.
      throw defaultValueExpression === undefined
        ? new SentValueError(name, "Missing required field.")
        : new SentValueError(name, "This field has a default; send a value for it in each row, or NULL.");
    }
    const written: string[] = [];
    // Of thousands of fields a row may have few.
    for (const [name, member] of members) {
      const field = this.#byName.get(name.toLowerCase());
      if (field === undefined) continue;
      requireWritable(field);
      const text = jsonOf(field, parameterValueOf(field, member, { ...this.#options, count }));
      if (text !== undefined) written.push(`${JSON.stringify(name)}:${text}`);
      else if (field.defaultValueExpression !== undefined) written.push(`${JSON.stringify(name)}:null`);
    }
    return `{${written.join(",")}}\n`;
  }
}

/** undefined: NULL, or nothing in it. */
function jsonOf(field: TableFieldSchema, value: ParameterValue): string | undefined {
  if (field.mode === "REPEATED") {
    const element = { ...field, mode: "NULLABLE" };
    const { arrayValues = [] } = value;
    // An element that is an empty record is one all the same.
    return arrayValues.length === 0
      ? undefined
      : `[${arrayValues.map((one) => jsonOf(element, one) ?? "{}").join(",")}]`;
  }
  if (field.type === "RECORD" || field.type === "STRUCT") {
    const written = (field.fields ?? []).flatMap((inner) => {
      const text = jsonOf(inner, value.structValues?.[inner.name] ?? { value: null });
      return text === undefined ? [] : [`${JSON.stringify(inner.name)}:${text}`];
    });
    // What must be there is a record, if only of NULLs.
    return written.length === 0 && field.mode !== "REQUIRED" ? undefined : `{${written.join(",")}}`;
  }
  const text = value.value ?? undefined;
  if (text === undefined) return undefined;
  // Neither does a statement carry one: what BigQuery would make of it nobody says.
  if (!text.isWellFormed()) throw new SentValueError(field.name, "A text holds half of a pair of surrogates.");
  return scalarOf(field, text);
}

/** As BigQuery's own export writes it: what a double would round is a text. */
function scalarOf({ name, type }: TableFieldSchema, text: string): string {
  switch (type) {
    case "INTEGER":
    case "INT64": {
      const number = BigInt(text);
      if (BigInt.asIntN(64, number) !== number) throw new SentValueError(name, "Cannot convert value to int64.");
      return `"${number}"`;
    }
    case "FLOAT":
    case "FLOAT64": {
      const number = Number(text);
      if (Number.isFinite(number)) return JSON.stringify(number);
      if (/nan/i.test(text)) return '"NaN"';
      if (/inf/i.test(text)) return text.startsWith("-") ? '"-Infinity"' : '"Infinity"';
      throw new SentValueError(name, "Cannot convert value to float64.");
    }
    case "BOOLEAN":
    case "BOOL":
      return text.toLowerCase();
    case "BYTES":
      return JSON.stringify(text.replaceAll("-", "+").replaceAll("_", "/"));
    case "DATE":
    case "TIME":
    case "DATETIME":
    case "TIMESTAMP":
      return JSON.stringify(padded(text));
    case "JSON":
      // A text of its own could end the row and begin another.
      try {
        return plainJson(parseSentJson(text));
      } catch {
        throw new SentValueError(name, "Cannot convert value to json.");
      }
    default:
      return JSON.stringify(text);
  }
}

/** A cast takes days and hours of one digit, a load job doesn't say that it does. */
function padded(text: string): string {
  return text
    .replace(
      /^(\d{1,4})-(\d{1,2})-(\d{1,2})/,
      (_, year: string, month: string, day: string) =>
        `${year.padStart(4, "0")}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`,
    )
    .replace(/(^|[Tt ])(\d{1,2}):(\d{1,2}):(\d{1,2})/, (_, before: string, ...parts: string[]) => {
      const time = parts
        .slice(0, 3)
        .map((part) => part.padStart(2, "0"))
        .join(":");
      return `${before === "" ? "" : " "}${time}`;
    })
    .replace(/z$/, "Z");
}
