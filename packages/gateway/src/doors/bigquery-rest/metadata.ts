import type { TableFieldSchema } from "@chaperone/googlesql";
import type { AgentPrincipal } from "../../identity/principal.ts";
import type { Connection } from "../../sessions/connection.ts";
import { datasetNames, describedDataset, seesDataset } from "../../sessions/described-dataset.ts";
import { describedTable } from "../../sessions/described-table.ts";
import { notFound } from "./google-error.ts";

/**
 * Names and types, as far as policy lets the agent see them (action `describe`). Shape only: no descriptions, labels,
 * row counts, view texts or defaults, since each of them can hold data (I9).
 */
export class MetadataReader {
  readonly #connections: readonly Connection[];
  readonly #clock: () => number;

  constructor(connections: readonly Connection[], clock: () => number) {
    this.#connections = connections;
    this.#clock = clock;
  }

  projects(): unknown {
    const projects = this.#connections.flatMap((c) => c.projects);
    return {
      kind: "bigquery#projectList",
      projects: projects.map((id) => ({
        kind: "bigquery#project",
        id,
        projectReference: { projectId: id },
        friendlyName: id,
      })),
      totalItems: projects.length,
    };
  }

  async datasets(principal: AgentPrincipal, connection: Connection, project: string): Promise<unknown> {
    const seen = [];
    for (const datasetId of await datasetNames(connection, project))
      if (await seesDataset(principal, connection, project, datasetId, this.#clock())) seen.push(datasetId);
    return { kind: "bigquery#datasetList", datasets: seen.map((id) => datasetResource(project, id, connection)) };
  }

  async dataset(principal: AgentPrincipal, connection: Connection, project: string, dataset: string): Promise<unknown> {
    if (!(await seesDataset(principal, connection, project, dataset, this.#clock()))) throw notFound("Dataset");
    return datasetResource(project, dataset, connection);
  }

  async tables(principal: AgentPrincipal, connection: Connection, project: string, dataset: string): Promise<unknown> {
    const tables = await describedDataset(principal, connection, project, dataset, this.#clock(), false);
    return {
      kind: "bigquery#tableList",
      tables: tables.map(({ id: tableId, resource }) => ({
        kind: "bigquery#table",
        id: `${project}:${dataset}.${tableId}`,
        tableReference: { projectId: project, datasetId: dataset, tableId },
        type: resource.type ?? "TABLE",
      })),
      totalItems: tables.length,
    };
  }

  async table(
    principal: AgentPrincipal,
    connection: Connection,
    project: string,
    dataset: string,
    table: string,
  ): Promise<unknown> {
    const name = `${project}.${dataset}.${table}`;
    const described = await describedTable(principal, connection, name, this.#clock());
    if (described.kind !== "described") throw notFound("Table");
    return {
      kind: "bigquery#table",
      id: `${project}:${dataset}.${table}`,
      tableReference: { projectId: project, datasetId: dataset, tableId: table },
      type: described.resource.type ?? "TABLE",
      location: connection.location,
      schema: { fields: described.fields.map(shape) },
    };
  }
}

export function datasetResource(project: string, dataset: string, connection: Connection): unknown {
  return {
    kind: "bigquery#dataset",
    id: `${project}:${dataset}`,
    datasetReference: { projectId: project, datasetId: dataset },
    location: connection.location,
  };
}

/** Shape alone: no description, tag or default. */
function shape(f: TableFieldSchema): unknown {
  return {
    name: f.name,
    type: f.type,
    mode: f.mode ?? "NULLABLE",
    ...(f.fields === undefined ? {} : { fields: f.fields.map(shape) }),
  };
}
