import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { analyze } from "./analyze.ts";
import { CLINIC, canonical, DEFAULTS, reads, refusalOf, types } from "./testing/clinic.ts";
import { table } from "./testing/flow-tables.ts";

const match = (measures: string, rest: string, select = "*"): string =>
  `SELECT ${select} FROM patients AS p MATCH_RECOGNIZE(ORDER BY born MEASURES ${measures} PATTERN (${rest}) AS m`;

table("MATCH_RECOGNIZE: partition, order and conditions decide; a measure is no statistic", [
  // One row of the table is a match: the sum is its value.
  [match("SUM(weight) AS s", "a) DEFINE a AS TRUE"), "s = transform weight ? born"],
  [match("COUNT(*) AS n", "a) DEFINE a AS ssn < '5'"), "n = transform * ? born, ssn"],
  [match("MAX(name) AS x", "a b*) DEFINE a AS ssn < '5', b AS state = 'x'"), "x = copy name ? born, name, ssn, state"],
  // Through a variable the value itself is chosen by the conditions.
  [
    match("MAX(a.name) AS x, COUNT(b.state) AS n", "a b*) DEFINE a AS ssn < '5', b AS TRUE"),
    "x = copy name, transform ssn ? born, name, ssn",
    "n = transform ssn, transform state ? born, ssn",
  ],
  [
    match("FIRST(name) AS f, LAST(b.ssn) AS l", "(a|b)+?) DEFINE a AS TRUE, b AS TRUE"),
    "f = copy name ? born",
    "l = copy ssn ? born",
  ],
  [
    match(
      "MATCH_NUMBER() AS n, LAST(MATCH_ROW_NUMBER()) AS r, FIRST(CLASSIFIER()) AS c",
      "a|b) DEFINE a AS ssn < '5', b AS TRUE",
    ),
    "n = transform * ? born, ssn",
    "r = transform * ? born, ssn",
    "c = transform ssn ? born, ssn",
  ],
  [
    match("MAX(state) AS x", "a b) DEFINE a AS TRUE, b AS PREV(weight) > NEXT(weight, 2)"),
    "x = copy state ? born, state, weight",
  ],
  [
    "SELECT * FROM encounters MATCH_RECOGNIZE(PARTITION BY id, kind ORDER BY eid DESC MEASURES id + 1 AS next, SUM(cost) AS s AFTER MATCH SKIP TO NEXT ROW PATTERN (a{2,3}) DEFINE a AS TRUE OPTIONS (use_longest_match = TRUE))",
    "id = copy encounters.id ? encounters.eid, encounters.id, encounters.kind",
    "kind = copy encounters.kind ? encounters.eid, encounters.id, encounters.kind",
    "next = transform encounters.id ? encounters.eid, encounters.id, encounters.kind",
    "s = transform encounters.cost ? encounters.eid, encounters.id, encounters.kind",
  ],
  [`SELECT AVG(s) AS v FROM (${match("SUM(weight) AS s", "a) DEFINE a AS TRUE")})`, "v = transform weight ? born"],
  [`SELECT AVG(n) AS v FROM (${match("MATCH_NUMBER() AS n", "a) DEFINE a AS TRUE")})`, "v = transform * ? born"],
  [`SELECT 1 AS one FROM (${match("SUM(weight) AS s", "a) DEFINE a AS ssn < '5'")})`, "one = ? born, ssn"],
]);

table("TABLESAMPLE takes rows at random, and maybe one", [
  ["SELECT name FROM patients TABLESAMPLE SYSTEM (10 PERCENT)", "name = copy name"],
  ["SELECT SUM(weight) AS s FROM patients TABLESAMPLE SYSTEM (0.0001 PERCENT)", "s = transform weight"],
  ["SELECT COUNT(*) AS n FROM patients AS p TABLESAMPLE SYSTEM (1 PERCENT) WHERE p.ssn = '1'", "n = transform * ? ssn"],
  [
    "SELECT COUNT(*) AS n FROM patients AS p TABLESAMPLE SYSTEM (1 PERCENT) JOIN encounters AS e ON p.id = e.id",
    "n = transform encounters.*, transform * ? encounters.id, id",
  ],
]);

describe("TABLESAMPLE", () => {
  for (const [from, what] of [
    ["(SELECT * FROM patients) TABLESAMPLE SYSTEM (1 PERCENT)", "a query"],
    ["UNNEST([1]) TABLESAMPLE SYSTEM (1 PERCENT)", "an array"],
    ["patients AS p, p.tags TABLESAMPLE SYSTEM (1 PERCENT)", "a query of WITH or an array"],
    ["ML.WEIGHTS(MODEL risk) TABLESAMPLE SYSTEM (1 PERCENT)", "a table function"],
    ["ML.WEIGHTS(MODEL risk) |> TABLESAMPLE SYSTEM (1 PERCENT)", "a table function"],
  ] as const)
    test(`takes a table, and not ${what}: ${from}`, () => {
      const sql = from.includes("|>") ? `FROM ${from}` : `SELECT 1 FROM ${from}`;
      assert.match(refusalOf(sql)?.message ?? "was understood", new RegExp(`takes a table, not ${what};`));
    });
  test("takes no query of WITH", () => {
    const sql = "WITH w AS (SELECT 1 AS x) SELECT x FROM w TABLESAMPLE SYSTEM (1 PERCENT)";
    assert.match(refusalOf(sql)?.message ?? "was understood", /not a query of WITH/);
  });
  test("takes no view", () => {
    const view = {
      tableReference: { projectId: "clinic", datasetId: "ehr", tableId: "v" },
      type: "VIEW",
      view: { query: "SELECT 1 AS x" },
      schema: { fields: [{ name: "x", type: "INTEGER" }] },
    };
    const { plan } = analyze("SELECT x FROM v TABLESAMPLE SYSTEM (1 PERCENT)", {
      catalog: { ...CLINIC, table: () => view },
      ...DEFAULTS,
    });
    assert.match(plan.understood ? "was understood" : plan.refusal.message, /not a view/);
  });
});

