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

/** Most entries of one session that one answer holds. */
const MOST_STEPS = 10_000;
/** Most characters of what stands there by hash that are written out in one answer; what comes after stays by hash. */
const MOST_WRITTEN_OUT = 16_000_000;

/**
 * A session's entries in order: what was asked, decided, approved, run, released and masked. No values: none are stored (I5).
 * What an entry of a release says by hash, being long, is written out beside it from the store.
 */
export async function replay(store: Store, session: string): Promise<ReplayStep[]> {
  const rows = await store.db
    .selectFrom("ledger_entries")
    .select(["idx", "bytes"])
    .where("session", "=", session)
    .orderBy("idx")
    .limit(MOST_STEPS)
    .execute();
  const steps: ReplayStep[] = [];
  let row: SessionRow | undefined;
  let room = MOST_WRITTEN_OUT;
  for (const { idx, bytes } of rows) {
    const { time, type, data } = JSON.parse(Buffer.from(bytes).toString("utf8")) as Omit<ReplayStep, "index">;
    const length = Number(data.columnsCharacters ?? 0) + Number(data.maskedCharacters ?? 0);
    room -= length;
    const byHash = length > 0 && room >= 0;
    if (byHash) row ??= await sessionById(store, session);
    steps.push({
      index: idx,
      time,
      type,
      data: byHash && row !== undefined ? await writtenOut(store, row, data) : data,
    });
  }
  return steps;
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
