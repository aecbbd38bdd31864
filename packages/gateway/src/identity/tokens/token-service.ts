import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { JWK } from "jose";
import type { Json } from "../../evidence/event.ts";
import { CommandError } from "../../store/command.ts";
import { isRecord } from "../claims.ts";
import { readHeader, readIssuer } from "../compact-jwt.ts";
import { type Confirmation, cnfOf } from "../confirmation.ts";
import { PROOF_ALGORITHMS, type Proof } from "../dpop.ts";
import { MAX_CLOCK_SKEW_SECONDS } from "../issuer-config.ts";
import { checkPossession, type Presented, proofOf } from "../presented.ts";
import { type AgentPrincipal, type Credential, CredentialError, type Principal } from "../principal.ts";
import type { ProofNonces } from "../proof-nonces.ts";
import { type AccessTokens, actOf, type IssuedToken, LONGEST_CHAIN, MOST_TOKENS } from "./access-tokens.ts";
import { AGENT_KEY_ALGORITHM, type AgentKeys, CLOCK_SKEW_SECONDS } from "./agent-keys.ts";
import type { TokenIssue } from "./commands.ts";
import { OAuthError } from "./oauth-error.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { notTaken } from "./used-once.ts";

export const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
export const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const TYPE = "urn:ietf:params:oauth:token-type:";
const SCOPE = "https://www.googleapis.com/auth/bigquery";

/** RFC 8693, 2.1 and RFC 7523, 4. `options` comes from Google's clients and says nothing here. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  [TOKEN_EXCHANGE]: [
    "grant_type",
    "audience",
    "scope",
    "requested_token_type",
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "options",
  ],
  [JWT_BEARER]: ["grant_type", "assertion", "scope"],
};
/** Tokens issued to one agent in a minute, and agents counted at once (I10). */
const PER_MINUTE = 120;
const COUNTED_AGENTS = 10_000;
const MINUTE_MS = 60_000;

export interface TokenServiceOptions {
  /** The gateway's public URL. */
  readonly issuer: string;
  readonly accessTokens: AccessTokens;
  readonly signingKeys: SigningKeys;
  readonly agentKeys: AgentKeys;
  readonly lifetimeSeconds: number;
  readonly nonces: ProofNonces | undefined;
  /** Whether clients may come with a certificate. */
  readonly clientCertificates: boolean;
  readonly clock: () => number;
  /** Verifies any token that a door would take, ours included. */
  verifyToken(token: string): Promise<Credential>;
  resolveAgent(credential: Credential): Promise<AgentPrincipal>;
  /** @throws CredentialError `revoked` for what is bound to a revoked key. */
  checkRevoked(credential: Credential): Promise<void>;
  /** Whether the configuration wants a bound token. */
  mustBind(credential: Credential): boolean;
  record(issue: TokenIssue): Promise<unknown>;
}

/** RFC 6749, 5.1 and RFC 8693, 2.2.1. */
export interface TokenAnswer {
  readonly access_token: string;
  readonly issued_token_type: string;
  readonly token_type: "Bearer" | "DPoP";
  readonly expires_in: number;
  readonly scope: string;
}

/** What a request shows beside tokens. */
interface Shown {
  readonly proof: Proof | undefined;
  readonly certificate: string | undefined;
}

interface Actor {
  readonly credential: Credential;
  readonly assertion: TokenIssue["assertion"];
  /** Whether what is given ends when it does. */
  readonly endsWithIt: boolean;
}

/** Gives agents short-lived access tokens for what they already have (RFC 8693, RFC 7523). */
export class TokenService {
  readonly #o: TokenServiceOptions;
  #issued = new Map<string, number>();
  #minuteEnds = 0;

  constructor(options: TokenServiceOptions) {
    this.#o = options;
  }

