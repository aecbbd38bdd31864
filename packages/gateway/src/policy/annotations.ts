import { KEYED_RULES, MASK_RULES, type Mask, type MaskRule } from "@chaperone/masking";
import type { PolicyAction } from "./decision.ts";

/** What one policy's annotations ask for. undefined: it says nothing, and the fail-closed default holds (obligations.ts). */
export interface PolicyObligations {
  readonly mask: Mask | undefined;
  readonly approval: "none" | { readonly approvers: readonly string[]; readonly count: number } | undefined;
  readonly limitRows: number | undefined;
  /** Bytes billed. */
  readonly limitBytes: number | undefined;
  /** On a permit to write: whoever it is for puts in no values of its own choice, so that others may see tokens of them. */
  readonly trustedWriter: boolean;
  /** On a forbid, for the agent: why. */
  readonly reason: string | undefined;
  /** On a forbid, for the agent: what to do instead. */
  readonly advice: string | undefined;
}

export type Annotations = Readonly<Record<string, string | null>>;

const OBLIGATIONS = ["mask", "approval", "limit_rows", "limit_bytes", "writer"];
const EXPLANATIONS = ["reason", "advice"];
const KNOWN = ["id", ...OBLIGATIONS, ...EXPLANATIONS];

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const DOMAIN = /^[a-z0-9][a-z0-9._-]{0,99}$/;

/** Reads the annotations of one policy. `problem` is told of each that is unknown, malformed or out of place. */
export function readAnnotations(
  annotations: Annotations,
  effect: "permit" | "forbid",
  actions: readonly PolicyAction[],
  problem: (message: string) => void,
): PolicyObligations {
  for (const [name, value] of Object.entries(annotations)) {
    if (!KNOWN.includes(name)) {
      problem(`@${name} is not an annotation of Chaperone; it knows ${KNOWN.map((known) => `@${known}`).join(", ")}`);
    } else if (value === null || value.trim() === "") {
      problem(`@${name} has no value; write @${name}("…")`);
    } else if (effect === "forbid" && OBLIGATIONS.includes(name)) {
      problem(`@${name} is an obligation of a permit; a forbid shows nothing that it could bind. Remove it`);
    } else if (effect === "permit" && EXPLANATIONS.includes(name)) {
      problem(`@${name} tells an agent why it was refused; it belongs on a forbid`);
    }
  }
  if (annotations.mask && !actions.includes("read") && !actions.includes("aggregate")) {
    problem("@mask says nothing here: only read and aggregate show values. Remove it");
  }
  if (annotations.writer && !actions.includes("write"))
    problem("@writer says nothing here: write isn't permitted. Remove it");
  const given = <T>(name: string, read: (text: string, fail: (message: string) => void) => T | undefined) => {
    const text = annotations[name];
    return text ? read(text, (message) => problem(`@${name}("${text}"): ${message}`)) : undefined;
  };
  return {
    mask: given("mask", readMask),
    approval: given("approval", readApproval),
    limitRows: given("limit_rows", readCount),
    limitBytes: given("limit_bytes", readCount),
    trustedWriter: given("writer", readWriter) ?? false,
    reason: annotations.reason ?? undefined,
    advice: annotations.advice ?? undefined,
  };
}

/** A policy's name: what the ledger, the console and a reviewer call it. */
export function isPolicyId(text: string): boolean {
  return ID.test(text);
}

/** Names of BigQuery's data policies for rules that have a name here already; its others are rules of their own. */
const SAME_RULES: ReadonlyMap<string, MaskRule> = new Map([
  ["ALWAYS_NULL", "null"],
  ["DEFAULT_MASKING_VALUE", "default"],
]);

/** The rule of that name; undefined when there is none. */
function maskRule(name: string): MaskRule | undefined {
  const same = SAME_RULES.get(name);
  if (same !== undefined) return same;
  return MASK_RULES.find((rule) => rule === name);
}

/** `rule` or `rule:domain`. */
function readMask(text: string, fail: (message: string) => void): Mask | undefined {
  const [name = "", domain, ...rest] = text.split(":");
  const rule = maskRule(name);
  if (rule === undefined)
    return void fail(`not a mask rule; one of ${[...MASK_RULES, ...SAME_RULES.keys()].join(", ")}`);
  if (domain === undefined) return { rule };
  if (rest.length > 0 || !DOMAIN.test(domain)) {
    return void fail("a domain is lower-case letters, digits, dot, dash, underscore");
  }
  if (!KEYED_RULES.has(rule)) return void fail(`only ${[...KEYED_RULES].join(", ")} have a domain`);
  return { rule, domain };
}

/** `none`, `group[,group]` or `N of group[,group]`. */
function readApproval(text: string, fail: (message: string) => void): PolicyObligations["approval"] {
  if (text === "none") return "none";
  const [, number, list = ""] = /^(?:(\d+) of )?(.*)$/s.exec(text) ?? [];
  const count = number === undefined ? 1 : Number(number);
  const approvers = list.split(",").map((group) => group.trim());
  if (count < 1 || count > 10) return void fail("between 1 and 10 people decide");
  if (approvers.some((group) => group === "" || group === "none" || /[\s"]/.test(group))) {
    return void fail('write "none", "group", "group,group" or "2 of group"');
  }
  return { approvers: [...new Set(approvers)].sort(), count };
}

function readWriter(text: string, fail: (message: string) => void): true | undefined {
  return text === "trusted" ? true : void fail('write "trusted", or leave it out');
}

function readCount(text: string, fail: (message: string) => void): number | undefined {
  const value = /^[1-9]\d*$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) return void fail("a whole number above 0");
  return value;
}
