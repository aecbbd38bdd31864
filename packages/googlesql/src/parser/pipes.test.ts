import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LIMITS } from "../limits.ts";
import { print } from "../printer.ts";
import { canonical, refusal, stable } from "../testing/parsed.ts";
import { parse } from "./parse.ts";

describe("pipe syntax", () => {
  it("reads every operator", () => {
    for (const operator of [
      "SELECT a, b.* EXCEPT (c), SUM(d) OVER w AS e WINDOW w AS (ORDER BY f)",
      "SELECT DISTINCT AS STRUCT *",
      "EXTEND a + 1 AS b, c.*",
      "SET a = b, c = 1",
      "DROP a, b",
      "RENAME a AS b, c AS d",
      "AS t",
      "WHERE a = 1",
      "LIMIT 10 OFFSET 5",
      "AGGREGATE COUNT(*) AS n DESC, s.* GROUP BY a AS b, ROLLUP((c), (d))",
      "AGGREGATE GROUP AND ORDER BY a DESC NULLS LAST",
      "AGGREGATE SUM(a) GROUP BY ALL",
      "AGGREGATE WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1) COUNT(*)",
      "DISTINCT",
      "ORDER BY a COLLATE 'und:ci' DESC, b",
      "UNION ALL BY NAME (SELECT 1), (FROM u)",
      "FULL EXCEPT DISTINCT CORRESPONDING BY (a, b) (SELECT 1)",
      "RECURSIVE UNION ALL (|> EXTEND a + 1 AS b) AS r",
      "RECURSIVE UNION DISTINCT WITH DEPTH AS d MAX 5 (SELECT 1)",
      "LEFT JOIN u USING (a)",
      "CROSS JOIN (u INNER JOIN v ON a)",
      "CALL f(TABLE u, a => 1) AS r",
      "WINDOW SUM(a) OVER (PARTITION BY b) AS c",
      "TABLESAMPLE SYSTEM (0.5 PERCENT)",
      "PIVOT(SUM(a) AS s FOR b IN (1 AS x, 2)) AS p",
      "UNPIVOT INCLUDE NULLS ((a, b) FOR c IN ((d, e) AS 'x')) AS u",
      "MATCH_RECOGNIZE(ORDER BY a MEASURES MAX(b) AS m PATTERN (x y+) DEFINE x AS TRUE) AS r",
      "WITH q AS (FROM u), r AS (SELECT 1)",
      "ASSERT a, 'b', c",
      "LOG",
      "LOG (|> WHERE a)",
      "IF a THEN () ELSEIF b THEN (|> DISTINCT) ELSE (|> AS x)",
      "FORK (), (|> SELECT 1)",
      "TEE",
      "TEE (|> WHERE a |> DISTINCT)",
    ]) {
      stable(`FROM t |> ${operator}`);
      stable(`SELECT 1 |> ${operator} |> WHERE TRUE`);
    }
  });

  it("stands behind any query, and applies to all of it", () => {
    stable("WITH q AS (FROM t) FROM q |> DISTINCT");
    stable("SELECT 1 UNION ALL SELECT 2 ORDER BY 1 LIMIT 1 |> WHERE TRUE");
    stable("(SELECT 1 |> WHERE TRUE) UNION ALL (FROM t)");
    stable("SELECT (FROM t |> SELECT a), EXISTS(FROM t), a IN (FROM t |> SELECT b) FROM (FROM t |> DROP a) AS u");
    assert.equal(canonical("((FROM t))"), "FROM t");
  });

  it("takes one comma too many where an operator ends, and prints none", () => {
    assert.equal(
      canonical("FROM t |> SELECT a, |> EXTEND b, |> AGGREGATE c, GROUP BY d, |> ORDER BY e,"),
      "FROM t |> SELECT a |> EXTEND b |> AGGREGATE c GROUP BY d |> ORDER BY e",
    );
  });

  it("refuses what is not an operator, or goes on behind one", () => {
    for (const sql of [
      "FROM t |>",
      "FROM t |> a",
      "FROM t |> SELECT a FROM u",
      "FROM t |> WHERE a WHERE b",
      "FROM t |> JOIN u JOIN v",
      "FROM t |> GROUP BY a",
      "FROM t |> AGGREGATE *",
      "FROM t |> EXTEND *",
      "FROM t |> DROP",
      "FROM t |> SET a.b = 1",
      "FROM t |> UNION ALL SELECT 1",
      "FROM t |> CROSS JOIN u ON a",
      "FROM t |> RECURSIVE EXCEPT DISTINCT (SELECT 1)",
      "FROM t SELECT a",
      "SELECT 1 UNION ALL FROM t",
    ]) {
      assert.equal(refusal(sql).code, "syntax", sql);
    }
    assert.match(refusal("FROM t |> STATIC_DESCRIBE").message, /STATIC_DESCRIBE/);
  });
});