  /**
   * The token endpoint. `form`: each parameter once.
   * @throws OAuthError for a request that isn't one; CredentialError for a token that isn't taken; StoreError (no evidence, no token).
   */
  async token(form: ReadonlyMap<string, string>, presented: Presented): Promise<TokenAnswer> {
    const grant = form.get("grant_type") ?? "";
    const known = PARAMETERS[grant];
    if (known === undefined || !Object.hasOwn(PARAMETERS, grant))
      throw new OAuthError(
        400,
        form.has("grant_type") ? "unsupported_grant_type" : "invalid_request",
        `grant_type is ${TOKEN_EXCHANGE} or ${JWT_BEARER}.`,
      );
    const unknown = [...form.keys()].find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new OAuthError(
        400,
        "invalid_request",
        `This grant takes the parameters ${known.join(", ")}, and no other.`,
      );
    // RFC 9449, 5 and RFC 8705, 3: the token is bound to what the request shows.
    const proof = await proofOf(presented, undefined, this.#o.clock(), this.#o.nonces);
    const shown: Shown = { proof, certificate: presented.certificate };
    return grant === JWT_BEARER ? this.#assertion(form, shown) : this.#exchange(form, shown);
  }

  /** RFC 7662. Whoever holds one of our tokens may ask about it; of any other token it says that it isn't active. */
  async introspect(form: ReadonlyMap<string, string>): Promise<Readonly<Record<string, unknown>>> {
    const token = form.get("token");
    if (token === undefined) throw new OAuthError(400, "invalid_request", "The parameter token is missing.");
    try {
      if (readIssuer(token) !== this.#o.issuer) return { active: false };
      const credential = await this.#o.verifyToken(token);
      const agent = await this.#o.resolveAgent(credential);
      // As the token itself says it: the subject is for whom the agent acts in the end (RFC 8693, 4.1).
      const chain: readonly Principal[] = [agent, ...(agent.onBehalfOf ?? [])];
      const subject = chain.at(-1) ?? agent;
      return {
        active: true,
        username: subject.subject,
        client_id: agent.subject,
        sub: subject.subject,
        ...actOf(chain.slice(0, -1)),
        iss: this.#o.issuer,
        aud: this.#o.issuer,
        exp: credential.expires,
        jti: credential.tokenId,
        token_type: credential.confirmation?.jkt === undefined ? "Bearer" : "DPoP",
        ...(credential.confirmation === undefined ? {} : { cnf: cnfOf(credential.confirmation) }),
        scope: SCOPE,
      };
    } catch (error) {
      if (error instanceof CredentialError) return { active: false };
      throw error;
    }
  }

  /** RFC 8414. */
  metadata(): Readonly<Record<string, unknown>> {
    const { issuer } = this.#o;
    return {
      issuer,
      token_endpoint: `${issuer}/token`,
      introspection_endpoint: `${issuer}/introspect`,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      grant_types_supported: [TOKEN_EXCHANGE, JWT_BEARER],
      response_types_supported: [],
      token_endpoint_auth_methods_supported: ["none", "private_key_jwt"],
      token_endpoint_auth_signing_alg_values_supported: [AGENT_KEY_ALGORITHM],
      introspection_endpoint_auth_methods_supported: ["none"],
      scopes_supported: [SCOPE],
      dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
      tls_client_certificate_bound_access_tokens: this.#o.clientCertificates,
    };
  }

  keySet(): { readonly keys: readonly JWK[] } {
    return this.#o.signingKeys.keySet();
  }

  /** RFC 7523, 2.1. */
  async #assertion(form: ReadonlyMap<string, string>, shown: Shown): Promise<TokenAnswer> {
    const assertion = form.get("assertion");
    if (assertion === undefined) throw new OAuthError(400, "invalid_request", "The parameter assertion is missing.");
    const now = this.#o.clock() / 1000;
    const credential = await this.#o.agentKeys.verifyAssertion(assertion);
    const agent = await this.#o.resolveAgent(credential);
    return this.#issue("jwt-bearer", credential, agent, Math.floor(now) + this.#o.lifetimeSeconds, shown, {
      assertion: single(assertion, credential),
    });
  }

  async #exchange(form: ReadonlyMap<string, string>, shown: Shown): Promise<TokenAnswer> {
    const audience = form.get("audience");
    if (audience !== undefined && audience !== this.#o.issuer)
      throw new OAuthError(400, "invalid_target", "audience is this gateway's own URL, as its metadata names it.");
    const requested = form.get("requested_token_type") ?? `${TYPE}access_token`;
    if (requested !== `${TYPE}access_token`)
      throw new OAuthError(400, "invalid_request", `requested_token_type is ${TYPE}access_token.`);
    const subjectToken = tokenOf(form, "subject");
    const actor = await this.#actor(form);
    const subject = await this.#o.verifyToken(subjectToken);
    const longest = Math.floor(this.#o.clock() / 1000) + this.#o.lifetimeSeconds;
    if (actor === undefined) {
      // A token of ours, or one that the agent signed itself, would live on by this for as long as its holder likes.
      if (subject.exchangedFor !== undefined || subject.keyId !== undefined)
        throw new CredentialError(
          "delegation",
          "This token is no subject token: access tokens of this gateway can't be prolonged, and an agent's own key signs assertions.",
        );
      checkPossession(subject, shown.proof, shown.certificate);
      return this.#issue("token-exchange", subject, await this.#o.resolveAgent(subject), longest, shown);
    }
    // Whoever has nothing but the text of a bound token must gain nothing by it.
    if (subject.confirmation !== undefined)
      throw new CredentialError(
        "delegation",
        "The subject token is bound to what its holder alone can show; let that agent or person give one that isn't bound, with may_act.",
      );
    checkPossession(actor.credential, shown.proof, shown.certificate);
    const credential = delegated(subject, actor.credential);
    const agent = await this.#o.resolveAgent(credential);
    const ends = [longest, subject.expires, ...(actor.endsWithIt ? [actor.credential.expires] : [])];
    // Times may have fractions (RFC 7519, 2), which clients don't expect of `expires_in`.
    return this.#issue("token-exchange", credential, agent, Math.floor(Math.min(...ends)), shown, {
      assertion: actor.assertion,
      subjectToken:
        subject.audience === "delegation"
          ? {
              issuer: subject.issuer,
              id: subject.tokenId,
              actor: keyOf(agent),
              until: untilOf(subject, MAX_CLOCK_SKEW_SECONDS),
            }
          : undefined,
    });
  }

  /** Who acts: by its token (RFC 8693, 2.1), or by how it authenticates as a client (RFC 7523, 2.2). */
  async #actor(form: ReadonlyMap<string, string>): Promise<Actor | undefined> {
    const byToken = form.has("actor_token") || form.has("actor_token_type");
    const byAssertion = ["client_assertion", "client_assertion_type", "client_id"].some((name) => form.has(name));
    if (byToken && byAssertion)
      throw new OAuthError(400, "invalid_request", "Name the actor once: by actor_token, or by client_assertion.");
    if (byToken)
      return { credential: await this.#o.verifyToken(tokenOf(form, "actor")), assertion: undefined, endsWithIt: true };
    if (!byAssertion) return undefined;
    const assertion = form.get("client_assertion");
    if (assertion === undefined || form.get("client_assertion_type") !== CLIENT_ASSERTION)
      throw new OAuthError(
        400,
        "invalid_request",
        `client_assertion comes with client_assertion_type ${CLIENT_ASSERTION}; a client_id alone says nothing.`,
      );
    const credential = await this.#o.agentKeys.verifyAssertion(assertion);
    const clientId = form.get("client_id");
    if (clientId !== undefined && clientId !== credential.subject)
      throw new OAuthError(401, "invalid_client", "client_id names another agent than client_assertion.");
    // As with the grant of the same form, the assertion is for this moment, and what it gives lives on.
    return { credential, assertion: single(assertion, credential), endsWithIt: false };
  }

  /** Evidence before the token (I3): what can't be recorded isn't issued. */
  async #issue(
    grant: string,
    credential: Credential,
    agent: AgentPrincipal,
    expires: number,
    { proof, certificate }: Shown,
    once: Partial<Pick<TokenIssue, "assertion" | "subjectToken">> = {},
  ): Promise<TokenAnswer> {
    const now = this.#o.clock();
    const confirmation: Confirmation | undefined =
      proof === undefined && certificate === undefined
        ? undefined
        : {
            ...(proof === undefined ? {} : { jkt: proof.jkt }),
            ...(certificate === undefined ? {} : { x5t: certificate }),
          };
    if (confirmation === undefined && this.#o.mustBind(credential))
      throw new CredentialError(
        "binding",
        "Tokens of this agent are bound to its key: send a DPoP proof, or come with a client's certificate.",
      );
    if (confirmation !== undefined) await this.#o.checkRevoked({ ...credential, confirmation });
    const giveBack = this.#count(`${agent.issuer}\n${agent.subject}`, now);
    const issued: IssuedToken = await this.#o.accessTokens.issue(credential, expires, confirmation);
    const recorded = this.#o.record({
      assertion: once.assertion,
      subjectToken: once.subjectToken,
      proof,
      event: {
        type: "token.issued",
        data: {
          grant,
          token: issued.jti,
          expires: issued.expires,
          agent: recordOf(agent),
          ...(credential.keyId === undefined ? {} : { key: credential.keyId }),
          for: agent.tokenId,
          ...(confirmation === undefined ? {} : { boundTo: { ...cnfOf(confirmation) } }),
          ...(agent.onBehalfOf === undefined
            ? {}
            : { onBehalfOf: agent.onBehalfOf.map((one) => ({ ...recordOf(one), token: one.tokenId })) }),
        },
      },
    });
    await recorded.catch((error: unknown) => {
      // Or whoever has what an agent used before could use its share up.
      giveBack();
      throw error instanceof CommandError ? notTaken(error) : error;
    });
    return {
      access_token: issued.token,
      issued_token_type: `${TYPE}access_token`,
      token_type: proof === undefined ? "Bearer" : "DPoP",
      expires_in: Math.max(0, issued.expires - Math.floor(now / 1000)),
      scope: SCOPE,
    };
  }

  /** Returns what undoes it. */
  #count(agent: string, now: number): () => void {
    if (now >= this.#minuteEnds) {
      this.#minuteEnds = now + MINUTE_MS;
      this.#issued = new Map();
    }
    const count = (this.#issued.get(agent) ?? 0) + 1;
    if (count > PER_MINUTE || this.#issued.size >= COUNTED_AGENTS)
      throw new OAuthError(429, "temporarily_unavailable", "Too many tokens in this minute; use each until it ends.");
    const issued = this.#issued.set(agent, count);
    return () => issued.set(agent, (issued.get(agent) ?? 1) - 1);
  }
}

