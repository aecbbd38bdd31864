import type { TableName } from "@chaperone/googlesql";
import type { Store } from "../store/store.ts";
import type { DataClass } from "./data-class.ts";

/** The classes that columns took from what was written into them, by table and then by path in lower case. */
export type TravelledClasses = ReadonlyMap<TableName, ReadonlyMap<string, readonly DataClass[]>>;

/** Where they are kept: written with the start of the session that writes, read with each catalog snapshot. */
export interface TravelledClassesSource {
  of(tables: readonly TableName[]): Promise<TravelledClasses>;
}

/** Tables asked for in one statement; SQLite takes more, and PostgreSQL too. */
const AT_ONCE = 500;

export function travelledClassesIn(store: Pick<Store, "db">, connection: string): TravelledClassesSource {
  return {
    async of(tables) {
      const found = new Map<TableName, Map<string, DataClass[]>>();
      for (let start = 0; start < tables.length; start += AT_ONCE) {
        const rows = await store.db
          .selectFrom("travelled_classes")
          .select(["table", "path", "class"])
          .where("connection", "=", connection)
          .where("table", "in", tables.slice(start, start + AT_ONCE))
          .orderBy("table")
          .orderBy("path")
          .orderBy("class")
          .execute();
        for (const row of rows) {
          const paths = found.get(row.table) ?? new Map<string, DataClass[]>();
          found.set(row.table, paths);
          paths.set(row.path, [...(paths.get(row.path) ?? []), row.class]);
        }
      }
      return found;
    },
  };
}
