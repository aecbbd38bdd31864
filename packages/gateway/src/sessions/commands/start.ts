/** From an approval to the run, or to another request where it no longer fits (I6). */
import { standingApprovals } from "../../approvals/standing.ts";
import type { CanonicalText } from "../../evidence/event.ts";
import type { AgentPrincipal } from "../../identity/principal.ts";
import { type Command, CommandError } from "../../store/command.ts";
import { takeUses, type UsesInput } from "../table-uses.ts";
import { type EventData, load, move } from "./arrows.ts";
import { checkAdmitted, type TravellingClasses, travel } from "./before-running.ts";
import { type HoldInput, hold } from "./hold.ts";
import { type TextsInput, textsOf } from "./texts.ts";

export interface StartInput {
  readonly id: string;
  /** Recomputed just now from principal, statement, plan, schema, masks and policy (I6). */
  readonly binding: string;
  readonly upstreamJob: string;
  readonly travelling: readonly TravellingClasses[];
  readonly uses: UsesInput;
  readonly data: EventData;
}

/** `approved` to `running`, only if what was approved is exactly what would run, once. */
export const start: Command<StartInput, void> = async (tx, input) => {
  const session = load(tx, input.id);
  if (session.state !== "approved") throw new CommandError("wrong_state", `the session is ${session.state}`);
  const request = await tx.db
    .selectFrom("approval_requests")
    .select(["id", "binding", "expires_at", "needed"])
    .where("session", "=", input.id)
    .where("state", "=", "approved")
    .executeTakeFirst();
  if (request === undefined) throw new CommandError("not_approved", "no approval stands for this session");
  if (request.expires_at <= tx.now) throw new CommandError("expired", "the approval has expired");
  const principal = JSON.parse(session.principal) as AgentPrincipal;
  if ((await standingApprovals(tx, request.id, principal)) < request.needed)
    throw new CommandError("not_approved", "who approved it was revoked since, or has to do with its agent now");
  if (request.binding !== input.binding)
    throw new CommandError("binding_changed", "what was approved is not what would run");
  checkAdmitted(tx, session);
  await takeUses(tx, input.id, input.uses);
  await travel(tx, input.id, input.travelling);
  move(
    tx,
    input.id,
    "approved",
    "running",
    { ...input.data, request: request.id, binding: input.binding },
    { upstream_job: input.upstreamJob },
  );
};

/** The approval no longer fits: ask again, with what holds now (I6). */
export const askAgain: Command<
  {
    readonly id: string;
    readonly request: HoldInput;
    readonly texts: TextsInput;
    readonly dryRunBytes: number | null;
    /** What holds now, as the ledger says it: that is what is asked about from here on. */
    readonly analysed: CanonicalText;
    readonly decided: CanonicalText;
  },
  void
> = async (tx, input) => {
  const { state } = load(tx, input.id);
  if (state !== "approved" && state !== "held") throw new CommandError("wrong_state", `the session is ${state}`);
  await tx.db
    .updateTable("approval_requests")
    .set({ state: "superseded", decided_at: tx.now })
    .where("session", "=", input.id)
    .where("state", "in", ["pending", "approved"])
    .execute();
  await tx.db
    .updateTable("sessions")
    .set({ texts: textsOf(tx, input.texts), dry_run_bytes: input.dryRunBytes })
    .where("id", "=", input.id)
    .execute();
  tx.append({ type: "session.analysed-anew", session: input.id, data: input.analysed });
  tx.append({ type: "session.decided-anew", session: input.id, data: input.decided });
  await hold(tx, input.id, state, input.request);
};
