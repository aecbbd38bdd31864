import type { LedgerEvent } from "../../evidence/event.ts";
import { type Command, CommandError, type StoreTransaction } from "../../store/command.ts";
import type { Proof } from "../dpop.ts";

export interface TokenIssue {
  readonly event: LedgerEvent;
  /** An assertion that says it is single (`jti`, RFC 7523 section 3). Google's clients sign none, and two alike within a second. */
  readonly assertion: { readonly kid: string; readonly jti: string; readonly until: number } | undefined;
  /** A person's token that it was made from: it serves the agent that first came with it, and no other. */
  readonly subjectToken?:
    | { readonly issuer: string; readonly id: string; readonly actor: string; readonly until: number }
    | undefined;
  /** The DPoP proof that the token is bound to the key of. */
  readonly proof: Proof | undefined;
}

/** Assertions remembered for one key (I10). */
const PER_KEY = 1000;

/** Proofs remembered for one key (I10): its requests within a minute and a half. */
const PROOFS_PER_KEY = 10_000;

/** People's tokens remembered for one agent (I10). */
const PER_ACTOR = 10_000;

/** A request is looked at a while before it is recorded: what was used before may be forgotten by then. CommandError: `code`. */
function requireRemembered(tx: StoreTransaction, until: number, code = "late"): void {
  if (until < tx.now) throw new CommandError(code, "its time was over before it was recorded");
}

/** Whoever steals a person's token from the agent that has it gains nothing by it. CommandError: `late`, `subject_taken`, `too_many_subjects`. */
async function takeSubject(tx: StoreTransaction, subject: NonNullable<TokenIssue["subjectToken"]>): Promise<void> {
  const { issuer, id, actor, until } = subject;
  requireRemembered(tx, until);
  await tx.db.deleteFrom("delegated_tokens").where("until", "<", tx.now).execute();
  const before = await tx.db
    .selectFrom("delegated_tokens")
    .select("actor")
    .where("issuer", "=", issuer)
    .where("token", "=", id)
    .executeTakeFirst();
  if (before?.actor === actor) return;
  if (before !== undefined) throw new CommandError("subject_taken", "another agent came with this token before");
  const { count } = await tx.db
    .selectFrom("delegated_tokens")
    .select((e) => e.fn.countAll<number>().as("count"))
    .where("actor", "=", actor)
    .executeTakeFirstOrThrow();
  if (count >= PER_ACTOR) throw new CommandError("too_many_subjects", "too many are still valid");
  await tx.db.insertInto("delegated_tokens").values({ issuer, token: id, actor, until }).execute();
}

/** Takes a proof once (RFC 9449, 11.1), which a restart doesn't forget. CommandError: `proof_late`, `proof_replayed`, `too_many_proofs`. */
const useProof: Command<Proof, void> = async (tx, { jkt, jti, until }) => {
  requireRemembered(tx, until, "proof_late");
  await tx.db.deleteFrom("used_proofs").where("until", "<", tx.now).execute();
  const before = await tx.db
    .selectFrom("used_proofs")
    .select("until")
    .where("jkt", "=", jkt)
    .where("jti", "=", jti)
    .executeTakeFirst();
  if (before !== undefined) throw new CommandError("proof_replayed", "this proof was used before");
  const { count } = await tx.db
    .selectFrom("used_proofs")
    .select((e) => e.fn.countAll<number>().as("count"))
    .where("jkt", "=", jkt)
    .executeTakeFirstOrThrow();
  if (count >= PROOFS_PER_KEY) throw new CommandError("too_many_proofs", "too many are still valid");
  await tx.db.insertInto("used_proofs").values({ jkt, jti, until }).execute();
};

/**
 * Records a token before it is given (I3), and that its assertion was used, which a restart doesn't forget.
 * CommandError: `late`, `replayed`, `too_many_assertions`, and those of `useProof` and `takeSubject`.
 */
const issue: Command<TokenIssue, void> = async (tx, { event, assertion, subjectToken, proof }) => {
  if (proof !== undefined) await useProof(tx, proof);
  if (subjectToken !== undefined) await takeSubject(tx, subjectToken);
  if (assertion !== undefined) {
    const { kid, jti, until } = assertion;
    requireRemembered(tx, until);
    await tx.db.deleteFrom("used_assertions").where("kid", "=", kid).where("until", "<", tx.now).execute();
    const used = await tx.db.selectFrom("used_assertions").select("jti").where("kid", "=", kid).execute();
    if (used.some((one) => one.jti === jti)) throw new CommandError("replayed", "this assertion was used before");
    if (used.length >= PER_KEY) throw new CommandError("too_many_assertions", "too many are still valid");
    await tx.db.insertInto("used_assertions").values({ kid, jti, until }).execute();
  }
  tx.append(event);
};

export const tokenCommands = { "token.issue": issue, "proof.use": useProof };
