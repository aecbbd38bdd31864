/** What analysis, policy and dry run made of a session. */
import type { CanonicalText } from "../../evidence/event.ts";
import { type Command, CommandError, type StoreTransaction } from "../../store/command.ts";
import { recordable, type SessionError, type SessionState } from "../session.ts";
import { takeUses, type UsesInput } from "../table-uses.ts";
import type { SessionTables } from "../tables.ts";
import { arrive, type EventData, load, move } from "./arrows.ts";
import { checkAdmitted, type TravellingClasses, travel } from "./before-running.ts";
import { type HoldInput, hold } from "./hold.ts";
import { type TextsInput, textsOf } from "./texts.ts";

type Row = SessionTables["sessions"];

export interface AnalysedInput {
  readonly id: string;
  readonly statementType: string | null;
  readonly texts: TextsInput;
  readonly analysed: CanonicalText;
  /** What policy and the dry run made of it; absent when the text was not understood. */
  readonly decided?: {
    readonly binding: string;
    readonly dryRunBytes: number | null;
    readonly data: CanonicalText;
  };
  readonly next:
    | {
        readonly state: "running";
        readonly upstreamJob: string;
        readonly travelling: readonly TravellingClasses[];
        readonly uses: UsesInput;
        readonly data: EventData | CanonicalText;
      }
    | { readonly state: "held"; readonly request: HoldInput }
    | { readonly state: "done"; readonly data: EventData }
    | { readonly state: "denied" | "failed"; readonly error: SessionError; readonly alarm?: EventData };
}

export interface AnalysedOutput {
  /** When it was recorded, milliseconds since the epoch. */
  readonly at: number;
  /** Its place of `decided_texts`. */
  readonly texts: number;
}

/** From `received` to where analysis, policy and dry run lead; every arrow in one transaction, before its effect (I3). */
export const analysed: Command<AnalysedInput, AnalysedOutput> = (tx, input) => {
  const session = load(tx, input.id);
  if (session.state !== "received") throw new CommandError("wrong_state", `the session is ${session.state}`);
  const texts = { texts: textsOf(tx, input.texts), statement_type: input.statementType };
  const output = { at: tx.now, texts: texts.texts };
  const { next, decided } = input;
  if (decided === undefined) {
    if (next.state !== "denied" && next.state !== "failed") throw new CommandError("bad_transition", "not decided");
    refuse(tx, input.id, "received", next, texts);
    return output;
  }
  // All cases below write it.
  const set = { ...texts, ...decide(tx, input, decided) };
  switch (next.state) {
    case "running": {
      checkAdmitted(tx, session);
      const run = (): AnalysedOutput => {
        move(tx, input.id, "decided", "running", next.data, { ...set, upstream_job: next.upstreamJob });
        return output;
      };
      if (next.uses.uses.length === 0 && next.travelling.length === 0) return run();
      return takeUses(tx, input.id, next.uses)
        .then(() => travel(tx, input.id, next.travelling))
        .then(run);
    }
    case "held":
      return hold(tx, input.id, "decided", next.request, set).then(() => output);
    case "done":
      move(tx, input.id, "decided", "done", next.data, set);
      return output;
    default:
      refuse(tx, input.id, "decided", next, set);
      return output;
  }
};

/** To `decided`: what the row says of it. */
export function decide(
  tx: StoreTransaction,
  { id, analysed }: AnalysedInput,
  { binding, dryRunBytes, data }: NonNullable<AnalysedInput["decided"]>,
): { readonly binding: string; readonly dry_run_bytes: number | null } {
  arrive(tx, id, "received", "analysed", analysed);
  arrive(tx, id, "analysed", "decided", data);
  return { binding, dry_run_bytes: dryRunBytes };
}

function refuse(
  tx: StoreTransaction,
  id: string,
  from: SessionState,
  next: { state: "denied" | "failed"; error: SessionError; alarm?: EventData },
  set: Partial<Row>,
): void {
  if (next.alarm !== undefined) tx.append({ type: "alarm.raised", session: id, data: next.alarm });
  const error = recordable(next.error);
  const { reason, message } = error;
  move(tx, id, from, next.state, { reason, message }, { ...set, error: JSON.stringify(error) });
}
