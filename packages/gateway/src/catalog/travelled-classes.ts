import type { TableName } from "@chaperone/googlesql";
import { prepare } from "../store/prepared.ts";
import type { Store } from "../store/store.ts";
import type { DataClass } from "./data-class.ts";

/** The classes that columns took from what was written into them, by table and then by path in lower case. */
export type TravelledClasses = ReadonlyMap<TableName, ReadonlyMap<string, readonly DataClass[]>>;

/** Where they are kept: written with the start of the session that writes, read with each catalog snapshot. */
export interface TravelledClassesSource {
  of(tables: readonly TableName[]): Promise<TravelledClasses>;
  /** While this is the same, nothing has travelled since. undefined, or absent: nobody knows. */
  version?(): number | undefined;
}

const CLASSES = prepare((db, given: { readonly connection: string; readonly table: string }) =>
  db
    .selectFrom("travelled_classes")
    .select(["path", "class"])
    .where("connection", "=", given.connection)
    .where("table", "=", given.table)
    .orderBy("path")
    .orderBy("class"),
).remembered("travelled_classes");

export function travelledClassesIn(store: Pick<Store, "db">, connection: string): TravelledClassesSource {
  return {
    version: () => CLASSES.version(store),
    async of(tables) {
      const found = new Map<TableName, Map<string, DataClass[]>>();
      for (const table of tables) {
        const paths = new Map<string, DataClass[]>();
        for (const row of await CLASSES.all(store, { connection, table }))
          paths.set(row.path, [...(paths.get(row.path) ?? []), row.class]);
        if (paths.size > 0) found.set(table, paths);
      }
      return found;
    },
  };
}
