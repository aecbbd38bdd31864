import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isObject } from "./rest/json.ts";
import { startWarehouse, type Warehouse } from "./warehouse.ts";

let warehouse: Warehouse;

before(async () => {
  warehouse = await startWarehouse({ empty: true, projects: ["p"] });
  await warehouse.loadTable(
    {
      tableReference: { projectId: "p", datasetId: "d", tableId: "t" },
      schema: {
        fields: [
          { name: "id", type: "INTEGER" },
          { name: "name", type: "STRING" },
          { name: "ssn", type: "STRING" },
          { name: "d", type: "DATE" },
          { name: "ts", type: "TIMESTAMP" },
          { name: "num", type: "NUMERIC" },
          { name: "f", type: "FLOAT" },
          { name: "ok", type: "BOOLEAN" },
          {
            name: "contacts",
            type: "RECORD",
            mode: "REPEATED",
            fields: [
              { name: "name", type: "STRING" },
              { name: "phone", type: "STRING" },
            ],
          },
          { name: "nums", type: "INTEGER", mode: "REPEATED" },
          {
            name: "address",
            type: "RECORD",
            fields: [
              { name: "city", type: "STRING" },
              { name: "zip", type: "STRING" },
            ],
          },
        ],
      },
    },
    [
      {
        id: 1,
        name: "ann",
        ssn: "123-45-6789",
        d: "2020-01-05",
        ts: "2020-01-05T10:30:15.5Z",
        num: "10.5",
        f: 1.5,
        ok: true,
        contacts: [
          { name: "n1", phone: "1" },
          { name: "n2", phone: "2" },
        ],
        nums: [5, 6],
        address: { city: "c", zip: "z" },
      },
      { id: 2, name: "bob", d: "2021-02-28", ts: "2021-02-28T00:00:00Z", f: 2.5, ok: false },
    ],
  );
  await warehouse.loadTable(
    {
      tableReference: { projectId: "p", datasetId: "d", tableId: "u" },
      schema: {
        fields: [
          { name: "z", type: "INTEGER" },
          { name: "id", type: "INTEGER" },
          { name: "w", type: "STRING" },
        ],
      },
    },
    [
      { z: 7, id: 1, w: "w1" },
      { z: 8, id: 3, w: "w2" },
    ],
  );
});

after(() => warehouse.close());

interface Answer {
  readonly error?: { readonly message: string };
  readonly schema?: {
    readonly fields: readonly { readonly name: string; readonly type: string; readonly mode: string }[];
  };
  readonly rows?: readonly { readonly f: readonly { readonly v: unknown }[] }[];
}

async function ask(query: string, more: object = {}): Promise<Answer> {
  const response = await fetch(`${warehouse.url}/bigquery/v2/projects/p/queries`, {
    method: "POST",
    body: JSON.stringify({ query, useLegacySql: false, defaultDataset: { projectId: "p", datasetId: "d" }, ...more }),
  });
  const body: unknown = await response.json();
  assert.ok(isObject(body));
  return body as Answer;
}

/** REST cells without their wrapping. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: { v: unknown }) => plain(item.v));
  if (isObject(value) && Array.isArray(value.f)) return value.f.map((cell) => plain(isObject(cell) ? cell.v : cell));
  return value;
}

async function rowsOf(query: string, more: object = {}): Promise<unknown[]> {
  const answer = await ask(query, more);
  assert.equal(answer.error?.message, undefined, query);
  return (answer.rows ?? []).map((row) => row.f.map((cell) => plain(cell.v)));
}

/** `name TYPE` of each output column, `[]` when repeated. */
async function columnsOf(query: string): Promise<string[]> {
  const answer = await ask(query, { dryRun: true });
  assert.equal(answer.error?.message, undefined, query);
  return (answer.schema?.fields ?? []).map((f) => `${f.name} ${f.type}${f.mode === "REPEATED" ? "[]" : ""}`);
}

