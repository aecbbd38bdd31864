/** What the resolver asks of whoever keeps tables, views, routines and models. */
import type { ModelResource } from "../model-resource.ts";
import type { TableName } from "../plan.ts";
import type { RoutineName, RoutineResource } from "../routine-resource.ts";
import type { TableResource } from "../table-resource.ts";
import type { MetadataPlace } from "./metadata-name.ts";
import type { NameDefaults } from "./table-name.ts";

/** What an analysis may use. Returns undefined for what doesn't exist or may not be seen. */
export interface CatalogView {
  table(name: TableName): TableResource | undefined;
  /** All tables whose full name begins so: what `project.dataset.prefix*` reads. Undefined where they aren't known. */
  wildcard?(prefix: TableName): readonly TableResource[] | undefined;
  /** `project.dataset.routine` */
  routine?(name: RoutineName): RoutineResource | undefined;
  /** `project.dataset.model` */
  model?(name: string): ModelResource | undefined;
  /** What INFORMATION_SCHEMA tells of `project.dataset`, `project.region-eu` or `project.`. Undefined where it isn't told. */
  metadata?(place: MetadataPlace): DescribedTables | undefined;
}

/** Tables as far as whoever asks may know of them: their fields are those that may be told. */
export interface DescribedTables {
  readonly tables: readonly TableResource[];
  /** Of the datasets that are asked for. */
  readonly location?: string;
}

/** SQL that the catalog holds: a view's query, a routine's body. */
export interface Definition {
  readonly kind: "view" | "routine" | "procedure";
  /** `project.dataset.name` */
  readonly name: TableName | RoutineName;
  readonly sql: string;
  /** What its names are completed with, where that isn't its own project. */
  readonly defaults?: NameDefaults;
}
