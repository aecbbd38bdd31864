import { MOST_TABLES } from "../catalog/catalog.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import type { Connection } from "./connection.ts";
import { allPages } from "./described-dataset.ts";
import { describedIn, describing } from "./described-table.ts";
import { Turns } from "./turns.ts";

/** A routine or a model, by its own id within its dataset. */
export interface Named {
  readonly id: string;
  /** BigQuery's word for what kind it is. */
  readonly type: string;
}

/** What policy is asked about: of a model also what it was trained on decides. */
type What = "routines" | "models";

/**
 * Those of the routines or models named that policy (action `describe`) lets the agent know of: each asked as `*` of its name, with the
 * classes it has as a source (`phi`, unless the catalog file says otherwise, and of a model those it was trained on).
 */
export async function describableNames(
  principal: AgentPrincipal,
  connection: Connection,
  what: What,
  names: readonly string[],
  now: number,
): Promise<ReadonlySet<string>> {
  const describable = new Set<string>();
  const turns = new Turns();
  for (let start = 0; start < names.length; start += MOST_TABLES) {
    const some = names.slice(start, start + MOST_TABLES);
    const snapshot = await (what === "models" ? connection.catalog.classesOfModels(some) : connection.catalog.load([]));
    const request = describing(principal, connection, snapshot, now);
    for (const name of some)
      if ((await describedIn(connection, request, snapshot, name, false, turns)) !== undefined) describable.add(name);
  }
  return describable;
}

/** The routines or models of a dataset that the agent may know of; none of a dataset that isn't there. */
export async function describedNames(
  principal: AgentPrincipal,
  connection: Connection,
  what: What,
  project: string,
  dataset: string,
  now: number,
): Promise<readonly Named[]> {
  const { upstream } = connection;
  const all = await (what === "models"
    ? allPages(
        (page) => upstream.listModels(project, dataset, page),
        ({ names }) => names,
      )
    : allPages(
        (page) => upstream.listRoutines(project, dataset, page),
        ({ names }) => names,
      ));
  const nameOf = ({ id }: Named) => `${project}.${dataset}.${id}`;
  const describable = await describableNames(principal, connection, what, all.map(nameOf), now);
  return all.filter((one) => describable.has(nameOf(one)));
}
