import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dataType, defining, routine, view } from "./testing/definitions.ts";

const STRING = { returnType: dataType("STRING") };
const AGGREGATE = { routineType: "AGGREGATE_FUNCTION" };

const clinic = defining(
  [view("far_view", "x STRING", "SELECT clinic.fn.far('x') AS x")],
  [
    routine("same", "x ANY", "x"),
    routine("last4", "ssn STRING", "SUBSTR(ssn, -4)", STRING),
    routine("double", "x FLOAT64", "x * 2"),
    routine("wide", "x FLOAT64", "x"),
    routine("pick", "a STRING, b STRING", "IF(a = 'x', a, b)"),
    routine("drop", "x ANY", "1"),
    routine("ssn_of", "who INT64", "(SELECT p.ssn FROM clinic.ehr.patients p WHERE p.id = who)"),
    routine("sum_of_one", "x FLOAT64", "(SELECT SUM(v) FROM UNNEST([x]) v)"),
    routine("sum_in_cte", "x FLOAT64", "(WITH c AS (SELECT x AS v), d AS (SELECT SUM(v) AS s FROM c) SELECT s FROM d)"),
    routine("named_like_column", "ssn STRING", "(SELECT MAX(ssn) FROM clinic.ehr.patients)"),
    routine("named_like_alias", "p STRING", "(SELECT MAX(p.ssn) FROM clinic.ehr.patients p)"),
    routine("named_like_qualified", "ssn STRING", "(SELECT MAX(p.ssn) FROM clinic.ehr.patients p WHERE p.ssn != ssn)"),
    routine("star", "p INT64", "(SELECT COUNT(*) FROM (SELECT p.* FROM clinic.ehr.patients p))"),
    routine("by_default_dataset", "", "(SELECT MAX(ssn) FROM patients)"),
    routine("by_default_project", "", "(SELECT MAX(ssn) FROM ehr.patients)"),
    routine("caller_column", "x INT64", "x + weight"),
    routine("caller_cte", "x INT64", "(SELECT MAX(v) FROM c)"),
    routine("parameter", "x INT64", "x + @p"),
    routine("scaled_all", "k FLOAT64", "(SELECT SUM(p.weight * k) FROM clinic.ehr.patients p)"),
    routine("twice", "x STRING", "fn.last4(x) || clinic.fn.last4(x)"),
    routine("itself", "x INT64", "fn.itself(x) + 1"),
    routine("ping", "x INT64", "fn.pong(x)"),
    routine("pong", "x INT64", "fn.ping(x)"),
    routine("aggregates", "x INT64", "SUM(x)"),
    routine("two", "x INT64", "x), (SELECT ssn FROM clinic.ehr.patients"),
    routine("literal", "x INT64", "STARTS_WITH(x, 'hunter2')"),
    routine("js", "a STRING, b INT64", "return a", { language: "JAVASCRIPT", ...STRING }),
    routine("py", "a STRING", "def f(a): return a", { language: "PYTHON", ...STRING }),
    routine("far", "a STRING", undefined, { remoteFunctionOptions: { endpoint: "https://x.invalid" }, ...STRING }),
    {
      ...routine("f", "a ARRAY<STRING>", "a[SAFE_OFFSET(0)]"),
      routineReference: { projectId: "clinic", datasetId: "ARRAY_LENGTH", routineId: "f" },
    },
    routine("asks", "s STRING, x STRING", "IF(s = '1', clinic.fn.far(x), '')"),
    routine("untyped_js", "a STRING", "return a", { language: "JAVASCRIPT" }),
    routine("java", "a STRING", "", { language: "JAVA", ...STRING }),
    routine("ratio", "x FLOAT64, y FLOAT64", "SUM(x) / SUM(y)", AGGREGATE),
    routine("scaled", "x FLOAT64, k FLOAT64 NOT", "SUM(x) * k", AGGREGATE),
    routine("bare", "x FLOAT64", "x + SUM(x)", AGGREGATE),
    routine("over_subquery", "x INT64", "SUM((SELECT x))", AGGREGATE),
    routine("greatest_of", "x STRING", "MAX(x)", AGGREGATE),
    routine("people", "", "COUNT(*)", AGGREGATE),
    routine("js_all", "x STRING", "export …", { language: "JAVASCRIPT", ...AGGREGATE, ...STRING }),
    routine("rows", "", "SELECT 1 AS a", { routineType: "TABLE_VALUED_FUNCTION" }),
    ...Array.from({ length: 20 }, (_, i) =>
      routine(`deep${i}`, "x STRING", i === 0 ? "x" : `fn.deep${i - 1}(x) || fn.deep${i - 1}(x)`),
    ),
  ],
);

