import { isRevokedPerson } from "../identity/revocation.ts";
import type { StoreTransaction } from "../store/command.ts";

/** How many people have approved and aren't revoked: whoever came with a stolen account has agreed to nothing. */
export async function standingApprovals(tx: StoreTransaction, request: string): Promise<number> {
  const people = await tx.db
    .selectFrom("approval_decisions")
    .select(["issuer", "subject"])
    .where("request", "=", request)
    .where("decision", "=", "approve")
    .execute();
  return people.filter((person) => !isRevokedPerson(tx, person)).length;
}
