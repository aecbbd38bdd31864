import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refusalOf, results, scriptOf, steps } from "./testing/clinic.ts";
import { scriptTable } from "./testing/flow-tables.ts";

const SSN = "(SELECT ssn FROM patients LIMIT 1)";

const GUESS = `${SSN} = '1'`;

describe("writes in a script", () => {
  test("what decided the rows of the target decides what is made of them", () => {
    assert.deepEqual(
      steps("INSERT INTO pair (a) SELECT name FROM patients WHERE state = 'x'; UPDATE pair SET b = a WHERE TRUE")[1],
      "UPDATE pair.a: output, name: output, state: predicate | update pair b = pair.a name",
    );
    const [, plan] = scriptOf(
      "INSERT INTO pair (a) SELECT name FROM patients WHERE state = 'x'; UPDATE pair SET b = a WHERE TRUE",
    ).statements;
    assert.deepEqual(plan?.writes[0]?.columns[0]?.implicit, ["clinic.ehr.patients.state"]);
  });

  const cases: readonly (readonly [string, ...string[]])[] = [
    [
      `IF ${GUESS} THEN INSERT INTO pair VALUES ('a', 'b'); END IF`,
      "SELECT ssn: predicate",
      "INSERT ssn: predicate | append pair a = , b =  ? ssn",
    ],
    [
      "SELECT CAST(ssn AS INT64) FROM patients; INSERT INTO pair VALUES ('a', 'b')",
      "SELECT ssn: output predicate",
      "INSERT *: predicate, ssn: predicate | append pair a = , b =  ? *, ssn",
    ],
    [
      "SELECT ssn FROM patients; INSERT INTO pair VALUES ('a', 'b')",
      "SELECT ssn: output",
      "INSERT | append pair a = , b = ",
    ],
    [
      "INSERT INTO pair (b) SELECT ssn FROM patients; UPDATE pair SET a = b WHERE TRUE",
      "INSERT ssn: output | append pair b = ssn",
      "UPDATE pair.b: output, ssn: output | update pair a = pair.b ssn",
    ],
  ];
  for (const [sql, ...plan] of cases) test(sql, () => assert.deepEqual(steps(sql), plan));
});

describe("a temporary table that may be there already", () => {
  const KEPT = "CREATE TEMP TABLE IF NOT EXISTS t AS SELECT 'x' AS s";
  const maybe = (columns: string): string =>
    `IF RAND() < 0.5 THEN CREATE TEMP TABLE t AS SELECT ${columns} FROM patients; END IF; ${KEPT};`;

  test("shows what any way wrote into it", () => {
    assert.deepEqual(results(`${maybe("ssn AS s")} SELECT * FROM t`), ["s = copy ssn"]);
  });

  test("shows what each round of a loop found in it", () => {
    const round = `${KEPT}; SET r = (SELECT MAX(s) FROM t); INSERT INTO t SELECT y; SET y = z; SET z = ${SSN};`;
    const declared = ["y", "z", "r"].map((name) => `DECLARE ${name} STRING DEFAULT 'a';`).join(" ");
    for (const [begins, ends] of [
      ["WHILE RAND() < 0.9 DO", "END WHILE"],
      ["FOR q IN (SELECT 1 AS n UNION ALL SELECT 2) DO", "END FOR"],
    ] as const) {
      assert.deepEqual(results(`${declared} ${begins} ${round} ${ends}; SELECT r`), ["r = copy ssn ? ssn"], begins);
    }
  });

  test("can't be read where it may have other columns", () => {
    const ways = [
      "CREATE TEMP TABLE t AS SELECT 'x' AS s; ELSE CREATE TEMP TABLE t AS SELECT ssn AS q FROM patients;",
      "CREATE TEMP TABLE t AS SELECT ssn AS q FROM patients; ELSE CREATE TEMP TABLE t AS SELECT 'x' AS s;",
      "CREATE TEMP TABLE t AS SELECT 'x' AS s; ELSE CREATE TEMP TABLE t AS SELECT ssn AS s, name FROM patients;",
      "CREATE TEMP TABLE t AS SELECT 'x' AS s; ELSE CREATE TEMP TABLE t AS SELECT 1 AS s;",
      "CREATE TEMP TABLE t AS SELECT 'x' AS s, 1 AS n; ELSE CREATE TEMP TABLE t AS SELECT ssn AS q, 1 AS n FROM patients;",
    ];
    for (const way of ways) {
      const sql = `IF RAND() < 0.5 THEN ${way} END IF;`;
      assert.match(refusalOf(`${sql} ${KEPT}; SELECT * FROM t`)?.message ?? "", /may have other columns/, way);
      assert.match(refusalOf(`${sql} SELECT * FROM t`)?.message ?? "", /not alike, on every way/, way);
      const replaced = KEPT.replace("CREATE", "CREATE OR REPLACE").replace("IF NOT EXISTS ", "");
      assert.deepEqual(results(`${sql} ${replaced}; SELECT * FROM t`), ["s ="]);
    }
  });

  test("is none of the dataset, where a ROLLBACK may have brought it back", () => {
    const dropped = "CREATE TEMP TABLE pair AS SELECT ssn AS a FROM patients; BEGIN TRANSACTION; DROP TABLE pair;";
    assert.match(
      refusalOf(`${dropped} ROLLBACK TRANSACTION; SELECT a FROM pair`)?.message ?? "",
      /isn't made, or not alike/,
    );
  });

  test("may have other columns in a loop, which ends all the same", () => {
    const round =
      "IF RAND() < 0.5 THEN CREATE OR REPLACE TEMP TABLE t AS SELECT 'x' AS s; ELSE CREATE OR REPLACE TEMP TABLE t AS SELECT 1 AS q; END IF;";
    assert.equal(refusalOf(`WHILE RAND() < 0.9 DO ${round} END WHILE; SELECT 1`), undefined);
  });
});

