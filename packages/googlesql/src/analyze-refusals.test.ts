import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import type { Refusal } from "./plan.ts";
import { CLINIC, DEFAULTS, refusalOf } from "./testing/clinic.ts";
import { cpuMs } from "./testing/cpu-time.ts";

const REFUSED: Readonly<Record<Refusal["code"], readonly string[]>> = {
  syntax: ["SELECT", "SELECT 1 FROM", "SELECT id FROM patients LIMIT 'x'", "", "SELECT 'x"],
  name: [
    "SELECT nothing FROM patients",
    "SELECT p.nothing FROM patients p",
    "SELECT address.nothing FROM patients",
    "SELECT x.ssn FROM patients",
    "SELECT ssn FROM Patients",
    "SELECT ssn FROM ehr.nowhere",
    "SELECT ssn FROM a.b.c.d",
    "SELECT id FROM patients, encounters",
    "SELECT id FROM patients p, patients p",
    "SELECT STRUCT(1 AS a, 2 AS a) AS s",
    "SELECT * EXCEPT (nothing) FROM pair",
    "SELECT *",
    "SELECT NOSUCH(ssn) FROM patients",
    "SELECT @@nothing",
    "SELECT `p.d`.f(ssn) FROM patients",
    "SELECT a, COUNT(*) FROM pair",
    "SELECT a, COUNT(*) FROM pair GROUP BY b",
    "SELECT a FROM pair GROUP BY b",
    "SELECT (SELECT p.a) FROM pair p GROUP BY b",
    "SELECT * FROM pair GROUP BY a",
    "SELECT a FROM pair ORDER BY 2",
    "SELECT a FROM pair GROUP BY 2",
    "SELECT SUM(LENGTH(a)) OVER w FROM pair",
    "SELECT SUM(LENGTH(a)) OVER v FROM pair WINDOW v AS (w), w AS (v)",
    "WITH a AS (SELECT 1 AS x), a AS (SELECT 2 AS x) SELECT x FROM a",
    "WITH `a.b` AS (SELECT 1 AS x) SELECT x FROM `a.b`",
    "WITH a AS (SELECT p.ssn) SELECT ssn FROM patients p, a",
    "SELECT (WITH a AS (SELECT p.ssn) SELECT ssn FROM a) FROM patients p",
    "SELECT x.ssn FROM (SELECT clinic.ssn) x, patients AS clinic",
    "SELECT ssn FROM pair AS clinic, patients",
    "SELECT s.a FROM pair t JOIN (SELECT t.a) s ON TRUE",
    "SELECT a AS x FROM pair WHERE x = '1'",
    "SELECT a AS x, b AS x2, x FROM pair",
    "SELECT * EXCEPT (a) REPLACE ((SELECT ssn FROM patients) AS a) FROM pair",
    "SELECT (SELECT `\u212a` FROM (SELECT 'x' AS k)) FROM pair",
    "SELECT (SELECT `\u017fsn` FROM (SELECT 'x' AS ssn)) FROM pair",
    "SELECT @p",
    "SELECT ?",
    "SELECT CAST(1 AS NOTHING)",
    "SELECT DATE_TRUNC(born, FORTNIGHT) FROM patients",
    "SELECT a FROM pair JOIN encounters USING (a)",
    "SELECT a FROM pair x JOIN pair y ON x.a = y.a",
  ],
  type: [
    "SELECT ssn + 1 FROM patients",
    "SELECT 9223372036854775808",
    "SELECT -9223372036854775809",
    "SELECT ssn = 1 FROM patients",
    "SELECT born = name FROM patients",
    "SELECT SUBSTR(id, 1) FROM patients",
    "SELECT IF(ssn, 1, 2) FROM patients",
    "SELECT IF(TRUE, 1, 'x')",
    "SELECT ssn FROM patients WHERE id",
    "SELECT [1, 'x']",
    "SELECT [[1]]",
    "SELECT ssn.x FROM patients",
    "SELECT visits.code FROM patients",
    "SELECT ssn[0] FROM patients",
    "SELECT CAST(born AS INT64) FROM patients",
    "SELECT (SELECT a, b FROM pair)",
    "SELECT 1 UNION ALL SELECT 1, 2",
    "SELECT 1 UNION ALL SELECT 'x'",
    "SELECT DISTINCT doc FROM patients",
    "SELECT doc FROM patients GROUP BY doc",
    "SELECT id FROM patients ORDER BY doc",
    "SELECT id FROM patients ORDER BY address",
    "SELECT id FROM patients WHERE COUNT(*) = 1",
    "SELECT SUM(COUNT(*)) FROM patients",
    "SELECT id FROM patients GROUP BY id, RANK() OVER ()",
    "SELECT id FROM patients WHERE RANK() OVER (ORDER BY id) = 1",
    "SELECT RANK() FROM patients",
    "SELECT UPPER(ssn) OVER () FROM patients",
    "SELECT UPPER(DISTINCT ssn) FROM patients",
    "SELECT id FROM patients HAVING id = 1",
    "SELECT x FROM UNNEST(1) x",
    "SELECT ssn FROM patients WITH OFFSET",
    "SELECT COUNT(*) AS n FROM patients GROUP BY n",
  ],
  unsupported: [
    "SELECT ssn FROM `pat*ents`",
    "SELECT ssn FROM `ehr*.patients`",
    "SELECT ssn FROM ehr.`patients$20260101`",
    "SELECT ssn FROM `patients@-3600`",
    "SELECT job_id FROM `region-us`.INFORMATION_SCHEMA.JOBS",
    "SELECT job_id FROM ehr.information_schema.tables",
    "SELECT table_id FROM ehr.__TABLES_SUMMARY__",
    "SELECT project_id FROM ehr.INFORMATION_SCHEMA.STREAMING_TIMELINE",
    "SELECT x FROM _SESSION.x",
    "SELECT x FROM `clinic._0123abcd.anon99`",
    "SELECT ssn FROM patients_view",
    "SELECT ssn FROM patients_mv",
    "SELECT ssn FROM outside",
    "SELECT x FROM empty",
    "SELECT _PARTITIONTIME FROM patients",
    "SELECT p._TABLE_SUFFIX FROM patients p",
    "SELECT SESSION_USER()",
    "SELECT KEYS.NEW_KEYSET('AEAD_AES_GCM_256')",
    "SELECT ML.PREDICT(ssn) FROM patients",
    "SELECT @@query_label",
    "SELECT @@reservation",
    "SELECT x FROM EXTERNAL_QUERY('c', 'SELECT 1')",
    "SELECT * FROM ML.PREDICT(MODEL ehr.imported, TABLE ehr.patients)",
    "SELECT SAFE.SUM(id) FROM patients",
  ],
  limit: [],
};

