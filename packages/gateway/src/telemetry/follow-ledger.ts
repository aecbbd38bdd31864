import type { Store } from "../store/store.ts";
import type { Metrics } from "./metrics.ts";

const DECISIONS = {
  "session.approved": "approved",
  "session.denied": "denied",
  "session.expired": "expired",
  "session.cancelled": "cancelled",
} as const;
/** Entries read at once. */
const PAGE = 1000;
/** A count may be late by this: a busy ledger grows many times in it. */
const LATE_MS = 200;

/**
 * Counts what the ledger says happened: one place to count, and no count without its evidence.
 * Returns the way to stop. Call it before the first request.
 */
export async function followLedger(
  store: Pick<Store, "db" | "size" | "onGrowth">,
  metrics: Metrics,
  failed: (error: unknown) => void,
): Promise<() => void> {
  const held = new Set<string>();
  for (const { id } of await store.db.selectFrom("sessions").select("id").where("state", "=", "held").execute())
    held.add(id);
  metrics.held(held.size);
  let next = store.size;
  let reading = false;

  async function read(): Promise<void> {
    if (reading) return;
    reading = true;
    try {
      while (next < store.size) {
        const entries = await store.db
          .selectFrom("ledger_entries")
          .select(["idx", "type", "session", "time"])
          .where("idx", ">=", next)
          .orderBy("idx")
          .limit(PAGE)
          .execute();
        if (entries.length === 0) break;
        for (const { type, session, time } of entries)
          if (session !== null && type.startsWith("session.")) {
            metrics.session(type.slice("session.".length));
            if (type === "session.held") held.add(session);
            else if (held.delete(session)) await waited(type, session, time);
          }
        metrics.ledgerEntries(entries.length);
        next += entries.length;
      }
      metrics.held(held.size);
    } finally {
      reading = false;
    }
  }

  /** How long one that was held waited. */
  async function waited(type: string, session: string, time: number): Promise<void> {
    if (!Object.hasOwn(DECISIONS, type)) return;
    const request = await store.db
      .selectFrom("approval_requests")
      .select("created_at")
      .where("session", "=", session)
      .orderBy("created_at", "desc")
      .executeTakeFirst();
    if (request !== undefined)
      metrics.approvalWait(DECISIONS[type as keyof typeof DECISIONS], (time - request.created_at) / 1000);
  }

  let late: NodeJS.Timeout | undefined;
  const stop = store.onGrowth(() => {
    late ??= setTimeout(() => {
      late = undefined;
      void read().catch(failed);
    }, LATE_MS).unref();
  });
  return () => {
    clearTimeout(late);
    stop();
  };
}
