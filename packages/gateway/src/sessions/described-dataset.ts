import type { TableFieldSchema, TableResource } from "@chaperone/googlesql";
import { MOST_TABLES } from "../catalog/catalog.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import type { Connection } from "./connection.ts";
import { describedIn, describing } from "./described-table.ts";

/** A table as far as policy (action `describe`) lets the agent know of it. */
export interface DescribedInDataset {
  readonly id: string;
  /** undefined: it is gone since it was listed. */
  readonly resource: TableResource | undefined;
  /** Empty where nobody asked for them. */
  readonly fields: readonly TableFieldSchema[];
}

/** Pages of names read for one answer: a dataset with more tables than this is listed in part. */
const MOST_PAGES = 20;

/** The tables of a dataset that the agent may know of, as tables.list and INFORMATION_SCHEMA show them. */
export async function describedDataset(
  principal: AgentPrincipal,
  connection: Connection,
  project: string,
  dataset: string,
  now: number,
  withFields: boolean,
): Promise<readonly DescribedInDataset[]> {
  const tables = await allPages(
    (page) => connection.upstream.listTables(project, dataset, page),
    (list) => list.tables,
  );
  const names = tables.map(({ name }) => name);
  const described: DescribedInDataset[] = [];
  for (let start = 0; start < names.length; start += MOST_TABLES) {
    const some = names.slice(start, start + MOST_TABLES);
    const snapshot = await connection.catalog.load(some);
    const request = describing(principal, connection, snapshot, now);
    for (const name of some) {
      const fields = describedIn(connection, request, snapshot, name, withFields);
      if (fields !== undefined)
        described.push({ id: name.split(".")[2] ?? "", resource: snapshot.table(name), fields });
    }
  }
  return described;
}

export async function datasetNames(connection: Connection, project: string): Promise<readonly string[]> {
  const datasets = await allPages(
    (page) => connection.upstream.listDatasets(project, page),
    (list) => list.datasets,
  );
  return datasets.map(({ datasetReference }) => datasetReference.datasetId);
}

/** All items of a paged list, as far as MOST_PAGES goes. */
async function allPages<L extends { readonly nextPageToken: string | undefined }, T>(
  read: (page: { readonly pageToken?: string; readonly maxResults: number }) => Promise<L | undefined>,
  items: (list: L) => readonly T[],
): Promise<T[]> {
  const all: T[] = [];
  let pageToken: string | undefined;
  for (let n = 0; n < MOST_PAGES; n++) {
    const list = await read({ maxResults: 1000, ...(pageToken === undefined ? {} : { pageToken }) });
    if (list === undefined) break;
    all.push(...items(list));
    pageToken = list.nextPageToken;
    if (pageToken === undefined) break;
  }
  return all;
}
