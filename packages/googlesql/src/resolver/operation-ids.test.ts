import assert from "node:assert/strict";
import { test } from "node:test";
import { OperationIds } from "./operation-ids.ts";

function from(first: number): OperationIds {
  let last = first;
  return new OperationIds(() => ++last);
}

const FAR = 2 ** 26;

for (const [what, ids, operand] of [
  ["numbers", from(0), 5],
  ["numbers below zero", from(0), -5],
  ["operands too large for a pair", from(0), FAR],
  ["operands too far below zero for a pair", from(0), -FAR - 1],
  ["numbers so large that none makes a pair", from(FAR), FAR],
] as const) {
  test(`the same operation on the same has one number: ${what}`, () => {
    assert.equal(ids.idOf("+", [operand, 7]), ids.idOf("+", [operand, 7]));
    assert.equal(ids.idOf("+", [operand, "7"]), ids.idOf("+", [operand, "7"]));
  });

  test(`every other has another: ${what}`, () => {
    const all = [
      ids.idOf("+", []),
      ids.idOf("-", []),
      ids.idOf("+", [operand]),
      ids.idOf("+", [operand + 1]),
      ids.idOf("+", [String(operand)]),
      ids.idOf("+", [operand, 7]),
      ids.idOf("+", [7, operand]),
      ids.idOf("+", [operand, "7"]),
      ids.idOf("+", [operand, operand]),
      ids.idOf("-", [operand, 7]),
      ids.idOf("+", ["+"]),
      ids.idOf("+", ["", "7"]),
      ids.idOf("+", ["7", ""]),
    ];
    assert.equal(new Set(all).size, all.length);
  });
}
