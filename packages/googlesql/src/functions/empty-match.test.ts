import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { flows } from "../testing/clinic.ts";
import { cpuMs } from "../testing/cpu-time.ts";
import { canBeEmpty } from "./empty-match.ts";

const PARTS = [
  "a",
  ".",
  "\\d",
  "\\|",
  "\\(",
  "[a|)]",
  "[\\]*]",
  "|",
  "(",
  "(?:",
  ")",
  "*",
  "+",
  "?",
  "{0}",
  "{0,2}",
  "{00,1}",
  "{1,}",
  "{2}",
  "*?",
  "+?",
  "??",
  "{0,1}?",
];

describe("whether a pattern can be empty", () => {
  it("is what trying it on nothing says, for all of four parts that are a pattern", () => {
    let compared = 0;
    for (let code = 0; code < PARTS.length ** 4; code++) {
      let [text, rest] = ["", code];
      for (let i = 0; i < 4; i++, rest = Math.floor(rest / PARTS.length)) text += PARTS[rest % PARTS.length];
      let pattern: RegExp;
      try {
        pattern = new RegExp(text, "u");
      } catch {
        continue;
      }
      compared++;
      assert.equal(canBeEmpty(text), pattern.test(""), text);
    }
    assert.ok(compared > 20_000, `${compared} patterns`);
  });
  it("takes no time to tell, whatever the pattern", () => {
    const hostile = [`${"(?:|)".repeat(60)}x`, "(?:a?){60}x", `${"(?:".repeat(60)}a${"?)?".repeat(60)}x`];
    const start = cpuMs();
    for (const pattern of hostile) {
      const sql = `SELECT REGEXP_REPLACE(name, r'${pattern}', 'y') AS x FROM patients`;
      assert.deepEqual(flows(sql), ["x = transform name"]);
    }
    const spent = cpuMs() - start;
    assert.ok(spent < 2000, `${spent} ms`);
  });
});
