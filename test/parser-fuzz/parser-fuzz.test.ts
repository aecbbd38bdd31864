import assert from "node:assert/strict";
import { describe as suite, test } from "node:test";
import { mutate, seedOf } from "./mutation.ts";
import { judge } from "./property.ts";
import { Random } from "./random.ts";
import { describe, fuzz } from "./run.ts";

const SEED = Number(process.env.PARSER_FUZZ_SEED ?? Date.now() % 1_000_000);
const INPUTS = Number(process.env.PARSER_FUZZ_INPUTS ?? 20_000);

suite("the front end on hostile texts", () => {
  test(`refuses each with an SqlError, or reads it so that it prints, redacts and analyses (seed ${SEED})`, (t) => {
    const result = fuzz({ seed: SEED, from: 0, inputs: INPUTS, seconds: 60, findings: 3 });
    t.diagnostic(describe(result));
    assert.deepEqual(result.findings, []);
    assert.ok((result.outcomes.get("analysed") ?? 0) > INPUTS / 200, "too few texts were analysed");
  });

  test("makes the same input from the same seed and number", () => {
    const seeds = ["SELECT a FROM t", "SELECT 'x' -- c"].map(seedOf);
    const made = (seed: number) => Array.from({ length: 20 }, (_, input) => mutate(seeds, new Random(seed, input)));
    assert.deepEqual(made(1), made(1));
    assert.notDeepEqual(made(1), made(2));
  });

  test("judges what is understood as understood", () => {
    assert.deepEqual(judge("SELECT a, ssn FROM t WHERE s = 'x'"), { outcome: "analysed", finding: null, names: 9 });
    assert.deepEqual(judge("SELECT f(a) FROM t"), { outcome: "read", finding: null });
    assert.deepEqual(judge("SELECT '"), { outcome: "refused", finding: null });
  });

  test("what it found before", () => {
    for (const sql of ["FROM`clinic.\u017f`", "BEGIN SELECT 1;@1 DECLARE a INT64;END", "(FROM t) |> INSERT t"])
      assert.equal(judge(sql).finding, null, sql);
    assert.equal(judge("SELECT s FROM `clinic.\u017f`").outcome, "read", "which s is meant isn't known");
  });
});
