import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LastKept } from "./last-kept.ts";

test("what was set last is kept, as it was set last, and not much more", () => {
  const sets = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.string()), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), sets, (least, all) => {
      const kept = new LastKept<number, string>(least);
      const plain = new Map<number, string>();
      for (const [key, value] of all) {
        kept.set(key, value);
        plain.delete(key);
        plain.set(key, value);
        assert.ok(kept.size < 2 * least);
        for (const [recent, was] of [...plain].slice(-least)) assert.equal(kept.get(recent), was);
        // Of what is older it knows nothing, or the truth.
        for (const [key, was] of plain) assert.ok([undefined, was].includes(kept.get(key)));
      }
      assert.equal(kept.get(31), undefined);
    }),
  );
});
