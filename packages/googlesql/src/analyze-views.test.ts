import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "./analyze.ts";
import { CLINIC } from "./testing/clinic.ts";
import { dataType, defining, routine, view } from "./testing/definitions.ts";

const TABLE = { routineType: "TABLE_VALUED_FUNCTION" };

const clinic = defining(
  [
    view("plain", "ssn STRING, name STRING", "SELECT ssn, name FROM clinic.ehr.patients"),
    view("renamed", "s STRING, n STRING", "SELECT ssn AS s, UPPER(name) AS n FROM clinic.ehr.patients"),
    view("second", "s STRING", "SELECT s FROM clinic.ehr.renamed"),
    view("filtered", "name STRING", "SELECT name FROM ehr.patients WHERE ssn LIKE '9%' ORDER BY born"),
    view("counts", "state STRING, n INTEGER", "SELECT state, COUNT(*) AS n FROM ehr.patients GROUP BY state"),
    view(
      "joined",
      "ssn STRING, cost NUMERIC",
      "SELECT p.ssn, e.cost FROM ehr.patients p JOIN ehr.encounters e USING (id)",
    ),
    view("starred", "a STRING, b STRING", "SELECT * FROM ehr.pair"),
    view("unnamed", "f0_ INTEGER", "SELECT COUNT(*) FROM ehr.patients"),
    view("with_function", "s STRING", "SELECT fn.last4(ssn) AS s FROM ehr.patients"),
    view("limited", "weight FLOAT", "SELECT weight FROM ehr.patients LIMIT 1"),
    view("stored", "ssn STRING", "SELECT ssn FROM ehr.patients", "MATERIALIZED_VIEW"),
    view("other.everyone", "ssn STRING", "SELECT ssn FROM ehr.patients"),
    view("by_agents_dataset", "ssn STRING", "SELECT ssn FROM patients"),
    view("by_agents_table", "ssn STRING", "SELECT ssn FROM c"),
    view("by_parameter", "ssn STRING", "SELECT ssn FROM ehr.patients WHERE ssn = @p"),
    view("by_outer_column", "x INTEGER", "SELECT id AS x FROM ehr.encounters WHERE kind = ssn"),
    view("itself", "a INTEGER", "SELECT a FROM ehr.itself"),
    view("ping", "a INTEGER", "SELECT a FROM ehr.pong"),
    view("pong", "a INTEGER", "SELECT a FROM ehr.ping"),
    view("less", "ssn STRING", "SELECT ssn, name FROM ehr.patients"),
    view("other_name", "s STRING", "SELECT ssn FROM ehr.patients"),
    view("exchanged", "name STRING, ssn STRING", "SELECT ssn, name FROM ehr.patients"),
    view("taken", "s STRING, ssn STRING", "SELECT ssn, name FROM ehr.patients"),
    view("listed", "s STRING, name STRING", "SELECT ssn, name FROM ehr.patients"),
    view("over_list", "s STRING", "SELECT s FROM ehr.listed"),
    view("other_type", "ssn INTEGER", "SELECT ssn FROM ehr.patients"),
    view("statement", "ssn STRING", "DELETE FROM ehr.patients WHERE ssn = 'hunter2'"),
    view("literal", "ssn STRING", "SELECT ssn + 'hunter2' AS ssn FROM ehr.patients"),
    view("broken", "ssn STRING", "SELECT 'hunter2"),
    { ...view("old", "ssn STRING", ""), view: { query: "SELECT ssn FROM [clinic:ehr.patients]", useLegacySql: true } },
    ...Array.from({ length: 20 }, (_, i) =>
      view(
        `deep${i}`,
        "x STRING",
        i === 0 ? "SELECT ssn AS x FROM ehr.patients" : `SELECT a.x FROM ehr.deep${i - 1} a, ehr.deep${i - 1} b`,
      ),
    ),
  ],
  [
    routine("last4", "ssn STRING", "SUBSTR(ssn, -4)"),
    routine("state_of", "who STRING", "SELECT ssn, state FROM ehr.patients WHERE state = who", TABLE),
    routine("echo", "v FLOAT64", "SELECT SUM(w) AS s FROM (SELECT v AS w)", TABLE),
    routine("echoes", "x FLOAT64", "SELECT x AS v", TABLE),
    routine("elements", "a ARRAY<STRING>", "SELECT v FROM UNNEST(a) AS v", TABLE),
    routine("one", "x STRING", "SELECT 1 AS a", TABLE),
    routine("typed", "who STRING", "SELECT ssn FROM ehr.patients WHERE state = who", {
      ...TABLE,
      returnTableType: { columns: [{ name: "ssn", type: dataType("STRING") }] },
    }),
    routine("mistyped", "who STRING", "SELECT ssn FROM ehr.patients WHERE state = who", {
      ...TABLE,
      returnTableType: { columns: [{ name: "ssn", type: dataType("INT64") }] },
    }),
    routine("scalar", "x INT64", "x"),
    routine("from_view", "", "(SELECT MAX(s) FROM ehr.renamed)"),
  ],
);

