/**
 * What the functions of models give, by the kind of the model: one entry a function, as Google's reference says it of each (August 2026). A function,
 * or a kind of model, that isn't here is refused. Columns that the reference is unclear about are left out: what runs names those that are here, and no
 * other is seen. Time series stand in time-series-columns.ts.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-predict#output
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-evaluate#output
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-explain-predict#output
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-detect-anomalies#output
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-recommend#output
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-weights#output
 */
import type { ModelResource } from "../../model-resource.ts";
import { once } from "../../once.ts";
import { standardSqlType } from "../../routine-resource.ts";
import { arrayOf, BOOL, FLOAT64, INT64, STRING, type Type } from "../../types.ts";
import {
  always,
  byKind,
  columns,
  isOf,
  type Kinds,
  type ModelColumn,
  type ModelColumns,
  type ModelFunction,
  perCategory,
  struct,
  trainedType,
  trainingOptions,
} from "./model-function.ts";
import { ARIMA, anomalousSeries, evaluatedSeries, timeSeriesFunctions } from "./time-series-columns.ts";

const REGRESSORS =
  "LINEAR_REGRESSION BOOSTED_TREE_REGRESSOR RANDOM_FOREST_REGRESSOR DNN_REGRESSOR DNN_LINEAR_COMBINED_REGRESSOR";
const CLASSIFIERS =
  "LOGISTIC_REGRESSION BOOSTED_TREE_CLASSIFIER RANDOM_FOREST_CLASSIFIER DNN_CLASSIFIER DNN_LINEAR_COMBINED_CLASSIFIER";
const LINEAR = "LINEAR_REGRESSION LOGISTIC_REGRESSION";
const TREES = "BOOSTED_TREE_REGRESSOR BOOSTED_TREE_CLASSIFIER RANDOM_FOREST_REGRESSOR RANDOM_FOREST_CLASSIFIER";
const KMEANS = "KMEANS";
const PCA = "PCA";
const AUTOENCODER = "AUTOENCODER";
const FACTORS = "MATRIX_FACTORIZATION";

/** Every kind that some function here knows. */
export const MODEL_KINDS: readonly Kinds[] = [REGRESSORS, CLASSIFIERS, KMEANS, PCA, AUTOENCODER, FACTORS, ARIMA];

/** The one column that the model predicts. */
function labelOf({
  labelColumns = [],
}: ModelResource): { readonly name: string; readonly type: Type | undefined } | null {
  const [label, second] = labelColumns;
  if (label?.name === undefined || second !== undefined) return null;
  return { name: label.name, type: label.type === undefined ? undefined : standardSqlType(label.type) };
}

function predicted(model: ModelResource): readonly ModelColumn[] | undefined {
  const { modelType = "" } = model;
  if (isOf(KMEANS, modelType)) {
    const near = struct(["CENTROID_ID", INT64], ["DISTANCE", FLOAT64]);
    return [
      ["CENTROID_ID", INT64],
      ["NEAREST_CENTROIDS_DISTANCE", arrayOf(near)],
    ];
  }
  const label = labelOf(model);
  if (label === null) return undefined;
  if (isOf(REGRESSORS, modelType)) return [[`predicted_${label.name}`, FLOAT64]];
  if (!isOf(CLASSIFIERS, modelType) || label.type === undefined) return undefined;
  return [
    [`predicted_${label.name}`, label.type],
    [`predicted_${label.name}_probs`, arrayOf(struct(["label", label.type], ["prob", FLOAT64]))],
  ];
}

function explained(model: ModelResource): readonly ModelColumn[] | undefined {
  const { modelType = "" } = model;
  const [prediction] = predicted(model) ?? [];
  if (prediction === undefined || isOf(KMEANS, modelType)) return undefined;
  const regressor = isOf(REGRESSORS, modelType);
  return [
    prediction,
    ...(regressor ? [] : columns(FLOAT64, "probability")),
    ["top_feature_attributions", arrayOf(struct(["feature", STRING], ["attribution", FLOAT64]))],
    // Of classifiers the reference calls prediction_value INT or STRING, and a logit.
    ...columns(FLOAT64, regressor ? "baseline_prediction_value prediction_value" : "baseline_prediction_value"),
    ["approximation_error", FLOAT64],
  ];
}

