import type { SessionEngine } from "../../sessions/engine.ts";
import type { SessionRow } from "../../sessions/session-row.ts";
import { jobState } from "./job-resource.ts";

/** Longest a call waits for a job that runs: clients give a call that may have rows at least this long. */
const RUNNING_MS = 50_000;

/** For calls that answer once, when all is done: waits as long as clients bear, for a person `personMs` at most. */
export async function waited(
  engine: SessionEngine,
  before: SessionRow,
  personMs: number,
  gone: AbortSignal,
): Promise<SessionRow> {
  const row = await engine.settle(before, personMs, gone);
  const running =
    row.error === null && engine.outcome(row.id) === undefined && jobState(row.state, false) === "RUNNING";
  return running ? engine.settle(row, Math.max(0, RUNNING_MS - personMs), gone) : row;
}