const ROWS: readonly (readonly [title: string, sql: string, rows: readonly (readonly unknown[])[]])[] = [
  [
    "a canonical table name and quoted columns",
    "SELECT p.`ssn` FROM `p`.`d`.`t` AS p WHERE p.`id` = 1",
    [["123-45-6789"]],
  ],
  ["a quoted name of a window", "SELECT COUNT(*) OVER `w` FROM `u` WINDOW `w` AS (PARTITION BY id)", [["1"], ["1"]]],
  [
    "lists of keys in GROUPING SETS",
    "SELECT u.id, COUNT(*) FROM u GROUP BY GROUPING SETS ((`u`.`id`), (u.id, u.z), ()) ORDER BY 1, 2",
    [
      [null, "2"],
      ["1", "1"],
      ["1", "1"],
      ["3", "1"],
      ["3", "1"],
    ],
  ],
  [
    "PIVOT of an expression in parentheses",
    "SELECT yes, no FROM (SELECT id FROM u) PIVOT(COUNT(*) FOR (id IS DISTINCT FROM 1) IN (TRUE AS yes, FALSE AS no))",
    [["1", "1"]],
  ],
  ["one pair of backquotes around the whole name", "SELECT id FROM `p.d.t` ORDER BY id", [["1"], ["2"]]],
  [
    "string escapes",
    "SELECT 'a\\u0041\\n\\'\\\\', r'\\d', \"x\", b'\\x00a', '''t\n'''",
    [["aA\n'\\", "\\d", "x", "AGE=", "t\n"]],
  ],
  ["comments that don't nest", "SELECT 1 /* /* */ , 2 -- */", [["1", "2"]]],
  [
    "JOIN USING puts its columns first",
    "SELECT * FROM u JOIN (SELECT id, name FROM t) USING (id)",
    [["1", "7", "w1", "ann"]],
  ],
  [
    "LEFT JOIN",
    "SELECT t.id, w FROM t LEFT JOIN u ON t.id = u.id ORDER BY 1",
    [
      ["1", "w1"],
      ["2", null],
    ],
  ],
  [
    "CTEs, each seeing those before",
    "WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT x, y FROM a, b",
    [["1", "2"]],
  ],
  ["a CTE that shadows a table", "WITH t AS (SELECT 9 AS id) SELECT id FROM t", [["9"]]],
  [
    "recursive CTE",
    "WITH RECURSIVE a AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM a WHERE x < 3) SELECT x FROM a ORDER BY 1",
    [["1"], ["2"], ["3"]],
  ],
  ["UNION ALL", "SELECT id FROM t UNION ALL SELECT z FROM u ORDER BY 1", [["1"], ["2"], ["7"], ["8"]]],
  ["EXCEPT DISTINCT", "SELECT id FROM t EXCEPT DISTINCT SELECT id FROM u", [["2"]]],
  ["INTERSECT DISTINCT", "SELECT id FROM t INTERSECT DISTINCT SELECT id FROM u", [["1"]]],
  [
    "aggregates",
    "SELECT COUNT(*), COUNTIF(ok), SUM(id), AVG(f), MIN(d), ANY_VALUE(1), LOGICAL_OR(ok) FROM t",
    [["2", "1", "3", "2.0", "2020-01-05", "1", "true"]],
  ],
  [
    "COUNTIF and SUM inside arithmetic",
    "SELECT ROUND(100 * COUNTIF(ok) / COUNT(*), 1), SUM(id) * 2 FROM t",
    [["50.0", "6"]],
  ],
  [
    "GROUP BY, HAVING, ORDER, LIMIT",
    "SELECT ok, COUNT(*) AS n FROM t GROUP BY ok HAVING n > 0 ORDER BY ok DESC LIMIT 1",
    [["true", "1"]],
  ],
  ["NULLs first when ascending, last when descending", "SELECT ssn FROM t ORDER BY ssn", [[null], ["123-45-6789"]]],
  [
    "windows",
    "SELECT id, SUM(id) OVER (ORDER BY id), RANK() OVER (ORDER BY id DESC), LAG(name) OVER (ORDER BY id) FROM t ORDER BY id",
    [
      ["1", "1", "2", null],
      ["2", "3", "1", "ann"],
    ],
  ],
  ["QUALIFY", "SELECT id FROM t WHERE TRUE QUALIFY ROW_NUMBER() OVER (ORDER BY id DESC) = 1", [["2"]]],
  [
    "UNNEST with an offset",
    "SELECT c.name, o FROM t, UNNEST(t.contacts) AS c WITH OFFSET AS o ORDER BY o",
    [
      ["n1", "0"],
      ["n2", "1"],
    ],
  ],
  [
    "UNNEST of structs opens them for *",
    "SELECT * FROM UNNEST([STRUCT(1 AS a, 'x' AS b)]) WITH OFFSET",
    [["1", "x", "0"]],
  ],
  ["a correlated array in FROM", "SELECT c.phone FROM t, t.contacts AS c ORDER BY 1", [["1"], ["2"]]],
  [
    "LEFT JOIN of a correlated array",
    "SELECT id, c.name FROM t p LEFT JOIN UNNEST(p.contacts) c ON c.name = 'n2' ORDER BY 1",
    [
      ["1", "n2"],
      ["2", null],
    ],
  ],
  [
    "a correlated subquery over an array",
    "SELECT (SELECT STRING_AGG(c.name ORDER BY c.name DESC) FROM UNNEST(contacts) c) FROM t ORDER BY id",
    [["n2,n1"], [null]],
  ],
  ["IN UNNEST", "SELECT id FROM t WHERE id IN UNNEST([2, 3])", [["2"]]],
  ["struct fields, by alias or not", "SELECT address.city, p.address.zip FROM t p WHERE id = 1", [["c", "z"]]],
  ["a field of a subquery's row", "SELECT (SELECT p).address.zip FROM t p WHERE id = 1", [["z"]]],
  [
    "SELECT AS STRUCT in an array",
    "SELECT ARRAY(SELECT AS STRUCT id, name FROM t ORDER BY id DESC)",
    [
      [
        [
          ["2", "bob"],
          ["1", "ann"],
        ],
      ],
    ],
  ],
  ["a whole row", "SELECT u FROM u WHERE id = 1", [[["7", "1", "w1"]]]],
  [
    "ARRAY_AGG",
    "SELECT ARRAY_AGG(ssn IGNORE NULLS), ARRAY_AGG(id ORDER BY id DESC LIMIT 1) FROM t",
    [[["123-45-6789"], ["2"]]],
  ],
  [
    "STRING_AGG",
    "SELECT STRING_AGG(name, '; ' ORDER BY id DESC), STRING_AGG(name, '' ORDER BY id LIMIT 1) FROM t",
    [["bob; ann", "ann"]],
  ],
  ["empty and missing arrays", "SELECT nums, ARRAY_LENGTH(nums) FROM t WHERE id = 2", [[[], "0"]]],
  [
    "array elements",
    "SELECT nums[OFFSET(0)], nums[SAFE_OFFSET(9)], nums[ORDINAL(2)] FROM t WHERE id = 1",
    [["5", null, "6"]],
  ],
  ["TO_JSON_STRING", "SELECT TO_JSON_STRING(u) FROM u WHERE id = 1", [['{"z":7,"id":1,"w":"w1"}']]],
  [
    "FORMAT",
    "SELECT FORMAT('%d-%s %05d %.2f %T %t %%', 1, 'a', 2, 3.5, 'x', DATE '2020-01-02')",
    [['1-a 00002 3.50 "x" 2020-01-02 %']],
  ],
  [
    "casts",
    "SELECT SAFE_CAST('x' AS INT64), CAST('7' AS INT64), CAST(2.5 AS INT64), CAST(1.0 AS STRING), CAST(b'abc' AS STRING), CAST(TRUE AS STRING)",
    [[null, "7", "3", "1", "abc", "true"]],
  ],
  [
    "EXTRACT",
    "SELECT EXTRACT(YEAR FROM d), EXTRACT(DAYOFWEEK FROM d), EXTRACT(DATE FROM ts), EXTRACT(HOUR FROM ts AT TIME ZONE 'America/New_York') FROM t WHERE id = 1",
    [["2020", "1", "2020-01-05", "5"]],
  ],
  [
    "dates",
    "SELECT DATE_DIFF(d, DATE '2019-12-31', MONTH), DATE_ADD(d, INTERVAL 1 MONTH), DATE_SUB(d, INTERVAL id DAY), DATE_TRUNC(d, MONTH), DATE_DIFF(d, DATE '2020-01-04', WEEK) FROM t WHERE id = 1",
    [["1", "2020-02-05", "2020-01-04", "2020-01-01", "1"]],
  ],
  [
    "timestamps",
    "SELECT TIMESTAMP_TRUNC(ts, HOUR), TIMESTAMP_DIFF(ts, TIMESTAMP '2020-01-05', HOUR), FORMAT_TIMESTAMP('%F %T', ts) FROM t WHERE id = 1",
    [["1.5782184E9", "10", "2020-01-05 10:30:15"]],
  ],
  [
    "regular expressions",
    "SELECT REGEXP_CONTAINS(ssn, r'^\\d{3}-'), REGEXP_EXTRACT(ssn, r'-(\\d+)$'), REGEXP_EXTRACT(ssn, r'z'), REGEXP_REPLACE(ssn, r'(\\d)', r'<\\1>') FROM t WHERE id = 1",
    [["true", "6789", null, "<1><2><3>-<4><5>-<6><7><8><9>"]],
  ],
  [
    "strings",
    "SELECT SUBSTR(ssn, 5, 2), SUBSTR(ssn, -4), REVERSE(name), TO_BASE64(CAST(name AS BYTES)), CONCAT(name, '!'), CONCAT(name, NULL) FROM t WHERE id = 1",
    [["45", "6789", "nna", "YW5u", "ann!", null]],
  ],
  [
    "conditions",
    "SELECT IF(ok, 1, 2), COALESCE(ssn, 'none'), CASE WHEN id = 1 THEN 'a' ELSE 'b' END FROM t ORDER BY id",
    [
      ["1", "123-45-6789", "a"],
      ["2", "none", "b"],
    ],
  ],
  [
    "* EXCEPT and REPLACE",
    "SELECT * EXCEPT (z) REPLACE ('x' AS w) FROM u ORDER BY id",
    [
      ["1", "x"],
      ["3", "x"],
    ],
  ],
  [
    "SAFE_DIVIDE and SAFE.",
    "SELECT SAFE_DIVIDE(1, 0), SAFE.SUBSTR('abc', 2), IEEE_DIVIDE(1, 0)",
    [[null, "bc", "Infinity"]],
  ],
  [
    "numbers",
    "SELECT 1.5, 1e10, -0.001, 7 / 2, DIV(7, 2), NUMERIC '1.50', 0x1F",
    [["1.5", "1.0E10", "-0.001", "3.5", "3", "1.5", "31"]],
  ],
  ["intervals", "SELECT INTERVAL '1-2 3 4:5:6' YEAR TO SECOND, INTERVAL -1 DAY", [["1-2 3 4:5:6", "0-0 -1 0:0:0"]]],
  [
    "an array of STRUCTs under the first one's names",
    "SELECT a, b FROM UNNEST([STRUCT(1 AS a, 'x' AS b), (2, 'y')]) ORDER BY a",
    [
      ["1", "x"],
      ["2", "y"],
    ],
  ],
  [
    "lambdas",
    "SELECT ARRAY_TRANSFORM([1, 2], e -> e + 1), ARRAY_FILTER([1, 2, 3], e -> e > 1)",
    [
      [
        ["2", "3"],
        ["2", "3"],
      ],
    ],
  ],
  [
    "the value of the greatest and least row",
    "SELECT ANY_VALUE(name HAVING MAX id), ANY_VALUE(name HAVING MIN id), MAX_BY(name, id) FROM t",
    [["bob", "ann", "bob"]],
  ],
  [
    "GROUP BY ALL",
    "SELECT ok, COUNT(*) FROM t GROUP BY ALL ORDER BY ok",
    [
      ["false", "1"],
      ["true", "1"],
    ],
  ],
  [
    "UNION ALL BY NAME",
    "SELECT 1 AS a, 2 AS b UNION ALL BY NAME SELECT 3 AS b, 4 AS a ORDER BY a",
    [
      ["1", "2"],
      ["4", "3"],
    ],
  ],
  [
    "UNPIVOT",
    "SELECT k, v FROM (SELECT z, id FROM u) UNPIVOT(v FOR k IN (z, id)) ORDER BY v",
    [
      ["id", "1"],
      ["id", "3"],
      ["z", "7"],
      ["z", "8"],
    ],
  ],
  [
    "arrays' functions",
    "SELECT ARRAY_INCLUDES([1], 1), ARRAY_FIRST([1, 2]), ARRAY_LAST([1, 2]), ARRAY_SLICE([1, 2, 3], 0, 1), ARRAY_CONCAT_AGG([id]) FROM t WHERE id = 2",
    [["true", "1", "2", ["1", "2"], ["2"]]],
  ],
  ["geography as text", "SELECT ST_GEOGPOINT(1, 2.5)", [["POINT(1 2.5)"]]],
  ["JSON", "SELECT JSON_VALUE('{\"a\":\"b\"}', '$.a'), PARSE_JSON('{\"a\":1}')", [["b", '{"a":1}']]],
];

