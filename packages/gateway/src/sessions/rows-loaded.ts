import type { Store } from "../store/store.ts";
import type { Outcome } from "./job-follower.ts";
import type { SealedStatement, SessionRow } from "./session-row.ts";

/**
 * How a load whose rows were sent on ended, once nobody remembers it: the session's last entry in the ledger has the count. It is BigQuery's, of
 * the rows that the agent itself sent, all of them or none. undefined: it isn't such a load, or isn't done.
 */
export async function loadedBefore(
  store: Store,
  { id, state }: SessionRow,
  { asked, dryRun }: SealedStatement,
): Promise<Outcome | undefined> {
  if (state !== "done" || dryRun || asked?.sentOn === undefined) return undefined;
  const entry = await store.db
    .selectFrom("ledger_entries")
    .select("bytes")
    .where("session", "=", id)
    .where("type", "=", "session.done")
    .executeTakeFirst();
  if (entry === undefined) return undefined;
  const { data } = JSON.parse(Buffer.from(entry.bytes).toString()) as {
    readonly data: { readonly rowsWritten?: number };
  };
  return { ok: true, totalRows: 0, ...(data.rowsWritten === undefined ? {} : { rowsLoaded: data.rowsWritten }) };
}