const EXPLICIT = () =>
  columns(FLOAT64, "mean_absolute_error mean_squared_error mean_squared_log_error r2_score explained_variance");
const IMPLICIT = () => columns(FLOAT64, "recall mean_squared_error normalized_discounted_cumulative_gain average_rank");

function evaluated(model: ModelResource, given: boolean): readonly ModelColumn[] | undefined {
  const { modelType = "" } = model;
  if (isOf(FACTORS, modelType)) {
    const { feedbackType } = trainingOptions(model);
    return feedbackType === "EXPLICIT" ? EXPLICIT() : feedbackType === "IMPLICIT" ? IMPLICIT() : undefined;
  }
  const ofRows = byKind(
    [KMEANS, () => columns(FLOAT64, "davies_bouldin_index mean_squared_distance")],
    [CLASSIFIERS, () => columns(FLOAT64, "precision recall accuracy f1_score log_loss roc_auc")],
    [
      REGRESSORS,
      () =>
        columns(
          FLOAT64,
          "mean_absolute_error mean_squared_error mean_squared_log_error median_absolute_error r2_score explained_variance",
        ),
    ],
    [PCA, () => columns(FLOAT64, "total_explained_variance_ratio")],
    [AUTOENCODER, () => columns(FLOAT64, "mean_absolute_error mean_squared_error mean_squared_log_error")],
  );
  return ofRows(model, given) ?? evaluatedSeries(model, given);
}

const anomalous = byKind(
  [
    KMEANS,
    () => [
      ["is_anomaly", BOOL],
      ["normalized_distance", FLOAT64],
      ["centroid_id", INT64],
    ],
  ],
  [
    `${PCA} ${AUTOENCODER}`,
    () => [
      ["is_anomaly", BOOL],
      ["mean_squared_error", FLOAT64],
    ],
  ],
);

/** The user's and the item's columns and the rating, which are named as in the training. */
function recommended(model: ModelResource): readonly ModelColumn[] | undefined {
  const { userColumn, itemColumn, feedbackType } = trainingOptions(model);
  const label = labelOf(model);
  if (!isOf(FACTORS, model.modelType ?? "") || label === null) return undefined;
  if (userColumn === undefined || itemColumn === undefined) return undefined;
  const [user, item] = [trainedType(model, userColumn), trainedType(model, itemColumn)];
  const suffix = new Map([
    ["EXPLICIT", ""],
    ["IMPLICIT", "_confidence"],
  ]).get(feedbackType ?? "");
  if (user === undefined || item === undefined || suffix === undefined) return undefined;
  return [
    [userColumn, user],
    [itemColumn, item],
    [`predicted_${label.name}${suffix}`, FLOAT64],
  ];
}

const factorWeights: ModelColumns = () => [
  ...columns(STRING, "processed_input feature"),
  ["factor_weights", arrayOf(struct(["factor", INT64], ["weight", FLOAT64]))],
  ["intercept", FLOAT64],
];