for (const [code, sqls] of Object.entries(REFUSED)) {
  describe(`refused as ${code}`, () => {
    for (const sql of sqls) {
      test(sql, () => {
        const refusal = refusalOf(sql);
        assert.ok(refusal, "was understood");
        assert.equal(refusal.code, code, refusal.message);
        assert.ok(refusal.line >= 1 && refusal.column >= 1);
      });
    }
  });
}

describe("bounds", () => {
  const refused = (sql: string): string | undefined => refusalOf(sql)?.code;
  test("types that double with every line are refused", () => {
    const tables = Array.from({ length: 40 }, (_, i) =>
      i === 0 ? "t0 AS (SELECT STRUCT(1 AS a) AS s)" : `t${i} AS (SELECT STRUCT(s AS a, s AS b) AS s FROM t${i - 1})`,
    );
    assert.equal(refused(`WITH ${tables.join(", ")} SELECT s FROM t39`), "limit");
  });
  test("columns that double with every line are refused", () => {
    const tables = Array.from({ length: 40 }, (_, i) =>
      i === 0 ? "t0 AS (SELECT 1 AS a)" : `t${i} AS (SELECT * FROM t${i - 1} AS x, t${i - 1} AS y)`,
    );
    assert.equal(refused(`WITH ${tables.join(", ")} SELECT 1 FROM t39`), "limit");
  });
  test("a common table used twice by each next one is resolved once", () => {
    const tables = Array.from({ length: 60 }, (_, i) =>
      i === 0
        ? "t0 AS (SELECT ssn AS s FROM patients)"
        : `t${i} AS (SELECT x.s || y.s AS s FROM t${i - 1} AS x JOIN t${i - 1} AS y ON x.s = y.s)`,
    );
    const started = cpuMs();
    assert.equal(refused(`WITH ${tables.join(", ")} SELECT s FROM t59`), undefined);
    assert.ok(cpuMs() - started < 2000);
  });
  test("subqueries in grouping keys are resolved once", () => {
    let sql = "SELECT 1 AS a";
    for (let i = 0; i < 40; i++) sql = `SELECT (${sql}) AS a FROM pair GROUP BY a`;
    const started = cpuMs();
    refused(sql);
    assert.ok(cpuMs() - started < 2000);
  });
  test("a large STRUCT in thousands of expressions is refused in time", () => {
    const tables = Array.from({ length: 13 }, (_, i) =>
      i === 0 ? "t0 AS (SELECT STRUCT(1 AS a) AS s)" : `t${i} AS (SELECT STRUCT(s AS a, s AS b) AS s FROM t${i - 1})`,
    );
    const items = Array.from({ length: 5000 }, (_, i) => `IF(TRUE, s, s) IS NULL AS c${i}`);
    const started = cpuMs();
    assert.equal(refused(`WITH ${tables.join(", ")} SELECT ${items.join(", ")} FROM t12`), "limit");
    assert.ok(cpuMs() - started < 10_000);
  });
  test("an alias of 2,000 columns sums in time", () => {
    const sum = Array.from({ length: 2000 }, (_, i) => `c${i}`).join(" + ");
    const list = Array.from({ length: 2000 }, (_, i) => `id + ${i} AS c${i}`).join(", ");
    const started = cpuMs();
    assert.equal(refused(`SELECT ${sum} AS s FROM (SELECT ${list} FROM patients)`), undefined);
    assert.ok(cpuMs() - started < 3000);
  });
});