scriptTable("a table shows what the script wrote into it", [
  [
    "INSERT INTO pair (a) SELECT name FROM patients WHERE state = 'x'; INSERT INTO pair (a) SELECT kind FROM encounters WHERE cost > 1; SELECT COUNT(*) AS n FROM pair",
    "n = aggregate encounters.*, aggregate pair.*, aggregate * ? encounters.cost, state",
  ],
  ["INSERT INTO pair SELECT ssn, name FROM patients; SELECT a FROM pair", "a = copy pair.a, copy ssn"],
  ["INSERT INTO pair (a) SELECT ssn FROM patients; SELECT b FROM pair", "b = copy pair.b"],
  [
    "INSERT INTO pair (a) SELECT name FROM patients WHERE ssn = '1'; SELECT COUNT(*) AS n FROM pair",
    "n = aggregate pair.*, aggregate * ? ssn",
  ],
  [
    "DELETE FROM pair WHERE a = (SELECT ssn FROM patients LIMIT 1); SELECT b FROM pair",
    "b = copy pair.b ? pair.a, ssn",
  ],
  [
    `DECLARE i INT64 DEFAULT 0; DECLARE x STRING;
     WHILE i < 3 DO SET x = (SELECT b FROM pair LIMIT 1); UPDATE pair SET b = a WHERE TRUE; UPDATE pair SET a = ${SSN} WHERE TRUE; SET i = i + 1; END WHILE;
     SELECT x`,
    "x = copy pair.a, copy pair.b, copy ssn",
  ],
  [
    "INSERT INTO patients (address) VALUES (STRUCT((SELECT ssn FROM patients LIMIT 1), 'x')); SELECT address.zip, address.city FROM patients",
    "zip = copy address.zip, copy ssn",
    "city = copy address.city",
  ],
  [
    `BEGIN TRANSACTION; INSERT INTO pair (a) VALUES (${SSN}); ROLLBACK TRANSACTION; SELECT a FROM pair`,
    "a = copy pair.a, copy ssn",
  ],
  [
    `BEGIN TRANSACTION; INSERT INTO pair (a) VALUES ('x'); IF ${SSN} < '5' THEN ROLLBACK; ELSE COMMIT; END IF; SELECT a FROM pair`,
    "a = copy pair.a ? ssn",
  ],
  [
    `CREATE TEMP TABLE t (a STRING); BEGIN TRANSACTION; INSERT INTO t VALUES ('x'); IF ${SSN} < '5' THEN ROLLBACK; ELSE COMMIT; END IF; SELECT a FROM t`,
    "a = ? ssn",
  ],
]);

