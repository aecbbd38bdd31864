import type { MaskRule } from "../mask-rule.ts";
import { isSet, type Values } from "./read-batch.ts";

const HIDDEN = Buffer.from("XXXXX");
const SHOWN = 4;
const MASKED_BYTES = HIDDEN.length + SHOWN;
/** Set in none of four bytes of ASCII. */
const NOT_ASCII = 0x80808080 | 0;
const MOST_BYTES = 0x7fffffff;
const NOTHING_SHOWN = Buffer.alloc(SHOWN);

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
  out.fill(isLast ? Buffer.concat([HIDDEN, NOTHING_SHOWN]) : Buffer.concat([NOTHING_SHOWN, HIDDEN]));
  const [from, to] = [viewOf(data), viewOf(out)];
  const shownAt = isLast ? HIDDEN.length : 0;
  const longest = Math.min(maxCellBytes, MOST_BYTES);
  const ends = new Int32Array(length + 1);
  let end = 0;
  for (let i = 0; i < length; i++) {
    if (valid === undefined || isSet(valid, i)) {
      const start = offsets[i] as number;
      const stop = offsets[i + 1] as number;
      if (stop - start <= SHOWN || stop - start > longest) return undefined;
      const four = from.getInt32(isLast ? stop - SHOWN : start);
      if ((four & NOT_ASCII) !== 0) return undefined;
      to.setInt32(end + shownAt, four);
      end += MASKED_BYTES;
    }
    ends[i + 1] = end;
  }
  return { offsets: ends, data: out };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
