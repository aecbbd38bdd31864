import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TableRead, UnderstoodPlan } from "@chaperone/googlesql";
import { readSize, strictestReadSize } from "./read-size.ts";

const CLASSES: Readonly<Record<string, readonly string[]>> = {
  "p.ehr.visits.*": ["phi"],
  "p.ehr.visits.day": ["phi.date"],
  "p.lab.copy.*": ["phi"],
  "p.directory.doctors.npi": ["phi.license.npi"],
  "p.lab.notes.body": ["phi.clinical"],
  "p.mixed.visits.day": ["phi.date"],
};

function sizeOf(read: TableRead) {
  const statement = { kind: "SELECT", views: [], routines: [], outputs: [], writes: [], effects: [] } as const;
  const plan: UnderstoodPlan = {
    understood: true,
    statementType: "SELECT",
    statements: [{ ...statement, reads: [read] }],
    result: [],
    canonicalSql: "",
  };
  return readSize(
    plan,
    (column) => ({ column, classes: CLASSES[column] ?? [], source: undefined }),
    (column) => column.startsWith("p.lab.") || column === "p.mixed.visits.free",
  );
}

describe("what an agent may know of a query's size", () => {
  const shown = { path: "day", uses: ["output"] } as const;
  const filtered = { path: "day", uses: ["output", "predicate"] } as const;
  it("is the figure, of a whole table and of what isn't protected", () => {
    assert.equal(sizeOf({ table: "p.ehr.visits", columns: [shown] }), "told");
    assert.equal(sizeOf({ table: "p.ehr.visits", columns: [{ path: "*", uses: ["predicate"] }] }), "told");
    assert.equal(sizeOf({ table: "p.ops.beds", columns: [filtered] }), "told");
  });
  it("is no figure where it counts rows: of a filter, and of an earlier time", () => {
    assert.equal(sizeOf({ table: "p.ehr.visits", columns: [filtered] }), "bounded");
    assert.equal(sizeOf({ table: "p.ehr.visits", columns: [shown], historical: true }), "bounded");
    const doctors = [filtered, { path: "npi", uses: ["output"] }] as const;
    assert.equal(sizeOf({ table: "p.directory.doctors", columns: doctors }), "bounded");
  });
  it("is nothing where agents may have written what is protected", () => {
    assert.equal(sizeOf({ table: "p.lab.copy", columns: [{ path: "x", uses: ["output"] }] }), "secret");
    assert.equal(sizeOf({ table: "p.lab.copy", columns: [] }), "secret");
    assert.equal(sizeOf({ table: "p.lab.notes", columns: [{ path: "body", uses: ["output"] }] }), "secret");
  });
  it("is the figure where agents write only what is public, beside what is protected", () => {
    assert.equal(sizeOf({ table: "p.mixed.visits", columns: [shown, { path: "free", uses: ["output"] }] }), "told");
  });
  it("is the least that one of several may know", () => {
    assert.equal(strictestReadSize("told", "bounded"), "bounded");
    assert.equal(strictestReadSize("secret", "bounded", "told"), "secret");
    assert.equal(strictestReadSize("told"), "told");
    assert.equal(strictestReadSize(), "secret");
  });
});