describe("a function written in SQL", () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ["gives its argument as a copy", "SELECT fn.same(ssn) AS s FROM patients", ["s = copy ssn"]],
    ["computes", "SELECT fn.last4(ssn) AS s FROM patients", ["s = transform ssn"]],
    ["changes what it coerces", "SELECT fn.wide(id) AS s FROM patients", ["s = transform id"]],
    ["leaves what it needn't coerce", "SELECT fn.wide(weight) AS s FROM patients", ["s = copy weight"]],
    [
      "keeps a branch apart",
      "SELECT fn.pick(ssn, name) AS s FROM patients",
      ["s = copy name, copy ssn, transform ssn ? ssn"],
    ],
    ["reads the tables in its body", "SELECT fn.ssn_of(1) AS s", ["s = copy ssn ? id"]],
    ["calls others", "SELECT fn.twice(ssn) AS s FROM patients", ["s = transform ssn"]],
    ["completes names with its own project", "SELECT fn.by_default_project() AS s", ["s = copy ssn ? ssn"]],
    ["stays a statistic over rows", "SELECT SUM(fn.double(weight)) AS s FROM patients", ["s = aggregate weight"]],
    [
      "is no statistic over its one argument",
      "SELECT fn.sum_of_one(weight) AS s FROM patients",
      ["s = transform weight"],
    ],
    ["is none in a common table either", "SELECT fn.sum_in_cte(weight) AS s FROM patients", ["s = transform weight"]],
    ["nor is a sum over such a one", "SELECT SUM(fn.sum_of_one(weight)) AS s FROM patients", ["s = transform weight"]],
    [
      "is a key to group by",
      "SELECT fn.last4(ssn) AS s, COUNT(*) AS n FROM patients GROUP BY fn.last4(ssn)",
      ["s = transform ssn ? ssn", "n = aggregate * ? ssn"],
    ],
    ["filters", "SELECT name FROM patients WHERE fn.last4(ssn) = '1'", ["name = copy name ? ssn"]],
    ["in backquotes", "SELECT `clinic.fn.same`(ssn) AS s FROM patients", ["s = copy ssn"]],
    [
      "over rows, as an aggregate",
      "SELECT fn.ratio(weight, id) AS s FROM patients",
      ["s = aggregate id, aggregate weight"],
    ],
    ["with a constant of the group", "SELECT fn.scaled(weight, 2) AS s FROM patients", ["s = aggregate weight"]],
    ["over rows, as a copy", "SELECT fn.greatest_of(ssn) AS s FROM patients", ["s = copy ssn ? ssn"]],
    ["counting rows", "SELECT fn.people() AS s FROM patients", ["s = aggregate *"]],
  ];
  for (const [what, sql, expected] of cases) it(what, () => assert.deepEqual(clinic.flows(sql), expected));

  it("is named in full in what runs, and in the plan", () => {
    const plan = clinic.plan("SELECT fn.twice(ssn) AS s FROM patients");
    assert.equal(plan.canonicalSql, "SELECT `clinic`.`fn`.`twice`(`ssn`) AS `s` FROM `clinic`.`ehr`.`patients`");
    assert.deepEqual(plan.statements[0]?.routines, ["clinic.fn.last4", "clinic.fn.twice"]);
  });

  it("makes a statistic of many rows, whatever literal it is given", () => {
    assert.deepEqual(clinic.flows("SELECT fn.scaled_all(2) AS s"), ["s = aggregate weight"]);
  });

  it("counts an argument that its body drops", () => {
    assert.deepEqual(clinic.reads("SELECT fn.drop(ssn || name) AS s FROM patients"), [
      "name: predicate",
      "ssn: predicate",
    ]);
  });

  it("counts what its body may fail by", () => {
    assert.deepEqual(clinic.reads("SELECT fn.double(weight) AS s FROM patients"), ["weight: output predicate"]);
  });
});

