import type { TableFieldSchema, TableResource } from "@chaperone/googlesql";
import type { CatalogSnapshot } from "../catalog/catalog.ts";
import { tableParts } from "../catalog/names.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { describableForAll } from "../policy/intersect.ts";
import type { Connection } from "./connection.ts";
import { Turns } from "./turns.ts";

/** What policy (action `describe`) lets an agent know of a table: that it is there, and which fields it has. */
export type DescribedTable =
  | { readonly kind: "unknown" }
  /** Whoever only asks about it is told what they are told of one that isn't there (I9). */
  | { readonly kind: "hidden" }
  | {
      readonly kind: "described";
      readonly resource: TableResource;
      /** Without the fields that the agent may not know of, at every depth. */
      readonly fields: readonly TableFieldSchema[];
    };

export async function describedTable(
  principal: AgentPrincipal,
  connection: Connection,
  name: string,
  now: number,
): Promise<DescribedTable> {
  // A load job's table may be anywhere.
  if (!connection.projects.includes(tableParts(name).project)) return { kind: "unknown" };
  const snapshot = await connection.catalog.load([name]);
  const resource = snapshot.table(name);
  if (resource === undefined) return { kind: "unknown" };
  const request = describing(principal, connection, snapshot, now);
  const fields = await describedIn(connection, request, snapshot, name, true, new Turns());
  return fields === undefined ? { kind: "hidden" } : { kind: "described", resource, fields };
}

/** Names that policy is asked about in one step. */
const STEP = 16;

/**
 * The fields of a table that may be told, where they are asked for; undefined where the table itself may not. In turns with all else: ten thousand columns
 * are as many questions.
 */
export async function describedIn(
  connection: Connection,
  request: Parameters<typeof describableForAll>[1],
  snapshot: CatalogSnapshot,
  name: string,
  withFields: boolean,
  turns: Turns,
): Promise<readonly TableFieldSchema[] | undefined> {
  const fields = withFields ? (snapshot.table(name)?.schema?.fields ?? []) : [];
  const asked = ["*", ...paths(fields)];
  const allowed = new Set<string>();
  for (let start = 0; start < asked.length; start += STEP) {
    await turns.next();
    const some = describableForAll(connection.policies, request, name, asked.slice(start, start + STEP));
    for (const path of some) allowed.add(path);
  }
  return allowed.has("*") ? shown(fields, allowed, "") : undefined;
}

/** What policy is asked by, where an agent asks for names and types. */
export function describing(
  principal: AgentPrincipal,
  connection: Connection,
  snapshot: CatalogSnapshot,
  now: number,
): Parameters<typeof describableForAll>[1] {
  return {
    principal,
    classes: (column) => snapshot.classes(column),
    context: { purpose: undefined, connection: connection.name, now },
  };
}

function paths(fields: readonly TableFieldSchema[], prefix = ""): string[] {
  return fields.flatMap((f) => [`${prefix}${f.name}`, ...paths(f.fields ?? [], `${prefix}${f.name}.`)]);
}

function shown(fields: readonly TableFieldSchema[], allowed: ReadonlySet<string>, prefix: string): TableFieldSchema[] {
  return fields
    .filter(({ name }) => allowed.has(`${prefix}${name}`))
    .map((f) => (f.fields === undefined ? f : { ...f, fields: shown(f.fields, allowed, `${prefix}${f.name}.`) }));
}
