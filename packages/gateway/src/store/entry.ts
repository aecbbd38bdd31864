import { canonicalJson } from "../evidence/canonical-json.ts";
import type { LedgerEvent } from "../evidence/event.ts";
import { StoreError } from "./errors.ts";

/** One ledger entry ready to be written. */
export interface Entry {
  readonly time: number;
  readonly type: string;
  readonly session: string | null;
  /** In UTF-8 it is what is hashed and kept. */
  readonly text: string;
}

/** An event as its entry. Throws StoreError "bad_event". */
export function entryOf(event: LedgerEvent, now: number, limit: number): Entry {
  const { type, session, data } = event;
  const written = typeof data === "string" && data.startsWith("{") && data.endsWith("}");
  const plain = typeof data === "object" && data !== null && !Array.isArray(data);
  if (typeof type !== "string" || type === "" || !(written || plain)) {
    throw new StoreError("bad_event", "an event has a type and data");
  }
  if (session !== undefined && typeof session !== "string")
    throw new StoreError("bad_event", `an event ${type} has a session that is no text`);
  for (const name in event) {
    if (name !== "type" && name !== "session" && name !== "data")
      throw new StoreError("bad_event", `an event ${type} has more than type, session and data`);
  }
  const said = typeof data === "string" ? data : canonicalJson(data);
  const of = session === undefined ? "" : `"session":${canonicalJson(session)},`;
  // As canonicalJson writes it: in the order of the members' names.
  const text = `{"data":${said},${of}"time":"${timeText(now)}","type":${canonicalJson(type)},"v":1}`;
  // A character takes at most three bytes.
  if (text.length * 3 > limit && Buffer.byteLength(text) > limit) {
    throw new StoreError("bad_event", `an event ${type} is larger than an entry's ${limit} bytes`);
  }
  return { time: now, type, session: session ?? null, text };
}

let latest = Number.NaN;
let latestWritten = "";

/** RFC 3339. Many entries are of one moment. */
function timeText(time: number): string {
  if (time !== latest) {
    // First: it throws for what is no time, of which nothing is to be kept.
    latestWritten = new Date(time).toISOString();
    latest = time;
  }
  return latestWritten;
}