describe("a function in another language", () => {
  it("gives anything made of its arguments, and says so", () => {
    const statement = clinic.statement("SELECT fn.js(ssn, id) AS s FROM patients");
    assert.deepEqual(clinic.flows("SELECT fn.js(ssn, id) AS s FROM patients"), ["s = transform id, transform ssn"]);
    assert.deepEqual(statement.effects, [
      { kind: "javascript", sources: ["clinic.ehr.patients.id", "clinic.ehr.patients.ssn"] },
    ]);
    assert.deepEqual(clinic.reads("SELECT fn.js(ssn, id) AS s FROM patients"), [
      "id: output predicate",
      "ssn: output predicate",
    ]);
  });

  it("is named once, with all it is given", () => {
    const { effects } = clinic.statement("SELECT fn.js(ssn, 1) AS a, fn.js(name, 1) AS b FROM patients");
    assert.deepEqual(effects, [
      { kind: "javascript", sources: ["clinic.ehr.patients.name", "clinic.ehr.patients.ssn"] },
    ]);
  });

  it("takes the rows it aggregates as given", () => {
    assert.deepEqual(clinic.flows("SELECT fn.js_all(name) AS s FROM patients"), ["s = transform *, transform name"]);
  });
});

describe("a function that runs elsewhere", () => {
  /** Columns of what it may learn, without those of the tables' rows. */
  const told = (sql: string): string[] =>
    clinic
      .statement(sql)
      .effects.filter(({ through }) => through === "clinic.fn.far")
      .flatMap(({ sources }) => sources)
      .map((source) => source.replace(/^clinic\.ehr\.(patients\.)?/, ""));

  it("is an effect of its own, be it remote or Python", () => {
    const sql = "SELECT fn.far(state) AS a, fn.py('x') AS b, fn.far(name) AS c FROM patients";
    assert.deepEqual(
      clinic.statement(sql).effects.map(({ kind, through }) => [kind, through]),
      [
        ["remote_function", "clinic.fn.far"],
        ["python", "clinic.fn.py"],
      ],
    );
  });

  it("can give what it was told before: its result is a source of its own", () => {
    assert.deepEqual(clinic.flows("SELECT fn.far('x') AS a"), ["a = transform clinic.fn.far.*"]);
    assert.deepEqual(clinic.flows("SELECT fn.far(ssn) AS a FROM patients"), [
      "a = transform ssn, transform clinic.fn.far.*",
    ]);
    const outside = clinic.statement("SELECT fn.py('x') AS a").reads;
    assert.deepEqual(outside, [
      { table: "clinic.fn.py", outside: "routine", columns: [{ path: "*", uses: ["output", "predicate"] }] },
    ]);
  });

  const learns: readonly (readonly [string, string, readonly string[]])[] = [
    ["what it is given", "SELECT fn.far(state) AS a FROM patients", ["*", "state"]],
    ["nothing of what stands beside it", "SELECT ssn, fn.far(state) AS a FROM patients", ["*", "state"]],
    [
      "nothing of what is computed beside it and dropped",
      "SELECT ssn, STRUCT(ssn AS u, 1 AS v).v AS b, fn.far(state) AS a FROM patients",
      ["*", "state"],
    ],
    [
      "what is computed beside it and dropped in its own expression",
      "SELECT ssn, STRUCT(UPPER(ssn) AS u, fn.far(state) AS v).v AS b FROM patients",
      ["*", "ssn", "state"],
    ],
    ["which branch calls it", "SELECT IF(ssn = '1', fn.far('x'), '') AS a FROM patients", ["*", "ssn"]],
    ["which operand calls it", "SELECT ssn = '1' AND fn.far('x') = 'y' AS a FROM patients", ["*", "ssn"]],
    ["whether what it stands in for is NULL", "SELECT COALESCE(ssn, fn.far('x')) AS a FROM patients", ["*", "ssn"]],
    ["how many rows there are", "SELECT fn.far('x') AS a FROM patients", ["*"]],
    ["how many rows pass", "SELECT fn.far('x') AS a FROM patients WHERE ssn = '1'", ["*", "ssn"]],
    ["by a filter", "SELECT state FROM patients WHERE ssn = '1' OR fn.far('x') = 'y'", ["*", "ssn"]],
    [
      "by the rows of a join",
      "SELECT fn.far('x') AS a FROM pair JOIN patients ON a = ssn",
      ["pair.*", "pair.a", "*", "ssn"],
    ],
    [
      "which group it is called for",
      "SELECT ssn, ANY_VALUE(fn.far('x')) AS a FROM patients GROUP BY ssn",
      ["*", "ssn"],
    ],
    [
      "by the branch that reads a common table",
      "WITH c AS (SELECT fn.far('x') AS x) SELECT IF(ssn = '1', (SELECT x FROM c), '') AS a FROM patients",
      ["*", "ssn"],
    ],
    [
      "by the operand that reads a view, be it for the second time",
      "SELECT (SELECT MAX(x) FROM far_view) AS a, ssn = '1' AND (SELECT MAX(x) FROM far_view) = 'y' AS b FROM patients",
      ["*", "ssn"],
    ],
    ["through a function in SQL", "SELECT fn.asks(ssn, 'x') AS a FROM patients", ["*", "ssn"]],
    [
      "in a part that is dropped",
      "SELECT STRUCT(ssn = '1' AND fn.far('x') = 'y' AS a, 1 AS b).b AS a FROM patients",
      ["*", "ssn"],
    ],
    ["in DML", "UPDATE pair SET a = IF(b = '1', fn.far('x'), a) WHERE TRUE", ["pair.*", "pair.a", "pair.b"]],
    [
      "in DML, behind another value",
      "UPDATE pair SET b = UPPER('y'), a = IF(b = '1', fn.far('x'), a) WHERE TRUE",
      ["pair.*", "pair.a", "pair.b"],
    ],
    [
      "in an export",
      "EXPORT DATA OPTIONS (uri = 'gs://x/*') AS SELECT fn.far('x') AS a FROM patients WHERE ssn = '1'",
      ["*", "ssn"],
    ],
  ];
  for (const [what, sql, expected] of learns) it(`learns ${what}`, () => assert.deepEqual(told(sql), expected));

  it("learns by which branch of a script it is called", () => {
    const { statements } = clinic.plan(
      "DECLARE v STRING; IF EXISTS (SELECT 1 FROM patients WHERE ssn = '1') THEN SET v = fn.far('x'); END IF; SELECT 1 AS x",
    );
    const effects = statements.flatMap(({ effects }) => effects);
    assert.ok(effects[0]?.sources.includes("clinic.ehr.patients.ssn"));
  });
});

