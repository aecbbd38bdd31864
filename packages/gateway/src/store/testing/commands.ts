import { type Command, CommandError, type StoreTransaction } from "../command.ts";

/** Commands the store's own tests drive it with; agents stand in for "some state". */

async function addAgent({ db, now, append }: StoreTransaction, subject: string): Promise<number> {
  const issuer = "https://issuer.test";
  const sponsor = { issuer: "https://people.test", subject: "sponsor" };
  await db
    .insertInto("agents")
    .values({
      issuer,
      subject,
      name: subject,
      sponsor_issuer: sponsor.issuer,
      sponsor_subject: sponsor.subject,
      groups: "[]",
      status: "active",
      registered_by: "config",
      registered_at: now,
      last_seen_at: null,
    })
    .execute();
  append({ type: "agent.registered", data: { issuer, subject, name: subject, sponsor, groups: [], by: "config" } });
  return now;
}

const refuseAfterWriting: Command<string, void> = async (tx, subject) => {
  await addAgent(tx, subject);
  throw new CommandError("lost_race", "somebody else was first");
};

const throwWithSecret: Command<string, void> = async (tx, subject) => {
  await addAgent(tx, subject);
  throw new TypeError("the patient's name is Jane Roe");
};

const appendLarge: Command<{ subject: string; bytes: number }, void> = async (tx, { subject, bytes }) => {
  await addAgent(tx, subject);
  try {
    tx.append({ type: "test.large", data: { text: "x".repeat(bytes) } });
  } catch {
    // Swallowed on purpose: the command must fail all the same.
  }
};

const hang: Command<void, void> = () => new Promise(() => undefined);

const spin: Command<number, void> = async ({ append }, milliseconds) => {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
  append({ type: "test.spun", data: {} });
};

const forgetToWait: Command<string, void> = async (tx, subject) => {
  void addAgent(tx, subject).catch(() => undefined);
};

const commitByHand: Command<void, void> = async ({ db }) => {
  await db.transaction().execute(async () => undefined);
};

const returnFunction: Command<string, unknown> = async (tx, subject) => {
  await addAgent(tx, subject);
  return () => undefined;
};

const removeAgents: Command<void, void> = async ({ db, append }) => {
  await db.deleteFrom("agents").execute();
  append({ type: "test.removed", data: {} });
};

const die: Command<void, void> = async () => {
  process.exit(1);
};

export const COMMANDS = {
  addAgent,
  refuseAfterWriting,
  throwWithSecret,
  appendLarge,
  hang,
  spin,
  forgetToWait,
  commitByHand,
  returnFunction,
  removeAgents,
  die,
};
