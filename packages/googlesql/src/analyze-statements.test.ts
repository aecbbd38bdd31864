import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonical, planOf, reads, refusalOf, scriptOf, writes } from "./testing/clinic.ts";

/** `mode table: column = via column ? what decided the value; … WHERE what decided over rows`; a column without table is of `patients`. */
type Wrote = readonly [sql: string, ...writes: string[]];

function table(title: string, kind: string, statements: readonly Wrote[]): void {
  describe(title, () => {
    for (const [sql, ...expected] of statements) {
      test(sql, () => {
        assert.deepEqual(writes(sql), expected);
        const plan = planOf(sql);
        assert.equal(plan.kind, kind);
        assert.deepEqual(plan.outputs, []);
      });
    }
  });
}

function refused(title: string, refusals: Readonly<Record<string, RegExp>>): void {
  describe(title, () => {
    for (const [sql, message] of Object.entries(refusals)) {
      test(sql, () => {
        const refusal = refusalOf(sql);
        assert.ok(refusal, "was understood");
        assert.match(`${refusal.code}: ${refusal.message}`, message);
      });
    }
  });
}

table("INSERT carries the sources to the columns by position", "INSERT", [
  ["INSERT INTO pair VALUES ('x', NULL), (DEFAULT, 'y')", "append pair: a; b"],
  ["INSERT pair (b, a) SELECT ssn, name FROM patients", "append pair: b = copy ssn; a = copy name"],
  ["INSERT pair SELECT ssn, name FROM patients", "append pair: a = copy ssn; b = copy name"],
  ["INSERT pair (B) SELECT ssn FROM patients", "append pair: b = copy ssn"],
  ["INSERT INTO ehr.pair (b) VALUES ((SELECT MAX(ssn) FROM patients))", "append pair: b = copy ssn"],
  ["INSERT pair (a) VALUES ('x'), ((SELECT ssn FROM patients WHERE id = 1 LIMIT 1))", "append pair: a = copy ssn ? id"],
  ["INSERT pair (a) SELECT 'x' FROM patients WHERE ssn = '1' ORDER BY born LIMIT 1", "append pair: a WHERE born, ssn"],
  ["INSERT pair (a) SELECT IF(ssn < '5', 'lo', 'hi') FROM patients", "append pair: a = transform ssn ? ssn"],
  [
    "INSERT copies (id, price) SELECT COUNT(*), SUM(id) FROM patients",
    "append copies: id = aggregate *; price = aggregate id; kind; at",
  ],
  [
    "INSERT copies (id, ssn, place) SELECT id, ssn, address FROM patients",
    "append copies: id = copy id; ssn = copy ssn; place.zip = copy address.zip; place.city = copy address.city; kind; at",
  ],
  [
    "INSERT copies (ssn, place) SELECT ssn, (ssn, name) FROM patients",
    "append copies: ssn = copy ssn; place.zip = copy ssn; place.city = copy name; kind; at",
  ],
  [
    "INSERT copies (ssn, place) VALUES ('x', ((SELECT MIN(ssn) FROM patients), 'y'))",
    "append copies: ssn; place.zip = copy ssn; place.city; kind; at",
  ],
]);

describe("INSERT reads", () => {
  test("what is written is used as output, what decides as predicate", () => {
    assert.deepEqual(reads("INSERT pair (a) SELECT ssn FROM patients WHERE id = 1"), ["id: predicate", "ssn: output"]);
  });
  test("the target is not read", () => {
    assert.deepEqual(reads("INSERT pair (a) VALUES ('x')"), []);
  });
  test("what a column can't hold fails, and so tells: a length, a precision, NULL, a coercion", () => {
    const insert = (columns: string, values: string): string[] =>
      reads(`INSERT copies (${columns}) SELECT ${values} FROM patients`);
    assert.deepEqual(insert("code", "ssn"), ["ssn: output predicate"]);
    assert.deepEqual(insert("ssn", "ssn"), ["ssn: output predicate"]);
    assert.deepEqual(insert("price", "id"), ["id: output predicate"]);
    assert.deepEqual(insert("kind", "ssn"), ["ssn: output"]);
  });
});

refused("INSERT that is refused", {
  "INSERT pair SELECT ssn FROM patients": /type: 1 values are given for 2 columns/,
  "INSERT pair (a) VALUES ('x', 'y')": /type: 2 values are given for 1 columns/,
  "INSERT pair (a, A) VALUES ('x', 'y')": /name: Duplicate/,
  "INSERT pair (c) VALUES ('x')": /name: .*no column c/,
  "INSERT pair (a) VALUES (1)": /type: Column a has type STRING and can't be given INT64/,
  "INSERT pair (a) SELECT id FROM patients": /type: Column a/,
  "INSERT pair (a) SELECT AS VALUE ssn FROM patients": /unsupported: INSERT takes columns/,
  "INSERT pair (a) VALUES (COUNT(*))": /type/,
  "INSERT pair (a) VALUES (ssn)": /name/,
  "INSERT Pair (a) VALUES ('x')": /name: Table clinic.ehr.Pair was not found/,
  "INSERT nowhere (a) VALUES ('x')": /name: Table clinic.ehr.nowhere was not found/,
  "INSERT patients_view (ssn) VALUES ('x')": /unsupported: clinic.ehr.patients_view is a VIEW/,
  "INSERT patients_mv (ssn) VALUES ('x')": /unsupported: .* is a MATERIALIZED_VIEW/,
  "INSERT outside (ssn) VALUES ('x')": /unsupported: .* is a EXTERNAL/,
  "INSERT odd_default (a) VALUES ('x')": /unsupported: The DEFAULT of column b/,
  "INSERT odd_default VALUES ('x', DEFAULT)": /unsupported: The DEFAULT of column b/,
  "INSERT `pair$20260101` (a) VALUES ('x')": /unsupported: Partition decorators/,
  "INSERT _SESSION.x (a) VALUES ('x')": /unsupported: Session tables/,
  "INSERT ehr.INFORMATION_SCHEMA.TABLES (a) VALUES ('x')": /unsupported: INFORMATION_SCHEMA/,
});

