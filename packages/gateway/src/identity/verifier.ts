import { type CryptoKey, type JWTPayload, jwtVerify } from "jose";
import { type AuthorizationHeader, bearerToken, checkCompactJws } from "./bearer.ts";
import { claimAt, displayName, groupsAt, identifier } from "./claims.ts";
import { readHeader, readIssuer, refusal, tokenIdOf } from "./compact-jwt.ts";
import { confirmationOf } from "./confirmation.ts";
import {
  checkIssuers,
  DEFAULT_ALGORITHMS,
  DEFAULT_LIMITS,
  type IdentityLimits,
  type IssuerConfig,
  type SignatureAlgorithm,
} from "./issuer-config.ts";
import type { Fetch } from "./key-document.ts";
import { createKeySet, type KeySet } from "./key-set.ts";
import { LastRead } from "./last-read.ts";
import { AUDIENCES, type Credential, CredentialError } from "./principal.ts";
import { digestOf, type TokenDigest, VerifiedTokens } from "./verified-tokens.ts";

export interface Verifier {
  /** @throws CredentialError whose message holds neither the token nor a claim's value. */
  verify(authorization: AuthorizationHeader): Promise<Credential>;
  /** The same for a token that came by another way, such as a `subject_token` (RFC 8693). */
  verifyToken(token: string): Promise<Credential>;
  /** The same at once, of a token that was verified before by a key that is still taken; its times are looked at. undefined: verify it. */
  verifiedBefore(token: string): Credential | undefined;
}

export interface VerifierOptions {
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  readonly fetch?: Fetch;
  readonly limits?: Partial<IdentityLimits>;
}

const DEFAULT_CLOCK_SKEW_SECONDS = 30;

interface Issuer {
  readonly config: IssuerConfig;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly keys: KeySet;
}

/**
 * Verifies OIDC tokens (RFC 7519, RFC 8725, RFC 9068) of the configured issuers.
 * Nothing is fetched before the first token of an issuer arrives.
 * @throws Error if the configuration is unsafe.
 */
export function createVerifier(issuers: readonly IssuerConfig[], options: VerifierOptions = {}): Verifier {
  checkIssuers(issuers);
  const limits: IdentityLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const clock = options.clock ?? Date.now;
  const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  const byIss = new Map<string, Issuer>(
    issuers.map((config) => [
      config.issuer,
      { config, algorithms: config.algorithms ?? DEFAULT_ALGORITHMS, keys: createKeySet(config, fetch, clock, limits) },
    ]),
  );

  const verified = new VerifiedTokens();
  const read = new LastRead((token: string) => {
    checkCompactJws(token, limits.tokenLength);
    return { header: readHeader(token), iss: readIssuer(token), digest: digestOf(token) };
  });
  /** What the last tokens' claims come to, but for the times. They are of one issuer, whose configuration doesn't change. */
  const credentials = new WeakMap<JWTPayload, Credential>();

  function verifiedBefore(token: string): Credential | undefined {
    const { header, iss, digest } = read.of(token);
    const issuer = byIss.get(iss);
    const algorithm = issuer?.algorithms.find((allowed) => allowed === header.alg);
    if (issuer === undefined || algorithm === undefined) return undefined;
    const key = issuer.keys.keyAtHand(algorithm, header.kid);
    const now = clock();
    const claims = key === undefined ? undefined : verified.claims(digest, key, now);
    if (claims === undefined) return undefined;
    checkTimes(claims, issuer.config, now / 1000, skewOf(issuer.config), limits);
    return credentials.get(claims);
  }

  async function verifyToken(token: string): Promise<Credential> {
    const before = verifiedBefore(token);
    if (before !== undefined) return before;
    const { header, iss, digest } = read.of(token);
    const issuer = byIss.get(iss);
    if (issuer === undefined) throw new CredentialError("unknown_issuer", "The token's issuer isn't configured here.");
    const algorithm = issuer.algorithms.find((allowed) => allowed === header.alg);
    if (algorithm === undefined)
      throw new CredentialError("algorithm", "The token's signature algorithm isn't allowed.");
    const key = await issuer.keys.keyFor(algorithm, header.kid);
    const now = clock();
    const skew = skewOf(issuer.config);
    const claims =
      verified.claims(digest, key, now) ?? (await verifySignature(token, digest, key, algorithm, issuer, now));
    const expires = checkTimes(claims, issuer.config, now / 1000, skew, limits);
    const known = credentials.get(claims);
    if (known !== undefined) return known;
    const credential = credentialOf(token, claims, expires, issuer.config, limits);
    credentials.set(claims, credential);
    return credential;
  }

  async function verifySignature(
    token: string,
    digest: TokenDigest,
    key: CryptoKey,
    algorithm: SignatureAlgorithm,
    { config }: Issuer,
    now: number,
  ): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      issuer: config.issuer,
      clockTolerance: skewOf(config),
      currentDate: new Date(now),
      requiredClaims: ["exp", "sub", "aud"],
    }).catch((error: unknown) => {
      throw refusal(error);
    });
    verified.keep(digest, key, payload, now);
    return payload;
  }

  return {
    verifiedBefore,
    verifyToken,
    verify: async (authorization) => {
      const credential = await verifyToken(bearerToken(authorization, limits.tokenLength));
      if (credential.confirmation !== undefined)
        throw new CredentialError("binding", "The token is bound to a key; it is no bearer token.");
      return credential;
    },
  };
}

