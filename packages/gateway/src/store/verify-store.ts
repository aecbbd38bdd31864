import {
  HASH_SIZE,
  type Hash,
  LedgerError,
  type NodePosition,
  noteVerifier,
  sameHash,
  TILE_HEIGHT,
  TILE_WIDTH,
  tileLevels,
  verifyLog,
} from "@chaperone/ledger";
import type { Kysely } from "kysely";
import { canonicalJson } from "../evidence/canonical-json.ts";
import { RegisterTold } from "../evidence/register-audit.ts";
import { differingFacts } from "../evidence/session-audit.ts";
import { TRANSITIONS } from "../sessions/session.ts";
import { LEDGER_PAGE, type LedgerEntry, LedgerReader } from "./ledger-reader.ts";
import { LedgerTiles } from "./ledger-tiles.ts";
import type { Connected } from "./prepared.ts";
import type { Database } from "./schema.ts";
import { withSnapshot } from "./snapshot.ts";

export interface StoreAudit {
  /** True only when everything was walked and nothing was wrong. */
  readonly ok: boolean;
  readonly origin: string;
  /** The public key the checkpoints were verified with. */
  readonly vkey: string;
  readonly entries: number;
  readonly checkpoints: number;
  /** Base64; recomputed from the entries. */
  readonly root: string;
  readonly sessions: number;
  /** What is wrong, a sentence each; never a value. At most 200. */
  readonly problems: readonly string[];
}

export interface StoreAuditOptions {
  /** The ledger's public key from elsewhere; without it the store's own word for its key is taken. */
  readonly vkey?: string;
  /** Signed checkpoints kept elsewhere: what shows that newest entries were cut, or all of it rewritten with the ledger's key. */
  readonly known?: readonly string[];
}

/** Beside the 100 of `verifyLog`. */
const MAX_PROBLEMS = 100;

/**
 * Audits a store, running or stopped: every entry and every hash is recomputed, every checkpoint verified against the
 * entries before it, every entry is canonical and says what its row says, each session is in the state that the last
 * `session.<state>` entry of it tells, and what reports say of it is what its entries say; the register of agents, their keys and what is revoked too (I8).
 */
export async function verifyStore(directory: string, options: StoreAuditOptions = {}): Promise<StoreAudit> {
  return withSnapshot(directory, async (db, identity, on) => {
    const vkey = options.vkey ?? identity.vkey;
    const ledger = new LedgerReader(db);
    const tiles = new LedgerTiles(db);
    const problems: string[] = [];
    const report = (problem: string): void => {
      if (problems.length < MAX_PROBLEMS) problems.push(problem);
    };
    const states = new Map<string, string>();
    const register = new RegisterTold();
    const audit = await verifyLog(
      {
        async *checkpoints() {
          for (let page = await ledger.checkpointsAfter(-1); page.length > 0; ) {
            yield* page.map(({ note }) => note);
            page = await ledger.checkpointsAfter(page.at(-1)?.size ?? 0);
          }
        },
        async *entries() {
          for (let next = 0; ; ) {
            const page = await ledger.entries(next, next + LEDGER_PAGE);
            for (const entry of page) {
              if (!saysWhatItsRowSays(entry)) report(`entry ${entry.index} is not canonical or differs from its row`);
              const state = sessionState(entry.type);
              if (entry.session !== null && state !== undefined) states.set(entry.session, state);
              register.hear(entry.type, entry.time, entry.bytes);
              yield entry.bytes;
            }
            if (page.length === 0) break;
            next += page.length;
            // A gap right here would look like the end.
            if (page.length < LEDGER_PAGE && (await beyond(db, next)))
              throw new LedgerError("missing", `there is no entry ${next}`);
          }
        },
        hashes: (nodes) => storedOf(db, tiles, nodes, report),
      },
      { verifiers: [noteVerifier(vkey)], known: options.known ?? [] },
    );
    await countTiles(db, audit.size, report);
    const sessions = await compareSessions(on, states, report);
    for (const difference of await register.differences(db)) report(difference);
    const all = [...audit.problems.map(({ message }) => message), ...problems];
    return {
      ok: all.length === 0,
      origin: identity.origin,
      vkey,
      entries: audit.size,
      checkpoints: audit.checkpoints,
      root: Buffer.from(audit.root).toString("base64"),
      sessions,
      problems: all,
    };
  });
}

