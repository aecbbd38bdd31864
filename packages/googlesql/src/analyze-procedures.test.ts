/** CALL and CREATE PROCEDURE: what runs in a procedure is analysed as if the caller had written it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Analysis, analyze } from "./analyze.ts";
import { catalogNames, namesInside } from "./catalog-names.ts";
import type { Refusal, UnderstoodPlan } from "./plan.ts";
import type { RoutineArgument, RoutineResource } from "./routine-resource.ts";
import { CLINIC, DEFAULTS } from "./testing/clinic.ts";

function procedure(id: string, args: string, body: string, more: Partial<RoutineResource> = {}): RoutineResource {
  const list = args === "" ? [] : args.split(",");
  return {
    routineReference: { projectId: "clinic", datasetId: "ehr", routineId: id },
    routineType: "PROCEDURE",
    arguments: list.map((argument): RoutineArgument => {
      const [mode = "", name = "", typeKind = ""] = argument.trim().split(" ");
      return { name, mode, dataType: { typeKind } };
    }),
    definitionBody: body,
    ...more,
  };
}

const ROUTINES: readonly RoutineResource[] = [
  procedure("show", "IN who INT64", "BEGIN SELECT ssn FROM ehr.patients WHERE id = who; END"),
  procedure(
    "get",
    "IN who INT64, OUT found STRING",
    "BEGIN SET found = (SELECT MAX(ssn) FROM ehr.patients WHERE id = who); END",
  ),
  procedure("swap", "INOUT a STRING, INOUT b STRING", "BEGIN DECLARE c STRING DEFAULT a; SET a = b; SET b = c; END"),
  procedure("keep", "IN x STRING", "BEGIN INSERT INTO ehr.pair (a) VALUES (x); END"),
  procedure("branchy", "IN x STRING, OUT y INT64", "BEGIN SET y = 1; IF x > '5' THEN RETURN; END IF; SET y = 2; END"),
  procedure("nested", "OUT r STRING", "BEGIN CALL ehr.get(1, r); END"),
  procedure("fails", "IN x STRING, OUT y INT64", "BEGIN SET y = 1; SET y = CAST(x AS INT64); END"),
  procedure(
    "down",
    "IN n INT64, IN x STRING, INOUT y STRING",
    "BEGIN IF n > 0 THEN CALL ehr.down(n - 1, y, y); SET y = x; END IF; END",
  ),
  procedure("endless", "", "BEGIN CALL ehr.endless(); END"),
  procedure("ping", "INOUT y STRING", "BEGIN IF y > '5' THEN CALL ehr.pong(y); END IF; END"),
  procedure("pong", "INOUT y STRING", "BEGIN SET y = (SELECT MAX(ssn) FROM ehr.patients); CALL ehr.ping(y); END"),
  procedure("makes", "", "BEGIN CREATE TEMP TABLE t AS SELECT ssn AS a FROM ehr.patients; SELECT a FROM t; END"),
  procedure("takes", "", "BEGIN INSERT INTO ehr.pair (a) SELECT a FROM t; END"),
  procedure("fills", "IN x STRING", "BEGIN INSERT INTO _SESSION.t (a) VALUES (x); END"),
  procedure("drops", "", "BEGIN DROP TABLE t; END"),
  procedure(
    "early",
    "",
    "BEGIN IF (SELECT MAX(ssn) > '5' FROM ehr.patients) THEN RETURN; END IF; CREATE TEMP TABLE t AS SELECT 'x' AS a; END",
  ),
  procedure("undoes", "", "BEGIN BEGIN TRANSACTION; DELETE FROM ehr.pair WHERE TRUE; ROLLBACK TRANSACTION; END"),
  procedure(
    "exports",
    "",
    "BEGIN EXPORT DATA OPTIONS (uri = 'gs://x/*', format = 'CSV') AS SELECT ssn FROM ehr.patients; END",
  ),
  procedure("immediate", "", "BEGIN EXECUTE IMMEDIATE 'SELECT ssn FROM ehr.patients'; END"),
  procedure("unqualified", "", "BEGIN SELECT ssn FROM patients; END"),
  procedure("variable", "", "BEGIN SELECT v; END"),
  procedure("parameter", "", "BEGIN SELECT @p; END"),
  procedure("dynamic", "IN x STRING", "BEGIN EXECUTE IMMEDIATE x; END"),
  procedure("spark", "", "spark.sql('SELECT 1')", { language: "PYTHON" }),
  procedure("hidden", "", ""),
  {
    ...procedure("whatever", "IN x ANY", "BEGIN SELECT x AS x; END"),
    arguments: [{ name: "x", mode: "IN", argumentKind: "ANY_TYPE" }],
  },
  procedure("wide", "IN x FLOAT64", "BEGIN SELECT x AS x; END"),
  procedure("helper", "", "BEGIN CREATE TEMP FUNCTION f() AS ('x'); SELECT f(); END"),
  { ...procedure("function", "", "1"), routineType: "SCALAR_FUNCTION" },
  {
    ...procedure("elsewhere", "", "BEGIN SELECT ssn FROM ehr.patients; END"),
    routineReference: { projectId: "other", datasetId: "ehr", routineId: "elsewhere" },
  },
];

const BY_NAME = new Map(
  ROUTINES.map((r) => [`${r.routineReference.projectId}.ehr.${r.routineReference.routineId}`, r]),
);
const CATALOG = { ...CLINIC, routine: (name: string) => BY_NAME.get(name) };

const analysed = (sql: string): Analysis => analyze(sql, { catalog: CATALOG, ...DEFAULTS });

function planOf(sql: string): UnderstoodPlan {
  const { plan } = analysed(sql);
  if (!plan.understood) throw new Error(`${plan.refusal.code}: ${plan.refusal.message}`);
  return plan;
}

function refusalOf(sql: string): Refusal | undefined {
  const { plan } = analysed(sql);
  return plan.understood ? undefined : plan.refusal;
}

const short = (column: string): string => column.replace("clinic.ehr.", "").replace(/^patients\./, "");

function results(sql: string): string[] {
  return planOf(sql).result.map(({ name, explicit, implicit }) => {
    const shown = explicit.map(({ via, column }) => ` ${via} ${short(column)}`).join();
    return `${name} =${shown}${implicit.length === 0 ? "" : ` ? ${implicit.map(short).join(", ")}`}`;
  });
}

const SSN = "(SELECT ANY_VALUE(ssn) FROM patients)";
const ONE = "(SELECT ssn FROM patients LIMIT 1)";

describe("what a call gives", () => {
  const RESULTS: Readonly<Record<string, readonly string[]>> = {
    "CALL show(1)": ["ssn = copy ssn ? id"],
    "CALL ehr.show(1)": ["ssn = copy ssn ? id"],
    "CALL show((SELECT MAX(eid) FROM encounters))": ["ssn = copy ssn ? encounters.eid, id"],
    "DECLARE r STRING; CALL get(1, r); SELECT r": ["r = copy ssn ? id, ssn"],
    "DECLARE r STRING; CALL nested(r); SELECT r": ["r = copy ssn ? id, ssn"],
    [`DECLARE x, y STRING; SET x = ${SSN}; CALL swap(x, y); SELECT x, y`]: ["x =", "y = copy ssn"],
    // RETURN in the middle: that it goes on tells.
    [`DECLARE y INT64; CALL branchy(${SSN}, y); SELECT y`]: ["y = ? ssn"],
    // What is behind the call is reached either way.
    [`DECLARE y INT64; CALL branchy(${SSN}, y); SELECT 1 AS a`]: ["a ="],
    [`DECLARE y INT64; BEGIN CALL fails(${SSN}, y); EXCEPTION WHEN ERROR THEN SET y = y; END; SELECT y`]: [
      "y = transform ssn ? ssn",
    ],
    [`DECLARE y STRING; CALL down(3, ${SSN}, y); SELECT y`]: ["y = copy ssn"],
    "DECLARE y STRING; CALL ping(y); SELECT y": ["y = copy ssn ? ssn"],
    [`DECLARE x, y STRING; LOOP CALL swap(x, y); IF x > '5' THEN BREAK; END IF; SET y = ${SSN}; END LOOP; SELECT x`]: [
      "x = copy ssn ? ssn",
    ],
    "CALL makes()": ["a = copy ssn"],
    "CALL immediate()": ["ssn = copy ssn"],
    [`CREATE PROCEDURE p(OUT x STRING) BEGIN SET x = ${SSN}; END; BEGIN DECLARE v STRING; CALL p(v); SELECT v; END`]: [
      "v = copy ssn",
    ],
    // An IN argument is a copy.
    [`CREATE PROCEDURE p(x STRING) BEGIN SET x = ${SSN}; END; BEGIN DECLARE v STRING; CALL p(v); SELECT v; END`]: [
      "v =",
    ],
    [`CREATE PROCEDURE p(INOUT x STRING) BEGIN IF x > '' THEN CALL p(x); END IF; SET x = ${SSN}; END;
      BEGIN DECLARE v STRING; CALL p(v); SELECT v; END`]: ["v = copy ssn"],
    // An OUT argument is NULL until it is set.
    [`CREATE PROCEDURE p(OUT x STRING) BEGIN END; BEGIN DECLARE v STRING DEFAULT ${SSN}; CALL p(v); SELECT v; END`]: [
      "v =",
    ],
    // A table of its name is another thing.
    "CREATE TABLE ehr.show (a INT64) OPTIONS (labels = [('a', 'b')]); CALL show(1)": ["ssn = copy ssn ? id"],
    "CALL whatever('x')": ["x ="],
    [`CALL whatever(${SSN})`]: ["x = copy ssn"],
    "CREATE PROCEDURE p() BEGIN SELECT ssn FROM patients; END; CREATE FUNCTION ehr.f() AS (1); CALL p()": [
      "ssn = copy ssn",
    ],
    // Whether it failed tells a handler what can fail in it; that it went on, nothing of where it failed.
    [`DECLARE m, y INT64 DEFAULT 0; BEGIN CALL fails(${SSN}, y); EXCEPTION WHEN ERROR THEN SET m = 1; END; SELECT m`]: [
      "m = ? ssn",
    ],
    [`DECLARE v STRING; CREATE PROCEDURE p(OUT o STRING) BEGIN SET o = ${ONE}; SELECT 1 / 0; SET o = 'b'; END;
      BEGIN CALL p(v); SELECT v; EXCEPTION WHEN ERROR THEN SELECT 'q' AS v; END`]: ["v ="],
  };
  for (const [sql, expected] of Object.entries(RESULTS)) {
    test(sql, () => assert.deepEqual(results(sql), expected));
  }
});

describe("what a call reads, writes and does", () => {
  test("stands in the script's plan, and the procedure beside it", () => {
    const { statements, statementType, canonicalSql } = planOf(`CALL keep(${SSN})`);
    assert.equal(statementType, "SCRIPT");
    assert.deepEqual(
      statements.map(({ kind }) => kind),
      ["CALL", "INSERT"],
    );
    assert.deepEqual(statements[0]?.routines, ["clinic.ehr.keep"]);
    assert.deepEqual(statements[1]?.writes[0]?.columns, [
      { name: "a", explicit: [{ column: "clinic.ehr.patients.ssn", via: "copy" }], implicit: [] },
    ]);
    assert.match(canonicalSql, /^CALL `clinic`\.`ehr`\.`keep`\(/);
  });
  test("each call has its own", () => {
    const { statements } = planOf(`CALL keep('x'); CALL keep(${SSN}); CALL keep('y')`);
    const sources = statements.flatMap(({ writes }) => writes.map(({ columns }) => columns[0]?.explicit.length));
    assert.deepEqual(sources, [0, 1, 0]);
  });
  test("the caller's conditions decide over it", () => {
    const { statements } = planOf(`IF ${SSN} > '5' THEN CALL keep('x'); END IF`);
    assert.deepEqual(statements.at(-1)?.writes[0]?.implicit, ["clinic.ehr.patients.ssn"]);
  });
  test("an export in it is an effect", () => {
    const effects = planOf("CALL exports()").statements.flatMap((s) => s.effects);
    assert.deepEqual(effects, [{ kind: "export", sources: ["clinic.ehr.patients.ssn"] }]);
  });
  test("an argument is of its parameter's type", () => {
    assert.equal(planOf("CALL wide(1)").result[0]?.type, "FLOAT64");
  });
  test("a nested one is named as well", () => {
    const names = planOf("DECLARE r STRING; CALL nested(r)").statements.flatMap((s) => s.routines);
    assert.deepEqual(names, ["clinic.ehr.nested", "clinic.ehr.get"]);
  });
  test("its ROLLBACK may bring back the caller's temporary table", () => {
    const sql = `CREATE TEMP TABLE t AS SELECT ssn AS a FROM patients; CREATE OR REPLACE TEMP TABLE t AS SELECT 'x' AS a;
      CALL undoes(); SELECT a FROM t`;
    assert.deepEqual(results(sql), ["a = copy ssn"]);
  });
});

describe("CREATE PROCEDURE", () => {
  const sql = `CREATE OR REPLACE PROCEDURE p(x STRING, OUT y STRING) BEGIN SET y = ${SSN}; DELETE FROM pair WHERE a = x; END`;
  test("reads what its statements will, and says that it is made", () => {
    const { statements, statementType } = planOf(sql);
    assert.equal(statementType, "CREATE_PROCEDURE");
    assert.deepEqual(statements, [
      {
        kind: "CREATE_PROCEDURE",
        reads: [
          { table: "clinic.ehr.pair", columns: [{ path: "a", uses: ["predicate"] }] },
          {
            table: "clinic.ehr.patients",
            columns: [{ path: "ssn", uses: ["kept"] }],
          },
        ],
        views: [],
        routines: [],
        outputs: [],
        writes: [],
        changes: [{ what: "routine", mode: "create", name: "clinic.ehr.p" }],
        effects: [],
      },
    ]);
  });
  test("reads nothing of its own, nor what was read before it", () => {
    const reads = (text: string): string[] =>
      (planOf(text).statements.findLast(({ kind }) => kind === "CREATE_PROCEDURE")?.reads ?? []).flatMap((read) =>
        read.columns.map(({ path, uses }) => `${path}: ${uses.join(" ")}`),
      );
    assert.deepEqual(reads("CREATE PROCEDURE p() BEGIN END"), []);
    assert.deepEqual(reads("SELECT ssn FROM patients; CREATE PROCEDURE p() BEGIN END"), []);
    assert.deepEqual(reads(`CREATE PROCEDURE p(OUT x STRING) BEGIN SET x = (SELECT MAX(ssn) FROM patients); END`), [
      "ssn: kept predicate",
    ]);
    assert.deepEqual(reads(`IF ${ONE} = '1' THEN CREATE PROCEDURE p() BEGIN END; END IF`), ["ssn: predicate"]);
    // That it is made tells of what would have failed before it, and of the branch that it is made in.
    assert.deepEqual(reads("SELECT CAST(ssn AS INT64) FROM patients; CREATE PROCEDURE p() BEGIN END"), [
      "*: predicate",
      "ssn: predicate",
    ]);
    const failing = "SELECT CAST(ssn AS INT64) FROM patients; SELECT CAST(name AS INT64) FROM patients";
    assert.deepEqual(reads(`${failing}; CREATE PROCEDURE p() BEGIN END`), [
      "*: predicate",
      "name: predicate",
      "ssn: predicate",
    ]);
    const branch = "IF (SELECT MAX(ssn) FROM patients) = '1' THEN CREATE PROCEDURE p() BEGIN END; END IF";
    assert.deepEqual(reads(branch), ["ssn: predicate"]);
  });
  test("is known in itself, whether or not there is one already", () => {
    for (const unless of ["", "IF NOT EXISTS "]) {
      const text = `CREATE PROCEDURE ${unless}p(n INT64) BEGIN IF n > 0 THEN CALL p(n - 1); END IF; END`;
      assert.deepEqual(planOf(text).statements[0]?.routines, ["clinic.ehr.p"]);
    }
  });
  test("reads what its ROLLBACK may bring back", () => {
    const replaced =
      "CREATE TEMP TABLE t AS SELECT ssn AS a FROM patients; CREATE OR REPLACE TEMP TABLE t AS SELECT 'x' AS a";
    const uses = (before: string, behind: string) =>
      planOf(
        `CREATE PROCEDURE p() BEGIN ${before} ${replaced}; ${behind} INSERT INTO pair (a) SELECT a FROM t; END`,
      ).statements[0]?.reads.flatMap(({ columns }) => columns.find(({ path }) => path === "ssn")?.uses);
    assert.deepEqual(uses("BEGIN TRANSACTION;", "ROLLBACK TRANSACTION;"), ["kept", "output"]);
    assert.deepEqual(uses("", ""), ["kept"]);
  });
  test("is printed with all names in full, and reads the same again", () => {
    const { canonicalSql } = planOf(sql);
    assert.match(
      canonicalSql,
      /PROCEDURE `clinic`\.`ehr`\.`p`\(`x` STRING, OUT `y` STRING\) BEGIN SET .*`clinic`\.`ehr`\.`pair`/,
    );
    assert.equal(planOf(canonicalSql).canonicalSql, canonicalSql);
  });
});

describe("calls that are refused", () => {
  const REFUSED: Readonly<Record<string, RegExp>> = {
    "CALL nowhere()": /name: Procedure not found: clinic.ehr.nowhere/,
    "CALL function()": /type: .*is no procedure/,
    "CALL show()": /type: .*takes 1 arguments/,
    "CALL show('x')": /type/,
    "CALL get(1, 'x')": /type: OUT argument found takes a variable/,
    "DECLARE r INT64; CALL get(1, r)": /type: OUT argument found is STRING/,
    "DECLARE r STRING(3); CALL get(1, r)": /unsupported: OUT argument found/,
    "DECLARE r STRING; CALL swap(r, r)": /name: r is given for two results/,
    "CALL endless()": /^understood$/,
    "CALL spark()": /unsupported: clinic.ehr.spark is in PYTHON/,
    "CALL BQ.REFRESH_MATERIALIZED_VIEW('clinic.ehr.mv')": /unsupported: CALL of the system procedure BQ.REFRESH/,
    "CALL bq.jobs.cancel('x')": /unsupported: CALL of the system procedure BQ.JOBS.CANCEL/,
    "CALL unqualified()": /name: In procedure clinic.ehr.unqualified: .*must be qualified/,
    "CALL other.ehr.elsewhere()": /name: In procedure other.ehr.elsewhere: .*names no project/,
    // Neither variables nor parameters of the caller are known in it.
    "DECLARE v STRING; CALL variable()": /name: In procedure .*Unrecognized name: v/,
    "CALL parameter()": /name: In procedure .*parameter @p/,
    "CALL dynamic('SELECT 1')": /unsupported: In procedure .*EXECUTE IMMEDIATE/,
    "CALL helper()": /unsupported: .*temporary function/,
    "IF RAND() > 0.5 THEN CALL makes(); END IF; SELECT a FROM t": /unsupported: .*Temporary table t/,
    "CALL makes(); CALL makes()": /name: .*may be there already/,
    "CALL takes()": /name: In procedure clinic.ehr.takes: .*must be qualified/,
    "CREATE OR REPLACE PROCEDURE show(x INT64) BEGIN SELECT 1; END; DROP PROCEDURE show; CALL show(1)":
      /may be made anew/,
    "CREATE PROCEDURE IF NOT EXISTS show(x INT64) BEGIN SELECT 1; END; CALL show(1)": /may be made anew/,
    "IF RAND() > 0.5 THEN CREATE OR REPLACE PROCEDURE show(x INT64) BEGIN SELECT 1; END; END IF; CALL show(1)":
      /may be made anew/,
    "CREATE OR REPLACE FUNCTION ehr.f() AS (1); SELECT ehr.f()": /changed and called by the same script/,
    "CREATE PROCEDURE p(x ANY TYPE) BEGIN SELECT 1; END": /unsupported: Argument x/,
    "CREATE PROCEDURE p() WITH CONNECTION x.y OPTIONS (description = 'd') LANGUAGE PYTHON AS 'x'": /takes SQL alone/,
    // What runs of it is printed once, where it is made: there the name is a table's of the catalog.
    "CREATE PROCEDURE p() BEGIN SELECT a FROM pair; END; CREATE TEMP TABLE pair AS SELECT 'x' AS a; CALL p()":
      /unsupported: In procedure clinic.ehr.p: pair is a temporary table here and another table elsewhere/,
    "CREATE PROCEDURE p() BEGIN INSERT INTO pair (a) SELECT ssn FROM patients; END; CREATE TEMP TABLE pair AS SELECT 'x' AS a; CALL p()":
      /pair is a temporary table here/,
    "CREATE PROCEDURE p() BEGIN DROP TABLE pair; END; CREATE TEMP TABLE pair AS SELECT 'x' AS a; CALL p()":
      /pair is a temporary table here/,
    "CREATE PROCEDURE p() BEGIN SELECT nothing FROM patients; END": /name: In procedure .*nothing/,
  };
  for (const [sql, message] of Object.entries(REFUSED)) {
    test(sql, () => {
      const refusal = refusalOf(sql);
      assert.match(refusal === undefined ? "understood" : `${refusal.code}: ${refusal.message}`, message);
    });
  }
  test("procedures that call each other too deep are refused in time", () => {
    const chain = Array.from({ length: 20 }, (_, i) =>
      procedure(`d${i}`, "", `BEGIN CALL ehr.d${i + 1}(); CALL ehr.d${i + 1}(); END`),
    );
    const catalog = {
      ...CLINIC,
      routine: (n: string) => chain.find((r) => n === `clinic.ehr.${r.routineReference.routineId}`),
    };
    const { plan } = analyze("CALL d0()", { catalog, ...DEFAULTS });
    assert.equal(plan.understood ? "" : plan.refusal.code, "limit");
  });
});

test("the catalog is asked for procedures and what they name", () => {
  const names = catalogNames("IF TRUE THEN CALL show(1); END IF; CALL other.x.p()", DEFAULTS);
  assert.deepEqual(names.understood && names.routines, ["clinic.ehr.show", "other.x.p"]);
  const inside = (name: string) => namesInside(BY_NAME.get(`clinic.ehr.${name}`) ?? procedure("", "", ""));
  assert.deepEqual(inside("nested").routines, ["clinic.ehr.get"]);
  assert.deepEqual(inside("immediate").tables, ["clinic.ehr.patients"]);
});

describe("a temporary table is the whole script's, whoever makes it", () => {
  const result = (sql: string): string[] =>
    planOf(sql).result.map(({ name, explicit, implicit }) => {
      const shown = explicit.map(({ via, column }) => `${via} ${column.replace("clinic.ehr.", "")}`).join(", ");
      return `${name} = ${shown} ? ${implicit.map((column) => column.replace("clinic.ehr.", "")).join(", ")}`;
    });
  for (const [sql, ...outputs] of [
    ["CALL makes(); SELECT a FROM t", "a = copy patients.ssn ? "],
    ["CALL makes(); SELECT a FROM _SESSION.t", "a = copy patients.ssn ? "],
    [
      "CREATE TEMP TABLE t (a STRING); CALL fills((SELECT MAX(ssn) FROM patients)); SELECT a FROM t",
      "a = copy patients.ssn ? patients.ssn",
    ],
    ["CALL makes(); CALL drops(); CREATE TEMP TABLE t AS SELECT 'x' AS a; SELECT a FROM t", "a =  ? "],
    [
      "CREATE PROCEDURE own() BEGIN CREATE TEMP TABLE u AS SELECT ssn AS b FROM patients; END; CALL own(); SELECT b FROM u",
      "b = copy patients.ssn ? ",
    ],
  ] as const)
    test(sql, () => assert.deepEqual(result(sql), outputs));

  test("a procedure writes what its caller's table is made of", () => {
    const plan = planOf("CREATE TEMP TABLE t AS SELECT ssn AS a FROM patients; CALL takes()");
    const written = plan.statements.flatMap(({ writes }) => writes);
    assert.deepEqual(
      written.map(({ table, columns }) => [table, columns[0]?.explicit]),
      [["clinic.ehr.pair", [{ column: "clinic.ehr.patients.ssn", via: "copy" }]]],
    );
  });

  test("one that isn't made on every way can't be read", () => {
    assert.match(refusalOf("CALL early(); SELECT a FROM t")?.message ?? "", /Temporary table t isn't made/);
  });

  test("its name is printed as no other table can be meant", () => {
    assert.match(planOf("CALL makes(); SELECT a FROM t").canonicalSql, /_SESSION`?\.`?t/);
  });
});