describe("a view", () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ["gives its query's columns", "SELECT ssn FROM ehr.plain", ["ssn = copy ssn"]],
    ["gives all of them", "SELECT * FROM plain", ["ssn = copy ssn", "name = copy name"]],
    ["by its own names", "SELECT s, n FROM renamed", ["s = copy ssn", "n = transform name"]],
    ["of another view", "SELECT s FROM second", ["s = copy ssn"]],
    ["under an alias", "SELECT v.s FROM renamed AS v WHERE v.n = 'X'", ["s = copy ssn ? name"]],
    ["decides which rows there are", "SELECT name FROM filtered", ["name = copy name ? born, ssn"]],
    ["decides over constants as well", "SELECT 1 AS one FROM filtered", ["one = ? born, ssn"]],
    ["counts what its query counts", "SELECT n FROM counts", ["n = aggregate * ? state"]],
    ["is counted by its rows", "SELECT COUNT(*) AS n FROM filtered", ["n = aggregate * ? born, ssn"]],
    ["is no statistic of a statistic", "SELECT SUM(n) AS n FROM counts", ["n = aggregate * ? state"]],
    [
      "joins",
      "SELECT ssn, cost FROM joined",
      ["ssn = copy ssn ? encounters.id, id", "cost = copy encounters.cost ? encounters.id, id"],
    ],
    ["with a star in its query", "SELECT b FROM starred", ["b = copy pair.b"]],
    ["with a column that has no name", "SELECT f0_ FROM unnamed", ["f0_ = aggregate *"]],
    ["that calls functions", "SELECT s FROM with_function", ["s = transform ssn"]],
    ["that picks a row is no statistic's input", "SELECT SUM(weight) AS s FROM limited", ["s = transform weight"]],
    ["that is stored", "SELECT ssn FROM stored", ["ssn = copy ssn"]],
    ["in another dataset", "SELECT ssn FROM other.everyone", ["ssn = copy ssn"]],
    ["inside a function", "SELECT fn.from_view() AS s", ["s = copy ssn ? ssn"]],
    [
      "twice",
      "SELECT a.s AS x, b.n AS y FROM renamed a JOIN renamed b ON a.s = b.s",
      ["x = copy ssn ? ssn", "y = transform name ? ssn"],
    ],
    [
      "that a common table hides",
      "WITH plain AS (SELECT state AS ssn FROM patients) SELECT ssn FROM plain",
      ["ssn = copy state"],
    ],
    [
      "that a common table hides no more by its full name",
      "WITH plain AS (SELECT 1 AS ssn) SELECT ssn FROM ehr.plain",
      ["ssn = copy ssn"],
    ],
  ];
  for (const [what, sql, expected] of cases) it(what, () => assert.deepEqual(clinic.flows(sql), expected));

  it("keeps its name in what runs; its tables are what is read", () => {
    const plan = clinic.plan("SELECT s FROM second");
    assert.equal(plan.canonicalSql, "SELECT `s` FROM `clinic`.`ehr`.`second`");
    assert.deepEqual(
      plan.statements[0]?.reads.map((read) => read.table),
      ["clinic.ehr.patients"],
    );
    assert.deepEqual(plan.statements[0]?.views, ["clinic.ehr.renamed", "clinic.ehr.second"]);
  });

  it("reads what it filters by, whatever is asked of it", () => {
    assert.deepEqual(clinic.reads("SELECT 1 AS one FROM filtered"), ["born: predicate", "ssn: predicate"]);
  });

  it("completes its names with its own project, not the agent's", () => {
    const { plan } = analyze("SELECT name FROM clinic.ehr.filtered", {
      catalog: {
        table: (name) =>
          name === "clinic.ehr.filtered"
            ? view("filtered", "name STRING", "SELECT name FROM ehr.patients")
            : CLINIC.table(name),
      },
      defaultProject: "elsewhere",
      defaultDataset: { project: "elsewhere", dataset: "ehr" },
    });
    assert.deepEqual(plan.understood && plan.statements[0]?.reads.map((read) => read.table), ["clinic.ehr.patients"]);
  });
});

