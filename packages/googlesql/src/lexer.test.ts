import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tokenize } from "./lexer.ts";
import { LIMITS } from "./limits.ts";
import { SqlError } from "./sql-error.ts";

const brief = (sql: string): string[] =>
  tokenize(sql)
    .slice(0, -1)
    .map(({ kind, text }) => `${kind}:${text}`);

function refusal(sql: string): SqlError {
  try {
    tokenize(sql);
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  assert.fail(`tokenize accepted ${JSON.stringify(sql)}`);
}

describe("tokenize", () => {
  it("ends every text with one end token", () => {
    assert.deepEqual(
      tokenize("").map(({ kind }) => kind),
      ["end"],
    );
  });

  it("reads Google's whitespace and no other", () => {
    const spaces = "\n\r\t\b\f\v\u00a0\u2000\u2001\u2005\u200a\u202f\u205f\u3000";
    assert.deepEqual(brief(`a${spaces}b`), ["name:a", "name:b"]);
    for (const other of ["\ufeff", "\u200b", "\u180e", "\u1680", "\u0085", "\u2028", "\u2029", "\0", "\u200f"]) {
      assert.equal(refusal(`a${other}b`).code, "syntax", `U+${other.charCodeAt(0).toString(16)}`);
    }
  });

  it("does not nest block comments", () => {
    assert.deepEqual(brief("1 /* /* */ , ssn -- */"), ["integer:1", "symbol:,", "name:ssn"]);
    assert.deepEqual(brief("/*/ x */ y /***/ z /* * / **/"), ["name:y", "name:z"]);
    assert.match(refusal("a /* b").message, /Unclosed comment/);
    assert.match(refusal("a /*/").message, /Unclosed comment/);
  });

  it("ends a line comment at LF, at a lone CR, and at no other line separator", () => {
    assert.deepEqual(brief("a -- x\nb # y\rc --z\r\nd"), ["name:a", "name:b", "name:c", "name:d"]);
    assert.deepEqual(brief("a -- x\u2028b\u0085c"), ["name:a"]);
    assert.deepEqual(brief("a---1"), ["name:a"]);
    assert.deepEqual(brief("/* -- */ a"), ["name:a"]);
    assert.deepEqual(brief("-- /*\na"), ["name:a"]);
  });

  it("takes double quotes for strings and backquotes for identifiers", () => {
    assert.deepEqual(brief("\"a\" 'b' `c` `a b`"), ["string:a", "string:b", "quoted:c", "quoted:a b"]);
  });

  it("reads every form of string and bytes literal", () => {
    assert.deepEqual(brief(`r'a\\n' R"b" '''a'b''' """a"b\n"c""" r'''\\''''`), [
      "string:a\\n",
      "string:b",
      "string:a'b",
      'string:a"b\n"c',
      "string:\\'",
    ]);
    assert.deepEqual(brief("b'é' rb'\\x' BR\"y\" b'\\xff\\377'"), [
      "bytes:\u00c3\u00a9",
      "bytes:\\x",
      "bytes:y",
      "bytes:\u00ff\u00ff",
    ]);
    assert.deepEqual(brief(`'' "" """""" b''`), ["string:", "string:", "string:", "bytes:"]);
  });

  it("finds the end of a string where a lexer without escapes would not", () => {
    assert.deepEqual(brief("'a\\' -- ' , x"), ["string:a' -- ", "symbol:,", "name:x"]);
    assert.deepEqual(brief("'a\\\\' -- ' , x"), ["string:a\\"]);
    assert.deepEqual(brief("'/*' x '*/'"), ["string:/*", "name:x", "string:*/"]);
  });

  it("decodes escapes, and refuses those that are none", () => {
    const decoded = "string:\x07\b\f\n\r\t\v\\?\"'`AAé\u{1f600}";
    assert.deepEqual(brief(String.raw`'\a\b\f\n\r\t\v\\\?\"\'\`\x41\101\u00e9\U0001f600'`), [decoded]);
    const illegal = [
      "\\q",
      "\\8",
      "\\12",
      "\\4",
      "\\x4",
      "\\xg0",
      "\\u12",
      "\\ud800",
      "\\U00110000",
      "\\U0000dfff",
      "\\",
    ];
    for (const sequence of illegal) assert.equal(refusal(`'${sequence}'`).code, "syntax", sequence);
    assert.equal(refusal("b'\\u0041'").code, "syntax");
    assert.equal(refusal("'a\\\nb'").code, "syntax");
    assert.equal(refusal("'''a\\\nb'''").code, "syntax");
  });

  it("reads line breaks inside triple quotes as LF and refuses them elsewhere", () => {
    assert.deepEqual(brief("'''a\r\nb\rc\nd'''"), ["string:a\nb\nc\nd"]);
    for (const sql of ["'a\nb'", '"a\rb"', "`a\nb`", "r'a\nb'", "'a", '"a', "`a", "'''a''", "r'a\\'"]) {
      assert.match(refusal(sql).message, /Unclosed/, sql);
    }
  });

  it("reads numbers", () => {
    assert.deepEqual(brief("1 0x1F 1. 1.5 .5 1e10 1.e-3 .5E+2"), [
      "integer:1",
      "integer:0x1F",
      "float:1.",
      "float:1.5",
      "float:.5",
      "float:1e10",
      "float:1.e-3",
      "float:.5E+2",
    ]);
    for (const sql of ["123abc", "1e", "1.5x", "0x0g", "1e5_", ".5m"]) {
      assert.match(refusal(sql).message, /whitespace between literal and alias/, sql);
    }
  });

  it("reads digits behind the dot of a path as a name", () => {
    assert.deepEqual(brief("a.1b"), ["name:a", "symbol:.", "name:1b"]);
    assert.deepEqual(brief("t.2. z"), ["name:t", "symbol:.", "name:2", "symbol:.", "name:z"]);
    assert.deepEqual(brief("f().1e2"), ["name:f", "symbol:(", "symbol:)", "symbol:.", "name:1e2"]);
    assert.equal(tokenize("a.FROM")[2]?.keyword, "");
    assert.equal(tokenize("FROM")[0]?.keyword, "FROM");
  });

  it("takes ASCII identifiers only", () => {
    for (const sql of ["ſsn", "naïve", "ѕsn", "a\u0301", "ａ"]) assert.equal(refusal(sql).code, "syntax", sql);
    assert.deepEqual(brief("`naïve`"), ["quoted:naïve"]);
    assert.match(refusal("``").message, /empty identifier/);
  });

  it("refuses text that was damaged on its way", () => {
    for (const sql of ["'\ufffd'", "'\ud800'", "'\0'", "-- \udc00"]) assert.equal(refusal(sql).code, "syntax");
  });

  it("says where, and never what a literal holds (I9)", () => {
    const error = refusal("SELECT 1,\r\n  'secret\\q'");
    assert.deepEqual([error.line, error.column], [2, 10]);
    assert.doesNotMatch(error.message, /secret/);
  });

  it("is bounded (I10)", () => {
    assert.equal(refusal(" ".repeat(LIMITS.sqlLength + 1)).code, "limit");
    assert.equal(refusal(",".repeat(LIMITS.tokens + 1)).code, "limit");
  });
});
