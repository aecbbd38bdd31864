import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "./analyze.ts";
import { catalogNames } from "./catalog-names.ts";
import { CLINIC, canonical, DEFAULTS, flows, planOf, refusalOf, types } from "./testing/clinic.ts";

const WEIGHTS = "data_col => 'weight', timestamp_col => 'born'";
const OF_ALL = "transform *, transform born, transform state, transform weight ? born, state, weight";
const TWICE = "(SELECT weight, born, ssn FROM patients WHERE id < 9), (SELECT weight, born, tags FROM patients)";

describe("a function of the built-in model of time series", () => {
  const cases: readonly (readonly [sql: string, ...outputs: string[]])[] = [
    [
      `SELECT * FROM AI.FORECAST(TABLE patients, ${WEIGHTS}, id_cols => ['State'], horizon => 3)`,
      "state = copy state ? born, state, weight",
      "forecast_timestamp = transform born ? born, state, weight",
      `forecast_value = ${OF_ALL}`,
      `confidence_level = ${OF_ALL}`,
      `prediction_interval_lower_bound = ${OF_ALL}`,
      `prediction_interval_upper_bound = ${OF_ALL}`,
      `ai_forecast_status = ${OF_ALL}`,
    ],
    // With the past there are its values themselves.
    [
      `SELECT time_series_timestamp AS t, time_series_data AS x FROM AI.FORECAST(TABLE patients, ${WEIGHTS}, output_historical_time_series => TRUE)`,
      "t = transform born ? born, weight",
      "x = transform *, transform born, transform weight ? born, weight",
    ],
    // The column is the one that the name is given to, whatever it was before.
    [
      "SELECT forecast_value AS x FROM AI.FORECAST((SELECT born AS t, LENGTH(ssn) AS weight FROM patients), data_col => 'weight', timestamp_col => 't')",
      "x = transform *, transform born, transform ssn ? born, ssn",
    ],
    // Which rows there are is in what comes of them.
    [
      `SELECT forecast_value AS x FROM AI.FORECAST((SELECT weight, born FROM patients WHERE ssn = '1' ORDER BY name LIMIT 5), ${WEIGHTS})`,
      "x = transform *, transform born, transform weight ? born, name, ssn, weight",
    ],
    // A hundred figures made of three rows are no statistic over a hundred, and their number none of patients.
    [
      `SELECT AVG(forecast_value) AS a, COUNT(*) AS n FROM AI.FORECAST(TABLE patients, ${WEIGHTS}, horizon => 100)`,
      "a = transform *, transform born, transform weight ? born, weight",
      "n = transform * ? born, weight",
    ],
    [
      `SELECT SUM(id) AS a FROM AI.FORECAST(TABLE patients, ${WEIGHTS}, id_cols => ['id'])`,
      "a = transform id ? born, id, weight",
    ],
    [
      `SELECT 1 AS hit FROM AI.FORECAST(TABLE patients, ${WEIGHTS}) WHERE forecast_value > 80`,
      "hit = ? *, born, weight",
    ],
    // Of two tables all columns may be variables of what is expected.
    [
      `SELECT time_series_data AS x, is_anomaly AS y FROM AI.DETECT_ANOMALIES(${TWICE}, ${WEIGHTS})`,
      "x = transform weight ? born, id, ssn, tags, weight",
      "y = transform *, transform born, transform ssn, transform tags, transform weight ? born, id, ssn, tags, weight",
    ],
    [
      `SELECT root_mean_squared_error AS x FROM AI.EVALUATE(${TWICE}, ${WEIGHTS}, horizon => 7)`,
      "x = transform *, transform born, transform ssn, transform tags, transform weight ? born, id, ssn, tags, weight",
    ],
    // Whose series it is comes of either.
    [
      `SELECT who FROM AI.EVALUATE((SELECT weight, born, name AS who FROM patients), (SELECT weight, born, ssn AS who FROM patients), ${WEIGHTS}, id_cols => ['who'])`,
      "who = copy name, copy ssn ? born, name, ssn, weight",
    ],
  ];
  for (const [sql, ...outputs] of cases) it(sql, () => assert.deepEqual(flows(sql), outputs));

  it("can fail by what it reads, which a handler tells of", () => {
    const { plan } = analyze(
      `BEGIN SELECT 1 AS x FROM AI.FORECAST(TABLE patients, ${WEIGHTS}); SELECT 1 AS x; EXCEPTION WHEN ERROR THEN SELECT 2 AS x; END`,
      { catalog: CLINIC, ...DEFAULTS },
    );
    const told = plan.understood ? plan.result.flatMap(({ implicit }) => implicit) : [];
    for (const column of ["born", "weight"]) assert.ok(told.includes(`clinic.ehr.patients.${column}`), column);
  });

  it("has the documented columns", () => {
    const given = "(SELECT 1.0 AS weight, DATE '2020-01-01' AS born, 'a' AS who, [7] AS many)";
    const ofTwo = `${given}, ${given}, ${WEIGHTS}, id_cols => ['who', 'many']`;
    const interval = [
      "confidence_level FLOAT64",
      "prediction_interval_lower_bound FLOAT64",
      "prediction_interval_upper_bound FLOAT64",
      "ai_forecast_status STRING",
    ];
    assert.deepEqual(types(`SELECT * FROM AI.FORECAST(${given}, ${WEIGHTS})`), [
      "forecast_timestamp TIMESTAMP",
      "forecast_value FLOAT64",
      ...interval,
    ]);
    assert.deepEqual(types(`SELECT * FROM AI.FORECAST(${given}, ${WEIGHTS}, output_historical_time_series => TRUE)`), [
      "time_series_type STRING",
      "time_series_timestamp TIMESTAMP",
      "time_series_data FLOAT64",
      ...interval,
    ]);
    assert.deepEqual(types(`SELECT * FROM AI.DETECT_ANOMALIES(${ofTwo}, anomaly_prob_threshold => 0.8)`), [
      "who STRING",
      "many ARRAY<INT64>",
      "time_series_timestamp TIMESTAMP",
      "time_series_data FLOAT64",
      "is_anomaly BOOL",
      "lower_bound FLOAT64",
      "upper_bound FLOAT64",
      "anomaly_probability FLOAT64",
      "ai_detect_anomalies_status STRING",
    ]);
    assert.deepEqual(types(`SELECT * FROM AI.EVALUATE(${ofTwo}, model => 'TimesFM 2.5')`), [
      "who STRING",
      "many ARRAY<INT64>",
      "mean_absolute_error FLOAT64",
      "mean_squared_error FLOAT64",
      "root_mean_squared_error FLOAT64",
      "mean_absolute_percentage_error FLOAT64",
      "symmetric_mean_absolute_percentage_error FLOAT64",
      "mean_absolute_scaled_error FLOAT64",
      "ai_evaluate_status STRING",
    ]);
  });

  it("hands out the confidence level that it was given, so that no guess is told by a token of it", () => {
    const constants = (column: string) =>
      planOf(`SELECT ${column} AS x FROM AI.FORECAST(TABLE patients, ${WEIGHTS}, confidence_level => 0.7)`).outputs.map(
        ({ constant }) => constant,
      );
    assert.deepEqual(["confidence_level", "forecast_value", "ai_forecast_status"].flatMap(constants), [
      true,
      false,
      true,
    ]);
  });

  it("is asked for by its name, and sends nothing outside", () => {
    const sql = `SELECT forecast_value FROM AI.FORECAST(TABLE patients, ${WEIGHTS}) WHERE forecast_value > 3`;
    assert.deepEqual(planOf(sql).effects, [{ kind: "model", through: "clinic.@ai.FORECAST", sources: [] }]);
    const names = catalogNames(`SELECT * FROM AI.EVALUATE(TABLE pair, TABLE other.t, ${WEIGHTS})`, DEFAULTS);
    assert.deepEqual(names.understood && [names.models, names.tables], [[], ["clinic.ehr.pair", "clinic.other.t"]]);
  });

  it("runs with its columns taken by name: no other is seen, nor taken for one of the query around", () => {
    const rows = `AI.FORECAST(TABLE patients, ${WEIGHTS})`;
    assert.match(
      canonical(`SELECT f.forecast_value FROM ${rows} AS f`),
      /^SELECT `f`.`forecast_value` FROM \(SELECT r.`forecast_timestamp`, .* FROM AI.FORECAST\(TABLE `clinic`.`ehr`.`patients`, `data_col` => 'weight', `timestamp_col` => 'born'\) AS r\) AS `f`$/,
    );
    assert.deepEqual(flows(`SELECT (SELECT MAX(name) FROM ${rows}) AS x FROM patients`), [
      "x = copy name ? born, name, weight",
    ]);
  });

  const refused: readonly (readonly [from: string, message: RegExp])[] = [
    ["AI.FORECAST(TABLE patients, data_col => 'weight')", /column's name as a string literal/],
    ["AI.FORECAST(TABLE patients, data_col => weight, timestamp_col => 'born')", /as a string literal/],
    ["AI.FORECAST(TABLE patients, data_col => CONCAT('wei', 'ght'), timestamp_col => 'born')", /as a string literal/],
    ["AI.FORECAST(TABLE patients, data_col => @c, timestamp_col => 'born')", /as a string literal/],
    ["AI.FORECAST(TABLE patients, data_col => 'address.zip', timestamp_col => 'born')", /doesn't have/],
    ["AI.FORECAST(TABLE patients, data_col => 'ssn', timestamp_col => 'born')", /takes no STRING there/],
    ["AI.FORECAST(TABLE patients, data_col => 'weight', timestamp_col => 'name')", /takes no STRING there/],
    ["AI.FORECAST((SELECT weight, ssn AS weight, born FROM patients), W)", /has twice/],
    ["AI.FORECAST(TABLE patients, W, id_cols => ['doc'])", /takes no JSON there/],
    ["AI.FORECAST(TABLE patients, W, id_cols => [ssn])", /as a string literal/],
    ["AI.FORECAST(TABLE patients, W, id_cols => tags)", /array of string literals/],
    ["AI.FORECAST(TABLE patients, W, id_cols => ['ssn', 'SSN'])", /two of one/],
    [
      "AI.FORECAST((SELECT weight, born, ssn AS Forecast_Value FROM patients), W, id_cols => ['forecast_value'])",
      /two/,
    ],
    ["AI.FORECAST(TABLE patients, W, horizon => (SELECT MAX(id) FROM patients))", /not a subquery/],
    ["AI.FORECAST(TABLE patients, W, output_historical_time_series => @p)", /as TRUE or FALSE/],
    ["AI.FORECAST(TABLE patients, W, output_historical_time_series => 1 = 1)", /as TRUE or FALSE/],
    ["AI.FORECAST(TABLE patients, W, model => 'TimesFM 3.0')", /as model 'TimesFM 2.0' or 'TimesFM 2.5'/],
    ["AI.FORECAST(TABLE patients, W, model => 'ehr.risk')", /as model/],
    ["AI.FORECAST(TABLE patients, W, past_covariate_cols => ['ssn'])", /one it doesn't know/],
    ["AI.FORECAST(TABLE patients, W, STRUCT(3 AS horizon))", /one it doesn't know/],
    ["AI.FORECAST(TABLE patients, TABLE patients, W)", /one it doesn't know/],
    ["AI.FORECAST((SELECT AS STRUCT weight, born FROM patients), W)", /not rows that are values/],
    ["AI.FORECAST(MODEL risk, W)", /TABLE and a name, or a query/],
    ["AI.EVALUATE(TABLE patients, W)", /TABLE and a name, or a query/],
    ["AI.EVALUATE(TABLE patients, TABLE pair, W)", /doesn't have/],
    [
      "AI.EVALUATE(TABLE patients, (SELECT weight, born, '1' AS id FROM patients), W, id_cols => ['id'])",
      /of both tables id_cols of one type/,
    ],
    ["AI.EVALUATE(TABLE patients, TABLE patients, W, output_historical_time_series => TRUE)", /one it doesn't know/],
    ["AI.FORECAST(TABLE patients, W) TABLESAMPLE SYSTEM (10 PERCENT)", /takes a table, not a table function/],
  ];
  for (const [from, message] of refused)
    it(`${from} is refused`, () => {
      const parameters = [
        { name: "c", parameterType: { type: "STRING" } },
        { name: "p", parameterType: { type: "BOOL" } },
      ];
      const sql = `SELECT * FROM ${from.replace("W", WEIGHTS)}`;
      const used = parameters.filter(({ name }) => from.includes(`@${name}`));
      assert.match(refusalOf(sql, used)?.message ?? "was understood", message);
    });

  it("behind CALL is refused: there is no place for the names of its columns", () => {
    assert.match(refusalOf(`FROM patients |> CALL AI.FORECAST(${WEIGHTS})`)?.message ?? "", /CALL of AI.FORECAST/);
  });

  it("takes no setting from a variable that is made of columns", () => {
    const declared = "DECLARE n INT64 DEFAULT (SELECT MAX(id) FROM patients);";
    const call = `SELECT * FROM AI.FORECAST(TABLE patients, ${WEIGHTS}, horizon => n)`;
    assert.match(
      refusalOf(`${declared} ${call}`)?.message ?? "",
      /not a variable or an argument that is made of columns/,
    );
  });

  it("in a view is read as the gateway wrote it there, and otherwise refused", () => {
    const over = (query: string) => ({
      ...CLINIC,
      table: (name: string) =>
        name === "clinic.ehr.v"
          ? {
              tableReference: { projectId: "clinic", datasetId: "ehr", tableId: "v" },
              type: "VIEW",
              view: { query },
              schema: { fields: [{ name: "forecast_value", type: "FLOAT" }] },
            }
          : CLINIC.table(name),
    });
    const ask = (query: string) => analyze("SELECT forecast_value FROM v", { catalog: over(query), ...DEFAULTS }).plan;
    const written = canonical(`CREATE VIEW v AS SELECT forecast_value FROM AI.FORECAST(TABLE patients, ${WEIGHTS})`);
    assert.ok(ask(written.replace(/^CREATE VIEW \S+ AS /, "")).understood);
    const plain = ask(`SELECT forecast_value FROM AI.FORECAST(TABLE clinic.ehr.patients, ${WEIGHTS})`);
    assert.match(plain.understood ? "" : plain.refusal.message, /run as they were written/);
  });
});
