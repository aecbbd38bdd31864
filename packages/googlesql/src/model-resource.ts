/**
 * The part of BigQuery's model resource that analysis needs, as `models.get` and `bq show --model --format=json` give it.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/models#Model
 */
import type { StandardSqlField } from "./routine-resource.ts";

export interface ModelResource {
  readonly modelReference: { readonly projectId: string; readonly datasetId: string; readonly modelId: string };
  /** LINEAR_REGRESSION, KMEANS … */
  readonly modelType?: string;
  readonly featureColumns?: readonly StandardSqlField[];
  readonly labelColumns?: readonly StandardSqlField[];
  /** There where TRANSFORM trained it: its outputs can bear the names of other columns. */
  readonly transformColumns?: readonly { readonly name?: string }[];
  /** What it was made with, of each training. */
  readonly trainingRuns?: readonly { readonly trainingOptions?: TrainingOptions }[];
  /** There where it runs elsewhere. */
  readonly remoteModelInfo?: { readonly endpoint?: string; readonly connection?: string };
}

/** Names of columns that the kind of the model gives a part, and how a rating is meant. */
export interface TrainingOptions {
  readonly userColumn?: string;
  readonly itemColumn?: string;
  /** EXPLICIT or IMPLICIT. */
  readonly feedbackType?: string;
  readonly timeSeriesTimestampColumn?: string;
  readonly timeSeriesDataColumn?: string;
  readonly timeSeriesIdColumn?: string;
  readonly timeSeriesIdColumns?: readonly string[];
}
