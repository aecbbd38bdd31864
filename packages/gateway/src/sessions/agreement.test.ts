import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Output, UnderstoodPlan } from "@chaperone/googlesql";
import { type DryRunFacts, disagreement } from "./agreement.ts";

const output = (name: string, type: string, fields?: readonly Output[]): Output => ({
  name,
  type,
  explicit: [],
  implicit: [],
  constant: false,
  ...(fields === undefined ? {} : { fields }),
});

const plan = (outputs: readonly Output[], tables = ["p.d.t"]): UnderstoodPlan => ({
  understood: true,
  canonicalSql: "SELECT 1",
  statementType: "SELECT",
  result: outputs,
  statements: [
    {
      kind: "SELECT",
      reads: tables.map((table) => ({ table, columns: [{ path: "a", uses: ["output"] }] })),
      views: [],
      routines: [],
      outputs,
      writes: [],
      effects: [],
    },
  ],
});

const facts = (schema: DryRunFacts["schema"], more: Partial<DryRunFacts> = {}): DryRunFacts => ({
  statementType: "SELECT",
  schema,
  referencedTables: ["p.d.t"],
  ...more,
});

describe("BigQuery's dry run and the analysis (I2)", () => {
  const agreed = plan([
    output("n", "INT64"),
    output("tags", "ARRAY<STRING>"),
    output("s", "STRUCT<x FLOAT64, _field_2 BOOL>", [output("x", "FLOAT64"), output("_field_2", "BOOL")]),
    output("r", "RANGE<DATE>"),
    output("d", "NUMERIC(10, 2)"),
  ]);
  const schema = [
    { name: "n", type: "INTEGER", mode: "NULLABLE" },
    { name: "tags", type: "STRING", mode: "REPEATED" },
    {
      name: "s",
      type: "RECORD",
      fields: [
        { name: "x", type: "FLOAT" },
        { name: "_field_2", type: "BOOLEAN" },
      ],
    },
    { name: "r", type: "RANGE", rangeElementType: { type: "DATE" } },
    { name: "d", type: "NUMERIC" },
  ];

  it("agree when statement, columns and tables are the same in both spellings", () => {
    assert.equal(disagreement(agreed, facts(schema)), undefined);
  });

  for (const [what, change] of [
    ["an extra column", facts([...schema, { name: "ssn", type: "STRING" }])],
    ["a missing column", facts(schema.slice(1))],
    ["another order", facts([...schema].reverse())],
    ["another name", facts(schema.map((f, i) => (i === 0 ? { ...f, name: "m" } : f)))],
    ["another case of a name", facts(schema.map((f, i) => (i === 0 ? { ...f, name: "N" } : f)))],
    ["another type", facts(schema.map((f, i) => (i === 0 ? { ...f, type: "STRING" } : f)))],
    ["an array for a value", facts(schema.map((f, i) => (i === 0 ? { ...f, mode: "REPEATED" } : f)))],
    [
      "another nested type",
      facts(
        schema.map((f, i) =>
          i === 2
            ? {
                ...f,
                fields: [
                  { name: "x", type: "STRING" },
                  { name: "_field_2", type: "BOOLEAN" },
                ],
              }
            : f,
        ),
      ),
    ],
    [
      "an extra nested field",
      facts(
        schema.map((f, i) => (i === 2 ? { ...f, fields: [...(f.fields ?? []), { name: "ssn", type: "STRING" }] } : f)),
      ),
    ],
    [
      "another element of a range",
      facts(schema.map((f, i) => (i === 3 ? { ...f, rangeElementType: { type: "TIMESTAMP" } } : f))),
    ],
    ["a table the analysis didn't see", facts(schema, { referencedTables: ["p.d.t", "p.d.secret"] })],
    ["a table BigQuery doesn't read", facts(schema, { referencedTables: [] })],
    ["a routine the analysis didn't see", facts(schema, { referencedRoutines: ["p.d.f"] })],
    ["another statement type", facts(schema, { statementType: "SCRIPT" })],
  ] as const)
    it(`disagree on ${what}`, () => assert.equal(typeof disagreement(agreed, change), "string"));

  it("agree on a table that only an unused WITH names", () => {
    const unused: UnderstoodPlan = {
      ...agreed,
      statements: agreed.statements.map((s) => ({
        ...s,
        reads: [...s.reads, { table: "p.d.unused", columns: [{ path: "*", uses: ["predicate"] }] }],
      })),
    };
    assert.equal(disagreement(unused, facts(schema)), undefined);
  });

  it("agree on a view by its tables, and on a materialized one by itself", () => {
    const viewed: UnderstoodPlan = {
      ...agreed,
      statements: agreed.statements.map((s) => ({ ...s, views: ["p.d.v"], routines: ["p.d.f"] })),
    };
    assert.equal(disagreement(viewed, facts(schema, { referencedRoutines: ["p.d.f"] })), undefined);
    assert.equal(disagreement(viewed, facts(schema, { referencedTables: ["p.d.v"] })), undefined);
    assert.equal(typeof disagreement(viewed, facts(schema, { referencedTables: ["p.d.v", "p.d.secret"] })), "string");
  });

  it("say nothing of tables past the fifty that BigQuery lists", () => {
    const tables = Array.from({ length: 60 }, (_, i) => `p.d.t${i}`);
    assert.equal(disagreement(plan([], tables), facts([], { referencedTables: tables.slice(0, 50) })), undefined);
    assert.equal(
      typeof disagreement(plan([], tables), facts([], { referencedTables: [...tables.slice(0, 49), "p.d.other"] })),
      "string",
    );
  });

  it("agree on what CREATE … AS makes, where the dry run shows its columns", () => {
    for (const statementType of ["CREATE_TABLE_AS_SELECT", "CREATE_VIEW"] as const) {
      const columns = ["a", "s.x", "s.y"].map((name) => ({ name, explicit: [], implicit: [] }));
      const write = { table: "p.d.made", mode: "create" as const, columns, implicit: [] };
      const [read] = plan([]).statements;
      assert.ok(read);
      const made = { ...plan([]), statementType, statements: [{ ...read, kind: statementType, writes: [write] }] };
      const field = (name: string) => ({ name, type: "STRING" });
      const says = (names: string[]) => disagreement(made, facts(names.map(field), { statementType }));
      assert.equal(says([]), undefined);
      assert.equal(says(["a", "s"]), undefined);
      assert.equal(says(["a", "s", "secret"]), "what is made has 3 columns, the analysis 2");
    }
  });
});
