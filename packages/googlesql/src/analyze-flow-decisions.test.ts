/** What flow.ts decides by, and what the making of a plan does: whose a column is, what a value depends on, what is listed and in which order. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { analyze } from "./analyze.ts";
import { columnFlow, covers, decidedBy, type Flow, NOTHING, structFlow } from "./flow/flow.ts";
import type { PlanStatement } from "./plan.ts";
import { planOf, refusalOf } from "./testing/clinic.ts";
import { dataType, defining, routine, view } from "./testing/definitions.ts";
import { table } from "./testing/flow-tables.ts";
import { STRING, structOf } from "./types.ts";

const reads = ({ reads }: PlanStatement): Record<string, readonly string[]> =>
  Object.fromEntries(reads.map(({ table, columns }) => [table, columns.map(({ path }) => path)]));

describe("columns of two tables are told apart", () => {
  test("where one's name begins as the other's does", () => {
    assert.deepEqual(reads(planOf("SELECT x.a, y.b, x.b AS c FROM pair AS x CROSS JOIN pair_then AS y")), {
      "clinic.ehr.pair": ["a", "b"],
      "clinic.ehr.pair_then": ["b"],
    });
  });
  test("where one's name is as long as the other's", () => {
    assert.deepEqual(reads(planOf("SELECT c.code, l.a, c.kind FROM copies AS c CROSS JOIN loaded AS l")), {
      "clinic.ehr.copies": ["code", "kind"],
      "clinic.ehr.loaded": ["a"],
    });
  });
});

table(
  "a field of a row is one value to the queries within, whatever stands beside it",
  [
    "SELECT SUM(x) FROM UNNEST([s.b]) AS x",
    // The row as a whole, of which another field is of a query further out.
    "SELECT SUM(x.b) FROM UNNEST([s]) AS x",
    "SELECT SUM(x.b) FROM (SELECT s AS x)",
  ].map((sum) => [
    `SELECT (SELECT (${sum}) FROM encounters AS e CROSS JOIN UNNEST([STRUCT(o.id AS a, e.eid AS b)]) AS s LIMIT 1) AS t FROM patients AS o`,
    "t = transform encounters.eid",
  ]),
);

table("an ARRAY of a subquery tells how many rows there are", [
  // And of each element whether it is NULL.
  ["SELECT ARRAY(SELECT address FROM patients)[OFFSET(0)] IS NULL AS x", "x = transform *, transform address"],
  ["SELECT ARRAY(SELECT 1 FROM patients WHERE ssn = 'x') AS a", "a = transform * ? ssn"],
]);

test("an ARRAY of a subquery hands out the literals in it, and no others", () => {
  for (const [value, constant] of [
    ["1", true],
    ["CAST(NULL AS INT64)", false],
    ["id", false],
  ] as const)
    assert.equal(planOf(`SELECT ARRAY(SELECT ${value} FROM patients) AS a`).outputs[0]?.constant, constant, value);
});

test("a STRUCT without fields is a literal", () => {
  const [output] = planOf("SELECT STRUCT() AS s").outputs;
  assert.deepEqual([output?.explicit, output?.constant], [[], true]);
});

table("a recursive query goes on while its term says more of whether a STRUCT is NULL", [
  [
    "WITH RECURSIVE r AS (SELECT STRUCT(address.zip AS zip, address.city AS city) AS s FROM patients UNION ALL SELECT p.address FROM r CROSS JOIN patients AS p) SELECT s IS NULL AS x FROM r",
    "x = transform address",
  ],
]);

describe("what is known of a value covers all that is said of it, and not", () => {
  const fields = ["zip", "city"].map((name) => ({ name, type: STRING }));
  const address = columnFlow("p.d.t", "address", structOf(fields));
  const [zip, city] = fields.map(({ name, type }) => columnFlow("p.d.t", `address.${name}`, type)) as [Flow, Flow];
  const keys = new Set(zip.explicit.keys());
  const LESS: Readonly<Record<string, readonly [known: Flow, flow: Flow]>> = {
    "what decided": [zip, decidedBy(zip, keys)],
    "another thing that decided": [decidedBy(zip, keys), decidedBy(zip, new Set(city.explicit.keys()))],
    "whether a STRUCT is NULL": [structFlow([zip, city]), address],
    "one of two fields": [structFlow([zip, NOTHING]), structFlow([zip, city])],
    "one of two fields, whichever": [structFlow([NOTHING, city]), structFlow([zip, city])],
    "a value that is in each field": [address, { ...address, fields: null }],
    "all fields of a value that is known as one": [{ ...address, fields: null }, address],
  };
  for (const [what, [known, flow]] of Object.entries(LESS)) {
    test(what, () => {
      assert.equal(covers(known, flow), false);
      for (const same of [known, flow]) assert.equal(covers(same, same), true);
    });
  }
});

describe("an argument that shows no column", () => {
  const clinic = defining(
    [],
    [routine("shifted", "x INT64", "(SELECT SUM(cost + IFNULL(x, 0)) FROM clinic.ehr.encounters)")],
  );
  const result = (sql: string) =>
    clinic
      .plan(sql)
      .result.map(({ explicit, implicit }) => [explicit.map(({ column, via }) => `${via} ${column}`), implicit]);
  const cost = "clinic.ehr.encounters.cost";

  test("leaves a statistic over a table what it is, also where columns decided that it was given", () => {
    assert.deepEqual(result("DECLARE v INT64; SET v = NULL; SELECT fn.shifted(v) AS x"), [[[`aggregate ${cost}`], []]]);
    assert.deepEqual(
      result(
        "DECLARE v INT64; IF EXISTS(SELECT 1 FROM patients WHERE ssn = 'x') THEN SET v = NULL; END IF; SELECT fn.shifted(v) AS x",
      ),
      [[[`aggregate ${cost}`], ["clinic.ehr.patients.*", "clinic.ehr.patients.ssn"]]],
    );
  });
  test("is unlike one that does: what a sum over it shows is that row's", () => {
    assert.deepEqual(clinic.flows("SELECT fn.shifted(id) AS x FROM patients"), [
      "x = transform encounters.cost, transform id",
    ]);
  });
});

test("a column that gets another's name is told by the name that it gets, in capitals too", () => {
  assert.match(
    refusalOf("SELECT 1 AS A, 2 AS A, 3 AS a_1")?.message ?? "",
    /^Columns of one name are called A_1, as another is/,
  );
});

test("a statement that changes nothing but rows names no changes", () => {
  assert.equal("changes" in planOf("INSERT INTO pair (a, b) VALUES ('x', 'y')"), false);
  assert.equal("changes" in planOf("CREATE SCHEMA made"), true);
});

test("what decides over a call of somebody outside is no source of what happens within beside it", () => {
  const text = { returnType: dataType("STRING") };
  const clinic = defining(
    [],
    [
      routine("far", "x STRING", undefined, { remoteFunctionOptions: { endpoint: "https://x.invalid" }, ...text }),
      routine("js", "x STRING", "return x", { language: "JAVASCRIPT", ...text }),
    ],
  );
  const column = (name: string): string => `clinic.ehr.patients.${name}`;
  assert.deepEqual(
    clinic.statement("SELECT fn.js(state) AS a, fn.far(name) AS b FROM patients WHERE ssn = 'x'").effects,
    [
      { kind: "javascript", sources: [column("state")] },
      {
        kind: "remote_function",
        through: "clinic.fn.far",
        sources: ["*", "name", "ssn", "state"].map(column),
      },
    ],
  );
});

/** Of a project: views `a` and `b`, `d.f`, and a table of `a_*` and of `b_*`. */
function catalogOf(project: string) {
  const inProject = (id: string, type = "TABLE") => {
    const resource = view(id, "x INTEGER", "SELECT 1 AS x", type);
    return { ...resource, tableReference: { projectId: project, datasetId: "d", tableId: id } };
  };
  const views = new Map(["a", "b"].map((id) => [`${project}.d.${id}`, inProject(id, "VIEW")]));
  const one = { ...routine("f", "", "1"), routineReference: { projectId: project, datasetId: "d", routineId: "f" } };
  return {
    table: (name: string) => views.get(name),
    wildcard: (prefix: string) => [inProject(`${prefix.slice(project.length + ".d.".length)}1`)],
    routine: () => one,
    metadata: () => ({ tables: [] }),
  };
}

