import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Asker, askerFor } from "./ask.ts";
import { startWarehouse, type Warehouse } from "./warehouse.ts";

let warehouse: Warehouse;
let asker: Asker;

before(async () => {
  warehouse = await startWarehouse({ empty: true, projects: ["p"] });
  asker = askerFor(warehouse, "p", "d");
  const STRING = "STRING" as const;
  await warehouse.loadTable(
    {
      tableReference: { projectId: "p", datasetId: "d", tableId: "t" },
      schema: {
        fields: [
          { name: "id", type: "INTEGER" },
          { name: "name", type: STRING },
          { name: "city", type: STRING },
          { name: "tags", type: STRING, mode: "REPEATED" },
        ],
      },
    },
    [
      { id: 1, name: "ann", city: "rome", tags: ["x", "y"] },
      { id: 2, name: "bob", city: "oslo", tags: [] },
      { id: 3, name: "cid", city: "rome", tags: ["z"] },
    ],
  );
  await warehouse.loadTable(
    {
      tableReference: { projectId: "p", datasetId: "d", tableId: "u" },
      schema: {
        fields: [
          { name: "key", type: "INTEGER" },
          { name: "w", type: STRING },
        ],
      },
    },
    [
      { key: 1, w: "w1" },
      { key: 3, w: "w3" },
    ],
  );
});
after(() => warehouse.close());

