import { canonicalJson } from "../evidence/canonical-json.ts";
import type { LedgerEvent } from "../evidence/event.ts";
import { StoreError } from "./errors.ts";

/** One ledger entry ready to be written. */
export interface Entry {
  readonly time: number;
  readonly type: string;
  readonly session: string | null;
  readonly bytes: Uint8Array;
}

/** An event as the bytes that are hashed and kept. Throws StoreError "bad_event". */
export function encodeEvent(event: LedgerEvent, now: number, limit: number): Entry {
  const { type, session, data, ...rest } = event;
  const written = typeof data === "string" && data.startsWith("{") && data.endsWith("}");
  const plain = typeof data === "object" && data !== null && !Array.isArray(data);
  if (typeof type !== "string" || type === "" || !(written || plain)) {
    throw new StoreError("bad_event", "an event has a type and data");
  }
  if ((session !== undefined && typeof session !== "string") || Object.keys(rest).length > 0) {
    throw new StoreError("bad_event", `an event ${type} has more than type, session and data`);
  }
  const time = new Date(now).toISOString();
  // In the order of the members' names: `data` is the first of them.
  const others = canonicalJson({ v: 1, time, type, ...(session === undefined ? {} : { session }) });
  const bytes = Buffer.from(`{"data":${typeof data === "string" ? data : canonicalJson(data)},${others.slice(1)}`);
  if (bytes.length > limit) {
    throw new StoreError("bad_event", `an event ${type} of ${bytes.length} bytes is larger than an entry's ${limit}`);
  }
  return { time: now, type, session: session ?? null, bytes };
}
