/**
 * Whether a part that can fail is computed at all is a question about what decides that (threat-model row 7): an agent that may see
 * neither a value nor filter by it would else ask `ssn = '1' AND ERROR('x') IS NULL` of each ssn, and look whether the query fails.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { scriptOf } from "./testing/clinic.ts";
import { dataType, defining, routine, view } from "./testing/definitions.ts";

const clinic = defining(
  [
    view("broken", "x INTEGER, y INTEGER", "SELECT CAST('x' AS INT64) AS x, 1 AS y FROM clinic.ehr.pair"),
    view("guarded", "y INTEGER", "SELECT 1 AS y FROM clinic.ehr.pair WHERE CAST('x' AS INT64) = 1"),
  ],
  [
    routine("guard", "x STRING", "IF(x = '1', CAST('x' AS INT64), 0)"),
    routine("first", "x BOOL, y INT64", "IF(x, y, 0)"),
    routine("chance", "", "return Math.random()", { language: "JAVASCRIPT", returnType: dataType("INT64") }),
    routine("told", "", undefined, {
      remoteFunctionOptions: { endpoint: "https://x.invalid" },
      returnType: dataType("INT64"),
    }),
    routine("rows", "x BOOL, y INT64", "SELECT IF(x, y, 0) AS z", { routineType: "TABLE_VALUED_FUNCTION" }),
  ],
);

const predicates = (sql: string): string[] =>
  clinic
    .statement(sql)
    .reads.flatMap(({ table, columns }) =>
      columns
        .filter(({ path, uses }) => path !== "*" && uses.includes("predicate"))
        .map(({ path }) => (table.endsWith(".patients") ? path : `${table.split(".").at(-1)}.${path}`)),
    );

const FAILS = "CAST('x' AS INT64)";
/** `ssn` is shown beside it, so that it is read either way. */
const shown = (expression: string): string => `SELECT ssn, tags, ${expression} AS x FROM patients`;
/** What a field access leaves out is computed, or may be. */
const dropped = (expression: string): string => shown(`STRUCT(${expression} AS u, 1 AS v).v`);

