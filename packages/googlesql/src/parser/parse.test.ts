import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LIMITS } from "../limits.ts";
import { print } from "../printer.ts";
import { canonical, refusal } from "../testing/parsed.ts";
import type { Expression, Query, Select } from "../tree.ts";
import { parse } from "./parse.ts";

function query(sql: string): Query {
  const [statement] = parse(sql).statements;
  assert.ok(statement?.kind === "QueryStatement");
  return statement.query;
}

function select(sql: string): Select {
  const { body } = query(sql);
  assert.ok(body.kind === "Select");
  return body;
}

function expression(sql: string): Expression {
  const [item] = select(`SELECT ${sql}`).items;
  assert.ok(item?.kind === "SelectExpression");
  return item.expression;
}

/** As printed, which shows how the tree is built: operators of different kinds get parentheses. */
const shape = (sql: string): string => print(expression(sql)).replaceAll("`", "");

describe("parse: operators", () => {
  it("keeps Google's precedence", () => {
    assert.equal(shape("a + b * c"), "a + (b * c)");
    assert.equal(shape("a || b + c"), "(a || b) + c");
    assert.equal(shape("a || b * c"), "a || (b * c)");
    assert.equal(shape("a | b ^ c & d << e + f"), "a | (b ^ (c & (d << (e + f))))");
    assert.equal(shape("a OR b AND c"), "a OR (b AND c)");
    assert.equal(shape("NOT a = b AND c"), "NOT a = b AND c");
    assert.equal(expression("NOT a = b").kind, "NotExpression");
    assert.equal(shape("-a.b[0] * c"), "-a.b[0] * c");
    assert.equal(shape("a BETWEEN b + 1 AND c AND d"), "a BETWEEN b + 1 AND c AND d");
    assert.equal(shape("a - b - c"), "a - b - c");
    assert.equal(shape("a - (b - c)"), "a - (b - c)");
    assert.equal(shape("a >> b << c"), "(a >> b) << c");
    assert.equal(shape("a <> b"), "a != b");
  });

  it("reads a chain of one operator as one node", () => {
    const chain = expression("a + b + c + d");
    assert.ok(chain.kind === "BinaryExpression");
    assert.equal(chain.operands.length, 4);
  });

  it("does not associate comparisons", () => {
    for (const sql of [
      "a = b = c",
      "a < b < c",
      "a IS NULL IS NULL",
      "a = b IS NULL",
      "a IN (b) IN (c)",
      "a LIKE b LIKE c",
      "a BETWEEN b AND c BETWEEN d AND e",
      "a = NOT b",
      "- NOT a",
      "a < > b",
      "a > > b",
    ]) {
      assert.equal(refusal(`SELECT ${sql}`).code, "syntax", sql);
    }
  });

  it("parts IN lists from IN queries as Google does", () => {
    assert.equal(shape("a IN ((SELECT 1))"), "a IN (SELECT 1)");
    assert.equal(shape("a IN ((SELECT 1), 2)"), "a IN ((SELECT 1), 2)");
    assert.equal(shape("a IN ((SELECT 1) UNION ALL (SELECT 2))"), "a IN ((SELECT 1) UNION ALL (SELECT 2))");
    assert.equal(shape("a LIKE ANY ((SELECT 1))"), "a LIKE ANY ((SELECT 1))");
    assert.equal(shape("a NOT LIKE SOME UNNEST(b)"), "a NOT LIKE ANY UNNEST(b)");
    assert.equal(refusal("SELECT a IN ()").code, "syntax");
  });
});

