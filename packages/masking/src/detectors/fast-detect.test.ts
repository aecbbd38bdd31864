import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { detect } from "./detect.ts";
import { fastDetect } from "./fast-detect.ts";

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const RUNS = { numRuns: Number(process.env.RUNS ?? 3000), seed: SEED };

/** Pieces of identifiers and what stands between them: joined at random they make identifiers, and what nearly is one. */
const PIECES = [
  ..."0123456789 -./:+()@#=_%',;\n\tXaAfFmMhHwWsSéÿ—😀",
  ..."12 123 1234 12345 123456 1234567 12345678 123456789 1234567893 4111 1111 822463 10005 312 555 0123".split(" "),
  ..."123-45-6780 001.01.0001 1EG4-TE5-MK73 1EG4TE5MK73 AB1234563 F91234563 1HGCM82633A004352 378282246310005".split(
    " ",
  ),
  ..."4111-1111-1111-1111 (312) +1 +49 1-312 312-555-0123 555-0123 jane.doe@example.org o'neil@ example.co.uk".split(
    " ",
  ),
  ..."http:// https://x.y ftp:// www. www.a.b 192.168.0.1 1.2.3 2001:db8: ::1 fe80:: ffff: 8a2e:370:7334".split(" "),
  ..."2024-03-05 3/5/24 03/2024 20240305 03051985 20240305143000 1430 March mar. Sept September may 5th 31st of 2024 1999 5- Jan Mars".split(
    " ",
  ),
  ..."123_45_6780 312_555 555_0123 2024_03_05 _ Call tel. fax reached MRN mrn: Medical record number no. med. rec Chart account acct. patient ID: AB-123456 is".split(
    " ",
  ),
  ..."MRN#: mr # number No. ( 2024-03 03-2024 Jul-04 4/July /1985 ::ffff:192.168.0.1 :192.168.0 müller.de jörg a#b/c=d \u201c".split(
    " ",
  ),
  "4111 1111 1111 1111",
  "medical record number",
  "patient id",
  " of ",
  " - ",
  "call ",
  "reached at ",
  ...'+33 1 (0)20 /30 " \' [ patient_id mrn": mrn_ acct_no= 85-03-31 the org5 .c0m March'.split(" "),
  " of 2024",
  " the 5th",
  '"medical_record_number": "',
  "123 - 45 - 6780",
  "312 - 555",
  "  ",
];
const text = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((pieces) => pieces.join("")),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }).map((pieces) => pieces.join(" ")),
  fc.stringMatching(/^[0-9A-Fa-f:. \-/()+]{0,60}$/),
  fc.string({ unit: "binary", maxLength: 60 }),
);

describe("the fast detector", () => {
  it(`finds hit for hit what the plain one finds (SEED=${SEED})`, () => {
    fc.assert(
      fc.property(text, (value) => {
        assert.deepEqual(fastDetect(value), detect(value));
      }),
      RUNS,
    );
  });

  it("finds it at every place of its blocks and windows, and behind wide characters", () => {
    const identifiers = [
      "123-45-6780",
      "jane@example.org",
      "March 5, 2024",
      "MRN: 00123456",
      "2001:db8::1",
      "www.x.org",
      "5th  of  March 2024",
      "1HGCM82633A004352",
      "1M8GDM9AXKP042788",
      "1EG4-TE5-MK73",
      "312 - 555 - 0123",
      "1 (312) 555-0123",
      "+44 20 7946 0123",
      "3/5/2024",
      "03/2024",
      "10.0.0.1",
      "4111 1111 1111 1111",
      "1234567893",
      "Chart no. AB-123456",
      "MRN#: 00123456",
      "mr #: 00123456",
      "2024-03",
      "03-2024",
      "September/05/1999",
      "4/July/1985",
    ];
    for (const identifier of identifiers)
      for (let lead = 0; lead < 64; lead++)
        for (const filler of ["x", "é", "Ā", "\u0131", "\u0640"]) {
          const value = `${filler.repeat(lead)} ${identifier} ${filler}`;
          assert.equal(fastDetect(value).length, 1, value);
          assert.deepEqual(fastDetect(value), detect(value));
        }
  });

  it(`finds them wherever they lie across the ends of its windows, also nearly right (SEED=${SEED})`, () => {
    const near = fc.record({
      end: fc.constantFrom(56, 64, 112, 120, 128, 168),
      before: fc.nat({ max: 40 }),
      filler: fc.constantFrom("x", " ", "0", "é", "1x", "w", "-", "Ā", ". "),
      pieces: fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 6 }),
      changed: fc.option(fc.tuple(fc.nat({ max: 40 }), fc.constantFrom(...PIECES))),
    });
    fc.assert(
      fc.property(near, ({ end, before, filler, pieces, changed }) => {
        const whole = pieces.join("");
        const [at, piece] = changed ?? [0, ""];
        const identifier = whole.slice(0, at) + piece + whole.slice(changed === null ? at : at + 1);
        const value = `${filler.repeat(end).slice(0, Math.max(0, end - before))}${identifier} ${filler}`;
        assert.deepEqual(fastDetect(value), detect(value));
      }),
      RUNS,
    );
  });

  it("leaves no text behind that a later one could be mistaken for", () => {
    assert.equal(fastDetect("x 123-45-6780").length, 1);
    assert.deepEqual(fastDetect("x 123-4"), []);
    assert.deepEqual(fastDetect(""), []);
  });

  it("gives texts that are full of places, or too long for it, to the plain one", () => {
    const crowded = "1.1/1 ".repeat(20_000);
    assert.deepEqual(fastDetect(crowded).length, detect(crowded).length);
    const long = `${"x".repeat(1 << 20)} 123-45-6780`;
    assert.equal(fastDetect(long).length, 1);
  });
});