describe("whether a part that can fail is computed is decided by", () => {
  const cases: readonly (readonly [what: string, sql: string, decides: readonly string[]])[] = [
    ["the operand before it in AND", shown("ssn = '1' AND ERROR('x') IS NULL"), ["ssn"]],
    ["the operand behind it in OR", shown(`${FAILS} = 1 OR ssn = '1'`), ["ssn"]],
    [
      "each of two in AND that can fail, for the other",
      shown("CAST(ssn AS INT64) = 1 AND name < ANY_VALUE(name) OVER () AND CAST(state AS INT64) = 1"),
      ["name", "ssn", "state"],
    ],
    ["no operand but those beside it", shown("CAST(ssn AS INT64) = 1 AND name = 'x'"), ["name", "ssn"]],
    ["what IN compares, where one of the list can fail", shown(`id IN (1, ${FAILS})`), ["id"]],
    ["what IN has in its list, where the operand can fail", shown(`${FAILS} IN (1, id)`), ["id"]],
    ["what IN compares, where the array can fail", shown(`id IN UNNEST([${FAILS}])`), ["id"]],
    ["what IN compares, where the query can fail", shown(`id IN (SELECT ${FAILS})`), ["id"]],
    ["what LIKE ANY compares", shown("ssn LIKE ANY ('1', CAST(ERROR('x') AS STRING))"), ["ssn"]],
    ["what BETWEEN compares", shown(`id BETWEEN 1 AND ${FAILS}`), ["id"]],
    ["the arguments before it in COALESCE", shown(`COALESCE(id, ${FAILS}, LENGTH(name))`), ["id"]],
    ["the first argument of IFNULL", shown(`IFNULL(id, ${FAILS})`), ["id"]],
    ["the condition of IF", dropped(`IF(ssn = '1', ${FAILS}, 0)`), ["ssn"]],
    ["the condition of IF, for what it gives else", dropped(`IF(ssn = '1', 0, ${FAILS})`), ["ssn"]],
    ["the condition of CASE", dropped(`CASE WHEN ssn = '1' THEN ${FAILS} END`), ["ssn"]],
    [
      "a condition of CASE, for the next one",
      dropped(`CASE WHEN ssn = '1' THEN 0 WHEN ${FAILS} = 1 THEN 1 END`),
      ["ssn"],
    ],
    [
      "each condition of CASE, for what it gives else",
      dropped(`CASE WHEN ssn = '1' THEN 0 WHEN name = 'x' THEN 1 ELSE ${FAILS} END`),
      ["name", "ssn"],
    ],
    [
      "what comes later, after what came before was noted",
      dropped(`CASE WHEN ssn = '1' THEN ${FAILS} WHEN name = 'x' THEN ${FAILS} END`),
      ["name", "ssn"],
    ],
    ["what CASE compares", dropped(`CASE ssn WHEN '1' THEN ${FAILS} END`), ["ssn"]],
    ["how long an array is, for the lambda", shown(`ARRAY_LENGTH(ARRAY_TRANSFORM(tags, e -> ${FAILS}))`), ["tags"]],
    [
      "how long arrays are, for a lambda over several",
      shown(`ARRAY_LENGTH(ARRAY_ZIP(tags, [1], (a, b) -> ${FAILS}, mode => 'PAD'))`),
      ["tags"],
    ],
    ["the rows of a subquery", dropped(`(SELECT ${FAILS} FROM pair WHERE a = ssn LIMIT 1)`), ["pair.a", "ssn"]],
    [
      "the rows of a subquery in pipes",
      dropped(`(FROM pair |> WHERE a = ssn |> SELECT ${FAILS} AS x |> LIMIT 1)`),
      ["pair.a", "ssn"],
    ],
    [
      "the rows that are joined, for a subquery over each",
      "SELECT q.a, q.b, STRUCT((SELECT STRUCT((SELECT kind FROM encounters) AS k, 2 AS l) FROM pair p WHERE p.a = 'x' LIMIT 1) IS NULL AS u, 1 AS v).v FROM pair q",
      ["encounters.kind", "pair.a"],
    ],
    [
      "the column that PIVOT puts values apart by",
      `SELECT id, (SELECT MAX(state) FROM patients) AS t FROM (SELECT id, state FROM patients) PIVOT(SUM(${FAILS}) AS s FOR state IN ('a'))`,
      ["id", "state"],
    ],
    ["an argument, in a function's body", dropped("fn.guard(ssn)"), ["ssn"]],
    [
      "what parts a window's rows, for a sum over them",
      "SELECT ssn FROM (SELECT ssn, SUM(9223372036854775807) OVER (PARTITION BY ssn) AS x FROM patients)",
      ["ssn"],
    ],
    [
      "what orders a window's rows, for a sum over them",
      "SELECT ssn FROM (SELECT ssn, SUM(9223372036854775807) OVER (ORDER BY ssn) AS x FROM patients)",
      ["ssn"],
    ],
    [
      "what HAVING inside an aggregate leaves, for a sum over it",
      "SELECT ssn FROM (SELECT ANY_VALUE(ssn) AS ssn, SUM(9223372036854775807 HAVING MAX ssn) AS x FROM patients)",
      ["ssn"],
    ],
    [
      "what a condition on elements gives for those before",
      dropped("ARRAY_INCLUDES([1, 2], e -> IF(e = 1, ssn = '1', 1 / (e - 2) > 1))"),
      ["ssn"],
    ],
    [
      "what each of two operands that can fail does for the other",
      shown(`${FAILS} = LENGTH(ssn) AND ${FAILS} = 1`),
      ["ssn"],
    ],
    ["what can be NULL in an array", "SELECT ssn, tags, [state] AS x FROM patients", ["state"]],
    ["what a query can give as NULL in an array", shown("ARRAY(SELECT state)"), ["state"]],
    ["what pipes make of a STRUCT in an array", shown("ARRAY(SELECT AS STRUCT state |> SELECT state)"), ["state"]],
    ["what two queries give in an array", shown("ARRAY(SELECT 'a' UNION ALL SELECT state)"), ["state"]],
    ["a STRUCT's field in an array", shown("ARRAY(SELECT STRUCT(state AS s).*)"), ["state"]],
    // What has a name may be computed only where it is used.
    [
      "what stands beside a column that can fail",
      `SELECT ssn, ssn = '1' AND e = 1 AS x FROM (SELECT ssn, ${FAILS} AS e FROM patients)`,
      ["ssn"],
    ],
    [
      "what stands beside a field of one",
      `SELECT ssn, ssn = '1' AND e.b = 1 AS x FROM (SELECT ssn, STRUCT(1 AS a, ${FAILS} AS b) AS e FROM patients)`,
      ["ssn"],
    ],
    [
      "what stands beside a column of two queries",
      `SELECT s, s = '1' AND e = 1 AS x FROM (SELECT ssn AS s, ${FAILS} AS e FROM patients UNION ALL SELECT 'x', 1)`,
      ["ssn"],
    ],
    [
      "what stands beside a column of EXTEND",
      `FROM patients |> EXTEND ${FAILS} AS e |> SELECT ssn, ssn = '1' AND e = 1 AS x`,
      ["ssn"],
    ],
    [
      "what stands beside a column of a common table",
      `WITH w AS (SELECT ssn, ${FAILS} AS e FROM patients) SELECT ssn, ssn = '1' AND e = 1 AS x FROM w`,
      ["ssn"],
    ],
    [
      "what stands beside a common table that can fail",
      `WITH w AS (SELECT 1 AS a FROM pair WHERE ${FAILS} = 1) ${shown("ssn = '1' AND EXISTS(SELECT a FROM w)")}`,
      ["ssn"],
    ],
    ["what stands beside a view that can fail", shown("ssn = '1' AND EXISTS(SELECT y FROM guarded)"), ["ssn"]],
    [
      "what stands beside a view that can fail, named the second time",
      `SELECT ssn, (SELECT MAX(y) FROM guarded) AS y, ssn = '1' AND EXISTS(SELECT y FROM guarded) AS x FROM patients`,
      ["ssn"],
    ],
    ["what stands beside a column of a view", shown("ssn = '1' AND (SELECT MAX(x) FROM broken) = 1"), ["ssn"]],
    ["what stands beside a variable of WITH", shown(`WITH(e AS ${FAILS}, ssn = '1' AND e = 1)`), ["ssn"]],
    ["what a function does with its argument", dropped(`fn.first(ssn = '1', ${FAILS})`), ["ssn"]],
    [
      "what a table function does with its argument",
      `SELECT ssn, EXISTS(SELECT 1 FROM fn.rows(ssn = '1', ${FAILS})) AS x FROM patients`,
      ["ssn"],
    ],
    ["what stands beside a function in JavaScript without arguments", shown("ssn = '1' AND fn.chance() = 1"), ["ssn"]],
    ["what stands beside a function far away without arguments", shown("ssn = '1' AND fn.told() = 1"), ["ssn"]],
  ];
  for (const [what, sql, decides] of cases) {
    test(`${what}: ${sql}`, () => assert.deepEqual(predicates(sql), decides));
  }

  test("the rows of a common table, used or not", () => {
    const sql = `WITH w AS (SELECT ${FAILS} AS x FROM patients WHERE ssn = '1') SELECT ssn FROM patients`;
    assert.deepEqual(predicates(sql), ["ssn"]);
  });

  test("what a function far away was told before, which decides whether it fails", () => {
    const { reads } = clinic.statement("SELECT fn.told() AS a");
    const told = {
      table: "clinic.fn.told",
      outside: "routine",
      columns: [{ path: "*", uses: ["output", "predicate"] }],
    };
    assert.deepEqual(reads, [told]);
  });
});

