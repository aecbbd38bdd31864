import type { Mask } from "@chaperone/masking";
import type { Principal } from "../identity/principal.ts";
import { type DecisionRequest, decide, describable, permitted, questions } from "./decide.ts";
import type { Decision, DenyDecision, OutputMask, PermitDecision, UseDecision } from "./decision.ts";
import { smallestLimit, strictestApproval, strictestMask } from "./obligations.ts";
import type { PolicySet } from "./policy-set.ts";
import { strictestReadSize } from "./read-size.ts";

const NULL: Mask = { rule: "null" };

/**
 * May this agent run this plan for those it acts for (RFC 8693, `act`), agents or a person? Policy is asked about each of them; what one of
 * them may not, none of them may, and the strictest obligations of all hold. With nobody behind the agent it is `decide`.
 */
export function decideForAll(policies: PolicySet, request: DecisionRequest): Decision {
  const context = contextOf(request);
  const [first, ...others] = everyone(request.principal).map((principal) =>
    decide(policies, { ...request, principal, context }),
  );
  return others.reduce(intersection, first ?? decide(policies, request));
}

/** All questions of `decideForAll`, one after the other. */
export function* questionsForAll(policies: PolicySet, request: DecisionRequest): Generator<void> {
  const context = contextOf(request);
  for (const principal of everyone(request.principal)) yield* questions(policies, { ...request, principal, context });
}

/** As `describable`, of what each of them may be told. */
export function describableForAll(
  ...[policies, request, table, paths]: Parameters<typeof describable>
): ReadonlySet<string> {
  const context = contextOf(request);
  return everyone(request.principal).reduce<ReadonlySet<string>>(
    (left, principal) => describable(policies, { ...request, principal, context }, table, Array.from(left)),
    new Set(paths),
  );
}

/** As `permitted`, to each of them. */
export function permittedForAll(...[policies, request, use]: Parameters<typeof permitted>): boolean {
  const context = contextOf(request);
  return everyone(request.principal).every((principal) => permitted(policies, { ...request, principal, context }, use));
}

function everyone(principal: Principal): readonly Principal[] {
  return principal.kind === "person" ? [principal] : [principal, ...(principal.onBehalfOf ?? [])];
}

/** An agent may have permits that hold only while it asks for a person; what that person may still bounds them. */
function contextOf({ principal, context }: Pick<DecisionRequest, "principal" | "context">): DecisionRequest["context"] {
  return { ...context, forPerson: everyone(principal).some(({ kind }) => kind === "person") };
}

function intersection(a: Decision, b: Decision): Decision {
  const basis = {
    policyVersion: a.policyVersion,
    uses: strictestUses(a.uses, b.uses),
    policies: [...new Set([...a.policies, ...b.policies])].sort(),
    protectionsOff: a.protectionsOff,
  };
  const deny = (message: string): DenyDecision => ({ ...basis, effect: "deny", message });
  if (a.effect === "deny") return deny(a.message);
  if (b.effect === "deny") return deny(`${b.message} (This agent acts on behalf of one that may not.)`);
  const approval = strictestApproval([a, b].flatMap(({ obligations }) => obligations.approval ?? []));
  if (approval?.approvers.length === 0)
    return deny("Access denied: no group of people may approve this for both the agent and the one it acts for.");
  return { ...basis, effect: "permit", obligations: { ...strictestObligations(a, b), approval } };
}

function strictestObligations(a: PermitDecision, b: PermitDecision): Omit<PermitDecision["obligations"], "approval"> {
  return {
    limitRows: smallestLimit([a.obligations.limitRows, b.obligations.limitRows]),
    limitBytes: smallestLimit([a.obligations.limitBytes, b.obligations.limitBytes]),
    readSize: strictestReadSize(a.obligations.readSize, b.obligations.readSize),
    // Classes travel by what is written, whoever writes it.
    travelling: a.obligations.travelling,
    masks: a.obligations.masks.map((mask, i) => strictestOutput(mask, b.obligations.masks[i])),
  };
}

/** Both were made of the same outputs; a field that only one of them has is hidden (I1). */
function strictestOutput(a: OutputMask, b: OutputMask | undefined): OutputMask {
  const { fields, ...rest } = a;
  const mask = b === undefined ? NULL : strictestMask([a.mask, b.mask]);
  return fields === undefined
    ? { ...rest, mask }
    : { ...rest, mask, fields: fields.map((field, i) => strictestOutput(field, b?.fields?.[i])) };
}

function strictestUses(a: readonly UseDecision[], b: readonly UseDecision[]): readonly UseDecision[] {
  const key = ({ table, path, action }: UseDecision) => JSON.stringify([table, path, action]);
  const others = new Map(b.map((use) => [key(use), use]));
  return a.map((use) => {
    const other = others.get(key(use));
    if (other === undefined) return use;
    return {
      ...use,
      effect: use.effect === "permit" ? other.effect : use.effect,
      policies: [...new Set([...use.policies, ...other.policies])].sort(),
      mask: strictestMask([use.mask, other.mask]),
    };
  });
}