test("the target is printed with all its parts", () => {
  assert.equal(
    canonical("insert pair (A) select ssn from ehr.patients"),
    "INSERT INTO `clinic`.`ehr`.`pair` (`A`) SELECT `ssn` FROM `clinic`.`ehr`.`patients`",
  );
});

table("UPDATE", "UPDATE", [
  ["UPDATE pair SET a = b WHERE TRUE", "update pair: a = copy pair.b"],
  ["UPDATE pair SET a = 'x' WHERE b = 'y'", "update pair: a WHERE pair.b"],
  ["UPDATE patients SET name = ssn WHERE id = 1", "update patients: name = copy ssn WHERE id"],
  ["UPDATE patients p SET p.name = p.ssn, tags = NULL WHERE TRUE", "update patients: name = copy ssn; tags"],
  ["UPDATE patients SET address.zip = ssn WHERE TRUE", "update patients: address.zip = copy ssn"],
  ["UPDATE patients SET patients.ADDRESS.Zip = ssn WHERE TRUE", "update patients: address.zip = copy ssn"],
  [
    "UPDATE patients SET address = (ssn, name) WHERE TRUE",
    "update patients: address.zip = copy ssn; address.city = copy name",
  ],
  ["UPDATE copies SET kind = DEFAULT WHERE TRUE", "update copies: kind"],
  ["UPDATE pair SET a = p.ssn FROM patients p WHERE p.name = pair.b", "update pair: a = copy ssn WHERE pair.b, name"],
  ["UPDATE pair SET a = 'x' FROM (SELECT id FROM patients WHERE ssn = '1') WHERE TRUE", "update pair: a WHERE ssn"],
  [
    "UPDATE pair t SET a = IF(EXISTS(SELECT 1 FROM patients p WHERE p.ssn = t.b), 'y', 'n') WHERE TRUE",
    "update pair: a = transform * ? pair.b, *, ssn",
  ],
  [
    "UPDATE pair t SET a = 'x' WHERE EXISTS(SELECT 1 FROM patients p WHERE p.ssn = t.b)",
    "update pair: a WHERE pair.b, *, ssn",
  ],
]);

table("DELETE and TRUNCATE", "DELETE", [
  ["DELETE FROM patients WHERE ssn < '5'", "delete patients WHERE ssn"],
  ["DELETE pair t WHERE t.a IN (SELECT ssn FROM patients WHERE id = 1)", "delete pair WHERE pair.a, id, ssn"],
  ["DELETE pair WHERE TRUE", "delete pair"],
  ["DELETE loaded WHERE _PARTITIONDATE < '2020-01-01'", "delete loaded WHERE loaded._PARTITIONDATE"],
]);

table("TRUNCATE", "TRUNCATE_TABLE", [["TRUNCATE TABLE pair", "delete pair"]]);

table("MERGE", "MERGE", [
  [
    "MERGE pair t USING patients s ON t.a = s.ssn WHEN MATCHED THEN UPDATE SET b = 'hit'",
    "update pair: b WHERE pair.a, ssn",
  ],
  [
    "MERGE pair USING patients s ON FALSE WHEN NOT MATCHED THEN INSERT (a) VALUES (s.ssn) WHEN NOT MATCHED BY SOURCE THEN DELETE",
    "append pair: a = copy ssn",
    "delete pair",
  ],
  [
    "MERGE pair t USING pair s ON t.a = s.a WHEN NOT MATCHED THEN INSERT ROW",
    "append pair: a = copy pair.a; b = copy pair.b WHERE pair.a",
  ],
  [
    "MERGE pair USING (SELECT ssn, id FROM patients WHERE born > '2000-01-01') s ON b = s.ssn " +
      "WHEN MATCHED AND s.id = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET b = 'x', pair.a = s.ssn " +
      "WHEN NOT MATCHED BY TARGET THEN INSERT (b) VALUES (s.ssn) " +
      "WHEN NOT MATCHED BY SOURCE AND a = 'x' THEN UPDATE SET a = DEFAULT",
    "delete pair WHERE pair.b, born, id, ssn",
    "update pair: b; a = copy ssn WHERE pair.b, born, id, ssn",
    "append pair: b = copy ssn WHERE pair.b, born, ssn",
    "update pair: a WHERE pair.a, pair.b, born, ssn",
  ],
]);

describe("DML reads", () => {
  test("that rows are there which UPDATE may match twice", () => {
    assert.deepEqual(reads("UPDATE pair SET a = 'x' FROM encounters AS e WHERE e.kind = 'x'"), [
      "encounters.*: predicate",
      "encounters.kind: predicate",
      "pair.*: predicate",
    ]);
  });

  test("the target's rows, and whatever chose among them", () => {
    assert.deepEqual(reads("DELETE pair WHERE TRUE"), ["pair.*: predicate"]);
    assert.deepEqual(reads("UPDATE pair SET a = 'x' WHERE b = 'y'"), ["pair.b: predicate"]);
    assert.deepEqual(reads("UPDATE patients SET name = ssn WHERE id = 1"), ["id: predicate", "ssn: output"]);
    assert.deepEqual(reads("TRUNCATE TABLE pair"), []);
  });
  test("MERGE and UPDATE FROM fail where a row is matched twice", () => {
    assert.deepEqual(reads("UPDATE pair SET a = 'x' FROM patients WHERE TRUE"), ["pair.*: predicate", "*: predicate"]);
    assert.deepEqual(reads("MERGE pair USING patients s ON pair.a = s.ssn WHEN MATCHED THEN DELETE"), [
      "pair.*: predicate",
      "pair.a: predicate",
      "*: predicate",
      "ssn: predicate",
    ]);
  });
  test("conditions that can fail count what they are given", () => {
    assert.deepEqual(reads("DELETE patients WHERE 1 / id > 2 AND name = 'x'"), ["id: predicate", "name: predicate"]);
  });
  test("setting a field tells that its STRUCT is no NULL", () => {
    assert.deepEqual(reads("UPDATE patients SET address.zip = 'x' WHERE TRUE"), ["address: predicate"]);
  });
});