describe("a view with a list of names", () => {
  it("gives its query's columns by place", () => {
    assert.deepEqual(clinic.flows("SELECT s FROM other_name"), ["s = copy ssn"]);
    assert.deepEqual(clinic.flows("SELECT * FROM listed"), ["s = copy ssn", "name = copy name"]);
    assert.deepEqual(clinic.flows("SELECT l.s FROM listed AS l WHERE l.name = 'x'"), ["s = copy ssn ? name"]);
    assert.deepEqual(clinic.statement("SELECT s FROM listed").views, ["clinic.ehr.listed"]);
  });
  it("is printed so that BigQuery finds each of its columns, or none", () => {
    const listed = "(SELECT `listed`.`s` AS `s`, `listed`.`name` AS `name` FROM `clinic`.`ehr`.`listed` AS `listed`)";
    assert.equal(clinic.plan("SELECT s FROM ehr.listed").canonicalSql, `SELECT \`s\` FROM ${listed} AS \`listed\``);
    assert.match(clinic.plan("SELECT x.s FROM listed x JOIN listed y USING (s)").canonicalSql, / AS `x` .* AS `y` /);
    assert.match(clinic.plan("FROM listed |> SELECT s").canonicalSql, /^FROM \(SELECT /);
    // A name that an old schema has and the view not is one of the query around, unless it must be the view's.
    assert.match(clinic.plan("SELECT (SELECT MAX(s) FROM listed) FROM pair").canonicalSql, /`listed`\.`s` AS `s`/);
  });
  it("has its columns' names and no others", () => {
    assert.equal(clinic.refusal("SELECT ssn FROM listed")?.code, "name");
  });
});

describe("a table function", () => {
  it("counts an argument that its query drops", () => {
    assert.deepEqual(clinic.reads("SELECT a FROM fn.one((SELECT ssn FROM patients LIMIT 1) || 'x')"), [
      "ssn: predicate",
    ]);
  });

  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ["gives its query's columns", "SELECT ssn FROM fn.state_of('CA')", ["ssn = copy ssn ? state"]],
    ["under an alias", "SELECT t.ssn FROM fn.state_of('CA') AS t", ["ssn = copy ssn ? state"]],
    // Back where it is called, its rows are again of the row that gave the argument.
    [
      "as what a statistic over the outer rows counts",
      "SELECT COUNTIF(EXISTS(SELECT 1 FROM fn.elements(p.tags))) AS n FROM patients AS p",
      ["n = aggregate tags ? tags"],
    ],
    [
      "decided by its argument",
      "SELECT state FROM fn.state_of((SELECT MAX(name) FROM patients))",
      ["state = copy state ? name, state"],
    ],
    [
      "gives its argument, of an outer row",
      "SELECT (SELECT v FROM fn.echoes(p.weight)) AS w FROM patients p",
      ["w = copy weight"],
    ],
    [
      "makes no statistic of it inside",
      "SELECT (SELECT s FROM fn.echo(p.weight)) AS w FROM patients p",
      ["w = transform weight"],
    ],
    ["nor outside", "SELECT (SELECT SUM(v) FROM fn.echoes(p.weight)) AS w FROM patients p", ["w = transform weight"]],
    ["with a declared result", "SELECT ssn FROM fn.typed('CA')", ["ssn = copy ssn ? state"]],
  ];
  for (const [what, sql, expected] of cases) it(what, () => assert.deepEqual(clinic.flows(sql), expected));

  it("is named in full in what runs, and in the plan", () => {
    const plan = clinic.plan("SELECT ssn FROM fn.state_of('CA')");
    assert.equal(plan.canonicalSql, "SELECT `ssn` FROM `clinic`.`fn`.`state_of`('CA')");
    assert.deepEqual(plan.statements[0]?.routines, ["clinic.fn.state_of"]);
  });
});