describe("parse: expressions", () => {
  it("reads literals", () => {
    assert.equal(shape("decimal '1'"), "NUMERIC '1'");
    assert.equal(shape("'a' /* x */ \"b\""), "'ab'");
    assert.equal(shape("0X1F"), "0x1f");
    assert.equal(shape("1."), "1.0");
    assert.equal(shape("range<date> '[a, b)'"), "RANGE<DATE> '[a, b)'");
    assert.equal(expression("`date` ").kind, "PathExpression");
    assert.equal(refusal("SELECT 'a''b'").code, "syntax");
    assert.equal(refusal("SELECT `NUMERIC` '1'").code, "syntax");
    assert.equal(refusal("SELECT 'a' b'c'").code, "syntax");
  });

  it("counts positional parameters from 0", () => {
    const call = expression("f(?, ?, @a)");
    assert.ok(call.kind === "FunctionCall");
    assert.deepEqual(
      call.arguments.map((argument) => (argument.kind === "Parameter" ? [argument.name, argument.position] : [])),
      [
        [null, 0],
        [null, 1],
        ["a", null],
      ],
    );
  });

  it("reads date parts only where a date part stands", () => {
    assert.equal(shape("DATE_TRUNC(d, month)"), "DATE_TRUNC(d, MONTH)");
    const call = expression("safe.date_diff(a, month, week(monday))");
    assert.ok(call.kind === "FunctionCall");
    assert.deepEqual(
      call.arguments.map(({ kind }) => kind),
      ["PathExpression", "PathExpression", "DatePart"],
    );
    assert.equal(
      shape("EXTRACT(WEEK(monday) FROM d AT TIME ZONE 'UTC')"),
      "EXTRACT(WEEK(MONDAY) FROM d AT TIME ZONE 'UTC')",
    );
    assert.equal(shape("INTERVAL '1-2' YEAR TO MONTH"), "INTERVAL '1-2' YEAR TO MONTH");
  });

  it("reads calls with all their modifiers", () => {
    const sql =
      "ARRAY_AGG(DISTINCT x IGNORE NULLS HAVING MAX y ORDER BY z DESC NULLS LAST LIMIT 3) " +
      "OVER (w PARTITION BY a, b ORDER BY c ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING)";
    assert.equal(shape(sql), sql);
    assert.equal(shape("f(a, b => 1, e -> e + 1, (x, y) -> x)"), "f(a, b => 1, (e) -> e + 1, (x, y) -> x)");
    assert.equal(shape("count(*) over w"), "count(*) OVER w");
    assert.equal(shape("if(a, left(b, 1), c)"), "IF(a, LEFT(b, 1), c)");
    assert.equal(expression("current_date").kind, "FunctionCall");
    assert.equal(expression("`current_date`").kind, "PathExpression");
  });

  it("reads structs, arrays, subqueries and WITH", () => {
    assert.equal(shape("struct<a int64, array<string(10)>>(1, [])"), "STRUCT<a INT64, ARRAY<STRING(10)>>(1, [])");
    assert.equal(shape("(1, 'a')"), "(1, 'a')");
    assert.equal(shape("((select 1) limit 1)"), "((SELECT 1) LIMIT 1)");
    assert.equal(shape("(((select 1)))"), "(SELECT 1)");
    assert.equal(shape("((select 1) + 1)"), "(SELECT 1) + 1");
    assert.equal(shape("array(select 1)[safe_offset(0)].a"), "(ARRAY(SELECT 1))[SAFE_OFFSET(0)].a");
    assert.equal(shape("a[`offset`(0)][(ordinal(1))]"), "a[OFFSET(0)][ORDINAL(1)]");
    assert.equal(shape("with(a as 1, b as a, a + b)"), "WITH(a AS 1, b AS a, a + b)");
    assert.equal(shape("(a.b).c"), "(a.b).c");
  });
});

