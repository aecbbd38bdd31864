import type { UnderstoodPlan } from "@chaperone/googlesql";
import type { Principal } from "../identity/principal.ts";
import type { DecisionRequest } from "../policy/decide.ts";
import type { Decision } from "../policy/decision.ts";
import { decideForAll } from "../policy/intersect.ts";
import type { PolicySet } from "../policy/policy-set.ts";
import { jsonOnce } from "./written-once.ts";

/** Decisions kept (I10). */
const MOST = 256;
/** Characters of a decision, and of its question, that are still kept; an agent's purpose may be long. */
const LONGEST = 50_000;

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

/** All that policy sees of who asks, and of those it acts for. */
function whoAsks(principal: Principal): unknown {
  const { kind, issuer, subject, name, groups } = principal;
  return [kind, issuer, subject, name, groups, kind === "agent" ? (principal.onBehalfOf ?? []).map(whoAsks) : []];
}
