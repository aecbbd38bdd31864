import type { Confirmation } from "./confirmation.ts";

/** Who acts. One identity per agent (I4): every record names issuer and subject. */

export interface AgentPrincipal {
  readonly kind: "agent";
  /** `iss` of the verified token. */
  readonly issuer: string;
  /** `sub` of the verified token. */
  readonly subject: string;
  /** Name for people; from the register or the token's claim. */
  readonly name: string;
  readonly groups: readonly string[];
  /** The person who answers for this agent: `{issuer, subject}` of a person. Never approves this agent's requests (I7). */
  readonly sponsor: PersonId;
  /** Token id or its SHA-256 where the token has no `jti`; for revocation and audit. */
  readonly tokenId: string;
  /** Seconds since the epoch. */
  readonly tokenExpires: number;
  /**
   * For whom it acts (RFC 8693, 4.1), nearest first: agents, and at the end one person at most; absent: for nobody but itself.
   * What it may do is what all of them may.
   */
  readonly onBehalfOf?: readonly Principal[];
  /** As of its credential: what it rests on, and falls with. */
  readonly keyId?: string;
  readonly exchangedFor?: readonly string[];
  readonly confirmation?: Confirmation;
}

export interface PersonPrincipal {
  readonly kind: "person";
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly tokenId: string;
  readonly tokenExpires: number;
  /** As of its credential. */
  readonly confirmation?: Confirmation;
  /** Where an agent acts for this person: whether the person's token named the agent (RFC 8693, 4.4). */
  readonly mayAct?: true;
  /** As of its credential, where an agent acts for this person: what the agent's token was made from. */
  readonly exchangedFor?: readonly string[];
}

/** Whom policy is asked about. */
export type Principal = AgentPrincipal | PersonPrincipal;

export interface PersonId {
  readonly issuer: string;
  readonly subject: string;
}

/**
 * What a token is for. `delegation`: a person's, for an agent to act on that person's behalf; it opens no door by itself, so that
 * whoever hands it to an agent hands over neither the console nor the right to approve (I7).
 */
export const AUDIENCES = ["agents", "people", "delegation"] as const;
export type Audience = (typeof AUDIENCES)[number];

/** What a verified token tells, before the register of agents is asked. */
export interface Credential {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: Audience;
  readonly name: string | undefined;
  readonly groups: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  readonly tokenId: string;
  readonly expires: number;
  /** The key of the agent's own that it rests on (RFC 7523), by id. */
  readonly keyId?: string;
  /** The tokens it was made from, the first first (RFC 8693): revoking any of them revokes this. */
  readonly exchangedFor?: readonly string[];
  /** What it is bound to; absent: a bearer token. */
  readonly confirmation?: Confirmation;
  /** For whom it acts. */
  readonly onBehalfOf?: readonly Credential[];
}

/** Refusal of a credential; the message never holds the token. */
export class CredentialError extends Error {
  override readonly name = "CredentialError";
  readonly code: CredentialErrorCode;
  constructor(code: CredentialErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type CredentialErrorCode =
  | "missing"
  | "malformed"
  | "unknown_issuer"
  | "bad_signature"
  | "algorithm"
  | "expired"
  | "not_yet_valid"
  | "audience"
  | "claims"
  | "lifetime"
  | "unregistered"
  | "suspended"
  | "revoked"
  | "replayed"
  | "proof"
  | "nonce"
  | "binding"
  | "delegation"
  | "keys_unavailable";

/** The agent alone, for whomever it acts: by it is counted what one agent may have at once (I10). */
export function agentOf({ issuer, subject }: Pick<AgentPrincipal, "issuer" | "subject">): string {
  return JSON.stringify([issuer, subject]);
}