describe("parse: queries", () => {
  it("takes keywords behind a dot, and quoted ones anywhere, for names", () => {
    assert.equal(
      print(parse("select a.from, `select` from `from`.`where`")),
      "SELECT `a`.`from`, `select` FROM `from`.`where`",
    );
    assert.equal(refusal("SELECT from FROM t").code, "syntax");
    assert.equal(refusal("SELECT 1 FROM select").code, "syntax");
  });

  it("reads table names in all their spellings", () => {
    const parts = (sql: string) => {
      const { from } = select(`SELECT 1 FROM ${sql}`);
      return from?.kind === "TablePath" ? from.parts.map(({ name }) => name) : assert.fail(sql);
    };
    assert.deepEqual(parts("my-project-1.d.t"), ["my-project-1", "d", "t"]);
    assert.deepEqual(parts("my-project.d.2024t"), ["my-project", "d", "2024t"]);
    assert.deepEqual(parts("`p.d.t`"), ["p.d.t"]);
    assert.deepEqual(parts("`p-1`.d.`t`"), ["p-1", "d", "t"]);
    for (const sql of [
      "my -project.d.t",
      "my- project.d.t",
      "`my`-project.d.t",
      "my--project.d.t\n-x",
      "p.d-1.t",
      "@t",
      "'t'",
    ]) {
      assert.equal(refusal(`SELECT 1 FROM ${sql}`).code, "syntax", sql);
    }
  });

  it("nests consecutive ON clauses", () => {
    assert.equal(
      canonical("SELECT 1 FROM a JOIN b LEFT JOIN c ON x USING (y)"),
      "SELECT 1 FROM a INNER JOIN (b LEFT JOIN c ON x) USING (y)",
    );
    assert.equal(canonical("SELECT 1 FROM a, b JOIN c ON x"), "SELECT 1 FROM a, b INNER JOIN c ON x");
    for (const from of [
      "a JOIN b ON x ON y",
      "a JOIN b, c JOIN d ON x ON y",
      "a, b RIGHT JOIN c ON x",
      "(a)",
      "(a, b)",
      "a CROSS JOIN b ON x",
    ]) {
      assert.equal(refusal(`SELECT 1 FROM ${from}`).code, "syntax", from);
    }
  });

  it("reads arrays in FROM", () => {
    assert.equal(
      canonical("SELECT 1 FROM t x, x.arr AS y WITH OFFSET z, UNNEST([1]) WITH OFFSET"),
      "SELECT 1 FROM t AS x, x.arr AS y WITH OFFSET AS z, UNNEST([1]) WITH OFFSET",
    );
  });

  it("reads every clause", () => {
    const sql =
      "WITH q AS (SELECT 1) SELECT DISTINCT AS STRUCT *, t.* EXCEPT (a) REPLACE (1 AS b), x AS y FROM q WHERE TRUE " +
      "GROUP BY a, 1, (), ROLLUP((a, b), (c)), CUBE((d)), GROUPING SETS ((), (a), ROLLUP((b))) HAVING h QUALIFY i " +
      "WINDOW w AS (ORDER BY j), v AS w ORDER BY 1 DESC, 2 ASC NULLS FIRST LIMIT CAST(@n AS INT64) OFFSET ?";
    assert.equal(canonical(sql), sql);
    assert.equal(canonical("select a, b, from t group by all"), "SELECT a, b FROM t GROUP BY ALL");
  });

  it("does not mix set operations", () => {
    assert.equal(
      canonical("SELECT 1 UNION ALL (SELECT 2 EXCEPT DISTINCT SELECT 3)"),
      "SELECT 1 UNION ALL (SELECT 2 EXCEPT DISTINCT SELECT 3)",
    );
    assert.equal(refusal("SELECT 1 UNION ALL SELECT 2 UNION DISTINCT SELECT 3").code, "syntax");
    assert.equal(refusal("SELECT 1 UNION SELECT 2").code, "syntax");
    assert.equal(refusal("SELECT 1 LIMIT 1 UNION ALL SELECT 2").code, "syntax");
  });

  it("gives every node its place", () => {
    const sql = "SELECT a , b + 1 FROM t";
    const [, second] = select(sql).items;
    assert.equal(sql.slice(second?.start, second?.end), "b + 1");
  });
});

describe("parse: what is refused", () => {
  const unsupported: Record<string, RegExp> = {
    "CREATE OR REPLACE TEMP CONSTANT c = 1": /CREATE OR REPLACE TEMP CONSTANT/,
    "EXPLAIN SELECT 1": /EXPLAIN/,
    "GRAPH g MATCH (a) RETURN a": /GRAPH/,
    "SELECT 1 FROM GRAPH_TABLE(g MATCH (a) RETURN a)": /GRAPH_TABLE/,
    "CREATE PROPERTY GRAPH g NODE TABLES (t)": /CREATE PROPERTY GRAPH/,
    "SELECT 1 @{h=1}": /hint/,
    "SELECT 1 FROM t TABLESAMPLE RESERVOIR (1 PERCENT)": /TABLESAMPLE/,
    "SELECT 1 FROM t FOR UPDATE": /FOR UPDATE/,
    "SET (@@time_zone, @@dataset_id) = ('UTC', 'x')": /SET of a system variable together with others/,
    "SET (a, @@time_zone) = (1, 'UTC')": /SET of a system variable together with others/,
  };
  for (const [sql, message] of Object.entries(unsupported)) {
    it(`as unsupported: ${sql}`, () => {
      const error = refusal(sql);
      assert.equal(error.code, "unsupported");
      assert.match(error.message, message);
    });
  }

  it("as syntax: whatever is left over", () => {
    for (const sql of [
      "",
      ";",
      "SELECT",
      "SELECT 1 2",
      "SELECT 1)",
      "(SELECT 1",
      "SELECT 1;;",
      "SELECT 1;; SELECT 2",
      "SELECT 1 WHERE",
      "SELECT *.*",
      "SELECT (a + b).c d e",
    ]) {
      assert.equal(refusal(sql).code, "syntax", sql);
    }
  });

  it("without a word of what the SQL holds (I9)", () => {
    for (const sql of [
      "SELECT 'Jane Doe' 'x' 1",
      "SELECT 123456789 987654321",
      "SELECT a FROM t WHERE n = Jane Doe Roe",
      "SELECT 1 `Jane` `Doe`",
    ]) {
      assert.doesNotMatch(refusal(sql).message, /Jane|Doe|Roe|\d{3}/, sql);
    }
  });
});

