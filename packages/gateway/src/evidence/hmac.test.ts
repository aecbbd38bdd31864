import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import fc from "fast-check";
import { hmacSha256 } from "./hmac.ts";

suite("a keyed hash", () => {
  test("is as RFC 4231 has it", () => {
    const key = Buffer.alloc(20, 0x0b);
    assert.equal(hmacSha256(key)("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert.equal(
      hmacSha256(Buffer.alloc(131, 0xaa))("Test Using Larger Than Block-Size Key - Hash Key First"),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    );
  });

  test("is Node's own, whatever the text and whatever came before", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 400 }),
      fc.integer({ min: 320, max: 360 }).map((n) => "⟨".repeat(n)),
      fc.constantFrom("", "\ud800", "x".repeat(341), "x".repeat(342), "x".repeat(5000)),
    );
    for (const length of [0, 32, 64, 65]) {
      const key = randomBytes(length);
      const keyed = hmacSha256(key);
      const nodes = (of: string) => createHmac("sha256", key).update(of, "utf8").digest("hex");
      fc.assert(fc.property(text, (of) => assert.equal(keyed(of), nodes(of))));
    }
  });
});
