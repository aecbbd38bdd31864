import type { ClaimPath } from "./issuer-config.ts";
import { CredentialError } from "./principal.ts";

export type Claims = Readonly<Record<string, unknown>>;

/** Control, formatting, private and unassigned characters: nothing that could dress one name up as another on a reviewer's screen. */
const UNPRINTABLE = /\p{C}/u;

/** The value of a claim; undefined if it isn't there. Only own properties are ever followed. */
export function claimAt(claims: Claims, path: ClaimPath): unknown {
  if (!path.startsWith("/")) return Object.hasOwn(claims, path) ? claims[path] : undefined;
  const keys = path
    .slice(1)
    .split("/")
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  let value: unknown = claims;
  for (const key of keys) {
    if (!isRecord(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** @throws CredentialError `claims` unless the value is a printable string of 1 to `maxLength` characters. */
export function identifier(what: string, value: unknown, maxLength: number): string {
  if (typeof value !== "string" || value === "" || value.length > maxLength || UNPRINTABLE.test(value)) {
    throw new CredentialError("claims", `The token's ${what} is missing, too long or not plain text.`);
  }
  return value;
}

/**
 * Groups: a list of strings, or one string. A token without the claim has none. A list that is too long or odd is refused,
 * never shortened: a policy may forbid by group, so a lost group could be a gained right.
 * @throws CredentialError `claims`
 */
export function groupsAt(claims: Claims, path: ClaimPath, limits: { groups: number; groupLength: number }): string[] {
  const value = claimAt(claims, path);
  if (value === undefined) {
    // OpenID Connect Core, section 5.6.2 (Entra uses it when there are too many groups): they exist but are elsewhere.
    if (isRecord(claims._claim_names) && Object.hasOwn(claims._claim_names, path)) {
      throw new CredentialError(
        "claims",
        "The token refers to its groups instead of listing them; have the issuer list fewer.",
      );
    }
    return [];
  }
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > limits.groups) {
    throw new CredentialError("claims", `The token lists more than ${limits.groups} groups.`);
  }
  return [...new Set(list.map((group) => identifier("list of groups", group, limits.groupLength)))];
}

/** A name for people to read. It decides nothing, so an odd one is dropped rather than refused. */
export function displayName(value: unknown, maxLength: number): string | undefined {
  if (typeof value !== "string" || value.trim() === "" || value.length > maxLength || UNPRINTABLE.test(value))
    return undefined;
  return value.trim();
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