describe("GoogleSQL gives the rows BigQuery gives", () => {
  for (const [title, sql, expected] of ROWS) {
    test(title, async () => {
      assert.deepEqual(await rowsOf(sql), expected);
    });
  }
});

const COLUMNS: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "unnamed columns count among themselves",
    "SELECT 1, 2 AS b, COUNT(*) FROM t",
    ["f0_ INTEGER", "b INTEGER", "f1_ INTEGER"],
  ],
  [
    "a column is named as written",
    "SELECT SSN, T.Name, address.ZIP FROM t",
    ["SSN STRING", "Name STRING", "ZIP STRING"],
  ],
  [
    "types survive the way through DuckDB",
    "SELECT d, ts, num, f, ok, nums, address, DATETIME(ts) AS dt, TIME(ts) AS tm, PARSE_JSON('1') AS j, CAST('1' AS BIGNUMERIC) AS bn, b'x' AS b, ST_GEOGPOINT(1, 2) AS g, INTERVAL 1 DAY AS i FROM t",
    [
      "d DATE",
      "ts TIMESTAMP",
      "num NUMERIC",
      "f FLOAT",
      "ok BOOLEAN",
      "nums INTEGER[]",
      "address RECORD",
      "dt DATETIME",
      "tm TIME",
      "j JSON",
      "bn BIGNUMERIC",
      "b BYTES",
      "g GEOGRAPHY",
      "i INTERVAL",
    ],
  ],
  [
    "NUMERIC stays NUMERIC",
    "SELECT SUM(num) AS a, AVG(num) AS b, num * 2 AS c, num / 3 AS d, SUM(num) / COUNT(*) AS e, num * 1.5 AS f FROM t GROUP BY num",
    ["a NUMERIC", "b NUMERIC", "c NUMERIC", "d NUMERIC", "e NUMERIC", "f FLOAT"],
  ],
  [
    "integers stay INT64",
    "SELECT SUM(id) AS a, COUNTIF(ok) AS b, SUM(id) * 2 AS c, SUM(id) OVER () AS d, id / 2 AS e FROM t GROUP BY id, ok",
    ["a INTEGER", "b INTEGER", "c INTEGER", "d INTEGER", "e FLOAT"],
  ],
  [
    "dates stay dates",
    "SELECT DATE_ADD(d, INTERVAL 1 DAY) AS a, DATE_TRUNC(MAX(d), MONTH) AS b, TIMESTAMP_TRUNC(MIN(ts), DAY) AS c FROM t GROUP BY d",
    ["a DATE", "b DATE", "c TIMESTAMP"],
  ],
  [
    "PIVOT names its columns aggregate first",
    "SELECT * FROM (SELECT w, id, z FROM u) PIVOT(SUM(id) AS s, COUNT(*) AS n FOR w IN ('w1' AS one, 'w2')) AS p",
    ["z INTEGER", "s_one INTEGER", "n_one INTEGER", "s_w2 INTEGER", "n_w2 INTEGER"],
  ],
  ["PIVOT on numbers", "SELECT p._1 FROM (SELECT z, id FROM u) PIVOT(SUM(z) FOR id IN (1, 3)) AS p", ["_1 INTEGER"]],
  ["NULL and the empty array are INT64", "SELECT NULL AS a, [] AS b", ["a INTEGER", "b INTEGER[]"]],
];