/** The hashes that full tiles keep of these nodes, which are at every eighth level; a node of 256 is kept beside them as well. */
async function storedOf(
  db: Kysely<Database>,
  tiles: LedgerTiles,
  nodes: readonly NodePosition[],
  report: (problem: string) => void,
): Promise<(Hash | undefined)[]> {
  const hashes: (Hash | undefined)[] = [];
  for (const { level, n } of nodes) {
    if (level % TILE_HEIGHT !== 0) {
      hashes.push(undefined);
      continue;
    }
    const tile = await tiles.full(level / TILE_HEIGHT, Math.floor(n / TILE_WIDTH));
    const at = (n % TILE_WIDTH) * HASH_SIZE;
    const hash = tile?.slice(at, at + HASH_SIZE);
    const root = level === 0 ? undefined : await rootOf(db, level / TILE_HEIGHT - 1, n);
    if (hash !== undefined && root !== undefined && !sameHash(hash, root))
      report(`tile ${n} of level ${level / TILE_HEIGHT - 1} has another root than the tile above it says`);
    hashes.push(root ?? hash);
  }
  return hashes;
}

async function rootOf(db: Kysely<Database>, level: number, index: number): Promise<Hash | undefined> {
  const tile = db.selectFrom("ledger_tiles").select("root").where("level", "=", level).where("idx", "=", index);
  return (await tile.executeTakeFirst())?.root;
}

/** All that a tree of this size fills, and no others. */
async function countTiles(db: Kysely<Database>, size: number, report: (problem: string) => void): Promise<void> {
  const levels = await db
    .selectFrom("ledger_tiles")
    .select((e) => [
      "level",
      e.fn.countAll<number>().as("count"),
      e.fn.min("idx").as("first"),
      e.fn.max("idx").as("last"),
    ])
    .groupBy("level")
    .execute();
  const stored = new Map(levels.map((level) => [level.level, level]));
  for (let level = 0; level < tileLevels(size); level++) {
    const full = Math.floor(size / TILE_WIDTH ** (level + 1));
    const { count, first, last } = stored.get(level) ?? { count: 0, first: 0, last: -1 };
    if (count !== full || first !== 0 || last !== full - 1)
      report(`${count} tiles of level ${level} are stored, for ${size} entries`);
    stored.delete(level);
  }
  for (const level of stored.keys()) report(`tiles of level ${level} are stored, for ${size} entries`);
}

/** Returns how many sessions there are. Takes from `states` those it has found. */
async function compareSessions(
  on: Connected,
  states: Map<string, string>,
  report: (problem: string) => void,
): Promise<number> {
  let sessions = 0;
  for (let after = ""; ; ) {
    const page = await on.db
      .selectFrom("sessions")
      .select(["id", "state"])
      .where("id", ">", after)
      .orderBy("id")
      .limit(LEDGER_PAGE)
      .execute();
    for (const { id, state } of page) {
      const told = states.get(id);
      if (told !== state) report(`session ${id} is ${state}, its last ledger entry says ${told ?? "nothing"}`);
      states.delete(id);
      if (told === undefined) continue;
      for (const fact of differingFacts(on, id))
        report(`session ${id}: its ${fact} in the store and in the ledger are not the same`);
    }
    sessions += page.length;
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.id;
  }
  for (const id of states.keys()) report(`session ${id} is in the ledger and not in the store`);
  return sessions;
}

async function beyond(db: Kysely<Database>, index: number): Promise<boolean> {
  return (await db.selectFrom("ledger_entries").select("idx").where("idx", ">", index).limit(1).execute()).length > 0;
}

/** `held` of `session.held`; undefined for an event that is no arrow of the state machine. */
function sessionState(type: string): string | undefined {
  const state = type.startsWith("session.") ? type.slice("session.".length) : "";
  return Object.hasOwn(TRANSITIONS, state) ? state : undefined;
}

function saysWhatItsRowSays({ time, type, session, bytes }: LedgerEntry): boolean {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const entry = JSON.parse(text);
    return (
      canonicalJson(entry) === text &&
      entry.v === 1 &&
      entry.time === new Date(time).toISOString() &&
      entry.type === type &&
      (entry.session ?? null) === session
    );
  } catch {
    return false;
  }
}