describe("where nothing decides whether the part that can fail is computed", () => {
  for (const sql of [
    shown("ssn = '1' AND SAFE_CAST(name AS INT64) = 1"),
    // An array whose elements are never NULL can be a result.
    "SELECT ARRAY_AGG(STRUCT(ssn, name)) AS x FROM patients",
    shown("[STRUCT(ssn AS s, name AS n)]"),
    shown("ARRAY(SELECT AS STRUCT ssn, name)"),
    shown("ARRAY(SELECT 1 |> SELECT AS STRUCT ssn, name |> LIMIT 2)"),
    ...["WHERE TRUE", "ORDER BY a", "DISTINCT"].map((pipe) =>
      shown(`ARRAY(SELECT AS STRUCT 1 AS a |> ${pipe}) IS NULL AND ssn = '1'`),
    ),
    shown("ARRAY(SELECT STRUCT(ssn, name))"),
    ...["'a'", "1", "1.5", "TRUE"].map((literal) => shown(`ssn = '1' AND ARRAY_LENGTH([${literal}]) = 1`)),
    "SELECT x.v FROM patients, UNNEST([STRUCT('a' AS k, ssn AS v), ('b', name)]) AS x",
    shown(`CONCAT(ssn, CAST(${FAILS} AS STRING))`),
    shown(`${FAILS} = 1`),
    shown(`COALESCE(${FAILS}, id)`),
    shown(`SIGN(${FAILS} + 0)`),
    dropped(`IF(${FAILS} = 1, 0, 1)`),
    dropped(`CASE WHEN ${FAILS} = 1 THEN 0 END`),
    shown("ssn = '1' AND TRUE"),
    // What alone can fail is computed anyhow.
    shown(`${FAILS} = LENGTH(ssn) AND TRUE`),
    // A common table that can't fail may be computed where it is used.
    "WITH w AS (SELECT 1 AS e) SELECT ssn, ssn = '1' AND EXISTS (SELECT 1 FROM w) AS x FROM patients",
    `SELECT ssn, x FROM patients CROSS JOIN (SELECT ${FAILS} AS x)`,
    `WITH w AS (SELECT ${FAILS} AS e) SELECT ssn, e FROM patients CROSS JOIN w`,
  ])
    test(sql, () => assert.deepEqual(predicates(sql), []));
});

