import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import {
  type FullTile,
  LedgerError,
  leafHash,
  partialWidth,
  TILE_WIDTH,
  TiledTree,
  tileLevels,
} from "@chaperone/ledger";
import type { Entry } from "./entry.ts";

/** How many entries one statement writes, most first: what a statement costs beside its rows is more than a row. */
const ROWS_OF_STATEMENTS = [16, 4, 1];
/** Entries that are best given at once. */
export const ENTRIES_AT_ONCE = 16;

/** What the writer itself says to SQLite: the ledger's statements and the transaction's, each prepared once. */
export class LedgerStatements {
  readonly #size: StatementSync;
  readonly #latest: StatementSync;
  readonly #newestTime: StatementSync;
  readonly #entriesFrom: StatementSync;
  readonly #rootsFrom: StatementSync;
  readonly #tiles: StatementSync;
  readonly #insertEntries: readonly { readonly rows: number; readonly statement: StatementSync }[];
  readonly #insertTile: StatementSync;
  readonly #insertCheckpoint: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #savepoint: StatementSync;
  readonly #release: StatementSync;

  constructor(db: DatabaseSync) {
    this.#size = db.prepare("SELECT coalesce(max(idx) + 1, 0) AS size FROM ledger_entries");
    this.#latest = db.prepare("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1");
    this.#newestTime = db.prepare("SELECT time FROM ledger_entries ORDER BY idx DESC LIMIT 1");
    this.#entriesFrom = db.prepare("SELECT bytes FROM ledger_entries WHERE idx >= ? ORDER BY idx");
    this.#rootsFrom = db.prepare("SELECT root FROM ledger_tiles WHERE level = ? AND idx >= ? ORDER BY idx");
    this.#tiles = db.prepare("SELECT count(*) AS n FROM ledger_tiles WHERE level = ?");
    // Without these rows there is nothing to commit. So SQLite needs no copies of pages by which to take back this statement alone.
    this.#insertEntries = ROWS_OF_STATEMENTS.map((rows) => {
      const values = Array.from({ length: rows }, () => "(?, ?, ?, ?, ?)").join();
      return {
        rows,
        statement: db.prepare(
          `INSERT OR ROLLBACK INTO ledger_entries (idx, time, type, session, bytes) VALUES ${values}`,
        ),
      };
    });
    this.#insertTile = db.prepare("INSERT INTO ledger_tiles (level, idx, root, hashes) VALUES (?, ?, ?, ?)");
    this.#insertCheckpoint = db.prepare("INSERT INTO checkpoints (size, time, note) VALUES (?, ?, ?)");
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#savepoint = db.prepare("SAVEPOINT command");
    this.#release = db.prepare("RELEASE command");
  }

  /** The tree of all entries, from the newest of them and the full tiles. Throws LedgerError "missing" for tiles or entries that aren't there. */
  tree(): TiledTree {
    const size = Number(this.#size.get()?.size);
    const partial = Array.from({ length: tileLevels(size) }, (_, level) => {
      const hashes = Math.floor(size / TILE_WIDTH ** level);
      if (level > 0 && Number(this.#tiles.get(level - 1)?.n) !== hashes)
        throw new LedgerError("missing", `of level ${level - 1} not all tiles are there`);
      const from = hashes - partialWidth(size, level);
      const rows = level === 0 ? this.#entriesFrom.all(from) : this.#rootsFrom.all(level - 1, from);
      return Buffer.concat(rows.map(({ bytes, root }) => (level === 0 ? leafHash(blob(bytes)) : blob(root))));
    });
    return new TiledTree(size, partial);
  }

  latestCheckpoint(): string | undefined {
    const note = this.#latest.get()?.note;
    return typeof note === "string" ? note : undefined;
  }

  /** Milliseconds since the epoch. */
  newestTime(): number | undefined {
    const time = this.#newestTime.get()?.time;
    return typeof time === "number" ? time : undefined;
  }

  /** Entries from `index` on, and the bytes of each. */
  insertEntries(index: number, entries: readonly Entry[], bytes: readonly Uint8Array[]): void {
    let at = 0;
    for (const { rows, statement } of this.#insertEntries) {
      while (entries.length - at >= rows) {
        const values: SQLInputValue[] = [];
        for (const end = at + rows; at < end; at++) {
          const { time, type, session } = entries[at] as Entry;
          values.push(index + at, time, type, session, bytes[at] as Uint8Array);
        }
        statement.run(...values);
      }
    }
  }

  insertTile({ level, index, root, hashes }: FullTile): void {
    this.#insertTile.run(level, index, root, hashes);
  }

  insertCheckpoint(size: number, time: number, note: string): void {
    this.#insertCheckpoint.run(size, time, note);
  }

  begin(): void {
    this.#begin.run();
  }

  commit(): void {
    this.#commit.run();
  }

  savepoint(): void {
    this.#savepoint.run();
  }

  release(): void {
    this.#release.run();
  }
}

function blob(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new LedgerError("missing", "bytes are missing");
  return value;
}
