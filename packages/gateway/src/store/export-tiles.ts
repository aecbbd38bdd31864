import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
  type Checkpoint,
  encodeEntryBundle,
  LedgerError,
  noteVerifier,
  openCheckpoint,
  readCheckpointUnverified,
  readTile,
  sameHash,
  TILE_WIDTH,
  type Tile,
  tilePath,
  tilesOfTree,
  treeHash,
} from "@chaperone/ledger";
import { StoreError } from "./errors.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { withSnapshot } from "./snapshot.ts";

/**
 * Writes the ledger of a store, running or stopped, as static files (https://c2sp.org/tlog-tiles): `checkpoint`,
 * `tile/<L>/<N>`, `tile/entries/<N>`. Into a folder of an earlier export only what is new is written. The checkpoint comes
 * last, so that it never speaks of files that aren't there. Throws StoreError "unavailable" for an empty ledger, "corrupt" for one that isn't what the
 * folder's checkpoint says: that is evidence of what was taken away or altered since, and stays as it is.
 */
export async function exportTiles(directory: string, folder: string): Promise<{ entries: number; files: number }> {
  return withSnapshot(directory, async (db, { vkey }) => {
    const ledger = new LedgerReader(db);
    const checkpoint = await ledger.latestCheckpoint();
    if (checkpoint === undefined)
      throw new StoreError("unavailable", "the ledger is empty: there is nothing to export yet");
    const { size } = readCheckpointUnverified(checkpoint);
    const exported = await sizeExported(folder, ledger, size, vkey);
    let files = 0;
    for (const tile of tilesOfTree(size)) {
      const path = join(resolve(folder), tilePath(tile));
      // What is there already is the same, as far as the folder's checkpoint goes.
      if (endOf(tile) <= exported && existsSync(path)) continue;
      await write(path, tile.level === "entries" ? await entryBundle(ledger, tile) : await readTile(tile, ledger));
      files++;
    }
    await write(join(resolve(folder), "checkpoint"), Buffer.from(checkpoint));
    return { entries: size, files: files + 1 };
  });
}

/** How many entries an earlier export into the folder was of: the first of this ledger. */
async function sizeExported(folder: string, ledger: LedgerReader, size: number, vkey: string): Promise<number> {
  const path = join(resolve(folder), "checkpoint");
  if (!existsSync(path)) return 0;
  let earlier: Checkpoint;
  try {
    earlier = openCheckpoint(await readFile(path, "utf8"), [noteVerifier(vkey)]);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new StoreError("corrupt", `${path} is no checkpoint of this ledger: export into another folder`);
  }
  if (earlier.size > size || !sameHash(earlier.root, await treeHash(earlier.size, ledger)))
    throw new StoreError(
      "corrupt",
      `the ledger is not the one that was exported to ${folder}: of its ${earlier.size} entries some were taken away or altered since, ` +
        "or the store is an older backup. Nothing was written. Keep that folder, and export into another",
    );
  return earlier.size;
}

/** The entry after the last of a tile. */
function endOf({ level, index, width }: Tile): number {
  return (index * TILE_WIDTH + width) * (level === "entries" ? 1 : TILE_WIDTH ** level);
}

async function entryBundle(ledger: LedgerReader, { index, width }: Tile): Promise<Uint8Array> {
  const start = index * TILE_WIDTH;
  return encodeEntryBundle((await ledger.entries(start, start + width)).map(({ bytes }) => bytes));
}

/** Under its name only when whole. */
async function write(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, bytes, { mode: 0o644 });
  await rename(`${path}.new`, path);
}
