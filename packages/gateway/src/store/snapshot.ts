import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Kysely } from "kysely";
import { StoreError } from "./errors.ts";
import { STORE_LIMITS } from "./limits.ts";
import { askDirectly, type Connected } from "./prepared.ts";
import type { Database } from "./schema.ts";
import { SqliteConnection } from "./sqlite-dialect.ts";
import { type StoreIdentity, statePaths } from "./state-directory.ts";
import { readIdentity } from "./writer.ts";

/**
 * Reads a store, running or stopped, as it is at one moment: what is committed meanwhile isn't seen. `on`: what prepared statements are asked of. Throws StoreError
 * "unavailable" where there is no store.
 */
export async function withSnapshot<T>(
  directory: string,
  read: (db: Kysely<Database>, identity: StoreIdentity, on: Connected) => Promise<T>,
): Promise<T> {
  const { database } = statePaths(resolve(directory));
  if (!existsSync(database)) throw new StoreError("unavailable", `there is no store in ${directory}`);
  const connection = new DatabaseSync(database, { readOnly: true, timeout: STORE_LIMITS.busyTimeout });
  try {
    connection.exec("BEGIN");
    const identity = readIdentity(connection);
    if (identity === undefined) throw new StoreError("unavailable", `the store in ${directory} has never been started`);
    const snapshot = new SqliteConnection(connection);
    const on = { db: snapshot.kysely(() => undefined) };
    askDirectly(on, snapshot, () => undefined);
    return await read(on.db, identity, on);
  } finally {
    connection.close();
  }
}
