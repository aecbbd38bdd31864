import type { TableFieldSchema } from "@chaperone/googlesql";
import { fieldsByName } from "../sessions/sent-value.ts";
import { UploadError } from "./upload-error.ts";

/** What a column of a Parquet or Avro file holds, by the type that BigQuery gives it. */
export interface FileField {
  readonly name: string;
  readonly type: string;
  readonly repeated: boolean;
  readonly fields?: readonly FileField[];
}

/** Characters of a field's name, which errors say. https://cloud.google.com/bigquery/docs/schemas#column_names */
export const MOST_NAME = 300;

/** BigQuery's types that a column of the file may be read into, beside its own. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  INTEGER: ["INT64"],
  FLOAT: ["FLOAT64"],
  BOOLEAN: ["BOOL"],
  RECORD: ["STRUCT"],
  NUMERIC: ["BIGNUMERIC"],
  STRING: ["JSON"],
};

/** A column of another type than the table's would be written in another form than it was sent in. Names the field. */
export function requireTypes(
  file: "Parquet" | "Avro",
  sent: readonly FileField[],
  fields: readonly TableFieldSchema[],
  path = "",
): void {
  const byName = fieldsByName(fields);
  for (const one of sent) {
    const there = byName.get(one.name.toLowerCase());
    // What the table has no field for is refused, or left out, row by row.
    if (there === undefined) continue;
    const fits = there.type === one.type || ALSO[one.type]?.includes(there.type) === true;
    if (!fits || (there.mode === "REPEATED") !== one.repeated)
      throw new UploadError(`Field ${path}${there.name} of the ${file} file has another type than the table's.`);
    requireTypes(file, one.fields ?? [], there.fields ?? [], `${path}${there.name}.`);
  }
}
