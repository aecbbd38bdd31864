import type { TableName } from "@chaperone/googlesql";
import type { CatalogFile } from "./catalog-file.ts";
import type { DatasetResource } from "./classify.ts";
import { isTableName, tableParts } from "./names.ts";

/** Which names are served: those of the gateway's projects, each thing by one name alone. */

/** What of the names asked for is wrong, in words for whoever asked. Holds names, never data. */
export class CatalogError extends Error {
  override readonly name = "CatalogError";
  readonly reason: "names" | "notServed";
  /** The table that the words tell of, where it is another than the one asked for: not everybody may know of it. */
  readonly tells: TableName | undefined;

  constructor(message: string, reason: CatalogError["reason"] = "names", tells?: TableName) {
    super(message);
    this.reason = reason;
    this.tells = tells;
  }
}

/**
 * In a dataset whose names ignore case a table has many, and what is known of it by one of them (classes, policies, who uses it) isn't by the others.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#schema_option_list
 */
export function requireCase(name: string, dataset: DatasetResource | undefined): void {
  if (dataset?.isCaseInsensitive === true)
    throw new CatalogError(`Dataset ${name} isn't served: its names ignore case (is_case_insensitive).`);
}

/** @throws CatalogError `notServed`, also for a name that has no project's place */
export function requireServed(names: readonly string[], served: (project: string) => boolean): void {
  if (names.some((name) => !isTableName(name) || !served(tableParts(name).project)))
    throw new CatalogError("The query names a project that this gateway does not serve.", "notServed");
}

/** @throws CatalogError */
export function requireSpelling(file: CatalogFile | undefined, name: TableName): void {
  const { project, dataset, table } = tableParts(name);
  const known = file === undefined ? undefined : otherSpelling(file, `${project}.${dataset}`, table);
  if (known !== undefined)
    throw new CatalogError(`The catalog knows ${name} as ${known}; write it like that.`, "names", known);
}

/**
 * How the file spells a dataset or table that differs from the name asked for by capitals only. In a dataset whose
 * names ignore case both are one table, and the other spelling would miss what the file and the policies say of it.
 */
function otherSpelling(file: CatalogFile, dataset: string, table: string): string | undefined {
  const other = (names: Iterable<string>, name: string) => {
    const all = [...names];
    if (all.includes(name)) return undefined;
    return all.find((known) => known.toLowerCase() === name.toLowerCase());
  };
  const knownDataset = other(file.datasets.keys(), dataset);
  if (knownDataset !== undefined) return `${knownDataset}.${table}`;
  const knownTable = other(file.datasets.get(dataset)?.tables.keys() ?? [], table);
  return knownTable === undefined ? undefined : `${dataset}.${knownTable}`;
}
