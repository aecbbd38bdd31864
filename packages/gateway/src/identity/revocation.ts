import type { Kysely } from "kysely";
import type { Database } from "../store/schema.ts";
import type { AgentRow } from "./commands.ts";
import { type AgentPrincipal, type Credential, CredentialError, type Principal } from "./principal.ts";

/** How a sponsor is written in `revocations`. */
export function sponsorKey({ issuer, subject }: { readonly issuer: string; readonly subject: string }): string {
  return JSON.stringify([issuer, subject]);
}

/**
 * Refuses a credential that rests on anything revoked: its token or one that it was made from, its key, its issuer, its agent's
 * sponsor. Read at each request, so that a revocation holds from the next one, and the next page, on.
 * @throws CredentialError `revoked`
 */
export async function checkRevocations(
  db: Kysely<Database>,
  credential: Pick<Credential, "issuer" | "subject" | "tokenId" | "keyId" | "exchangedFor" | "confirmation">,
  row: Pick<AgentRow, "sponsor_issuer" | "sponsor_subject"> | undefined,
  now: number,
): Promise<void> {
  const tokens = [credential.tokenId, ...(credential.exchangedFor ?? [])];
  const { jkt, x5t } = credential.confirmation ?? {};
  const proofKeys = [jkt, x5t].filter((one) => one !== undefined);
  const person = row === undefined ? credential : { issuer: row.sponsor_issuer, subject: row.sponsor_subject };
  const found = await db
    .selectFrom("revocations")
    .select("kind")
    .where((e) =>
      e.or([
        e.and([e("kind", "=", "token"), e("id", "in", tokens)]),
        ...proofKeys.map((id) => e.and([e("kind", "=", "proof-key"), e("id", "=", id)])),
        e.and([e("kind", "=", "issuer"), e("id", "=", credential.issuer)]),
        e.and([e("kind", "=", "sponsor"), e("id", "=", sponsorKey(person))]),
      ]),
    )
    .executeTakeFirst();
  if (found !== undefined) throw new CredentialError("revoked", REVOKED[found.kind]);
  if (credential.keyId === undefined) return;
  const key = await db
    .selectFrom("agent_keys")
    .select(["revoked_at", "expires_at"])
    .where("kid", "=", credential.keyId)
    .executeTakeFirst();
  if (key === undefined || key.revoked_at !== null)
    throw new CredentialError("revoked", "The agent's key was revoked; ask an administrator for a new one.");
  if (key.expires_at <= now)
    throw new CredentialError("expired", "The agent's key has expired; ask an administrator for a new one.");
}

const REVOKED = {
  token: "The token was revoked; get a new one.",
  "proof-key": "The key or certificate that the token is bound to was revoked; get a token for another.",
  issuer: "Tokens of this issuer were revoked; ask an administrator.",
  sponsor: "The person who answers for this agent, or holds this token, was revoked; ask an administrator.",
} as const;

/**
 * Whether what an agent asked for before may still be done for it: neither it nor anyone it acts for is suspended, and nothing that
 * they came with is revoked. That a key has expired since is no matter, as with tokens.
 */
export async function stillAdmitted(db: Kysely<Database>, principal: AgentPrincipal, now: number): Promise<boolean> {
  for (const one of [principal, ...(principal.onBehalfOf ?? [])] satisfies readonly Principal[]) {
    const row = await db
      .selectFrom("agents")
      .select(["status", "sponsor_issuer", "sponsor_subject"])
      .where("issuer", "=", one.issuer)
      .where("subject", "=", one.subject)
      .executeTakeFirst();
    // A person who was entered as an agent since is no person any more.
    if (one.kind === "person" ? row !== undefined : row?.status !== "active") return false;
    try {
      await checkRevocations(db, one, row, now);
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      if (error.code !== "expired") return false;
    }
  }
  return true;
}