refused("DML that is refused", {
  "UPDATE pair SET a = 'x'": /syntax: UPDATE needs a WHERE/,
  "DELETE pair": /syntax: DELETE needs a WHERE/,
  "UPDATE pair SET c = 'x' WHERE TRUE": /name: .*no column c/,
  "UPDATE pair SET a = 'x', A = 'y' WHERE TRUE": /name: Column a is set twice/,
  "UPDATE patients SET address.zip = 'x', address = NULL WHERE TRUE": /name: Column address is set twice/,
  "UPDATE patients SET address.nothing = 'x' WHERE TRUE": /name: Column address has no field/,
  "UPDATE patients SET visits.code = 'x' WHERE TRUE": /type: Cannot set field code/,
  "UPDATE pair SET a = 1 WHERE TRUE": /type: Column a/,
  "UPDATE pair SET a = 'x' WHERE 1": /type: WHERE takes BOOL/,
  "UPDATE pair SET a = COUNT(*) WHERE TRUE": /type/,
  "UPDATE patients_view SET ssn = 'x' WHERE TRUE": /unsupported: .*VIEW/,
  "UPDATE odd_default SET b = DEFAULT WHERE TRUE": /unsupported: The DEFAULT/,
  "UPDATE pair SET a = 'x' FROM pair WHERE TRUE": /name: Duplicate table alias/,
  "DELETE outside WHERE TRUE": /unsupported/,
  "TRUNCATE TABLE patients_mv": /unsupported/,
  "MERGE patients_view t USING pair ON TRUE WHEN MATCHED THEN DELETE": /unsupported/,
  "MERGE pair t USING patients s ON t.a = s.ssn WHEN NOT MATCHED THEN INSERT (a) VALUES (t.a)": /name/,
  "MERGE pair t USING patients s ON t.a = s.ssn WHEN NOT MATCHED BY SOURCE THEN UPDATE SET a = s.ssn": /name/,
  "MERGE pair t USING patients s ON t.a = s.ssn WHEN NOT MATCHED THEN INSERT ROW":
    /type: 10 values are given for 2 columns/,
  "MERGE pair t USING patients s ON t.a WHEN MATCHED THEN DELETE": /type: ON takes BOOL/,
});

test("DML is printed with every table's full name", () => {
  assert.equal(
    canonical("merge pair t using ehr.patients s on t.a = s.ssn when not matched then insert (a) values (s.ssn)"),
    "MERGE INTO `clinic`.`ehr`.`pair` AS `t` USING `clinic`.`ehr`.`patients` AS `s` ON `t`.`a` = `s`.`ssn` " +
      "WHEN NOT MATCHED BY TARGET THEN INSERT (`a`) VALUES (`s`.`ssn`)",
  );
  assert.equal(canonical("truncate table pair"), "TRUNCATE TABLE `clinic`.`ehr`.`pair`");
});

table("CREATE TABLE", "CREATE_TABLE", [
  ["CREATE TABLE t (a STRING, b INT64 NOT NULL DEFAULT 1 + 1)", "create t: a; b"],
  [
    "CREATE TABLE IF NOT EXISTS t (a STRUCT<x STRING OPTIONS (description = 'd'), y ARRAY<INT64>>, PRIMARY KEY (a) NOT ENFORCED) " +
      "CLUSTER BY a OPTIONS (description = 'x', labels = [('k', 'v')])",
    "create t: a.x; a.y",
  ],
  [
    "CREATE TABLE t (seen TIMESTAMP, n NUMERIC(5, 2), r RANGE<DATE>) PARTITION BY DATE(seen) " +
      "OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY), partition_expiration_days = 3.5)",
    "create t: seen; n; r",
  ],
  ["CREATE TABLE t (a STRING) PARTITION BY _PARTITIONDATE", "create t: a"],
  ["CREATE TABLE t (a STRING, FOREIGN KEY (a) REFERENCES pair(a) NOT ENFORCED)", "create t: a"],
  ["CREATE TABLE t LIKE pair", "create t: a; b"],
  ["CREATE OR REPLACE TABLE t CLONE pair", "create t: a = copy pair.a; b = copy pair.b"],
  ["CREATE TABLE other.t COPY pair", "create clinic.other.t: a = copy pair.a; b = copy pair.b"],
]);

table("CREATE TABLE AS SELECT", "CREATE_TABLE_AS_SELECT", [
  [
    "CREATE TABLE t (x STRING, y STRING) AS SELECT * FROM pair FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'",
    "create t: x = copy pair.a; y = copy pair.b",
  ],
  [
    "CREATE TABLE t AS SELECT ssn AS x, id FROM patients WHERE name = 'x'",
    "create t: x = copy ssn; id = copy id WHERE name",
  ],
  ["CREATE OR REPLACE TABLE patients AS SELECT * EXCEPT (b) FROM pair", "create patients: a = copy pair.a"],
  ["CREATE TABLE t (a STRING, b FLOAT64) AS SELECT ssn, id FROM patients", "create t: a = copy ssn; b = transform id"],
  ["CREATE TABLE t LIKE pair AS SELECT name, ssn FROM patients", "create t: a = copy name; b = copy ssn"],
  [
    "CREATE TABLE t AS SELECT p.address, COUNT(*) AS n FROM patients p GROUP BY address",
    "create t: address.zip = copy address.zip; address.city = copy address.city; n = aggregate * WHERE address.city, address.zip",
  ],
]);