it("of a dataset that is called as a function is, is none of those that take an array apart", () => {
  const reads = (name: string) => clinic.reads(`SELECT ${name}(ARRAY(SELECT patients.ssn)) AS x FROM patients`);
  assert.deepEqual(reads("ARRAY_LENGTH"), ["ssn: output"]);
  assert.deepEqual(reads("clinic.ARRAY_LENGTH.f"), ["ssn: output predicate"]);
  assert.deepEqual(reads("ARRAY_LENGTH.f"), ["ssn: output predicate"]);
});

describe("a routine is refused", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["that the catalog lacks", "SELECT fn.none(1)", /Function not found: clinic\.fn\.none/],
    ["under another spelling", "SELECT fn.SAME(1)", /Function not found: clinic\.fn\.SAME/],
    ["that calls itself", "SELECT fn.itself(1)", /refers to itself/],
    ["that calls itself through another", "SELECT fn.ping(1)", /refers to itself/],
    ["that lies too deep", "SELECT fn.deep19('a')", /too many views and routines/],
    ["that grows with each level", "SELECT fn.deep14('a')", /too many views and routines/],
    ["that names a table by the agent's dataset", "SELECT fn.by_default_dataset()", /must be qualified with a dataset/],
    ["that names the agent's columns", "SELECT fn.caller_column(1) FROM patients", /Unrecognized name: weight/],
    ["that names the agent's common tables", "WITH c AS (SELECT 1 AS v) SELECT fn.caller_cte(1)", /must be qualified/],
    ["whose argument is called like a column", "SELECT fn.named_like_column('a')", /both an argument and a column/],
    ["whose argument is called like an alias", "SELECT fn.named_like_alias('a')", /both an argument and a column/],
    ["even beside the qualified column", "SELECT fn.named_like_qualified('a')", /both an argument and a column/],
    ["whose argument is called like the table of a star", "SELECT fn.star(1)", /both an argument and a column/],
    ["that aggregates over a subquery", "SELECT fn.over_subquery(id) FROM patients", /subquery in an aggregate/],
    ["that takes the agent's parameters", "SELECT fn.parameter(1)", /@p is not declared/],
    ["that aggregates without being an aggregate", "SELECT fn.aggregates(id) FROM patients", /needs a query around/],
    ["whose body is no expression", "SELECT fn.two(1)", /^In routine clinic\.fn\.two: /],
    [
      "whose argument stands outside its aggregates",
      "SELECT fn.bare(weight) FROM patients",
      /stands outside an aggregate/,
    ],
    ["with too few arguments", "SELECT fn.last4()", /takes 1 arguments/],
    ["with an argument of another type", "SELECT fn.last4(1)", /doesn't coerce/],
    ["with an order or a window", "SELECT fn.ratio(weight, 1) OVER () FROM patients", /takes arguments alone/],
    ["with a named argument", "SELECT fn.last4(ssn => 'a')", /takes values alone/],
    ["inside an aggregate, being one", "SELECT SUM(fn.ratio(weight, 1)) FROM patients", /Aggregations of aggregations/],
    [
      "in WHERE, being an aggregate",
      "SELECT 1 FROM patients WHERE fn.ratio(weight, 1) > 1",
      /not allowed in FROM, WHERE/,
    ],
    ["as a value, being a table", "SELECT fn.rows()", /no function that can stand here/],
    ["without a result type, in JavaScript", "SELECT fn.untyped_js('a')", /doesn't say what type/],
    ["in a language the gateway doesn't know", "SELECT fn.java('a')", /language the gateway doesn't know/],
    [
      "that reads a table where a constant must stand",
      "CREATE TABLE ehr.t (a STRING DEFAULT fn.by_default_project())",
      /must be a constant/,
    ],
    ["by SAFE", "SELECT SAFE.fn.last4('a')", /Function not found/],
  ];
  for (const [what, sql, message] of cases) {
    it(what, () => assert.match(clinic.refusal(sql)?.message ?? "understood", message));
  }

  it("at the call, without its text", () => {
    const refusal = clinic.refusal("SELECT\n  fn.literal(1)");
    assert.deepEqual([refusal?.line, refusal?.column], [2, 3]);
    assert.doesNotMatch(refusal?.message ?? "", /hunter2/);
  });
});

describe("a routine that the same script changes", () => {
  it("isn't the one that the catalog knows", () => {
    for (const sql of [
      "CREATE OR REPLACE FUNCTION fn.last4(ssn STRING) AS (ssn); SELECT fn.last4(ssn) AS s FROM patients",
      "SELECT fn.last4(ssn) AS s FROM patients; DROP FUNCTION fn.LAST4; SELECT 1 AS x",
    ])
      assert.match(clinic.refusal(sql)?.message ?? "", /is changed and called by the same script/, sql);
    assert.equal(clinic.refusal("DROP FUNCTION fn.last4; SELECT fn.double(1) AS s"), undefined);
  });
});

it("what several calls of one function are given is told in order", () => {
  const { effects } = clinic.statement("SELECT fn.js(name, 1) AS a, fn.js(ssn, 1) AS b FROM patients");
  const sources = ["name", "ssn"].map((path) => `clinic.ehr.patients.${path}`);
  assert.deepEqual(effects, [{ kind: "javascript", sources }]);
});

describe("what decides whether a function far away is called is nothing beside the expression that calls it", () => {
  const sources = (sql: string): readonly string[] | undefined =>
    clinic.statement(sql).effects.find(({ through }) => through === "clinic.fn.far")?.sources;
  it("nor what is dropped there", () => {
    const sql = "SELECT STRUCT(UPPER(ssn) AS a, name AS b).b AS n, ssn, fn.far('x') AS f FROM patients";
    assert.deepEqual(sources(sql), ["clinic.ehr.patients.*"]);
  });
});

it("code in each language is an effect of its own", () => {
  const made = "CREATE TEMP FUNCTION f(x STRING) RETURNS STRING LANGUAGE python AS 'def f(x): return x'";
  const { effects } = clinic.statement(`${made}; SELECT fn.js(name, 1) AS a, f(ssn) AS b FROM patients`);
  assert.deepEqual(
    effects.map(({ kind }) => kind),
    ["javascript", "python"],
  );
});
