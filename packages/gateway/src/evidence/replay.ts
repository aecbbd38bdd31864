import type { Store } from "../store/store.ts";
import type { Json } from "./event.ts";

/** One ledger entry of a session, as it stands in the log. */
export interface ReplayStep {
  /** Index in the ledger: what an inclusion proof is made for. */
  readonly index: number;
  /** RFC 3339. */
  readonly time: string;
  readonly type: string;
  readonly data: { readonly [key: string]: Json };
}

/** Most entries of one session that one answer holds. */
const MOST_STEPS = 10_000;

/** A session's entries in order: what was asked, decided, approved, run, released and masked. No values: none are stored (I5). */
export async function replay(store: Store, session: string): Promise<ReplayStep[]> {
  const rows = await store.db
    .selectFrom("ledger_entries")
    .select(["idx", "bytes"])
    .where("session", "=", session)
    .orderBy("idx")
    .limit(MOST_STEPS)
    .execute();
  return rows.map(({ idx, bytes }) => {
    const entry = JSON.parse(Buffer.from(bytes).toString("utf8")) as {
      time: string;
      type: string;
      data: { readonly [key: string]: Json };
    };
    return { index: idx, time: entry.time, type: entry.type, data: entry.data };
  });
}