table("CREATE SNAPSHOT TABLE", "CREATE_SNAPSHOT_TABLE", [
  ["CREATE SNAPSHOT TABLE t CLONE pair OPTIONS (friendly_name = 'x')", "create t: a = copy pair.a; b = copy pair.b"],
]);

table("CREATE VIEW", "CREATE_VIEW", [
  ["CREATE VIEW v AS SELECT ssn FROM patients WHERE id = 1", "create v: ssn = copy ssn WHERE id"],
  [
    "CREATE OR REPLACE VIEW v (x OPTIONS (description = 'd'), y) AS SELECT ssn, name FROM patients",
    "create v: x = copy ssn; y = copy name",
  ],
]);

table("CREATE MATERIALIZED VIEW", "CREATE_MATERIALIZED_VIEW", [
  [
    "CREATE MATERIALIZED VIEW v CLUSTER BY name OPTIONS (enable_refresh = TRUE) AS SELECT name, MAX(ssn) AS m FROM patients GROUP BY name",
    "create v: name = copy name; m = copy ssn WHERE name",
  ],
]);

describe("CREATE reads", () => {
  test("what a materialized view is partitioned by, which can fail", () => {
    assert.deepEqual(reads("CREATE MATERIALIZED VIEW v PARTITION BY born AS SELECT born, name FROM patients"), [
      "born: output predicate",
      "name: output",
    ]);
  });

  test("a copy reads all; a definition reads nothing", () => {
    assert.deepEqual(reads("CREATE TABLE t COPY pair"), ["pair.a: output", "pair.b: output"]);
    assert.deepEqual(reads("CREATE TABLE t (a STRING, FOREIGN KEY (a) REFERENCES patients(ssn) NOT ENFORCED)"), []);
    assert.deepEqual(reads("CREATE TABLE t LIKE pair"), ["pair.*: predicate"]);
    assert.deepEqual(reads("CREATE VIEW v AS SELECT ssn FROM patients"), ["ssn: output"]);
  });
  test("a table that fills too many partitions fails", () => {
    assert.deepEqual(reads("CREATE TABLE t PARTITION BY born AS SELECT born, id FROM patients"), [
      "born: output predicate",
      "id: output",
    ]);
  });
  test("a declared length or NOT NULL fails", () => {
    assert.deepEqual(reads("CREATE TABLE t (a STRING(5)) AS SELECT ssn FROM patients"), ["ssn: output predicate"]);
    assert.deepEqual(reads("CREATE TABLE t (a STRING NOT NULL) AS SELECT ssn FROM patients"), [
      "ssn: output predicate",
    ]);
    const place = "place STRUCT<zip STRING, city STRING> NOT NULL";
    assert.deepEqual(reads(`CREATE TABLE t (${place}) AS SELECT address AS place FROM patients`), [
      "address: predicate",
      "address.city: output",
      "address.zip: output",
    ]);
  });
});

refused("CREATE that is refused", {
  "CREATE TABLE t (a STRING DEFAULT (SELECT ANY_VALUE(ssn) FROM patients))":
    /unsupported: DEFAULT can't hold a subquery/,
  "CREATE TABLE t (a STRING, b STRING DEFAULT a)": /name: Unrecognized name: a/,
  "CREATE TABLE t (a STRING DEFAULT 1)": /type: Column a/,
  "CREATE TABLE t (a STRING GENERATED ALWAYS AS (UPPER('x')) STORED)": /unsupported: A GENERATED column/,
  "CREATE TABLE t (a STRING, A INT64)": /name: Duplicate/,
  "CREATE TABLE t (a NOTHING)": /name: Type not found/,
  "CREATE TABLE t (a STRING) OPTIONS (description = (SELECT ANY_VALUE(ssn) FROM patients))":
    /unsupported: Option description can't/,
  "CREATE TABLE t (a STRING OPTIONS (description = (SELECT ANY_VALUE(ssn) FROM patients)))": /unsupported/,
  "CREATE TABLE t (a STRING) OPTIONS (labels = [('x', (SELECT ANY_VALUE(ssn) FROM patients))])": /unsupported/,
  "CREATE TABLE t (a STRING) OPTIONS (tags = [('x', 'y')])": /unsupported: Option tags/,
  "CREATE TABLE t (a STRING) OPTIONS (storage_uri = 'gs://x')": /unsupported: Option storage_uri/,
  "CREATE TABLE t (a STRING) WITH CONNECTION x.y": /unsupported: CREATE TABLE WITH CONNECTION/,
  "CREATE EXTERNAL TABLE t OPTIONS (uris = [(SELECT ANY_VALUE(ssn) FROM patients)])": /unsupported: Option uris can't/,
  "CREATE EXTERNAL TABLE t WITH CONNECTION x.y OPTIONS (uris = ['gs://x'])": /unsupported: An external table WITH CONN/,
  "CREATE EXTERNAL TABLE t AS SELECT ssn FROM patients": /syntax: .*Expected keyword OPTIONS/,
  "CREATE TABLE t (a STRING) PARTITION BY (SELECT 1)": /unsupported/,
  "CREATE TABLE t (a STRING) CLUSTER BY b": /name: CLUSTER BY/,
  "CREATE TABLE t AS SELECT 1": /name: Every column/,
  "CREATE TABLE t AS SELECT a, b AS A FROM pair": /name: Duplicate/,
  "CREATE TABLE t AS SELECT AS STRUCT a, b FROM pair": /unsupported/,
  "CREATE TABLE t (a STRING) AS SELECT a, b FROM pair": /type: 2 values/,
  "CREATE TABLE t CLONE nowhere": /name/,
  // What the table had as a column then, and no longer has, would be in the new one and in no plan.
  "CREATE TABLE t CLONE pair FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01 00:00:00 UTC'":
    /unsupported: .*list of columns/,
  "CREATE SNAPSHOT TABLE t CLONE pair FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'": /unsupported: .*list of columns/,
  "CREATE TABLE t AS SELECT * FROM pair FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'": /unsupported: .*list of columns/,
  "CREATE TABLE t LIKE pair AS SELECT a, b FROM pair FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'":
    /unsupported: .*list of columns/,
  "CREATE TABLE t LIKE patients_view": /unsupported/,
  "CREATE TABLE _hidden.t (a STRING)": /unsupported/,
  "CREATE TABLE `t$20260101` (a STRING)": /unsupported/,
  "CREATE TEMP TABLE ehr.t (a STRING)": /name: A temporary table/,
  "CREATE VIEW v (x) AS SELECT a, b FROM pair": /type/,
  "CREATE VIEW v AS SELECT a, b || 'x' FROM pair": /name: Every column/,
  "CREATE VIEW v AS SELECT nothing FROM pair": /name/,
  "CREATE MATERIALIZED VIEW v AS REPLICA OF patients_mv": /unsupported: A replica/,
});

