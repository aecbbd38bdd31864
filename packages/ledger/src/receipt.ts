import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { LedgerError } from "./error.ts";
import { HASH_SIZE, hashToBase64, leafHash } from "./hash.ts";
import { decodeBase64, type NoteVerifier } from "./note.ts";
import { type InclusionProof, verifyInclusion } from "./proof.ts";

/**
 * A receipt: that one entry is in the log, to be checked offline with the log's public key and nothing else.
 * Format (`.tlog-proof`): https://c2sp.org/tlog-proof
 */
export interface Receipt {
  readonly index: number;
  readonly proof: InclusionProof;
  /** Signed checkpoint, verbatim. */
  readonly checkpoint: string;
  /** Opaque and not authenticated. */
  readonly extra?: Uint8Array;
}

const HEADER = "c2sp.org/tlog-proof@v1";

/** An inclusion proof has at most one hash a level, and no tree here is higher than this (I10). */
const MAX_PROOF_LENGTH = 63;

export function formatReceipt({ index, proof, checkpoint, extra }: Receipt): string {
  const lines = [HEADER];
  if (extra !== undefined) lines.push(`extra ${hashToBase64(extra)}`);
  lines.push(`index ${index}`, ...proof.map(hashToBase64), "");
  return `${lines.join("\n")}\n${checkpoint}`;
}

/** Reads a receipt without verifying it. Throws LedgerError "malformed". */
export function parseReceipt(text: string): Receipt {
  const split = text.indexOf("\n\n");
  const [header, ...lines] = text.slice(0, Math.max(split, 0)).split("\n");
  const extraText = lines[0]?.startsWith("extra ") ? lines.shift()?.slice("extra ".length) : undefined;
  const extra = extraText === undefined ? undefined : decodeBase64(extraText);
  const [, indexText] = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? "") ?? [];
  if (split < 0 || header !== HEADER || indexText === undefined || (extraText !== undefined && extra === undefined)) {
    throw new LedgerError("malformed", `not a receipt in the format ${HEADER}`);
  }
  if (lines.length > MAX_PROOF_LENGTH) throw new LedgerError("malformed", "the receipt's proof is too long");
  const proof = lines.map((line) => {
    const hash = decodeBase64(line);
    if (hash?.length !== HASH_SIZE) throw new LedgerError("malformed", "a line of the receipt's proof is not a hash");
    return new Uint8Array(hash);
  });
  const receipt = { index: Number(indexText), proof, checkpoint: text.slice(split + 2) };
  return extra === undefined ? receipt : { ...receipt, extra: new Uint8Array(extra) };
}

/**
 * Where the entry stands, and the checkpoint that says so. Throws LedgerError unless one of these keys signed the
 * checkpoint and the proof leads from exactly these bytes to its root.
 */
export function verifyReceipt(
  text: string,
  entry: Uint8Array,
  verifiers: readonly NoteVerifier[],
): { index: number; checkpoint: Checkpoint } {
  const { index, proof, checkpoint: note } = parseReceipt(text);
  const checkpoint = openCheckpoint(note, verifiers);
  verifyInclusion(proof, index, checkpoint.size, leafHash(entry), checkpoint.root);
  return { index, checkpoint };
}
