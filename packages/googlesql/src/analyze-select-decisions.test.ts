/** SELECT: what stands beside keys, what names of the list hide, and what is left of rows that LIMIT and conditions pick. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { CLINIC, DEFAULTS, planOf, reads, refusalOf } from "./testing/clinic.ts";
import { defining, routine } from "./testing/definitions.ts";
import { table } from "./testing/flow-tables.ts";

table("columns beside a key that holds them", [
  [
    "SELECT p.a, COUNT(*) AS n FROM pair AS p GROUP BY p",
    "a = copy pair.a ? pair.a, pair.b",
    "n = aggregate pair.* ? pair.a, pair.b",
  ],
  ["SELECT p.* FROM pair AS p GROUP BY p", "a = copy pair.a ? pair.a, pair.b", "b = copy pair.b ? pair.a, pair.b"],
  ["SELECT p.* FROM pair AS p GROUP BY a, b", "a = copy pair.a ? pair.a, pair.b", "b = copy pair.b ? pair.a, pair.b"],
  [
    "SELECT address.*, COUNT(*) AS n FROM patients GROUP BY address",
    "zip = copy address.zip ? address.city, address.zip",
    "city = copy address.city ? address.city, address.zip",
    "n = aggregate * ? address.city, address.zip",
  ],
  ["SELECT * FROM pair GROUP BY a, b", "a = copy pair.a ? pair.a, pair.b", "b = copy pair.b ? pair.a, pair.b"],
  [
    "WITH t AS (SELECT STRUCT(address AS x) AS y FROM patients) SELECT y.x.zip, COUNT(*) AS n FROM t GROUP BY y.x",
    "zip = copy address.zip ? address.city, address.zip",
    "n = aggregate * ? address.city, address.zip",
  ],
  [
    "SELECT p.address.zip, COUNT(*) AS n FROM patients AS p GROUP BY p.address",
    "zip = copy address.zip ? address.city, address.zip",
    "n = aggregate * ? address.city, address.zip",
  ],
]);

table("GROUP BY ALL takes each item that is no aggregate", [
  [
    "SELECT p.state, COUNT(*) AS n FROM patients AS p GROUP BY ALL",
    "state = copy state ? state",
    "n = aggregate * ? state",
  ],
  [
    "SELECT p.address.zip, COUNT(*) AS n FROM patients AS p GROUP BY ALL",
    "zip = copy address.zip ? address.zip",
    "n = aggregate * ? address.zip",
  ],
  [
    "SELECT *, COUNT(*) AS n FROM pair GROUP BY ALL",
    "a = copy pair.a ? pair.a, pair.b",
    "b = copy pair.b ? pair.a, pair.b",
    "n = aggregate pair.* ? pair.a, pair.b",
  ],
  [
    "SELECT (SELECT AS STRUCT ssn, name FROM patients LIMIT 1).*, COUNT(*) AS n FROM pair GROUP BY ALL",
    "ssn = copy ssn ? name, ssn",
    "name = copy name ? name, ssn",
    "n = aggregate pair.* ? name, ssn",
  ],
  [
    "SELECT ANY_VALUE(address).*, COUNT(*) AS n FROM patients GROUP BY ALL",
    "zip = copy address.zip",
    "city = copy address.city",
    "n = aggregate *",
  ],
]);

test("a group that is made by keys has a row; that of GROUP BY ALL may have none, where all is aggregated", () => {
  const divided = (grouped: string) =>
    reads(`SELECT 1 / COUNT(*) AS x FROM patients WHERE ssn = '1' GROUP BY ${grouped}`);
  assert.deepEqual(divided("state"), ["*: output", "ssn: predicate", "state: predicate"]);
  assert.deepEqual(divided("ALL"), ["*: output predicate", "ssn: predicate"]);
  assert.deepEqual(divided("()"), ["*: output predicate", "ssn: predicate"]);
});

table("a name of the list, behind it", [
  // Twice the same is no two.
  ["SELECT ssn, ssn FROM patients ORDER BY ssn", "ssn = copy ssn ? ssn", "ssn_1 = copy ssn ? ssn"],
  // What it hides of FROM may be meant as well.
  ["SELECT name AS t FROM patients, UNNEST([ssn, state]) AS t ORDER BY t", "t = copy name ? name, ssn, state"],
  // Of the query around it hides nothing.
  [
    "SELECT (SELECT v.zip FROM (SELECT address AS v FROM patients LIMIT 1)) AS z FROM pair AS v",
    "z = copy address.zip",
  ],
]);

table("HAVING, and what comes behind it", [
  [
    "SELECT state, COUNT(*) AS n FROM patients GROUP BY state HAVING COUNT(*) > 1 QUALIFY ROW_NUMBER() OVER (ORDER BY state) = 1",
    "state = copy state ? *, state",
    "n = aggregate * ? *, state",
  ],
  [
    "SELECT state FROM patients GROUP BY state HAVING MAX(ssn) > '5' ORDER BY ROW_NUMBER() OVER (ORDER BY state)",
    "state = copy state ? *, ssn, state",
  ],
]);

table("AGGREGATION_THRESHOLD", [
  [
    "SELECT WITH AGGREGATION_THRESHOLD OPTIONS (THRESHOLD = 50, Privacy_Unit_Column = ssn) state, MAX(name) AS m FROM patients GROUP BY state",
    "state = copy state ? ssn, state",
    "m = copy name ? name, ssn, state",
  ],
  // Of which groups there are it depends whether one is large enough.
  [
    "SELECT EXISTS(SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = ssn) COUNT(*) FROM patients GROUP BY state) AS e",
    "e = transform * ? ssn, state",
  ],
]);

table("a query in parentheses", [
  ["SELECT p.ssn FROM ((FROM patients AS p))", "ssn = copy ssn"],
  ["SELECT p.ssn FROM ((FROM patients AS p) ORDER BY p.id)", "ssn = copy ssn ? id"],
  ["SELECT a FROM pair UNION ALL SELECT b FROM pair |> WHERE a > 'x'", "a = copy pair.a, copy pair.b ? pair.a, pair.b"],
  ["(FROM patients |> SELECT ssn, name) LIMIT 0", "ssn =", "name ="],
  // What LIMIT leaves is few rows: their sum is no statistic.
  ["SELECT SUM(x) AS s FROM ((FROM patients |> SELECT id AS x) LIMIT 1)", "s = transform id"],
  ["SELECT SUM(x) AS s FROM ((FROM patients |> SELECT id AS x) ORDER BY x LIMIT 1)", "s = transform id ? id"],
]);

test("a common table that calls somebody far away may be called where it is used: all beside it may decide whether it is", () => {
  const clinic = defining(
    [],
    [
      routine("told", "", undefined, {
        remoteFunctionOptions: { endpoint: "https://x.invalid" },
        returnType: { typeKind: "INT64" },
      }),
    ],
  );
  const called = "(SELECT MAX(t) FROM w)";
  for (const value of [
    `STRUCT(IF(ssn = '1', ${called}, 0) AS u, 1 AS v).v`,
    `CONCAT(ssn, CAST(${called} AS STRING))`,
  ]) {
    const sql = `WITH w AS (SELECT fn.told() AS t) SELECT ssn, ${value} AS x FROM patients`;
    const [effect] = clinic.statement(sql).effects;
    assert.ok(effect?.sources.includes("clinic.ehr.patients.ssn"), value);
  }
});

describe("CASE", () => {
  const FAILS = "CAST(ERROR('x') AS STRING)";
  const predicates = (expression: string): string[] =>
    reads(`SELECT ssn, name, STRUCT(${expression} AS u, 1 AS v).v FROM patients`).filter((line) =>
      line.includes("predicate"),
    );
  test("computes its operand and its first WHEN in any case", () => {
    assert.deepEqual(predicates(`CASE ssn WHEN ${FAILS} THEN 1 END`), []);
    assert.deepEqual(predicates(`CASE ssn WHEN 'x' THEN 1 WHEN ${FAILS} THEN 2 END`), ["ssn: output predicate"]);
    assert.deepEqual(predicates(`CASE ssn WHEN name THEN ${FAILS} WHEN 'x' THEN ${FAILS} END`), [
      "name: output predicate",
      "ssn: output predicate",
    ]);
  });

  test("compares values of types that go together", () => {
    assert.match(
      refusalOf("SELECT CASE ssn WHEN 1 THEN 2 END FROM patients")?.message ?? "",
      /No matching signature for CASE/,
    );
    assert.match(
      refusalOf("SELECT CASE 1 WHEN ssn THEN 2 END FROM patients")?.message ?? "",
      /No matching signature for CASE/,
    );
  });

  test("may fail by a request's parameter that it casts to what it compares", () => {
    const sql = "SELECT ssn, ssn = '1' AND CASE born WHEN @p THEN TRUE END AS x FROM patients";
    const infers = (type: string): boolean =>
      planOf(sql, [{ name: "p", parameterType: { type } }]).reads[0]?.columns.some(
        ({ path, uses }) => path === "ssn" && uses.includes("predicate"),
      ) === true;
    assert.deepEqual(["STRING", "DATE"].map(infers), [true, false]);
  });

  const isGrouped = (item: string, key: string): boolean => {
    const refusal = refusalOf(`SELECT ${item} AS c FROM patients GROUP BY ${key}`);
    if (refusal !== undefined) assert.match(refusal.message, /neither grouped nor aggregated/);
    return refusal === undefined;
  };
  test("is a key where all of it is the same", () => {
    const key = "CASE WHEN ssn = '1' THEN name END";
    assert.ok(isGrouped(key, key));
    assert.ok(!isGrouped(key, "CASE WHEN ssn = '2' THEN name END"));
    assert.ok(!isGrouped(key, "CASE WHEN ssn = '1' THEN state END"));
    // In both, the same three values stand in the same order.
    assert.ok(
      !isGrouped(
        "CASE (ssn = '1') WHEN (name = 'x') THEN (state = 'y') END",
        "CASE WHEN (name = 'x') THEN (ssn = '1') ELSE (state = 'y') END",
      ),
    );
  });
});

describe("refused", () => {
  const mode = (options: string, items = "state, MAX(name) AS m"): string =>
    `SELECT WITH AGGREGATION_THRESHOLD OPTIONS (${options}) ${items} FROM patients GROUP BY state`;
  for (const [sql, message] of [
    ["SELECT *", /SELECT \* needs a FROM clause/],
    ["SELECT * REPLACE (1 AS nothing) FROM pair", /Column nothing in EXCEPT or REPLACE is not a column/],
    ["SELECT address AS p FROM patients AS p ORDER BY p.zip", /p is both a select alias and a name in FROM/],
    ["SELECT ssn, name AS ssn FROM patients ORDER BY ssn", /ssn is ambiguous/],
    [
      "SELECT UPPER(ssn) AS address, COUNT(*) AS n FROM patients GROUP BY address.zip",
      /both a select alias and a name/,
    ],
    [
      "SELECT CONCAT(name, CAST(COUNT(*) AS STRING)) AS x, state FROM patients GROUP BY ALL",
      /name is neither grouped nor aggregated/,
    ],
    [
      "SELECT state FROM patients GROUP BY state HAVING SUM(COUNT(*)) OVER () > 1",
      /Window function SUM is allowed only/,
    ],
    [mode("constructor = 1, privacy_unit_column = ssn"), /The option constructor of .* is not supported/],
    [mode("threshold = 1, Threshold = 2, privacy_unit_column = ssn"), /The option Threshold stands twice/],
    [mode("threshold = 1, privacy_unit_column = doc"), /privacy_unit_column is not supported on JSON/],
  ] as const) {
    test(sql, () => assert.match(refusalOf(sql)?.message ?? "was understood", message));
  }
});

describe("columns of a function of a model, in a view, are named one by one and no more", () => {
  const view = (query: string) => ({
    tableReference: { projectId: "clinic", datasetId: "ehr", tableId: "v" },
    type: "VIEW",
    view: { query },
    schema: { fields: [{ name: "weight", type: "FLOAT" }] },
  });
  const message = (query: string): string => {
    const table = (name: string) => (name === "clinic.ehr.v" ? view(query) : CLINIC.table(name));
    const { plan } = analyze("SELECT weight FROM v", { catalog: { ...CLINIC, table }, ...DEFAULTS });
    return plan.understood ? "was understood" : plan.refusal.message;
  };
  const FROM = "FROM ML.WEIGHTS(MODEL clinic.ehr.risk) AS r";
  test("as they are", () => assert.equal(message(`SELECT r.weight ${FROM}`), "was understood"));
  for (const query of [
    `SELECT DISTINCT r.weight ${FROM}`,
    `SELECT AS STRUCT r.weight ${FROM}`,
    `SELECT AS VALUE r.weight ${FROM}`,
    `SELECT WITH AGGREGATION_THRESHOLD OPTIONS (privacy_unit_column = r.weight) r.weight ${FROM}`,
    `SELECT r.weight ${FROM} HAVING TRUE`,
    `SELECT r.weight ${FROM} QUALIFY TRUE`,
    `SELECT r.weight ${FROM} WINDOW w AS (ORDER BY r.weight)`,
    `SELECT r.weight AS weight ${FROM}`,
    `SELECT ABS(r.weight) ${FROM}`,
    `SELECT r.weight, weight AS w ${FROM}`,
    `SELECT r.weight, weight ${FROM}`,
    `SELECT r ${FROM}`,
    `SELECT r.category_weights.weight ${FROM}`,
    `SELECT s.weight ${FROM}`,
    `SELECT * ${FROM}`,
  ])
    test(query, () => assert.match(message(query), /run as they were written/));
});
