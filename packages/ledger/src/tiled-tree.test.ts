import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { LedgerError } from "./error.ts";
import { HASH_SIZE, leafHash } from "./hash.ts";
import { MemoryLog } from "./testing/memory-log.ts";
import { readTile, TILE_WIDTH } from "./tile.ts";
import { type FullTile, partialWidth, TiledTree, tileLevels } from "./tiled-tree.ts";
import { treeHash } from "./tree.ts";

/** More than a tile of the second level has room for. */
const MOST = TILE_WIDTH ** 2 + 2 * TILE_WIDTH + 3;
const LOG = await MemoryLog.ofSize(MOST);
const entry = (n: number): Uint8Array => Buffer.from(`entry ${n}`);

suite("a tree of which only full tiles are kept", () => {
  test("has the roots and full tiles of the tree whose hashes are all kept", async () => {
    const tree = new TiledTree(0, []);
    const full: FullTile[] = [];
    const looked = new Set([0, 1, 2, 3, 255, 256, 257, 511, 512, 700, TILE_WIDTH ** 2 - 1, TILE_WIDTH ** 2, MOST]);
    for (let size = 0; size <= MOST; size++) {
      if (looked.has(size)) assert.deepEqual(tree.root(), await treeHash(size, LOG), `of ${size}`);
      if (size < MOST) tree.append(entry(size));
      full.push(...tree.takeFull());
    }
    assert.equal(full.filter(({ level }) => level === 0).length, Math.floor(MOST / TILE_WIDTH));
    assert.equal(full.filter(({ level }) => level === 1).length, 1);
    for (const { level, index, hashes, root } of full) {
      const tile = await readTile({ level, index, width: TILE_WIDTH }, LOG);
      assert.deepEqual(new Uint8Array(tile), hashes, `tile ${level}/${index}`);
      const above = await readTile({ level: level + 1, index: 0, width: 1 }, LOG);
      if (index === 0) assert.deepEqual(new Uint8Array(above), root, `root of ${level}/${index}`);
    }
  });

  test("goes on from the hashes of its last tiles as if it had never been away", async () => {
    for (const size of [0, 1, 7, 255, 256, 300, 65_535, 65_536, 65_537, 65_536 + 256, MOST - 5]) {
      const partial = await Promise.all(
        Array.from({ length: tileLevels(size) }, (_, level) => {
          const width = partialWidth(size, level);
          const index = Math.floor(size / TILE_WIDTH ** (level + 1));
          return readTile({ level, index, width }, LOG);
        }),
      );
      const tree = new TiledTree(size, partial);
      assert.deepEqual(tree.root(), await treeHash(size, LOG), `of ${size}`);
      for (let n = size; n < Math.min(size + 5, MOST); n++) tree.append(entry(n));
      assert.deepEqual(tree.root(), await treeHash(tree.size, LOG), `after ${size}`);
    }
  });

  test("is refused without them", () => {
    const missing = (error: unknown) => error instanceof LedgerError && error.code === "missing";
    assert.throws(() => new TiledTree(3, []), missing);
    assert.throws(() => new TiledTree(3, [new Uint8Array(2 * HASH_SIZE)]), missing);
    assert.throws(() => new TiledTree(256, [new Uint8Array(0)]), missing);
  });

  test("takes entries of any length", () => {
    for (const length of [0, 1, 4095, 4096, 4097, 65_535]) {
      const bytes = new Uint8Array(length).fill(7);
      const tree = new TiledTree(0, []);
      tree.append(bytes);
      assert.deepEqual(tree.root(), leafHash(bytes));
    }
  });
});
