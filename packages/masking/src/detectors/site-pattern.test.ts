import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { detect } from "./detect.ts";
import { fastDetect } from "./fast-detect.ts";
import { SitePatternError, sitePattern, type WrittenPattern } from "./site-pattern.ts";

const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const RUNS = { numRuns: Number(process.env.RUNS ?? 3000), seed: SEED };

/** What both ways find, which must be the same. */
function found(text: string, ...written: readonly (WrittenPattern | string)[]): readonly string[] {
  const site = written.map((one) => sitePattern(typeof one === "string" ? { pattern: one } : one));
  const hits = fastDetect(text, site);
  assert.deepEqual(hits, detect(text, site));
  return hits.map(({ kind, start, end }) => `${kind} ${text.slice(start, end)}`);
}

const SITES: readonly WrittenPattern[] = [
  { pattern: "MRN-########" },
  { pattern: "@{1,3}-?####" },
  { pattern: "###-?###-?##" },
  { pattern: "####-####" },
  { pattern: "9#{5,40}".replace("40", "30") },
  { pattern: "A#B#C#" },
  { pattern: "@@ #{2,4}/@@" },
  { pattern: "#{4,12}", words: ["unit no.", "mrn", "file"] },
  { pattern: "@-####", words: ["file number"] },
];
const PIECES = [
  ..."0123456789-/ .:#abXéĀ—😀\n",
  ..."12 123 1234 12345 1234-5678 12-34 123-456-78 9123456 AB-1234 MRN-12345678 mrn-1234567 QX A1B2C3 ab 12/cd".split(
    " ",
  ),
  ..."123-45-6780 312-555-0123 2024-03-05 jane1234@example.org MRN mrn:".split(" "),
  "unit no. ",
  "file number ",
  "file is #",
  "mrn",
  "ab 123/cd",
];
const text = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join("")),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join(" ")),
);