table("COLLATE says how strings are ordered, and is a constant", [
  ["SELECT name FROM patients ORDER BY ssn COLLATE 'und:ci'", "name = copy name ? ssn"],
  ["SELECT RANK() OVER (ORDER BY ssn COLLATE 'und:ci') AS r FROM patients", "r = transform * ? ssn"],
  ["SELECT COLLATE(name, 'und:ci') AS c FROM patients", "c = transform name"],
]);

table("AGGREGATION_THRESHOLD decides which groups are shown", [
  [
    "SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 50, privacy_unit_column = ssn) state, COUNT(*) AS n FROM patients GROUP BY state",
    "state = copy state ? ssn, state",
    "n = aggregate * ? ssn, state",
  ],
]);

describe("table operators", () => {
  it("have the types of what they compute", () => {
    const sql = match(
      "FIRST(born) AS b, MATCH_NUMBER() AS n, ANY_VALUE(CLASSIFIER()) AS c, COUNT(*) > 1 AS m",
      "a) DEFINE a AS TRUE",
    );
    assert.deepEqual(types(sql), ["b DATE", "n INT64", "c STRING", "m BOOL"]);
  });
  it("note conditions that show nothing", () => {
    assert.deepEqual(reads(match("MAX(state) AS x", "a) DEFINE a AS ssn < '5'", "1 AS one")), [
      "born: predicate",
      "ssn: predicate",
      "state: predicate",
    ]);
  });
  it("are printed as they were written", () => {
    assert.equal(
      canonical(
        "SELECT m FROM pair MATCH_RECOGNIZE(ORDER BY a MEASURES LAST(x.b) AS m PATTERN (x y??) DEFINE x AS TRUE, y AS PREV(a) = a)",
      ),
      "SELECT `m` FROM `clinic`.`ehr`.`pair` MATCH_RECOGNIZE(ORDER BY `a` MEASURES LAST(`x`.`b`) AS `m` PATTERN (`x` `y`??) DEFINE `x` AS TRUE, `y` AS PREV(`a`) = `a`)",
    );
  });
  it("are refused where BigQuery refuses them", () => {
    for (const [sql, message] of [
      [match("ssn AS x", "a) DEFINE a AS TRUE"), /neither grouped nor aggregated/],
      [match("MAX(ssn) AS x, MAX(ssn) AS X", "a) DEFINE a AS TRUE"), /twice/],
      [match("MAX(ssn) AS x", "a b) DEFINE a AS TRUE"), /not defined/],
      [match("MAX(ssn) AS x", "a) DEFINE a AS TRUE, b AS TRUE"), /not used/],
      [match("MAX(ssn) AS x", "a) DEFINE a AS TRUE, A AS TRUE"), /twice/],
      [match("MAX(ssn) AS x", "a) DEFINE a AS ssn"), /BOOL/],
      [match("MAX(ssn) AS x", "a) DEFINE a AS MAX(ssn) = ssn"), /not allowed/],
      [match("MAX(ssn) AS x", "a) DEFINE a AS a.ssn = ssn"), /Unrecognized name/],
      [match("RANK() OVER (ORDER BY ssn) AS x", "a) DEFINE a AS TRUE"), /only in SELECT/],
      [match("FIRST(MAX(ssn)) AS x", "a) DEFINE a AS TRUE"), /Aggregations of aggregations/],
      [match("CLASSIFIER() AS x", "a) DEFINE a AS TRUE"), /inside an aggregate/],
      [match("MAX(ssn) AS x", "a) DEFINE a AS TRUE OPTIONS (y = 1)"), /option/],
      ["SELECT PREV(ssn) FROM patients", /not found/],
      ["SELECT FIRST(ssn) FROM patients", /not found/],
      [
        "SELECT * FROM UNNEST([1]) AS x MATCH_RECOGNIZE(ORDER BY x MEASURES COUNT(*) AS n PATTERN (a) DEFINE a AS TRUE)",
        /array/,
      ],
      ["SELECT name FROM patients ORDER BY id COLLATE 'und:ci'", /COLLATE/],
      ["SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1) COUNT(*) FROM patients", /privacy_unit_column/],
      ["SELECT WITH AGGREGATION_THRESHOLD COUNT(*) FROM patients", /privacy_unit_column/],
      [
        "SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = 1, privacy_unit_column = UPPER(ssn)) COUNT(*) FROM patients",
        /names a column/,
      ],
      [
        "SELECT WITH AGGREGATION_THRESHOLD OPTIONS (threshold = (SELECT 1), privacy_unit_column = ssn) COUNT(*) FROM patients",
        /constant/,
      ],
      ["SELECT WITH AGGREGATION_THRESHOLD OPTIONS (x = 1, privacy_unit_column = ssn) COUNT(*) FROM patients", /option/],
    ] as const) {
      assert.match(refusalOf(sql)?.message ?? "understood", message, sql);
    }
  });
});
