import type { LedgerEvent } from "../evidence/event.ts";
import { CommandError } from "../store/command.ts";
import { type Admission, createAdmission } from "./admission.ts";
import { checkCompactJws, presentedToken } from "./bearer.ts";
import { readIssuer } from "./compact-jwt.ts";
import type { Proof } from "./dpop.ts";
import { DEFAULT_LIMITS, type IssuerConfig } from "./issuer-config.ts";
import { LastRead } from "./last-read.ts";
import { checkPossession, type Presented, proofOf } from "./presented.ts";
import { type AgentPrincipal, type Credential, CredentialError, type PersonPrincipal } from "./principal.ts";
import { ProofNonces } from "./proof-nonces.ts";
import { AgentRegister, type AgentsConfig, type RegisterStore } from "./register.ts";
import { checkRevocations } from "./revocation.ts";
import { AccessTokens } from "./tokens/access-tokens.ts";
import { AgentKeys } from "./tokens/agent-keys.ts";
import type { TokenIssue } from "./tokens/commands.ts";
import { SigningKeys } from "./tokens/signing-keys.ts";
import { newTokenId, signingKeyFile, TokenService } from "./tokens/token-service.ts";
import { notTaken } from "./tokens/used-once.ts";
import { createVerifier, type VerifierOptions } from "./verifier.ts";

export type { Presented } from "./presented.ts";
export { CredentialError } from "./principal.ts";
export { createVerifier } from "./verifier.ts";

/** Turns what a request shows into who asks, or refuses with a CredentialError. */
export interface Identity {
  agent(presented: Presented): Promise<AgentPrincipal>;
  person(presented: Presented): Promise<PersonPrincipal>;
  readonly tokens: TokenService;
  readonly admission: Admission;
  /** What the next proof must carry (RFC 9449, 8.2); undefined: nothing is asked for. */
  proofNonce(): string | undefined;
}

export interface IdentityOptions extends VerifierOptions {
  readonly issuers: readonly IssuerConfig[];
  readonly agents: AgentsConfig;
  readonly store: RegisterStore & {
    append(events: readonly LedgerEvent[]): Promise<unknown>;
    run(name: "token.issue", input: TokenIssue): Promise<unknown>;
    run(name: "proof.use", input: Proof): Promise<unknown>;
  };
  /** The gateway's public URL: issuer and audience of its own tokens. */
  readonly publicUrl: string;
  readonly keyDirectory: string;
  /** Whether the gateway's listeners ask clients for certificates. */
  readonly clientCertificates?: boolean;
  /** Whether proofs must carry a nonce of the gateway's. */
  readonly proofNonces?: boolean;
  /** Of access tokens, seconds. */
  readonly tokenLifetimeSeconds: number;
}

