import assert from "node:assert/strict";
import { test } from "node:test";
import { everyFunction } from "./catalogue.ts";
import { isLengtheningKnown } from "./lengthening.ts";

/** Results that have few digits. */
const SHORT = / (?:INT64|FLOAT64|NUMERIC|BIGNUMERIC|BOOL|DATE|DATETIME|TIME|TIMESTAMP|INTERVAL|N|R|I)$/;

test("of each scalar function whose result can be long it is said how long", () => {
  const unsaid = everyFunction().filter(({ name, kind, written }) => {
    return kind === "scalar" && !isLengtheningKnown(name) && !written.every((signature) => SHORT.test(signature));
  });
  assert.deepEqual(
    unsaid.map(({ name }) => name),
    [],
  );
});
