import type { Output, TableName } from "@chaperone/googlesql";
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

  /**
   * The output is the subject of each table that a date is copied from, and nothing else. Its row says that both are of one row; of several
   * tables (UNION) it is, wherever the date is of one, of the same. A part of a column can be another element than the date's.
   */
  function names(other: Output, date: Output): boolean {
    if (other.part === true || other.constant || (other.type !== "STRING" && other.type !== "INT64")) return false;
    const [dates, others] = [copiesOf(date), copiesOf(other)];
    if (dates === undefined || others === undefined) return false;
    const tables = new Set(dates.map(({ tableName }) => tableName));
    return (
      others.every(({ tableName, path }) => tables.delete(tableName) && foldPath(path) === subjectOf(tableName)) &&
      tables.size === 0
    );
  }
}

/** The columns of which an output is one, unchanged; undefined where it may be anything else. */
function copiesOf({ explicit }: Output): readonly ReturnType<typeof columnParts>[] | undefined {
  return explicit.length > 0 && explicit.every(({ via }) => via === "copy")
    ? explicit.map(({ column }) => columnParts(column))
    : undefined;
}
