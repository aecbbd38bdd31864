import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { consistencyProof, hashToBase64, treeHash } from "@chaperone/ledger";
import { exportTiles } from "../../packages/gateway/src/store/export-tiles.ts";
import { LedgerReader } from "../../packages/gateway/src/store/ledger-reader.ts";
import { openStore } from "../../packages/gateway/src/store/store.ts";

const SIZE = 700;

/** The Go program, built; undefined where there is no Go, or no way to get its module. */
function build(program: string): string | undefined {
  const built = spawnSync("go", ["build", "-o", program, "."], {
    cwd: import.meta.dirname,
    encoding: "utf8",
    timeout: 120_000,
  });
  return built.status === 0 ? undefined : (built.error?.message ?? built.stderr.trim().split("\n").at(-1));
}

test("I8: tools written by others verify the ledger: golang.org/x/mod/sumdb/note and tlog", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "chaperone-golang-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "golang-tlog");
  const reason = build(program);
  if (reason !== undefined) {
    t.skip(`needs Go and its module golang.org/x/mod: ${reason}`);
    return;
  }

  const state = join(folder, "state");
  const store = await openStore({ directory: state, origin: "test.example/ledger" });
  t.after(() => store.close());
  await Promise.all(Array.from({ length: SIZE }, (_, n) => store.append([{ type: "test.event", data: { n } }])));
  const ledger = new LedgerReader(store.db);
  const base64 = (hashes: readonly Uint8Array[]): string[] => hashes.map(hashToBase64);
  const inclusion = [];
  for (const index of [0, 1, 255, 256, 511, 512, 698, 699]) {
    inclusion.push({ Index: index, Proof: base64(await ledger.inclusionProof(index, SIZE)) });
  }
  const consistency = [];
  for (const size of [1, 2, 255, 256, 257, 512, 600, 699, 700]) {
    const [root, proof] = [await treeHash(size, ledger), await consistencyProof(size, SIZE, ledger)];
    consistency.push({ Size: size, Root: hashToBase64(root), Proof: base64(proof) });
  }
  const tiles = join(folder, "tiles");
  await exportTiles(state, tiles);
  const input = JSON.stringify({ Inclusion: inclusion, Consistency: consistency });
  const verify = () => spawnSync(program, [tiles, store.vkey], { input, encoding: "utf8" });

  const sound = verify();
  assert.equal(sound.stderr, "");
  assert.equal(sound.stdout, `verified ${SIZE} entries, 8 inclusion proofs, 9 consistency proofs\n`);

  for (const file of ["checkpoint", "tile/0/000", "tile/0/002.p/188", "tile/1/000.p/2", "tile/entries/001"]) {
    const bytes = readFileSync(join(tiles, file));
    writeFileSync(join(tiles, file), bytes.with(40, (bytes[40] ?? 0) ^ 1));
    assert.notEqual(verify().status, 0, `${file} altered`);
    writeFileSync(join(tiles, file), bytes);
  }
  assert.equal(verify().status, 0);
});
