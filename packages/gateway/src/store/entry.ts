import { canonicalJson, canonicalString } from "../evidence/canonical-json.ts";
import type { LedgerEvent } from "../evidence/event.ts";
import { StoreError } from "./errors.ts";

/** One ledger entry ready to be written. */
export interface Entry {
  readonly time: number;
  readonly type: string;
  readonly session: string | null;
  /** Before `rest`, and after `ENTRY_BEGINS`, in UTF-8 it is what is hashed and kept. */
  readonly said: string;
  readonly rest: string;
}

export const ENTRY_BEGINS = '{"data":';

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
  const of = session === undefined ? "" : sessionMember(session);
  // As canonicalJson writes it: in the order of the members' names.
  const rest = `,${of}"time":"${timeText(now)}",${typeMember(type)}`;
  if (mostBytes(said, rest) > limit && ENTRY_BEGINS.length + Buffer.byteLength(said + rest) > limit) {
    throw new StoreError("bad_event", `an event ${type} is larger than an entry's ${limit} bytes`);
  }
  return { time: now, type, session: session ?? null, said, rest };
}

/** A character takes at most three bytes. */
function mostBytes(said: string, rest: string): number {
  return ENTRY_BEGINS.length + 3 * (said.length + rest.length);
}

let latestSession = "";
let sessionWritten = "";

/** Many entries that follow each other are of one session. */
function sessionMember(session: string): string {
  if (session !== latestSession || sessionWritten === "") {
    // First: it throws for what is no text that can be written.
    sessionWritten = `"session":${canonicalString(session)},`;
    latestSession = session;
  }
  return sessionWritten;
}

/** Types are written in the code: there are fewer. */
const TYPES_KEPT = 256;
const types = new Map<string, string>();

/** As it stands at an entry's end. */
function typeMember(type: string): string {
  const known = types.get(type);
  if (known !== undefined) return known;
  const written = `"type":${canonicalString(type)},"v":1}`;
  if (types.size < TYPES_KEPT) types.set(type, written);
  return written;
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

/** From so many characters on, what was said is looked for among what was said before. */
const LONG = 1024;
/** Texts kept in UTF-8 (I10): of each at most what an entry holds. */
const KEPT = 16;

/** Entries in UTF-8. Many say what others said before, in the very same string: only what is new is encoded. */
export class EntryBytes {
  #room = Buffer.alloc(0);
  readonly #kept: { readonly text: string; readonly bytes: Uint8Array }[] = [];
  #next = 0;

  /** Of each, until others are asked for. */
  of(entries: readonly Entry[]): Uint8Array[] {
    const most = entries.reduce((bytes, { said, rest }) => bytes + mostBytes(said, rest), 0);
    if (this.#room.length < most) this.#room = Buffer.alloc(2 * most);
    let end = 0;
    return entries.map(({ said, rest }) => {
      const start = end;
      if (said.length < LONG) end += this.#room.write(`${ENTRY_BEGINS}${said}${rest}`, end);
      else {
        const bytes = this.#encoded(said);
        end += this.#room.write(ENTRY_BEGINS, end);
        this.#room.set(bytes, end);
        end += bytes.length;
        end += this.#room.write(rest, end);
      }
      return this.#room.subarray(start, end);
    });
  }

  #encoded(text: string): Uint8Array {
    for (const kept of this.#kept) if (kept.text === text) return kept.bytes;
    const bytes = Buffer.from(text);
    this.#kept[this.#next] = { text, bytes };
    this.#next = (this.#next + 1) % KEPT;
    return bytes;
  }
}
