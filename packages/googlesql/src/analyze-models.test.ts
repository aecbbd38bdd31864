import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { flows, planOf, reads, refusalOf, types } from "./testing/clinic.ts";

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
    ["SELECT AVG(AI.SCORE(('rate ', ssn))) AS x FROM patients", "x = aggregate ssn"],
    ["SELECT (SELECT AVG(AI.SCORE(('rate ', p.ssn))) FROM UNNEST([1])) AS x FROM patients p", "x = transform ssn"],
  ];
  for (const [sql, ...outputs] of cases) it(sql, () => assert.deepEqual(flows(sql), outputs));

  it("has the documented types", () => {
    assert.deepEqual(
      types(`SELECT AI.GENERATE('a') AS a, AI.GENERATE_BOOL('a') AS b, AI.GENERATE_INT('a') AS c, AI.GENERATE_DOUBLE('a') AS d,
        AI.IF('a') AS e, AI.SCORE('a') AS f, AI.CLASSIFY('a', ['b']) AS g, AI.EMBED('a', endpoint => 'e') AS h`),
      [
        "a STRUCT<result STRING, full_response JSON, status STRING>",
        "b STRUCT<result BOOL, full_response JSON, status STRING>",
        "c STRUCT<result INT64, full_response JSON, status STRING>",
        "d STRUCT<result FLOAT64, full_response JSON, status STRING>",
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

  it("can fail by what it is given", () => {
    assert.deepEqual(reads("SELECT AI.SCORE(ssn) AS x FROM patients"), ["ssn: output predicate"]);
  });

  for (const [call, code] of [
    ["AI.GENERATE(ssn, connection_id => 'us.c')", "type"],
    ["AI.GENERATE(ssn, model_params => JSON '{}')", "type"],
    ["AI.GENERATE(ssn, output_schema => 'a STRING')", "type"],
    [
      "AI.GENERATE(ssn, endpoint => 'https://us-central1-aiplatform.googleapis.com/v1/projects/evil/locations/us/endpoints/1')",
      "unsupported",
    ],
    ["AI.GENERATE(ssn, ENDPOINT => 'projects/evil/x')", "unsupported"],
    ["AI.GENERATE(ssn, endpoint => CONCAT('https://', name))", "unsupported"],
    ["AI.GENERATE(ssn, endpoint => name)", "unsupported"],
    ["AI.GENERATE(ssn, request_type => name)", "unsupported"],
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
