/** From masks of sources to masks of a result: each rule by the output that would show too much without it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ExplicitSource, Output } from "@chaperone/googlesql";
import type { Mask } from "@chaperone/masking";
import type { OutputMask } from "./decision.ts";
import { outputMask } from "./output-masks.ts";

const NONE: Mask = { rule: "none" };
const NULL: Mask = { rule: "null" };

const from = (column: string, via: ExplicitSource["via"] = "copy"): ExplicitSource => ({
  column: `p.d.t.${column}`,
  via,
});
const counted = (column: string): ExplicitSource => ({ ...from(column, "aggregate"), statistic: "count" });
const output = (type: string, explicit: readonly ExplicitSource[], more: Partial<Output> = {}): Output => {
  return { name: "x", type, explicit, implicit: [], constant: false, ...more };
};
/** Masks by column; a column that isn't named shows whole. */
const masked = (made: Output, masks: Readonly<Record<string, Mask>>): OutputMask =>
  outputMask(made, ({ column }) => masks[column.slice("p.d.t.".length)] ?? NONE);
const maskOf = (made: Output, masks: Readonly<Record<string, Mask>>): Mask => masked(made, masks).mask;

const LAST4: Mask = { rule: "last4", domain: "phi.ssn" };
const DEFAULT: Mask = { rule: "default" };
const SMALLCELL: Mask = { rule: "smallcell" };

describe("the mask of copies", () => {
  it("is that of the one column", () => {
    assert.deepEqual(maskOf(output("STRING", [from("a")]), { a: LAST4 }), LAST4);
  });
  it("is NULL where rule or domain differ, and where one of them shows whole", () => {
    const both = output("STRING", [from("a"), from("b")]);
    assert.deepEqual(maskOf(both, { a: LAST4, b: LAST4 }), LAST4);
    assert.deepEqual(maskOf(both, { a: LAST4, b: { rule: "first4", domain: "phi.ssn" } }), NULL);
    assert.deepEqual(maskOf(both, { a: LAST4, b: { rule: "last4", domain: "phi.mrn" } }), NULL);
    assert.deepEqual(maskOf(both, { a: LAST4 }), NULL);
    assert.deepEqual(maskOf(both, { b: LAST4 }), NULL);
    assert.deepEqual(maskOf(both, {}), NONE);
  });
  it("is NULL beside a constant, whatever the rule; what shows whole shows beside it", () => {
    for (const mask of [LAST4, DEFAULT, { rule: "redact" } as const])
      assert.deepEqual(maskOf(output("STRING", [from("a")], { constant: true }), { a: mask }), NULL, mask.rule);
    assert.deepEqual(maskOf(output("STRING", [from("a")], { constant: true }), {}), NONE);
  });
});

describe("the mask of what was changed", () => {
  it("is NULL, also beside a copy or a count, unless every source shows whole", () => {
    const changed = from("a", "transform");
    for (const mask of [LAST4, DEFAULT]) {
      assert.deepEqual(maskOf(output("STRING", [changed]), { a: mask }), NULL);
      assert.deepEqual(maskOf(output("STRING", [changed, from("b")]), { b: mask }), NULL);
      assert.deepEqual(maskOf(output("STRING", [from("b"), changed]), { a: mask, b: mask }), NULL);
    }
    assert.deepEqual(maskOf(output("INT64", [changed, counted("b")]), { b: SMALLCELL }), NULL);
    assert.deepEqual(maskOf(output("INT64", [counted("b"), changed]), { b: SMALLCELL }), NULL);
    assert.deepEqual(maskOf(output("STRING", [changed, from("b")]), {}), NONE);
  });
  it("is NULL where a copy and a count are one value", () => {
    const either = output("INT64", [from("a"), counted("a")]);
    assert.deepEqual(maskOf(either, { a: SMALLCELL }), NULL);
    assert.deepEqual(maskOf(either, { a: DEFAULT }), NULL);
  });
});

