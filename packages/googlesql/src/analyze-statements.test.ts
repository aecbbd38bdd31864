import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonical, planOf, reads, refusalOf, writes } from "./testing/clinic.ts";

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
    "append copies: id = aggregate *; price = aggregate id",
  ],
  [
    "INSERT copies (id, ssn, place) SELECT id, ssn, address FROM patients",
    "append copies: id = copy id; ssn = copy ssn; place.zip = copy address.zip; place.city = copy address.city",
  ],
  [
    "INSERT copies (ssn, place) SELECT ssn, (ssn, name) FROM patients",
    "append copies: ssn = copy ssn; place.zip = copy ssn; place.city = copy name",
  ],
  [
    "INSERT copies (ssn, place) VALUES ('x', ((SELECT MIN(ssn) FROM patients), 'y'))",
    "append copies: ssn; place.zip = copy ssn; place.city",
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
  "INSERT pair SELECT ssn FROM patients": /type: INSERT has 2 columns and 1 values/,
  "INSERT pair (a) VALUES ('x', 'y')": /type: INSERT has 1 columns and 2 values/,
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