describe("a DEFAULT", () => {
  test("is a constant beside what else the column holds; a temporary table has none", () => {
    const constant = (sql: string): boolean | undefined => scriptOf(sql).result[0]?.constant;
    assert.equal(constant("INSERT INTO copies (id, kind) VALUES (1, NULL); SELECT kind FROM copies"), false);
    assert.equal(constant("INSERT INTO copies (id) VALUES (1); SELECT kind FROM copies"), true);
    assert.match(refusalOf("CREATE TEMP TABLE t (a STRING DEFAULT 'x'); SELECT a FROM t")?.message ?? "", /DEFAULT/);
  });
});

describe("a ROLLBACK", () => {
  const undone = (condition: string): string[] =>
    steps(`BEGIN BEGIN TRANSACTION; INSERT INTO pair (a) VALUES ('x'); ${condition} COMMIT TRANSACTION;
           EXCEPTION WHEN ERROR THEN ROLLBACK TRANSACTION; END`);
  test("in a handler writes by what can fail before it", () => {
    assert.match(undone(`ASSERT ${SSN} < '5';`).at(-1) ?? "", /^ROLLBACK_TRANSACTION .*\| delete pair \? .*\bssn$/);
  });
});

scriptTable("a temporary table is made of what was written into it", [
  [
    "CREATE TEMP TABLE t AS SELECT id FROM patients; INSERT INTO t SELECT id FROM encounters; SELECT COUNT(*) AS n FROM t",
    "n = aggregate encounters.*, aggregate *",
  ],
  // Written, an EXISTS over a row's array is a value like others: a count of them is a statistic in a subquery too.
  [
    "CREATE TEMP TABLE t AS SELECT EXISTS(SELECT 1 FROM UNNEST(p.tags)) AS b FROM patients AS p; SELECT (SELECT COUNTIF(b) FROM t) AS n",
    "n = aggregate tags ? tags",
  ],
  [
    "CREATE TEMP TABLE t AS SELECT 1 AS a FROM patients AS p, UNNEST(IF(EXISTS(SELECT 1 FROM UNNEST(p.tags)), [1], [2])); SELECT (SELECT COUNT(*) FROM t) AS n",
    "n = aggregate *, aggregate tags ? tags",
  ],
  ["CREATE TEMP TABLE t AS SELECT ssn, name FROM patients; SELECT ssn FROM t", "ssn = copy ssn"],
  ["CREATE TEMP TABLE t AS SELECT ssn FROM patients; SELECT t.ssn FROM _SESSION.t", "ssn = copy ssn"],
  [
    "CREATE TEMP TABLE t AS SELECT name FROM patients WHERE ssn = '1'; SELECT COUNT(*) AS n FROM t",
    "n = aggregate * ? ssn",
  ],
  ["CREATE TEMP TABLE t AS SELECT STRUCT(ssn AS a, name AS b) AS s FROM patients; SELECT s.b FROM t", "b = copy name"],
  ["CREATE TEMP TABLE t (a FLOAT64) AS SELECT id FROM patients; SELECT a FROM t", "a = transform id"],
  ["CREATE TEMP TABLE pair AS SELECT ssn AS a FROM patients; SELECT * FROM pair", "a = copy ssn"],
  [
    "CREATE TEMP TABLE pair AS SELECT ssn AS a FROM patients; SELECT * FROM ehr.pair",
    "a = copy pair.a",
    "b = copy pair.b",
  ],
  ["CREATE TEMP TABLE pair AS SELECT 'x' AS a; DROP TABLE pair; SELECT a FROM pair", "a = copy pair.a"],
  ["CREATE TEMP TABLE t AS SELECT ssn AS a FROM patients; WITH t AS (SELECT 'x' AS a) SELECT a FROM t", "a ="],
  [
    "CREATE TEMP TABLE t AS SELECT ssn AS a FROM patients; CREATE OR REPLACE TEMP TABLE t AS SELECT 'x' AS b; SELECT b FROM t",
    "b =",
  ],
  [
    "CREATE TEMP TABLE t AS SELECT ssn AS a FROM patients; CREATE TEMP TABLE IF NOT EXISTS t AS SELECT 'x' AS b; SELECT a FROM t",
    "a = copy ssn",
  ],
  [
    "CREATE TEMP TABLE t (a STRING, b STRING); INSERT t SELECT ssn, name FROM patients; UPDATE t SET b = a WHERE TRUE; DELETE t WHERE a = 'x'; SELECT b FROM t",
    "b = copy name, copy ssn ? ssn",
  ],
  [
    "CREATE TEMP TABLE t (a STRING); MERGE t USING patients p ON t.a = p.name WHEN NOT MATCHED THEN INSERT VALUES (p.ssn); SELECT a FROM t",
    "a = copy ssn ? name",
  ],
  [
    "CREATE TEMP TABLE t (a INT64); FOR r IN (SELECT name FROM patients) DO INSERT t VALUES (1); END FOR; SELECT COUNT(*) AS n FROM t",
    "n = ? *",
  ],
  [
    `IF ${GUESS} THEN CREATE TEMP TABLE t AS SELECT 1 AS a; ELSE CREATE TEMP TABLE t AS SELECT 2 AS a; END IF; SELECT a FROM t`,
    "a = ? ssn",
  ],
  [
    "DECLARE i INT64 DEFAULT 0; CREATE TEMP TABLE t (a STRING); CREATE TEMP TABLE u (a STRING); CREATE TEMP TABLE v (a STRING); " +
      "WHILE i < 3 DO INSERT v SELECT a FROM u; INSERT u SELECT a FROM t; INSERT t SELECT ssn FROM patients; SET i = i + 1; END WHILE; SELECT a FROM v",
    "a = copy ssn",
  ],
  [
    "CREATE TEMP TABLE t AS SELECT ssn AS a FROM patients; BEGIN TRANSACTION; CREATE OR REPLACE TEMP TABLE t AS SELECT 'x' AS a; ROLLBACK TRANSACTION; SELECT a FROM t",
    "a = copy ssn",
  ],
  [
    `CREATE TEMP TABLE t AS SELECT ssn AS a FROM patients; CREATE TEMP FUNCTION f() AS ((SELECT MAX(a) FROM t)); SELECT f() AS x`,
    "x = copy ssn ? ssn",
  ],
]);