describe("parse: bounds (I10)", () => {
  const deep: Record<string, string> = {
    parentheses: `SELECT ${"(".repeat(10_000)}1${")".repeat(10_000)}`,
    "unclosed parentheses": `SELECT ${"(".repeat(10_000)}`,
    subqueries: `SELECT ${"(SELECT ".repeat(5_000)}1${")".repeat(5_000)}`,
    "subqueries in FROM": `SELECT 1 FROM ${"(SELECT 1 FROM ".repeat(5_000)}t${")".repeat(5_000)}`,
    "parentheses in FROM": `SELECT 1 FROM ${"(".repeat(10_000)}t`,
    calls: `SELECT ${"f(".repeat(10_000)}1${")".repeat(10_000)}`,
    arrays: `SELECT ${"[".repeat(10_000)}1${"]".repeat(10_000)}`,
    NOT: `SELECT ${"NOT ".repeat(10_000)}a`,
    minus: `SELECT ${"- ".repeat(10_000)}1`,
    types: `SELECT CAST(1 AS ${"ARRAY<".repeat(10_000)}INT64${">".repeat(10_000)})`,
    CASE: `SELECT ${"CASE WHEN a THEN ".repeat(10_000)}`,
    fields: `SELECT f()${".a".repeat(10_000)}`,
    subscripts: `SELECT a${"[0]".repeat(10_000)}`,
    "mixed operators": `SELECT 1${" + 1 - 1".repeat(10_000)}`,
    joins: `SELECT 1 FROM a${" JOIN b ON c".repeat(10_000)}`,
    "consecutive ON": `SELECT 1 FROM a${" JOIN b".repeat(10_000)}${" ON c".repeat(10_000)}`,
    casts: `SELECT 1 LIMIT ${"CAST(".repeat(10_000)}`,
  };
  for (const [what, sql] of Object.entries(deep)) {
    it(`refuses too deep ${what}`, () => assert.equal(refusal(sql).code, "limit"));
  }

  it("reads and prints long flat chains", () => {
    const terms = 100_000;
    for (const operator of [" AND ", "||", "+"]) {
      const tree = parse(`SELECT ${Array(terms).fill("a").join(operator)}`);
      assert.ok(print(tree).length > terms);
    }
    assert.ok(parse(`SELECT a IN (${Array(terms).fill("1").join(",")})`));
    assert.ok(parse(Array(10_000).fill("SELECT 1").join(" UNION ALL ")));
  });

  it("prints the deepest trees it reads", () => {
    const nested = Math.floor(LIMITS.nesting / 2) - 2;
    for (const sql of [
      `SELECT ${"f(".repeat(LIMITS.nesting - 2)}1${")".repeat(LIMITS.nesting - 2)}`,
      `SELECT ${"(SELECT ".repeat(nested)}1${")".repeat(nested)}`,
      `SELECT 1 FROM a${" JOIN b ON c".repeat(LIMITS.treeHeight - 10)}`,
      `SELECT a${"[0]".repeat(LIMITS.treeHeight - 10)}`,
    ]) {
      const printed = print(parse(sql));
      assert.equal(print(parse(printed)), printed);
    }
  });
});
