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
  readonly parameters: Json;
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
export function binding(bound: Bound, keyedHash: (text: string) => string): string {
  const { canonicalSql, parameters, ...rest } = bound;
  const statement = keyedHash(canonicalJson([canonicalSql, parameters]));
  const members = { ...rest, principal: sorted(rest.principal), statement };
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

function sorted({ onBehalfOf, ...one }: BoundPrincipal): Json {
  const principal = { ...one, groups: [...one.groups].sort() };
  return onBehalfOf === undefined ? principal : { ...principal, onBehalfOf: onBehalfOf.map(sorted) };
}