describe("a site's own forms of record numbers", () => {
  it("are digits, letters, themselves, and separators that may be missing", () => {
    assert.deepEqual(found("see MRN-12345678, mrn-87654321.", "MRN-########"), [
      "MRN MRN-12345678",
      "MRN mrn-87654321",
    ]);
    assert.deepEqual(found("A-1234 AB1234 ABCD1234 é1234", "@{1,3}-?####"), ["MRN A-1234", "MRN AB1234"]);
    assert.deepEqual(found("1.23_4567:8/9 and 12345678", "#.##_####:#/#"), ["MRN 1.23_4567:8/9"]);
    assert.deepEqual(found("K 12 34, k 12 34", "K ## ##"), ["MRN K 12 34", "MRN k 12 34"]);
    assert.deepEqual(found("9911 9912", "991#"), ["MRN 9911", "MRN 9912"]);
  });

  it("aren't part of a longer row of digits and letters", () => {
    assert.deepEqual(
      found("XHX-12345678 HX-123456789 HX-12345678a HX-1234567 éHX-12345678", "HX-########").slice(1),
      [],
    );
    assert.deepEqual(found("12345", "####"), []);
  });

  it("need their word where they have one, in either case", () => {
    const form = { pattern: "#{4,6}", words: ["unit no.", "hosp id"] };
    for (const said of ["unit no. 4455", "UNIT NO.4455", "Hosp ID: #4455", "hosp id is 4455", `{"hosp id": "4455"}`])
      assert.deepEqual(found(said, form), ["MRN 4455"], said);
    for (const said of ["room 4455", "unit nox 4455", "xhosp id 4455", "hosp id for 4455"])
      assert.deepEqual(found(said, form), [], said);
  });

  it("are found whole, also where part of them looks like something else", () => {
    assert.deepEqual(found("MRN: 1234-5678", "####-####"), ["MRN 1234-5678"]);
    assert.deepEqual(found("312-555-0123-77", "###-###-####-##"), ["MRN 312-555-0123-77"]);
    assert.deepEqual(
      found("2024-03-05-1234", "##-####"),
      ["MRN 2024-03-05-1234"],
      "what a detector found stays hidden",
    );
    assert.deepEqual(found("12-34-56-78", "##-##", "##-##-##"), ["MRN 12-34-56-78"]);
  });

  it(`are found in the fast way as in the plain one, beside all else that is (SEED=${SEED})`, () => {
    const sites = fc.subarray([...SITES], { minLength: 1 }).map((some) => some.map(sitePattern));
    let some = 0;
    fc.assert(
      fc.property(text, sites, (value, site) => {
        const hits = fastDetect(value, site);
        assert.deepEqual(hits, detect(value, site));
        for (const { start, end } of detect(value))
          assert.ok(
            hits.some((hit) => hit.start <= start && end <= hit.end),
            "a form of the site's shows no more",
          );
        for (const [i, hit] of hits.entries()) assert.ok(hit.start >= (hits[i - 1]?.end ?? 0) && hit.end > hit.start);
        some += hits.length;
      }),
      RUNS,
    );
    assert.ok(some > RUNS.numRuns / 4, "the texts hold what is looked for");
  });

  it("are found at every place of the blocks of 64 bytes, behind wide characters, and in texts too long or too full", () => {
    for (let lead = 0; lead < 140; lead++)
      for (const filler of ["x", "Ā", "—"])
        assert.equal(found(`${filler.repeat(lead)} MRN-12345678 x`, "MRN-########").length, 1);
    assert.equal(fastDetect(`${"x".repeat(1 << 20)} QQ-1234`, [sitePattern({ pattern: "QQ-####" })]).length, 1);
    assert.equal(fastDetect("QQ-1234 ".repeat(70_000), [sitePattern({ pattern: "QQ-####" })]).length, 70_000);
  });

  it("take time in the length of the text alone, whatever is written to be tried again and again", () => {
    const site = SITES.map(sitePattern);
    const timeOf = (length: number) => {
      const hostile = [
        "ab-".repeat(length / 3),
        "1".repeat(length),
        "unit no. is  ".repeat(length / 13),
        "9123-".repeat(length / 5),
      ];
      const start = process.cpuUsage();
      for (const each of hostile) for (const { everywhere } of site) for (const _ of each.matchAll(everywhere));
      for (const each of hostile) fastDetect(each.slice(0, 20_000), site);
      const { user, system } = process.cpuUsage(start);
      return user + system;
    };
    timeOf(30_000);
    const [short, long] = [timeOf(30_000), timeOf(240_000)];
    assert.ok(long < 40 * short + 200_000, `${short} µs became ${long} µs`);
  });

  for (const [why, written, says] of [
    ["nothing", { pattern: "" }, /begin and end/],
    ["a regular expression", { pattern: "[0-9]+####" }, /at character 1 what no pattern has/],
    ["an asterisk", { pattern: "####*" }, /at character 5/],
    ["a letter of another script", { pattern: "É####" }, /at character 1/],
    ["a separator at its end", { pattern: "####-" }, /begin and end/],
    ["a separator at its beginning", { pattern: "-####" }, /begin and end/],
    ["no digit", { pattern: "@@@@-ABC" }, /hold a digit/],
    ["too few characters", { pattern: "###" }, /at least 4/],
    ["too many characters", { pattern: "#{41}" }, /at most 40/],
    ["no characters", { pattern: "#{0,4}####" }, /at character 1 a number/],
    ["a range the wrong way round", { pattern: "#{8,4}" }, /at character 1 a number/],
    ["digits behind varying digits", { pattern: "#{2,4}##" }, /digits behind a varying number/],
    ["digits behind varying digits but for what may be missing", { pattern: "#{2,4}-?##" }, /digits behind a varying/],
    ["a letter behind varying letters", { pattern: "@{1,3}A####" }, /letters behind a varying/],
    ["separators of which one may be missing", { pattern: "##-? ?##" }, /side by side/],
    ["a word with figures", { pattern: "####", words: ["mrn2"] }, /isn't letters/],
    ["an endless word", { pattern: "####", words: ["m".repeat(41)] }, /at most 40/],
    ["a word with two spaces", { pattern: "####", words: ["file  no"] }, /single spaces/],
  ] as const)
    it(`are refused with ${why}, without being quoted`, () => {
      assert.throws(
        () => sitePattern(written),
        (error) => error instanceof SitePatternError && says.test(error.message) && !error.message.includes("[0-9]"),
      );
    });
});
