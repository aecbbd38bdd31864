/** FROM, WITH and names: which of several things a name may mean, and what that decides. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { CLINIC, DEFAULTS, refusalOf, types } from "./testing/clinic.ts";
import { defining, routine } from "./testing/definitions.ts";
import { scriptTable, table } from "./testing/flow-tables.ts";

table("with RECURSIVE a common table comes behind those it refers to, wherever they stand", [
  ["WITH RECURSIVE a AS (SELECT ssn FROM patients), b AS (SELECT ssn FROM a) SELECT ssn FROM b", "ssn = copy ssn"],
  [
    "WITH RECURSIVE a AS (SELECT b.ssn FROM b, c), b AS (SELECT ssn FROM c), c AS (SELECT ssn FROM patients) SELECT ssn FROM a",
    "ssn = copy ssn",
  ],
  // What two refer to is in no circle.
  [
    "WITH RECURSIVE a AS (SELECT b.ssn FROM b, c), b AS (SELECT ssn FROM d), c AS (SELECT ssn FROM d), d AS (SELECT ssn FROM patients) SELECT ssn FROM a",
    "ssn = copy ssn",
  ],
  [
    "WITH RECURSIVE a AS (WITH x AS (SELECT 1 AS y) SELECT ssn FROM b, x), b AS (SELECT ssn FROM patients) SELECT ssn FROM a",
    "ssn = copy ssn",
  ],
  [
    "WITH RECURSIVE a AS (WITH x AS (SELECT ssn FROM b) SELECT ssn FROM x), b AS (SELECT ssn FROM patients) SELECT ssn FROM a",
    "ssn = copy ssn",
  ],
]);

table("which table a name means, of those under one name", [
  // The first part of a path is a dataset's, not a common table's.
  ["WITH ehr AS (SELECT 1 AS ssn) SELECT ssn FROM ehr.patients", "ssn = copy ssn"],
  ["WITH RECURSIVE ehr AS (SELECT ssn FROM ehr.patients) SELECT ssn FROM ehr", "ssn = copy ssn"],
  // What stands in the inner one is the outer one.
  [
    "WITH RECURSIVE a AS (WITH b AS (SELECT ssn FROM b) SELECT ssn FROM b), b AS (SELECT ssn FROM patients) SELECT ssn FROM a",
    "ssn = copy ssn",
  ],
  // The inner one alone.
  ["WITH RECURSIVE a AS (WITH a AS (SELECT ssn FROM patients) SELECT ssn FROM a) SELECT ssn FROM a", "ssn = copy ssn"],
  [
    "WITH RECURSIVE a AS (WITH RECURSIVE a AS (SELECT ssn AS s FROM patients UNION ALL SELECT s FROM a WHERE s > 'm') SELECT s FROM a) SELECT s FROM a",
    "s = copy ssn ? ssn",
  ],
]);

table("a recursive query's anchors, all of them, and its own WITH", [
  [
    "WITH RECURSIVE a AS (SELECT 'x' AS s UNION ALL SELECT ssn FROM patients UNION ALL SELECT s FROM a WHERE s > 'm') SELECT s FROM a",
    "s = copy ssn ? ssn",
  ],
  [
    "WITH RECURSIVE a AS (WITH x AS (SELECT ssn AS s FROM patients) SELECT s FROM x UNION ALL SELECT s FROM a WHERE s > 'm') SELECT s FROM a",
    "s = copy ssn ? ssn",
  ],
  [
    "WITH RECURSIVE a AS ((SELECT ssn AS s FROM patients ORDER BY name LIMIT 1) UNION ALL (FROM a |> WHERE s > 'm' |> SELECT s)) SELECT s FROM a",
    "s = copy ssn ? name, ssn",
  ],
]);

table("rows get the name that they are given, or the last of their path", [
  ["SELECT visits.code FROM patients AS p, p.visits", "code = copy visits.code ? visits"],
  [
    "SELECT v.code, visits FROM patients AS p, p.visits AS v",
    "code = copy visits.code ? visits",
    "visits = copy visits.code, copy visits.note, copy visits.seen ? visits",
  ],
  [
    "SELECT m.n FROM patients MATCH_RECOGNIZE (ORDER BY id MEASURES COUNT(*) AS n PATTERN (a+) DEFINE a AS state = 'x') AS m",
    "n = transform * ? id, state",
  ],
  ["SELECT x FROM UNNEST(NULL) AS x", "x ="],
]);

scriptTable("a temporary table by the name that it is given", [
  ["CREATE TEMP TABLE t AS SELECT ssn AS s FROM patients; SELECT x.s FROM t AS x", "s = copy ssn"],
]);

test("rows of a table function that are values have no name where none is given", () => {
  const clinic = defining(
    [],
    [routine("numbers", "", "SELECT AS VALUE ssn FROM clinic.ehr.patients", { routineType: "TABLE_VALUED_FUNCTION" })],
  );
  assert.deepEqual(clinic.flows("SELECT * FROM fn.numbers()"), ["f0_ = copy ssn"]);
  assert.deepEqual(clinic.flows("SELECT x FROM fn.numbers() AS x"), ["x = copy ssn"]);
});

const STRUCTS = "UNNEST([STRUCT('x' AS a, 1 AS n)]) AS v";

describe("rows that are values, beside others", () => {
  for (const [sql, ...columns] of [
    [`FROM ${STRUCTS} CROSS JOIN loaded AS l`, "v STRUCT<a STRING, n INT64>", "a STRING"],
    [`FROM loaded AS l CROSS JOIN ${STRUCTS}`, "a STRING", "v STRUCT<a STRING, n INT64>"],
    [`SELECT * FROM ${STRUCTS} CROSS JOIN (SELECT b FROM pair)`, "a STRING", "n INT64", "b STRING"],
    // USING takes its column out of the rows' fields, not out of the rows.
    [`FROM ${STRUCTS} JOIN pair USING (a)`, "a STRING", "v STRUCT<a STRING, n INT64>", "b STRING"],
    [`FROM ${STRUCTS} JOIN pair USING (a) |> EXTEND 2 AS z |> SELECT *`, "a STRING", "n INT64", "b STRING", "z INT64"],
    ["FROM UNNEST(['x']) AS a JOIN pair USING (a)", "a STRING", "b STRING"],
    ["FROM UNNEST(['x']) AS a WITH OFFSET AS o JOIN pair USING (a)", "a STRING", "o INT64", "b STRING"],
    ["FROM UNNEST([1]) AS o CROSS JOIN (SELECT 'x' AS a) JOIN pair USING (a)", "a STRING", "o INT64", "b STRING"],
    ["SELECT a FROM UNNEST(['x']) AS a JOIN pair USING (a)", "a STRING"],
    ["FROM loaded", "a STRING"],
    [`FROM ${STRUCTS}`, "a STRING", "n INT64"],
  ] as const) {
    test(sql, () => assert.deepEqual(types(sql), columns));
  }

  test("a row that has no field left is refused", () => {
    const sql = "FROM UNNEST([STRUCT('x' AS a)]) AS v JOIN pair USING (a)";
    assert.match(refusalOf(sql)?.message ?? "", /A row that is a STRUCT without fields left/);
  });
});

describe("USING", () => {
  test("gives the left side's column, the right one's of a RIGHT JOIN, and either of a FULL JOIN", () => {
    for (const [join, type] of [
      ["JOIN", "INT64"],
      ["LEFT JOIN", "INT64"],
      ["RIGHT JOIN", "NUMERIC"],
      ["FULL JOIN", "NUMERIC"],
    ] as const)
      assert.deepEqual(types(`SELECT cost FROM (SELECT 1 AS cost) ${join} encounters USING (cost)`), [`cost ${type}`]);
  });

  test("takes columns that can be compared, whichever stands first", () => {
    for (const from of ["(SELECT 'x' AS id) JOIN encounters", "encounters JOIN (SELECT 'x' AS id)"])
      assert.match(refusalOf(`SELECT id FROM ${from} USING (id)`)?.message ?? "", /types that can't be compared/);
  });
});

test("a table without a schema is refused", () => {
  const tableReference = { projectId: "clinic", datasetId: "ehr", tableId: "bare" };
  const catalog = { ...CLINIC, table: () => ({ tableReference, type: "TABLE" }) };
  const { plan } = analyze("SELECT * FROM bare", { catalog, ...DEFAULTS });
  assert.match(plan.understood ? "was understood" : plan.refusal.message, /has no schema/);
});

table("a condition that holds, or may, leaves rows", [
  ["SELECT ssn FROM patients WHERE 1 != 2", "ssn = copy ssn"],
  ["SELECT ssn FROM patients WHERE 2 > 1", "ssn = copy ssn"],
  ["SELECT ssn FROM patients WHERE 1 = id", "ssn = copy ssn ? id"],
  ["SELECT ssn FROM patients WHERE id = 1", "ssn = copy ssn ? id"],
]);

describe("LIMIT", () => {
  const number = [{ name: "n", parameterType: { type: "INT64" } }];
  const text = [{ name: "n", parameterType: { type: "STRING" } }];

  test("takes a number, also behind OFFSET", () => {
    for (const limit of ["@n", "1 OFFSET @n"]) {
      const sql = `SELECT ssn FROM patients LIMIT ${limit}`;
      assert.equal(refusalOf(sql, number), undefined);
      assert.match(refusalOf(sql, text)?.message ?? "", /LIMIT takes INT64/);
    }
  });

  test("as the request says leaves some of the groups, or none of whatever there are; OFFSET counts them", () => {
    const exists = (limit: string) => `SELECT EXISTS(SELECT COUNT(*) FROM patients GROUP BY state LIMIT ${limit}) AS e`;
    const decided = (limit: string): readonly string[] | undefined => {
      const { plan } = analyze(exists(limit), { catalog: CLINIC, ...DEFAULTS, parameters: number });
      return plan.understood ? plan.result[0]?.implicit : undefined;
    };
    assert.deepEqual(decided("1"), []);
    assert.deepEqual(decided("@n"), []);
    assert.deepEqual(decided("1 OFFSET @n"), ["clinic.ehr.patients.state"]);
  });
});

describe("names", () => {
  test("are the same in the case of ASCII letters alone", () => {
    const of = (alias: string, used: string) => `SELECT \`${used}\` FROM (SELECT ssn AS \`${alias}\` FROM patients)`;
    assert.equal(refusalOf(of("ÉX", "Éx")), undefined);
    const tableReference = { projectId: "clinic", datasetId: "ehr", tableId: "t" };
    const schema = { fields: [{ name: "éa", type: "STRING" }] };
    const catalog = { ...CLINIC, table: () => ({ tableReference, type: "TABLE", schema }) };
    const isKnown = (name: string) => analyze(`SELECT \`${name}\` FROM t`, { catalog, ...DEFAULTS }).plan.understood;
    assert.deepEqual(["éa", "éA", "Éa"].map(isKnown), [true, true, false]);
  });

  test("of columns that not each table has are refused by what they are", () => {
    for (const name of [
      "_PARTITIONTIME",
      "_PARTITIONDATE",
      "_TABLE_SUFFIX",
      "_FILE_NAME",
      "_CHANGE_TYPE",
      "_CHANGE_TIMESTAMP",
      "_CHANGE_SEQUENCE_NUMBER",
    ])
      assert.match(refusalOf(`SELECT ${name} FROM patients`)?.message ?? "", /Pseudo-column .* is not supported/);
  });

  test("that nothing has, or two fields, are refused", () => {
    assert.match(refusalOf("SELECT nothing.* FROM patients")?.message ?? "", /Unrecognized name: nothing/);
    const twice = "SELECT (SELECT AS STRUCT ssn AS a, name AS a FROM patients LIMIT 1).a";
    assert.match(refusalOf(twice)?.message ?? "", /Struct field name a is ambiguous/);
  });
});

describe("the right side of a join", () => {
  const around = (from: string): string =>
    `SELECT (SELECT ANY_VALUE(x) FROM pair AS p ${from}) AS a FROM (SELECT ssn AS b FROM patients) AS p`;
  table("sees the left one, but where each of its rows comes: what a query around has of the name is meant there", [
    [around("JOIN UNNEST([p.b]) AS x ON TRUE"), "a = copy pair.b"],
    [around("LEFT JOIN UNNEST([p.b]) AS x ON TRUE"), "a = copy pair.b"],
    [around("RIGHT JOIN UNNEST([p.b]) AS x ON TRUE"), "a = copy ssn"],
    [around("FULL JOIN UNNEST([p.b]) AS x ON TRUE"), "a = copy ssn"],
    [around("CROSS JOIN (UNNEST([p.b]) AS x CROSS JOIN pair) TABLESAMPLE SYSTEM (50 PERCENT)"), "a = copy ssn"],
  ]);

  test("has no name for it where no query is around", () => {
    for (const from of [
      "RIGHT JOIN UNNEST(p.tags) AS x ON TRUE",
      "FULL JOIN UNNEST(p.tags) AS x ON TRUE",
      "RIGHT JOIN p.tags AS x ON TRUE",
      "CROSS JOIN (UNNEST(p.tags) AS x CROSS JOIN pair)",
      "CROSS JOIN (UNNEST(p.tags) AS x CROSS JOIN pair) MATCH_RECOGNIZE(ORDER BY a MEASURES MAX(A.a) AS x PATTERN (A) DEFINE A AS TRUE)",
    ]) {
      assert.equal(refusalOf(`SELECT x FROM patients AS p ${from}`)?.code, "name", from);
      assert.equal(refusalOf(`FROM patients AS p |> ${from} |> SELECT x`)?.code, "name", from);
    }
  });
});

table("a field is found by its name, beside others without one", [
  ["SELECT STRUCT(UPPER(ssn), UPPER(state), name AS x).x FROM patients", "x = copy name"],
]);

describe("a name with a dot before a path of FROM, which may be a dataset's in quotes, is refused where it is", () => {
  const hidden = "SELECT [STRUCT('x' AS ssn)] AS patients";
  for (const [what, sql] of Object.entries({
    "an alias": `SELECT ssn FROM (${hidden}) AS \`clinic.ehr\`, \`clinic.ehr\`.patients`,
    "a column": `SELECT ssn FROM (SELECT (SELECT AS STRUCT [STRUCT('x' AS ssn)] AS patients) AS \`clinic.ehr\`), \`clinic.ehr\`.patients`,
    "an alias around": `SELECT (SELECT MAX(ssn) FROM \`clinic.ehr\`.patients) FROM (${hidden}) AS \`clinic.ehr\``,
    "an alias of a table": "SELECT t FROM patients AS `a.b`, `a.b`.tags AS t",
    "an alias in a pipe": "FROM patients AS `a.b` |> JOIN `a.b`.tags AS t |> SELECT t",
  }))
    test(what, () => {
      assert.deepEqual(
        [refusalOf(sql)?.code, refusalOf(sql)?.message],
        ["name", "An alias or column before a path of FROM can't hold a dot; rename it"],
      );
    });

  test("but not a table's own whole name, which is printed by its last part", () => {
    const { plan } = analyze("SELECT t FROM `ehr.patients`, `ehr.patients`.tags AS t", {
      catalog: CLINIC,
      ...DEFAULTS,
    });
    assert.ok(plan.understood);
    assert.equal(plan.canonicalSql, "SELECT `t` FROM `clinic`.`ehr`.`patients`, `patients`.`tags` AS `t`");
  });

  test("nor the table where no alias has its dataset's name", () => {
    assert.equal(refusalOf("SELECT ssn FROM (SELECT 1 AS `clinic.eh`), `clinic.ehr`.patients"), undefined);
  });
});