describe("table operators", () => {
  it("reads PIVOT, UNPIVOT, TABLESAMPLE and MATCH_RECOGNIZE behind a table", () => {
    stable("SELECT * FROM t AS a PIVOT(SUM(x) FOR y IN ('b' AS c, 'd')) AS p WHERE c > 1");
    stable("SELECT * FROM (SELECT 1) UNPIVOT EXCLUDE NULLS (v FOR n IN (a AS 1, b, c.d)) AS u, w");
    stable(
      "SELECT * FROM t TABLESAMPLE SYSTEM (10 PERCENT) INNER JOIN (a INNER JOIN b ON c) TABLESAMPLE SYSTEM (@p PERCENT) ON d",
    );
    assert.equal(
      canonical("SELECT * FROM t UNPIVOT((a) FOR b IN ((c) 'x'))"),
      "SELECT * FROM t UNPIVOT(a FOR b IN (c AS 'x'))",
    );
    assert.equal(canonical("SELECT pivot FROM t pivot, unpivot"), "SELECT pivot FROM t AS pivot, unpivot");
    stable("SELECT * FROM t PIVOT(SUM(x) FOR (y IN (1)) IN (TRUE))");
  });

  it("reads row patterns as their signs bind", () => {
    const pattern = (text: string): string =>
      /PATTERN \((.*)\) DEFINE/.exec(
        canonical(
          `SELECT * FROM t MATCH_RECOGNIZE(PARTITION BY p ORDER BY o MEASURES m AS n AFTER MATCH SKIP TO NEXT ROW PATTERN (${text}) DEFINE a AS b, c AS d OPTIONS (x = TRUE))`,
        ),
      )?.[1] ?? "";
    for (const text of [
      "",
      "a",
      "a b | c",
      "(a | b) c",
      "(a b)+?",
      "(a+)?",
      "a??",
      "a{2} b{1, 3}? c{, @n}",
      "^ a $",
      "a | () | b",
    ]) {
      assert.equal(pattern(text), text);
    }
    assert.equal(pattern("a || b"), "a | () | b");
    assert.equal(pattern("((a)) ((b c))"), "a (b c)");
    assert.equal(pattern("(()?)?"), "(()?)?");
  });
});

describe("queries", () => {
  it("reads recursion and its depth", () => {
    stable("WITH RECURSIVE a AS (SELECT 1) WITH DEPTH AS d BETWEEN 1 AND 5, b AS (FROM a) WITH DEPTH SELECT 1");
    assert.equal(
      canonical("WITH RECURSIVE a AS (SELECT 1) WITH DEPTH BETWEEN UNBOUNDED AND 5 SELECT 1"),
      "WITH RECURSIVE a AS (SELECT 1) WITH DEPTH MAX 5 SELECT 1",
    );
    assert.equal(refusal("WITH a AS (SELECT 1) WITH DEPTH SELECT 1").code, "syntax");
  });

  it("reads set operations that match columns by name", () => {
    stable("SELECT 1 AS a LEFT UNION ALL BY NAME ON (a) SELECT 2 AS a");
    stable("SELECT * FROM t FULL UNION ALL BY NAME SELECT * FROM u FULL UNION ALL BY NAME SELECT 1");
    stable("SELECT 1 INTERSECT DISTINCT STRICT CORRESPONDING BY (a) SELECT 2");
    assert.equal(
      canonical("SELECT * FROM t FULL OUTER UNION ALL BY NAME SELECT 1"),
      "SELECT * FROM t FULL UNION ALL BY NAME SELECT 1",
    );
    assert.equal(refusal("SELECT 1 UNION ALL BY NAME SELECT 2 UNION ALL SELECT 3").code, "syntax");
    assert.equal(refusal("SELECT 1 FULL UNION ALL SELECT 2").code, "unsupported");
  });

  it("reads chained calls, whose first argument stands before the dot", () => {
    stable("SELECT f(x).g(1).h()");
    stable("SELECT (a).f(), (a.b).(safe.substr)(1), ('x').if(1), (1 + 2).abs().c");
    assert.equal(canonical("SELECT a.b.f()"), "SELECT a.b.f()");
    assert.equal(canonical("SELECT 'x'.left(1)"), "SELECT ('x').left(1)");
    for (const sql of ["SELECT 1 .f()", "SELECT (a).f()()", "SELECT (a).f(*)"])
      assert.equal(refusal(sql).code, "syntax", sql);
  });

  it("reads differential privacy", () => {
    stable(
      "SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 10, delta = 0.1) COUNT(*, contribution_bounds_per_group => (0, 10))",
    );
    stable("SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50) DISTINCT a FROM t GROUP BY a");
    assert.equal(refusal("SELECT WITH something a").code, "unsupported");
  });
});

describe("bounds (I10)", () => {
  const deep: Record<string, string> = {
    "pipes in pipes": `FROM t ${"|> TEE (".repeat(5_000)}`,
    "queries in pipes": `FROM t ${"|> UNION ALL (FROM t ".repeat(5_000)}`,
    "row patterns": `SELECT * FROM t MATCH_RECOGNIZE(ORDER BY a MEASURES b AS c PATTERN (${"(".repeat(5_000)}`,
    "chained calls": `SELECT f()${".g()".repeat(10_000)}`,
    samples: `SELECT 1 FROM t${" TABLESAMPLE SYSTEM (1 PERCENT)".repeat(10_000)}`,
    "FROM queries": `${"FROM (".repeat(5_000)}t`,
  };
  for (const [what, sql] of Object.entries(deep)) {
    it(`refuses too deep ${what}`, () => assert.equal(refusal(sql).code, "limit"));
  }

  it("reads and prints long flat chains", () => {
    const long = `FROM t${" |> WHERE a".repeat(50_000)}`;
    assert.equal(canonical(long), long);
  });

  it("prints the deepest chains it reads so that they read again", () => {
    for (const sql of [
      `SELECT f()${".g()".repeat(LIMITS.treeHeight - 10)}`,
      `FROM t ${"|> TEE (".repeat(LIMITS.nesting - 3)}${")".repeat(LIMITS.nesting - 3)}`,
    ]) {
      const printed = print(parse(sql));
      assert.equal(print(parse(printed)), printed);
    }
  });
});
