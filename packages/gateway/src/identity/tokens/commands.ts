import type { LedgerEvent } from "../../evidence/event.ts";
import { type Command, CommandError } from "../../store/command.ts";

export interface TokenIssue {
  readonly event: LedgerEvent;
  /** An assertion that says it is single (`jti`, RFC 7523 section 3). Google's clients sign none, and two alike within a second. */
  readonly assertion: { readonly kid: string; readonly jti: string; readonly until: number } | undefined;
}

/** Assertions remembered for one key (I10). */
const PER_KEY = 1000;

/**
 * Records a token before it is given (I3), and that its assertion was used, which a restart doesn't forget.
 * CommandError: `replayed`, `too_many_assertions`.
 */
const issue: Command<TokenIssue, void> = async (tx, { event, assertion }) => {
  if (assertion !== undefined) {
    const { kid, jti, until } = assertion;
    await tx.db.deleteFrom("used_assertions").where("kid", "=", kid).where("until", "<", tx.now).execute();
    const used = await tx.db.selectFrom("used_assertions").select("jti").where("kid", "=", kid).execute();
    if (used.some((one) => one.jti === jti)) throw new CommandError("replayed", "this assertion was used before");
    if (used.length >= PER_KEY) throw new CommandError("too_many_assertions", "too many are still valid");
    await tx.db.insertInto("used_assertions").values({ kid, jti, until }).execute();
  }
  tx.append(event);
};

export const tokenCommands = { "token.issue": issue };