describe("refusals carry no data", () => {
  test("a literal's value is in no message", () => {
    for (const sql of [
      "SELECT '123-45-6789' * 1",
      "SELECT nothing('123-45-6789')",
      "SELECT CAST('123-45-6789' AS NOTHING)",
      "SELECT CASE WHEN '123-45-6789' THEN 1 END",
      "SELECT ssn FROM patients GROUP BY '123-45-6789', UPPER(name || '123-45-6789')",
      "SELECT a || '123-45-6789', COUNT(*) FROM pair",
      "SELECT IF(a = '123-45-6789', b, a).x FROM pair",
    ]) {
      const refusal = refusalOf(sql);
      assert.ok(refusal, sql);
      assert.ok(!JSON.stringify(refusal).includes("6789"), sql);
    }
  });
  test("an error inside the catalog is a refusal without its text", () => {
    const catalog = {
      table: () => {
        throw new Error("secret");
      },
    };
    const { plan } = analyze("SELECT ssn FROM patients", { ...DEFAULTS, catalog });
    assert.deepEqual(plan, {
      understood: false,
      refusal: { code: "unsupported", message: "The query could not be analysed", line: 1, column: 1 },
    });
  });
  test("a table without the defaults it needs is refused by name", () => {
    const code = (sql: string, defaults: object): string | undefined => {
      const { plan } = analyze(sql, { catalog: CLINIC, ...defaults });
      return plan.understood ? undefined : plan.refusal.code;
    };
    assert.equal(code("SELECT ssn FROM patients", {}), "name");
    assert.equal(code("SELECT ssn FROM ehr.patients", {}), "name");
    assert.equal(code("SELECT ssn FROM ehr.patients", { defaultProject: "clinic" }), undefined);
    assert.equal(code("SELECT ssn FROM clinic.ehr.patients", {}), undefined);
  });
});
