import assert from "node:assert/strict";
import { test } from "node:test";
import type { TableFieldSchema } from "@chaperone/googlesql";
import { answerDisagreement, type ResultField } from "./mask-plan.ts";

const field = (name: string, type = "STRING", mode = "NULLABLE") => ({ name, type, mode }) as ResultField;

test("an answer's schema that agreed with one plan is compared anew with every other (I2)", () => {
  const answered: TableFieldSchema[] = [
    { name: "a", type: "STRING" },
    { name: "b", type: "INT64", mode: "REPEATED" },
  ];
  const planned = [field("a"), field("b", "INTEGER", "REPEATED")];
  for (const _ of [1, 2, 3]) {
    assert.equal(answerDisagreement(planned, answered), undefined);
    assert.equal(answerDisagreement([...planned], answered), undefined);
    assert.equal(answerDisagreement([field("a"), field("b", "INTEGER")], answered), "column 2 has another mode");
    assert.equal(answerDisagreement([field("b"), field("a")], answered), "column 1 has another name");
    assert.equal(answerDisagreement([field("a")], answered), "another number of columns");
    assert.equal(answerDisagreement(planned, [...answered].toReversed()), "column 1 has another name");
  }
  assert.equal(answerDisagreement(planned, answered.slice(0, 1)), "another number of columns");
});
