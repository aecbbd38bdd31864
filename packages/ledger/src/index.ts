export * from "./checkpoint.ts";
export { LedgerError, type LedgerErrorCode } from "./error.ts";
export { EMPTY_TREE_HASH, HASH_SIZE, type Hash, hashToBase64, leafHash, nodeHash, sameHash } from "./hash.ts";
export {
  generateNoteKey,
  type NoteSignature,
  type NoteSigner,
  type NoteVerifier,
  noteSigner,
  noteVerifier,
  openNote,
  type ParsedNote,
  parseNote,
  signNote,
} from "./note.ts";
export * from "./proof.ts";
export { formatReceipt, parseReceipt, type Receipt, verifyReceipt } from "./receipt.ts";
export * from "./tile.ts";
export { tiledLog } from "./tiled-log.ts";
export { type FullTile, partialWidth, subtreeHash, TiledTree, tileLevels } from "./tiled-tree.ts";
export {
  type HashReader,
  MAX_TREE_SIZE,
  storedHashCount,
  storedHashesForEntry,
  storedHashIndex,
  storedHashNode,
  treeHash,
} from "./tree.ts";
export * from "./verify-log.ts";
