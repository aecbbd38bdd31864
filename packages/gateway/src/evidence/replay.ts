import { replayedRelease } from "../sessions/records.ts";
import { type SessionRow, sessionById, writtenMaskPlan } from "../sessions/session-row.ts";
import type { Store } from "../store/store.ts";
import type { Json } from "./event.ts";

/** One ledger entry of a session, as it stands in the log. */
export interface ReplayStep {
  /** Index in the ledger: what an inclusion proof is made for. */
  readonly index: number;
  /** RFC 3339. */
  readonly time: string;
  readonly type: string;
  readonly data: { readonly [key: string]: Json };
}

/** Entries read at once. */
const PAGE = 100;
/** Characters of one answer, after which it says that there is more; of more, what one entry has by hash stays by hash. */
const MOST_CHARACTERS = 16_000_000;

export interface Replay {
  readonly steps: readonly ReplayStep[];
  /** There are later ones, behind the last of these. */
  readonly more: boolean;
}

/**
 * A session's entries behind `after` in order, as many as make an answer: what was asked, decided, approved, run, released and masked. No values: none are
 * stored (I5). What an entry of a release says by hash, being long, is written out beside it from the store.
 */
export async function replay(store: Store, session: string, after = -1): Promise<Replay> {
  const steps: ReplayStep[] = [];
  let row: SessionRow | undefined;
  let room = MOST_CHARACTERS;
  for (let last = after; ; ) {
    const rows = await store.db
      .selectFrom("ledger_entries")
      .select(["idx", "bytes"])
      .where("session", "=", session)
      .where("idx", ">", last)
      .orderBy("idx")
      .limit(PAGE)
      .execute();
    for (const { idx, bytes } of rows) {
      const { time, type, data } = JSON.parse(Buffer.from(bytes).toString("utf8")) as Omit<ReplayStep, "index">;
      const hashed = Number(data.columnsCharacters ?? 0) + Number(data.maskedCharacters ?? 0);
      room -= bytes.length + hashed;
      if (room < 0 && steps.length > 0) return { steps, more: true };
      const byHash = hashed > 0 && hashed <= MOST_CHARACTERS;
      if (byHash) row ??= await sessionById(store, session);
      const whole = byHash && row !== undefined ? await writtenOut(store, row, data) : data;
      steps.push({ index: idx, time, type, data: whole });
      last = idx;
    }
    if (rows.length < PAGE) return { steps, more: false };
  }
}

async function writtenOut(store: Store, row: SessionRow, data: ReplayStep["data"]): Promise<ReplayStep["data"]> {
  const page = await store.db
    .selectFrom("releases")
    .select("masked")
    .where("session", "=", row.id)
    .where("number", "=", Number(data.number))
    .executeTakeFirst();
  return replayedRelease(data, {
    fields: writtenMaskPlan(row)?.fields ?? [],
    masked: JSON.parse(page?.masked ?? "{}") as Json,
  });
}
