import { createHash } from "node:crypto";
import type { DescribedTables, MetadataPlace, NamedPlace, TableResource } from "@chaperone/googlesql";
import { type CatalogSnapshot, MOST_TABLES } from "../catalog/catalog.ts";
import { CatalogError } from "../catalog/served-names.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import type { Connection } from "./connection.ts";
import { datasetNames, describedDataset } from "./described-dataset.ts";

/**
 * What INFORMATION_SCHEMA tells this agent: the tables that tables.list shows it, with the fields that tables.get shows, and nothing beside (I9,
 * threat-model row 13). It becomes part of what is analysed, and of the version that an approval is bound to (I6).
 */
export async function withMetadata(
  snapshot: CatalogSnapshot,
  places: readonly NamedPlace[],
  principal: AgentPrincipal,
  connection: Connection,
  now: number,
): Promise<CatalogSnapshot> {
  if (places.length === 0) return snapshot;
  const described = new Map<MetadataPlace, DescribedTables>();
  let count = 0;
  for (const { place, fields: withFields } of places) {
    const dot = place.lastIndexOf(".");
    const project = place.slice(0, dot);
    if (!connection.projects.includes(project))
      throw new CatalogError("The query names a project that this gateway does not serve.", "notServed");
    const tables: TableResource[] = [];
    for (const dataset of await datasetsOf(connection, project, place.slice(dot + 1))) {
      for (const { resource, fields } of await describedDataset(
        principal,
        connection,
        project,
        dataset,
        now,
        withFields,
      )) {
        if (++count > MOST_TABLES)
          throw new CatalogError(
            `INFORMATION_SCHEMA would describe more than ${MOST_TABLES} tables; name one dataset.`,
          );
        tables.push(shapeOf(resource, fields));
      }
    }
    described.set(place, { tables, location: connection.location });
  }
  const version = createHash("sha256")
    .update(JSON.stringify([snapshot.version, [...described]]))
    .digest("hex");
  return {
    version,
    missing: snapshot.missing,
    table: (name) => snapshot.table(name),
    model: (name) => snapshot.model(name),
    routine: (name) => snapshot.routine(name),
    wildcard: (prefix) => snapshot.wildcard(prefix),
    classes: (column, when) => snapshot.classes(column, when),
    subject: (table) => snapshot.subject(table),
    metadata: (place) => described.get(place),
    // What is described to an agent is asked for each time.
    isCurrent: () => false,
    plain: () => ({ ...snapshot.plain(), metadata: described }),
  };
}

/** A region is the connection's own: it serves no other. */
async function datasetsOf(connection: Connection, project: string, where: string): Promise<readonly string[]> {
  if (where !== "" && !where.startsWith("region-")) return [where];
  if (where !== "" && where !== `region-${connection.location.toLowerCase()}`)
    throw new CatalogError("INFORMATION_SCHEMA is asked of a region that this connection does not serve.", "notServed");
  return datasetNames(connection, project);
}

/** Its name, its kind and the fields that may be told: labels, texts and options are not. */
function shapeOf(
  { tableReference, type }: TableResource,
  fields: NonNullable<TableResource["schema"]>["fields"],
): TableResource {
  return { tableReference, ...(type === undefined ? {} : { type }), schema: { fields: fields ?? [] } };
}
