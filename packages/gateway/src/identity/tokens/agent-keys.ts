import { createPublicKey } from "node:crypto";
import { decodeJwt, type JWK, type JWTPayload, jwtVerify } from "jose";
import type { Kysely } from "kysely";
import type { Database } from "../../store/schema.ts";
import { readHeader, refusal, tokenIdOf } from "../compact-jwt.ts";
import { type Credential, CredentialError } from "../principal.ts";

/**
 * Tokens that an agent signs with a key of its own, in the form of Google's service-account keys: assertions for the token
 * endpoint (RFC 7523), and bearer tokens that clients with a `universe_domain` sign (https://google.aip.dev/auth/4111).
 */
export interface AgentKeyOptions {
  readonly db: Kysely<Database>;
  /** The gateway's public URL: the issuer of agents that have no other. */
  readonly issuer: string;
  readonly clock: () => number;
}

/** Python's and Java's clients write this whatever `token_uri` says. */
const GOOGLE_TOKEN_AUDIENCE = "https://oauth2.googleapis.com/token";
export const AGENT_KEY_ALGORITHM = "RS256";
/** RFC 7523 leaves it open; Google's clients sign for an hour. */
const LIFETIME_SECONDS = 3600;
export const CLOCK_SKEW_SECONDS = 30;

export class AgentKeys {
  readonly #o: AgentKeyOptions;
  readonly #suffix: string;
  readonly #assertionAudiences: readonly string[];
  readonly #bearerAudiences: readonly string[];

  constructor(options: AgentKeyOptions) {
    this.#o = options;
    const { issuer } = options;
    const { hostname } = new URL(issuer);
    this.#suffix = keySubject("", issuer);
    this.#assertionAudiences = [`${issuer}/token`, GOOGLE_TOKEN_AUDIENCE];
    this.#bearerAudiences = [
      issuer,
      `${issuer}/`,
      ...["bigquery", "bigquerystorage"].flatMap((service) => [
        `https://${service}.${hostname}/`,
        `https://${service}.googleapis.com/`,
      ]),
    ];
  }

  /** Whether a token's `iss` has the form of an agent with a key. */
  isSubject(iss: string): boolean {
    return iss.endsWith(this.#suffix);
  }

  /** RFC 7523, section 3. @throws CredentialError */
  async verifyAssertion(token: string): Promise<Credential> {
    const { claims, kid } = await this.#verify(token, this.#assertionAudiences);
    if (claims.target_audience !== undefined)
      throw new CredentialError("claims", "ID tokens for other services aren't issued here.");
    return this.#credential(token, claims, kid);
  }

  /** @throws CredentialError */
  async verifyBearer(token: string): Promise<Credential> {
    const { claims, kid } = await this.#verify(token, undefined);
    // Without an audience the scope says what it is for; one meant for the token endpoint is no bearer token.
    // Go's clients of the Storage Read API write an empty one where there is none.
    const { aud, scope } = claims;
    const meant =
      aud === undefined || aud === ""
        ? typeof scope === "string" && scope.includes("/auth/")
        : typeof aud === "string" && this.#bearerAudiences.includes(aud);
    if (!meant) throw new CredentialError("audience", "The token isn't meant for this gateway's API.");
    if (claims.sub === undefined) throw new CredentialError("claims", "The token names no subject.");
    return this.#credential(token, claims, kid);
  }

  async #verify(
    token: string,
    audience: readonly string[] | undefined,
  ): Promise<{ readonly claims: JWTPayload; readonly kid: string }> {
    const { alg, kid, typ } = readHeader(token);
    if (alg !== AGENT_KEY_ALGORITHM)
      throw new CredentialError(
        "algorithm",
        `An agent's key signs with ${AGENT_KEY_ALGORITHM}; nothing else is accepted.`,
      );
    if (typ === "at+jwt") throw new CredentialError("malformed", "An agent can't sign an access token.");
    const row =
      kid === undefined
        ? undefined
        : await this.#o.db.selectFrom("agent_keys").selectAll().where("kid", "=", kid).executeTakeFirst();
    if (row === undefined || row.subject !== decodeJwt(token).iss)
      throw new CredentialError("bad_signature", "No key of this id is registered for the agent the token names.");
    const now = this.#o.clock();
    const { payload } = await jwtVerify(token, createPublicKey({ key: JSON.parse(row.jwk) as JWK, format: "jwk" }), {
      algorithms: [AGENT_KEY_ALGORITHM],
      issuer: row.subject,
      clockTolerance: CLOCK_SKEW_SECONDS,
      currentDate: new Date(now),
      requiredClaims: ["exp", "iat"],
      ...(audience === undefined ? {} : { audience: [...audience] }),
    }).catch((error: unknown) => {
      throw refusal(error);
    });
    // jose takes a list of audiences if one of them fits; a token for us and for others is not for us alone.
    if (audience !== undefined && typeof payload.aud !== "string")
      throw new CredentialError("audience", "The assertion must name one audience.");
    const { iat, exp, sub } = payload;
    if (typeof iat !== "number" || typeof exp !== "number" || exp - iat > LIFETIME_SECONDS || iat >= exp)
      throw new CredentialError("lifetime", `A token signed by an agent lives ${LIFETIME_SECONDS} seconds at most.`);
    if (iat > now / 1000 + CLOCK_SKEW_SECONDS)
      throw new CredentialError("not_yet_valid", "The token was issued in the future.");
    if (sub !== undefined && sub !== row.subject)
      throw new CredentialError("delegation", "An agent's key speaks for that agent alone; `sub` names somebody else.");
    return { claims: payload, kid: row.kid };
  }

  #credential(token: string, claims: JWTPayload, kid: string): Credential {
    if (claims.act !== undefined || claims.cnf !== undefined)
      throw new CredentialError("claims", "A token signed by an agent carries neither `act` nor `cnf`.");
    return {
      issuer: this.#o.issuer,
      subject: claims.iss ?? "",
      audience: "agents",
      name: undefined,
      groups: [],
      // What it says of who may act for it must be heard; no rule reads a claim of its own.
      claims: claims.may_act === undefined ? {} : { may_act: claims.may_act },
      tokenId: tokenIdOf(token, claims.jti),
      expires: claims.exp ?? 0,
      keyId: kid,
    };
  }
}

/** The subject, and `client_email`, of an agent of the gateway's own. */
export function keySubject(name: string, issuer: string): string {
  return `${name}@${new URL(issuer).hostname}`;
}
