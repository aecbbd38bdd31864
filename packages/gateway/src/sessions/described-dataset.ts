import type { TableFieldSchema, TableName, TableResource } from "@chaperone/googlesql";
import { MOST_TABLES } from "../catalog/catalog.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import type { Connection } from "./connection.ts";
import { describedIn, describing } from "./described-table.ts";
import { Turns } from "./turns.ts";

/** A table as far as policy (action `describe`) lets the agent know of it. */
export interface DescribedInDataset {
  readonly id: string;
  readonly resource: TableResource;
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
  return describedAmong(await tableNames(connection, project, dataset), principal, connection, now, withFields);
}

/**
 * Whether the agent may know that a dataset is there: it may know of one of its tables or, where there is none, of any that could be
 * made in it, asked as CREATE SCHEMA is (`*`), with all classes that such a table could take from its dataset and `phi` (I9).
 * That all of its tables are hidden hides it, whatever policy says of others.
 */
export async function seesDataset(
  principal: AgentPrincipal,
  connection: Connection,
  project: string,
  dataset: string,
  now: number,
): Promise<boolean> {
  const names = await tableNames(connection, project, dataset);
  if (names.length > 0) return (await describedAmong(names, principal, connection, now, false)).length > 0;
  const snapshot = await connection.catalog.load([]);
  const classes = await connection.catalog.classesOfNewTable(project, dataset);
  if (classes === undefined) return false;
  const request = { ...describing(principal, connection, snapshot, now), classes: () => classes };
  return (
    (await describedIn(connection, request, snapshot, `${project}.${dataset}.*`, false, new Turns())) !== undefined
  );
}

async function tableNames(connection: Connection, project: string, dataset: string): Promise<readonly TableName[]> {
  const tables = await allPages(
    (page) => connection.upstream.listTables(project, dataset, page),
    (list) => list.tables,
  );
  return tables.map(({ name }) => name);
}

async function describedAmong(
  names: readonly TableName[],
  principal: AgentPrincipal,
  connection: Connection,
  now: number,
  withFields: boolean,
): Promise<readonly DescribedInDataset[]> {
  const described: DescribedInDataset[] = [];
  const turns = new Turns();
  for (let start = 0; start < names.length; start += MOST_TABLES) {
    const some = names.slice(start, start + MOST_TABLES);
    const snapshot = await connection.catalog.load(some);
    const request = describing(principal, connection, snapshot, now);
    for (const name of some) {
      const resource = snapshot.table(name);
      // Gone since it was listed, or one that no query can name.
      if (resource === undefined) continue;
      const fields = await describedIn(connection, request, snapshot, name, withFields, turns);
      if (fields !== undefined) described.push({ id: name.split(".")[2] ?? "", resource, fields });
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
export async function allPages<L extends { readonly nextPageToken: string | undefined }, T>(
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
