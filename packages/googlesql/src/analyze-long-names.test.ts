/**
 * Tables named in FROM by one identifier with dots: it is the name of their rows, as GoogleSQL takes a path's last identifier. What runs has
 * the parts apart, and must name the same rows.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import type { UnderstoodPlan } from "./plan.ts";
import type { TableFieldSchema } from "./table-resource.ts";
import { CLINIC, canonical, DEFAULTS, flows, planOf, refusalOf, scriptOf, writes } from "./testing/clinic.ts";

/** Each beside one with an alias, of which the plan must be the same. */
const ALIASED: readonly (readonly [sql: string, aliased: string])[] = [
  ["SELECT `clinic.ehr.patients`.ssn FROM `clinic.ehr.patients`", "SELECT p.ssn FROM patients AS p"],
  ["SELECT `EHR.Patients`.ssn FROM `ehr.patients`", "SELECT p.ssn FROM patients AS p"],
  ["SELECT `ehr.patients`.ssn FROM clinic.`ehr.patients`", "SELECT p.ssn FROM patients AS p"],
  ["SELECT patients.ssn FROM `clinic.ehr`.patients", "SELECT p.ssn FROM patients AS p"],
  ["SELECT `ehr.patients`.* EXCEPT (doc) FROM `ehr.patients`", "SELECT p.* EXCEPT (doc) FROM patients AS p"],
  ["SELECT `ehr.patients`.address.zip FROM `ehr.patients`", "SELECT p.address.zip FROM patients AS p"],
  ["SELECT ssn FROM `ehr.patients` ORDER BY `ehr.patients`.id", "SELECT ssn FROM patients AS p ORDER BY p.id"],
  [
    "SELECT `ehr.patients`.state, COUNT(`ehr.patients`.ssn) AS n FROM `ehr.patients` GROUP BY `ehr.patients`.state HAVING MAX(`ehr.patients`.id) > 1",
    "SELECT p.state, COUNT(p.ssn) AS n FROM patients AS p GROUP BY p.state HAVING MAX(p.id) > 1",
  ],
  [
    "SELECT `ehr.patients`.ssn, `ehr.encounters`.cost FROM `ehr.patients` LEFT JOIN `ehr.encounters` ON `ehr.patients`.id = `ehr.encounters`.id",
    "SELECT p.ssn, e.cost FROM patients AS p LEFT JOIN encounters AS e ON p.id = e.id",
  ],
  [
    "SELECT v.code FROM `ehr.patients`, `ehr.patients`.visits AS v WHERE `ehr.patients`.state = 'x'",
    "SELECT v.code FROM patients AS p, p.visits AS v WHERE p.state = 'x'",
  ],
  ["SELECT visits.code FROM `ehr.patients`, `ehr.patients`.visits", "SELECT visits.code FROM patients AS p, p.visits"],
  [
    "SELECT v.code FROM `ehr.patients` CROSS JOIN UNNEST(`ehr.patients`.visits) AS v",
    "SELECT v.code FROM patients AS p CROSS JOIN UNNEST(p.visits) AS v",
  ],
  [
    "SELECT ssn FROM `ehr.patients` WHERE EXISTS (SELECT 1 FROM `ehr.encounters` WHERE `ehr.encounters`.id = `ehr.patients`.id)",
    "SELECT ssn FROM patients AS p WHERE EXISTS (SELECT 1 FROM encounters AS e WHERE e.id = p.id)",
  ],
  [
    "SELECT a FROM `ehr.pair` UNPIVOT(a FOR k IN (`ehr.pair`.a, `ehr.pair`.b))",
    "SELECT a FROM pair AS p UNPIVOT(a FOR k IN (p.a, p.b))",
  ],
  [
    "FROM `ehr.patients` |> WHERE `ehr.patients`.id = 1 |> SELECT `ehr.patients`.ssn",
    "FROM patients AS p |> WHERE p.id = 1 |> SELECT p.ssn",
  ],
  ["SELECT `ehr.loaded`._PARTITIONTIME AS t FROM `ehr.loaded`", "SELECT l._PARTITIONTIME AS t FROM loaded AS l"],
  [
    "UPDATE `ehr.copies` SET `ehr.copies`.ssn = 'x', `ehr.copies`.place.zip = `ehr.copies`.code WHERE `ehr.copies`.id = 3",
    "UPDATE copies AS c SET c.ssn = 'x', c.place.zip = c.code WHERE c.id = 3",
  ],
  ["DELETE `ehr.copies` WHERE `ehr.copies`.id = 3", "DELETE copies AS c WHERE c.id = 3"],
  [
    "MERGE `ehr.copies` USING `ehr.patients` ON `ehr.copies`.id = `ehr.patients`.id WHEN MATCHED THEN UPDATE SET ssn = `ehr.patients`.ssn",
    "MERGE copies AS c USING patients AS p ON c.id = p.id WHEN MATCHED THEN UPDATE SET ssn = p.ssn",
  ],
];

