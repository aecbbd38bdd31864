import type { AgentPrincipal } from "../../identity/principal.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import { principalOf, type SessionRow, sameChain } from "../../sessions/session-row.ts";
import type { Store } from "../../store/store.ts";

/** A client asks again within its own patience: ten minutes. What was asked longer ago, and waits for nobody, is read anew. */
const PATIENCE_MS = 10 * 60_000;
/** Unfinished reads of one agent that are looked through; more can't be held or open at once with the limits there are by default. */
const LOOKED_AT = 200;

/**
 * The agent's own read by this very query that was sent through this door and not answered yet: held for a person, approved, or still
 * running. A client that is told UNAVAILABLE sends its read again, and must neither ask people again nor start another job.
 */
export async function pendingRead(
  store: Store,
  engine: SessionEngine,
  principal: AgentPrincipal,
  project: string,
  sql: string,
  now: number,
  answered: (id: string) => boolean,
): Promise<SessionRow | undefined> {
  const rows = (await store.db
    .selectFrom("sessions")
    .selectAll()
    .where("issuer", "=", principal.issuer)
    .where("subject", "=", principal.subject)
    .where("project", "=", project)
    .where("door", "=", "bigquery-storage")
    .where("state", "in", ["received", "analysed", "decided", "held", "approved", "running"])
    .where((e) => e.or([e("state", "in", ["held", "approved"]), e("updated_at", ">=", now - PATIENCE_MS)]))
    .orderBy("created_at", "desc")
    .limit(LOOKED_AT)
    .execute()) as SessionRow[];
  return rows.find(
    (row) => !answered(row.id) && engine.open(row).statement.sql === sql && sameChain(principal, principalOf(row)),
  );
}
