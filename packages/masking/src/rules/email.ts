import type { Rule } from "./rule.ts";
import { token } from "./token.ts";

/** RFC 5321, 4.5.3.1: 256 octets of path, less its angle brackets. */
const LONGEST_ADDRESS = 254;
/** One `@`, a dotted domain of RFC 1035 labels, the last with a letter: `x@123-45-6789` must not pass for a domain. */
const ADDRESS =
  /^[^\s@]{1,64}@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9]))$/;

/** `XXXXX@domain`; not an address: token. */
export const email: Rule = {
  name: "email",
  shows: "part",
  fits: ["STRING"],
  apply(value, type, context) {
    const domain = domainOf(value);
    return domain === undefined ? token.apply(value, type, context) : `XXXXX@${domain}`;
  },
};

/** The domain of an address; undefined of what is none. */
export function domainOf(value: string): string | undefined {
  return value.length <= LONGEST_ADDRESS ? ADDRESS.exec(value)?.[1] : undefined;
}
