import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "./parser/parse.ts";
import { print } from "./printer.ts";
import { SqlError } from "./sql-error.ts";

/** What a text reads as, printed; or the code and message of its refusal. */
function read(sql: string): string {
  try {
    return print(parse(sql));
  } catch (error) {
    if (error instanceof SqlError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/**
 * Texts that two readers could take for two things, as Google's lexer takes them
 * (https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical): what an agent hides here would run unseen.
 */
const READ: Readonly<Record<string, readonly (readonly [sql: string, canonical: string])[]>> = {
  "comments end where Google ends them": [
    ["SELECT 1 /* /* */, ssn /* */ FROM t", "SELECT 1, `ssn` FROM `t`"],
    ["SELECT 1 /**/, ssn FROM t", "SELECT 1, `ssn` FROM `t`"],
    ["SELECT 1 /*/ , ssn /*/ FROM t", "SELECT 1 FROM `t`"],
    ["SELECT 1 /***/, 2", "SELECT 1, 2"],
    ["SELECT 1 -- a\r, ssn FROM t", "SELECT 1, `ssn` FROM `t`"],
    ["SELECT 1 # a\r\n, ssn FROM t", "SELECT 1, `ssn` FROM `t`"],
    ["SELECT 1 -- a\u2028, ssn\u2029, x\u0085, y\v, z", "SELECT 1"],
    ["SELECT 1 --/*\n, 2 --*/", "SELECT 1, 2"],
    ["SELECT 1 /*--*/, 2", "SELECT 1, 2"],
    ["SELECT 1--2\n", "SELECT 1"],
    ["SELECT 4/*x*//2", "SELECT 4 / 2"],
    ["SELECT '--', '/*', '#' -- '*/'", "SELECT '--', '/*', '#'"],
    ["SELECT `--`, `/*` FROM `#`", "SELECT `--`, `/*` FROM `#`"],
  ],
  "spaces are Google's": [
    ["SELECT\u00a01\u2003,\u3000ssn\u202fFROM\u205ft", "SELECT 1, `ssn` FROM `t`"],
    ["SELECT\b1\f,\v2", "SELECT 1, 2"],
    ["SELECT '\u200b\ufeff\u202e'", "SELECT '\\u200b\\ufeff\\u202e'"],
  ],
  "strings end at the quote that ends them": [
    [`SELECT 'a\\' , ssn FROM t --', 1`, "SELECT 'a\\u0027 , ssn FROM t --', 1"],
    [`SELECT 'a\\\\', ssn FROM t --'`, "SELECT 'a\\\\', `ssn` FROM `t`"],
    [`SELECT r'a\\', ssn FROM t --', 1`, "SELECT 'a\\\\\\u0027, ssn FROM t --', 1"],
    [`SELECT r"\\"", 1`, "SELECT '\\\\\\u0022', 1"],
    [`SELECT '''a''b'c''', 1`, "SELECT 'a\\u0027\\u0027b\\u0027c', 1"],
    [`SELECT '''a\\'''', 1`, "SELECT 'a\\u0027', 1"],
    [`SELECT """a"b""c\n""", 1`, "SELECT 'a\\u0022b\\u0022\\u0022c\\n', 1"],
    [`SELECT '' , "", '''''' , """"""`, "SELECT '', '', '', ''"],
    [`SELECT 'a"b', "a'b"`, "SELECT 'a\\u0022b', 'a\\u0027b'"],
    ["SELECT '''a\r\nb\rc'''", "SELECT 'a\\nb\\nc'"],
    [`SELECT rb'\\x', Rb"\\'", bR'''\\\\'''`, "SELECT b'\\\\x', b'\\\\\\x27', b'\\\\\\\\'"],
    [`SELECT 'a' "b" /* c */ r'\\d'`, "SELECT 'ab\\\\d'"],
    [`SELECT b'a' b"b"`, "SELECT b'ab'"],
  ],
  "escapes are decoded once, everywhere": [
    [String.raw`SELECT '\x41\u0042\U00000043\104'`, "SELECT 'ABCD'"],
    [String.raw`SELECT '\X41\x2c'`, "SELECT 'A,'"],
    [String.raw`SELECT b'\xff\377\000'`, "SELECT b'\\xff\\xff\\x00'"],
    [String.raw`SELECT r'\x41', b'é'`, "SELECT '\\\\x41', b'\\xc3\\xa9'"],
    ["SELECT `\\x73sn`, `a\\`b` FROM `t\\u002du`", "SELECT `ssn`, `a\\u0060b` FROM `t-u`"],
  ],
  "numbers end where Google ends them": [
    ["SELECT 1., .5, 1.e3, .5e-1, 1E+2, 0XfF", "SELECT 1.0, 0.5, 1.0e3, 0.5e-1, 1e+2, 0xff"],
    ["SELECT 1.m", "SELECT 1.0 AS `m`"],
    ["SELECT t.1b, t.2.3 FROM t", "SELECT `t`.`1b`, `t`.`2`.`3` FROM `t`"],
    ["SELECT t.1e5, t.0x1F FROM t", "SELECT `t`.`1e5`, `t`.`0x1F` FROM `t`"],
    ["SELECT (a).1b, a[0].2 FROM t", "SELECT (`a`).`1b`, `a`[0].`2` FROM `t`"],
    ["SELECT a .5", "SELECT `a`.`5`"],
  ],
  "names are names behind a dot, an @ and in backquotes": [
    ["SELECT t.select, t.from FROM t", "SELECT `t`.`select`, `t`.`from` FROM `t`"],
    // No quote doubles in GoogleSQL: these are two names.
    ["SELECT `a``b`, `a`b", "SELECT `a` AS `b`, `a` AS `b`"],
    ["SELECT @select, @@a.b", "SELECT @select, @@a.b"],
    ["SELECT 1 AS `select`, 2 offset", "SELECT 1 AS `select`, 2 AS `offset`"],
    ["SELECT `a.b`, a.b FROM `p.d.t`", "SELECT `a.b`, `a`.`b` FROM `p.d.t`"],
  ],
  "a hint is left out, whatever it says": [
    ["SELECT @{a=1} 1", "SELECT 1"], ["@{a=1} SELECT 1", "SELECT 1"], ["@5 SELECT 1", "SELECT 1"], ["SELECT 1 FROM t @{a=1}", "SELECT 1 FROM `t`"],
    ["SELECT 1 FROM t @{a.b='; DROP TABLE t', c=d, e=TRUE, f=1.5} AS u", "SELECT 1 FROM `t` AS `u`"],
    ["SELECT 1 FROM t JOIN @{a=1} u ON TRUE", "SELECT 1 FROM `t` INNER JOIN `u` ON TRUE"],
    ["SELECT 1 FROM t GROUP @{a=1} BY ALL", "SELECT 1 FROM `t` GROUP BY ALL"], ["SELECT 1 UNION @{} ALL SELECT 2", "SELECT 1 UNION ALL SELECT 2"],
  ],
}; // biome-ignore format: a trap a line

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  "an unclosed comment, string or name": [
    "SELECT 1 /*", "SELECT 1 /* *", "SELECT 1 /*/", "SELECT 'a", 'SELECT "a', "SELECT `a", "SELECT '''a''", "SELECT r'a\\'",
    "SELECT 'a\nb'", "SELECT \"a\rb\"", "SELECT `a\nb`", "SELECT r'a\nb'", "SELECT b'a\nb'", "SELECT '\\'", "SELECT ''''", "SELECT '''''",
  ],
  "a character that is no space and no token": [
    ..."\0\u0085\u1680\u180e\u200b\u200c\u200d\u200e\u2028\u2029\u2060\ufeff\ufffd\ud800é\u0301！（１＇;%!\\$\u001c\u001f\u007f".split("")
      .filter((c) => c !== ";").map((c) => `SELECT 1${c}, ssn FROM t`),
    "\ufeffSELECT 1", "SELECT 1\0", "SELECT ſsn FROM t", "SELECT \u212aelvin FROM t", "SELECT ’a’",
  ],
  "an escape that is none": [
    ...["\\q", "\\e", "\\x4", "\\xg1", "\\u41", "\\u004g", "\\ud83d", "\\ud83d\\ude00", "\\U0001f60", "\\U00110000", "\\08", "\\18", "\\400", "\\9", "\\N", "\\ "]
      .flatMap((bad) => [`SELECT '${bad}'`, `SELECT """${bad}"""`, `SELECT \`${bad}\``]),
    "SELECT b'\\u0041'", "SELECT b'\\U00000041'", "SELECT 'a\\\nb'", "SELECT '''a\\\nb'''",
  ],
  "a number that runs into a name": ["SELECT 1_000", "SELECT 123abc", "SELECT 1e", "SELECT 1e5x", "SELECT 0x", "SELECT 0xg", "SELECT .5m", "SELECT 1.5e3.2x", "SELECT 1.0x1"],
  "literals side by side that are not one": ["SELECT 'a''b'", "SELECT 'a'\"b\"", "SELECT 'a' b'b'", "SELECT b'a' 'b'", "SELECT DATE 'a''b'"],
  "a name too many, and an empty one": ["SELECT ``", "SELECT `a` `b` `c`"],
  "a keyword as a name": ["SELECT 1 AS select", "SELECT 1 from", "SELECT select FROM t", "WITH from AS (SELECT 1) SELECT 1", "SELECT 1 AS qualify"],
  "a hint that is none, or where none can stand": ["SELECT @{a} 1", "SELECT @{a=1", "SELECT @{a=1,} 1", "SELECT @{a=(SELECT ssn FROM t)} 1", "SELECT @{a=f(1)} 1", "SELECT @{a=@b} 1", "SELECT 1 @{a=1}", "SELECT 1 + @{a=1} 2", "SELECT @1", "SELECT @@{a=1} 1", "SELECT 1 FROM t |> @{a=1} WHERE TRUE", "SELECT 1 FROM t AS u @{a=1}"],
  "macros": ["SELECT $x", "SELECT $1", "DEFINE MACRO m 1"],
}; // biome-ignore format: a kind of trap a line

describe("lexical traps", () => {
  for (const [what, traps] of Object.entries(READ)) {
    it(what, () => {
      for (const [sql, canonical] of traps) assert.equal(read(sql), canonical, JSON.stringify(sql));
    });
  }

  for (const [what, traps] of Object.entries(REFUSED)) {
    it(`refuses ${what}`, () => {
      for (const sql of traps) assert.match(read(sql), /^(?:syntax|unsupported): /, JSON.stringify(sql));
    });
  }
});
