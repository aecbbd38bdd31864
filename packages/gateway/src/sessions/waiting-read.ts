import type { AgentPrincipal } from "../identity/principal.ts";
import type { Store } from "../store/store.ts";
import type { SessionEngine } from "./engine.ts";
import { principalOf, type SessionRow, sameChain } from "./session-row.ts";
import type { Statement } from "./statement.ts";

/** Held reads of one agent that are looked through; more of them can't be held at once with the limits there are by default. */
const LOOKED_AT = 200;

/**
 * The agent's own session of this very read that waits for a person, or was approved, and of which nothing was released: a read
 * that can't wait is sent again and again, and must not ask people each time. One that never waited is read anew.
 */
export async function waitingRead(
  store: Store,
  engine: SessionEngine,
  principal: AgentPrincipal,
  project: string,
  statement: Statement,
): Promise<SessionRow | undefined> {
  const rows = (await store.db
    .selectFrom("sessions")
    .selectAll()
    .where("issuer", "=", principal.issuer)
    .where("subject", "=", principal.subject)
    .where("project", "=", project)
    .where("purpose", "is", null)
    .where("state", "in", ["held", "approved", "running"])
    .where((e) =>
      e.exists(
        e.selectFrom("approval_requests").select("id").whereRef("approval_requests.session", "=", "sessions.id"),
      ),
    )
    .orderBy("created_at", "desc")
    .limit(LOOKED_AT)
    .execute()) as SessionRow[];
  return rows.find((row) => {
    const { statement: sent, dryRun } = engine.open(row);
    return (
      !dryRun &&
      sent.sql === statement.sql &&
      sent.parameters.length === 0 &&
      // On behalf of others it is another read.
      sameChain(principal, principalOf(row))
    );
  });
}
