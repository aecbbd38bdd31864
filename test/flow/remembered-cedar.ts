/** Stands for Cedar where tests of policy are run again and again: what it says of the same texts it says once. */
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";

function remembered<A, R>(ask: (asked: A) => R): (asked: A) => R {
  const answers = new Map<string, R>();
  return (asked) => {
    const key = JSON.stringify(asked);
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = ask(asked);
    answers.set(key, answer);
    return answer;
  };
}

export const policySetTextToParts = remembered(cedar.policySetTextToParts);
export const policyToJson = remembered(cedar.policyToJson);
export const validate = remembered(cedar.validate);
export const { preparsePolicySet, statefulIsAuthorized } = cedar;
