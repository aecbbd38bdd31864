import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonical, reads } from "./testing/clinic.ts";
import { refused, table } from "./testing/statement-tables.ts";

table("INSERT carries the sources to the columns by position", "INSERT", [
  ["INSERT INTO pair VALUES ('x', NULL), (DEFAULT, 'y')", "append pair: a; b"],
  ["INSERT pair (b, a) SELECT ssn, name FROM patients", "append pair: b = copy ssn; a = copy name"],
  ["INSERT pair SELECT ssn, name FROM patients", "append pair: a = copy ssn; b = copy name"],
  ["INSERT pair (B) SELECT ssn FROM patients", "append pair: b = copy ssn"],
  ["INSERT INTO ehr.pair (b) VALUES ((SELECT MAX(ssn) FROM patients))", "append pair: b = copy ssn ? ssn"],
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
    "append copies: ssn; place.zip = copy ssn ? ssn; place.city; kind; at",
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
