export { checkIssuers, DEFAULT_LIMITS, type IdentityLimits, type IssuerConfig } from "./issuer-config.ts";
export * from "./principal.ts";
export { createVerifier, type Verifier, type VerifierOptions } from "./verifier.ts";