/** Where the signing keys are kept. */
export function signingKeyFile(keyDirectory: string): string {
  return join(keyDirectory, "access-token.key");
}

export function newTokenId(): string {
  return randomBytes(16).toString("base64url");
}

/** The actor's credential, on behalf of the subject and of all for whom either acts already (RFC 8693, 4.1). */
function delegated(subject: Credential, actor: Credential): Credential {
  if (actor.audience !== "agents")
    throw new CredentialError("delegation", "Only agents act for others; a person's token is no actor token.");
  if (subject.audience === "people")
    throw new CredentialError(
      "delegation",
      "A person's token for the console is no subject token; send one for an audience of delegation.",
    );
  checkMayAct(subject, actor);
  const forPerson = [subject, ...(subject.onBehalfOf ?? []), ...(actor.onBehalfOf ?? [])].some(
    ({ audience }) => audience === "delegation",
  );
  // For whom of two people, or whether the person let that agent act, such a token couldn't say.
  if (forPerson && actor.onBehalfOf !== undefined)
    throw new CredentialError(
      "delegation",
      "An agent that acts for others can't act for a person as well; send the agent's own token as actor_token.",
    );
  const others = [subject, ...(subject.onBehalfOf ?? []), ...(actor.onBehalfOf ?? [])].map(alone);
  const chain = [...new Map(others.map((one) => [keyOf(one), one])).values()];
  if (chain.some((one) => keyOf(one) === keyOf(actor)))
    throw new CredentialError("delegation", "An agent can't act for itself.");
  if ([actor, ...chain].some(({ exchangedFor = [] }) => exchangedFor.length >= MOST_TOKENS))
    throw new CredentialError("delegation", `A token is made from ${MOST_TOKENS} others at most, one after the other.`);
  if (chain.length + 1 > LONGEST_CHAIN)
    throw new CredentialError("delegation", `A chain of delegation has ${LONGEST_CHAIN} members at most.`);
  return { ...actor, onBehalfOf: chain };
}

