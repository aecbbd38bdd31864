import { WAITING } from "../sessions/statements.ts";
import type { TypeCounts } from "../store/protocol.ts";
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
/** A count may be late by this. */
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
  /** Told of entries from `next` on. */
  let told = new Map<string, number>();
  let reading = false;

  async function read(): Promise<void> {
    if (reading) return;
    reading = true;
    try {
      while (told.size > 0) {
        const [from, end, counts] = [next, store.size, told];
        told = new Map();
        try {
          if (ABOUT_HELD.some((type) => counts.has(type)))
            for (let at = from; at < end; at += PAGE) await followHeld(at, Math.min(end, at + PAGE));
        } catch (error) {
          hear([...counts]);
          throw error;
        }
        next = end;
        for (const [type, n] of counts)
          if (type.startsWith("session.")) metrics.session(type.slice("session.".length), n);
        metrics.ledgerEntries(end - from);
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
  function hear(types: TypeCounts): void {
    for (const [type, n] of types) told.set(type, (told.get(type) ?? 0) + n);
  }

  const stop = store.onGrowth((_, types) => {
    hear(types);
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