test("what is created is printed with its full name, a temporary table with its own", () => {
  assert.equal(
    canonical("create table T (a string, foreign key (a) references pair(a) not enforced)"),
    "CREATE TABLE `clinic`.`ehr`.`T` (`a` STRING, FOREIGN KEY (`a`) REFERENCES `clinic`.`ehr`.`pair`(`a`) NOT ENFORCED)",
  );
  assert.equal(
    canonical("create temp table t as select a from pair"),
    "CREATE TEMP TABLE `t` AS SELECT `a` FROM `clinic`.`ehr`.`pair`",
  );
  assert.equal(
    canonical("create view v as select a from pair"),
    "CREATE VIEW `clinic`.`ehr`.`v` AS SELECT `a` FROM `clinic`.`ehr`.`pair`",
  );
});

table("ALTER TABLE keeps a column's classes with it", "ALTER_TABLE", [
  ["ALTER TABLE patients RENAME COLUMN ssn TO note", "alter patients: note = copy ssn"],
  [
    "ALTER TABLE pair RENAME COLUMN a TO c, RENAME COLUMN b TO a, RENAME COLUMN c TO b",
    "alter pair: c = copy pair.a; a = copy pair.b; b = copy pair.a",
  ],
  [
    "ALTER TABLE patients RENAME COLUMN ADDRESS TO place",
    "alter patients: place.zip = copy address.zip; place.city = copy address.city",
  ],
  ["ALTER TABLE pair RENAME TO pears", "create pears: a = copy pair.a; b = copy pair.b", "drop pair"],
  ["ALTER TABLE pair DROP COLUMN a, DROP COLUMN IF EXISTS c", "alter pair: a"],
  [
    "ALTER TABLE pair ADD COLUMN c STRING OPTIONS (description = 'x'), ADD COLUMN IF NOT EXISTS A STRING",
    "alter pair: c",
  ],
  ["ALTER TABLE encounters ALTER COLUMN id SET DATA TYPE NUMERIC", "alter encounters: id = transform encounters.id"],
  ["ALTER TABLE pair ALTER COLUMN a SET DEFAULT 'x'", "alter pair: a"],
  ["ALTER TABLE pair ALTER COLUMN a DROP NOT NULL, SET OPTIONS (description = 'x')", "alter pair: a"],
  ["ALTER TABLE pair ADD FOREIGN KEY (a) REFERENCES patients(ssn) NOT ENFORCED", "alter pair"],
  ["ALTER TABLE pair DROP PRIMARY KEY IF EXISTS", "alter pair"],
]);

table("ALTER VIEW", "ALTER_VIEW", [
  ["ALTER VIEW patients_view SET OPTIONS (description = 'x')", "alter patients_view"],
]);

table("DROP TABLE", "DROP_TABLE", [["DROP TABLE IF EXISTS nowhere", "drop nowhere"]]);
table("DROP MATERIALIZED VIEW", "DROP_MATERIALIZED_VIEW", [["DROP MATERIALIZED VIEW patients_mv", "drop patients_mv"]]);
table("DROP FUNCTION", "DROP_FUNCTION", [["DROP FUNCTION ehr.f"]]);
table("DROP SEARCH INDEX", "DROP_SEARCH_INDEX", [["DROP SEARCH INDEX i ON pair", "alter pair"]]);
table("CREATE SEARCH INDEX", "CREATE_SEARCH_INDEX", [
  ["CREATE SEARCH INDEX i ON patients(ALL COLUMNS) OPTIONS (analyzer = 'LOG_ANALYZER')", "alter patients"],
  ["CREATE SEARCH INDEX i ON pair(a, b OPTIONS (index_granularity = 'COLUMN'))", "alter pair"],
]);
table("CREATE SCHEMA", "CREATE_SCHEMA", [["CREATE SCHEMA s OPTIONS (location = 'eu')"]]);

