import assert from "node:assert/strict";
import { createHmac, createSecretKey } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TokenKey } from "./token-key.ts";
import { deriveTokenKeys } from "./token-keys.ts";

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

describe("keys derived from a master", () => {
  const keys = deriveTokenKeys(createSecretKey(Buffer.alloc(32, 7)));
  const macOf = (domain: string) => keys.keyOf(domain).mac("STRING", "x");

  it("are their domain's, however many others were asked for between", () => {
    const fresh = (domain: string) =>
      deriveTokenKeys(createSecretKey(Buffer.alloc(32, 7)))
        .keyOf(domain)
        .mac("STRING", "x");
    const domains = Array.from({ length: 200 }, (_, i) => `d${i}`);
    for (const domain of domains) assert.equal(macOf(domain), fresh(domain));
    for (const domain of domains) assert.equal(macOf(domain), fresh(domain));
    assert.equal(new Set(domains.map(macOf)).size, 200);
  });

  it("are kept for a while and not for ever", () => {
    const first = keys.keyOf("first");
    assert.equal(keys.keyOf("first"), first);
    for (let i = 0; i < 100; i++) keys.keyOf(`other${i}`);
    assert.notEqual(keys.keyOf("first"), first);
  });
});
