import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { describe, it } from "node:test";
import { Ff1 } from "./ff1.ts";

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";
const KEY = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94";
const ff1 = (bytes: number) => new Ff1(createSecretKey(KEY.slice(0, 2 * bytes), "hex"));
const encrypted = (cipher: Ff1, radix: number, tweak: string, text: string) =>
  cipher
    .encrypt(
      [...text].map((c) => DIGITS.indexOf(c)),
      radix,
      Buffer.from(tweak, "hex"),
    )
    ?.map((numeral) => DIGITS[numeral])
    .join("");

describe("FF1", () => {
  // https://csrc.nist.gov/CSRC/media/Projects/Cryptographic-Standards-and-Guidelines/documents/examples/FF1samples.pdf
  const samples: readonly [number, number, string, string, string][] = [
    [16, 10, "", "0123456789", "2433477484"],
    [16, 10, "39383736353433323130", "0123456789", "6124200773"],
    [16, 36, "3737373770717273373737", "0123456789abcdefghi", "a9tv40mll9kdu509eum"],
    [24, 10, "", "0123456789", "2830668132"],
    [24, 10, "39383736353433323130", "0123456789", "2496655549"],
    [24, 36, "3737373770717273373737", "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"],
    [32, 10, "", "0123456789", "6657667009"],
    [32, 10, "39383736353433323130", "0123456789", "1001623463"],
    [32, 36, "3737373770717273373737", "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"],
  ];
  for (const [i, [bytes, radix, tweak, plain, cipher]] of samples.entries())
    it(`is NIST's sample ${i + 1}`, () => {
      assert.equal(encrypted(ff1(bytes), radix, tweak, plain), cipher);
    });

  it("permutes: all lists of a domain stay different", () => {
    const cipher = ff1(16);
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i++) seen.add(String(encrypted(cipher, 10, "", String(i).padStart(6, "0"))));
    assert.equal(seen.size, 20_000);
    assert.ok([...seen].every((text) => /^\d{6}$/.test(text)));
  });

  it("leaves out domains of fewer than a million, and lists too long", () => {
    assert.equal(encrypted(ff1(16), 10, "", "12345"), undefined);
    assert.notEqual(encrypted(ff1(16), 10, "", "123456"), undefined);
    assert.equal(encrypted(ff1(16), 36, "", "123"), undefined);
    assert.notEqual(encrypted(ff1(16), 36, "", "1234"), undefined);
    assert.equal(encrypted(ff1(16), 10, "", "1".repeat(257)), undefined);
    assert.equal(encrypted(ff1(16), 10, "", "1".repeat(256))?.length, 256);
  });
});
