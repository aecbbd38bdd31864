import type { AgentPrincipal } from "../identity/principal.ts";
import { type PersonsCredential, personRevoked } from "../identity/revocation.ts";
import type { StoreTransaction } from "../store/command.ts";
import { separationFault } from "./separation.ts";

/**
 * How many people have approved what this agent asks, and may still: whoever came with a stolen account or token has agreed to nothing, and
 * the agent may have become an approver's own since (I7).
 */
export async function standingApprovals(
  tx: StoreTransaction,
  request: string,
  principal: AgentPrincipal,
): Promise<number> {
  const people = await tx.db
    .selectFrom("approval_decisions")
    .select(["issuer", "subject", "token", "bound_to"])
    .where("request", "=", request)
    .where("decision", "=", "approve")
    .execute();
  let standing = 0;
  for (const { issuer, subject, token, bound_to: boundTo } of people) {
    const person: PersonsCredential = {
      issuer,
      subject,
      tokens: token === null ? [] : [token],
      proofKeys: JSON.parse(boundTo) as readonly string[],
    };
    if (personRevoked(tx, person) === undefined && (await separationFault(tx, principal, person)) === undefined)
      standing++;
  }
  return standing;
}
