import type { CommandError } from "../../store/command.ts";
import { CredentialError, type CredentialErrorCode } from "../principal.ts";

const REFUSALS: Readonly<Record<string, readonly [CredentialErrorCode, string]>> = {
  proof_late: ["proof", "The DPoP proof's time was over before it was recorded; make another."],
  proof_replayed: ["proof", "The DPoP proof was used before; make one for each request."],
  too_many_proofs: ["proof", "Too many DPoP proofs of this key in a minute; ask more slowly."],
  late: ["expired", "Its time was over before the token was recorded; get a new one."],
  replayed: ["replayed", "This assertion was used before; sign a new one."],
  too_many_assertions: ["replayed", "Too many assertions of this key are still valid; use access tokens longer."],
  subject_taken: [
    "replayed",
    "Another agent came with this person's token before; ask the person for one of your own.",
  ],
  too_many_subjects: [
    "replayed",
    "Too many people's tokens that this agent came with are still valid; use access tokens longer.",
  ],
};

/** Why the store didn't take what may be used once, as its sender is told. */
export function notTaken(error: CommandError): Error {
  const refusal = Object.hasOwn(REFUSALS, error.code) ? REFUSALS[error.code] : undefined;
  return refusal === undefined ? error : new CredentialError(...refusal);
}
