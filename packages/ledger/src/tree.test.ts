import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { LedgerError } from "./error.ts";
import { EMPTY_TREE_HASH, type Hash, leafHash, nodeHash } from "./hash.ts";
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from "./proof.ts";
import { flipBit, MemoryLog } from "./testing/memory-log.ts";
import { splitPoint, storedHashCount, storedHashIndex, storedHashNode, treeHash } from "./tree.ts";

const hex = (hash: Hash): string => Buffer.from(hash).toString("hex");
const bytes = (text: string): Hash => new Uint8Array(Buffer.from(text, "hex"));
const refused = (error: unknown): boolean => error instanceof LedgerError && error.code === "proof";

// The entries and roots that implementations of Certificate Transparency test each other with.
const CT_ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const CT_ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/** MTH as RFC 6962 section 2.1 defines it, and nothing cleverer. */
function definition(entries: readonly Uint8Array[]): Hash {
  const [first] = entries;
  if (first === undefined) return EMPTY_TREE_HASH;
  if (entries.length === 1) return leafHash(first);
  const k = splitPoint(entries.length);
  return nodeHash(definition(entries.slice(0, k)), definition(entries.slice(k)));
}

suite("the tree", () => {
  test("has the roots of Certificate Transparency's test vectors", async () => {
    const log = await MemoryLog.of(CT_ENTRIES.map(bytes));
    for (const [size, root] of CT_ROOTS.entries()) assert.equal(hex(await treeHash(size, log)), root);
  });

  test("gives the proofs of Certificate Transparency's test vectors", async () => {
    const log = await MemoryLog.of(CT_ENTRIES.map(bytes));
    assert.deepEqual((await inclusionProof(0, 8, log)).map(hex), [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]);
    assert.deepEqual((await consistencyProof(6, 8, log)).map(hex), [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]);
  });

  test("of any size has the root of RFC 6962's definition, now and after it has grown", async () => {
    const log = await MemoryLog.ofSize(130);
    for (let size = 0; size <= 130; size++) {
      assert.equal(hex(await treeHash(size, log)), hex(definition(log.entries.slice(0, size))));
    }
  });

  test("stores hashes densely: each index once, the count right, far past 32 bits", () => {
    const indexes: number[] = [];
    for (let level = 0; level < 8; level++) {
      for (let n = 0; (n + 1) * 2 ** level <= 128; n++) indexes.push(storedHashIndex(level, n));
    }
    assert.deepEqual(
      indexes.sort((a, b) => a - b),
      Array.from({ length: storedHashCount(128) }, (_, i) => i),
    );
    for (const index of [...Array(500).keys(), 2 ** 40 - 1, 2 ** 40, 2 ** 41 - 2, 2 ** 45 + 12_345]) {
      const { level, n } = storedHashNode(index);
      assert.equal(storedHashIndex(level, n), index);
    }
    assert.equal(storedHashCount(2 ** 40), 2 ** 41 - 1);
    assert.equal(storedHashIndex(40, 0), 2 ** 41 - 2);
  });

  test("refuses sizes and indexes that don't exist", async () => {
    const log = await MemoryLog.ofSize(3);
    for (const size of [-1, 1.5, Number.NaN, 2 ** 53]) await assert.rejects(treeHash(size, log), LedgerError);
    for (const index of [-1, 3, 0.5]) await assert.rejects(inclusionProof(index, 3, log), LedgerError);
    await assert.rejects(consistencyProof(3, 2, log), LedgerError);
  });
});

suite("I8: an inclusion proof", () => {
  test("of every entry in every tree below 64 verifies, and of no other index, size or root", async () => {
    const log = await MemoryLog.ofSize(64);
    const other = leafHash(Buffer.from("another entry"));
    for (let size = 1; size <= 64; size++) {
      const root = await treeHash(size, log);
      for (let index = 0; index < size; index++) {
        const proof = await inclusionProof(index, size, log);
        const leaf = leafHash(log.entries[index] ?? Buffer.of());
        verifyInclusion(proof, index, size, leaf, root);
        assert.throws(() => verifyInclusion(proof, index, size, other, root), refused);
        if (size > 1) assert.throws(() => verifyInclusion(proof, (index + 1) % size, size, leaf, root), refused);
        assert.throws(() => verifyInclusion([...proof, root], index, size, leaf, root), refused);
        if (proof.length > 0) assert.throws(() => verifyInclusion(proof.slice(1), index, size, leaf, root), refused);
      }
    }
  });

  test("with any bit flipped fails", async () => {
    const log = await MemoryLog.ofSize(200);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 200 }),
        fc.nat(),
        fc.nat(),
        fc.nat(255),
        async (size, at, which, bit) => {
          const index = at % size;
          const root = await treeHash(size, log);
          const leaf = leafHash(log.entries[index] ?? Buffer.of());
          const proof = await inclusionProof(index, size, log);
          const flipped = proof.map((hash, n) => (n === which % proof.length ? flipBit(hash, bit) : hash));
          assert.throws(() => verifyInclusion(flipped, index, size, leaf, root), refused);
          assert.throws(() => verifyInclusion(proof, index, size, flipBit(leaf, bit), root), refused);
          assert.throws(() => verifyInclusion(proof, index, size, leaf, flipBit(root, bit)), refused);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("doesn't take a node for an entry", async () => {
    const log = await MemoryLog.ofSize(2);
    const [left, right] = [log.stored[0], log.stored[1]];
    assert.ok(left && right);
    const forged = leafHash(Buffer.concat([left, right]));
    assert.throws(() => verifyInclusion([], 0, 1, forged, nodeHash(left, right)), refused);
  });
});

suite("I8: a consistency proof", () => {
  test("between all sizes below 64 verifies, and with any hash altered, dropped or added fails", async () => {
    const log = await MemoryLog.ofSize(64);
    const roots = await Promise.all(Array.from({ length: 65 }, (_, size) => treeHash(size, log)));
    const root = (size: number): Hash => roots[size] ?? EMPTY_TREE_HASH;
    for (let newer = 0; newer < 64; newer++) {
      for (let older = 0; older <= newer; older++) {
        const proof = await consistencyProof(older, newer, log);
        verifyConsistency(proof, older, newer, root(older), root(newer));
        assert.throws(
          () => verifyConsistency([...proof, root(newer)], older, newer, root(older), root(newer)),
          refused,
        );
        if (older === 0) continue;
        const wrong = flipBit(root(older), older);
        assert.throws(() => verifyConsistency(proof, older, newer, wrong, root(newer)), refused);
        assert.throws(() => verifyConsistency(proof, older, newer, root(older), flipBit(root(newer), newer)), refused);
        for (const n of proof.keys()) {
          const flipped = proof.map((hash, m) => (m === n ? flipBit(hash, newer) : hash));
          assert.throws(() => verifyConsistency(flipped, older, newer, root(older), root(newer)), refused);
          assert.throws(
            () => verifyConsistency(proof.toSpliced(n, 1), older, newer, root(older), root(newer)),
            refused,
          );
        }
      }
    }
  });

  test("can't be made for a history that was rewritten", async () => {
    const before = await MemoryLog.ofSize(21);
    const after = await MemoryLog.of([
      ...before.entries.slice(0, 7),
      Buffer.from("rewritten"),
      ...before.entries.slice(8),
      Buffer.from("new"),
    ]);
    const proof = await consistencyProof(21, 22, after);
    const [older, newer] = [await treeHash(21, before), await treeHash(22, after)];
    assert.throws(() => verifyConsistency(proof, 21, 22, older, newer), refused);
  });
});
