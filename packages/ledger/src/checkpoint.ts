import { LedgerError } from "./error.ts";
import { HASH_SIZE, type Hash, hashToBase64 } from "./hash.ts";
import { decodeBase64, type NoteSigner, type NoteVerifier, openNote, parseNote, signNote } from "./note.ts";
import { checkTreeSize } from "./tree.ts";

/** A tree head: what the log promises never to take back. https://c2sp.org/tlog-checkpoint */
export interface Checkpoint {
  /** The log's name, and the name of its key. */
  readonly origin: string;
  /** Number of entries. */
  readonly size: number;
  readonly root: Hash;
  /** Opaque lines after the third, none of them empty. */
  readonly extensions: readonly string[];
}

/** The note text of a checkpoint. */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  checkTreeSize(size);
  if ([origin, ...extensions].some((line) => line === "" || line.includes("\n")) || root.length !== HASH_SIZE) {
    throw new LedgerError("malformed", "a checkpoint has an origin, a size, a root of 32 bytes and no empty line");
  }
  return `${[origin, size, hashToBase64(root), ...extensions].join("\n")}\n`;
}

/** Reads the note text of a checkpoint. Throws LedgerError "malformed". */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split("\n");
  const end = lines.pop();
  const [origin, sizeText, rootText, ...extensions] = lines;
  const root = rootText === undefined ? undefined : decodeBase64(rootText);
  if (end !== "" || !origin || sizeText === undefined || root?.length !== HASH_SIZE || extensions.includes("")) {
    throw new LedgerError("malformed", "not a checkpoint: origin, size, root, each on its line");
  }
  if (!/^(0|[1-9][0-9]{0,15})$/.test(sizeText)) throw new LedgerError("malformed", "the size is not a decimal number");
  const size = Number(sizeText);
  checkTreeSize(size);
  return { origin, size, root: new Uint8Array(root), extensions };
}

/** A signed checkpoint. The signer's name should be the origin. */
export function signCheckpoint(checkpoint: Checkpoint, signers: readonly NoteSigner[]): string {
  return signNote(formatCheckpoint(checkpoint), signers);
}

/**
 * The checkpoint in a note that the log's own key signed: one of the verifiers, named as the origin.
 * Throws LedgerError "signature" or "malformed".
 */
export function openCheckpoint(note: string, verifiers: readonly NoteVerifier[]): Checkpoint {
  const { text, signers } = openNote(note, verifiers);
  const checkpoint = parseCheckpoint(text);
  if (!signers.some(({ name }) => name === checkpoint.origin)) {
    throw new LedgerError("signature", `the checkpoint is not signed by the key of its origin ${checkpoint.origin}`);
  }
  return checkpoint;
}

/** Reads a checkpoint without judging its signatures: for showing, never for believing. */
export function readCheckpointUnverified(note: string): Checkpoint {
  return parseCheckpoint(parseNote(note).text);
}
