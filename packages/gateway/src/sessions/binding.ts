import { createHash } from "node:crypto";
import { canonicalJson } from "../evidence/canonical-json.ts";
import type { Json } from "../evidence/event.ts";
import { canonicalOnce } from "./written-once.ts";

/** All that an approval is bound to (I6). A change of any of it gives another binding, and another approval is needed. */
export interface Bound {
  readonly principal: BoundPrincipal;
  readonly connection: string;
  /** With its literals; parameters beside it. Only its hash leaves this function. */
  readonly canonicalSql: string;
  readonly parameters: readonly Json[];
  readonly plan: Json;
  readonly outputs: Json;
  readonly masks: Json;
  readonly travelling: Json;
  readonly limits: Json;
  readonly policyVersion: string;
  readonly purpose: string | null;
}

interface BoundPrincipal {
  readonly kind?: "person";
  readonly issuer: string;
  readonly subject: string;
  readonly groups: readonly string[];
  readonly onBehalfOf?: readonly BoundPrincipal[];
}

/**
 * SHA-256 (hex) over the canonical JSON of everything bound, with the statement entering as an HMAC,
 * so that the binding (which is shown and recorded) can't be used to test guesses of a literal (I5).
 */
export function binding(bound: Bound, keys: Keys): string {
  const { plan, outputs, masks, travelling, parameters, ...small } = bound;
  const large = [keys, plan, outputs, masks, travelling];
  const others = `${JSON.stringify(small)}${canonicalOnce(parameters)}`;
  const known = isObject(masks) ? bindings.get(masks) : undefined;
  if (known?.others === others && large.every((one, i) => one === known.large[i])) return known.binding;
  const made = newBinding(bound, keys);
  if (isObject(masks)) bindings.set(masks, { large, others, binding: made });
  return made;
}

/** The last one of each decision: what is large in it is the same object for many sessions, and never changes. */
const bindings = new WeakMap<
  object,
  { readonly large: readonly unknown[]; readonly others: string; readonly binding: string }
>();

interface Keys {
  keyedHash(text: string): string;
}

function newBinding(bound: Bound, keys: Keys): string {
  const { canonicalSql, parameters, ...rest } = bound;
  const statement = keys.keyedHash(`[${canonicalJson(canonicalSql)},${canonicalOnce(parameters)}]`);
  const members = { ...rest, principal: inOrder(rest.principal), statement };
  // Canonical JSON of an object is that of its members, in order of their names; most of them were written before.
  const text = Object.entries(members)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${canonicalJson(name)}:${isObject(value) ? canonicalOnce(value) : canonicalJson(value)}`)
    .join(",");
  return createHash("sha256").update(`{${text}}`).digest("hex");
}

function isObject(value: Json): value is Extract<Json, object> {
  return typeof value === "object" && value !== null;
}

/** Groups come in any order. */
export function inOrder({ onBehalfOf, ...one }: BoundPrincipal): Json {
  const principal = { ...one, groups: [...one.groups].sort() };
  return onBehalfOf === undefined ? principal : { ...principal, onBehalfOf: onBehalfOf.map(inOrder) };
}
