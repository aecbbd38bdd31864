import type { Kysely } from "kysely";
import type { Database } from "../store/schema.ts";
import { matchesPattern } from "./claim-pattern.ts";
import type { AgentRow } from "./commands.ts";
import type { AgentPrincipal, PersonPrincipal } from "./principal.ts";
import { type AgentsConfig, findAgent } from "./register.ts";
import { stillAdmitted } from "./revocation.ts";

/** Whether what an agent asked for before may still be done for it. */
export interface Admission {
  holds(principal: AgentPrincipal): Promise<boolean>;
}

/**
 * By the store (`stillAdmitted`) and by the configuration, which a restart can have changed since the agent asked: its entry must still
 * be wanted, and the issuers of people whom it acts for must still delegate.
 */
export function createAdmission(
  store: { readonly db: Kysely<Database> },
  config: AgentsConfig,
  clock: () => number,
): Admission {
  async function agentHolds(agent: AgentPrincipal): Promise<boolean> {
    const row = await findAgent(store, agent);
    return row !== undefined && config.issuers?.has(row.issuer) !== false && isWanted(config, row);
  }
  return {
    async holds(principal) {
      for (const one of [principal, ...(principal.onBehalfOf ?? [])])
        if (!(one.kind === "agent" ? await agentHolds(one) : delegates(config, one))) return false;
      return stillAdmitted(store, principal, clock());
    },
  };
}

/** Whether an agent may still act for this person, as far as the configuration says. */
function delegates({ delegating = [], rules }: AgentsConfig, { issuer, subject, mayAct }: PersonPrincipal): boolean {
  const from = delegating.find((one) => one.issuer === issuer);
  return (
    from !== undefined &&
    (!from.mayActRequired || mayAct === true) &&
    // Of other claims of theirs nothing is known any more.
    !rules.some(
      ({ issuer: of, match }) =>
        of === issuer &&
        Object.entries(match).every(([claim, pattern]) => claim === "sub" && matchesPattern(subject, pattern)),
    )
  );
}

/**
 * Whether the configuration still has what this entry was made by. Of a rule, its name and its pattern for `sub` are compared: the other
 * claims came with a token, and are asked again when the agent comes with the next.
 */
function isWanted({ registered, rules }: AgentsConfig, { registered_by: by, issuer, subject }: AgentRow): boolean {
  if (by.startsWith("person:")) return true;
  if (registered.some((one) => one.issuer === issuer && one.subject === subject)) return true;
  return rules.some(
    ({ name, issuer: of, match: { sub = "**" } }) =>
      by === `rule:${name}` && of === issuer && matchesPattern(subject, sub),
  );
}
