import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
  encodeEntryBundle,
  readCheckpointUnverified,
  readTile,
  TILE_WIDTH,
  type Tile,
  tilePath,
  tilesOfTree,
} from "@chaperone/ledger";
import { StoreError } from "./errors.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { withSnapshot } from "./snapshot.ts";

/**
 * Writes the ledger of a store, running or stopped, as static files (https://c2sp.org/tlog-tiles): `checkpoint`,
 * `tile/<L>/<N>`, `tile/entries/<N>`. Into a folder of an earlier export only what is new is written. The checkpoint comes
 * last, so that it never speaks of files that aren't there. Throws StoreError "unavailable" for an empty ledger.
 */
export async function exportTiles(directory: string, folder: string): Promise<{ entries: number; files: number }> {
  return withSnapshot(directory, async (db) => {
    const ledger = new LedgerReader(db);
    const checkpoint = await ledger.latestCheckpoint();
    if (checkpoint === undefined)
      throw new StoreError("unavailable", "the ledger is empty: there is nothing to export yet");
    const { size } = readCheckpointUnverified(checkpoint);
    let files = 0;
    for (const tile of tilesOfTree(size)) {
      const path = join(resolve(folder), tilePath(tile));
      // A tile's path says all that is in it: one that is there already is the same.
      if (existsSync(path)) continue;
      await write(path, tile.level === "entries" ? await entryBundle(ledger, tile) : await readTile(tile, ledger));
      files++;
    }
    await write(join(resolve(folder), "checkpoint"), Buffer.from(checkpoint));
    return { entries: size, files: files + 1 };
  });
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