/** RFC 8693, 4.4: a token that names who may act for its subject is for nobody else. What it says in other words isn't understood. */
function checkMayAct(subject: Credential, actor: Credential): void {
  for (const one of [subject, ...(subject.onBehalfOf ?? [])]) {
    const may = one.claims.may_act;
    if (may === undefined) continue;
    const names = isRecord(may) && Object.keys(may).every((name) => name === "sub" || name === "iss") ? may : {};
    if (names.sub !== actor.subject || (names.iss ?? one.issuer) !== actor.issuer)
      throw new CredentialError("delegation", "The subject token says that this actor may not act for it (`may_act`).");
  }
}

function alone({ onBehalfOf: _, confirmation: __, ...credential }: Credential): Credential {
  return credential;
}

function keyOf({ issuer, subject }: { readonly issuer: string; readonly subject: string }): string {
  return JSON.stringify([issuer, subject]);
}

function recordOf({ kind, issuer, subject, name }: Principal): { readonly [key: string]: Json } {
  return { ...(kind === "person" ? { kind } : {}), issuer, subject, name };
}

/** RFC 8693, 3: the type that is declared must not contradict the token's own. */
function tokenOf(form: ReadonlyMap<string, string>, whose: "subject" | "actor"): string {
  const token = form.get(`${whose}_token`);
  const type = form.get(`${whose}_token_type`);
  if (token === undefined || type === undefined)
    throw new OAuthError(400, "invalid_request", `${whose}_token and ${whose}_token_type come together.`);
  if (![`${TYPE}jwt`, `${TYPE}id_token`, `${TYPE}access_token`].includes(type))
    throw new OAuthError(400, "invalid_request", `${whose}_token_type is ${TYPE}jwt, id_token or access_token.`);
  if (type === `${TYPE}id_token` && readHeader(token).typ === "at+jwt")
    throw new OAuthError(400, "invalid_request", `${whose}_token is an access token, and declared to be an ID token.`);
  return token;
}

/** How an assertion with `jti` is remembered. A key is an agent's own: its assertions are told apart for that key alone. */
function single(assertion: string, credential: Credential): TokenIssue["assertion"] {
  const { keyId = "", tokenId } = credential;
  return hasJti(assertion) ? { kid: keyId, jti: tokenId, until: untilOf(credential, CLOCK_SKEW_SECONDS) } : undefined;
}

/** From when on nobody takes it any more, in whole milliseconds. */
function untilOf({ expires }: Credential, skewSeconds: number): number {
  return Math.ceil((expires + skewSeconds) * 1000);
}

function hasJti(assertion: string): boolean {
  const payload: unknown = JSON.parse(Buffer.from(assertion.split(".")[1] ?? "", "base64url").toString());
  return isRecord(payload) && payload.jti !== undefined;
}
