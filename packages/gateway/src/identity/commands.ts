import { type Command, CommandError, type StoreTransaction } from "../store/command.ts";
import type { PersonId } from "./principal.ts";
import type { AgentTables } from "./tables.ts";

export type AgentRow = AgentTables["agents"];

export interface AgentRegistration {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly sponsor: PersonId;
  readonly groups: readonly string[];
  /** As in the table: `config`, `rule:<name>` or `person:<issuer>#<subject>`. */
  readonly registeredBy: string;
}

export interface AgentStatusChange {
  readonly issuer: string;
  readonly subject: string;
  readonly reason: string;
  /** `person:<issuer>#<subject>`; the caller has checked that this person may. */
  readonly by: string;
}

export interface AgentId {
  readonly issuer: string;
  readonly subject: string;
}

function find({ db }: StoreTransaction, { issuer, subject }: AgentId): Promise<AgentRow | undefined> {
  return db
    .selectFrom("agents")
    .selectAll()
    .where("issuer", "=", issuer)
    .where("subject", "=", subject)
    .executeTakeFirst();
}

/** A sponsor is a person, so no agent may be one, itself least of all (I7). */
async function checkSponsor(tx: StoreTransaction, { issuer, subject, sponsor }: AgentRegistration): Promise<void> {
  const itself = sponsor.issuer === issuer && sponsor.subject === subject;
  if (itself || (await find(tx, sponsor)) !== undefined) {
    throw new CommandError("sponsor_is_agent", "an agent can't be sponsor of an agent");
  }
  const sponsored = await tx.db
    .selectFrom("agents")
    .select("subject")
    .where("sponsor_issuer", "=", issuer)
    .where("sponsor_subject", "=", subject)
    .executeTakeFirst();
  if (sponsored !== undefined) throw new CommandError("sponsor_is_agent", "a sponsor of agents can't become an agent");
}

/**
 * Enters an agent in the register, or brings its entry up to date; its status stays as it is, so nobody gets back in by registering again.
 * CommandError: `sponsor_is_agent`.
 */
const register: Command<AgentRegistration, void> = async (tx, input) => {
  await checkSponsor(tx, input);
  const entry = {
    name: input.name,
    sponsor_issuer: input.sponsor.issuer,
    sponsor_subject: input.sponsor.subject,
    groups: JSON.stringify(input.groups),
    registered_by: input.registeredBy,
  };
  const data = {
    issuer: input.issuer,
    subject: input.subject,
    name: input.name,
    sponsor: { issuer: input.sponsor.issuer, subject: input.sponsor.subject },
    groups: input.groups,
    by: input.registeredBy,
  };
  const row = await find(tx, input);
  if (row === undefined) {
    await tx.db
      .insertInto("agents")
      .values({
        ...entry,
        issuer: input.issuer,
        subject: input.subject,
        status: "active",
        registered_at: tx.now,
        last_seen_at: null,
      })
      .execute();
    tx.append({ type: "agent.registered", data });
    return;
  }
  const same =
    row.name === entry.name &&
    row.sponsor_issuer === entry.sponsor_issuer &&
    row.sponsor_subject === entry.sponsor_subject &&
    row.groups === entry.groups &&
    row.registered_by === entry.registered_by;
  if (same) return;
  await tx.db
    .updateTable("agents")
    .set(entry)
    .where("issuer", "=", input.issuer)
    .where("subject", "=", input.subject)
    .execute();
  tx.append({ type: "agent.changed", data });
};

/** Notes that an agent came by. No event: what it asked for has its own. */
const seen: Command<AgentId, void> = async (tx, { issuer, subject }) => {
  await tx.db
    .updateTable("agents")
    .set({ last_seen_at: tx.now })
    .where("issuer", "=", issuer)
    .where("subject", "=", subject)
    .execute();
};

/** Both are idempotent: an agent that has the status already is left alone. CommandError: `unknown_agent`. */
function setStatus(
  status: AgentRow["status"],
  type: string,
): Command<AgentStatusChange, { readonly changed: boolean }> {
  return async (tx, { issuer, subject, reason, by }) => {
    const row = await find(tx, { issuer, subject });
    if (row === undefined) throw new CommandError("unknown_agent", "no agent of this issuer and subject is registered");
    if (row.status === status) return { changed: false };
    await tx.db
      .updateTable("agents")
      .set({ status })
      .where("issuer", "=", issuer)
      .where("subject", "=", subject)
      .execute();
    tx.append({ type, data: { issuer, subject, by, reason } });
    return { changed: true };
  };
}

/** Every change to the register of agents. */
export const agentCommands = {
  "agent.register": register,
  "agent.seen": seen,
  "agent.suspend": setStatus("suspended", "agent.suspended"),
  "agent.activate": setStatus("active", "agent.activated"),
};