function ofProject(project: string, sql: string) {
  const defaults = { defaultProject: project, defaultDataset: { project, dataset: "d" } };
  return analyze(sql, { catalog: catalogOf(project), ...defaults, quick: true }).plan;
}

test("what a statement names is listed by name, whatever stands first", () => {
  const plan = ofProject(
    "p",
    "SELECT 1 AS x FROM b, a, `b_*`, `a_*`, d.INFORMATION_SCHEMA.TABLES, d.INFORMATION_SCHEMA.COLUMNS",
  );
  assert.ok(plan.understood);
  const [{ views, wildcards, metadata } = { views: [] }] = plan.statements;
  assert.deepEqual(
    [views, wildcards, metadata],
    [
      ["p.d.a", "p.d.b"],
      ["p.d.a_*", "p.d.b_*"],
      ["p.d.COLUMNS", "p.d.TABLES"],
    ],
  );
});

describe("names in a plan count in its length", () => {
  const project = "p".repeat(100_000);
  for (const [what, sql, some, many] of [
    ["of views", "SELECT x FROM a", 9, 11],
    ["of routines", "SELECT d.f() AS x", 9, 11],
    // The table is named among what is read as well.
    ["of wildcard tables", "SELECT 1 AS x FROM `a_*`", 4, 6],
    ["of metadata", "SELECT 1 AS x FROM d.INFORMATION_SCHEMA.TABLES", 9, 11],
  ] as const) {
    test(what, () => {
      const times = (count: number) => ofProject(project, Array.from({ length: count }, () => sql).join(";"));
      assert.equal(times(some).understood, true);
      const plan = times(many);
      assert.match(plan.understood ? "understood" : plan.refusal.message, /too much to list/);
    });
  }
});
