import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { analyze } from "./analyze.ts";
import { catalogNames } from "./catalog-names.ts";
import { CLINIC, canonical, DEFAULTS, flows, planOf, refusalOf, types } from "./testing/clinic.ts";

describe("a function of a model", () => {
  const cases: readonly (readonly [sql: string, ...outputs: string[]])[] = [
    [
      "SELECT * FROM ML.PREDICT(MODEL risk, (SELECT ssn, weight, state FROM patients))",
      "predicted_outcome = transform state, transform weight, transform risk.*",
      "predicted_outcome_probs = transform state, transform weight, transform risk.*",
      "ssn = copy ssn",
      "weight = copy weight",
      "state = copy state",
    ],
    // What is given under a feature's name is what is predicted by, whatever it was before.
    [
      "SELECT predicted_cost FROM ML.PREDICT(MODEL cost, (SELECT ssn AS state, name FROM patients))",
      "predicted_cost = transform cost.*, transform ssn",
    ],
    // A STRUCT's fields become features by its name and theirs.
    [
      "SELECT predicted_cost FROM ML.PREDICT(MODEL blood, (SELECT STRUCT(ssn AS type) AS Blood, address FROM patients))",
      "predicted_cost = transform blood.*, transform ssn",
    ],
    [
      "SELECT CENTROID_ID FROM ML.PREDICT(MODEL clusters, TABLE patients)",
      "CENTROID_ID = transform clusters.*, transform state, transform weight",
    ],
    [
      "SELECT name FROM ML.PREDICT(MODEL cost, (SELECT name, weight FROM patients WHERE ssn = '1')) WHERE predicted_cost > 5",
      "name = copy name ? cost.*, ssn, weight",
    ],
    [
      "SELECT AVG(predicted_cost) AS a, COUNT(*) AS n FROM ML.PREDICT(MODEL cost, TABLE patients)",
      "a = aggregate cost.*, aggregate state, aggregate weight",
      "n = aggregate *",
    ],
    // Of few rows the statistics are those rows' values.
    [
      "SELECT precision FROM ML.EVALUATE(MODEL risk, (SELECT ssn AS outcome, weight FROM patients WHERE id = 1), STRUCT(0.5 AS threshold))",
      "precision = transform *, transform ssn, transform weight, transform risk.* ? id",
    ],
    // Nor is a statistic over what is made of them.
    [
      "SELECT AVG(false_positive_rate) AS a, COUNT(*) AS n FROM ML.ROC_CURVE(MODEL risk, (SELECT ssn AS outcome FROM patients WHERE id = 1))",
      "a = transform *, transform ssn, transform risk.* ? id",
      "n = transform *, transform ssn, transform risk.* ? id",
    ],
    ["SELECT r2_score FROM ML.EVALUATE(MODEL cost)", "r2_score = transform cost.*"],
    [
      "SELECT recall FROM ML.ROC_CURVE(MODEL risk, (SELECT ssn AS outcome FROM patients), GENERATE_ARRAY(0.1, 0.9, 0.1), STRUCT(1 AS trial_id))",
      "recall = transform *, transform ssn, transform risk.*",
    ],
    ["SELECT recall FROM ML.ROC_CURVE(MODEL risk, [0.5])", "recall = transform risk.*"],
    ["SELECT threshold FROM ML.ROC_CURVE(MODEL risk)", "threshold = transform risk.*"],
    ["SELECT weight FROM ML.WEIGHTS(MODEL risk, STRUCT(TRUE AS standardize))", "weight = transform risk.*"],
    [
      "SELECT c.category FROM ML.CENTROIDS(MODEL clusters), UNNEST(categorical_value) AS c",
      "category = transform clusters.* ? clusters.*",
    ],
    ["SELECT COUNT(*) AS n FROM ML.CENTROIDS(MODEL clusters)", "n = aggregate clusters.*"],
    ["SELECT eigenvalue FROM ML.PRINCIPAL_COMPONENT_INFO(MODEL axes)", "eigenvalue = transform axes.*"],
    ["SELECT feature FROM ML.PRINCIPAL_COMPONENTS(MODEL axes)", "feature = transform axes.*"],
    ["SELECT importance_gain FROM ML.FEATURE_IMPORTANCE(MODEL cost)", "importance_gain = transform cost.*"],
    ["SELECT attribution FROM ML.GLOBAL_EXPLAIN(MODEL risk)", "attribution = transform risk.*"],
    ["SELECT loss FROM ML.TRAINING_INFO(MODEL risk)", "loss = transform risk.*"],
    ["SELECT duration_ms FROM ML.TRAINING_INFO(MODEL clusters)", "duration_ms = transform clusters.*"],
    [
      "SELECT * FROM ML.EXPLAIN_PREDICT(MODEL risk, (SELECT ssn, weight, state FROM patients), STRUCT(2 AS top_k_features))",
      ...["predicted_outcome", "probability", "top_feature_attributions", "baseline_prediction_value"].map(
        (name) => `${name} = transform state, transform weight, transform risk.*`,
      ),
      "approximation_error = transform state, transform weight, transform risk.*",
      "ssn = copy ssn",
      "weight = copy weight",
      "state = copy state",
    ],
    // Which rows are unusual tells of the rows that the model knows.
    [
      "SELECT name FROM ML.DETECT_ANOMALIES(MODEL clusters, STRUCT(0.1 AS contamination), TABLE patients) WHERE is_anomaly",
      "name = copy name ? clusters.*, state, weight",
    ],
    [
      "SELECT mean_squared_error AS e FROM ML.DETECT_ANOMALIES(MODEL codes, (SELECT ssn AS state FROM patients))",
      "e = transform codes.*, transform ssn",
    ],
    ["SELECT cost FROM ML.DETECT_ANOMALIES(MODEL days)", "cost = transform days.*"],
    ["SELECT AVG(forecast_value) AS a FROM ML.FORECAST(MODEL days, STRUCT(3 AS horizon))", "a = aggregate days.*"],
    ["SELECT state FROM ML.FORECAST(MODEL days)", "state = transform days.*"],
    ["SELECT time_series_data AS x FROM ML.EXPLAIN_FORECAST(MODEL days)", "x = transform days.*"],
    ["SELECT variance FROM ML.ARIMA_EVALUATE(MODEL days)", "variance = transform days.*"],
    ["SELECT ar_coefficients FROM ML.ARIMA_COEFFICIENTS(MODEL days)", "ar_coefficients = transform days.*"],
    ["SELECT primary_date FROM ML.HOLIDAY_INFO(MODEL days)", "primary_date = transform days.*"],
    [
      "SELECT root_mean_squared_error AS e FROM ML.EVALUATE(MODEL days, (SELECT weight AS cost FROM patients WHERE id = 1))",
      "e = transform days.*, transform *, transform weight ? id",
    ],
    ["SELECT ssn FROM ML.RECOMMEND(MODEL ratings)", "ssn = transform ratings.*"],
    [
      "SELECT predicted_stars_confidence AS c FROM ML.RECOMMEND(MODEL ratings, (SELECT name AS ssn FROM patients))",
      "c = transform *, transform name, transform ratings.*",
    ],
    ["SELECT feature FROM ML.WEIGHTS(MODEL ratings)", "feature = transform ratings.*"],
    ["SELECT average_rank FROM ML.EVALUATE(MODEL ratings)", "average_rank = transform ratings.*"],
    ["SELECT p_value FROM ML.ADVANCED_WEIGHTS(MODEL risk)", "p_value = transform risk.*"],
    ["SELECT is_optimal FROM ML.TRIAL_INFO(MODEL risk)", "is_optimal = transform risk.*"],
    [
      "SELECT mean_squared_error AS e FROM ML.RECONSTRUCTION_LOSS(MODEL codes, (SELECT weight FROM patients))",
      "e = transform codes.*, transform *, transform weight",
    ],
  ];
  for (const [sql, ...outputs] of cases) it(sql, () => assert.deepEqual(flows(sql), outputs));

  it("has the columns that the model's kind and label give it", () => {
    assert.deepEqual(types("SELECT * FROM ML.PREDICT(MODEL risk, (SELECT weight FROM patients))"), [
      "predicted_outcome STRING",
      "predicted_outcome_probs ARRAY<STRUCT<label STRING, prob FLOAT64>>",
      "weight FLOAT64",
    ]);
    assert.deepEqual(types("SELECT * FROM ML.PREDICT(MODEL clusters, (SELECT 1.0 AS weight))"), [
      "CENTROID_ID INT64",
      "NEAREST_CENTROIDS_DISTANCE ARRAY<STRUCT<CENTROID_ID INT64, DISTANCE FLOAT64>>",
      "weight FLOAT64",
    ]);
  });

  it("hands out the thresholds that it was given, so that no guess is told by a token of one", () => {
    const constant = (given: string) =>
      planOf(`SELECT threshold FROM ML.ROC_CURVE(MODEL risk${given})`).outputs.map((output) => output.constant);
    assert.deepEqual([constant(", [0.5]"), constant("")], [[true], [false]]);
  });

  it("runs with its columns taken by name: no other is seen, nor taken for one of the query around", () => {
    assert.equal(
      canonical("SELECT p.weight FROM ML.WEIGHTS(MODEL risk) AS p"),
      "SELECT `p`.`weight` FROM (SELECT r.`processed_input`, r.`weight`, r.`category_weights` FROM ML.WEIGHTS(MODEL `clinic`.`ehr`.`risk`) AS r) AS `p`",
    );
    // `name` is no column of it, so that the name means the patient's.
    const within = "SELECT (SELECT MAX(name) FROM ML.WEIGHTS(MODEL risk)) AS x FROM patients";
    assert.deepEqual(flows(within), ["x = copy name ? name"]);
    assert.match(canonical(within), /FROM \(SELECT r\.`processed_input`/);
  });

  it("is asked for by its model, which reaches no one outside", () => {
    const sql = "SELECT ssn FROM ML.PREDICT(MODEL cost, TABLE patients) WHERE ssn = '1'";
    assert.deepEqual(planOf(sql).effects, [{ kind: "model", through: "clinic.ehr.cost", sources: [] }]);
    assert.deepEqual(
      planOf(sql).reads.find(({ outside }) => outside === "model"),
      { table: "clinic.ehr.cost", outside: "model", columns: [{ path: "*", uses: ["predicate"] }] },
    );
    const names = catalogNames(sql, DEFAULTS);
    assert.deepEqual(names.understood && [names.models, names.tables], [["clinic.ehr.cost"], ["clinic.ehr.patients"]]);
  });

  const refused: readonly (readonly [from: string, message: RegExp])[] = [
    ["ML.PREDICT(MODEL missing, TABLE patients)", /not found or is not available/],
    ["ML.PREDICT(MODEL far, TABLE patients)", /runs outside BigQuery/],
    ["ML.WEIGHTS(MODEL far)", /runs outside BigQuery/],
    ["ML.PREDICT(MODEL imported, TABLE patients)", /of that kind isn't analysed/],
    ["ML.PREDICT(MODEL axes, TABLE patients)", /of that kind isn't analysed/],
    ["ML.PREDICT(MODEL days, TABLE patients)", /of that kind isn't analysed/],
    ["ML.CENTROIDS(MODEL risk)", /of that kind isn't analysed/],
    ["ML.PREDICT(MODEL changed, TABLE patients)", /TRANSFORM may have put other values/],
    ["ML.PREDICT(MODEL risk)", /a table or a query/],
    ["ML.PREDICT(TABLE patients, MODEL risk)", /MODEL and a model's name first/],
    ["ML.WEIGHTS(MODEL risk, TABLE patients)", /a model alone/],
    ["ML.PREDICT(MODEL risk, TABLE patients, TABLE patients)", /a table or a query/],
    ["ML.PREDICT(MODEL risk, TABLE patients, STRUCT(TRUE AS keep_original_columns))", /of settings threshold/],
    ["ML.PREDICT(MODEL risk, TABLE patients, STRUCT((SELECT MAX(weight) FROM patients) AS threshold))", /as literals/],
    ["ML.PREDICT(MODEL risk, (SELECT weight, ssn AS predicted_outcome FROM patients))", /two of one/],
    ["ML.PREDICT(MODEL risk, (SELECT weight + 1 FROM patients))", /without a name/],
    // A column of the caller's under a name that the function may give as well would be either.
    ["ML.PREDICT(MODEL risk, (SELECT weight, ssn AS Trial_ID FROM patients))", /two of one/],
    ["ML.EXPLAIN_PREDICT(MODEL risk, (SELECT weight, 1 AS prediction_value FROM patients))", /two of one/],
    ["ML.EXPLAIN_PREDICT(MODEL clusters, TABLE patients)", /of that kind isn't analysed/],
    ["ML.DETECT_ANOMALIES(MODEL clusters)", /of that kind, without rows, isn't analysed/],
    ["ML.DETECT_ANOMALIES(MODEL days, STRUCT(0.9 AS anomaly_prob_threshold), TABLE patients)", /with rows, isn't/],
    ["ML.EVALUATE(MODEL days)", /without rows, isn't/],
    ["ML.RECOMMEND(MODEL untold)", /isn't analysed/],
    ["ML.RECOMMEND(MODEL risk)", /isn't analysed/],
    ["ML.GLOBAL_EXPLAIN(MODEL risk, STRUCT(TRUE AS class_level_explain))", /of settings none/],
    ["ML.CONFUSION_MATRIX(MODEL risk)", /named by the label's values; count what ML.PREDICT gives/],
    ["ML.ROC_CURVE(MODEL risk, (SELECT [0.5]), [weight])", /Unrecognized name|not found/],
    ["ML.ROC_CURVE(MODEL risk, ARRAY(SELECT weight FROM patients))", /TABLE and a name, or a query/],
    ["ML.ROC_CURVE(MODEL risk, ARRAY_REVERSE((SELECT tags FROM patients)))", /not a subquery/],
    ["ML.ROC_CURVE(MODEL risk, [0.5], [0.5])", /TABLE and a name, or a query/],
    ["ML.PREDICT(MODEL risk, TABLE patients, [0.5])", /a model and a table or a query/],
    ["ML.TRANSFORM(MODEL risk, TABLE patients)", /those that TRANSFORM made/],
    ["ML.TRANSLATE(MODEL far, TABLE patients)", /runs elsewhere, by its connection's rights/],
    ["AI.SEARCH(TABLE patients, 'ssn', 'x')", /by the connection of the table's embeddings/],
    ["ML.PREDICT(MODEL risk, TABLE patients) TABLESAMPLE SYSTEM (10 PERCENT)", /takes a table, not a table function/],
    ["EXTERNAL_QUERY('us.c', 'SELECT 1')", /only that database knows/],
  ];
  for (const [from, message] of refused)
    it(`${from} is refused`, () =>
      assert.match(refusalOf(`SELECT * FROM ${from}`)?.message ?? "was understood", message));

  it("behind CALL is refused: there is no place for the names of its columns", () => {
    assert.match(refusalOf("FROM patients |> CALL ML.PREDICT(MODEL risk)")?.message ?? "", /CALL of ML.PREDICT/);
  });

  const view = (query: string, columns: readonly string[]) => ({
    tableReference: { projectId: "clinic", datasetId: "ehr", tableId: "v" },
    type: "VIEW",
    view: { query },
    schema: { fields: columns.map((name) => ({ name, type: "FLOAT" })) },
  });
  const over = (query: string, ...columns: string[]) => ({
    ...CLINIC,
    table: (name: string) => (name === "clinic.ehr.v" ? view(query, columns) : CLINIC.table(name)),
  });

  it("in a view is read as the gateway wrote it there, each column by its name", () => {
    const written = canonical(
      "CREATE VIEW v AS SELECT weight, predicted_cost FROM ML.PREDICT(MODEL cost, (SELECT weight, 1 AS state FROM patients))",
    );
    const query = written.replace(/^CREATE VIEW \S+ AS /, "");
    const { plan } = analyze("SELECT predicted_cost, weight FROM v", {
      catalog: over(query, "weight", "predicted_cost"),
      ...DEFAULTS,
    });
    assert.ok(plan.understood);
    const [statement] = plan.statements;
    assert.deepEqual(
      statement?.outputs.map(({ explicit }) => explicit.map(({ column, via }) => `${via} ${column}`)),
      [["transform clinic.ehr.cost.*", "transform clinic.ehr.patients.weight"], ["copy clinic.ehr.patients.weight"]],
    );
    assert.deepEqual(statement?.effects, [{ kind: "model", through: "clinic.ehr.cost", sources: [] }]);
  });

  for (const query of [
    "SELECT weight FROM ML.WEIGHTS(MODEL clinic.ehr.risk)",
    "SELECT weight FROM ML.WEIGHTS(MODEL clinic.ehr.risk) AS r",
    "SELECT r.weight FROM ML.WEIGHTS(MODEL clinic.ehr.risk) AS r WHERE weight > 1",
    "SELECT r.weight FROM ML.WEIGHTS(MODEL clinic.ehr.risk) AS r ORDER BY weight LIMIT 1",
    "SELECT r.weight FROM ML.WEIGHTS(MODEL clinic.ehr.risk) AS r, (SELECT 1 AS x)",
    "SELECT r.weight FROM ML.WEIGHTS(MODEL clinic.ehr.risk) AS r GROUP BY 1",
    "SELECT r.* FROM ML.WEIGHTS(MODEL clinic.ehr.risk) AS r",
  ])
    it(`in a view otherwise is refused, since that runs as it was written: ${query}`, () => {
      const { plan } = analyze("SELECT weight FROM v", { catalog: over(query, "weight"), ...DEFAULTS });
      assert.match(plan.understood ? "was understood" : plan.refusal.message, /run as they were written/);
    });
});
