import assert from "node:assert/strict";
import { it } from "node:test";
import type { PlanStatement } from "@chaperone/googlesql";
import { tableUses } from "./table-uses.ts";

it("a model that a query asks is kept as it is until its job is over; a table that it reads is judged anew at each page", () => {
  const statement: PlanStatement = {
    kind: "SELECT",
    reads: [
      { table: "p.d.m", outside: "model", columns: [{ path: "*", uses: ["output"] }] },
      { table: "p.d.far", outside: "routine", columns: [{ path: "*", uses: ["output"] }] },
      { table: "p.d.t", columns: [{ path: "a", uses: ["output"] }] },
    ],
    views: [],
    routines: ["p.d.far"],
    outputs: [],
    writes: [],
    effects: [],
  };
  assert.deepEqual(tableUses([statement]), [
    { name: "p.d.m", how: "reads" },
    { name: "p.d.far", how: "reads" },
  ]);
});
