/** Which classes go with what is written, and which may not: plans made by hand. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PlanStatement, StatementKind, UnderstoodPlan, Write } from "@chaperone/googlesql";
import type { ClassifiedColumn, ClassSource } from "../catalog/data-class.ts";
import { lostClasses, writtenColumns } from "./writes.ts";

const TABLE = "p.lab.t";
/** Classes and where they come from, by a column's name. */
type Known = Readonly<Record<string, readonly [classes: readonly string[], source: ClassSource | undefined]>>;

const classesIn =
  (known: Known) =>
  (column: string): ClassifiedColumn => {
    const [classes, source] = known[column] ?? [[], undefined];
    return { column, classes, source };
  };

function planOf(kind: StatementKind, more: Partial<PlanStatement>): UnderstoodPlan {
  const empty = { reads: [], views: [], routines: [], outputs: [], writes: [], effects: [] };
  const statement: PlanStatement = { kind, ...empty, ...more };
  return { understood: true, statementType: kind, statements: [statement], result: [], canonicalSql: "" };
}

const written = (plan: UnderstoodPlan, known: Known) => writtenColumns(plan, classesIn(known));
const lost = (plan: UnderstoodPlan, known: Known) => lostClasses(written(plan, known), classesIn(known));

function copying(...sources: readonly string[]): UnderstoodPlan {
  const explicit = sources.map((column) => ({ column, via: "copy" as const }));
  const write: Write = { table: TABLE, mode: "append", columns: [{ name: "X", explicit, implicit: [] }], implicit: [] };
  return planOf("INSERT", { writes: [write] });
}

const NAME: Known[string] = [["phi.name"], "catalog-file"];
const SSN: Known[string] = [["phi.ssn"], "catalog-file"];

describe("what a load adds to the classes of a column", () => {
  const added = (source: ClassSource | undefined, mode: Write["mode"], classes = ["phi.ssn"]) => {
    const write: Write = { table: TABLE, mode, columns: [{ name: "x", explicit: [], implicit: [] }], implicit: [] };
    const columns = written(planOf("LOAD_DATA", { writes: [write] }), { "p.lab.t.x": [classes, source] });
    return columns.find(({ path }) => path === "x")?.classes;
  };
  const FROM_PEOPLE: readonly ClassSource[] = ["catalog-file", "dataset-label"];
  const WITH_THE_TABLE: readonly ClassSource[] = ["policy-tag", "table-label"];
  const FROM_NOBODY: readonly (ClassSource | undefined)[] = ["inherited", "phi-default", undefined];

  it("is nothing where people say which it has, whether the table is filled or made anew", () => {
    for (const source of FROM_PEOPLE)
      assert.deepEqual([added(source, "append"), added(source, "create")], [[], []], source);
  });
  it("is nothing where the table's own tags and labels say it, while it is the same table", () => {
    for (const source of WITH_THE_TABLE)
      assert.deepEqual([added(source, "append"), added(source, "create")], [[], ["phi"]], source);
  });
  it("is all where nobody said any, or people said that it has none", () => {
    for (const source of FROM_NOBODY)
      assert.deepEqual([added(source, "append"), added(source, "create")], [["phi"], ["phi"]], source);
    assert.deepEqual(added("catalog-file", "append", []), ["phi"]);
  });
});

describe("what is written", () => {
  it("has the classes of all that it is made of, each once, sorted", () => {
    const known: Known = { "p.d.t.ssn": SSN, "p.d.t.name": NAME, "p.d.t.other": NAME };
    const [rows, value] = written(copying("p.d.t.ssn", "p.d.t.name", "p.d.t.other"), known);
    assert.deepEqual(value, { table: TABLE, path: "X", mode: "append", classes: ["phi.name", "phi.ssn"] });
    assert.deepEqual(rows, { table: TABLE, path: "*", mode: "append", classes: ["phi"] });
  });
  it("is the model too, that is made of all that it is trained on", () => {
    const reads = [{ table: "p.d.t", columns: [{ path: "ssn", uses: ["output" as const] }] }];
    const plan = planOf("CREATE_MODEL", { reads, changes: [{ what: "model", mode: "create", name: "p.lab.m" }] });
    assert.deepEqual(written(plan, { "p.d.t.ssn": SSN }), [
      { table: "p.lab.m", path: "*", mode: "create", classes: ["phi.ssn"], learnt: true },
    ]);
  });
});

describe("a write that would lose classes", () => {
  const known: Known = { "p.d.t.ssn": SSN, "p.d.t.name": NAME };
  const plan = copying("p.d.t.ssn", "p.d.t.name");
  it("names the column, what it would hold, and what people say of it", () => {
    assert.deepEqual(lost(plan, { ...known, "p.lab.t.X": [["phi.date", "phi.zip"], "catalog-file"] }), [
      "write of p.lab.t.X: it would hold phi.name, phi.ssn, and is declared phi.date, phi.zip",
    ]);
    assert.deepEqual(lost(plan, { ...known, "p.lab.t.X": [[], "catalog-file"] }), [
      "write of p.lab.t.X: it would hold phi.name, phi.ssn, and is declared public",
    ]);
  });
  it("loses none that the column has, nor any where nobody said which it has", () => {
    assert.deepEqual(lost(plan, { ...known, "p.lab.t.X": [["phi.name", "phi.ssn"], "catalog-file"] }), []);
    assert.deepEqual(lost(plan, { ...known, "p.lab.t.X": [["phi.name"], "inherited"] }), []);
    assert.deepEqual(lost(plan, { ...known, "p.lab.t.X": [["phi.name"], "catalog-file"] }), [
      "write of p.lab.t.X: it would hold phi.ssn, and is declared phi.name",
    ]);
  });
});
