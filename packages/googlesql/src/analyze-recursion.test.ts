import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { catalogNames } from "./catalog-names.ts";
import { DEFAULTS, flows, planOf, reads, refusalOf, types } from "./testing/clinic.ts";
import { cpuMs } from "./testing/cpu-time.ts";
import { table } from "./testing/flow-tables.ts";

const ANCHOR = "SELECT id AS n FROM encounters";

table("a recursive query shows what its anchor and its term show", [
  ["WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r", "n ="],
  [
    "WITH RECURSIVE r AS (SELECT ssn AS s FROM patients UNION ALL SELECT SUBSTR(s, 2) FROM r WHERE s != '') SELECT s FROM r",
    "s = copy ssn, transform ssn ? ssn",
  ],
  [
    "WITH RECURSIVE r AS (SELECT 'x' AS s UNION ALL SELECT ssn FROM r JOIN patients ON TRUE) SELECT s FROM r",
    "s = copy ssn",
  ],
  // A value walks from column to column, one at each pass.
  [
    "WITH RECURSIVE r AS (SELECT '' AS a, '' AS b, '' AS c, ssn AS d FROM patients UNION ALL SELECT b, c, d, '' FROM r) SELECT a FROM r",
    "a = copy ssn",
  ],
  // What decided in a later pass decides over all rows.
  [
    "WITH RECURSIVE r AS (SELECT 1 AS n, name AS a, ssn AS b FROM patients UNION ALL SELECT n + 1, b, a FROM r WHERE a < '5') SELECT n FROM r",
    "n = ? name, ssn",
  ],
  [
    "WITH RECURSIVE r AS (SELECT a FROM pair UNION DISTINCT SELECT b FROM pair JOIN r USING (a)) SELECT COUNT(*) AS n FROM r",
    "n = aggregate pair.* ? pair.a, pair.b",
  ],
  // A search by halves: the bounds move by what the comparison with the protected column says.
  [
    `WITH RECURSIVE r AS (SELECT 0 AS low, 1000 AS high UNION ALL
       SELECT IF(born < DATE '1970-01-01', low, DIV(low + high, 2)), IF(born < DATE '1970-01-01', DIV(low + high, 2), high)
       FROM r JOIN patients ON id = 1 WHERE low < high) SELECT low FROM r`,
    "low = transform born ? born, id",
  ],
  [
    "WITH RECURSIVE r AS (SELECT STRUCT(ssn AS a, name AS b) AS s FROM patients UNION ALL SELECT STRUCT(s.b, s.a) FROM r) SELECT s.a FROM r",
    "a = copy name, copy ssn",
  ],
  [
    "WITH RECURSIVE r AS (SELECT STRUCT(ssn AS a, name AS b) AS s FROM patients UNION ALL SELECT STRUCT(s.a, s.b) FROM r) SELECT s.b FROM r",
    "b = copy name",
  ],
  [
    "WITH RECURSIVE r AS (SELECT a, b FROM pair UNION ALL BY NAME SELECT b AS a, a AS b FROM r) SELECT a FROM r",
    "a = copy pair.a, copy pair.b",
  ],
]);

// Outside it the rows that an EXISTS or an array of each anchor's row was made of are rows like others.
table("a count over a recursive query is a statistic in a subquery too", [
  [
    "WITH RECURSIVE r AS (SELECT x FROM patients AS p, UNNEST(IF(EXISTS(SELECT 1 FROM UNNEST(p.tags)), [1], [2])) AS x UNION ALL SELECT x + 1 FROM r WHERE x < 3) SELECT (SELECT COUNT(*) FROM r) AS n",
    "n = aggregate *, aggregate tags ? tags",
  ],
]);

table("WITH DEPTH tells how many passes found rows, and why", [
  [
    "WITH RECURSIVE r AS (SELECT id AS n FROM patients UNION ALL SELECT n FROM r WHERE n < 3) WITH DEPTH SELECT depth FROM r",
    "depth = transform * ? id",
  ],
  [
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r JOIN patients ON ssn = '1') WITH DEPTH AS d BETWEEN 1 AND 9 SELECT * FROM r",
    "n = ? ssn",
    "d = transform * ? ssn",
  ],
]);

