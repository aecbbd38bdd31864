import type { Principal } from "../identity/principal.ts";
import type { Verdict } from "./cedar.ts";
import type { PolicySet } from "./policy-set.ts";
import { useKey } from "./uses.ts";

/** The policies for one decision, in one context: what was asked once is answered from memory, however many questions there are. */
export function remembering(policies: PolicySet): PolicySet {
  const answers = new Map<Principal, Map<string, Verdict>>();
  const anyAgent = new Map<string, boolean>();
  return {
    ...policies,
    evaluate(principal, use, dataClass, context) {
      const own = answers.get(principal) ?? new Map<string, Verdict>();
      answers.set(principal, own);
      const key = `${useKey(use.table, use.path, use.action, use.via)} ${dataClass ?? ""}`;
      const verdict = own.get(key) ?? policies.evaluate(principal, use, dataClass, context);
      own.set(key, verdict);
      return verdict;
    },
    anyAgentMay(use, dataClass, connection) {
      const key = `${useKey(use.table, use.path, use.action, use.via)} ${dataClass ?? ""}`;
      const may = anyAgent.get(key) ?? policies.anyAgentMay(use, dataClass, connection);
      anyAgent.set(key, may);
      return may;
    },
  };
}
