import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import { SEAL_KEY_SIZE, SealError, type SealErrorCode, sealer } from "./seal.ts";
import { keyOfTied, openForMany, sealForMany, tie } from "./shared-seal.ts";

const refused = (code: SealErrorCode) => (error: unknown) => error instanceof SealError && error.code === code;

suite("I5: a text that is sealed once for many sessions", () => {
  const seals = sealer(randomBytes(SEAL_KEY_SIZE));
  const others = sealer(randomBytes(SEAL_KEY_SIZE));
  const text = "SELECT name FROM patients WHERE ssn = '123-45-6789'";

  test("opens for each session that keeps it, and shows nothing of itself", () => {
    const { key, sealed } = sealForMany(seals, text);
    for (const session of ["session-1", "session-2"]) {
      const kept = tie(seals, key, session);
      assert.equal(keyOfTied(seals, kept, session), key);
      assert.ok(!kept.toString("latin1").includes("123-45"));
    }
    assert.notDeepEqual(tie(seals, key, "session-1"), tie(seals, key, "session-2"));
    assert.equal(openForMany(seals, { key, sealed }), text);
    assert.ok(!Buffer.from(sealed).toString("latin1").includes("123-45"));
    assert.equal(
      keyOfTied(seals, seals.seal(text, "session-1"), "session-1"),
      undefined,
      "that is sealed for it alone",
    );
  });

  test("doesn't open for another session, by another key, with any byte altered, or in another's place", () => {
    const { key, sealed } = sealForMany(seals, text);
    const kept = tie(seals, key, "session-1");
    assert.throws(() => keyOfTied(seals, kept, "session-2"), refused("tampered"));
    assert.throws(() => keyOfTied(others, kept, "session-1"), refused("tampered"));
    for (let at = 1; at < kept.length; at++) {
      const altered = Buffer.from(kept).fill((kept[at] ?? 0) ^ 1, at, at + 1);
      assert.throws(() => keyOfTied(seals, altered, "session-1"), refused("tampered"), `byte ${at}`);
      assert.throws(() => keyOfTied(seals, kept.subarray(0, at), "session-1"), refused("malformed"), `cut at ${at}`);
    }
    const other = sealForMany(seals, "SELECT 1");
    assert.throws(() => openForMany(seals, { key, sealed: other.sealed }), refused("tampered"));
    assert.throws(() => openForMany(others, { key, sealed }), refused("wrong_key"));
    const own = seals.seal(text, "session-1");
    assert.throws(() => seals.open(sealed, "session-1"), refused("tampered"));
    assert.throws(() => openForMany(seals, { key, sealed: own }), refused("tampered"));
  });
});
