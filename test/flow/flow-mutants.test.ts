import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { unfoundDecisions } from "./decision-mutants.ts";
import { FLOW_MUTANTS } from "./flow-mutants.ts";
import { unfoundEquivalents } from "./resolver-mutants.ts";

test("the text of each rule that is weakened stands once in flow.ts", () => {
  const file = join(import.meta.dirname, "../../packages/googlesql/src/flow/flow.ts");
  const text = readFileSync(file, "utf8");
  assert.deepEqual(
    FLOW_MUTANTS.filter(([, from]) => text.split(from).length !== 2).map(([rule]) => rule),
    [],
  );
});

test("each place said to change no plan is one that is weakened", () => {
  const packages = join(import.meta.dirname, "../../packages");
  assert.deepEqual(unfoundEquivalents(join(packages, "googlesql/src/resolver")), []);
  assert.deepEqual(unfoundDecisions(join(packages, "googlesql/src"), join(packages, "gateway/src/policy")), []);
});
