/** What of a result was shown, page by page (I3). */
import { canonicalObject } from "../../evidence/canonical-json.ts";
import type { LedgerEvent } from "../../evidence/event.ts";
import { type Command, CommandError, type StoreTransaction } from "../../store/command.ts";
import { maskedCells, type WrittenMembers } from "../records.ts";
import type { SessionState } from "../session.ts";
import {
  COUNT_RELEASED,
  COUNT_RELEASED_AND_MOVE,
  COUNT_RELEASED_NAME_AND_MOVE,
  COUNT_RELEASED_NAME_AND_MOVE_RUNNING,
  FINISH_RELEASE,
  LAST_RELEASE,
  START_RELEASE,
  STARTED,
  WHOLE_RELEASE,
} from "../statements.ts";
import { arrive, type EventData, load, move } from "./arrows.ts";

export interface ReleaseStartInput {
  readonly session: string;
  /** The page's columns and what each is masked by, as `releasedColumns` writes them. */
  readonly columns: WrittenMembers;
  /** What else is said of the page. */
  readonly data: EventData;
  /** What BigQuery said since the run was begun: the job, where it made its id, and how much its dry run said that it reads. */
  readonly learnt?: { readonly upstreamJob: string; readonly dryRunBytes: number | null };
}

/** The release record of a page: durable before the page's first byte (I3). */
export const releaseStart: Command<ReleaseStartInput, { number: number }> = (tx, input) => {
  const { session } = input;
  const { state } = load(tx, session);
  const number = nextRelease(tx, session, state);
  START_RELEASE.all(tx, { session, number, started_at: tx.now });
  const { named, change } = jobOf(input);
  if (state === "running") move(tx, session, state, "releasing", { release: number, ...named }, change);
  tx.append(started(input, number));
  return { number };
};

export interface ReleaseWholeInput extends ReleaseStartInput, Shown {
  /** True when this was the result's last page. */
  readonly last: boolean;
}

/** A page that is recorded at once, with all that is in it: durable before the page's first byte (I3). */
export const releaseWhole: Command<ReleaseWholeInput, void> = (tx, input) => {
  const { session, last } = input;
  const ended = last && endRunning(tx, input);
  const state = ended ? "running" : load(tx, session).state;
  const number = nextRelease(tx, session, state);
  const { rows, bytes } = input;
  const times = { started_at: tx.now, finished_at: tx.now };
  const masked = JSON.stringify(input.masked);
  WHOLE_RELEASE.all(tx, { session, number, ...times, rows, bytes, masked });
  const { named, change } = jobOf(input);
  let arrived =
    state === "running" ? arrive(tx, session, state, "releasing", { release: number, ...named }) : undefined;
  tx.append(started(input, number));
  tx.append(finished(input, number, "complete", masked));
  if (last && state !== "done") arrived = arrive(tx, session, "releasing", "done", {});
  if (ended) return;
  const counted = { id: session, rows, cells: cellsOf(input) };
  if (arrived === undefined) COUNT_RELEASED.all(tx, counted);
  else if (change === undefined) COUNT_RELEASED_AND_MOVE.all(tx, { ...counted, finished_at: null, ...arrived });
  else {
    COUNT_RELEASED_NAME_AND_MOVE.all(tx, { ...counted, finished_at: null, ...arrived, ...change });
  }
};

/**
 * The row of a session that runs, as its only page leaves it: what a small query's page needs. That it runs is asked by the change itself, which
 * costs less than to read it before. False: it doesn't, and nothing was changed.
 */
function endRunning(tx: StoreTransaction, input: ReleaseWholeInput): boolean {
  const { change } = jobOf(input);
  if (change === undefined) return false;
  const ends = { state: "done", updated_at: tx.now, finished_at: tx.now };
  const shown = { id: input.session, rows: input.rows, cells: cellsOf(input) };
  return COUNT_RELEASED_NAME_AND_MOVE_RUNNING.run(tx, { ...shown, ...ends, ...change }) > 0;
}

function jobOf({ learnt }: ReleaseStartInput): {
  readonly named: EventData;
  readonly change: { readonly upstream_job: string; readonly dry_run_bytes: number | null } | undefined;
} {
  if (learnt === undefined) return { named: {}, change: undefined };
  const { upstreamJob, dryRunBytes } = learnt;
  return { named: { upstreamJob }, change: { upstream_job: upstreamJob, dry_run_bytes: dryRunBytes } };
}