describe("what leaves BigQuery", () => {
  const effects = (sql: string): string[] => planOf(sql).effects.map((e) => `${e.kind}: ${e.sources.join(", ")}`);
  test("EXPORT DATA takes every value, and what decided over the rows", () => {
    const sql = "EXPORT DATA OPTIONS (uri = 'gs://x/*', format = 'CSV') AS SELECT ssn FROM patients WHERE id = 1";
    assert.deepEqual(effects(sql), ["export: clinic.ehr.patients.id, clinic.ehr.patients.ssn"]);
    assert.deepEqual(reads(sql), ["id: predicate", "ssn: output"]);
    assert.equal(planOf(sql).kind, "EXPORT_DATA");
    assert.deepEqual(planOf(sql).outputs, []);
  });
  test("a model holds what it was trained on", () => {
    const sql =
      "CREATE MODEL m OPTIONS (model_type = 'linear_reg') AS SELECT id, weight AS label FROM patients WHERE ssn > '5'";
    assert.deepEqual(effects(sql), [
      "model: clinic.ehr.patients.*, clinic.ehr.patients.id, clinic.ehr.patients.ssn, clinic.ehr.patients.weight",
    ]);
    assert.deepEqual(reads(sql), ["id: output", "ssn: predicate", "weight: output"]);
  });
  test("a model that leaves, a load and a grant say so", () => {
    assert.deepEqual(effects("EXPORT MODEL m OPTIONS (uri = 'gs://x')"), ["model: ", "export: "]);
    assert.deepEqual(effects("LOAD DATA INTO pair FROM FILES (format = 'CSV', uris = ['gs://x/*'])"), ["load: "]);
    assert.deepEqual(effects("GRANT `roles/bigquery.dataViewer` ON TABLE patients TO 'user:a@b.c'"), ["grant: "]);
    assert.deepEqual(effects("REVOKE `roles/bigquery.dataViewer` ON SCHEMA ehr FROM 'user:a@b.c'"), ["grant: "]);
  });
});

refused("DDL and transfers that are refused", {
  "ALTER TABLE pair ALTER COLUMN a SET DEFAULT (SELECT ANY_VALUE(ssn) FROM patients)": /unsupported: DEFAULT can't/,
  "ALTER TABLE pair SET OPTIONS (labels = [('a', (SELECT ANY_VALUE(ssn) FROM patients))])":
    /unsupported: Option labels/,
  "ALTER TABLE pair RENAME COLUMN a TO b": /name: .*has a column b already/,
  "ALTER TABLE pair RENAME COLUMN c TO d": /name: .*no column c/,
  "ALTER TABLE pair RENAME TO other.pears": /name: RENAME TO takes one name/,
  "ALTER TABLE nowhere DROP COLUMN a": /name/,
  "ALTER TABLE patients_view ADD COLUMN a STRING": /unsupported: .*VIEW/,
  "ALTER SCHEMA ehr SET OPTIONS (labels = [('a', (SELECT ANY_VALUE(ssn) FROM patients))])":
    /unsupported: Option labels/,
  "ALTER SCHEMA ehr ADD REPLICA r": /unsupported: This change of a SCHEMA/,
  "ALTER PROJECT SET OPTIONS (x = 1)": /unsupported: ALTER PROJECT/,
  "DROP EXTERNAL SCHEMA s": /unsupported: DROP EXTERNAL SCHEMA/,
  "DROP SCHEMA _hidden": /unsupported: Hidden datasets/,
  "CREATE ROW ACCESS POLICY p ON patients FILTER USING (ssn)": /type: FILTER USING takes BOOL/,
  "CREATE ROW ACCESS POLICY p ON patients FILTER USING (id IN (SELECT id FROM patients))": /unsupported: .*subquery/,
  "CREATE ROW ACCESS POLICY p ON patients_view FILTER USING (TRUE)": /unsupported: .*VIEW/,
  "CREATE SEARCH INDEX i ON pair(c)": /name: An index takes columns/,
  "CREATE SEARCH INDEX i ON pair(a) OPTIONS (analyzer = (SELECT ANY_VALUE(ssn) FROM patients))": /unsupported/,
  "CREATE EXTERNAL SCHEMA s WITH CONNECTION x.y OPTIONS (location = 'x')": /unsupported/,
  "CREATE RESERVATION r OPTIONS (slot_capacity = 1)": /name: RESERVATION is named project.location.name/,
  "CREATE RESERVATION `region-us`.r OPTIONS (slot_capacity = (SELECT ANY_VALUE(id) FROM patients))": /unsupported/,
  "ALTER ORGANIZATION SET OPTIONS (x = 1)": /unsupported: ALTER ORGANIZATION/,
  "CREATE MODEL m REMOTE WITH CONNECTION x.y OPTIONS (endpoint = 'x')": /unsupported: A remote model/,
  "CREATE MODEL m TRANSFORM (a) OPTIONS (model_type = 'kmeans') AS SELECT a FROM pair": /unsupported: TRANSFORM/,
  "EXPORT DATA OPTIONS (uri = CONCAT('gs://x/', (SELECT ANY_VALUE(ssn) FROM patients), '*')) AS SELECT 1 AS a":
    /unsupported: Option uri can't hold a subquery/,
  "EXPORT DATA OPTIONS (uri = ssn) AS SELECT ssn FROM patients": /name: Unrecognized name/,
  "EXPORT DATA OPTIONS (callback = 'x') AS SELECT ssn FROM patients": /unsupported: Option callback/,
  "LOAD DATA INTO pair FROM FILES (uris = [(SELECT ANY_VALUE(ssn) FROM patients)])": /unsupported/,
  "LOAD DATA OVERWRITE pair FROM FILES (format = 'CSV', uris = ['gs://x/*'])": /unsupported: .*list them all/,
  "LOAD DATA INTO fresh FROM FILES (format = 'CSV', uris = ['gs://x/*'])": /unsupported: .*list them all/,
  "LOAD DATA INTO pair FROM FILES (format = 'CSV', uris = ['gs://x/*']) WITH PARTITION COLUMNS":
    /unsupported: .*list them all/,
  "LOAD DATA INTO TEMP TABLE t FROM FILES (format = 'CSV')": /unsupported: LOAD DATA into a temporary table/,
  "LOAD DATA OVERWRITE pair PARTITIONS (a = 'x') FROM FILES (format = 'CSV')": /unsupported: LOAD DATA with PARTITIONS/,
});

