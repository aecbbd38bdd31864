import type { LedgerEvent } from "../evidence/event.ts";
import { type AuthorizationHeader, bearerToken, checkCompactJws } from "./bearer.ts";
import { readIssuer } from "./compact-jwt.ts";
import { DEFAULT_LIMITS, type IssuerConfig } from "./issuer-config.ts";
import type { AgentPrincipal, Credential, PersonPrincipal } from "./principal.ts";
import { AgentRegister, type AgentsConfig, type RegisterStore } from "./register.ts";
import { AccessTokens } from "./tokens/access-tokens.ts";
import { AgentKeys } from "./tokens/agent-keys.ts";
import type { TokenIssue } from "./tokens/commands.ts";
import { SigningKeys } from "./tokens/signing-keys.ts";
import { newTokenId, signingKeyFile, TokenService } from "./tokens/token-service.ts";
import { createVerifier, type VerifierOptions } from "./verifier.ts";

export { CredentialError } from "./principal.ts";
export { createVerifier } from "./verifier.ts";

/** Turns an Authorization header into who asks, or refuses with a CredentialError. */
export interface Identity {
  agent(authorization: AuthorizationHeader): Promise<AgentPrincipal>;
  person(authorization: AuthorizationHeader): Promise<PersonPrincipal>;
  readonly tokens: TokenService;
}

export interface IdentityOptions extends VerifierOptions {
  readonly issuers: readonly IssuerConfig[];
  readonly agents: AgentsConfig;
  readonly store: RegisterStore & {
    append(events: readonly LedgerEvent[]): Promise<unknown>;
    run(name: "token.issue", input: TokenIssue): Promise<unknown>;
  };
  /** The gateway's public URL: issuer and audience of its own tokens. */
  readonly publicUrl: string;
  readonly keyDirectory: string;
  /** Of access tokens, seconds. */
  readonly tokenLifetimeSeconds: number;
}

/** @throws Error if the configuration of issuers or agents is unsafe. */
export async function createIdentity(options: IdentityOptions): Promise<Identity> {
  const { store, publicUrl } = options;
  const clock = options.clock ?? Date.now;
  const verifier = createVerifier(options.issuers, options);
  const register = new AgentRegister(store, options.agents, clock);
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
  const maxLength = options.limits?.tokenLength ?? DEFAULT_LIMITS.tokenLength;

  /** One verifier for all kinds of credential: the issuer says which, and nothing but the signature is believed. */
  async function verifyToken(token: string): Promise<Credential> {
    checkCompactJws(token, maxLength);
    const issuer = readIssuer(token);
    if (issuer === publicUrl) return accessTokens.verify(token);
    if (agentKeys.isSubject(issuer)) return agentKeys.verifyBearer(token);
    return verifier.verifyToken(token);
  }
  const verify = async (authorization: AuthorizationHeader): Promise<Credential> =>
    verifyToken(bearerToken(authorization, maxLength));

  return {
    agent: async (authorization) => register.resolveAgent(await verify(authorization)),
    person: async (authorization) => register.resolvePerson(await verify(authorization)),
    tokens: new TokenService({
      issuer: publicUrl,
      accessTokens,
      signingKeys,
      agentKeys,
      lifetimeSeconds: options.tokenLifetimeSeconds,
      clock,
      verifyToken,
      resolveAgent: (credential) => register.resolveAgent(credential),
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
