/** A session that waits for approval. */
import { CommandError, type StoreTransaction } from "../../store/command.ts";
import type { SessionState } from "../session.ts";
import { WAITING } from "../statements.ts";
import type { SessionTables } from "../tables.ts";
import { type EventData, load, move } from "./arrows.ts";

export interface HoldInput {
  readonly requestId: string;
  readonly binding: string;
  readonly approvers: readonly string[];
  readonly needed: number;
  /** Counted from the moment at which the request is stored. */
  readonly expiresAfterMs: number;
  /** Most sessions held at once, of this agent and in all (I10). */
  readonly heldPerAgent: number;
  readonly heldInAll: number;
  readonly data: EventData;
}

type Row = SessionTables["sessions"];

/** What analysis and decision leave in a session's row. */
export type DecidedColumn = "texts" | "statement_type" | "binding" | "dry_run_bytes";

export async function hold(
  tx: StoreTransaction,
  session: string,
  from: SessionState,
  input: HoldInput,
  set: Partial<Pick<Row, DecidedColumn>> = {},
): Promise<void> {
  const { issuer, subject } = load(tx, session);
  const held = await tx.db
    .selectFrom("sessions")
    .select((e) => [
      e.fn.countAll<number>().as("all"),
      e.fn.sum<number | null>(e.case().when(e.and({ issuer, subject })).then(1).else(0).end()).as("own"),
    ])
    .where("state", "=", "held")
    .where(WAITING)
    .where("id", "!=", session)
    .executeTakeFirstOrThrow();
  if (held.all >= input.heldInAll || (held.own ?? 0) >= input.heldPerAgent)
    throw new CommandError("too_many_held", "too many queries are waiting for approval");
  const expiresAt = tx.now + input.expiresAfterMs;
  await tx.db
    .insertInto("approval_requests")
    .values({
      id: input.requestId,
      session,
      binding: input.binding,
      approvers: JSON.stringify(input.approvers),
      needed: input.needed,
      state: "pending",
      created_at: tx.now,
      expires_at: expiresAt,
      decided_at: null,
    })
    .execute();
  move(
    tx,
    session,
    from,
    "held",
    {
      ...input.data,
      request: input.requestId,
      binding: input.binding,
      approvers: [...input.approvers],
      needed: input.needed,
      expiresAt,
    },
    { ...set, binding: input.binding, expires_at: expiresAt },
  );
}
