import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "./analyze.ts";
import { catalogNames } from "./catalog-names.ts";
import { CLINIC, canonical, DEFAULTS, flows, planOf, refusalOf, types } from "./testing/clinic.ts";

const PROMPTS = "(SELECT CONCAT('say ', ssn) AS prompt, name FROM patients)";
const told = (sql: string): string[] =>
  planOf(sql).effects.map(({ kind, through, sources }) => {
    const short = sources.map((source) => source.replace(/^clinic\.ehr\.(patients\.)?/, ""));
    return `${kind} ${through}: ${short.join(", ")}`;
  });

describe("a table function of a model that runs elsewhere", () => {
  const cases: readonly (readonly [sql: string, ...outputs: string[]])[] = [
    [
      `SELECT * FROM AI.GENERATE_TEXT(MODEL far, ${PROMPTS})`,
      "result = transform far.*, transform ssn",
      "full_response = transform far.*, transform ssn",
      "status = transform far.*, transform ssn",
      "prompt = transform ssn",
      "name = copy name",
    ],
    // What it says may be what it was told before.
    [
      "SELECT result FROM AI.GENERATE_TEXT(MODEL far, (SELECT 'what did you hear?' AS prompt))",
      "result = transform far.*",
    ],
    [
      `SELECT ml_generate_text_llm_result AS x FROM ML.GENERATE_TEXT(MODEL far, ${PROMPTS}, STRUCT(TRUE AS flatten_json_output, 0.2 AS temperature))`,
      "x = transform far.*, transform ssn",
    ],
    [
      `SELECT kind, n FROM AI.GENERATE_TABLE(MODEL far, ${PROMPTS}, STRUCT('kind STRING, n INT64' AS output_schema))`,
      "kind = transform far.*, transform ssn",
      "n = transform far.*, transform ssn",
    ],
    [
      "SELECT embedding, state FROM AI.GENERATE_EMBEDDING(MODEL far, (SELECT ssn AS Content, name AS title, state FROM patients), STRUCT('RETRIEVAL_DOCUMENT' AS task_type))",
      "embedding = transform far.*, transform name, transform ssn",
      "state = copy state",
    ],
    [
      `SELECT name FROM ML.GENERATE_EMBEDDING(MODEL far, (SELECT ssn AS content, name FROM patients)) WHERE ml_generate_embedding_status = ''`,
      "name = copy name ? far.*, ssn",
    ],
    [
      "SELECT name FROM AI.GENERATE_TEXT(MODEL far, (SELECT 'a' AS prompt, name FROM patients WHERE ssn = '1'))",
      "name = copy name ? ssn",
    ],
    [`SELECT COUNT(*) AS n FROM AI.GENERATE_TEXT(MODEL far, ${PROMPTS})`, "n = aggregate *"],
  ];
  for (const [sql, ...outputs] of cases) it(sql, () => assert.deepEqual(flows(sql), outputs));

  it("can fail by what it is sent, which a handler tells of", () => {
    const { plan } = analyze(
      `BEGIN SELECT 1 AS x FROM AI.GENERATE_TEXT(MODEL far, (SELECT ssn AS prompt FROM patients)); SELECT 1 AS x; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END`,
      { catalog: CLINIC, ...DEFAULTS },
    );
    const handled = plan.understood ? plan.result.flatMap(({ implicit }) => implicit) : [];
    assert.ok(handled.includes("clinic.ehr.patients.ssn"));
  });

  it("is an effect through the model, with what it is sent and by which rows", () => {
    assert.deepEqual(told(`SELECT name FROM AI.GENERATE_TEXT(MODEL far, ${PROMPTS})`), [
      "model clinic.ehr.far: *, ssn",
    ]);
    // A column that is only given back isn't sent.
    assert.deepEqual(
      told("SELECT * FROM AI.GENERATE_TEXT(MODEL far, (SELECT 'hit' AS prompt, name FROM patients WHERE ssn = '1'))"),
      ["model clinic.ehr.far: *, ssn"],
    );
    assert.deepEqual(
      told(
        "SELECT 1 AS x FROM AI.GENERATE_TEXT(MODEL far, (SELECT 'hit' AS prompt FROM patients ORDER BY ssn LIMIT 1))",
      ),
      ["model clinic.ehr.far: *, ssn"],
    );
    assert.deepEqual(
      told(`SELECT * FROM AI.GENERATE_TEXT(MODEL far, (SELECT 'hit' AS prompt, name FROM patients)) WHERE name = 'x'`),
      ["model clinic.ehr.far: *, name"],
    );
    assert.deepEqual(
      told(
        "SELECT IF(ssn = '1', (SELECT MAX(result) FROM AI.GENERATE_TEXT(MODEL far, (SELECT 'hit' AS prompt))), '') AS x FROM patients",
      ),
      ["model clinic.ehr.far: *, ssn"],
    );
    assert.deepEqual(told("SELECT result FROM AI.GENERATE_TEXT(MODEL far, (SELECT 'x' AS prompt))"), [
      "model clinic.ehr.far: ",
    ]);
  });

  it("is read of the model, which is asked for by name", () => {
    const sql = `SELECT result FROM AI.GENERATE_TEXT(MODEL far, ${PROMPTS})`;
    assert.deepEqual(
      planOf(sql).reads.find(({ outside }) => outside === "model"),
      { table: "clinic.ehr.far", outside: "model", columns: [{ path: "*", uses: ["output", "predicate"] }] },
    );
    const names = catalogNames(sql, DEFAULTS);
    assert.deepEqual(names.understood && [names.models, names.tables], [["clinic.ehr.far"], ["clinic.ehr.patients"]]);
    assert.match(
      canonical(sql),
      /FROM \(SELECT r.`result`, r.`full_response`, r.`status`, r.`prompt`, r.`name` FROM AI.GENERATE_TEXT\(MODEL `clinic`.`ehr`.`far`, /,
    );
  });

  it("has the columns that are documented of every endpoint", () => {
    const of = (call: string, more = "") =>
      types(`SELECT * EXCEPT (p) FROM ${call}(MODEL far, (SELECT 'a' AS prompt, 'b' AS content, 1 AS p)${more})`).slice(
        0,
        -2,
      );
    assert.deepEqual(of("AI.GENERATE_TEXT"), ["result STRING", "full_response JSON", "status STRING"]);
    assert.deepEqual(of("ML.GENERATE_TEXT"), ["ml_generate_text_result JSON", "ml_generate_text_status STRING"]);
    assert.deepEqual(of("ML.GENERATE_TEXT", ", STRUCT(TRUE AS flatten_json_output)"), [
      "ml_generate_text_llm_result STRING",
      "ml_generate_text_status STRING",
    ]);
    assert.deepEqual(of("AI.GENERATE_EMBEDDING"), ["embedding ARRAY<FLOAT64>", "status STRING"]);
    assert.deepEqual(of("ML.GENERATE_EMBEDDING"), [
      "ml_generate_embedding_result ARRAY<FLOAT64>",
      "ml_generate_embedding_status STRING",
    ]);
    assert.deepEqual(of("ML.GENERATE_EMBEDDING", ", STRUCT(FALSE AS flatten_json_output)"), [
      "ml_generate_embedding_result JSON",
      "ml_generate_embedding_status STRING",
    ]);
    assert.deepEqual(
      of("AI.GENERATE_TABLE", ", STRUCT('a STRING, b  float64, c ARRAY<INT64>, d array < bool >' AS output_schema)"),
      ["a STRING", "b FLOAT64", "c ARRAY<INT64>", "d ARRAY<BOOL>", "full_response JSON", "status STRING"],
    );
  });

  const table = (schema: string) => `AI.GENERATE_TABLE(MODEL far, ${PROMPTS}, STRUCT(${schema} AS output_schema))`;
  const refused: readonly (readonly [from: string, message: RegExp])[] = [
    [`AI.GENERATE_TEXT(MODEL risk, ${PROMPTS})`, /no model that runs elsewhere/],
    [`AI.GENERATE_TEXT(MODEL missing, ${PROMPTS})`, /was not found or is not available/],
    [`AI.GENERATE_TEXT(${PROMPTS})`, /MODEL and a model's name first/],
    ["AI.GENERATE_TEXT(MODEL far)", /a model and a table or a query/],
    ["AI.GENERATE_TEXT(MODEL far, TABLE patients)", /rows with a column prompt/],
    ["AI.GENERATE_EMBEDDING(MODEL far, (SELECT ssn AS prompt FROM patients))", /rows with a column content/],
    // A STRUCT or JSON may name an object in Cloud Storage.
    ["AI.GENERATE_TEXT(MODEL far, (SELECT ('see ', doc) AS prompt FROM patients))", /is supported of STRING/],
    ["AI.GENERATE_TEXT(MODEL far, (SELECT doc AS prompt FROM patients))", /is supported of STRING/],
    ["AI.GENERATE_EMBEDDING(MODEL far, (SELECT 'a' AS content, doc AS title FROM patients))", /title is JSON/],
    ["AI.GENERATE_TEXT(MODEL far, (SELECT ssn AS prompt, name AS Prompt FROM patients))", /two of one/],
    ["AI.GENERATE_TEXT(MODEL far, (SELECT ssn AS prompt, name AS status FROM patients))", /two of one/],
    // It would be either, where the model gives such a column.
    ["AI.GENERATE_TEXT(MODEL far, (SELECT 'a' AS prompt, ssn AS rai_result FROM patients))", /two of one/],
    ["ML.GENERATE_TEXT(MODEL far, (SELECT 'a' AS prompt, ssn AS ml_generate_text_llm_result FROM patients))", /two of/],
    [`AI.GENERATE_TEXT(MODEL far, ${PROMPTS}, STRUCT(TRUE AS ground_with_google_search))`, /of settings max_output/],
    [`AI.GENERATE_TEXT(MODEL far, ${PROMPTS}, STRUCT('{}' AS model_params))`, /of settings max_output/],
    [`AI.GENERATE_TEXT(MODEL far, ${PROMPTS}, STRUCT('x' AS prompt))`, /of settings max_output/],
    [`ML.GENERATE_TEXT(MODEL far, ${PROMPTS}, STRUCT(1 = 1 AS flatten_json_output))`, /as literals/],
    [
      `ML.GENERATE_TEXT(MODEL far, ${PROMPTS}, STRUCT(TRUE AS flatten_json_output, FALSE AS Flatten_Json_Output))`,
      /once/,
    ],
    [`AI.GENERATE_TEXT(MODEL far, ${PROMPTS}, STRUCT((SELECT MAX(id) FROM patients) AS top_k))`, /as literals/],
    [`AI.GENERATE_TABLE(MODEL far, ${PROMPTS})`, /takes output_schema/],
    [table("CONCAT('a ', 'STRING')"), /as literals/],
    [table("@s"), /as literals/],
    [table("''"), /takes output_schema/],
    [table("'a'"), /takes output_schema/],
    [table("'a STRING,'"), /takes output_schema/],
    [table("'a STRUCT<b STRING>'"), /takes output_schema/],
    [table("'a ARRAY<STRING'"), /takes output_schema/],
    [table("'a STRING>'"), /takes output_schema/],
    [table("'`a` STRING'"), /takes output_schema/],
    [table(`"a STRING OPTIONS(description = 'x')"`), /takes output_schema/],
    [table("'a STRING\\n, b STRING'"), /takes output_schema/],
    [table("'a STRING, A STRING'"), /two of one/],
    [table("'name STRING'"), /two of one/],
  ];
  for (const [from, message] of refused)
    it(`${from} is refused`, () => {
      const parameters = from.includes("@s") ? [{ name: "s", parameterType: { type: "STRING" } }] : [];
      assert.match(refusalOf(`SELECT * FROM ${from}`, parameters)?.message ?? "was understood", message);
    });

  it("behind CALL is refused: there is no place for the names of its columns", () => {
    const sql = "FROM patients |> SELECT ssn AS prompt |> CALL AI.GENERATE_TEXT(MODEL far)";
    assert.match(refusalOf(sql)?.message ?? "", /CALL of AI.GENERATE_TEXT/);
  });

  it("in a view exports what it did in the view's query", () => {
    const written = canonical(`CREATE VIEW v AS SELECT result FROM AI.GENERATE_TEXT(MODEL far, ${PROMPTS})`);
    const view = {
      tableReference: { projectId: "clinic", datasetId: "ehr", tableId: "v" },
      type: "VIEW",
      view: { query: written.replace(/^CREATE VIEW \S+ AS /, "") },
      schema: { fields: [{ name: "result", type: "STRING" }] },
    };
    const catalog = { ...CLINIC, table: (name: string) => (name === "clinic.ehr.v" ? view : CLINIC.table(name)) };
    const { plan } = analyze("SELECT 1 AS x FROM v WHERE result = 'a'", { catalog, ...DEFAULTS });
    assert.ok(plan.understood);
    assert.deepEqual(plan.statements[0]?.effects, [
      { kind: "model", through: "clinic.ehr.far", sources: ["clinic.ehr.patients.*", "clinic.ehr.patients.ssn"] },
    ]);
  });
});
