import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LastMade } from "./last-made.ts";

describe("what was made of the last texts", () => {
  const counting = () => {
    const made: string[] = [];
    const make = (text: string) => {
      made.push(text);
      if (text === "bad") throw new Error("it can't be made");
      return { text };
    };
    return { made, make };
  };

  it("is made once of each", () => {
    const { made, make } = counting();
    const last = new LastMade<{ readonly text: string }>(2, 10);
    assert.equal(last.of("a", make), last.of("a", make));
    assert.equal(last.of("b", make).text, "b");
    assert.deepEqual(made, ["a", "b"]);
  });

  it("is kept of so many, and the oldest goes first", () => {
    const { made, make } = counting();
    const last = new LastMade<{ readonly text: string }>(2, 10);
    for (const text of ["a", "b", "c", "c", "b", "a"]) last.of(text, make);
    assert.deepEqual(made, ["a", "b", "c", "a"]);
  });

  it("isn't kept of a long text, nor where it can't be made", () => {
    const { made, make } = counting();
    const last = new LastMade<{ readonly text: string }>(2, 3);
    for (let i = 0; i < 2; i++) {
      last.of("long", make);
      assert.throws(() => last.of("bad", make));
    }
    assert.deepEqual(made, ["long", "bad", "long", "bad"]);
  });
});
