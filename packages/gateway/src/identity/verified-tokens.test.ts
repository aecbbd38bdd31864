import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOf, VerifiedTokens } from "./verified-tokens.ts";

const [key, other] = await Promise.all(
  [1, 2].map(async () => {
    const { publicKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign",
      "verify",
    ]);
    return publicKey;
  }),
);
const claims = (sub: string) => ({ sub, exp: 10 });

test("a token that is used again and again stays among the last thousand, and the one used longest ago goes", () => {
  assert.ok(key !== undefined);
  const tokens = new VerifiedTokens();
  const used = digestOf("used");
  tokens.keep(used, key, claims("used"), 0);
  tokens.keep(digestOf("left"), key, claims("left"), 0);
  for (let i = 0; i < 3000; i++) {
    tokens.keep(digestOf(`${i}`), key, claims(`${i}`), 0);
    for (let n = 0; n < 3; n++) assert.equal(tokens.claims(used, key, 1)?.sub, "used", `after ${i}`);
    if (i > 0) assert.equal(tokens.claims(digestOf(`${i - 1}`), key, 1)?.sub, `${i - 1}`);
  }
  assert.equal(tokens.claims(digestOf("left"), key, 1), undefined);
  assert.equal(tokens.claims(digestOf("1000"), key, 1), undefined);
});

test("one that its key, its expiry or the clock no longer vouches for is forgotten", () => {
  assert.ok(key !== undefined && other !== undefined);
  for (const [asked, now] of [
    [other, 1],
    [key, 10_000],
    [key, -1],
  ] as const) {
    const tokens = new VerifiedTokens();
    const digest = digestOf("t");
    tokens.keep(digest, key, claims("t"), 0);
    assert.equal(tokens.claims(digest, key, 1)?.sub, "t");
    assert.equal(tokens.claims(digest, asked, now), undefined);
    assert.equal(tokens.claims(digest, key, 1), undefined);
  }
});
