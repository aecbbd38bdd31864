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
        for (const { type, session, time } of entries) if (session !== null) await count(type, session, time);
        metrics.ledgerEntries(entries.length);
        next += entries.length;
      }
      metrics.held(held.size);
    } finally {
      reading = false;
    }
  }

  async function count(type: string, session: string, time: number): Promise<void> {
    if (!type.startsWith("session.")) return;
    metrics.session(type.slice("session.".length));
    if (type === "session.held") {
      held.add(session);
      return;
    }
    if (!held.delete(session) || !Object.hasOwn(DECISIONS, type)) return;
    const request = await store.db
      .selectFrom("approval_requests")
      .select("created_at")
      .where("session", "=", session)
      .orderBy("created_at", "desc")
      .executeTakeFirst();
    if (request !== undefined)
      metrics.approvalWait(DECISIONS[type as keyof typeof DECISIONS], (time - request.created_at) / 1000);
  }

  return store.onGrowth(() => void read().catch(failed));
}
