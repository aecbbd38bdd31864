import type { MaskRule } from "../mask-rule.ts";
import type { BatchMemory } from "./batch-memory.ts";
import { loadFastColumn, writeFastColumn } from "./fast-column.ts";
import type { Values } from "./read-batch.ts";

/** XXXXX and four characters. */
const MASKED_BYTES = 9;

/**
 * What `last4`, `first4` and BigQuery's own rules of that form give where each value has more than four bytes and the four that show are ASCII: four
 * characters then, of more. Undefined otherwise: then all of the column goes the other way.
 */
export function fastParts(
  values: Values,
  rule: MaskRule,
  maxCellBytes: number,
  memory: BatchMemory,
): Pick<Values, "offsets" | "data"> | undefined {
  const isLast = rule === "last4" || rule === "LAST_FOUR_CHARACTERS";
  if (!isLast && rule !== "first4" && rule !== "FIRST_FOUR_CHARACTERS") return undefined;
  const fast = loadFastColumn();
  if (fast === undefined) return undefined;
  return writeFastColumn(fast, values, MASKED_BYTES, memory, (count, nulls, end) =>
    fast.column.parts(count, nulls, maxCellBytes, end, isLast),
  );
}
