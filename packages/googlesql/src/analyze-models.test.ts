import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { catalogNames } from "./catalog-names.ts";
import { canonical, DEFAULTS, flows, planOf, reads, refusalOf, types } from "./testing/clinic.ts";

const told = (sql: string): string[] =>
  planOf(sql).effects.map(({ kind, through, sources }) => {
    const short = sources.map((source) => source.replace(/^clinic\.ehr\.(patients\.)?/, ""));
    return `${kind} ${through}: ${short.join(", ")}`;
  });

describe("a function that asks a model of Google's", () => {
  const cases: readonly (readonly [sql: string, ...outputs: string[]])[] = [
    ["SELECT AI.GENERATE(('say ', ssn)) AS x FROM patients", "x = transform ssn"],
    [
      "SELECT AI.GENERATE(prompt => CONCAT('say ', ssn), endpoint => 'gemini-2.5-flash').result AS x FROM patients",
      "x = transform ssn",
    ],
    [
      "SELECT AI.GENERATE_INT(STRUCT('say' AS a, tags AS b), request_type => 'SHARED').status AS x FROM patients",
      "x = transform tags",
    ],
    ["SELECT AI.GENERATE(ssn, OUTPUT_SCHEMA => 'a STRING, n ARRAY<INT64>').n AS x FROM patients", "x = transform ssn"],
    ["SELECT name FROM patients WHERE AI.IF(('is it ', ssn))", "name = copy name ? ssn"],
    ["SELECT name FROM patients ORDER BY AI.SCORE(('rate ', ssn)) LIMIT 1", "name = copy name ? ssn"],
    ["SELECT AI.CLASSIFY(ssn, ['a', 'b']) AS x FROM patients", "x = transform ssn"],
    [
      "SELECT AI.CLASSIFY(ssn, categories => [('a', 'means a'), ('b', name)]) AS x FROM patients",
      "x = transform name, transform ssn",
    ],
    [
      "SELECT AI.SIMILARITY(ssn, name, endpoint => 'text-embedding-005') AS x FROM patients",
      "x = transform name, transform ssn",
    ],
    ["SELECT AI.EMBED(ssn, endpoint => 'text-embedding-005').result AS x FROM patients", "x = transform ssn"],
    [
      "SELECT AI.EMBED(ssn, endpoint => 'e', task_type => 'RETRIEVAL_DOCUMENT', title => name).status AS x FROM patients",
      "x = transform name, transform ssn",
    ],
    ["SELECT AI.COUNT_TOKENS(ssn).result AS x FROM patients", "x = transform ssn"],
    ["SELECT AVG(AI.SCORE(('rate ', ssn))) AS x FROM patients", "x = aggregate ssn"],
    ["SELECT (SELECT AVG(AI.SCORE(('rate ', p.ssn))) FROM UNNEST([1])) AS x FROM patients p", "x = transform ssn"],
  ];
  for (const [sql, ...outputs] of cases) it(sql, () => assert.deepEqual(flows(sql), outputs));

  it("has the documented types", () => {
    assert.deepEqual(
      types(`SELECT AI.GENERATE('a') AS a, AI.GENERATE_BOOL('a') AS b, AI.GENERATE_INT('a') AS c, AI.GENERATE_DOUBLE('a') AS d,
        AI.GENERATE('a', output_schema => 'a STRING, n ARRAY<INT64>') AS i, AI.IF('a') AS e, AI.SCORE('a') AS f, AI.CLASSIFY('a', ['b']) AS g, AI.EMBED('a', endpoint => 'e') AS h`),
      [
        "a STRUCT<result STRING, full_response JSON, status STRING>",
        "b STRUCT<result BOOL, full_response JSON, status STRING>",
        "c STRUCT<result INT64, full_response JSON, status STRING>",
        "d STRUCT<result FLOAT64, full_response JSON, status STRING>",
        "i STRUCT<a STRING, n ARRAY<INT64>, full_response JSON, status STRING>",
        "e BOOL",
        "f FLOAT64",
        "g STRING",
        "h STRUCT<result ARRAY<FLOAT64>, status STRING>",
      ],
    );
  });

  it("is an effect through the function, with all that the model learns", () => {
    assert.deepEqual(told("SELECT AI.GENERATE(('say ', ssn)) AS x FROM patients"), [
      "model clinic.@ai.GENERATE: *, ssn",
    ]);
    assert.deepEqual(told("SELECT IF(ssn = '1', AI.SCORE('x'), 0) AS x, name FROM patients"), [
      "model clinic.@ai.SCORE: *, ssn",
    ]);
    assert.deepEqual(told("SELECT 1 AS x FROM patients WHERE ssn = '1' AND AI.IF('x')"), [
      "model clinic.@ai.IF: *, ssn",
    ]);
    assert.deepEqual(told("SELECT AI.IF('x') AS a, ai.score('y') AS b"), [
      "model clinic.@ai.IF: ",
      "model clinic.@ai.SCORE: ",
    ]);
  });

  it("is refused by the name of a choice that isn't an agent's, and not for its type", () => {
    const refused = (call: string) => refusalOf(`SELECT ${call} AS x FROM patients`)?.message ?? "was understood";
    assert.match(refused("AI.GENERATE(ssn, connection_id => 'us.c')"), /^connection_id of AI.GENERATE .* leave it out/);
    assert.match(refused("AI.IF(ssn, Embeddings => [1.0])"), /^embeddings of AI.IF/);
    assert.match(refused("AI.EMBED(ssn, model => 'x')"), /^model of AI.EMBED .* as endpoint/);
    assert.match(refused("AI.GENERATE(ssn, endpoint => name)"), /as a string literal/);
  });

  it("can fail by what it is given", () => {
    assert.deepEqual(reads("SELECT AI.SCORE(ssn) AS x FROM patients"), ["ssn: output predicate"]);
  });

  for (const [call, code] of [
    ["AI.GENERATE(ssn, connection_id => 'us.c')", "unsupported"],
    ["AI.GENERATE(ssn, model_params => JSON '{}')", "unsupported"],
    ["AI.GENERATE_INT(ssn, output_schema => 'a STRING')", "unsupported"],
    ["AI.GENERATE(ssn, output_schema => name)", "unsupported"],
    ["AI.GENERATE(ssn, output_schema => CONCAT('a ', 'STRING'))", "unsupported"],
    ["AI.GENERATE(ssn, output_schema => 'a JSON')", "unsupported"],
    ["AI.GENERATE(ssn, output_schema => 'a STRING, A INT64')", "name"],
    ["AI.GENERATE(ssn, output_schema => 'Status STRING')", "name"],
    ["AI.GENERATE(ssn, output_schema => 'a STRING').result", "name"],
    [
      "AI.GENERATE(ssn, endpoint => 'https://us-central1-aiplatform.googleapis.com/v1/projects/evil/locations/us/endpoints/1')",
      "unsupported",
    ],
    ["AI.GENERATE(ssn, ENDPOINT => 'projects/evil/x')", "unsupported"],
    ["AI.GENERATE(ssn, endpoint => CONCAT('https://', name))", "unsupported"],
    ["AI.GENERATE(ssn, endpoint => name)", "unsupported"],
    ["AI.GENERATE(ssn, request_type => name)", "unsupported"],
    ["AI.EMBED(ssn, endpoint => 'e', task_type => name)", "unsupported"],
    ["AI.GENERATE(('see ', STRUCT('gs://x/y' AS uri, '' AS version, 'us.c' AS authorizer)))", "type"],
    ["AI.GENERATE(STRUCT('gs://x/y' AS uri, '' AS version, 'us.c' AS authorizer, JSON '{}' AS details))", "type"],
    ["AI.GENERATE(('see ', doc))", "type"],
    ["AI.GENERATE(('see ', OBJ.GET_ACCESS_URL(OBJ.MAKE_REF('gs://x/y', 'us.c'), 'r')))", "unsupported"],
    ["AI.GENERATE(id)", "type"],
    ["AI.GENERATE()", "type"],
    ["SAFE.AI.IF('x')", "unsupported"],
    ["AI.AGG(ssn, 'say')", "unsupported"],
    ["AI.GENERATE_TABLE(ssn)", "unsupported"],
    ["AI.GENERATE(MODEL ehr.m, ssn)", "syntax"],
  ] as const)
    it(`${call} is refused`, () => assert.equal(refusalOf(`SELECT ${call} AS x FROM patients`)?.code, code));
});