describe("a dry run describes the output as BigQuery does", () => {
  for (const [title, sql, expected] of COLUMNS) {
    test(title, async () => {
      assert.deepEqual(await columnsOf(sql), expected);
    });
  }
});

describe("parameters", () => {
  const named = (name: string, type: object, value: object): object => ({
    name,
    parameterType: type,
    parameterValue: value,
  });
  test("named: scalar, array and struct", async () => {
    const queryParameters = [
      named("s", { type: "STRING" }, { value: 'it\'s \\ "x"' }),
      named("ids", { type: "ARRAY", arrayType: { type: "INT64" } }, { arrayValues: [{ value: "2" }, { value: "3" }] }),
      named(
        "p",
        { type: "STRUCT", structTypes: [{ name: "a", type: { type: "DATE" } }] },
        { structValues: { a: { value: "2020-02-03" } } },
      ),
      named("n", { type: "INT64" }, { value: null }),
    ];
    const rows = await rowsOf("SELECT @s, id, @p.a, @n FROM t WHERE id IN UNNEST(@ids)", {
      parameterMode: "NAMED",
      queryParameters,
    });
    assert.deepEqual(rows, [['it\'s \\ "x"', "2", "2020-02-03", null]]);
  });
  test("positional, in order", async () => {
    const queryParameters = ["1", "2"].map((value) => ({
      parameterType: { type: "INT64" },
      parameterValue: { value },
    }));
    assert.deepEqual(await rowsOf("SELECT ?, ?", { parameterMode: "POSITIONAL", queryParameters }), [["1", "2"]]);
  });
  test("one that is missing is an error", async () => {
    assert.match((await ask("SELECT @x")).error?.message ?? "", /Query parameter 'x' not found/);
  });
});