export const modelFunctions = once<ReadonlyMap<string, ModelFunction>>(
  () =>
    new Map<string, ModelFunction>([
      [
        "ML.PREDICT",
        { rows: "must", keeps: true, settings: ["threshold", "trial_id"], columns: predicted, others: ["trial_id"] },
      ],
      ["ML.EVALUATE", { rows: "may", settings: ["threshold", "trial_id", "horizon"], columns: evaluated }],
      [
        "ML.EXPLAIN_PREDICT",
        {
          rows: "must",
          keeps: true,
          settings: ["top_k_features", "threshold", "integrated_gradients_num_steps", "approx_feature_contrib"],
          columns: explained,
          others: ["prediction_value", "probability", "trial_id"],
        },
      ],
      [
        "ML.DETECT_ANOMALIES",
        {
          rows: "may",
          keeps: true,
          settings: ["contamination", "anomaly_prob_threshold"],
          columns: (model, given) => (given ? anomalous : anomalousSeries)(model, given),
          others: ["trial_id"],
        },
      ],
      ["ML.RECOMMEND", { rows: "may", settings: ["trial_id"], columns: recommended }],
      [
        "ML.RECONSTRUCTION_LOSS",
        {
          rows: "must",
          settings: [],
          columns: always([AUTOENCODER], () =>
            columns(FLOAT64, "mean_absolute_error mean_squared_error mean_squared_log_error"),
          ),
        },
      ],
      [
        "ML.ROC_CURVE",
        {
          rows: "may",
          settings: ["trial_id"],
          thresholds: true,
          columns: always([CLASSIFIERS], () => [
            ...columns(FLOAT64, "threshold recall false_positive_rate"),
            ...columns(INT64, "true_positives false_positives true_negatives false_negatives"),
          ]),
        },
      ],
      [
        "ML.WEIGHTS",
        {
          rows: "none",
          settings: ["standardize"],
          columns: byKind(
            [
              LINEAR,
              () => [
                ["processed_input", STRING],
                ["weight", FLOAT64],
                ["category_weights", perCategory("weight")],
              ],
            ],
            [FACTORS, factorWeights],
          ),
        },
      ],
      [
        "ML.ADVANCED_WEIGHTS",
        {
          rows: "none",
          settings: ["standardize"],
          columns: always([LINEAR], () => [
            ...columns(STRING, "processed_input category"),
            ...columns(FLOAT64, "weight standard_error p_value"),
          ]),
        },
      ],
      [
        "ML.CENTROIDS",
        {
          rows: "none",
          settings: ["standardize"],
          columns: always([KMEANS], () => [
            ["centroid_id", INT64],
            ["feature", STRING],
            ["numerical_value", FLOAT64],
            ["categorical_value", perCategory("value")],
          ]),
        },
      ],
      [
        "ML.PRINCIPAL_COMPONENTS",
        {
          rows: "none",
          settings: [],
          columns: always([PCA], () => [
            ["principal_component_id", INT64],
            ["feature", STRING],
            ["numerical_value", FLOAT64],
            ["categorical_value", perCategory("value")],
          ]),
        },
      ],
      [
        "ML.PRINCIPAL_COMPONENT_INFO",
        {
          rows: "none",
          settings: [],
          columns: always([PCA], () => [
            ["principal_component_id", INT64],
            ...columns(FLOAT64, "eigenvalue explained_variance_ratio cumulative_explained_variance_ratio"),
          ]),
        },
      ],
      [
        "ML.FEATURE_IMPORTANCE",
        {
          rows: "none",
          settings: [],
          columns: always([TREES], () => [
            ["feature", STRING],
            ...columns(FLOAT64, "importance_weight importance_gain importance_cover"),
          ]),
        },
      ],
      [
        "ML.GLOBAL_EXPLAIN",
        {
          rows: "none",
          settings: [],
          columns: always([REGRESSORS, CLASSIFIERS], () => [
            ["feature", STRING],
            ["attribution", FLOAT64],
          ]),
        },
      ],
      [
        "ML.TRAINING_INFO",
        {
          rows: "none",
          settings: [],
          columns: byKind(
            [
              `${REGRESSORS} ${CLASSIFIERS}`,
              () => [
                ...columns(INT64, "training_run iteration"),
                ...columns(FLOAT64, "loss eval_loss learning_rate"),
                ["duration_ms", INT64],
              ],
            ],
            // cluster_info's fields have no types in the reference.
            [KMEANS, () => [...columns(INT64, "training_run iteration"), ["loss", FLOAT64], ["duration_ms", INT64]]],
          ),
        },
      ],
      [
        "ML.TRIAL_INFO",
        {
          rows: "none",
          settings: [],
          // Its two STRUCTs have fields by what was tuned.
          columns: always([REGRESSORS, CLASSIFIERS, KMEANS, FACTORS], () => [
            ["trial_id", INT64],
            ...columns(FLOAT64, "training_loss eval_loss"),
            ...columns(STRING, "status error_message"),
            ["is_optimal", BOOL],
          ]),
        },
      ],
      ...timeSeriesFunctions(),
    ]),
);
