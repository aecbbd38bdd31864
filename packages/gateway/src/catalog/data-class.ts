/**
 * The built-in data classes: the Safe Harbor identifiers (45 CFR 164.514(b)(2)) and clinical data, under `phi`.
 * A class is written by its path: `phi`, `phi.ssn`, `phi.clinical.diagnosis`. A parent covers its children.
 */
export type DataClass = string;

/** Where a class came from, strongest first. */
export type ClassSource = "catalog-file" | "policy-tag" | "table-label" | "dataset-label" | "inherited" | "phi-default";

export interface ClassifiedColumn {
  /** `project.dataset.table.path`. */
  readonly column: string;
  /** Empty when the column is public: classified as nothing and in no table marked PHI. */
  readonly classes: readonly DataClass[];
  readonly source: ClassSource | undefined;
}