test("columns of one name get others, but for the first", async () => {
  const answer = await ask("SELECT id AS a, name AS A, 7 AS a FROM t WHERE id = 1");
  assert.deepEqual(
    answer.schema?.fields.map(({ name }) => name),
    ["a", "A_1", "a_2"],
  );
  assert.deepEqual(await rowsOf("SELECT id AS a, name AS a, 7 AS a FROM t WHERE id = 1"), [["1", "ann", "7"]]);
});

describe("errors say what BigQuery's say", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["SELECT ERROR(CONCAT('boom ', name)) FROM t WHERE id = 1", /^boom ann$/],
    ["SELECT id / 0 FROM t", /^division by zero: 1 \/ 0$/],
    ["SELECT CAST(ssn AS INT64) FROM t WHERE id = 1", /^Bad int64 value: 123-45-6789$/],
    ["SELECT nope FROM t", /^Unrecognized name: nope$/],
    ["SELECT 1 FROM T", /^Not found: Table p:d\.T$/],
    ["CREATE TABLE d.made AS SELECT 1 AS a, 2 AS A", /Duplicate column names/],
    ["SELECT nums[OFFSET(0)] FROM t WHERE id = 2", /out of bounds/],
    ["SELECT no_such_function(1)", /^Function not found: /],
    ["SELEC 1", /./],
    ["EXPORT DATA OPTIONS (uri = 'gs://x') AS SELECT 1", /^Statement is not supported by this warehouse: EXPORT$/],
    ["SELECT `p`.`d`.`nope`(1)", /^Function not found: p\.d\.nope$/],
    ["SELECT * FROM read_csv('/etc/passwd')", /Table-valued function not found: read_csv/],
  ];
  for (const [sql, message] of cases) {
    test(sql, async () => {
      assert.match((await ask(sql)).error?.message ?? "", message);
    });
  }
});