test("a request's parameter that is cast to what it is compared with may fail where it is computed", () => {
  const infers = (compared: string): boolean => {
    const { statements } = scriptOf(shown(`ssn = '1' AND ${compared}`), [
      { name: "p", parameterType: { type: "STRING" } },
    ]);
    return statements[0]?.reads[0]?.columns.find(({ path }) => path === "ssn")?.uses.includes("predicate") === true;
  };
  for (const compared of ["born = @p", "born IN ('2026-01-01', @p)", "born BETWEEN '2026-01-01' AND @p"])
    assert.ok(infers(compared), compared);
  assert.ok(!infers("name = @p"));
});

describe("a request's parameter that is cast to a date may be none, where it is", () => {
  const FUNCTION = "CREATE TEMP FUNCTION given(x DATE) AS (1); ";
  const infers = (value: string, type = "STRING"): boolean => {
    const { statements } = scriptOf(FUNCTION + dropped(value), [{ name: "p", parameterType: { type } }]);
    return (
      statements
        .at(-1)
        ?.reads[0]?.columns.find(({ path }) => path === "ssn")
        ?.uses.includes("predicate") === true
    );
  };
  const DAY = "DATE '2026-01-01'";
  for (const value of [
    "IF(ssn = '1', UNIX_DATE(@p), 0)",
    "IF(ssn = '1', given(@p), 0)",
    `IF(ssn = '1', DATE_DIFF(@p, ${DAY}, DAY), 0)`,
    `IF(ssn = '1', GREATEST(${DAY}, @p), NULL)`,
    `IF(ssn = '1', @p, ${DAY})`,
    `COALESCE(IF(ssn = '1', NULL, ${DAY}), @p)`,
    `CASE WHEN ssn = '1' THEN @p ELSE ${DAY} END`,
    `CASE ssn WHEN '1' THEN ${DAY} ELSE @p END`,
    `IF(ssn = '1', (SELECT ${DAY} UNION ALL SELECT @p LIMIT 1), ${DAY})`,
    "IF(ssn = '1', STRUCT<d DATE>(@p), NULL).d",
  ]) {
    test(value, () => {
      assert.ok(infers(value));
      assert.ok(!infers(value, "DATE"), "of a DATE nothing fails");
    });
  }
});
