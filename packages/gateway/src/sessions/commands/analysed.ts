/** What analysis, policy and dry run made of a session. */
import { type Command, CommandError, type StoreTransaction } from "../../store/command.ts";
import type { SessionError, SessionState } from "../session.ts";
import { takeUses, type UsesInput } from "../table-uses.ts";
import type { SessionTables } from "../tables.ts";
import { arrive, type EventData, load, move } from "./arrows.ts";
import { checkAdmitted, type TravellingClasses, travel } from "./before-running.ts";
import { type HoldInput, hold } from "./hold.ts";

type Row = SessionTables["sessions"];

export interface AnalysedInput {
  readonly id: string;
  readonly sqlRedacted: string;
  readonly canonicalRedacted: string | null;
  readonly statementType: string | null;
  readonly plan: string | null;
  readonly analysed: EventData;
  /** What policy and the dry run made of it; absent when the text was not understood. */
  readonly decided?: {
    readonly decision: string;
    readonly binding: string;
    readonly maskPlan: string;
    readonly dryRunBytes: number | null;
    readonly data: EventData;
  };
  readonly next:
    | {
        readonly state: "running";
        readonly upstreamJob: string;
        readonly travelling: readonly TravellingClasses[];
        readonly uses: UsesInput;
        readonly data: EventData;
      }
    | { readonly state: "held"; readonly request: HoldInput }
    | { readonly state: "done"; readonly data: EventData }
    | { readonly state: "denied" | "failed"; readonly error: SessionError; readonly alarm?: EventData };
}

/** From `received` to where analysis, policy and dry run lead; every arrow in one transaction, before its effect (I3). */
export const analysed: Command<AnalysedInput, void> = async (tx, input) => {
  const { state } = await load(tx, input.id);
  if (state !== "received") throw new CommandError("wrong_state", `the session is ${state}`);
  const texts = {
    sql_redacted: input.sqlRedacted,
    canonical_redacted: input.canonicalRedacted,
    statement_type: input.statementType,
  };
  const { next, decided } = input;
  if (decided === undefined) {
    if (next.state !== "denied" && next.state !== "failed") throw new CommandError("bad_transition", "not decided");
    if (input.plan !== null)
      await move(tx, input.id, "received", "analysed", input.analysed, { ...texts, plan: input.plan });
    await refuse(
      tx,
      input.id,
      input.plan === null ? "received" : "analysed",
      next,
      { ...texts, plan: input.plan },
      input.plan === null ? input.analysed : {},
    );
    return;
  }
  arrive(tx, input.id, "received", "analysed", input.analysed);
  arrive(tx, input.id, "analysed", "decided", decided.data);
  // All cases below write it.
  const set = {
    ...texts,
    plan: input.plan,
    decision: decided.decision,
    binding: decided.binding,
    mask_plan: decided.maskPlan,
    dry_run_bytes: decided.dryRunBytes,
  };
  switch (next.state) {
    case "running":
      await checkAdmitted(tx, input.id);
      await takeUses(tx, input.id, next.uses);
      await travel(tx, input.id, next.travelling);
      await move(tx, input.id, "decided", "running", next.data, { ...set, upstream_job: next.upstreamJob });
      return;
    case "held":
      await hold(tx, input.id, "decided", next.request, set);
      return;
    case "done":
      await move(tx, input.id, "decided", "done", next.data, set);
      return;
    default:
      await refuse(tx, input.id, "decided", next, set, {});
  }
};

async function refuse(
  tx: StoreTransaction,
  id: string,
  from: SessionState,
  next: { state: "denied" | "failed"; error: SessionError; alarm?: EventData },
  set: Partial<Row>,
  data: EventData,
): Promise<void> {
  if (next.alarm !== undefined) tx.append({ type: "alarm.raised", session: id, data: next.alarm });
  await move(
    tx,
    id,
    from,
    next.state,
    { ...data, reason: next.error.reason, message: next.error.message },
    { ...set, error: JSON.stringify(next.error) },
  );
}
