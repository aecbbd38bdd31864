import assert from "node:assert/strict";
import { it } from "node:test";
import { fitMask } from "../fit-mask.ts";
import { FIELD_TYPES, type FieldType, MASK_RULES, type Mask, type MaskedField } from "../mask-rule.ts";
import { ruleContext } from "../rule-context.ts";
import { RULES } from "../rules/index.ts";
import { CELLS, MASKED } from "./masked-cells.ts";
import { TEST_KEYS, TEST_NOW, TEST_RECORD_NUMBERS } from "./token-keys-for-tests.ts";

/** A cell's text as BigQuery's REST writes it (a TIMESTAMP in microseconds), NULL, or the elements of an array. */
export type Cell = string | null | readonly string[];

/** A masker behind one door: the same table of cells is put to every one of them. */
export interface MaskerUnderTest {
  readonly name: string;
  /** Masks rows of scalar columns and arrays of scalars, under `TEST_KEYS`, `TEST_NOW` and `TEST_RECORD_NUMBERS`, and reads back what an agent would get. */
  mask(fields: readonly MaskedField[], rows: readonly (readonly Cell[])[]): readonly (readonly Cell[])[];
}

const OPTIONS = { keys: TEST_KEYS, now: TEST_NOW, recordNumbers: TEST_RECORD_NUMBERS };

/** What every masker must do with every type and rule. Call it inside a `describe`. */
export function masksAsEveryDoor({ name, mask }: MaskerUnderTest): void {
  const carried = FIELD_TYPES.filter((type) => type !== "STRUCT");
  const column = (type: FieldType, given: Mask, repeated = false): MaskedField => ({
    name: "c",
    type,
    repeated,
    mask: given,
  });

  for (const rule of MASK_RULES)
    it(`${name}: ${rule} gives what the table of cells says`, () => {
      for (const [type, lines] of Object.entries(MASKED[rule] ?? {}) as [FieldType, typeof CELLS.STRING][]) {
        if (type === "STRUCT") continue;
        const fields = [column(type, { rule, domain: "ssn" })];
        const masked = mask(
          fields,
          lines.map(([cell]) => [cell]),
        );
        for (const [i, [cell, expected]] of lines.entries())
          assert.equal(masked[i]?.[0], expected, `${rule} of ${type} ${cell}`);
      }
    });

  for (const type of carried)
    it(`${name}: every rule on ${type} gives what the rule says of each value, keeps NULL, and NULL where it doesn't fit`, () => {
      const cells = [...new Set([...CELLS[type].map(([cell]) => cell), null])];
      for (const rule of MASK_RULES) {
        const given: Mask = { rule, domain: "mrn" };
        const fitted = fitMask(given, type);
        const context = ruleContext(fitted, OPTIONS);
        const masked = mask(
          [column(type, given)],
          cells.map((cell) => [cell]),
        );
        for (const [i, cell] of cells.entries()) {
          const expected = cell === null ? null : RULES[fitted.rule].apply(cell, type, context);
          assert.equal(masked[i]?.[0], expected, `${rule} of ${cell}`);
        }
      }
    });

  for (const type of carried)
    it(`${name}: an array of ${type} is masked element by element, or emptied`, () => {
      const elements = CELLS[type].map(([cell]) => cell).filter((cell) => cell !== null);
      for (const rule of MASK_RULES) {
        const given: Mask = { rule, domain: "mrn" };
        const fitted = fitMask(given, type);
        const context = ruleContext(fitted, OPTIONS);
        const expected =
          fitted.rule === "null" || fitted.rule === "default"
            ? []
            : elements.map(
                (cell) => RULES[fitted.rule].apply(cell, type, context) ?? RULES.default.apply(cell, type, context),
              );
        assert.deepEqual(mask([column(type, given, true)], [[elements], [[]]]), [[expected], [[]]], rule);
      }
    });

  it(`${name}: dateshift moves the dates of a row as its subject says, wherever the subject stands`, () => {
    const shifted = (type: FieldType, place: number, subject: number | undefined): MaskedField => ({
      name: `c${place}`,
      type,
      repeated: false,
      mask: { rule: "dateshift", domain: "dates", ...(subject === undefined ? {} : { subject }) },
    });
    const subject = (type: FieldType, place: number): MaskedField => ({
      name: `c${place}`,
      type,
      repeated: false,
      mask: { rule: "token", domain: "mrn" },
    });
    const fields = [
      shifted("DATE", 0, 3),
      shifted("DATETIME", 1, 3),
      shifted("TIMESTAMP", 2, 4),
      subject("STRING", 3),
      subject("INT64", 4),
      { ...shifted("DATE", 5, 4), repeated: true },
      shifted("DATE", 6, undefined),
    ];
    const texts = ["2024-02-29", "1999-12-31T23:59:59.500000", "1709209496000000"] as const;
    const rows: readonly (readonly Cell[])[] = ["ada", "grace é", "7", null].map((who, i) => [
      ...texts,
      who,
      i === 3 ? null : "7",
      ["2024-02-29", "0001-01-01"],
      "2024-02-29",
    ]);
    const context = ruleContext({ rule: "dateshift", domain: "dates" }, OPTIONS);
    const moved = (text: string, type: FieldType, who: Cell | undefined) =>
      RULES.dateshift.apply(text, type, { ...context, subject: (who ?? null) as string | null });
    const expected = rows.map(([date, datetime, timestamp, who, number]) => [
      moved(date as string, "DATE", who),
      moved(datetime as string, "DATETIME", who),
      moved(timestamp as string, "TIMESTAMP", number),
      // BigQuery's arrays hold no NULL.
      ["2024-02-29", "0001-01-01"].map((text) => moved(text, "DATE", number) ?? "1970-01-01"),
      null,
    ]);
    const masked = mask(fields, rows).map((cells) => [0, 1, 2, 5, 6].map((place) => cells[place]));
    assert.deepEqual(masked, expected);
    assert.equal(masked[3]?.[0], null);
    assert.notEqual(masked[0]?.[0], "2024-02-29");
  });

  it(`${name}: columns beside each other keep their own masks`, () => {
    const fields = (["none", "last4", "null", "token"] as const).map(
      (rule, i): MaskedField => ({
        name: `c${i}`,
        type: "STRING",
        repeated: false,
        mask: { rule, domain: "ssn" },
      }),
    );
    const masked = mask(fields, [
      ["123-45-6789", "123-45-6789", "123-45-6789", "123-45-6789"],
      [null, null, null, null],
    ]);
    assert.deepEqual(masked[0]?.slice(0, 3), ["123-45-6789", "XXXXX6789", null]);
    assert.match(String(masked[0]?.[3]), /^[a-z2-7]{32}$/);
    assert.deepEqual(masked[1], [null, null, null, null]);
  });
}
