/**
 * What the functions of models give, by the kind of the model: one entry a function. A function, or a kind of model, that isn't here is refused.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-predict
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-evaluate
 */
import type { ModelResource } from "../../model-resource.ts";
import { standardSqlType } from "../../routine-resource.ts";
import { arrayOf, FLOAT64, INT64, STRING, structOf, type Type } from "../../types.ts";

export type ModelColumn = readonly [name: string, type: Type];

export interface ModelFunction {
  /** TABLE and a name, or a query: whether the function takes rows of the caller's. */
  readonly rows: "none" | "may" | "must";
  /** The rows are given back, each with the model's columns. Without it there are rows of the model's own making. */
  readonly keeps?: true;
  /** Names that the fields of a STRUCT of constants, the last argument, may have. */
  readonly settings: readonly string[];
  /** Undefined for a model of a kind that the function doesn't know, or that isn't analysed. */
  readonly columns: (model: ModelResource) => readonly ModelColumn[] | undefined;
}

const kinds = (text: string): ReadonlySet<string> => new Set(text.split(" "));

const REGRESSORS = kinds(
  "LINEAR_REGRESSION BOOSTED_TREE_REGRESSOR RANDOM_FOREST_REGRESSOR DNN_REGRESSOR DNN_LINEAR_COMBINED_REGRESSOR",
);
const CLASSIFIERS = kinds(
  "LOGISTIC_REGRESSION BOOSTED_TREE_CLASSIFIER RANDOM_FOREST_CLASSIFIER DNN_CLASSIFIER DNN_LINEAR_COMBINED_CLASSIFIER",
);
const LINEAR = kinds("LINEAR_REGRESSION LOGISTIC_REGRESSION");
const TREES = kinds("BOOSTED_TREE_REGRESSOR BOOSTED_TREE_CLASSIFIER RANDOM_FOREST_REGRESSOR RANDOM_FOREST_CLASSIFIER");
const KMEANS = kinds("KMEANS");
const PCA = kinds("PCA");

/** Every kind that some function here knows. */
export const MODEL_KINDS: readonly string[] = [...REGRESSORS, ...CLASSIFIERS, ...KMEANS, ...PCA];

const columns = (type: Type, names: string): ModelColumn[] => names.split(" ").map((name) => [name, type]);

const perCategory = (value: string): Type =>
  arrayOf(
    structOf([
      { name: "category", type: STRING },
      { name: value, type: FLOAT64 },
    ]),
  );

/** Of models of these kinds always the same. */
function always(of: readonly ReadonlySet<string>[], list: readonly ModelColumn[]): ModelFunction["columns"] {
  return ({ modelType = "" }) => (of.some((set) => set.has(modelType)) ? list : undefined);
}

function predicted({ modelType = "", labelColumns = [] }: ModelResource): readonly ModelColumn[] | undefined {
  if (KMEANS.has(modelType)) {
    const near = columns(FLOAT64, "DISTANCE").map(([name, type]) => ({ name, type }));
    return [
      ["CENTROID_ID", INT64],
      ["NEAREST_CENTROIDS_DISTANCE", arrayOf(structOf([{ name: "CENTROID_ID", type: INT64 }, ...near]))],
    ];
  }
  const [label, second] = labelColumns;
  if (label?.name === undefined || second !== undefined) return undefined;
  if (REGRESSORS.has(modelType)) return [[`predicted_${label.name}`, FLOAT64]];
  const type = label.type === undefined ? undefined : standardSqlType(label.type);
  if (!CLASSIFIERS.has(modelType) || type === undefined) return undefined;
  const probability = structOf([
    { name: "label", type },
    { name: "prob", type: FLOAT64 },
  ]);
  return [
    [`predicted_${label.name}`, type],
    [`predicted_${label.name}_probs`, arrayOf(probability)],
  ];
}

function evaluated({ modelType = "" }: ModelResource): readonly ModelColumn[] | undefined {
  if (KMEANS.has(modelType)) return columns(FLOAT64, "davies_bouldin_index mean_squared_distance");
  if (CLASSIFIERS.has(modelType)) return columns(FLOAT64, "precision recall accuracy f1_score log_loss roc_auc");
  if (!REGRESSORS.has(modelType)) return undefined;
  return columns(
    FLOAT64,
    "mean_absolute_error mean_squared_error mean_squared_log_error median_absolute_error r2_score explained_variance",
  );
}

export const MODEL_FUNCTIONS: ReadonlyMap<string, ModelFunction> = new Map<string, ModelFunction>([
  ["ML.PREDICT", { rows: "must", keeps: true, settings: ["threshold"], columns: predicted }],
  ["ML.EVALUATE", { rows: "may", settings: ["threshold"], columns: evaluated }],
  [
    "ML.ROC_CURVE",
    {
      rows: "may",
      settings: [],
      columns: always(
        [CLASSIFIERS],
        [
          ...columns(FLOAT64, "threshold recall false_positive_rate"),
          ...columns(INT64, "true_positives false_positives true_negatives false_negatives"),
        ],
      ),
    },
  ],
  [
    "ML.WEIGHTS",
    {
      rows: "none",
      settings: ["standardize"],
      columns: always(
        [LINEAR],
        [
          ["processed_input", STRING],
          ["weight", FLOAT64],
          ["category_weights", perCategory("weight")],
        ],
      ),
    },
  ],
  [
    "ML.CENTROIDS",
    {
      rows: "none",
      settings: ["standardize"],
      columns: always(
        [KMEANS],
        [
          ["centroid_id", INT64],
          ["feature", STRING],
          ["numerical_value", FLOAT64],
          ["categorical_value", perCategory("value")],
        ],
      ),
    },
  ],
  [
    "ML.PRINCIPAL_COMPONENTS",
    {
      rows: "none",
      settings: [],
      columns: always(
        [PCA],
        [
          ["principal_component_id", INT64],
          ["feature", STRING],
          ["numerical_value", FLOAT64],
          ["categorical_value", perCategory("value")],
        ],
      ),
    },
  ],
  [
    "ML.PRINCIPAL_COMPONENT_INFO",
    {
      rows: "none",
      settings: [],
      columns: always(
        [PCA],
        [
          ["principal_component_id", INT64],
          ...columns(FLOAT64, "eigenvalue explained_variance_ratio cumulative_explained_variance_ratio"),
        ],
      ),
    },
  ],
  [
    "ML.FEATURE_IMPORTANCE",
    {
      rows: "none",
      settings: [],
      columns: always(
        [TREES],
        [["feature", STRING], ...columns(FLOAT64, "importance_weight importance_gain importance_cover")],
      ),
    },
  ],
  [
    "ML.GLOBAL_EXPLAIN",
    {
      rows: "none",
      settings: [],
      columns: always(
        [REGRESSORS, CLASSIFIERS],
        [
          ["feature", STRING],
          ["attribution", FLOAT64],
        ],
      ),
    },
  ],
  [
    "ML.TRAINING_INFO",
    {
      rows: "none",
      settings: [],
      columns: always(
        [REGRESSORS, CLASSIFIERS],
        [
          ...columns(INT64, "training_run iteration"),
          ...columns(FLOAT64, "loss eval_loss learning_rate"),
          ["duration_ms", INT64],
        ],
      ),
    },
  ],
]);
