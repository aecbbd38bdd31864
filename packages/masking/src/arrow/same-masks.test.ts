import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { JsonRowsMasker } from "../json-rows/json-rows-masker.ts";
import type { MaskedField } from "../mask-rule.ts";
import { pages, plain } from "../testing/any-page.ts";
import { arrowOf, rowsOf } from "../testing/arrow-rows.ts";
import { runMasker } from "../testing/run-masker.ts";
import { TEST_KEYS, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { ArrowMasker } from "./arrow-masker.ts";
import { BatchMemory } from "./batch-memory.ts";

// The contract: the same cell under the same mask becomes the same value, whichever way it came.

const RUNS = { numRuns: 400, seed: Number(process.env.SEED ?? Date.now() % 2 ** 31) };
const options = (fields: readonly MaskedField[]) => ({ fields, keys: TEST_KEYS, now: TEST_NOW });

it(`masks a cell in Arrow as in JSON, whatever the types, masks and nesting (SEED=${RUNS.seed})`, () => {
  fc.assert(
    fc.property(pages(), fc.nat(20), ({ fields, rows: all }, atMost) => {
      const rows = all.slice(0, atMost);
      const json = runMasker(new JsonRowsMasker(options(fields)), JSON.stringify({ rows }));
      const masker = new ArrowMasker(options(fields));
      const arrow = arrowOf(fields, all);
      const schema = masker.schema(arrow.schema);
      const { batch, rows: count } = masker.batch(arrow.batch, atMost);
      assert.equal(count, rows.length);
      assert.deepEqual(plain(rowsOf({ schema, batch }, fields), fields), plain(JSON.parse(`[${json.rows}]`), fields));
      assert.deepEqual(masker.progress().maskedCells, json.page.maskedCells);
    }),
    RUNS,
  );
});

it(`writes each batch over the one before as it would in fresh memory (SEED=${RUNS.seed})`, () => {
  // Of one stream after the other.
  const memory = new BatchMemory("reused");
  fc.assert(
    fc.property(pages(), fc.array(fc.nat(20), { minLength: 2, maxLength: 4 }), ({ fields, rows }, counts) => {
      const [fresh, again] = [new ArrowMasker(options(fields)), new ArrowMasker({ ...options(fields), memory })];
      const { schema, batch } = arrowOf(fields, rows);
      fresh.schema(schema);
      again.schema(schema);
      for (const atMost of counts) {
        // Whatever stood in the memory before.
        memory.begin();
        memory.bytes(memory.byteLength).fill(0xa5);
        assert.deepEqual(again.batch(batch, atMost), fresh.batch(batch, atMost));
      }
    }),
    { ...RUNS, numRuns: 100 },
  );
});
