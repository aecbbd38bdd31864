import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { everyFunction } from "./catalogue.ts";
import { isLengtheningKnown, lengtheningOf } from "./lengthening.ts";

/** Results that have few digits. */
const SHORT = / (?:INT64|FLOAT64|NUMERIC|BIGNUMERIC|BOOL|DATE|DATETIME|TIME|TIMESTAMP|INTERVAL|N|R|I)$/;

test("of each scalar function whose result can be long it is said how long", () => {
  const unsaid = everyFunction().filter(({ name, kind, written }) => {
    return kind === "scalar" && !isLengtheningKnown(name) && !written.every((signature) => SHORT.test(signature));
  });
  assert.deepEqual(
    unsaid.map(({ name }) => name),
    [],
  );
});

const bytes = (text: string): number => Buffer.byteLength(text);

/** Every character but the halves of others. */
const CHARACTERS = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

/** At most so many times the bytes. */
function most(given: readonly string[], made: (text: string) => string): number {
  return given.reduce((worst, text) => Math.max(worst, bytes(made(text)) / bytes(text)), 0);
}

const unmarked = (text: string, form: string): string =>
  text.normalize(form).toUpperCase().toLowerCase().normalize(form);
const latin = CHARACTERS.slice(0, 256).join("");

/** By the tables of Unicode that Node has, which Google's functions go by as well. */
const WORST: Readonly<Record<string, number>> = {
  UPPER: most(CHARACTERS, (text) => text.toUpperCase()),
  LOWER: most(CHARACTERS, (text) => text.toLowerCase()),
  INITCAP: most(CHARACTERS, (text) => text.toUpperCase()),
  NORMALIZE: Math.max(
    ...["NFC", "NFD", "NFKC", "NFKD"].map((form) => most(CHARACTERS, (text) => text.normalize(form))),
  ),
  NORMALIZE_AND_CASEFOLD: Math.max(
    ...["NFC", "NFD", "NFKC", "NFKD"].map((form) => most(CHARACTERS, (text) => unmarked(text, form))),
  ),
  SAFE_CONVERT_BYTES_TO_STRING: bytes(Buffer.alloc(3000, 0xff).toString("utf8")) / 3000,
  TO_HEX: Buffer.alloc(3000).toString("hex").length / 3000,
  TO_BASE64: Buffer.alloc(3000).toString("base64").length / 3000,
  // Eight digits of five bytes.
  TO_BASE32: 8 / 5,
  // An INT64 of each.
  TO_CODE_POINTS: most([latin], (text) => "12345678".repeat([...text].length)) * (bytes(latin) / latin.length),
};

describe("it is counted as often as the worst of all characters needs, and no oftener:", () => {
  for (const [name, worst] of Object.entries(WORST))
    test(name, () => assert.equal(lengtheningOf(name), Math.ceil(worst)));
});
