/** What the operator says about each identity provider, and the bounds on all of it (I10). */

import { AUDIENCES, type Audience } from "./principal.ts";

/** A claim, by exact name (`groups`, `https://example.org/groups`) or, when it starts with `/`, by JSON Pointer (RFC 6901): `/realm_access/roles`. */
export type ClaimPath = string;

export interface IssuerConfig {
  /** Short name for people; unique. */
  readonly name: string;
  /** The exact `iss`, character by character. */
  readonly issuer: string;
  /** Where the keys are. Without it: `jwks_uri` of the issuer's discovery document, whose `issuer` must match. */
  readonly jwksUri?: string;
  /** A token's audience says what it is for; none may be in two of these lists, of any issuer. */
  readonly audiences: Readonly<Partial<Record<Audience, readonly string[]>>>;
  /** Its people's tokens for delegation must say who may act for them (RFC 8693, 4.4). */
  readonly requireMayAct?: boolean;
  /** Allow-list; only asymmetric algorithms can be named. Default `DEFAULT_ALGORITHMS`. */
  readonly algorithms?: readonly SignatureAlgorithm[];
  /** Seconds of difference allowed between this clock and the issuer's. Default 30, at most 120. */
  readonly clockSkewSeconds?: number;
  /** Refuse tokens issued longer ago than this; then `iat` is required. */
  readonly maxTokenAgeSeconds?: number;
  readonly claims?: { readonly groups?: ClaimPath; readonly name?: ClaimPath };
  /** Each claim must be there and equal the value, or one of the values. */
  readonly requiredClaims?: Readonly<Record<ClaimPath, ClaimValue | readonly ClaimValue[]>>;
}

type ClaimValue = string | number | boolean;

/** Every algorithm that can be allowed. `none` and HS* are not here, so no configuration can allow them. */
export const SIGNATURE_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];
export const DEFAULT_ALGORITHMS: readonly SignatureAlgorithm[] = ["RS256", "PS256", "ES256", "EdDSA"];

export interface IdentityLimits {
  /** Characters of the whole Authorization header. */
  readonly tokenLength: number;
  /** Characters of `sub`. */
  readonly subjectLength: number;
  readonly groups: number;
  readonly groupLength: number;
  readonly nameLength: number;
  readonly audiences: number;
  /** No credential may be valid for longer than this from now, seconds. */
  readonly lifetimeSeconds: number;
  /** Bytes of a discovery document or a key set. */
  readonly documentBytes: number;
  readonly keys: number;
  /** For the whole fetch of one document, milliseconds. */
  readonly fetchTimeoutMs: number;
  /** At most one fetch of an issuer's keys in this time, whatever tokens arrive. */
  readonly refreshCooldownMs: number;
  /** Keys are fetched again after this. */
  readonly keysFreshMs: number;
  /** Keys not confirmed for this long verify nothing any more. */
  readonly keysUsableMs: number;
}

export const DEFAULT_LIMITS: IdentityLimits = {
  tokenLength: 12_288,
  subjectLength: 512,
  groups: 256,
  groupLength: 256,
  nameLength: 128,
  audiences: 16,
  lifetimeSeconds: 86_400,
  documentBytes: 262_144,
  keys: 64,
  fetchTimeoutMs: 3_000,
  refreshCooldownMs: 30_000,
  keysFreshMs: 600_000,
  keysUsableMs: 3_600_000,
};

export const MAX_CLOCK_SKEW_SECONDS = 120;
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"]);

/** Keys come over https, or over http from this machine itself. Nothing else, and no credentials in the address. */
export function isTrustworthyUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.username !== "" || url.password !== "" || url.hash !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK_HOSTS.has(url.hostname));
}

/**
 * Checks the whole list at start-up.
 * @throws Error that names the issuer and what is wrong with it.
 */
export function checkIssuers(issuers: readonly IssuerConfig[]): void {
  const fail = (name: string, problem: string): never => {
    throw new Error(`identity provider "${name}": ${problem}`);
  };
  const names = new Set<string>();
  const urls = new Set<string>();
  if (issuers.length === 0) throw new Error("no identity provider is configured: nobody could be identified (I4)");
  for (const config of issuers) {
    if (names.has(config.name)) fail(config.name, "the name is used twice");
    if (urls.has(config.issuer)) fail(config.name, "the issuer is configured twice");
    names.add(config.name);
    urls.add(config.issuer);
    if (config.issuer === "") fail(config.name, "`issuer` is empty");
    if (config.jwksUri === undefined && !isTrustworthyUrl(config.issuer)) {
      fail(config.name, "`issuer` must be an https URL for discovery; or give `jwksUri`");
    }
    if (config.jwksUri !== undefined && !isTrustworthyUrl(config.jwksUri)) {
      fail(config.name, "`jwksUri` must be an https URL");
    }
    const audiences = AUDIENCES.flatMap((kind) => config.audiences[kind] ?? []);
    if (audiences.length === 0) fail(config.name, "`audiences` names neither agents nor people");
    if (audiences.includes("")) fail(config.name, "an audience is empty");
    const both = audiences.find((audience) => kindsOf(audience, issuers).length > 1);
    if (both !== undefined)
      fail(
        config.name,
        `audience "${both}" is for ${kindsOf(both, issuers).join(" and for ")}; it can be one only (I7)`,
      );
    const algorithms: readonly string[] = config.algorithms ?? DEFAULT_ALGORITHMS;
    if (algorithms.length === 0) fail(config.name, "`algorithms` is empty");
    const unknown = algorithms.find((alg) => !SIGNATURE_ALGORITHMS.some((known) => known === alg));
    if (unknown !== undefined) fail(config.name, `algorithm "${unknown}" can't be allowed`);
    const skew = config.clockSkewSeconds ?? 0;
    if (!(skew >= 0 && skew <= MAX_CLOCK_SKEW_SECONDS)) {
      fail(config.name, `\`clockSkewSeconds\` must be 0 to ${MAX_CLOCK_SKEW_SECONDS}`);
    }
    if (config.maxTokenAgeSeconds !== undefined && !(config.maxTokenAgeSeconds > 0)) {
      fail(config.name, "`maxTokenAgeSeconds` must be more than 0");
    }
  }
}

function kindsOf(audience: string, issuers: readonly IssuerConfig[]): readonly Audience[] {
  return AUDIENCES.filter((kind) => issuers.some(({ audiences }) => audiences[kind]?.includes(audience) === true));
}
