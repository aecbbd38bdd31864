/** Why a proof, note, tile or log was refused. Codes are stable; messages hold hashes and sizes, never an entry. */
export type LedgerErrorCode =
  /** The bytes are not in the format they claim to be in. */
  | "malformed"
  /** An index, size or range that doesn't exist. */
  | "range"
  /** A hash doesn't follow from the proof. */
  | "proof"
  /** No signature by a trusted key, or a wrong one. */
  | "signature"
  /** The key's text or bytes can't be used. */
  | "key"
  /** A stored hash or tile the computation needs is not there. */
  | "missing";

export class LedgerError extends Error {
  override readonly name = "LedgerError";
  readonly code: LedgerErrorCode;
  constructor(code: LedgerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
