import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import type { Packed } from "./plain-data.ts";
import { type Sent, TextsHeard, TextsSent } from "./sent-texts.ts";

suite("texts that many commands bring", () => {
  test("are sent once, and then by a number", () => {
    const sent = new TextsSent();
    const heard = new TextsHeard();
    const data = (own: string): Packed => ["{}", "same", "s".repeat(300), "own", own];
    const first = sent.of(data("a"));
    assert.deepEqual(first, data("a"));
    assert.deepEqual(heard.of(first), data("a"));
    const second = sent.of(data("b"));
    assert.deepEqual(second, ["{}", "same", 0, "own", "b"]);
    assert.deepEqual(heard.of(second), data("b"));
  });

  test("are kept a few of each place, short enough, and of few places", () => {
    const sent = new TextsSent();
    const again = (place: string, text: string) => {
      sent.of(["", place, text]);
      return (sent.of(["", place, text])[2] as string | number) !== text;
    };
    assert.equal(again("a", "x".repeat(8192)), true);
    assert.equal(again("a", "x".repeat(8193)), false);
    for (let n = 0; n < 100; n++) again(`place ${n}`, "x");
    assert.equal(again("place 200", "x"), false);
    for (let n = 0; n < 9; n++) sent.of(["", "a", `${n}`]);
    assert.equal(sent.of(["", "a", "8"])[2], 1, "in the place of the first but one");
    assert.equal(sent.of(["", "a", "0"])[2], "0", "eight came since");
  });

  test("arrive as they were, whatever came before", () => {
    const place = fc.constantFrom(...Array.from({ length: 40 }, (_, n) => `place ${n % 34}`));
    const text = fc.oneof(fc.constantFrom(..."abcdefghijkl"), fc.constant("é⟨".repeat(5000)), fc.string());
    const beside = fc.array(fc.tuple(place, text), { maxLength: 4 }).map((pairs) => pairs.flat());
    const data = fc.oneof(
      fc.string(),
      beside.map((all): Packed => ["{}", ...all]),
    );
    fc.assert(
      fc.property(fc.array(data, { maxLength: 60 }), (all) => {
        const sent = new TextsSent();
        const heard = new TextsHeard();
        for (const one of all) assert.deepEqual(heard.of(structuredClone(sent.of(one)) as Sent), one);
      }),
    );
  });

  test("that were never sent are not made up", () => {
    assert.throws(() => new TextsHeard().of(["{}", "a", 0]), /not sent/);
  });
});