describe("the rows of a table named by one identifier with dots are those of an alias", () => {
  for (const [sql, aliased] of ALIASED) {
    test(sql, () => assert.deepEqual(scriptOf(sql).statements, scriptOf(aliased).statements));
  }
});

/** What runs. */
const PRINTED: readonly (readonly [sql: string, canonical: string])[] = [
  [
    "SELECT `clinic.ehr.patients`.ssn FROM `clinic.ehr.patients`",
    "SELECT `patients`.`ssn` FROM `clinic`.`ehr`.`patients`",
  ],
  ["SELECT patients.ssn FROM `clinic.ehr.patients`", "SELECT `patients`.`ssn` FROM `clinic`.`ehr`.`patients`"],
  [
    "SELECT `ehr.patients`.* EXCEPT (doc) FROM `ehr.patients`",
    "SELECT `patients`.* EXCEPT (`doc`) FROM `clinic`.`ehr`.`patients`",
  ],
  [
    "UPDATE `ehr.copies` SET `ehr.copies`.ssn = 'x' WHERE `ehr.copies`.id = 3",
    "UPDATE `clinic`.`ehr`.`copies` SET `copies`.`ssn` = 'x' WHERE `copies`.`id` = 3",
  ],
  // One table under two names: each is another range variable.
  [
    "SELECT `clinic.ehr.patients`.ssn, `ehr.patients`.name FROM `clinic.ehr.patients` JOIN `ehr.patients` ON `clinic.ehr.patients`.id = `ehr.patients`.id",
    "SELECT `patients`.`ssn`, `patients_1`.`name` FROM `clinic`.`ehr`.`patients` INNER JOIN `clinic`.`ehr`.`patients` AS `patients_1` ON `patients`.`id` = `patients_1`.`id`",
  ],
  [
    "SELECT ssn FROM `clinic.ehr.patients` WHERE EXISTS (SELECT 1 FROM `ehr.patients` WHERE `ehr.patients`.id = `clinic.ehr.patients`.id)",
    "SELECT `ssn` FROM `clinic`.`ehr`.`patients` WHERE EXISTS(SELECT 1 FROM `clinic`.`ehr`.`patients` AS `patients_1` WHERE `patients_1`.`id` = `patients`.`id`)",
  ],
  [
    "UPDATE `ehr.copies` SET ssn = `clinic.ehr.copies`.ssn FROM `clinic.ehr.copies` WHERE `ehr.copies`.id = `clinic.ehr.copies`.id",
    "UPDATE `clinic`.`ehr`.`copies` SET `ssn` = `copies_1`.`ssn` FROM `clinic`.`ehr`.`copies` AS `copies_1` WHERE `copies`.`id` = `copies_1`.`id`",
  ],
  // A name that the text has is none that is made.
  [
    "SELECT pair_1.a, `ehr.pair`.b FROM `ehr.pair`, `clinic.ehr.pair`, pair AS PAIR_1",
    "SELECT `pair_1`.`a`, `pair`.`b` FROM `clinic`.`ehr`.`pair`, `clinic`.`ehr`.`pair` AS `pair_2`, `clinic`.`ehr`.`pair` AS `PAIR_1`",
  ],
  // An alias, a common table, a variable or a column of the last part's name is that, as BigQuery knows nothing else by it.
  [
    "SELECT pair.ssn FROM `ehr.pair`, encounters AS pair_1, patients AS pair WHERE FALSE",
    "SELECT `pair`.`ssn` FROM `clinic`.`ehr`.`pair` AS `pair_2`, `clinic`.`ehr`.`encounters` AS `pair_1`, `clinic`.`ehr`.`patients` AS `pair` WHERE FALSE",
  ],
  [
    "WITH pair AS (SELECT 'x' AS a) SELECT `ehr.pair`.a, pair.a AS x FROM pair, `ehr.pair`",
    "WITH `pair` AS (SELECT 'x' AS `a`) SELECT `pair_1`.`a`, `pair`.`a` AS `x` FROM `pair`, `clinic`.`ehr`.`pair` AS `pair_1`",
  ],
  [
    "DECLARE pair STRING DEFAULT 'x'; SELECT b FROM `ehr.pair` WHERE a = pair",
    "DECLARE `pair` STRING DEFAULT 'x';\nSELECT `b` FROM `clinic`.`ehr`.`pair` AS `pair_1` WHERE `a` = `pair`",
  ],
  [
    "SELECT `ehr.pair`.a AS pair FROM `ehr.pair` ORDER BY pair, `ehr.pair`.b",
    "SELECT `pair_1`.`a` AS `pair` FROM `clinic`.`ehr`.`pair` AS `pair_1` ORDER BY `pair`, `pair_1`.`b`",
  ],
  [
    "SELECT (SELECT pair FROM `ehr.pair` LIMIT 1) AS x FROM (SELECT ssn AS pair FROM patients)",
    "SELECT (SELECT `pair` FROM `clinic`.`ehr`.`pair` AS `pair_1` LIMIT 1) AS `x` FROM (SELECT `ssn` AS `pair` FROM `clinic`.`ehr`.`patients`)",
  ],
  [
    "SELECT (SELECT `ehr.pair`.a FROM (SELECT 'x' AS pair) WHERE pair = 'x') AS x FROM `ehr.pair`",
    "SELECT (SELECT `pair_1`.`a` FROM (SELECT 'x' AS `pair`) WHERE `pair` = 'x') AS `x` FROM `clinic`.`ehr`.`pair` AS `pair_1`",
  ],
  [
    "SELECT a AS pair, b FROM `ehr.pair` ORDER BY pair",
    "SELECT `a` AS `pair`, `b` FROM `clinic`.`ehr`.`pair` AS `pair_1` ORDER BY `pair`",
  ],
  [
    "SELECT 1 FROM encounters AS pair, `ehr.pair`",
    "SELECT 1 FROM `clinic`.`ehr`.`encounters` AS `pair`, `clinic`.`ehr`.`pair` AS `pair_1`",
  ],
  // What the name hides is not printed otherwise.
  [
    "SELECT (SELECT MAX(pair.cost) FROM encounters AS pair) AS x, `ehr.pair`.a FROM `ehr.pair`",
    "SELECT (SELECT MAX(`pair`.`cost`) FROM `clinic`.`ehr`.`encounters` AS `pair`) AS `x`, `pair`.`a` FROM `clinic`.`ehr`.`pair`",
  ],
  [
    "WITH RECURSIVE r AS (SELECT `ehr.pair`.a FROM `ehr.pair` UNION ALL SELECT r.a FROM r, encounters AS pair JOIN `ehr.pair` ON r.a = `ehr.pair`.b) SELECT a FROM r",
    "WITH RECURSIVE `r` AS (SELECT `pair`.`a` FROM `clinic`.`ehr`.`pair` UNION ALL SELECT `r`.`a` FROM `r`, `clinic`.`ehr`.`encounters` AS `pair` INNER JOIN `clinic`.`ehr`.`pair` AS `pair_1` ON `r`.`a` = `pair_1`.`b`) SELECT `a` FROM `r`",
  ],
  [
    "SELECT a AS pair, COUNT(b) AS n FROM `ehr.pair` GROUP BY pair",
    "SELECT `a` AS `pair`, COUNT(`b`) AS `n` FROM `clinic`.`ehr`.`pair` AS `pair_1` GROUP BY `pair`",
  ],
  [
    "DECLARE pair STRUCT<x STRING> DEFAULT STRUCT('x'); SELECT pair.*, `ehr.pair`.b FROM `ehr.pair`",
    "DECLARE `pair` STRUCT<`x` STRING> DEFAULT STRUCT('x');\nSELECT `pair`.*, `pair_1`.`b` FROM `clinic`.`ehr`.`pair` AS `pair_1`",
  ],
  [
    "SELECT (SELECT `ehr.pair`.a FROM (SELECT 'x' AS pair)) AS x, pair.* FROM `ehr.pair`",
    "SELECT (SELECT `pair_1`.`a` FROM (SELECT 'x' AS `pair`)) AS `x`, `pair_1`.* FROM `clinic`.`ehr`.`pair` AS `pair_1`",
  ],
  [
    "SELECT (SELECT AS STRUCT `ehr.pair`.* FROM (SELECT 1 AS pair)) AS x FROM `ehr.pair`",
    "SELECT (SELECT AS STRUCT `pair_1`.* FROM (SELECT 1 AS `pair`)) AS `x` FROM `clinic`.`ehr`.`pair` AS `pair_1`",
  ],
  [
    "SELECT v FROM `ehr.pair` UNPIVOT(v FOR k IN (`ehr.pair`.a, b))",
    "SELECT `v` FROM `clinic`.`ehr`.`pair` UNPIVOT(`v` FOR `k` IN (`pair`.`a`, `b`))",
  ],
  [
    "FROM `ehr.pair` |> CROSS JOIN (SELECT 'x' AS pair) |> UNPIVOT(v FOR k IN (`ehr.pair`.a, pair))",
    "FROM `clinic`.`ehr`.`pair` AS `pair_1` |> CROSS JOIN (SELECT 'x' AS `pair`) |> UNPIVOT(`v` FOR `k` IN (`pair_1`.`a`, `pair`))",
  ],
  [
    "FROM `ehr.pair` |> EXTEND 'x' AS `ehr.pair` |> UNPIVOT(v FOR k IN (`ehr.pair`, a))",
    "FROM `clinic`.`ehr`.`pair` |> EXTEND 'x' AS `ehr.pair` |> UNPIVOT(`v` FOR `k` IN (`ehr.pair`, `a`))",
  ],
];