describe("a temporary table", () => {
  test("is none of the tables that the plan writes, and what it takes is kept", () => {
    assert.deepEqual(
      steps("CREATE TEMP TABLE t AS SELECT ssn FROM patients; INSERT INTO pair SELECT ssn, ssn FROM t"),
      ["CREATE_TABLE_AS_SELECT ssn: kept", "INSERT ssn: output | append pair a = ssn, b = ssn"],
    );
  });
  test("is printed so that no other table can be meant", () => {
    assert.equal(
      scriptOf("CREATE TEMP TABLE pair AS SELECT 1 AS x; SELECT pair.x FROM pair; DROP TABLE pair; SELECT a FROM pair")
        .canonicalSql,
      "CREATE TEMP TABLE `pair` AS SELECT 1 AS `x`;\nSELECT `pair`.`x` FROM `_SESSION`.`pair`;\n" +
        "DROP TABLE `_SESSION`.`pair`;\nSELECT `a` FROM `clinic`.`ehr`.`pair`",
    );
  });
});

test("a statement that makes a function stands in the plan, one that makes a temporary function doesn't", () => {
  assert.deepEqual(steps("SELECT 1; CREATE FUNCTION ehr.q() AS (2); CREATE TEMP FUNCTION f() AS (1); SELECT f()"), [
    "SELECT",
    "CREATE_FUNCTION",
    "SELECT",
  ]);
});

test("a temporary table is no view", () => {
  const sql = "CREATE TEMP TABLE patients_view AS SELECT 1 AS a; DROP VIEW patients_view";
  assert.equal(refusalOf(sql)?.code, "unsupported");
});
