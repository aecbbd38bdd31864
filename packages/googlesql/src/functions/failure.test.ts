import assert from "node:assert/strict";
import { test } from "node:test";
import { scalarType, structOf, type Type } from "../types.ts";
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

test("a cast of a STRUCT fails by its fields, whatever they are called", () => {
  const text = scalarType("STRING") as Type;
  const number = scalarType("INT64") as Type;
  const array: Type = { kind: "array", element: text };
  const of = (...fields: readonly (readonly [name: string, type: Type])[]): Type =>
    structOf(fields.map(([name, type]) => ({ name, type })));
  const casts: readonly (readonly [from: Type, to: Type, fails: boolean])[] = [
    [of(["a", text], ["b", array]), of(["c", text], ["d", array]), false],
    [of(["a", number]), of(["a", text]), false],
    [of(["a", of(["b", number])]), of(["c", of(["d", text])]), false],
    [of(["a", number], ["b", text]), of(["a", number], ["b", number]), true],
    [of(["a", of(["b", text])]), of(["c", of(["d", number])]), true],
    [of(["a", array]), of(["a", { kind: "array", element: number }]), true],
    [of(["a", text], ["b", text]), of(["a", text]), true],
    [of(["a", text]), text, true],
    [text, of(["a", text]), true],
  ];
  for (const [from, to, fails] of casts) assert.equal(castMayFail(from, to), fails, JSON.stringify([from, to]));
});