table("names of WITH RECURSIVE are seen in any order", [
  ["WITH RECURSIVE a AS (SELECT s FROM b), b AS (SELECT ssn AS s FROM patients) SELECT s FROM a", "s = copy ssn"],
  [
    "WITH RECURSIVE a AS (SELECT s FROM b UNION ALL SELECT s || 'x' FROM a), b AS (SELECT ssn AS s FROM patients) SELECT s FROM a",
    "s = copy ssn, transform ssn",
  ],
  // An inner WITH gives the name to another.
  ["WITH RECURSIVE r AS (WITH r AS (SELECT ssn FROM patients) SELECT ssn FROM r) SELECT ssn FROM r", "ssn = copy ssn"],
  // Without RECURSIVE the name is the table's.
  ["WITH pair AS (SELECT a FROM pair) SELECT a FROM pair", "a = copy pair.a"],
]);

describe("a recursive query", () => {
  it("asks whether it ends, and so of what decides that", () => {
    assert.deepEqual(
      reads("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT 1 FROM r JOIN patients ON ssn = '1') SELECT 1 AS one"),
      ["*: predicate", "ssn: predicate"],
    );
  });
  it("has a constant where its term gives one", () => {
    const constant = (term: string) =>
      planOf(`WITH RECURSIVE r AS (SELECT ssn FROM patients UNION ALL SELECT ${term} FROM r) SELECT ssn FROM r`)
        .outputs[0]?.constant;
    assert.equal(constant("'x'"), true);
    assert.equal(constant("ssn"), false);
  });
  it("sees what stands behind it, but where a WITH within gives the name to another", () => {
    const rows = (query: string) =>
      flows(`WITH RECURSIVE a AS (${query}), b AS (SELECT ssn AS n FROM patients) SELECT n FROM a`);
    const own = "WITH b AS (SELECT name AS n FROM patients) SELECT n FROM b";
    assert.deepEqual(rows(own), ["n = copy name"]);
    for (const within of [own, own.replace("WITH", "WITH RECURSIVE")])
      assert.deepEqual(rows(`SELECT n FROM (${within}) UNION ALL SELECT n FROM b`), ["n = copy name, copy ssn"]);
    const other = "WITH b AS (SELECT state AS n FROM patients)";
    assert.deepEqual(rows(`${other} SELECT x.n FROM (${own}) AS x, b`), ["n = copy name"]);
    assert.deepEqual(rows(`${other} SELECT b.n FROM (${own}) AS x, b`), ["n = copy state"]);
  });
  it("whose term picks a row makes no statistic of it", () => {
    const sum = (term: string) =>
      flows(`WITH RECURSIVE r AS (SELECT id FROM patients UNION ALL ${term}) SELECT SUM(id) AS s FROM r`);
    assert.deepEqual(sum("SELECT id FROM (SELECT id FROM r LIMIT 1)"), ["s = transform id"]);
    assert.deepEqual(sum("SELECT id FROM (SELECT id FROM r)"), ["s = aggregate id"]);
  });
  it("has the types of its anchor", () => {
    const sql = (anchor: string, term: string): string =>
      `WITH RECURSIVE r AS (SELECT ${anchor} AS n UNION ALL SELECT ${term} FROM r) SELECT n FROM r`;
    assert.deepEqual(types(sql("1.5", "CAST(n AS INT64)")), ["n FLOAT64"]);
    assert.deepEqual(types(sql("DATE '2020-01-01'", "'2020-01-02'")), ["n DATE"]);
    assert.equal(refusalOf(sql("1", "1.5"))?.code, "type");
    assert.equal(refusalOf(sql("'x'", "n, n"))?.code, "type");
  });
  it("is refused where BigQuery refuses it", () => {
    for (const [sql, message] of [
      ["WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT 1", /circle/],
      [`WITH RECURSIVE r AS (SELECT n FROM r UNION ALL ${ANCHOR}) SELECT n FROM r`, /itself/],
      ["WITH RECURSIVE r AS (SELECT n FROM r) SELECT n FROM r", /anchor/],
      [`WITH RECURSIVE r AS (${ANCHOR} EXCEPT DISTINCT SELECT n FROM r) SELECT n FROM r`, /UNION/],
      [`WITH RECURSIVE r AS (${ANCHOR} UNION ALL SELECT n FROM r ORDER BY n) SELECT n FROM r`, /ORDER BY/],
      [`WITH RECURSIVE r AS (${ANCHOR} UNION ALL SELECT n FROM r LIMIT 1) SELECT n FROM r`, /LIMIT/],
      [`WITH RECURSIVE r AS (${ANCHOR} UNION ALL CORRESPONDING SELECT n FROM r) SELECT n FROM r`, /position/],
      [`WITH RECURSIVE r AS (${ANCHOR}) WITH DEPTH SELECT n FROM r`, /DEPTH/],
      [`WITH RECURSIVE r AS (${ANCHOR} UNION ALL SELECT n FROM r) WITH DEPTH AS N SELECT n FROM r`, /alias/],
      [`WITH RECURSIVE r AS (${ANCHOR}), R AS (${ANCHOR}) SELECT n FROM r`, /Duplicate/],
    ] as const) {
      assert.match(refusalOf(sql)?.message ?? "", message, sql);
    }
  });
  it("names no tables but the catalog's", () => {
    const sql =
      "WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT a FROM pair UNION ALL SELECT a FROM b) SELECT * FROM a";
    assert.deepEqual(catalogNames(sql, DEFAULTS), {
      understood: true,
      tables: ["clinic.ehr.pair"],
      wildcards: [],
      routines: [],
      models: [],
      metadata: [],
    });
  });
  it("is resolved in time, or refused", () => {
    const columns = Array.from({ length: 300 }, (_, i) => `c${i}`);
    const first = columns.map((c, i) => `${i === 299 ? "ssn" : "''"} AS ${c}`).join(", ");
    const chain = `WITH RECURSIVE r AS (SELECT ${first} FROM patients UNION ALL SELECT ${columns.slice(1).join(", ")}, '' FROM r) SELECT c0 FROM r`;
    assert.deepEqual(flows(chain), ["c0 = copy ssn"]);
    let nested = "SELECT n FROM r";
    for (let i = 0; i < 30; i++) {
      nested = `SELECT n FROM (WITH RECURSIVE q AS (${nested} UNION ALL SELECT n FROM q WHERE n > ${i}) SELECT n FROM q)`;
    }
    const started = cpuMs();
    refusalOf(`WITH RECURSIVE r AS (${ANCHOR} UNION ALL ${nested}) SELECT n FROM r`);
    assert.ok(cpuMs() - started < 5000, `${cpuMs() - started}`);
  });
});

