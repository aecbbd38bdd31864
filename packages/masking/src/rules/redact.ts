import { fastDetect } from "../detectors/fast-detect.ts";
import { plainText } from "../detectors/plain-text.ts";
import type { Rule } from "./rule.ts";

/** Longer texts become NULL: they would take seconds where there is no WebAssembly (I10). */
const LONGEST = 1_000_000;

/**
 * Free text with every identifier that a detector finds replaced by its class in brackets. A text in which identifiers may hide from
 * detectors becomes NULL. Names and addresses of people have no form that could be found, so this is no Safe Harbor: free text under a policy
 * that doesn't name `redact` stays `null`.
 */
export const redact: Rule = {
  name: "redact",
  shows: "part",
  fits: ["STRING"],
  apply(value, _type, { recordNumbers }) {
    if (value.length > LONGEST) return null;
    const plain = plainText(value);
    if (plain === undefined) return null;
    let redacted = "";
    let from = 0;
    for (const { kind, start, end } of fastDetect(plain, recordNumbers)) {
      redacted += `${value.slice(from, start)}[${kind}]`;
      from = end;
    }
    return redacted + value.slice(from);
  },
};
