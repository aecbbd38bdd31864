/** How a session ends. */
import { type Command, CommandError } from "../../store/command.ts";
import { FINAL_STATES, recordable, type SessionError } from "../session.ts";
import { NOT_NAMED } from "../session-row.ts";
import { UPSTREAM_JOB, updateSession } from "../statements.ts";
import { endUses } from "../table-uses.ts";
import { type EventData, load, move } from "./arrows.ts";

export interface EndInput {
  readonly id: string;
  readonly state: "done" | "denied" | "failed" | "cancelled";
  readonly error?: SessionError;
  readonly alarm?: EventData;
  readonly data: EventData;
}

/** Ends a session. Ending one that has ended already changes nothing and says so. */
export const end: Command<EndInput, { ended: boolean }> = async (tx, input) => {
  const { state } = load(tx, input.id);
  // An alarm is one whatever the state: a finished session's rows can be paged again, and upstream can lie then too.
  if (input.alarm !== undefined) tx.append({ type: "alarm.raised", session: input.id, data: input.alarm });
  if (FINAL_STATES.has(state)) return { ended: false };
  await tx.db
    .updateTable("approval_requests")
    .set({ state: "cancelled", decided_at: tx.now })
    .where("session", "=", input.id)
    .where("state", "=", "pending")
    .execute();
  const error = input.error === undefined ? undefined : recordable(input.error);
  move(
    tx,
    input.id,
    state,
    input.state,
    { ...input.data, ...(error === undefined ? {} : { reason: error.reason, message: error.message }) },
    error === undefined ? {} : { error: JSON.stringify(error) },
  );
  return { ended: true };
};

/**
 * Which job the session's is, where nobody said so before; of an ended session too, since it may yet run. Returns which it is: two may look for it, or one
 * find it while another begins one, and the first of them counts.
 */
export const jobNamed: Command<
  { readonly id: string; readonly upstreamJob: string; readonly dryRunBytes: number | null },
  { readonly upstreamJob: string }
> = (tx, { id, upstreamJob, dryRunBytes }) => {
  const named = UPSTREAM_JOB.first(tx, { id })?.upstream_job;
  if (named == null) throw new CommandError("wrong_state", "the session has no job");
  if (named !== NOT_NAMED) return { upstreamJob: named };
  const change = { upstream_job: upstreamJob, dry_run_bytes: dryRunBytes };
  updateSession(change).all(tx, { ...change, id });
  tx.append({ type: "session.job-named", session: id, data: { upstreamJob } });
  return { upstreamJob };
};

/** The job is over upstream; its rows may still be fetched. */
export const jobOver: Command<{ readonly id: string }, void> = (tx, { id }) => endUses(tx, id);