describe("the mask of a statistic", () => {
  it("is one that says something of statistics", () => {
    const count = output("INT64", [counted("a")]);
    for (const rule of ["none", "smallcell", "default", "null"] as const)
      assert.deepEqual(maskOf(count, { a: { rule } }), { rule });
    for (const rule of ["last4", "token", "fpe", "age90", "year", "zip3"] as const)
      assert.deepEqual(maskOf(count, { a: { rule } }), NULL, rule);
    // `fpe` fits the type of a count, also beside one that shows whole.
    assert.deepEqual(maskOf(output("INT64", [counted("a"), counted("b")]), { b: { rule: "fpe" } }), NULL);
  });
  it("is as strict as its strictest part, and NULL where two rules differ", () => {
    const both = output("INT64", [counted("a"), counted("b")]);
    assert.deepEqual(maskOf(both, { a: SMALLCELL }), SMALLCELL);
    assert.deepEqual(maskOf(both, { b: SMALLCELL }), SMALLCELL);
    assert.deepEqual(maskOf(both, { b: DEFAULT }), DEFAULT);
    assert.deepEqual(maskOf(both, { a: SMALLCELL, b: DEFAULT }), NULL);
    assert.deepEqual(maskOf(both, { a: DEFAULT, b: SMALLCELL }), NULL);
    assert.deepEqual(maskOf(both, { a: SMALLCELL, b: NULL }), NULL);
  });
  it("is no smallest cell where not all of it is a count", () => {
    for (const explicit of [
      [from("a", "aggregate")],
      [counted("a"), from("b", "aggregate")],
      [from("b", "aggregate"), counted("a")],
    ])
      assert.deepEqual(maskOf(output("INT64", explicit), { a: SMALLCELL }), NULL);
    for (const type of ["FLOAT64", "NUMERIC", "BIGNUMERIC", "ARRAY<INT64>"])
      assert.deepEqual(maskOf(output(type, [counted("a")]), { a: SMALLCELL }), NULL, type);
    // What isn't a count may still show its type's default.
    assert.deepEqual(maskOf(output("FLOAT64", [from("a", "aggregate")]), { a: DEFAULT }), DEFAULT);
  });
  it("is NULL beside a constant, which lifts it over the smallest cell", () => {
    assert.deepEqual(maskOf(output("INT64", [counted("a")], { constant: true }), { a: SMALLCELL }), NULL);
  });
});

describe("a mask and a type", () => {
  const YEAR: Mask = { rule: "year" };
  it("fit or the value is NULL; of an array its elements fit", () => {
    assert.deepEqual(maskOf(output("DATE", [from("a")]), { a: YEAR }), YEAR);
    assert.deepEqual(maskOf(output("ARRAY<DATE>", [from("a")]), { a: YEAR }), YEAR);
    assert.deepEqual(maskOf(output("STRING(9)", [from("a")]), { a: LAST4 }), LAST4);
    for (const type of ["STRING", "ARRAY<STRING>", "RANGE<DATE>", "STRUCT<a DATE>", "ARRAY<STRUCT<a DATE>>"])
      assert.deepEqual(maskOf(output(type, [from("a")]), { a: YEAR }), NULL, type);
  });
  it("that nobody knows is NULL, though it ends or begins as one that is known", () => {
    for (const type of ["", "proto.DATE", "`DATE`", "DATES", "DATE2"])
      assert.deepEqual(maskOf(output(type, [from("a")]), { a: YEAR }), NULL, type);
  });
});

describe("the masks of a STRUCT", () => {
  const rules = (mask: OutputMask | undefined): unknown =>
    mask?.fields?.map((field) => (field.fields ? rules(field) : field.mask.rule));
  const a = output("STRING", [from("a")], { name: "a" });
  const b = output("STRING", [from("b")], { name: "b" });
  const literal = output("INT64", [], { name: "c", constant: true });
  const struct = (explicit: readonly ExplicitSource[], fields: readonly Output[]) =>
    output("STRUCT", explicit, { fields });

  it("stand on its fields, which keep name and type", () => {
    const made = masked(struct([from("a"), from("b")], [a, b, literal]), { a: LAST4 });
    assert.deepEqual(made, {
      name: "x",
      type: "STRUCT",
      mask: NONE,
      fields: [
        { name: "a", type: "STRING", mask: LAST4 },
        { name: "b", type: "STRING", mask: NONE },
        { name: "c", type: "INT64", mask: NONE },
      ],
    });
  });
  it("hide every field, at each depth, where one shows a source and doesn't say so", () => {
    const inner = struct([from("a")], [a, literal]);
    const made = masked(struct([from("a"), from("b"), from("c")], [inner, b]), {});
    assert.deepEqual(rules(made), [["null", "null"], "null"]);
    assert.deepEqual(made.fields?.[0], {
      name: "x",
      type: "STRUCT",
      mask: NONE,
      fields: [
        { name: "a", type: "STRING", mask: NULL },
        { name: "c", type: "INT64", mask: NULL },
      ],
    });
    // One inside hides itself alone: the outer one's sources are said.
    const gap = struct([from("c"), from("a")], [a, literal]);
    assert.deepEqual(rules(masked(struct([from("a"), from("b")], [gap, b]), {})), [["null", "null"], "none"]);
  });
  it("take a source in another way for another source", () => {
    const made = struct([from("a"), from("a", "transform")], [a]);
    assert.deepEqual(rules(masked(made, {})), ["null"]);
    assert.deepEqual(rules(masked(struct([from("a")], [a]), {})), ["none"]);
  });
});
