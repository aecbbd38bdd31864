import { WAITING } from "../sessions/statements.ts";
import { prepare } from "../store/prepared.ts";
import type { Store } from "../store/store.ts";
import type { Metrics } from "./metrics.ts";

const DECISIONS = {
  "session.approved": "approved",
  "session.denied": "denied",
  "session.expired": "expired",
  "session.cancelled": "cancelled",
} as const;
/** What makes a session held, or ends that. */
const ABOUT_HELD = [
  "session.held",
  "session.approved",
  "session.denied",
  "session.expired",
  "session.cancelled",
  "session.failed",
];
/** Entries looked through at once. */
const PAGE = 1000;
/** Counted by SQLite: a query has eight entries, of which all but the number is the same as of others. */
const COUNTS = prepare((db, given: { readonly next: number; readonly end: number }) =>
  db
    .selectFrom("ledger_entries")
    .select((e) => ["type", e.fn.countAll<number>().as("n")])
    .where("idx", ">=", given.next)
    .where("idx", "<", given.end)
    .groupBy("type"),
);
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
  const before = store.db.selectFrom("sessions").select("id").where("state", "=", "held").where(WAITING);
  for (const { id } of await before.execute()) held.add(id);
  metrics.held(held.size);
  let next = store.size;
  let reading = false;

  async function read(): Promise<void> {
    if (reading) return;
    reading = true;
    try {
      while (next < store.size) {
        const end = Math.min(store.size, next + PAGE);
        const counts = await COUNTS.all(store, { next, end });
        if (counts.some(({ type }) => ABOUT_HELD.includes(type))) await followHeld(next, end);
        for (const { type, n } of counts)
          if (type.startsWith("session.")) metrics.session(type.slice("session.".length), n);
        metrics.ledgerEntries(end - next);
        next = end;
      }
      metrics.held(held.size);
    } finally {
      reading = false;
    }
  }

  async function followHeld(from: number, end: number): Promise<void> {
    const entries = await store.db
      .selectFrom("ledger_entries")
      .select(["type", "session", "time"])
      .where("idx", ">=", from)
      .where("idx", "<", end)
      .where("type", "in", ABOUT_HELD)
      .orderBy("idx")
      .execute();
    for (const { type, session, time } of entries)
      if (session !== null) {
        if (type === "session.held") held.add(session);
        else if (held.delete(session)) await waited(type, session, time);
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