test("what is changed, dropped or granted is printed with its full name", () => {
  assert.equal(canonical("alter table pair rename to pears"), "ALTER TABLE `clinic`.`ehr`.`pair` RENAME TO `pears`");
  assert.equal(canonical("drop view ehr.v"), "DROP VIEW `clinic`.`ehr`.`v`");
  assert.equal(canonical("drop function ehr.f"), "DROP FUNCTION `clinic`.`ehr`.`f`");
  assert.equal(
    canonical("grant `roles/x` on schema ehr to 'user:a'"),
    "GRANT `roles/x` ON SCHEMA `clinic`.`ehr` TO 'user:a'",
  );
});

describe("CREATE FUNCTION", () => {
  test("reads what its body shows and what decides in it", () => {
    const sql = "CREATE FUNCTION ehr.f(x INT64) RETURNS STRING AS ((SELECT ANY_VALUE(ssn) FROM patients WHERE id = x))";
    assert.deepEqual(reads(sql), ["id: predicate", "ssn: output"]);
    assert.equal(planOf(sql).kind, "CREATE_FUNCTION");
    assert.equal(
      canonical(sql),
      "CREATE FUNCTION `clinic`.`ehr`.`f`(`x` INT64) RETURNS STRING AS " +
        "((SELECT ANY_VALUE(`ssn`) FROM `clinic`.`ehr`.`patients` WHERE `id` = `x`))",
    );
  });
  test("in another language it is an effect", () => {
    const effects = (sql: string): string[] => planOf(sql).effects.map((e) => e.kind);
    assert.deepEqual(effects("CREATE FUNCTION f(x STRING) RETURNS STRING LANGUAGE js AS 'return x'"), ["javascript"]);
    assert.deepEqual(
      effects("CREATE FUNCTION f(x STRING) RETURNS STRING REMOTE WITH CONNECTION x.y OPTIONS (description = 'd')"),
      ["remote_function"],
    );
  });
  test("a table function reads what its query reads", () => {
    const sql = "CREATE TABLE FUNCTION f(x INT64) AS SELECT ssn FROM patients WHERE id = x";
    assert.deepEqual(reads(sql), ["id: predicate", "ssn: output"]);
    assert.equal(planOf(sql).kind, "CREATE_TABLE_FUNCTION");
  });
  test("a table function reads nothing of the tables that it will be given", () => {
    const sql = "CREATE TABLE FUNCTION f(patients TABLE<id INT64, ssn STRING>) AS SELECT ssn, a FROM patients, pair";
    assert.deepEqual(reads(sql), ["pair.a: output"]);
    assert.match(canonical(sql), /AS SELECT `ssn`, `a` FROM `patients`, `clinic`\.`ehr`\.`pair`$/);
  });
});

refused("routines that are refused", {
  "CREATE FUNCTION f(x INT64) AS (y)": /name: Unrecognized name: y/,
  "CREATE FUNCTION f(x INT64) RETURNS STRING AS (x)": /type/,
  "CREATE FUNCTION f(x ANY TYPE) AS (x)": /unsupported: Argument x is of ANY TYPE/,
  "CREATE FUNCTION f(x STRING) RETURNS STRING LANGUAGE js OPTIONS (library = 'gs://x') AS 'return x'":
    /unsupported: Option library/,
  "CREATE FUNCTION f(x STRING) RETURNS STRING REMOTE WITH CONNECTION x.y OPTIONS (endpoint = 'https://x')":
    /unsupported: Option endpoint/,
  "CREATE FUNCTION f(x STRING) LANGUAGE js AS 'return x'": /syntax: .*RETURNS/,
  "CREATE FUNCTION f(x STRING) RETURNS STRING LANGUAGE cobol AS 'x'": /unsupported: Only SQL/,
  "CREATE TEMP FUNCTION upper(x STRING) AS (x)": /name: upper is a built-in function/,
  "CREATE TEMP FUNCTION ehr.f(x STRING) AS (x)": /name: A temporary function has one plain name/,
  "CREATE FUNCTION f(x INT64) AS (f(x))": /name: Function not found/,
  "CREATE TABLE FUNCTION f(t TABLE<a STRING>) AS SELECT b FROM t": /name: Unrecognized name: b/,
  "CREATE TABLE FUNCTION f(t ANY TABLE) AS SELECT a FROM t": /unsupported: A parameter of type ANY TABLE is not/,
  "CREATE TEMP TABLE FUNCTION f(x INT64) AS SELECT x": /unsupported: A temporary table function is not/,
  "CREATE OR REPLACE TEMPORARY TABLE FUNCTION f() AS SELECT 1 AS x": /unsupported: A temporary table function is not/,
  "CREATE TABLE FUNCTION f(t TABLE<a STRING, A STRING>) AS SELECT a FROM t": /name: Duplicate column name/,
  "CREATE TABLE FUNCTION f(t TABLE<a STRING>, T TABLE<a STRING>) AS SELECT a FROM t": /name: Argument T stands twice/,
  "CREATE TABLE FUNCTION f(t TABLE<a STRING>) RETURNS TABLE<a INT64> AS SELECT a FROM t": /type: The query's columns/,
  "CREATE TABLE FUNCTION f() RETURNS TABLE<a INT64> AS SELECT a FROM pair": /type: The query's columns/,
});