function nextRelease(tx: StoreTransaction, session: string, state: SessionState): number {
  if (state !== "running" && state !== "releasing" && state !== "done")
    throw new CommandError("wrong_state", `the session is ${state}`);
  // The first release is the arrow to `releasing`.
  if (state === "running") return 1;
  const last = LAST_RELEASE.first(tx, { session });
  return (last?.n ?? 0) + 1;
}

function started({ session, columns, data }: ReleaseStartInput, number: number): LedgerEvent {
  return { type: "release.started", session, data: canonicalObject({ ...data, number }, columns) };
}

interface Shown {
  readonly rows: number;
  readonly bytes: number;
  /** Masked cells: output path → rule and count. */
  readonly masked: Readonly<Record<string, { readonly rule: string; readonly count: number }>>;
}

function finished(
  shown: Shown & { readonly session: string },
  number: number,
  outcome: string,
  text: string,
): LedgerEvent {
  const { session, rows, bytes, masked } = shown;
  return { type: "release.finished", session, data: { bytes, ...maskedCells(masked, text), number, outcome, rows } };
}

function cellsOf({ masked }: Shown): number {
  return Object.values(masked).reduce((sum, { count }) => sum + count, 0);
}

export interface ReleaseFinishInput extends Shown {
  readonly session: string;
  readonly number: number;
  readonly outcome: "complete" | "aborted";
  /** True when this was the result's last page. */
  readonly last: boolean;
}

/** What a page showed and hid. An aborted page keeps what was sent before the break. One that is finished already stays as it is. */
export const releaseFinish: Command<ReleaseFinishInput, void> = (tx, input) => {
  const { state } = load(tx, input.session);
  const masked = JSON.stringify(input.masked);
  const finishes = FINISH_RELEASE.run(tx, {
    session: input.session,
    number: input.number,
    finished_at: tx.now,
    rows: input.rows,
    bytes: input.bytes,
    masked,
    outcome: input.outcome,
  });
  if (finishes === 0) return;
  tx.append(finished(input, input.number, input.outcome, masked));
  const done = input.last && input.outcome === "complete" && state === "releasing";
  const shown = { id: input.session, rows: input.rows, cells: cellsOf(input) };
  if (!done) COUNT_RELEASED.all(tx, shown);
  else {
    const arrived = arrive(tx, input.session, state, "done", {});
    COUNT_RELEASED_AND_MOVE.all(tx, { ...shown, finished_at: null, ...arrived });
  }
};

const RECOVERED_AT_ONCE = 100;

/**
 * Pages that a crash broke off: where they ended is unknown, so all rows that were announced count as shown. How much of them was masked isn't known
 * either. At start, before the first request, until there are none: how many were open is not bounded by what one command may write.
 */
export const releaseRecover: Command<Record<string, never>, { recovered: number }> = async (tx) => {
  const open = await tx.db
    .selectFrom("releases")
    .select(["session", "number"])
    .where(STARTED)
    .orderBy("session")
    .orderBy("number")
    .limit(RECOVERED_AT_ONCE)
    .execute();
  for (const { session, number } of open) {
    const rows = await announced(tx, session, number);
    await tx.db
      .updateTable("releases")
      .set({ finished_at: tx.now, outcome: "aborted", rows })
      .where("session", "=", session)
      .where("number", "=", number)
      .execute();
    tx.append({
      type: "release.finished",
      session,
      data: { number, outcome: "aborted", rows, bytes: null, masked: {}, brokenOff: true },
    });
    COUNT_RELEASED.all(tx, { id: session, rows, cells: 0 });
  }
  return { recovered: open.length };
};

const LOOKED_AT = 100;

/** Most rows of a release, as its entry says. Of those that broke off it is among the session's last. */
async function announced(tx: StoreTransaction, session: string, number: number): Promise<number> {
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const entries = await tx.db
      .selectFrom("ledger_entries")
      .select(["idx", "type", "bytes"])
      .where("session", "=", session)
      .where("idx", "<", before)
      .orderBy("idx", "desc")
      .limit(LOOKED_AT)
      .execute();
    for (const { type, bytes } of entries) {
      if (type !== "release.started") continue;
      const { data } = JSON.parse(Buffer.from(bytes).toString()) as {
        readonly data: { readonly number: number; readonly maxRows: number };
      };
      if (data.number === number) return data.maxRows;
    }
    const last = entries.at(-1);
    if (last === undefined) throw new CommandError("no_release", "a release has no entry");
    before = last.idx;
  }
}
