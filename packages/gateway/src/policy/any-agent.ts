import type { PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { readsAttribute } from "./policy-json.ts";

/**
 * The policies as some agent of the deployment, at some time and for some purpose, may at best find them: groups come with tokens, so
 * that nobody can list who there is. A permit loses what it asks of the principal, of for whom it asks, of the purpose and of the clock; a forbid that asks
 * any of it may not meet the agent and falls away. What is allowed to any agent is allowed by these.
 */
export function asAnyAgentFindsThem(policies: Readonly<Record<string, PolicyJson>>): Record<string, PolicyJson> {
  return Object.fromEntries(
    Object.entries(policies).flatMap(([id, policy]): [string, PolicyJson][] => {
      const kept = policy.conditions.filter((clause) => !dependsOnWho({ ...policy, conditions: [clause] }));
      // People write through agents alone, which need a permit of their own.
      if (ofPeople(policy.principal)) return [];
      if (policy.effect === "permit") return [[id, { ...policy, principal: { op: "All" }, conditions: kept }]];
      // One about an agent by its name or group doesn't meet whoever is asked about: nobody by name, and in no group.
      return kept.length === policy.conditions.length ? [[id, policy]] : [];
    }),
  );
}

function dependsOnWho(policy: PolicyJson): boolean {
  return (
    JSON.stringify(policy.conditions).includes('"principal"') ||
    readsAttribute(policy, "context", "purpose") ||
    readsAttribute(policy, "context", "forPerson") ||
    readsAttribute(policy, "context", "now")
  );
}

function ofPeople(principal: PolicyJson["principal"]): boolean {
  if (principal.op === "is") return principal.entity_type === "Person";
  return "entity" in principal && JSON.stringify(principal.entity).includes('"type":"Person"');
}
