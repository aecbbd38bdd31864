import { type Command, CommandError } from "../store/command.ts";
import { type AgentId, type AgentRegistration, agentCommands } from "./commands.ts";
import type { RevocationKind } from "./tables.ts";

/** Keys of one agent that are still good (I10). */
const MOST_KEYS = 10;

export interface KeyAddition {
  readonly agent: AgentRegistration;
  /** undefined: the agent comes with tokens of its issuer. */
  readonly key: { readonly kid: string; readonly jwk: string; readonly expiresAt: number } | undefined;
}

/**
 * Enters an agent by a person's word, with a key if it has no issuer of its own; an agent that a person entered before keeps its entry and
 * gets the key beside those it has, if what is said of it now is what its entry says. CommandError: `agent_exists`, `sponsor_is_agent`, `key_exists`, `too_many_keys`.
 */
const add: Command<KeyAddition, void> = async (tx, { agent, key }) => {
  const { issuer, subject, registeredBy } = agent;
  const row = await tx.db
    .selectFrom("agents")
    .select(["registered_by", "sponsor_issuer", "sponsor_subject", "groups"])
    .where("issuer", "=", issuer)
    .where("subject", "=", subject)
    .executeTakeFirst();
  if (row !== undefined && (key === undefined || !row.registered_by.startsWith("person:")))
    throw new CommandError("agent_exists", "this agent is registered already");
  // Whoever adds a key counts on who may not approve, and on what policy lets the agent do.
  if (row !== undefined && !says(row, agent))
    throw new CommandError("agent_exists", "this agent is registered already, with another sponsor or other groups");
  if (row === undefined) await agentCommands["agent.register"](tx, agent);
  if (key === undefined) return;
  const keys = await tx.db
    .selectFrom("agent_keys")
    .select(["kid", "expires_at", "revoked_at"])
    .where("issuer", "=", issuer)
    .where("subject", "=", subject)
    .execute();
  if (keys.filter((one) => one.revoked_at === null && one.expires_at > tx.now).length >= MOST_KEYS)
    throw new CommandError("too_many_keys", `an agent has ${MOST_KEYS} keys at most; revoke one`);
  const twin = await tx.db.selectFrom("agent_keys").select("kid").where("kid", "=", key.kid).executeTakeFirst();
  if (twin !== undefined) throw new CommandError("key_exists", "this key is registered already; make a new one");
  await tx.db
    .insertInto("agent_keys")
    .values({
      kid: key.kid,
      issuer,
      subject,
      jwk: key.jwk,
      made_by: registeredBy,
      made_at: tx.now,
      expires_at: key.expiresAt,
      revoked_at: null,
    })
    .execute();
  tx.append({
    type: "agent.key-added",
    data: { issuer, subject, key: key.kid, expires: key.expiresAt, by: registeredBy },
  });
};

function says(
  row: { readonly sponsor_issuer: string; readonly sponsor_subject: string; readonly groups: string },
  { sponsor, groups }: AgentRegistration,
): boolean {
  const written = (list: readonly string[]) => JSON.stringify([...new Set(list)].sort());
  return (
    row.sponsor_issuer === sponsor.issuer &&
    row.sponsor_subject === sponsor.subject &&
    written(JSON.parse(row.groups) as readonly string[]) === written(groups)
  );
}

export interface KeyRevocation {
  readonly kid: string;
  readonly by: string;
  readonly reason: string;
}

/** Idempotent. CommandError: `unknown_key`. */
const revokeKey: Command<KeyRevocation, AgentId> = async (tx, { kid, by, reason }) => {
  const row = await tx.db.selectFrom("agent_keys").selectAll().where("kid", "=", kid).executeTakeFirst();
  if (row === undefined) throw new CommandError("unknown_key", "no key of this id is registered");
  const { issuer, subject } = row;
  if (row.revoked_at === null) {
    await tx.db.updateTable("agent_keys").set({ revoked_at: tx.now }).where("kid", "=", kid).execute();
    tx.append({ type: "agent.key-revoked", data: { issuer, subject, key: kid, by, reason } });
  }
  return { issuer, subject };
};

export interface Revocation {
  readonly kind: RevocationKind;
  /** As in the table. */
  readonly id: string;
  readonly by: string;
  readonly reason: string;
}

/** Idempotent; there is no way back. */
const revoke: Command<Revocation, void> = async (tx, { kind, id, by, reason }) => {
  const before = await tx.db
    .selectFrom("revocations")
    .select("at")
    .where("kind", "=", kind)
    .where("id", "=", id)
    .executeTakeFirst();
  if (before !== undefined) return;
  await tx.db.insertInto("revocations").values({ kind, id, by, reason, at: tx.now }).execute();
  tx.append({ type: "credential.revoked", data: { kind, id, by, reason } });
};

/** Keys that agents sign with, and what is revoked. */
export const keyCommands = { "agent.add": add, "agent.key-revoke": revokeKey, "credential.revoke": revoke };