describe("what runs has one name for each table's rows", () => {
  for (const [sql, text] of PRINTED) {
    test(sql, () => {
      assert.equal(canonical(sql), text);
      const again = scriptOf(text);
      assert.equal(again.canonicalSql, text);
      assert.deepEqual(again.statements, scriptOf(sql).statements);
    });
  }
});

function field(name: string, type: string, fields?: readonly TableFieldSchema[]): TableFieldSchema {
  return { name, type, ...(fields === undefined ? {} : { fields }) };
}

const SHADOWS = new Map(
  [
    ["lab", "patients", [field("id", "INTEGER"), field("ssn", "STRING")]],
    ["lab", "odd-pair", [field("a", "STRING")]],
    ["ehr", "people", [field("ehr", "RECORD", [field("people", "RECORD", [field("ssn", "STRING")])])]],
    ["ehr", "country", [field("country", "STRING"), field("people", "INTEGER")]],
    ["clinic", "visits", [field("code", "STRING")]],
  ].map(([datasetId, tableId, fields]) => [
    `clinic.${datasetId}.${tableId}`,
    {
      tableReference: { projectId: "clinic", datasetId: `${datasetId}`, tableId: `${tableId}` },
      schema: { fields: fields as TableFieldSchema[] },
    },
  ]),
);
const CATALOG = { ...CLINIC, table: (name: string) => SHADOWS.get(name) ?? CLINIC.table(name) };

