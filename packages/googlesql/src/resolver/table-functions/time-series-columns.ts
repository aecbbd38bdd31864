/**
 * What the functions of time series give. A model of several series has a column, or columns, that say which: their names are the training's, so they
 * are given where `models.get` tells them.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-forecast#output
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-explain-forecast#output
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-arima-evaluate#output
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-arima-coefficients#output
 */
import type { ModelResource } from "../../model-resource.ts";
import { arrayOf, BOOL, DATE, FLOAT64, INT64, STRING, TIMESTAMP } from "../../types.ts";
import {
  columns,
  isOf,
  type Kinds,
  type ModelColumn,
  type ModelColumns,
  type ModelFunction,
  perCategory,
  trainedType,
  trainingOptions,
} from "./model-function.ts";

export const ARIMA: Kinds = "ARIMA_PLUS ARIMA_PLUS_XREG";

const interval = () => columns(FLOAT64, "prediction_interval_lower_bound prediction_interval_upper_bound");

const forecast: ModelColumns = () => [
  ["forecast_timestamp", TIMESTAMP],
  ...columns(FLOAT64, "forecast_value standard_error confidence_level"),
  ...interval(),
  ...columns(FLOAT64, "confidence_interval_lower_bound confidence_interval_upper_bound"),
];

/** Beside these there is a column for each holiday and each feature. */
const explanation: ModelColumns = () => [
  ["time_series_timestamp", TIMESTAMP],
  ["time_series_type", STRING],
  ...columns(FLOAT64, "time_series_data time_series_adjusted_data standard_error confidence_level"),
  ...interval(),
  ...columns(FLOAT64, "trend seasonal_period_yearly seasonal_period_quarterly seasonal_period_monthly"),
  ...columns(
    FLOAT64,
    "seasonal_period_weekly seasonal_period_daily holiday_effect spikes_and_dips step_changes residual",
  ),
];

const fit: ModelColumns = () => [
  ...columns(INT64, "non_seasonal_p non_seasonal_d non_seasonal_q"),
  ["has_drift", BOOL],
  ...columns(FLOAT64, "log_likelihood AIC variance"),
  ["seasonal_periods", arrayOf(STRING)],
  ...columns(BOOL, "has_holiday_effect has_spikes_and_dips has_step_changes"),
  ["error_message", STRING],
];

const errors = () =>
  columns(
    FLOAT64,
    "mean_absolute_error mean_squared_error root_mean_squared_error mean_absolute_percentage_error symmetric_mean_absolute_percentage_error mean_absolute_scaled_error",
  );

const coefficients: ModelColumns = () => [
  ["ar_coefficients", arrayOf(FLOAT64)],
  ["ma_coefficients", arrayOf(FLOAT64)],
  ["intercept_or_drift", FLOAT64],
];

const regressors: ModelColumns = () => [
  ["processed_input", STRING],
  ["weight", FLOAT64],
  ["category_weights", perCategory("weight")],
];

/** Which series a row is of. */
function seriesOf(model: ModelResource): ModelColumn[] {
  const { timeSeriesIdColumn, timeSeriesIdColumns } = trainingOptions(model);
  const names = timeSeriesIdColumns ?? (timeSeriesIdColumn === undefined ? [] : [timeSeriesIdColumn]);
  return names.flatMap((name) => {
    const type = trainedType(model, name);
    return type === undefined ? [] : [[name, type] as const];
  });
}

function ofSeries(list: ModelColumns): ModelFunction["columns"] {
  return (model) => (isOf(ARIMA, model.modelType ?? "") ? [...seriesOf(model), ...list()] : undefined);
}

const isXreg = ({ modelType }: ModelResource) => modelType === "ARIMA_PLUS_XREG";

const ofHorizon = { rows: "may", settings: ["horizon", "confidence_level"] } as const;

export const timeSeriesFunctions = (): ReadonlyMap<string, ModelFunction> =>
  new Map<string, ModelFunction>([
    ["ML.FORECAST", { ...ofHorizon, columns: ofSeries(forecast) }],
    ["ML.EXPLAIN_FORECAST", { ...ofHorizon, columns: ofSeries(explanation) }],
    ["ML.ARIMA_EVALUATE", { rows: "none", settings: ["show_all_candidate_models"], columns: ofSeries(fit) }],
    [
      "ML.ARIMA_COEFFICIENTS",
      {
        rows: "none",
        settings: [],
        columns: (model, given) =>
          ofSeries(isXreg(model) ? () => [...coefficients(), ...regressors()] : coefficients)(model, given),
      },
    ],
    [
      "ML.HOLIDAY_INFO",
      {
        rows: "none",
        settings: [],
        columns: ({ modelType = "" }) =>
          isOf(ARIMA, modelType)
            ? [
                ...columns(STRING, "region holiday_name"),
                ["primary_date", DATE],
                ...columns(INT64, "preholiday_days postholiday_days"),
              ]
            : undefined,
      },
    ],
  ]);

/** Of rows of the caller's its errors; without them another list, which the reference calls deprecated. */
export function evaluatedSeries(model: ModelResource, given: boolean): readonly ModelColumn[] | undefined {
  return given ? ofSeries(errors)(model, given) : undefined;
}

/** Over the training's own rows. With rows of the caller's the series' columns would stand twice. */
export function anomalousSeries(model: ModelResource, given: boolean): readonly ModelColumn[] | undefined {
  const { timeSeriesTimestampColumn: at, timeSeriesDataColumn: data } = trainingOptions(model);
  if (given) return undefined;
  return ofSeries(() => [
    ...(at === undefined ? [] : [[at, TIMESTAMP] as const]),
    ...(data === undefined ? [] : [[data, FLOAT64] as const]),
    ["is_anomaly", BOOL],
    ...columns(FLOAT64, "lower_bound upper_bound anomaly_probability"),
  ])(model, given);
}
