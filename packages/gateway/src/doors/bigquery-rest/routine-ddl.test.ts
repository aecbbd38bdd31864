import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "@chaperone/googlesql";
import { createRoutineSql, routineRequest } from "./routine-ddl.ts";

const INT64 = { typeKind: "INT64" } as const;

describe("routines.insert", () => {
  const sqlOf = (body: object) =>
    createRoutineSql(
      routineRequest.parse({ routineReference: { routineId: "f" }, ...body }),
      "demo-clinic",
      "lab",
      false,
    );
  const kindsOf = (sql: string) => {
    const { plan } = analyze(sql, { catalog: { table: () => undefined } });
    return plan.understood ? plan.statements.map(({ kind }) => kind) : plan.refusal.message;
  };

  it("of an aggregate function says which arguments are one value for all rows", () => {
    const sql = sqlOf({
      routineType: "AGGREGATE_FUNCTION",
      returnType: INT64,
      arguments: [
        { name: "x", dataType: INT64 },
        { name: "per", dataType: INT64, isAggregate: false },
      ],
      definitionBody: "SUM(x) * per",
    });
    assert.equal(
      sql,
      "CREATE AGGREGATE FUNCTION `demo-clinic.lab.f`(`x` INT64, `per` INT64 NOT AGGREGATE) RETURNS INT64 AS (SUM(x) * per\n)",
    );
    assert.deepEqual(kindsOf(sql), ["CREATE_FUNCTION"]);
  });

  it("of a procedure takes its statements with BEGIN and END or without", () => {
    const procedure = { routineType: "PROCEDURE", arguments: [{ name: "y", mode: "OUT", dataType: INT64 }] };
    for (const definitionBody of ["SET y = 1;", "BEGIN SET y = 1; END", "BEGIN TRANSACTION; SET y = 1; COMMIT;"])
      assert.deepEqual(kindsOf(sqlOf({ ...procedure, definitionBody })), ["CREATE_PROCEDURE"], definitionBody);
    assert.deepEqual(kindsOf(sqlOf({ ...procedure, definitionBody: "BEGIN SET y = 1; END; SELECT 1" })), [
      "CREATE_PROCEDURE",
      "SELECT",
    ]);
  });

  it("refuses what is of another kind of routine", () => {
    for (const body of [
      { routineType: "PROCEDURE", returnType: INT64, definitionBody: "SELECT 1;" },
      { routineType: "PROCEDURE", language: "JAVASCRIPT", definitionBody: "x" },
      { routineType: "AGGREGATE_FUNCTION", language: "JAVASCRIPT", definitionBody: "x" },
      {
        routineType: "SCALAR_FUNCTION",
        arguments: [{ name: "x", mode: "OUT", dataType: INT64 }],
        definitionBody: "x",
      },
      {
        routineType: "SCALAR_FUNCTION",
        arguments: [{ name: "x", isAggregate: false, dataType: INT64 }],
        definitionBody: "x",
      },
    ])
      assert.throws(() => sqlOf(body), JSON.stringify(body));
  });
});
