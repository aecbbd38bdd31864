import type { AgentPrincipal } from "../identity/principal.ts";
import type { Store } from "../store/store.ts";
import type { SessionEngine } from "./engine.ts";
import { ownedBy, type SessionRow } from "./session-row.ts";

/** Unfinished reads of one agent, for whom it acts now, that are looked through; more can't be held or open at once with the limits there are by default. */
const LOOKED_AT = 200;
/** A client of the Storage Read API asks again within its own patience: ten minutes. What was asked longer ago, and waits for nobody, is read anew. */
const PATIENCE_MS = 10 * 60_000;

export type Which =
  /** Waits for a person, or did, and nothing of it was released; a read that never waited is read anew. */
  | { readonly kind: "waited" }
  /** Was asked for by the Storage Read API and not answered yet: held, approved, or still running. */
  | { readonly kind: "unanswered"; readonly now: number; answered(id: string): boolean };

/**
 * The agent's own read by this very query, without parameters, that isn't over. A client whose call can't wait sends its read again and again, and must
 * neither ask people each time nor start another job.
 */
export async function unfinishedRead(
  store: Store,
  engine: SessionEngine,
  principal: AgentPrincipal,
  project: string,
  sql: string,
  which: Which,
): Promise<SessionRow | undefined> {
  const own = store.db
    .selectFrom("whole_sessions")
    .selectAll()
    .where(ownedBy(principal))
    .where("project", "=", project)
    .orderBy("created_at", "desc")
    .limit(LOOKED_AT);
  const found =
    which.kind === "waited"
      ? own
          .where("purpose", "is", null)
          .where("state", "in", ["held", "approved", "running"])
          .where((e) =>
            e.exists(
              e
                .selectFrom("approval_requests")
                .select("id")
                .whereRef("approval_requests.session", "=", "whole_sessions.id"),
            ),
          )
      : own
          .where("door", "=", "bigquery-storage")
          .where("state", "in", ["received", "analysed", "decided", "held", "approved", "running"])
          .where((e) => e.or([e("state", "in", ["held", "approved"]), e("updated_at", ">=", which.now - PATIENCE_MS)]));
  const rows = (await found.execute()) as SessionRow[];
  return rows.find((row) => {
    if (which.kind === "unanswered" && which.answered(row.id)) return false;
    const { statement, dryRun } = engine.open(row);
    return !dryRun && statement.sql === sql && statement.parameters.length === 0;
  });
}
