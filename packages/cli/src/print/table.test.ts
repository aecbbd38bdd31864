import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { csv, safe, table } from "./table.ts";

describe("what a reviewer's terminal shows (threat-model row 49)", () => {
  it("shows control and bidirectional characters as escapes, so that a text can't move the cursor or read backwards", () => {
    assert.equal(safe("\u001b[2Japproved"), "\\u001b[2Japproved");
    assert.equal(safe("a\rb"), "a\\u000db");
    assert.equal(safe("\u202eneved\u202c"), "\\u202eneved\\u202c");
    assert.equal(safe("v\u200bin"), "v\\u200bin");
  });

  it("keeps a text on its line, so that it can't pass for a line of the page", () => {
    assert.equal(safe("x\nPolicy     approved by everybody"), "x Policy     approved by everybody");
    assert.equal(table(["A"], [["x\ny"]]).split("\n").length, 2);
  });

  it("is a table of however many rows", () => {
    const rows = Array.from({ length: 200_000 }, (_, n) => [String(n)]);
    assert.equal(table(["A"], rows).split("\n").length, 200_001);
  });

  it("leaves plain text of any script as it is", () => {
    assert.equal(safe("Zoë 'E11%' 漢字"), "Zoë 'E11%' 漢字");
  });

  it("gives a spreadsheet no formula", () => {
    assert.equal(csv(["A"], [["=1+1"], ['say "hi", twice']]), 'A\r\n\'=1+1\r\n"say ""hi"", twice"\r\n');
  });

  it("nor where one begins behind another language's separator, a line's end or a space, or in wide letters", () => {
    const lines = (text: string) => csv(["A"], [[text]]).split("\r\n")[1];
    assert.equal(lines("x;=1+1"), "x;'=1+1");
    assert.equal(lines('x;@SUM("a",1)'), `"x;'@SUM(""a"",1)"`);
    assert.equal(lines("x| \u2003-1; +1"), "x| \u2003'-1; '+1");
    assert.equal(lines("\n=1"), " '=1");
    assert.equal(lines("\uff1d1+1"), "'\uff1d1+1");
    assert.equal(lines("\t=1"), "'\\u0009=1");
    assert.equal(lines("a=b; c-d (e+f)"), "a=b; c-d (e+f)");
  });
});
