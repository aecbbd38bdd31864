import assert from "node:assert/strict";
import { test } from "node:test";
import { madeOf } from "./made-of.ts";

test("a text is made of what either pattern says", () => {
  const isWord = madeOf(/^[a-z]+$/, String.raw`^\p{L}+$`);
  assert.deepEqual(["word", "słowo", "слово", "\u{10400}", "two words", "wörd 2", ""].map(isWord), [
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
