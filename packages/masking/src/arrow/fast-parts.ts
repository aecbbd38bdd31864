import type { MaskRule } from "../mask-rule.ts";
import { isSet, type Values } from "./read-batch.ts";

const HIDDEN = Buffer.from("XXXXX");
const SHOWN = 4;
const MASKED_BYTES = HIDDEN.length + SHOWN;
const MOST_BYTES = 0x7fffffff;

/**
 * What `last4`, `first4` and BigQuery's own rules of that form give where each value has more than four bytes and the four that show are ASCII: four
 * characters then, of more. Undefined otherwise: then all of the column goes the other way.
 */
export function fastParts(
  values: Values,
  rule: MaskRule,
  maxCellBytes: number,
): Pick<Values, "offsets" | "data"> | undefined {
  const isLast = rule === "last4" || rule === "LAST_FOUR_CHARACTERS";
  if (!isLast && rule !== "first4" && rule !== "FIRST_FOUR_CHARACTERS") return undefined;
  const { length, valid, offsets, data } = values;
  if ((length - values.nulls) * MASKED_BYTES > MOST_BYTES) return undefined;
  const out = Buffer.allocUnsafe((length - values.nulls) * MASKED_BYTES);
  const ends = new Int32Array(length + 1);
  let end = 0;
  for (let i = 0; i < length; i++) {
    if (valid === undefined || isSet(valid, i)) {
      const [start, stop] = [offsets[i] as number, offsets[i + 1] as number];
      if (stop - start <= SHOWN || stop - start > maxCellBytes) return undefined;
      const from = isLast ? stop - SHOWN : start;
      const [hidden, shown] = isLast ? [end, end + HIDDEN.length] : [end + SHOWN, end];
      for (let k = 0; k < HIDDEN.length; k++) out[hidden + k] = HIDDEN[k] as number;
      for (let k = 0; k < SHOWN; k++) {
        const byte = data[from + k] as number;
        if (byte >= 0x80) return undefined;
        out[shown + k] = byte;
      }
      end += MASKED_BYTES;
    }
    ends[i + 1] = end;
  }
  return { offsets: ends, data: out };
}