function analysed(sql: string): UnderstoodPlan {
  const { plan } = analyze(sql, { catalog: CATALOG, ...DEFAULTS });
  if (!plan.understood) throw new Error(`${plan.refusal.code}: ${plan.refusal.message}`);
  return plan;
}

function madeOf(sql: string): readonly string[] {
  return analysed(sql).result.map(({ explicit }) => explicit.map(({ column }) => column).join(", "));
}

test("tables of one last name in two datasets stay apart", () => {
  const sql =
    "SELECT `clinic.ehr.patients`.ssn, `lab.patients`.ssn AS other FROM `clinic.ehr.patients` JOIN `lab.patients` USING (id)";
  assert.deepEqual(madeOf(sql), ["clinic.ehr.patients.ssn", "clinic.lab.patients.ssn"]);
  const text =
    "SELECT `patients`.`ssn`, `patients_1`.`ssn` AS `other` FROM `clinic`.`ehr`.`patients` INNER JOIN `clinic`.`lab`.`patients` AS `patients_1` USING (`id`)";
  assert.equal(analysed(sql).canonicalSql, text);
  assert.deepEqual(madeOf(text), madeOf(sql));
  const inner =
    "SELECT (SELECT MAX(`ehr.patients`.ssn) FROM `lab.patients` WHERE `lab.patients`.id = `ehr.patients`.id) AS x FROM `ehr.patients`";
  assert.deepEqual(madeOf(inner), ["clinic.ehr.patients.ssn"]);
  assert.deepEqual(madeOf(analysed(inner).canonicalSql), ["clinic.ehr.patients.ssn"]);
  const either = analyze("SELECT patients.ssn FROM `ehr.patients`, `lab.patients`", {
    catalog: CATALOG,
    ...DEFAULTS,
  }).plan;
  assert.match(either.understood ? "" : either.refusal.message, /patients is ambiguous/);
});

