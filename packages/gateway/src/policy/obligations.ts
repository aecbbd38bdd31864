import { DATESHIFT_DOMAIN, KEYED_RULES, type Mask, stricter } from "@chaperone/masking";
import type { ApprovalObligation, PolicyAction } from "./decision.ts";
import type { Policy } from "./policy-set.ts";

/** The weakest mask that hides all that any of them hides; of none that is known, all is hidden (I1). */
export function strictestMask(masks: readonly Mask[]): Mask {
  return masks.length === 0 ? { rule: "null" } : masks.reduce(stricter);
}

/**
 * The mask that the determining permits put on one column of one class (undefined: public).
 * A permit that says nothing about a classified column hides it: `null` for a value, `smallcell` for a statistic.
 */
export function maskOf(permits: readonly Policy[], action: PolicyAction, dataClass: string | undefined): Mask {
  if (action !== "read" && action !== "aggregate") return { rule: "none" };
  const unsaid: Mask = { rule: dataClass === undefined ? "none" : action === "read" ? "null" : "smallcell" };
  const masks = permits.map(({ obligations: { mask = unsaid } }) =>
    mask.domain === undefined && KEYED_RULES.has(mask.rule)
      ? { rule: mask.rule, domain: domainOf(mask, dataClass) }
      : mask,
  );
  return strictestMask(masks);
}

/** Dates of all classes move alike, so that the time between a birth and an admission stays. */
function domainOf({ rule }: Mask, dataClass = "public"): string {
  return rule === "dateshift" ? DATESHIFT_DOMAIN : dataClass;
}

/**
 * What the determining permits ask of approval for one column. A permit that says nothing asks for the default
 * approvers on classified data: `@approval("none")` counts only where every permit says it.
 */
export function approvalsOf(
  permits: readonly Policy[],
  classified: boolean,
  defaultApprovers: readonly string[],
): readonly ApprovalObligation[] {
  const unsaid = classified ? { approvers: [...defaultApprovers].sort(), count: 1 } : "none";
  return permits.map(({ obligations: { approval = unsaid } }) => approval).filter((approval) => approval !== "none");
}

/**
 * One approval that satisfies all: people who are in a group that each of them names, as many as the one that asks most.
 * undefined: none is asked. No approvers left: nobody could agree to everything at once.
 */
export function strictestApproval(approvals: readonly ApprovalObligation[]): ApprovalObligation | undefined {
  const [first, ...others] = approvals;
  if (first === undefined) return undefined;
  return {
    approvers: first.approvers.filter((group) => others.every(({ approvers }) => approvers.includes(group))),
    count: Math.max(...approvals.map(({ count }) => count)),
  };
}

/** The smallest of the limits given; undefined when there is none. */
export function smallestLimit(limits: readonly (number | undefined)[]): number | undefined {
  const given = limits.filter((limit) => limit !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}