describe("what is changed beside rows and columns", () => {
  const changes = (sql: string) => (planOf(sql).changes ?? []).map(({ what, mode, name }) => `${mode} ${what} ${name}`);
  for (const [sql, kind, expected] of [
    ["CREATE FUNCTION ehr.f() AS (1)", "CREATE_FUNCTION", ["create routine clinic.ehr.f"]],
    ["CREATE TEMP FUNCTION f() AS (1); SELECT f() AS x", "SELECT", []],
    ["CREATE TABLE FUNCTION ehr.f() AS SELECT 1 AS x", "CREATE_TABLE_FUNCTION", ["create routine clinic.ehr.f"]],
    ["DROP FUNCTION ehr.f", "DROP_FUNCTION", ["drop routine clinic.ehr.f"]],
    [
      "CREATE MODEL ehr.m OPTIONS (model_type = 'kmeans') AS SELECT a FROM pair",
      "CREATE_MODEL",
      ["create model clinic.ehr.m"],
    ],
    ["DROP MODEL ehr.m", "DROP_MODEL", ["drop model clinic.ehr.m"]],
    ["EXPORT MODEL ehr.m OPTIONS (uri = 'gs://x')", "EXPORT_MODEL", ["alter model clinic.ehr.m"]],
    ["ALTER TABLE pair SET OPTIONS (labels = [('phi', 'none')])", "ALTER_TABLE", ["alter labels clinic.ehr.pair"]],
    ["ALTER TABLE pair SET OPTIONS (description = 'x')", "ALTER_TABLE", ["alter labels clinic.ehr.pair"]],
    ["ALTER TABLE pair SET OPTIONS (expiration_timestamp = NULL)", "ALTER_TABLE", []],
    [
      "ALTER TABLE pair ALTER COLUMN a SET OPTIONS (description = 'x')",
      "ALTER_TABLE",
      ["alter labels clinic.ehr.pair"],
    ],
    [
      "ALTER VIEW patients_view SET OPTIONS (labels = [('a', 'b')])",
      "ALTER_VIEW",
      ["alter labels clinic.ehr.patients_view"],
    ],
    ["CREATE TABLE t (a STRING) OPTIONS (labels = [('a', 'b')])", "CREATE_TABLE", ["create labels clinic.ehr.t"]],
    ["CREATE TABLE t (a STRING) OPTIONS (description = 'b')", "CREATE_TABLE", []],
    ["CREATE VIEW v OPTIONS (labels = [('a', 'b')]) AS SELECT 1 AS x", "CREATE_VIEW", ["create labels clinic.ehr.v"]],
    ["CREATE SCHEMA s", "CREATE_SCHEMA", ["create dataset clinic.s.*"]],
    ["ALTER SCHEMA ehr SET OPTIONS (labels = [('phi', 'none')])", "ALTER_SCHEMA", ["alter dataset clinic.ehr.*"]],
    ["DROP SCHEMA ehr CASCADE", "DROP_SCHEMA", ["drop dataset clinic.ehr.*"]],
    ["UNDROP SCHEMA ehr", "UNDROP_SCHEMA", ["create dataset clinic.ehr.*"]],
    ["GRANT `roles/x` ON TABLE pair TO 'user:a'", "GRANT", ["create access clinic.ehr.pair"]],
    ["REVOKE `roles/x` ON SCHEMA ehr FROM 'user:a'", "REVOKE", ["drop access clinic.ehr.*"]],
    ["DROP ROW ACCESS POLICY p ON patients", "DROP_ROW_ACCESS_POLICY", ["drop access clinic.ehr.patients"]],
    ["DROP ALL ROW ACCESS POLICIES ON patients", "DROP_ALL_ROW_ACCESS_POLICIES", ["drop access clinic.ehr.patients"]],
    [
      "CREATE RESERVATION `region-us`.r OPTIONS (slot_capacity = 100)",
      "CREATE_RESERVATION",
      ["create capacity clinic.region-us.r"],
    ],
    [
      "ALTER CAPACITY `region-us`.c SET OPTIONS (plan = 'FLEX')",
      "ALTER_CAPACITY",
      ["alter capacity clinic.region-us.c"],
    ],
    ["DROP ASSIGNMENT `region-us`.r.a", "DROP_ASSIGNMENT", ["drop capacity clinic.region-us.r"]],
  ] as const)
    test(sql, () => {
      assert.deepEqual(changes(sql), expected);
      assert.equal(scriptOf(sql).statementType, kind);
      // What runs is what was analysed: the canonical text says the same.
      assert.deepEqual(changes(canonical(sql)), expected);
    });

  test("a row access policy decides by what its filter reads", () => {
    const sql = "CREATE ROW ACCESS POLICY p ON patients GRANT TO ('user:a@b.c') FILTER USING (ssn = '1')";
    assert.deepEqual(writes(sql), ["alter patients WHERE ssn"]);
    assert.deepEqual(reads(sql), ["ssn: predicate"]);
    assert.deepEqual(changes(sql), ["create access clinic.ehr.patients"]);
  });

  test("an external table, and LOAD DATA into what is there, write columns of which nothing is known", () => {
    const external = "CREATE EXTERNAL TABLE t (a STRING) OPTIONS (format = 'CSV', uris = ['gs://x/*'])";
    assert.deepEqual(writes(external), ["create t: a"]);
    assert.deepEqual(planOf(external).effects, [{ kind: "load", sources: [] }]);
    assert.deepEqual(writes("LOAD DATA INTO pair FROM FILES (uris = ['gs://x'])"), ["append pair: a; b"]);
    assert.deepEqual(writes("LOAD DATA INTO pair (b STRING, c STRING) FROM FILES (uris = ['gs://x'])"), [
      "append pair: b; c; a",
    ]);
    assert.deepEqual(writes("LOAD DATA OVERWRITE pair (a STRING) FROM FILES (uris = ['gs://x'])"), ["create pair: a"]);
  });
});