test("a column of the table's last name is that column, a STRUCT named as a dataset is that STRUCT", () => {
  assert.deepEqual(madeOf("SELECT country FROM `ehr.country`"), ["clinic.ehr.country.country"]);
  assert.equal(
    analysed("SELECT country FROM `ehr.country` WHERE `ehr.country`.people > 1").canonicalSql,
    "SELECT `country` FROM `clinic`.`ehr`.`country` AS `country_1` WHERE `country_1`.`people` > 1",
  );
  assert.deepEqual(madeOf("SELECT ehr.people.ssn FROM `ehr.people`"), ["clinic.ehr.people.ehr.people.ssn"]);
  assert.deepEqual(madeOf("SELECT ehr.people.ssn FROM ehr.people"), ["clinic.ehr.people.ehr.people.ssn"]);
  assert.deepEqual(madeOf("SELECT `ehr.people`.ehr.people.ssn FROM `ehr.people`"), [
    "clinic.ehr.people.ehr.people.ssn",
  ]);
  assert.equal(
    analysed("SELECT a.people FROM `ehr.country` AS a JOIN `ehr.country` USING (country)").canonicalSql,
    "SELECT `a`.`people` FROM `clinic`.`ehr`.`country` AS `a` INNER JOIN `clinic`.`ehr`.`country` AS `country_1` USING (`country`)",
  );
  assert.equal(
    analysed("UPDATE `ehr.country` SET country = 'x' WHERE TRUE").canonicalSql,
    "UPDATE `clinic`.`ehr`.`country` AS `country_1` SET `country` = 'x' WHERE TRUE",
  );
  assert.equal(
    analysed("FROM `ehr.country` |> SET country = 'x' |> DROP people").canonicalSql,
    "FROM `clinic`.`ehr`.`country` AS `country_1` |> SET `country` = 'x' |> DROP `people`",
  );
  assert.equal(
    analysed("FROM `ehr.country` |> RENAME country AS c").canonicalSql,
    "FROM `clinic`.`ehr`.`country` AS `country_1` |> RENAME `country` AS `c`",
  );
});

test("a table behind one of the last name that its dataset or project has is that table", () => {
  const sql = "SELECT v.code FROM `ehr.clinic`, clinic.visits AS v";
  const named = {
    ...CATALOG,
    table: (name: string) => {
      const pair = CLINIC.table("clinic.ehr.pair");
      if (name !== "clinic.ehr.clinic" || pair === undefined) return CATALOG.table(name);
      return { ...pair, tableReference: { ...pair.tableReference, tableId: "clinic" } };
    },
  };
  const found = analyze(sql, { catalog: named, ...DEFAULTS }).plan;
  assert.equal(
    found.understood && found.canonicalSql,
    "SELECT `v`.`code` FROM `clinic`.`ehr`.`clinic` AS `clinic_1`, `clinic`.`clinic`.`visits` AS `v`",
  );
});

test("an alias is a plain name, and none that the canonical SQL has", () => {
  assert.equal(
    analysed("SELECT `lab.odd-pair`.a FROM `lab.odd-pair`, (SELECT 1 AS `odd-pair`)").canonicalSql,
    "SELECT `table_1`.`a` FROM `clinic`.`lab`.`odd-pair` AS `table_1`, (SELECT 1 AS `odd-pair`)",
  );
  const elsewhere = {
    ...CATALOG,
    table: (name: string) => {
      const pair = CLINIC.table(name.replace("pair_1", "clinic"));
      return pair && { ...pair, tableReference: { ...pair.tableReference, projectId: "pair_1" } };
    },
  };
  const { plan } = analyze("SELECT 1 FROM `ehr.pair`, (SELECT 1 AS pair), encounters WHERE pair = 1", {
    catalog: elsewhere,
    defaultProject: "pair_1",
    defaultDataset: { project: "pair_1", dataset: "ehr" },
  });
  assert.equal(
    plan.understood && plan.canonicalSql,
    "SELECT 1 FROM `pair_1`.`ehr`.`pair` AS `pair_2`, (SELECT 1 AS `pair`), `pair_1`.`ehr`.`encounters` WHERE `pair` = 1",
  );
});

