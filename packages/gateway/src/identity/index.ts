import type { AuthorizationHeader } from "./bearer.ts";
import type { IssuerConfig } from "./issuer-config.ts";
import type { AgentPrincipal, PersonPrincipal } from "./principal.ts";
import { AgentRegister, type AgentsConfig, type RegisterStore } from "./register.ts";
import { createVerifier, type VerifierOptions } from "./verifier.ts";

export { CredentialError } from "./principal.ts";
export { createVerifier } from "./verifier.ts";

/** Turns an Authorization header into who asks, or refuses with a CredentialError. */
export interface Identity {
  agent(authorization: AuthorizationHeader): Promise<AgentPrincipal>;
  person(authorization: AuthorizationHeader): Promise<PersonPrincipal>;
}

export interface IdentityOptions extends VerifierOptions {
  readonly issuers: readonly IssuerConfig[];
  readonly agents: AgentsConfig;
  readonly store: RegisterStore;
}

/** @throws Error if the configuration of issuers or agents is unsafe. */
export async function createIdentity(options: IdentityOptions): Promise<Identity> {
  const verifier = createVerifier(options.issuers, options);
  const register = new AgentRegister(options.store, options.agents, options.clock ?? Date.now);
  await register.enterConfigured();
  return {
    agent: async (authorization) => register.resolveAgent(await verifier.verify(authorization)),
    person: async (authorization) => register.resolvePerson(await verifier.verify(authorization)),
  };
}
