import type { ColumnName, Output, TableName } from "@chaperone/googlesql";
import type { Mask } from "@chaperone/masking";
import { columnParts, foldPath } from "../catalog/names.ts";
import type { OutputMask } from "./decision.ts";

const NULL: Mask = { rule: "null" };

/**
 * Ties each `dateshift` of a result to the column that says whose record its row is: the catalog's `subject` of the date's own table, unchanged, of the same row
 * of that table. With another row's subject a date would be shown under many shifts, and their ends would tell it. Without one: NULL.
 */
export function withSubjects(
  masks: readonly OutputMask[],
  outputs: readonly Output[],
  subjectOf: (table: TableName) => string | undefined,
): readonly OutputMask[] {
  return masks.map((mask, i) => tied(mask, outputs[i], outputs[i]?.row));

  function tied(mask: OutputMask, output: Output | undefined, row: number | undefined): OutputMask {
    const { fields } = mask;
    if (fields !== undefined) {
      return { ...mask, fields: fields.map((field, i) => tied(field, output?.fields?.[i], row)) };
    }
    // Masks mirror the outputs; of one that doesn't nobody knows what it is (I1).
    if (output === undefined) return { ...mask, mask: NULL };
    if (mask.mask.rule !== "dateshift") return mask;
    const subject = row === undefined ? -1 : outputs.findIndex((other) => other.row === row && names(other, output));
    return { ...mask, mask: subject < 0 ? NULL : { ...mask.mask, subject } };
  }

  /** The output is the subject of the table that a date is copied from. */
  function names(other: Output, date: Output): boolean {
    const [source, another] = [copyOf(date), copyOf(other)];
    if (source === undefined || another === undefined || other.constant) return false;
    if (other.type !== "STRING" && other.type !== "INT64") return false;
    const { tableName } = columnParts(source);
    const found = columnParts(another);
    return found.tableName === tableName && foldPath(found.path) === subjectOf(tableName);
  }
}

/** The one column that an output is, unchanged. */
function copyOf({ explicit }: Output): ColumnName | undefined {
  const [source, ...more] = explicit;
  return more.length === 0 && source?.via === "copy" ? source.column : undefined;
}
