import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { signCheckpoint } from "./checkpoint.ts";
import { LedgerError } from "./error.ts";
import { generateNoteKey, noteSigner, noteVerifier } from "./note.ts";
import { inclusionProof } from "./proof.ts";
import { formatReceipt, parseReceipt, verifyReceipt } from "./receipt.ts";
import { flipBit, MemoryLog } from "./testing/memory-log.ts";
import { decodeEntryBundle, encodeEntryBundle, parseTilePath, readTile, tilePath, tilesOfTree } from "./tile.ts";
import { tiledLog } from "./tiled-log.ts";
import { storedHashIndex, treeHash } from "./tree.ts";
import { type LogAudit, type LogSource, verifyLog } from "./verify-log.ts";

const ORIGIN = "example.com/log";
const signer = noteSigner(generateNoteKey(ORIGIN).skey);
const verifiers = [noteVerifier(signer.vkey)];

async function checkpointOf(log: MemoryLog, size: number): Promise<string> {
  return signCheckpoint({ origin: ORIGIN, size, root: await treeHash(size, log), extensions: [] }, [signer]);
}

function sourceOf(
  log: MemoryLog,
  checkpoints: readonly string[],
  entries: readonly Uint8Array[] = log.entries,
): LogSource {
  return {
    checkpoints: () => checkpoints,
    entries: () => entries,
    hashes: (nodes) => log.readHashes(nodes.map(({ level, n }) => storedHashIndex(level, n))),
  };
}

const codes = (audit: LogAudit): string[] => [...new Set(audit.problems.map(({ code }) => code))];

suite("I8: a full audit", () => {
  test("of a sound log finds nothing and recomputes its root", async () => {
    const log = await MemoryLog.ofSize(1000);
    const checkpoints = await Promise.all([1, 2, 300, 999, 1000].map((size) => checkpointOf(log, size)));
    const visited: number[] = [];
    const audit = await verifyLog(sourceOf(log, checkpoints), { verifiers, visit: (index) => visited.push(index) });
    assert.deepEqual(audit, { ok: true, size: 1000, root: await treeHash(1000, log), checkpoints: 5, problems: [] });
    assert.equal(visited.length, 1000);
    assert.equal((await verifyLog(sourceOf(await MemoryLog.ofSize(0), []), { verifiers })).ok, true);
  });

  test("finds an altered, swapped, dropped or added entry wherever it is", async () => {
    const log = await MemoryLog.ofSize(70);
    const checkpoints = [await checkpointOf(log, 33), await checkpointOf(log, 70)];
    for (let n = 0; n < 70; n++) {
      const entry = log.entries[n] ?? Buffer.of();
      const altered = log.entries.with(n, flipBit(entry, n % 56));
      assert.ok(
        codes(await verifyLog(sourceOf(log, checkpoints, altered), { verifiers })).includes("root"),
        `entry ${n}`,
      );
    }
    const swapped = log.entries.with(3, log.entries[4] ?? Buffer.of()).with(4, log.entries[3] ?? Buffer.of());
    assert.ok(codes(await verifyLog(sourceOf(log, checkpoints, swapped), { verifiers })).includes("root"));
    const dropped = log.entries.toSpliced(69, 1);
    assert.deepEqual(codes(await verifyLog(sourceOf(log, checkpoints, dropped), { verifiers })), ["truncated"]);
    const added = await MemoryLog.ofSize(71);
    assert.deepEqual(codes(await verifyLog(sourceOf(added, checkpoints), { verifiers })), ["uncovered"]);
  });

  test("finds any altered stored hash", async () => {
    const log = await MemoryLog.ofSize(40);
    const checkpoints = [await checkpointOf(log, 40)];
    for (const [n, hash] of log.stored.entries()) {
      log.stored[n] = flipBit(hash, n);
      assert.deepEqual(codes(await verifyLog(sourceOf(log, checkpoints), { verifiers })), ["hash"], `stored hash ${n}`);
      log.stored[n] = hash;
    }
  });

  test("finds a whole history rewritten with the log's own key, given a checkpoint kept elsewhere", async () => {
    const log = await MemoryLog.ofSize(50);
    const known = [await checkpointOf(log, 50)];
    const rewritten = await MemoryLog.of(log.entries.with(7, Buffer.from("rewritten")));
    const source = sourceOf(rewritten, [await checkpointOf(rewritten, 50)]);
    assert.equal((await verifyLog(source, { verifiers })).ok, true, "by itself it looks sound");
    assert.deepEqual(codes(await verifyLog(source, { verifiers, known })), ["root"]);
    const cut = await MemoryLog.ofSize(20);
    const cutAudit = await verifyLog(sourceOf(cut, [await checkpointOf(cut, 20)]), { verifiers, known });
    assert.deepEqual(codes(cutAudit), ["truncated"]);
  });

  test("finds checkpoints signed by another, out of order, or unreadable; and a source that fails", async () => {
    const log = await MemoryLog.ofSize(9);
    const [at4, at9] = [await checkpointOf(log, 4), await checkpointOf(log, 9)];
    const stranger = noteSigner(generateNoteKey(ORIGIN).skey);
    const forged = signCheckpoint({ origin: ORIGIN, size: 4, root: await treeHash(4, log), extensions: [] }, [
      stranger,
    ]);
    for (const checkpoints of [
      [forged, at9],
      ["nonsense", at9],
      [at9, at4],
    ]) {
      assert.ok(codes(await verifyLog(sourceOf(log, checkpoints), { verifiers })).includes("checkpoint"));
    }
    const failing: LogSource = {
      ...sourceOf(log, [at9]),
      entries: function* () {
        yield Buffer.from("entry 0");
        throw new Error("patient 4711");
      },
    };
    const audit = await verifyLog(failing, { verifiers });
    assert.ok(codes(audit).includes("unreadable"));
    assert.doesNotMatch(JSON.stringify(audit.problems), /4711/);
  });
});

