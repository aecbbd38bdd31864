import type { AgentPrincipal, Principal } from "../identity/principal.ts";

/** One of those for whom an agent acts (RFC 8693, `act`), as reviewers and auditors read it: with issuer and subject (I4). */
export interface Behalf {
  readonly kind: Principal["kind"];
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly groups: readonly string[];
}

/** Nearest first. */
export function behalvesOf({ onBehalfOf = [] }: AgentPrincipal): readonly Behalf[] {
  return onBehalfOf.map(({ kind, issuer, subject, name, groups }) => ({ kind, issuer, subject, name, groups }));
}