describe("ML.FEATURE_INFO", () => {
  const sql = "SELECT input, max FROM ML.FEATURE_INFO(MODEL ehr.m)";
  it("gives what a model was trained on: the model is a source of its own", () => {
    assert.deepEqual(flows(sql), ["input = transform m.*", "max = transform m.*"]);
    assert.deepEqual(planOf(sql).reads, [
      { table: "clinic.ehr.m", outside: "model", columns: [{ path: "*", uses: ["output", "predicate"] }] },
    ]);
    assert.deepEqual(planOf(sql).effects, [{ kind: "model", through: "clinic.ehr.m", sources: [] }]);
  });
  it("counts, filters and joins by it", () => {
    assert.deepEqual(flows("SELECT COUNT(*) AS n FROM ML.FEATURE_INFO(MODEL m)"), ["n = aggregate m.*"]);
    assert.deepEqual(flows("SELECT 1 AS n FROM ML.FEATURE_INFO(MODEL m) WHERE max > 5"), ["n = ? m.*"]);
    assert.deepEqual(flows("SELECT ssn FROM patients JOIN ML.FEATURE_INFO(MODEL m) f ON weight = f.max"), [
      "ssn = copy ssn ? m.*, weight",
    ]);
  });
  it("has the documented columns", () => {
    assert.deepEqual(types("SELECT * FROM ML.FEATURE_INFO(MODEL m)"), [
      "input STRING",
      "min FLOAT64",
      "max FLOAT64",
      "mean FLOAT64",
      "median FLOAT64",
      "stddev FLOAT64",
      "category_count INT64",
      "null_count INT64",
      "dimension INT64",
    ]);
  });
  it("names its model in full, in what runs and for the catalog", () => {
    assert.equal(canonical(sql), "SELECT `input`, `max` FROM ML.FEATURE_INFO(MODEL `clinic`.`ehr`.`m`)");
    const models = (text: string): unknown => {
      const names = catalogNames(text, DEFAULTS);
      return names.understood && [names.models, names.tables];
    };
    assert.deepEqual(models(`${sql}; EXPORT MODEL other.n OPTIONS (uri = 'gs://x')`), [
      ["clinic.ehr.m", "clinic.other.n"],
      [],
    ]);
  });
  for (const [from, code] of [
    ["ML.FEATURE_INFO(TABLE patients)", "type"],
    ["ML.FEATURE_INFO(MODEL m, TABLE patients)", "type"],
    ["ML.FEATURE_INFO('m')", "type"],
    ["ML.FEATURE_INFO()", "type"],
    ["ML.FEATURE_INFO(MODEL a.b.c.d)", "name"],
    ["ML.WEIGHTS(MODEL m)", "name"],
    ["ML.FORECAST(MODEL m)", "name"],
    ["ML.CONFUSION_MATRIX(MODEL m)", "unsupported"],
    ["AI.GENERATE_TEXT(MODEL m, (SELECT ssn AS prompt FROM patients))", "name"],
  ] as const)
    it(`${from} is refused`, () => assert.equal(refusalOf(`SELECT * FROM ${from}`)?.code, code));
  it("of a model that the same script makes is refused", () => {
    const made = "CREATE OR REPLACE MODEL m OPTIONS (model_type = 'kmeans') AS SELECT ssn FROM patients";
    assert.match(refusalOf(`${made}; ${sql}`)?.message ?? "", /changed and read by the same script/);
    assert.match(refusalOf(`DROP MODEL ehr.m; ${sql}`)?.message ?? "", /changed and read by the same script/);
  });
});