suite("tiles", () => {
  test("have the paths of the specification, one path each", () => {
    const known = {
      "tile/0/x001/x234/067": 1_234_067,
      "tile/0/000": 0,
      "tile/63/999": 999,
      "tile/entries/x005/123": 5123,
    };
    for (const [path, index] of Object.entries(known)) {
      const tile = parseTilePath(path);
      assert.equal(tile.index, index);
      assert.equal(tilePath(tile), path);
    }
    assert.deepEqual(parseTilePath("tile/entries/x001/234.p/17"), { level: "entries", index: 1234, width: 17 });
    for (const path of [
      "tile/64/000",
      "tile/00/000",
      "tile/0/x000/001",
      "tile/0/1",
      "tile/0/001.p/0",
      "tile/0/001.p/256",
      "tile/0/../000",
      "tile/0/001/002",
      "/tile/0/000",
    ]) {
      assert.throws(() => parseTilePath(path), LedgerError, path);
    }
  });

  test("of a tree of 70,000 are those the specification lists", () => {
    const tiles = [...tilesOfTree(70_000)];
    const count = (level: number | "entries", full: boolean): number =>
      tiles.filter((tile) => tile.level === level && (tile.width === 256) === full).length;
    assert.deepEqual(
      [count(0, true), count(0, false), count(1, true), count(1, false), count(2, true), count(2, false)],
      [273, 1, 1, 1, 0, 1],
    );
    const partial = tiles.filter(({ width }) => width < 256).map(({ width }) => width);
    assert.deepEqual(partial, [112, 112, 17, 1]);
    assert.deepEqual([...tilesOfTree(256)].map(tilePath), ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
    assert.deepEqual([...tilesOfTree(260, 256)].map(tilePath), ["tile/entries/001.p/4", "tile/0/001.p/4"]);
  });

  test("entry bundles come back, and a broken one is refused", () => {
    const entries = [Buffer.of(), Buffer.from("a"), Buffer.alloc(65_535, 7)];
    const bundle = encodeEntryBundle(entries);
    assert.deepEqual(
      decodeEntryBundle(bundle, 3).map((entry) => Buffer.from(entry)),
      entries,
    );
    assert.throws(() => encodeEntryBundle([Buffer.alloc(65_536)]), LedgerError);
    for (const cut of [1, 3, bundle.length - 1])
      assert.throws(() => decodeEntryBundle(bundle.subarray(0, cut), 3), LedgerError);
    assert.throws(() => decodeEntryBundle(bundle, 2), LedgerError);
  });

  test("I8: a static log is audited whole: every file of it, altered or missing, is found", async () => {
    const log = await MemoryLog.ofSize(600);
    const files = new Map<string, Uint8Array>([["checkpoint", Buffer.from(await checkpointOf(log, 600))]]);
    for (const tile of tilesOfTree(600)) {
      const start = tile.index * 256;
      const bytes =
        tile.level === "entries"
          ? encodeEntryBundle(log.entries.slice(start, start + tile.width))
          : await readTile(tile, log);
      files.set(tilePath(tile), bytes);
    }
    const audit = () =>
      verifyLog(
        tiledLog(async (path) => files.get(path)),
        { verifiers },
      );
    assert.equal((await audit()).ok, true);
    assert.equal(files.size, 1 + 3 + 3 + 1);
    for (const [path, bytes] of [...files]) {
      files.set(path, flipBit(bytes, 100));
      assert.equal((await audit()).ok, false, `altered ${path}`);
      files.delete(path);
      assert.equal((await audit()).ok, false, `missing ${path}`);
      files.set(path, bytes);
    }
  });
});

suite("I8: a receipt", () => {
  test("proves one entry offline, and nothing else", async () => {
    const log = await MemoryLog.ofSize(50);
    const checkpoint = await checkpointOf(log, 50);
    for (const index of [0, 31, 49]) {
      const text = formatReceipt({
        index,
        proof: await inclusionProof(index, 50, log),
        checkpoint,
        extra: Buffer.from("x"),
      });
      const entry = log.entries[index] ?? Buffer.of();
      assert.equal(verifyReceipt(text, entry, verifiers).index, index);
      assert.throws(() => verifyReceipt(text, Buffer.from("another"), verifiers), LedgerError);
      assert.throws(() => verifyReceipt(text, entry, [noteVerifier(generateNoteKey(ORIGIN).vkey)]), LedgerError);
      assert.throws(
        () => verifyReceipt(text.replace(`index ${index}`, `index ${index + 1}`), entry, verifiers),
        LedgerError,
      );
      assert.equal(formatReceipt(parseReceipt(text)), text);
    }
  });

  test("of the only entry has no proof lines; and what isn't a receipt is refused", async () => {
    const log = await MemoryLog.ofSize(1);
    const text = formatReceipt({ index: 0, proof: [], checkpoint: await checkpointOf(log, 1) });
    assert.ok(text.startsWith("c2sp.org/tlog-proof@v1\nindex 0\n\nexample.com/log\n1\n"));
    verifyReceipt(text, log.entries[0] ?? Buffer.of(), verifiers);
    for (const bad of [
      "",
      text.replace("@v1", "@v2"),
      text.replace("index 0", "index 00"),
      text.replace("\n\n", "\nAAAA\n\n"),
      text.replace("index", "extra !\nindex"),
    ]) {
      assert.throws(() => parseReceipt(bad), LedgerError, bad);
    }
  });
});