describe("refused", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["a view in legacy SQL", "SELECT * FROM old", /legacy SQL/],
    ["a view that names a table by the agent's dataset", "SELECT * FROM by_agents_dataset", /qualified with a dataset/],
    [
      "a view that names the agent's common table",
      "WITH c AS (SELECT 1 AS ssn) SELECT * FROM by_agents_table",
      /qualified/,
    ],
    ["a view that takes the agent's parameter", "SELECT * FROM by_parameter", /@p is not declared/],
    [
      "a view that names the agent's columns",
      "SELECT (SELECT MAX(x) FROM by_outer_column) FROM patients",
      /Unrecognized name: ssn/,
    ],
    ["a view of itself", "SELECT * FROM itself", /The view clinic\.ehr\.itself refers to itself/],
    ["a view of itself through another", "SELECT * FROM ping", /refers to itself/],
    ["views too deep", "SELECT x FROM deep19", /too many views/],
    ["a view with a column less in its schema", "SELECT ssn FROM less", /no longer what its schema says/],
    [
      "a view whose schema has two columns' names exchanged",
      "SELECT ssn FROM exchanged",
      /no longer what its schema says/,
    ],
    ["a view whose schema has another column's name", "SELECT s FROM taken", /no longer what its schema says/],
    ["a view with a list, in a view", "SELECT s FROM over_list", /other column names than its query/],
    [
      "a view with a list, as a TABLE argument",
      "SELECT * FROM GAP_FILL(TABLE other_name, ts_column => 's', bucket_width => INTERVAL 1 DAY)",
      /no table here/,
    ],
    ["a view with another type in its schema", "SELECT ssn FROM other_type", /no longer what its schema says/],
    ["a view that is no query", "SELECT ssn FROM statement", /isn't defined by a query/],
    ["the past of a view", "SELECT s FROM renamed FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()", /SYSTEM_TIME|past/],
    ["a table function that the catalog lacks", "SELECT * FROM fn.none(1)", /Function not found: clinic\.fn\.none/],
    ["a table function with another result", "SELECT * FROM fn.mistyped('CA')", /no longer what its schema says/],
    ["a scalar function as a table", "SELECT * FROM fn.scalar(1)", /no function that can stand here/],
    ["an argument from the same FROM", "SELECT * FROM patients p, fn.echoes(p.weight)", /Unrecognized name: p/],
  ];
  for (const [what, sql, message] of cases) {
    it(what, () => assert.match(clinic.refusal(sql)?.message ?? "understood", message));
  }

  it("at the view's name, and nothing of its text is told", () => {
    for (const name of ["statement", "literal", "broken"]) {
      const refusal = clinic.refusal(`SELECT 1\nFROM ehr.${name}`);
      assert.deepEqual([refusal?.line, refusal?.column], [2, 6]);
      assert.match(refusal?.message ?? "", new RegExp(`^In view clinic\\.ehr\\.${name}: `));
      assert.doesNotMatch(refusal?.message ?? "", /hunter2/);
    }
  });

  it("no query of many views for its size alone", () => {
    assert.deepEqual(clinic.flows("SELECT x FROM deep10"), ["x = copy ssn"]);
  });
});
