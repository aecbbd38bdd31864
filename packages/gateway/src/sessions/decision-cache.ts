import type { UnderstoodPlan } from "@chaperone/googlesql";
import type { Principal } from "../identity/principal.ts";
import { remembering } from "../policy/answers.ts";
import type { DecisionRequest } from "../policy/decide.ts";
import type { Decision } from "../policy/decision.ts";
import { decideForAll, questionsForAll } from "../policy/intersect.ts";
import type { PolicySet } from "../policy/policy-set.ts";
import { Turns } from "./turns.ts";
import { jsonOnce } from "./written-once.ts";

/** Decisions kept (I10). */
const MOST = 256;
/** Characters of a decision, and of its question, that are still kept; an agent's purpose may be long. */
const LONGEST = 50_000;
/** Columns of a plan that policy is asked about at once, in some ten milliseconds. */
const FEW_COLUMNS = 50;

/**
 * Policy's decisions, remembered: the same agents ask the same statement again and again, and each page asks once more.
 * A decision is pure: it follows from the plan, the policies, the catalog version (which covers all that classes and subjects follow
 * from), who asks, for what, and the configuration. All of it is the key, so that whatever changes is decided anew. A plan counts as the same only if it is the
 * same object, which the analysis cache gives while statement and catalog are the same. Policies that read the clock are asked each time.
 */
export class DecisionCache {
  readonly #plans = new WeakMap<UnderstoodPlan, number>();
  #lastPlan = 0;
  /** Least recently used first. */
  readonly #decisions = new Map<string, Decision>();
  /** When policy was asked about the last plan of many columns. */
  #many: Promise<unknown> = Promise.resolve();

  /**
   * As `decide`. Of many columns policy is asked in turns with all else that is to be done, one plan after the other: a table of nine thousand takes
   * seconds, for which other agents would wait.
   */
  async decideInTurns(policies: PolicySet, request: DecisionRequest): Promise<Decision> {
    if (columnsOf(request.plan) <= FEW_COLUMNS || this.#decisions.has(this.#key(policies, request)))
      return this.decide(policies, request);
    const once = remembering(policies);
    const asked = this.#many.then(() => askInTurns(once, request));
    this.#many = asked.catch(() => undefined);
    await asked;
    return this.decide(once, request);
  }

  decide(policies: PolicySet, request: DecisionRequest): Decision {
    if (policies.readsClock) return decideForAll(policies, request);
    const key = this.#key(policies, request);
    const decision = this.#decisions.get(key) ?? decideForAll(policies, request);
    const known = this.#decisions.delete(key);
    if (!known && key.length + jsonOnce(decision).length > LONGEST) return decision;
    this.#decisions.set(key, decision);
    for (const oldest of this.#decisions.keys()) {
      if (this.#decisions.size <= MOST) break;
      this.#decisions.delete(oldest);
    }
    return decision;
  }

  #key(
    policies: PolicySet,
    { principal, plan, catalogVersion, context, protections, defaults }: DecisionRequest,
  ): string {
    let number = this.#plans.get(plan);
    if (number === undefined) {
      number = ++this.#lastPlan;
      this.#plans.set(plan, number);
    }
    return JSON.stringify([
      number,
      policies.hash,
      catalogVersion,
      whoAsks(principal),
      [context.connection, context.purpose ?? null],
      [protections.approval, protections.masking],
      [defaults.approvers, defaults.limitRows ?? null, defaults.limitBytes ?? null],
    ]);
  }
}

/** As many as it names, in each of its statements. */
function columnsOf({ statements }: UnderstoodPlan): number {
  const lists = statements.flatMap(({ reads, writes, outputs }) => [
    ...reads.map(({ columns }) => columns.length),
    ...writes.map(({ columns }) => columns.length),
    outputs.length,
  ]);
  return lists.reduce((sum, length) => sum + length, 0);
}

async function askInTurns(policies: PolicySet, request: DecisionRequest): Promise<void> {
  const turns = new Turns();
  for (const _ of questionsForAll(policies, request)) await turns.next();
}

/** All that policy sees of who asks, and of those it acts for. */
export function whoAsks(principal: Principal): unknown {
  const { kind, issuer, subject, name, groups } = principal;
  return [kind, issuer, subject, name, groups, kind === "agent" ? (principal.onBehalfOf ?? []).map(whoAsks) : []];
}
