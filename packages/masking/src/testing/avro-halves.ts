import assert from "node:assert/strict";
import { AvroMasker } from "../avro/avro-masker.ts";
import type { FieldType, MaskedField, MaskRule } from "../mask-rule.ts";
import { MaskingError } from "../masking-error.ts";
import type { AvroRows } from "./avro-rows.ts";
import { TEST_KEYS, TEST_NOW, TEST_RECORD_NUMBERS } from "./token-keys-for-tests.ts";

interface Asked {
  readonly count: number;
  readonly atMost?: number;
  readonly limits?: { readonly maxRows?: number; readonly maxMaskedCellBytes?: number };
}

/** Everything that can be seen of a masker. */
function outcome(fields: readonly MaskedField[], avro: AvroRows, asked: Asked, how: "fast" | "exact") {
  const { count, atMost, limits = {} } = asked;
  const options = { fields, keys: TEST_KEYS, now: TEST_NOW, recordNumbers: TEST_RECORD_NUMBERS, limits };
  const masker = new AvroMasker(options, how);
  masker.schema(avro.schema);
  try {
    // Twice: nothing of one batch may be left for the next.
    const batches = [1, 2].map(() => masker.batch(avro.batch, count, atMost));
    return { batches: batches.map(({ rows, batch }) => ({ rows, hex: batch.toString("hex") })), is: masker.progress() };
  } catch (error) {
    if (!(error instanceof MaskingError)) throw error;
    return { code: error.code, message: error.message, is: masker.progress() };
  }
}

/** What comes out of both halves of the Avro masker, which must be the same. */
export function sameHalves(fields: readonly MaskedField[], avro: AvroRows, asked: Asked) {
  const fast = outcome(fields, avro, asked, "fast");
  assert.deepEqual(fast, outcome(fields, avro, asked, "exact"));
  return fast;
}

export const maskedField = (
  name: string,
  type: FieldType,
  rule: MaskRule,
  more: Partial<MaskedField> = {},
): MaskedField => ({
  name,
  type,
  repeated: false,
  mask: { rule, domain: "test" },
  ...more,
});
