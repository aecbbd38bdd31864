/** Whose record a moved date is of: without a sure answer it is NULL. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ExplicitSource, Output } from "@chaperone/googlesql";
import type { Mask } from "@chaperone/masking";
import type { OutputMask } from "./decision.ts";
import { withSubjects } from "./record-subject.ts";

const SHIFT: Mask = { rule: "dateshift", domain: "dateshift" };
const NULL: Mask = { rule: "null" };

const copy = (column: string, via: ExplicitSource["via"] = "copy"): ExplicitSource => ({
  column: `p.d.${column}`,
  via,
});
const output = (type: string, column: string, more: Partial<Output> = {}): Output => {
  return { name: column, type, explicit: [copy(column)], implicit: [], constant: false, row: 0, ...more };
};
const BORN = output("DATE", "visits.born");
const MRN = output("STRING", "visits.MRN");
const BOTH = [copy("visits.mrn"), copy("labs.MRN")];
const DAYS = [copy("visits.born"), copy("labs.day")];
const subjectOf = (table: string) => ({ "p.d.visits": "mrn", "p.d.labs": "mrn" })[table];

const maskFor = ({ name, type, fields }: Output): OutputMask =>
  fields === undefined
    ? { name, type, mask: type === "DATE" ? SHIFT : { rule: "none" } }
    : { name, type, mask: { rule: "none" }, fields: fields.map(maskFor) };
const tied = (...outputs: Output[]) => withSubjects(outputs.map(maskFor), outputs, subjectOf);
const maskOfDate = (...outputs: Output[]) => tied(...outputs)[outputs.findIndex(({ type }) => type === "DATE")]?.mask;

describe("a date that moves", () => {
  it("follows the subject of its own row, wherever that stands, and however it is spelt", () => {
    assert.deepEqual(maskOfDate(MRN, BORN), { ...SHIFT, subject: 0 });
    assert.deepEqual(maskOfDate(BORN, output("BOOL", "visits.flag"), MRN), { ...SHIFT, subject: 2 });
    assert.deepEqual(maskOfDate({ ...MRN, type: "INT64" }, BORN), { ...SHIFT, subject: 0 });
  });
  it("follows through UNION, where each of its tables shows its own subject, and from parts of columns", () => {
    assert.deepEqual(maskOfDate({ ...MRN, explicit: BOTH }, { ...BORN, explicit: DAYS }), { ...SHIFT, subject: 0 });
    const either = [copy("visits.born"), copy("visits.seen")];
    assert.deepEqual(maskOfDate(MRN, { ...BORN, explicit: either }), { ...SHIFT, subject: 0 });
    assert.deepEqual(maskOfDate(MRN, output("DATE", "visits.notes.day", { part: true })), { ...SHIFT, subject: 0 });
  });
  it("leaves the other masks as they are", () => {
    assert.deepEqual(tied(MRN, BORN), [maskFor(MRN), { ...maskFor(BORN), mask: { ...SHIFT, subject: 0 } }]);
    const last4: OutputMask = { name: "x", type: "STRING", mask: { rule: "last4", domain: "phi" } };
    assert.deepEqual(withSubjects([last4], [{ ...MRN, row: 1 }], subjectOf), [last4]);
  });

  const nobody: readonly (readonly [string, readonly Output[]])[] = [
    ["no subject is shown", [BORN]],
    ["the subject is of another row", [{ ...MRN, row: 1 }, BORN]],
    [
      "neither row is known",
      [
        { ...MRN, row: undefined },
        { ...BORN, row: undefined },
      ] as unknown as Output[],
    ],
    ["the subject is of another table", [output("STRING", "labs.mrn"), BORN]],
    ["another column is shown", [output("STRING", "visits.name"), BORN]],
    ["the subject was changed", [{ ...MRN, explicit: [copy("visits.mrn", "transform")] }, BORN]],
    ["the subject may be another column's", [{ ...MRN, explicit: [copy("visits.mrn"), copy("visits.name")] }, BORN]],
    ["the subject may be the agent's word", [{ ...MRN, constant: true }, BORN]],
    ["the subject is shown from nowhere", [{ ...MRN, explicit: [] }, BORN]],
    ["the subject is of a type whose texts may differ", [{ ...MRN, type: "FLOAT64" }, BORN]],
    [
      "the date may be of a table whose subject isn't shown",
      [MRN, { ...BORN, explicit: [copy("visits.born"), copy("labs.day")] }],
    ],
    ["the subject may be of a table that the date isn't", [{ ...MRN, explicit: BOTH }, BORN]],
    [
      "one of two tables has another column for its subject",
      [
        { ...MRN, explicit: [copy("visits.mrn"), copy("labs.bed")] },
        { ...BORN, explicit: DAYS },
      ],
    ],
    [
      "of a table the subject is shown, or another column",
      [
        { ...MRN, explicit: [...BOTH, copy("visits.name")] },
        { ...BORN, explicit: DAYS },
      ],
    ],
    [
      "one of the dates was changed",
      [MRN, { ...BORN, explicit: [copy("visits.born"), copy("visits.seen", "transform")] }],
    ],
    ["the subject is a part of a column, perhaps another element than the date's", [{ ...MRN, part: true }, BORN]],
    ["the date was changed", [MRN, { ...BORN, explicit: [copy("visits.born", "transform")] }]],
    ["the table has no subject", [output("STRING", "beds.mrn"), output("DATE", "beds.since")]],
  ];
  for (const [why, outputs] of nobody)
    it(`is NULL where ${why}`, () => {
      assert.deepEqual(maskOfDate(...outputs), NULL);
    });

  it("in a STRUCT is of the row that the whole of it is of", () => {
    const struct = (row: number): Output => ({
      ...output("STRUCT", "visits.when", { row }),
      fields: [output("STRUCT", "visits.x", { row: 5, fields: [{ ...BORN, row: 5 }] }), output("STRING", "visits.y")],
    });
    assert.deepEqual(tied(struct(0), MRN)[0]?.fields?.[0]?.fields?.[0]?.mask, { ...SHIFT, subject: 1 });
    assert.deepEqual(tied(struct(5), MRN)[0]?.fields?.[0]?.fields?.[0]?.mask, NULL);
    assert.deepEqual(tied({ ...struct(0), fields: [MRN] })[0], maskFor({ ...struct(0), fields: [MRN] }));
  });

  it("that no output stands for is NULL, and so is any other mask", () => {
    const [shift, whole] = [maskFor(BORN), maskFor(MRN)];
    assert.deepEqual(withSubjects([shift, whole], [], subjectOf), [
      { ...shift, mask: NULL },
      { ...whole, mask: NULL },
    ]);
    const parent: OutputMask = { name: "s", type: "STRUCT", mask: { rule: "none" }, fields: [shift, whole] };
    for (const outputs of [[], [output("STRUCT", "visits.s")], [output("STRUCT", "visits.s", { fields: [] })]])
      assert.deepEqual(
        withSubjects([parent], outputs, subjectOf)[0]?.fields?.map(({ mask }) => mask),
        [NULL, NULL],
      );
  });
});
