import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TokenKey } from "./token-key.ts";

describe("a token key", () => {
  it("makes Node's HMAC-SHA-256, whatever the key, and whatever message came before", () => {
    const message = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "binary", minLength: 300, maxLength: 2000 }),
      fc.uint8Array({ maxLength: 2000 }),
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.array(message, { minLength: 1, maxLength: 5 }),
        (key, messages) => {
          const tokenKey = new TokenKey(key);
          for (const text of messages)
            assert.equal(
              Buffer.from(tokenKey.mac("STRING", text), "latin1").toString("hex"),
              createHmac("sha256", key).update("STRING\0").update(text).digest("hex"),
            );
        },
      ),
      { numRuns: 50 },
    );
  });

  it("refuses a key that HMAC would shorten", () => {
    assert.throws(() => new TokenKey(Buffer.alloc(65)), RangeError);
  });
});
