/** What of a result was shown, page by page (I3). */
import { type Command, CommandError } from "../../store/command.ts";
import { COUNT_RELEASED, COUNT_RELEASED_AND_END, FINISH_RELEASE, LAST_RELEASE, START_RELEASE } from "../statements.ts";
import { arrive, type EventData, load, move } from "./arrows.ts";

export interface ReleaseStartInput {
  readonly session: string;
  readonly data: EventData;
}

/** The release record of a page: durable before the page's first byte (I3). */
export const releaseStart: Command<ReleaseStartInput, { number: number }> = async (tx, input) => {
  const { state } = await load(tx, input.session);
  if (state !== "running" && state !== "releasing" && state !== "done")
    throw new CommandError("wrong_state", `the session is ${state}`);
  const { session } = input;
  const last = await LAST_RELEASE.first(tx, { session });
  const number = (last?.n ?? 0) + 1;
  await START_RELEASE.all(tx, { session, number, started_at: tx.now });
  if (state === "running") await move(tx, input.session, state, "releasing", { release: number });
  tx.append({ type: "release.started", session: input.session, data: { ...input.data, number } });
  return { number };
};

export interface ReleaseFinishInput {
  readonly session: string;
  readonly number: number;
  readonly outcome: "complete" | "aborted";
  readonly rows: number;
  readonly bytes: number;
  /** Masked cells: output path → rule and count. */
  readonly masked: Readonly<Record<string, { readonly rule: string; readonly count: number }>>;
  /** True when this was the result's last page. */
  readonly last: boolean;
}

/** What a page showed and hid. An aborted page keeps what was sent before the break. */
export const releaseFinish: Command<ReleaseFinishInput, void> = async (tx, input) => {
  const { state } = await load(tx, input.session);
  const cells = Object.values(input.masked).reduce((sum, m) => sum + m.count, 0);
  await FINISH_RELEASE.all(tx, {
    session: input.session,
    number: input.number,
    finished_at: tx.now,
    rows: input.rows,
    bytes: input.bytes,
    masked: JSON.stringify(input.masked),
    outcome: input.outcome,
  });
  tx.append({
    type: "release.finished",
    session: input.session,
    data: { number: input.number, outcome: input.outcome, rows: input.rows, bytes: input.bytes, masked: input.masked },
  });
  const done = input.last && input.outcome === "complete" && state === "releasing";
  const shown = { id: input.session, rows: input.rows, cells };
  if (!done) await COUNT_RELEASED.all(tx, shown);
  else {
    const arrived = arrive(tx, input.session, state, "done", {});
    await COUNT_RELEASED_AND_END.all(tx, { ...shown, ...arrived, finished_at: tx.now });
  }
};

/** Pages that a crash broke off: their end is unknown, so all that was announced counts as shown. At start, before the first request. */
export const releaseRecover: Command<Record<string, never>, { recovered: number }> = async (tx) => {
  const open = await tx.db
    .selectFrom("releases")
    .select(["session", "number"])
    .where("outcome", "=", "started")
    .orderBy("session")
    .orderBy("number")
    .execute();
  for (const { session, number } of open) {
    await tx.db
      .updateTable("releases")
      .set({ finished_at: tx.now, outcome: "aborted" })
      .where("session", "=", session)
      .where("number", "=", number)
      .execute();
    tx.append({
      type: "release.finished",
      session,
      data: { number, outcome: "aborted", rows: null, bytes: null, masked: {}, brokenOff: true },
    });
  }
  return { recovered: open.length };
};
