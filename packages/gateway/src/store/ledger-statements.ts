import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Hash, type HashReader, LedgerError } from "@chaperone/ledger";
import type { Entry } from "./entry.ts";

/** Tree hashes in one statement. */
export const HASHES_AT_ONCE = 16;

/** What the writer itself says to SQLite: the ledger's statements and the transaction's, each prepared once. */
export class LedgerStatements implements HashReader {
  readonly #size: StatementSync;
  readonly #latest: StatementSync;
  readonly #hash: StatementSync;
  readonly #insertEntry: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #savepoint: StatementSync;
  readonly #release: StatementSync;
  readonly #insertHash: StatementSync;
  readonly #insertHashes: StatementSync;
  readonly #insertCheckpoint: StatementSync;

  constructor(db: DatabaseSync) {
    this.#size = db.prepare("SELECT coalesce(max(idx) + 1, 0) AS size FROM ledger_entries");
    this.#latest = db.prepare("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1");
    this.#hash = db.prepare("SELECT hash FROM ledger_hashes WHERE idx = ?");
    this.#insertEntry = db.prepare(
      "INSERT INTO ledger_entries (idx, time, type, session, bytes) VALUES (?, ?, ?, ?, ?)",
    );
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#savepoint = db.prepare("SAVEPOINT command");
    this.#release = db.prepare("RELEASE command");
    const insert = "INSERT INTO ledger_hashes (idx, hash) VALUES (?, ?)";
    this.#insertHash = db.prepare(insert);
    this.#insertHashes = db.prepare(`${insert}${", (?, ?)".repeat(HASHES_AT_ONCE - 1)}`);
    this.#insertCheckpoint = db.prepare("INSERT INTO checkpoints (size, time, note) VALUES (?, ?, ?)");
  }

  size(): number {
    return Number(this.#size.get()?.size);
  }

  latestCheckpoint(): string | undefined {
    const note = this.#latest.get()?.note;
    return typeof note === "string" ? note : undefined;
  }

  hash(index: number): Hash {
    const hash = this.#hash.get(index)?.hash;
    if (!(hash instanceof Uint8Array)) throw new LedgerError("missing", `the tree hash ${index} is not stored`);
    return hash;
  }

  readHashes(indexes: readonly number[]): Hash[] {
    return indexes.map((index) => this.hash(index));
  }

  insertEntry(index: number, { time, type, session, bytes }: Entry): void {
    this.#insertEntry.run(index, time, type, session, bytes);
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

  /** At most `HASHES_AT_ONCE`. */
  insertHashes(first: number, hashes: readonly Hash[]): void {
    if (hashes.length === HASHES_AT_ONCE) this.#insertHashes.run(...hashes.flatMap((hash, i) => [first + i, hash]));
    else for (const [i, hash] of hashes.entries()) this.#insertHash.run(first + i, hash);
  }

  insertCheckpoint(size: number, time: number, note: string): void {
    this.#insertCheckpoint.run(size, time, note);
  }
}
