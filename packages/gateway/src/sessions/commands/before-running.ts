/** What must hold, and be written, before anything runs. */
import type { AgentPrincipal } from "../../identity/principal.ts";
import { stillAdmitted } from "../../identity/revocation.ts";
import { LastMade } from "../../last-made.ts";
import { CommandError, type StoreTransaction } from "../../store/command.ts";

/** Principals of the last sessions, by their text, which is the same for many. */
const principals = new LastMade<AgentPrincipal>(256, 8192);

/** Nothing begins to run for an agent (as its session names it) that was suspended or revoked since it asked. @throws CommandError `suspended` */
export function checkAdmitted(tx: StoreTransaction, { principal }: { readonly principal: string }): void {
  if (!stillAdmitted(tx, principals.of(principal, JSON.parse), tx.now))
    throw new CommandError("suspended", "the agent is not active");
}

/** A column that the session is about to write values of these classes into (threat-model C4). */
export interface TravellingClasses {
  /** `project.dataset.table`. */
  readonly table: string;
  /** In lower case; `*`: that rows exist. */
  readonly path: string;
  readonly classes: readonly string[];
}

/** In the transaction that starts the run: whoever can read what it wrote finds the classes already there. */
export async function travel(
  tx: StoreTransaction,
  session: string,
  columns: readonly TravellingClasses[],
): Promise<void> {
  if (columns.length === 0) return;
  const { connection } = await tx.db
    .selectFrom("sessions")
    .select("connection")
    .where("id", "=", session)
    .executeTakeFirstOrThrow();
  for (const { table, path, classes } of columns) {
    for (const dataClass of classes) {
      await tx.db
        .insertInto("travelled_classes")
        .values({ connection, table, path, class: dataClass, session, since: tx.now })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
  }
}