function skewOf({ clockSkewSeconds = DEFAULT_CLOCK_SKEW_SECONDS }: IssuerConfig): number {
  return clockSkewSeconds;
}

/** What the signature vouches for, checked and reduced to a credential. */
function credentialOf(
  token: string,
  claims: JWTPayload,
  expires: number,
  config: IssuerConfig,
  limits: IdentityLimits,
): Credential {
  const audience = audienceOf(claims.aud, config, limits);
  const confirmation = confirmationOf(claims.cnf);
  // RFC 8693, 4.1: with `act`, `sub` isn't who asks.
  if (claims.act !== undefined) {
    throw new CredentialError(
      "claims",
      "The token is a delegation (`act`); that isn't supported, send the agent's own token.",
    );
  }
  if (audience === "delegation" && config.requireMayAct === true && claims.may_act === undefined)
    throw new CredentialError(
      "delegation",
      "The token doesn't say who may act for its subject (`may_act`), as is required here.",
    );
  for (const [path, wanted] of Object.entries(config.requiredClaims ?? {})) {
    const value = claimAt(claims, path);
    const accepted: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted];
    if (!accepted.includes(value))
      throw new CredentialError("claims", `The token's claim "${path}" isn't as required here.`);
  }
  return {
    issuer: config.issuer,
    subject: identifier("subject", claims.sub, limits.subjectLength),
    audience,
    name: displayName(claimAt(claims, config.claims?.name ?? "name"), limits.nameLength),
    groups: groupsAt(claims, config.claims?.groups ?? "groups", limits),
    claims,
    tokenId: tokenIdOf(token, claims.jti),
    expires,
    ...(confirmation === undefined ? {} : { confirmation }),
  };
}

/** jose has compared `exp` and `nbf` with the clock; here is what it leaves open. Returns `exp`, seconds since the epoch. */
function checkTimes(
  claims: JWTPayload,
  config: IssuerConfig,
  now: number,
  skew: number,
  limits: IdentityLimits,
): number {
  const { exp, iat } = claims;
  if (typeof exp !== "number" || !Number.isFinite(exp))
    throw new CredentialError("claims", "The token has no expiry (`exp`).");
  if (exp > now + limits.lifetimeSeconds + skew) {
    throw new CredentialError(
      "lifetime",
      `The token is valid for more than ${limits.lifetimeSeconds} seconds from now.`,
    );
  }
  if (iat !== undefined) {
    if (typeof iat !== "number" || !Number.isFinite(iat) || iat >= exp) {
      throw new CredentialError("claims", "The token's time of issue (`iat`) makes no sense.");
    }
    if (iat > now + skew) throw new CredentialError("not_yet_valid", "The token was issued in the future.");
  }
  if (config.maxTokenAgeSeconds !== undefined) {
    if (iat === undefined) throw new CredentialError("lifetime", "The token doesn't say when it was issued (`iat`).");
    if (now - iat > config.maxTokenAgeSeconds + skew) {
      throw new CredentialError("lifetime", `The token was issued more than ${config.maxTokenAgeSeconds} seconds ago.`);
    }
  }
  return exp;
}

/** A token for an agent and a person at once would let an agent approve (I7), so it is refused; and so is one for a person's use and an agent's hands. */
function audienceOf(aud: unknown, config: IssuerConfig, limits: IdentityLimits): Credential["audience"] {
  const list: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const names = (configured: readonly string[] | undefined): boolean =>
    list.some((audience) => configured?.some((name) => name === audience));
  const [kind, ...others] = AUDIENCES.filter((one) => names(config.audiences[one]));
  if (list.length > limits.audiences || kind === undefined || others.length > 0) {
    throw new CredentialError("audience", "The token isn't meant for this gateway, or for agents and people at once.");
  }
  return kind;
}
