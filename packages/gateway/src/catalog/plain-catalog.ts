import type {
  DescribedTables,
  MetadataPlace,
  ModelResource,
  RoutineName,
  RoutineResource,
  TableName,
  TableResource,
} from "@chaperone/googlesql";
import type { CatalogSnapshot } from "./catalog.ts";

/** A snapshot's resources as data, for another thread. Classes aren't among them: policy is asked where it is kept. */
export interface PlainCatalog {
  readonly tables: ReadonlyMap<TableName, TableResource>;
  readonly routines: ReadonlyMap<RoutineName, RoutineResource>;
  readonly models: ReadonlyMap<string, ModelResource>;
  readonly wildcards: ReadonlyMap<TableName, readonly TableName[]>;
  readonly metadata: ReadonlyMap<MetadataPlace, DescribedTables>;
}

/** What of a snapshot analysis asks for. */
export function catalogOf({
  tables,
  routines,
  models,
  wildcards,
  metadata,
}: PlainCatalog): Pick<CatalogSnapshot, "table" | "routine" | "model" | "wildcard" | "metadata"> {
  return {
    table: (name) => tables.get(name),
    routine: (name) => routines.get(name),
    model: (name) => models.get(name),
    wildcard: (prefix) => wildcards.get(prefix)?.flatMap((name) => tables.get(name) ?? []),
    metadata: (place) => metadata.get(place),
  };
}
