import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { catalogNames } from "./catalog-names.ts";
import {
  CLINIC,
  canonical,
  DEFAULTS,
  flows,
  planOf,
  reads,
  refusalOf,
  scriptOf,
  steps,
  writes,
} from "./testing/clinic.ts";

describe("pipe operators that are statements (threat-model row 26)", () => {
  test("INSERT takes the rows before it, and what decided over them", () => {
    const sql = "FROM patients |> WHERE state = 'x' |> SELECT ssn, name |> INSERT INTO pair";
    assert.deepEqual(writes(sql), ["append pair: a = copy ssn; b = copy name WHERE state"]);
    assert.deepEqual(reads(sql), ["name: output", "ssn: output", "state: predicate"]);
    assert.equal(scriptOf(sql).statementType, "INSERT");
    assert.deepEqual(scriptOf(sql).result, []);
  });

  test("what runs is the statement that was analysed", () => {
    assert.equal(
      canonical("WITH c AS (SELECT ssn, name FROM patients) FROM c |> LIMIT 1 |> INSERT pair (b, a)"),
      "INSERT INTO `clinic`.`ehr`.`pair` (`b`, `a`) WITH `c` AS (SELECT `ssn`, `name` FROM `clinic`.`ehr`.`patients`) FROM `c` |> LIMIT 1",
    );
    assert.equal(
      canonical("(SELECT ssn, name FROM patients) |> INSERT pair"),
      "INSERT INTO `clinic`.`ehr`.`pair` SELECT `ssn`, `name` FROM `clinic`.`ehr`.`patients`",
    );
    assert.equal(
      canonical("FROM pair |> CREATE TABLE t"),
      "CREATE TABLE `clinic`.`ehr`.`t` AS FROM `clinic`.`ehr`.`pair`",
    );
    const { redacted } = analyze(
      "FROM pair |> WHERE a = 'x' |> EXPORT DATA OPTIONS (uri = 'gs://b/*', format = 'CSV')",
      {
        catalog: CLINIC,
        ...DEFAULTS,
      },
    );
    assert.deepEqual(redacted?.literals.length, 3);
  });

  test("CREATE TABLE is made of the rows before it", () => {
    const sql = "FROM patients |> AGGREGATE COUNT(*) AS n GROUP BY state |> CREATE OR REPLACE TABLE t";
    assert.deepEqual(writes(sql), ["create t: state = copy state; n = aggregate * WHERE state"]);
    assert.equal(planOf(sql).kind, "CREATE_TABLE_AS_SELECT");
    assert.equal(refusalOf("SELECT 1 |> CREATE TABLE t")?.code, "name");
  });

  test("EXPORT DATA takes all of them out", () => {
    const sql = "FROM pair |> WHERE a = 'x' |> SELECT b |> EXPORT DATA OPTIONS (uri = 'gs://b/*', format = 'CSV')";
    assert.deepEqual(steps(sql), ["EXPORT_DATA pair.a: predicate, pair.b: output | export pair.a, pair.b"]);
  });

  test("in a script they are what they are outside", () => {
    assert.deepEqual(steps("FROM patients |> SELECT ssn |> CREATE TEMP TABLE t; SELECT * FROM t"), [
      "CREATE_TABLE_AS_SELECT ssn: kept",
      "SELECT ssn: output",
    ]);
    const sql = "IF EXISTS(SELECT 1 FROM patients WHERE ssn = '1') THEN FROM pair |> INSERT INTO pair; END IF";
    assert.match(steps(sql).at(-1) ?? "", /append pair .* \? .*ssn/);
  });

  test("the catalog is asked for what is read and what is written into, not for what is made", () => {
    const names = catalogNames("FROM pair |> INSERT copies; FROM patients |> CREATE TABLE t", DEFAULTS);
    assert.deepEqual(names.understood && names.tables, ["clinic.ehr.copies", "clinic.ehr.pair", "clinic.ehr.patients"]);
  });

  for (const sql of [
    "FROM pair |> INSERT INTO pair |> SELECT a",
    "SELECT * FROM (FROM pair |> INSERT INTO pair)",
    "SELECT (FROM pair |> SELECT a |> CREATE TABLE t)",
    "FROM pair |> IF TRUE THEN (|> INSERT INTO pair)",
    "FROM pair |> UNION ALL (FROM pair |> EXPORT DATA OPTIONS (uri = 'gs://b/*'))",
    "CREATE VIEW v AS FROM pair |> CREATE TABLE t",
    "INSERT INTO pair FROM pair |> INSERT INTO pair",
    "CREATE TEMP TABLE x AS FROM pair |> CREATE TABLE t",
    "FROM pair |> TEE (|> INSERT INTO pair)",
    "FROM pair |> TEE",
    "FROM pair |> FORK (|> INSERT INTO pair), (|> SELECT a)",
    "FROM pair |> LOG",
  ]) {
    test(`refused: ${sql}`, () => assert.equal(refusalOf(sql)?.code, "unsupported"));
  }

  test("positions of parameters stay as they were written", () => {
    const sql = "FROM pair |> WHERE a = ? |> CREATE TABLE t (a STRING DEFAULT ?, b STRING)";
    const parameters = [{ parameterType: { type: "STRING" } }, { parameterType: { type: "STRING" } }];
    assert.equal(refusalOf(sql, parameters)?.code, "unsupported");
    assert.equal(refusalOf("FROM pair |> WHERE a = ? |> INSERT pair", parameters.slice(1)), undefined);
  });
});

describe("CALL takes the rows before it as the function's first table", () => {
  const fill = (rows: string) => `${rows} |> CALL GAP_FILL('born', INTERVAL 1 DAY, value_columns => [('ssn', 'locf')])`;

  test("their columns, and what decided over them", () => {
    assert.deepEqual(
      flows(fill("FROM patients |> WHERE id = 1")),
      flows(
        "SELECT * FROM GAP_FILL((SELECT * FROM patients WHERE id = 1), 'born', INTERVAL 1 DAY, value_columns => [('ssn', 'locf')])",
      ),
    );
    assert.deepEqual(flows(`${fill("FROM patients")} AS g |> SELECT g.ssn`), ["ssn = copy ssn ? born, ssn"]);
    assert.deepEqual(
      flows("FROM patients |> SELECT [weight] AS v, ssn |> CALL VECTOR_SEARCH('v', query_value => [1.5])"),
      ["base = copy ssn, copy weight ? weight", "distance = transform weight ? weight"],
    );
  });

  test("a row of the query around stays that row's", () => {
    const sql = `SELECT (${fill("SELECT born, ssn")} |> AGGREGATE COUNT(ssn) AS n) AS n FROM patients`;
    assert.deepEqual(flows(sql), ["n = transform ssn ? born, ssn"]);
  });

  for (const [sql, code] of [
    [`FROM patients |> CALL APPENDS(NULL)`, "type"],
    [`FROM patients |> CALL GAP_FILL(TABLE patients, 'born', INTERVAL 1 DAY)`, "type"],
    [`FROM patients |> CALL GAP_FILL('born', INTERVAL 1 DAY, time_series_table => (SELECT 1))`, "type"],
    [`FROM UNNEST([1]) AS x |> CALL GAP_FILL('born', INTERVAL 1 DAY)`, "unsupported"],
    [`FROM patients |> CALL ehr.f()`, "name"],
    [`FROM patients |> CALL ML.PREDICT(MODEL ehr.m)`, "unsupported"],
    [`FROM patients |> CALL NOTHING()`, "unsupported"],
  ] as const) {
    test(`refused: ${sql}`, () => assert.equal(refusalOf(sql)?.code, code));
  }
});