/** @throws Error if the configuration of issuers or agents is unsafe. */
export async function createIdentity(options: IdentityOptions): Promise<Identity> {
  const { store, publicUrl } = options;
  const clock = options.clock ?? Date.now;
  const verifier = createVerifier(options.issuers, options);
  const delegating = options.issuers.flatMap(({ issuer, audiences, requireMayAct }) =>
    audiences.delegation ? [{ issuer, mayActRequired: requireMayAct === true }] : [],
  );
  const agentIssuers = new Set([
    publicUrl,
    ...options.issuers.flatMap(({ issuer, audiences }) => (audiences.agents ? [issuer] : [])),
  ]);
  const agents: AgentsConfig = { ...options.agents, issuers: agentIssuers, delegating };
  const register = new AgentRegister(store, agents, clock);
  await register.enterConfigured();
  const signingKeys = await SigningKeys.open(signingKeyFile(options.keyDirectory), clock, (kid) =>
    store.append([{ type: "access-token-key.made", data: { key: kid } }]),
  );
  const accessTokens = new AccessTokens({
    issuer: publicUrl,
    keys: signingKeys,
    clock,
    newId: newTokenId,
    claims: claimsOfRules(options.agents),
  });
  const agentKeys = new AgentKeys({ db: store.db, issuer: publicUrl, clock });
  const nonces = options.proofNonces === true ? new ProofNonces(clock) : undefined;
  const maxLength = options.limits?.tokenLength ?? DEFAULT_LIMITS.tokenLength;
  /** A header that comes again gives the very same token, by which all else of it is then known. */
  const headers = new LastRead((header: string) => presentedToken(header, maxLength));
  const issuers = new LastRead((token: string) => {
    checkCompactJws(token, maxLength);
    return readIssuer(token);
  });

  /** One verifier for all kinds of credential: the issuer says which, and nothing but the signature is believed. */
  function verifyToken(token: string): Credential | Promise<Credential> {
    const issuer = issuers.of(token);
    if (issuer === publicUrl) return accessTokens.verify(token);
    if (agentKeys.isSubject(issuer)) return agentKeys.verifyBearer(token);
    return verifier.verifiedBefore(token) ?? verifier.verifyToken(token);
  }
  /** A stolen token is of no use where it is bound: what it is bound to must come with it, in the way that the token says. */
  async function verify(presented: Presented): Promise<Credential> {
    const { authorization } = presented;
    const { scheme, token } =
      typeof authorization === "string" ? headers.of(authorization) : presentedToken(authorization, maxLength);
    const verifying = verifyToken(token);
    const credential = verifying instanceof Promise ? await verifying : verifying;
    const bound = credential.confirmation?.jkt !== undefined;
    if (bound !== (scheme === "dpop"))
      throw new CredentialError(
        "binding",
        bound
          ? "The token is bound to a key: send `Authorization: DPoP <token>` and a proof, not Bearer."
          : "The token is bound to no key: send `Authorization: Bearer <token>`.",
      );
    if (!bound && presented.dpop.length > 0)
      throw new CredentialError("proof", "A DPoP proof came with a token that is bound to no key.");
    const proof = bound ? await proofOf(presented, token, clock(), nonces) : undefined;
    checkPossession(credential, proof, presented.certificate);
    if (proof !== undefined)
      await store.run("proof.use", proof).catch((error: unknown) => {
        throw error instanceof CommandError ? notTaken(error) : error;
      });
    return credential;
  }

  async function agent(presented: Presented): Promise<AgentPrincipal> {
    const credential = await verify(presented);
    const principal = register.resolvedBefore(credential) ?? (await register.resolveAgent(credential));
    if (credential.confirmation === undefined && register.mustBind(credential))
      throw new CredentialError(
        "binding",
        "Bearer tokens of this agent aren't taken: get one that is bound to a key (DPoP) or a certificate (mTLS).",
      );
    return principal;
  }

  return {
    agent,
    admission: createAdmission(store, agents, clock),
    proofNonce: () => nonces?.current(),
    person: async (presented) => register.resolvePerson(await verify(presented)),
    tokens: new TokenService({
      issuer: publicUrl,
      accessTokens,
      signingKeys,
      agentKeys,
      lifetimeSeconds: options.tokenLifetimeSeconds,
      clock,
      verifyToken: async (token) => verifyToken(token),
      nonces,
      clientCertificates: options.clientCertificates ?? false,
      resolveAgent: (credential) => register.resolveAgent(credential),
      checkRevoked: async (credential) => checkRevocations(store, credential, undefined, clock()),
      mustBind: (credential) => register.mustBind(credential),
      record: (issue) => store.run("token.issue", issue),
    }),
  };
}

/** What of a token's claims must come with the access token it is exchanged for: rules are asked at each request. */
function claimsOfRules({ rules }: AgentsConfig): readonly string[] {
  const paths = rules.flatMap(({ match, sponsor }) => [
    ...Object.keys(match),
    ...("fromClaim" in sponsor ? [sponsor.fromClaim] : []),
  ]);
  const names = paths.map((path) =>
    path.startsWith("/") ? (path.split("/")[1] ?? "").replaceAll("~1", "/").replaceAll("~0", "~") : path,
  );
  return [...new Set([...names, "may_act"])];
}
