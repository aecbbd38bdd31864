import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Output, PlanStatement, Use } from "@chaperone/googlesql";
import { usesOf } from "./uses.ts";

const SSN = "clinic.ehr.patients.ssn";

function statement(outputs: readonly Output[], uses: readonly Use[] | null): PlanStatement {
  const columns = uses === null ? [] : [{ path: "ssn", uses }];
  const reads = uses === null ? [] : [{ table: "clinic.ehr.patients", columns }];
  return { kind: "SELECT", reads, views: [], routines: [], outputs, writes: [], effects: [] };
}

const output = (more: Partial<Output>): Output => ({
  name: "x",
  type: "STRING",
  explicit: [],
  implicit: [],
  constant: false,
  ...more,
});
const uses = (outputs: readonly Output[], read: readonly Use[] | null): string[] =>
  usesOf(statement(outputs, read)).map(({ path, action, via }) => `${path} ${action} ${via}`);

const SHOWN = output({ explicit: [{ column: SSN, via: "copy" }] });

describe("what a plan says on one side alone is a use", () => {
  test("a field of an output", () => {
    assert.deepEqual(uses([output({ fields: [SHOWN] })], null), ["ssn read copy"]);
  });
  test("a column read without saying how, or as a predicate", () => {
    assert.deepEqual(uses([], []), ["ssn infer predicate"]);
    assert.deepEqual(uses([], ["predicate"]), ["ssn infer predicate"]);
  });
  test("a column read for an output that doesn't name it; once where one does", () => {
    assert.deepEqual(uses([], ["output"]), ["ssn read transform"]);
    assert.deepEqual(uses([SHOWN], ["output"]), ["ssn read copy"]);
  });
});