test("metadata, temporary tables, views and wildcards are known by their whole name too", () => {
  assert.match(
    canonical("SELECT `ehr.INFORMATION_SCHEMA.TABLES`.table_name FROM `ehr.INFORMATION_SCHEMA.TABLES`"),
    /^SELECT `TABLES`.`table_name` FROM \(.*\) AS `TABLES`$/,
  );
  assert.equal(
    canonical("CREATE TEMP TABLE t AS SELECT 1 AS x; SELECT `_SESSION.t`.x FROM `_SESSION.t`").split("\n")[1],
    "SELECT `t`.`x` FROM `_SESSION`.`t`",
  );
});

describe("what BigQuery knows by no such name is refused", () => {
  const refused: readonly (readonly [sql: string, message: RegExp])[] = [
    ["SELECT `clinic.ehr.patients`.ssn FROM clinic.ehr.patients", /Unrecognized name: clinic\.ehr\.patients/],
    ["SELECT `ehr.patients`.ssn FROM `clinic.ehr.patients`", /Unrecognized name: ehr\.patients/],
    ["SELECT `clinic.ehr.patients`.ssn FROM `ehr.patients`", /Unrecognized name/],
    ["SELECT `clinic.ehr.patients`.ssn FROM `clinic.ehr.patients` AS p", /Unrecognized name/],
    ["SELECT clinic.ehr.patients.ssn FROM clinic.ehr.patients", /Unrecognized name: clinic/],
    ["SELECT ehr.patients.ssn FROM ehr.patients", /Unrecognized name: ehr/],
    ["SELECT ehr.patients.ssn FROM `ehr.patients`", /Unrecognized name: ehr/],
    ["SELECT `ehr.patients.ssn` FROM `ehr.patients`", /Unrecognized name/],
    ["SELECT `ehr.patients`.missing FROM `ehr.patients`", /not found inside ehr\.patients/],
    ["SELECT (SELECT COUNT(*) FROM `ehr.pair`) AS n, pair FROM encounters", /Unrecognized name: pair/],
    ["SELECT 1 FROM `ehr.patients`, `ehr.patients`", /Duplicate table alias ehr\.patients/],
    ["SELECT v.code FROM `ehr.patients`, patients.visits AS v", /patients\.visits/],
    ["SELECT `ehr.patients` FROM `ehr.patients`", /give the table an alias/],
    ["SELECT TO_JSON_STRING(`ehr.patients`) FROM `ehr.patients`", /give the table an alias/],
    ["SELECT pair FROM `ehr.pair`, (SELECT `ehr.pair`.a AS x FROM (SELECT 1 AS pair))", /Unrecognized name/],
    ["SELECT pair, (SELECT `ehr.pair`.a FROM (SELECT 1 AS pair)) AS x FROM `ehr.pair`", /give the table an alias/],
    ["SELECT (SELECT `ehr.pair`.a FROM (SELECT 1 AS pair)) AS x, pair FROM `ehr.pair`", /give the table an alias/],
    ["UPDATE `ehr.copies` SET `clinic.ehr.copies`.ssn = 'x' WHERE TRUE", /no column clinic\.ehr\.copies/],
  ];
  for (const [sql, message] of refused) test(sql, () => assert.match(refusalOf(sql)?.message ?? "", message));
});

test("the last name alone stands for the rows where it is nothing else", () => {
  assert.deepEqual(flows("SELECT patients.ssn, patients.* EXCEPT (doc) FROM `ehr.patients`").slice(0, 1), [
    "ssn = copy ssn",
  ]);
  assert.equal(
    canonical("SELECT TO_JSON_STRING(pair) AS x FROM `ehr.pair`"),
    "SELECT TO_JSON_STRING(`pair`) AS `x` FROM `clinic`.`ehr`.`pair`",
  );
  // A row's column is named as it is written.
  assert.equal(canonical("SELECT PAIR FROM `ehr.pair`"), "SELECT `PAIR` FROM `clinic`.`ehr`.`pair`");
  assert.deepEqual(planOf("SELECT pair FROM `ehr.pair`").outputs, planOf("SELECT pair FROM ehr.pair").outputs);
  assert.deepEqual(writes("DELETE `ehr.copies` WHERE copies.id = 1"), writes("DELETE ehr.copies WHERE copies.id = 1"));
});
