import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "./parser/parse.ts";
import { print, printBoth, redact } from "./printer.ts";
import { tableNameParts } from "./table-name.ts";
import type { TablePath } from "./tree.ts";

const canonical = (sql: string): string => print(parse(sql));

describe("print", () => {
  it("leaves nothing of comments, case, spacing and redundant parentheses", () => {
    assert.equal(
      canonical("select /* a */ ((a)) as `b` -- c\n,\td from\r`p`.q # e"),
      "SELECT `a` AS `b`, `d` FROM `p`.`q`",
    );
  });

  it("shows what a hidden comment trick really selects", () => {
    assert.equal(canonical("SELECT 1 /* /* */ , ssn FROM p -- */"), "SELECT 1, `ssn` FROM `p`");
    assert.equal(canonical("SELECT 1 -- x\r, ssn FROM p"), "SELECT 1, `ssn` FROM `p`");
    assert.equal(canonical("SELECT 1 -- x\u2028, ssn FROM p"), "SELECT 1");
  });

  it("prints strings that no lexer can read otherwise", () => {
    const printed = canonical("SELECT '''it's \"a\" `b` \\\\ -- /* # ; é 😀 \u202e\n'''");
    assert.equal(
      printed,
      "SELECT 'it\\u0027s \\u0022a\\u0022 \\u0060b\\u0060 \\\\ -- /* # ; \\u00e9 \\U0001f600 \\u202e\\n'",
    );
    assert.match(printed, /^[\x20-\x7e]*$/);
    assert.equal(printed.split("'").length, 3);
    assert.equal(canonical("SELECT b'\\x00\\xff\\'a'"), "SELECT b'\\x00\\xff\\x27a'");
    assert.equal(canonical("SELECT `a\\`b é`"), "SELECT `a\\u0060b \\u00e9`");
  });

  it("never prints a comment out of two minus signs", () => {
    assert.equal(canonical("SELECT - -1, 1 - -1, - - -1"), "SELECT -(-1), 1 - -1, -(-(-1))");
  });

  it("keeps built-in functions unquoted and quotes what could be read as syntax", () => {
    assert.equal(canonical("SELECT `if`(a, b, c)"), "SELECT IF(`a`, `b`, `c`)");
    assert.equal(canonical("SELECT `safe_cast`(a)"), "SELECT `safe_cast`(`a`)");
    assert.equal(canonical("SELECT `select`(a), d.`my f`(1)"), "SELECT `select`(`a`), d.`my f`(1)");
    assert.equal(canonical("FROM `if`(1)"), "FROM `if`(1)");
    for (const sql of ["FROM f(`columns`(1), `descriptor`())", "SELECT WITH AGGREGATION_THRESHOLD `options`(1)"]) {
      assert.equal(canonical(sql), sql);
    }
    assert.equal(canonical("SELECT SAFE.SUBSTR(a, 1)"), "SELECT SAFE.SUBSTR(`a`, 1)");
  });

  it("puts full names in the place of table paths", () => {
    const sql = print(parse("SELECT x FROM t AS u JOIN `d`.`v` USING (x)"), {
      tablePath: ({ parts }) => (parts.length === 1 ? ["p-1", "d", "t"] : undefined),
    });
    assert.equal(sql, "SELECT `x` FROM `p-1`.`d`.`t` AS `u` INNER JOIN `d`.`v` USING (`x`)");
  });

  it("puts other text in the place of literals, counted in print order", () => {
    const sql = print(parse("SELECT 'a', NULL, TRUE, DATE 'b' LIMIT 5"), {
      literal: (node, index) => (node.kind === "TypedLiteral" ? undefined : `<${index}>`),
    });
    assert.equal(sql, "SELECT <0>, NULL, TRUE, DATE 'b' LIMIT <2>");
  });
});

describe("redact", () => {
  it("takes every literal's value apart", () => {
    const tree = parse(
      "SELECT 'x', 1.5, b'a', DATE '2020-01-01', NULL, INTERVAL 3 DAY, RANGE<DATE> '[a, b)', x[0], CAST(a AS STRING(10)) FROM t WHERE ssn IN ('123-45-6789', \"é\") ORDER BY 1 LIMIT 7",
    );
    const { sql, literals } = redact(tree);
    assert.equal(
      sql,
      "SELECT ⟨1⟩, ⟨2⟩, ⟨3⟩, DATE ⟨4⟩, NULL, INTERVAL ⟨5⟩ DAY, RANGE<DATE> ⟨6⟩, `x`[⟨7⟩], CAST(`a` AS STRING(⟨8⟩)) FROM `t` WHERE `ssn` IN (⟨9⟩, ⟨10⟩) ORDER BY ⟨11⟩ LIMIT ⟨12⟩",
    );
    const whole = sql.replace(/⟨(\d+)⟩/g, (_, index) => literals[Number(index) - 1] ?? "");
    assert.equal(whole, print(tree));
  });
});

describe("printBoth", () => {
  it("gives what print and redact give, also where literals are read in another order than they are printed", () => {
    const tablePath = ({ parts }: TablePath) => (parts.length === 1 ? ["p-1", "d", "t\0"] : undefined);
    for (const sql of [
      "SELECT 1",
      "SELECT ('a\\000').CONCAT('b', x[2]).SUBSTR(3) FROM t AS u JOIN d.v USING (x) WHERE `0\\0000` = '⟨1⟩' LIMIT 4",
      "WITH c AS (SELECT 'é' FROM t FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01') SELECT * FROM c, t, UNNEST([5, 6]) WITH OFFSET",
      "INSERT INTO t (a) VALUES (1), (DEFAULT); DELETE FROM t WHERE a IN ('b', r'c\\d') AND EXISTS(SELECT 7 FROM e.t)",
    ]) {
      const tree = parse(sql);
      assert.deepEqual(printBoth(tree, tablePath), { sql: print(tree, { tablePath }), redacted: redact(tree) });
    }
  });
});

describe("tableNameParts", () => {
  it("reads the dots inside backquotes", () => {
    const parts = (...names: string[]) =>
      tableNameParts(names.map((name) => ({ kind: "Identifier", name, start: 0, end: 0 })));
    assert.deepEqual(parts("p.d.t"), ["p", "d", "t"]);
    assert.deepEqual(parts("p.d", "t"), ["p", "d", "t"]);
    assert.deepEqual(parts("example.com:p.d.t"), ["example.com:p", "d", "t"]);
    assert.deepEqual(parts("t"), ["t"]);
  });
});