table("a round counts until each column has what it will", [
  [
    "WITH RECURSIVE r AS (SELECT 1 AS k UNION ALL SELECT k FROM r, pair) SELECT COUNT(*) AS n FROM r",
    "n = aggregate pair.*",
  ],
  [
    "WITH RECURSIVE r AS (SELECT 1 AS k, 'a' AS x, 'b' AS y UNION ALL SELECT k, y, (SELECT ssn FROM patients LIMIT 1) FROM r) SELECT k, x FROM r",
    "k =",
    "x = copy ssn",
  ],
  [
    "WITH RECURSIVE r AS (SELECT ssn AS a, id AS b FROM patients UNION ALL BY NAME SELECT b + 1 AS b, a FROM r) SELECT * FROM r",
    "a = copy ssn",
    "b = copy id, transform id",
  ],
]);

describe("a recursive query is refused", () => {
  const of = (operator: string): string =>
    `WITH RECURSIVE r AS (SELECT ssn AS a FROM patients ${operator} SELECT a FROM r)`;
  const refused: Readonly<Record<string, RegExp>> = {
    [`${of("UNION ALL BY NAME ON (a)")} SELECT a FROM r`]: /matches columns by position, or by BY NAME alone/,
    [`${of("INNER UNION ALL BY NAME")} SELECT a FROM r`]: /matches columns by position, or by BY NAME alone/,
    "WITH RECURSIVE r AS (SELECT ssn AS a, id AS b FROM patients UNION ALL BY NAME SELECT b + 0.5 AS b, a FROM r) SELECT a FROM r":
      /isn't coerced to the anchor's INT64/,
    [`${of("UNION ALL CORRESPONDING")} SELECT a FROM r`]: /matches columns by position, or by BY NAME alone/,
    [`${of("UNION ALL")} WITH DEPTH BETWEEN 99999999999999999999 AND 3 SELECT a FROM r`]: /out of range/,
    [`${of("UNION ALL")} WITH DEPTH BETWEEN 1 AND 99999999999999999999 SELECT a FROM r`]: /out of range/,
  };
  for (const [sql, message] of Object.entries(refused))
    it(sql, () => assert.match(refusalOf(sql)?.message ?? "", message));
});
