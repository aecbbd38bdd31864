import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import { SEAL_KEY_SIZE, SealError, type SealErrorCode, sealer } from "./seal.ts";

const refused = (code: SealErrorCode) => (error: unknown) => error instanceof SealError && error.code === code;

suite("I5: a sealed text", () => {
  const seals = sealer(randomBytes(SEAL_KEY_SIZE));
  const text = "SELECT name FROM patients WHERE ssn = '123-45-6789' -- ünï";

  test("opens again with the same key and session, and shows nothing of itself", () => {
    const sealed = seals.seal(text, "session-1");
    assert.equal(seals.open(sealed, "session-1"), text);
    assert.equal(seals.open(seals.seal("", ""), ""), "");
    assert.ok(!Buffer.from(sealed).toString("latin1").includes("123-45"));
    assert.notDeepEqual(seals.seal(text, "session-1"), sealed, "a nonce is used once");
  });

  test("doesn't open for another session, with another key, or with any byte altered", () => {
    const sealed = seals.seal(text, "session-1");
    assert.throws(() => seals.open(sealed, "session-2"), refused("tampered"));
    assert.throws(() => sealer(randomBytes(SEAL_KEY_SIZE)).open(sealed, "session-1"), refused("wrong_key"));
    for (let at = 0; at < sealed.length; at++) {
      const altered = sealed.with(at, (sealed[at] ?? 0) ^ 1);
      assert.throws(() => seals.open(altered, "session-1"), SealError, `byte ${at}`);
      assert.throws(() => seals.open(sealed.slice(0, at), "session-1"), SealError, `cut at ${at}`);
    }
  });

  test("needs a whole key", () => {
    assert.throws(() => sealer(randomBytes(16)), refused("malformed"));
  });
});
