import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Output, PlanStatement, Use } from "@chaperone/googlesql";
import { usesOf } from "./uses.ts";

const SSN = "clinic.ehr.patients.ssn";

function statement(outputs: readonly Output[], uses: readonly Use[] | null, path = "ssn"): PlanStatement {
  const columns = uses === null ? [] : [{ path, uses }];
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
const told = (of: PlanStatement): string[] => usesOf(of).map(({ path, action, via }) => `${path} ${action} ${via}`);
const uses = (outputs: readonly Output[], read: readonly Use[] | null, path?: string): string[] =>
  told(statement(outputs, read, path));

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
  test("a column that is held in a variable or a temporary table", () => {
    assert.deepEqual(uses([], ["kept"]), ["ssn read copy"]);
  });
  test("a table of which no column is read: that it has rows", () => {
    const reads = [{ table: "clinic.ehr.patients", columns: [] }];
    assert.deepEqual(told({ ...statement([], null), reads }), ["* infer predicate"]);
  });
});

describe("how a column is used", () => {
  test("by each output: how it is shown, and what decided", () => {
    const made = output({
      explicit: [
        { column: SSN, via: "transform" },
        { column: SSN, via: "aggregate" },
      ],
      implicit: ["clinic.ehr.visits.day"],
    });
    assert.deepEqual(uses([made], null), ["ssn read transform", "ssn aggregate aggregate", "day infer predicate"]);
  });
  test("by what is written: as an output's, and what decided over the rows", () => {
    const write: PlanStatement["writes"][number] = {
      table: "clinic.lab.copies",
      mode: "append",
      columns: [{ name: "n", explicit: [{ column: SSN, via: "copy" }], implicit: ["clinic.ehr.visits.day"] }],
      implicit: ["clinic.ehr.visits.ward"],
    };
    const expected = ["ssn read copy", "day infer predicate", "ward infer predicate"];
    assert.deepEqual(told({ ...statement([], null), writes: [write] }), expected);
  });
});

describe("one column, however its letters are written", () => {
  const capital = output({ explicit: [{ column: "clinic.ehr.patients.SSN", via: "copy" }] });
  test("is used once, as it was written first", () => {
    assert.deepEqual(uses([SHOWN, capital], null), ["ssn read copy"]);
    assert.deepEqual(uses([capital, SHOWN], null), ["SSN read copy"]);
  });
  test("is shown by an output that writes it otherwise", () => {
    assert.deepEqual(uses([capital], ["output"]), ["SSN read copy"]);
    assert.deepEqual(uses([SHOWN], ["output"], "SSN"), ["ssn read copy"]);
  });
});
