import assert from "node:assert/strict";
import { test } from "node:test";
import { scalarType, type Type } from "../types.ts";
import { castMayFail, failureOf } from "./failure.ts";

test("a reader is told which functions never fail, which by some arguments, and which anyhow", () => {
  assert.equal(failureOf("LENGTH"), "never");
  // By a pattern or a length, by a first argument of some types, by an offset, by what isn't written plainly.
  for (const name of ["SUBSTR", "DATE", "LAG", "MOD"]) assert.equal(failureOf(name), "by some arguments", name);
  assert.equal(failureOf("SQRT"), "yes");
});

test("a cast to the same type can't fail, and one between others that aren't scalar can", () => {
  const text = scalarType("STRING") as Type;
  const array: Type = { kind: "array", element: text };
  assert.equal(castMayFail(text, text), false);
  for (const [from, to] of [
    [array, array],
    [text, array],
    [array, text],
  ] as const)
    assert.equal(castMayFail(from, to), true);
});
