import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { generateNoteKey, type NoteSigner, noteSigner } from "@chaperone/ledger";
import { SEAL_KEY_SIZE, type Sealer, sealer } from "../evidence/seal.ts";
import { StoreError } from "./errors.ts";
import { createKeyFile, readKeyFile } from "./key-file.ts";

/** The files of a store. */
export interface StatePaths {
  readonly directory: string;
  readonly database: string;
  readonly lock: string;
  /** Signs checkpoints: a signed-note signer key. */
  readonly ledgerKey: string;
  /** Seals SQL: 32 bytes. */
  readonly sealKey: string;
}

/** `keyDirectory`: where the keys lie when not beside the data; a stolen disk with both sealed texts and key is an open book. */
export function statePaths(directory: string, keyDirectory: string = directory): StatePaths {
  return {
    directory,
    database: join(directory, "chaperone.db"),
    lock: join(directory, "chaperone.lock"),
    ledgerKey: join(keyDirectory, "ledger.key"),
    sealKey: join(keyDirectory, "seal.key"),
  };
}

/** Makes the directory and an empty database file, both for their owner alone. */
export function prepareDirectory(paths: StatePaths): void {
  mkdirSync(paths.directory, { recursive: true, mode: 0o700 });
  try {
    // SQLite gives its -wal and -shm files the mode of the database file. "wx" never opens a file that exists: closing
    // one that this process has open elsewhere would drop SQLite's locks on it (fcntl's rule).
    closeSync(openSync(paths.database, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

/**
 * Holds the directory for this process until `close` or its death: an exclusive SQLite lock on an empty file, which the
 * kernel gives back even after kill -9, so that no stale lock is ever to be judged. Throws StoreError "locked".
 */
export function lockDirectory(paths: StatePaths): DatabaseSync {
  const lock = new DatabaseSync(paths.lock, { timeout: 0 });
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return lock;
  } catch {
    lock.close();
    throw new StoreError("locked", `another process has the store in ${paths.directory} open; stop it first`);
  }
}

/** What the store was made with, as its `meta` table tells. */
export interface StoreIdentity {
  readonly origin: string;
  readonly vkey: string;
  readonly sealKeyId: string;
}

/**
 * The store's keys. With `identity` undefined (first start) they are made where missing; later, a missing, unreadable or
 * different key is a refusal: StoreError "key". New keys beside old data would break the ledger's chain of trust and leave
 * sealed texts unreadable.
 */
export function loadKeys(
  paths: StatePaths,
  origin: string,
  identity: StoreIdentity | undefined,
): { signer: NoteSigner; sealer: Sealer } {
  const signer = noteSigner(
    load(paths.ledgerKey, identity, () => `${generateNoteKey(origin).skey}\n`)
      .toString()
      .trim(),
  );
  const seal = sealer(load(paths.sealKey, identity, () => randomBytes(SEAL_KEY_SIZE)));
  if (signer.name !== origin) {
    throw new StoreError("key", `${paths.ledgerKey} is the key of ${signer.name}, the log's origin is ${origin}`);
  }
  if (identity !== undefined && identity.vkey !== signer.vkey) {
    throw new StoreError("key", `${paths.ledgerKey} is not the key this store's ledger was begun with`);
  }
  if (identity !== undefined && identity.sealKeyId !== seal.keyId) {
    throw new StoreError("key", `${paths.sealKey} is not the key this store's texts were sealed with`);
  }
  return { signer, sealer: seal };
}

function load(path: string, identity: StoreIdentity | undefined, make: () => Uint8Array | string): Buffer {
  const content = readKeyFile(path);
  if (content !== undefined) return content;
  if (identity !== undefined) {
    throw new StoreError("key", `the key file ${path} is missing while there is data; restore it from its backup`);
  }
  createKeyFile(path, make());
  return readKeyFile(path) ?? Buffer.alloc(0);
}
