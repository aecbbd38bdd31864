/** A trained model: a line through its features, or for two labels the log-odds of the first by one. */
import type { Field } from "../sql/types.ts";

export interface ModelReference {
  readonly projectId: string;
  readonly datasetId: string;
  readonly modelId: string;
}

export type Feature =
  /** NULL counts as the mean. */
  | { readonly kind: "number"; readonly field: Field; readonly weight: number; readonly mean: number }
  /** A weight for each value that training saw; 0 for any other. */
  | { readonly kind: "category"; readonly field: Field; readonly weights: readonly (readonly [string, number])[] };

export interface Model {
  readonly reference: ModelReference;
  readonly modelType: "LINEAR_REGRESSION" | "LOGISTIC_REGRESSION";
  readonly label: Field;
  readonly features: readonly Feature[];
  readonly intercept: number;
  /** Of a logistic regression its two labels as text, the likelier by a greater sum first. */
  readonly labels: readonly [string, string] | undefined;
  /** ML.EVALUATE's row over what it was trained on. */
  readonly evaluation: readonly (readonly [name: string, value: number | null])[];
}