const ROWS: readonly (readonly [title: string, sql: string, rows: readonly (readonly unknown[])[]])[] = [
  [
    "FROM alone",
    "FROM u",
    [
      ["1", "w1"],
      ["3", "w3"],
    ],
  ],
  [
    "WHERE and SELECT",
    "FROM `p`.`d`.`t` |> WHERE `city` = 'rome' |> SELECT `id`, name AS n",
    [
      ["1", "ann"],
      ["3", "cid"],
    ],
  ],
  ["an alias after WHERE", "FROM t AS a |> WHERE a.id > 1 |> SELECT a.id", [["2"], ["3"]]],
  [
    "an alias after EXTEND",
    "FROM t AS a |> EXTEND a.id * 2 AS double |> WHERE a.id = 3 AND double = 6 |> SELECT a.name, double",
    [["cid", "6"]],
  ],
  [
    "an alias after ORDER BY and LIMIT",
    "FROM t AS a |> ORDER BY a.id DESC |> LIMIT 2 |> WHERE a.id < 3 |> SELECT a.id",
    [["2"]],
  ],
  ["LIMIT with OFFSET", "FROM t |> ORDER BY id |> LIMIT 1 OFFSET 1 |> SELECT id", [["2"]]],
  [
    "an alias means the row before SET",
    "FROM u AS a |> SET w = 'new' |> SELECT w, a.w AS was |> ORDER BY was",
    [
      ["new", "w1"],
      ["new", "w3"],
    ],
  ],
  [
    "an alias means the row before DROP",
    "FROM u AS a |> DROP w |> EXTEND a.w AS again |> ORDER BY again",
    [
      ["1", "w1"],
      ["3", "w3"],
    ],
  ],
  ["hidden columns aren't shown by *", "FROM u AS a |> DROP key |> WHERE a.key = 3 |> SELECT *", [["w3"]]],
  [
    "EXTEND with a window",
    "FROM t |> EXTEND ROW_NUMBER() OVER (ORDER BY id DESC) AS n |> WHERE n = 1 |> SELECT id, n",
    [["3", "1"]],
  ],
  [
    "EXTEND, each seeing those before",
    "FROM u |> EXTEND key + 1 AS a |> EXTEND a + 1 AS b |> SELECT b |> ORDER BY b",
    [["3"], ["5"]],
  ],
  ["AS names the table so far", "FROM t |> WHERE id = 1 |> AS z |> SELECT z.name", [["ann"]]],
  ["RENAME", "FROM u |> RENAME w AS word |> WHERE word = 'w1'", [["1", "w1"]]],
  ["AGGREGATE without groups", "FROM t |> AGGREGATE COUNT(*) AS n, MAX(id) AS m", [["3", "3"]]],
  [
    "AGGREGATE … GROUP BY, keys first",
    "FROM t |> AGGREGATE COUNT(*) AS n GROUP BY city |> ORDER BY city",
    [
      ["oslo", "1"],
      ["rome", "2"],
    ],
  ],
  [
    "GROUP AND ORDER BY",
    "FROM t AS a |> AGGREGATE SUM(a.id) AS s GROUP AND ORDER BY a.city DESC",
    [
      ["rome", "4"],
      ["oslo", "2"],
    ],
  ],
  [
    "an order among the aggregates",
    "FROM t |> AGGREGATE COUNT(*) AS n DESC GROUP BY UPPER(city) AS c",
    [
      ["ROME", "2"],
      ["OSLO", "1"],
    ],
  ],
  ["DISTINCT", "FROM t |> SELECT city |> DISTINCT |> ORDER BY city", [["oslo"], ["rome"]]],
  [
    "JOIN",
    "FROM t AS a |> JOIN u AS b ON a.id = b.key |> ORDER BY b.key |> SELECT a.name, b.w",
    [
      ["ann", "w1"],
      ["cid", "w3"],
    ],
  ],
  [
    "LEFT JOIN after WHERE",
    "FROM t AS a |> WHERE a.city = 'rome' |> LEFT JOIN `p`.`d`.`u` AS `b` ON `a`.`id` = `b`.`key` AND b.key = 1 |> ORDER BY a.id |> SELECT a.id, b.w",
    [
      ["1", "w1"],
      ["3", null],
    ],
  ],
  [
    "both aliases after a JOIN and EXTEND",
    "FROM t a |> JOIN u b ON a.id = b.key |> EXTEND CONCAT(a.name, b.w) AS pair |> ORDER BY pair |> SELECT pair, a.id, b.key",
    [
      ["annw1", "1", "1"],
      ["cidw3", "3", "3"],
    ],
  ],
  [
    "JOIN of an array",
    "FROM t AS a |> JOIN UNNEST(a.tags) AS tag |> ORDER BY tag |> SELECT a.id, tag",
    [
      ["1", "x"],
      ["1", "y"],
      ["3", "z"],
    ],
  ],
  [
    "UNION ALL of several",
    "FROM u |> SELECT key |> UNION ALL (SELECT 7), (FROM t |> WHERE id = 2 |> SELECT id) |> ORDER BY key",
    [["1"], ["2"], ["3"], ["7"]],
  ],
  [
    "EXCEPT DISTINCT and INTERSECT DISTINCT",
    "FROM t |> SELECT id |> EXCEPT DISTINCT (SELECT key FROM u) |> INTERSECT DISTINCT (SELECT 2)",
    [["2"]],
  ],
  [
    "TABLESAMPLE of a small table is all of it",
    "FROM u |> TABLESAMPLE SYSTEM (10 PERCENT) |> AGGREGATE COUNT(*) AS n",
    [["2"]],
  ],
  ["after a SELECT", "SELECT id, city FROM t |> WHERE city = 'oslo' |> SELECT id", [["2"]]],
  [
    "after WITH, in a CTE and in a subquery",
    "WITH c AS (FROM t |> WHERE id > 1 |> SELECT id) FROM c |> WHERE id IN (FROM u |> SELECT key)",
    [["3"]],
  ],
  ["SELECT DISTINCT and a trailing comma", "FROM t |> SELECT DISTINCT city, |> ORDER BY city,", [["oslo"], ["rome"]]],
  ["PIVOT", "FROM t |> SELECT city, id |> PIVOT (SUM(id) FOR city IN ('rome', 'oslo'))", [["4", "2"]]],
];

describe("pipe queries give the rows BigQuery gives", () => {
  for (const [title, sql, expected] of ROWS) {
    test(title, async () => {
      assert.deepEqual(await asker.rows(sql), expected);
    });
  }
});

describe("a dry run describes a pipe query's output", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["FROM u AS a |> EXTEND a.key + 1 AS n |> WHERE a.key = 1", ["key INTEGER", "w STRING", "n INTEGER"]],
    ["FROM t |> DROP tags, id |> RENAME city AS town", ["name STRING", "town STRING"]],
    [
      "FROM t |> AGGREGATE COUNT(*), ARRAY_AGG(id) AS ids GROUP BY city",
      ["city STRING", "f0_ INTEGER", "ids INTEGER[]"],
    ],
    ["FROM u |> SET w = key", ["key INTEGER", "w INTEGER"]],
  ];
  for (const [sql, expected] of cases) {
    test(sql, async () => {
      assert.deepEqual(await asker.columns(sql), expected);
    });
  }
});

test("operators that don't run are refused by name", async () => {
  assert.match(
    (await asker.error("FROM t |> ASSERT id > 0")) ?? "",
    /^Pipe operator is not supported by this warehouse: ASSERT$/,
  );
  assert.match((await asker.error("FROM t |> 1")) ?? "", /^Syntax error: /);
});
