import type { AgentPrincipal, PersonId } from "../identity/principal.ts";
import { CommandError, type StoreTransaction } from "../store/command.ts";

/**
 * Why this person has no say in what this agent asks (I7); undefined: they may. An agent decides nothing, and nobody for an agent of their
 * own: one they sponsor, or sponsored when it asked, one they entered (whoever made its key may hold it), one that acts for such an agent,
 * or one that acts for them.
 */
export async function separationFault(
  tx: StoreTransaction,
  principal: AgentPrincipal,
  person: PersonId,
): Promise<CommandError | undefined> {
  const ownRequest = (message: string) => new CommandError("own_request", `${message}; somebody else must decide`);
  if (same(principal, person) || (await entryOf(tx, person)) !== undefined)
    return new CommandError("is_agent", "an agent cannot decide an approval request");
  const by = `person:${person.issuer}#${person.subject}`;
  for (const one of [principal, ...(principal.onBehalfOf ?? [])]) {
    if (one.kind === "person") {
      if (same(one, person)) return ownRequest("this was asked on your behalf");
      continue;
    }
    const entry = await entryOf(tx, one);
    const now = entry === undefined ? [] : [{ issuer: entry.sponsor_issuer, subject: entry.sponsor_subject }];
    if ([one.sponsor, ...now].some((sponsor) => same(sponsor, person))) return ownRequest("you sponsor this agent");
    const key = await tx.db
      .selectFrom("agent_keys")
      .select("kid")
      .where("issuer", "=", one.issuer)
      .where("subject", "=", one.subject)
      .where("made_by", "=", by)
      .executeTakeFirst();
    if (entry?.registered_by === by || key !== undefined)
      return ownRequest("you entered this agent or made a key of it");
  }
  return undefined;
}

function entryOf(tx: StoreTransaction, { issuer, subject }: PersonId) {
  return tx.db
    .selectFrom("agents")
    .select(["registered_by", "sponsor_issuer", "sponsor_subject"])
    .where("issuer", "=", issuer)
    .where("subject", "=", subject)
    .executeTakeFirst();
}

function same(a: PersonId, b: PersonId): boolean {
  return a.issuer === b.issuer && a.subject === b.subject;
}
