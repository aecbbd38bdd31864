import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { JsonRowsMasker } from "../json-rows/json-rows-masker.ts";
import type { MaskedField } from "../mask-rule.ts";
import { pages, plain } from "../testing/any-page.ts";
import { avroOf, rowsOfAvro } from "../testing/avro-rows.ts";
import { runMasker } from "../testing/run-masker.ts";
import { TEST_KEYS, TEST_NOW } from "../testing/token-keys-for-tests.ts";
import { AvroMasker } from "./avro-masker.ts";

// The contract: the same cell under the same mask becomes the same value, whichever way it came.

const RUNS = { numRuns: 400, seed: Number(process.env.SEED ?? Date.now() % 2 ** 31) };
const options = (fields: readonly MaskedField[]) => ({ fields, keys: TEST_KEYS, now: TEST_NOW });

it(`masks a cell in Avro as in JSON, whatever the types, masks and nesting (SEED=${RUNS.seed})`, () => {
  fc.assert(
    fc.property(pages(), fc.nat(20), fc.boolean(), ({ fields, rows: all }, atMost, nullFirst) => {
      const rows = all.slice(0, atMost);
      const json = runMasker(new JsonRowsMasker(options(fields)), JSON.stringify({ rows }));
      const masker = new AvroMasker(options(fields));
      const avro = avroOf(fields, all, nullFirst);
      const schema = masker.schema(avro.schema);
      const { batch, rows: count } = masker.batch(avro.batch, all.length, atMost);
      assert.equal(count, rows.length);
      assert.deepEqual(
        plain(rowsOfAvro({ schema, batch }, fields, count), fields),
        plain(JSON.parse(`[${json.rows}]`), fields),
      );
      assert.deepEqual(masker.progress().maskedCells, json.page.maskedCells);
    }),
    RUNS,
  );
});
