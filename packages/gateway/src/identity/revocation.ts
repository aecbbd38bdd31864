import { answering, type Connected, prepare } from "../store/prepared.ts";
import type { AgentRow } from "./commands.ts";
import { type AgentPrincipal, type Credential, CredentialError, type PersonId, type Principal } from "./principal.ts";

const REVOCATION = prepare((db, given: { readonly kind: keyof typeof REVOKED; readonly id: string }) =>
  db.selectFrom("revocations").select("kind").where("kind", "=", given.kind).where("id", "=", given.id),
).remembered("revocations");
const AGENT_KEY = prepare((db, given: { readonly kid: string }) =>
  db.selectFrom("agent_keys").select(["revoked_at", "expires_at"]).where("kid", "=", given.kid),
).remembered("agent_keys");
const AGENT = prepare((db, given: { readonly issuer: string; readonly subject: string }) =>
  db
    .selectFrom("agents")
    .select(["status", "sponsor_issuer", "sponsor_subject"])
    .where("issuer", "=", given.issuer)
    .where("subject", "=", given.subject),
).remembered("agents");

/** While this is the same, all that is asked here of SQLite has the same answers. undefined: nobody knows. */
export function admissionVersion(on: Connected): number | undefined {
  const [agents, revocations, keys] = [AGENT.version(on), REVOCATION.version(on), AGENT_KEY.version(on)];
  if (agents === undefined || revocations === undefined || keys === undefined) return undefined;
  // None of them ever becomes less.
  return agents + revocations + keys;
}

/** How a sponsor is written in `revocations`. */
export function sponsorKey({ issuer, subject }: { readonly issuer: string; readonly subject: string }): string {
  return JSON.stringify([issuer, subject]);
}

/**
 * Refuses a credential that rests on anything revoked: its token or one that it was made from, its key, its issuer, its agent's
 * sponsor. Read at each request, so that a revocation holds from the next one, and the next page, on.
 * @throws CredentialError `revoked`
 */
export function checkRevocations(
  on: Connected,
  credential: Pick<Credential, "issuer" | "subject" | "tokenId" | "keyId" | "exchangedFor" | "confirmation">,
  row: Pick<AgentRow, "sponsor_issuer" | "sponsor_subject"> | undefined,
  now: number,
): void {
  const person = row === undefined ? credential : { issuer: row.sponsor_issuer, subject: row.sponsor_subject };
  const tokens = [credential.tokenId, ...(credential.exchangedFor ?? [])];
  const revoked = revokedOf(on, credential.issuer, person, tokens, proofKeysOf(credential));
  if (revoked !== undefined) throw revoked;
  if (credential.keyId === undefined) return;
  const key = AGENT_KEY.first(on, { kid: credential.keyId });
  if (key === undefined || key.revoked_at !== null)
    throw new CredentialError("revoked", "The agent's key was revoked; ask an administrator for a new one.");
  if (key.expires_at <= now)
    throw new CredentialError("expired", "The agent's key has expired; ask an administrator for a new one.");
}

function revokedOf(
  on: Connected,
  issuer: string,
  person: PersonId,
  tokens: readonly string[],
  proofKeys: readonly string[],
): CredentialError | undefined {
  const restsOn: readonly (readonly [keyof typeof REVOKED, string])[] = [
    ...tokens.map((id) => ["token", id] as const),
    ...proofKeys.map((id) => ["proof-key", id] as const),
    ["issuer", issuer],
    ["sponsor", sponsorKey(person)],
  ];
  for (const [kind, id] of restsOn)
    if (REVOCATION.first(on, { kind, id }) !== undefined) return new CredentialError("revoked", REVOKED[kind]);
  return undefined;
}

/** Thumbprints of what a credential is bound to. */
export function proofKeysOf({ confirmation: { jkt, x5t } = {} }: Pick<Credential, "confirmation">): readonly string[] {
  return [jkt, x5t].filter((id) => id !== undefined);
}

/** Whom a person's word is, and what it came with. */
export interface PersonsCredential extends PersonId {
  readonly tokens: readonly string[];
  /** Thumbprints. */
  readonly proofKeys: readonly string[];
}

/** Why a person's word counts no more: they, the issuer of their tokens, or what they came with was revoked; undefined: it counts. */
export function personRevoked(on: Connected, person: PersonsCredential): CredentialError | undefined {
  return revokedOf(on, person.issuer, person, person.tokens, person.proofKeys);
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
export function stillAdmitted(on: Connected, principal: AgentPrincipal, now: number): boolean {
  const version = admissionVersion(on);
  const by = answering(on);
  const before = admitted.get(principal);
  if (before !== undefined && before.by === by && before.version === version) return true;
  if (!isAdmitted(on, principal, now)) return false;
  if (version !== undefined && by !== undefined) admitted.set(principal, { by, version });
  return true;
}

/** Who was found admitted: it follows from what is written alone, and principals are never changed. */
const admitted = new WeakMap<AgentPrincipal, { readonly by: object; readonly version: number }>();

function isAdmitted(on: Connected, principal: AgentPrincipal, now: number): boolean {
  for (const one of [principal, ...(principal.onBehalfOf ?? [])] satisfies readonly Principal[]) {
    const row = AGENT.first(on, { issuer: one.issuer, subject: one.subject });
    // A person who was entered as an agent since is no person any more.
    if (one.kind === "person" ? row !== undefined : row?.status !== "active") return false;
    try {
      checkRevocations(on, one, row, now);
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      if (error.code !== "expired") return false;
    }
  }
  return true;
}
