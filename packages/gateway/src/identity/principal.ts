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
   * The agents for whom this one acts (RFC 8693, 4.1), nearest first; absent: for nobody but itself. What it may do is what
   * all of them may.
   */
  readonly onBehalfOf?: readonly AgentPrincipal[];
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
}

export interface PersonId {
  readonly issuer: string;
  readonly subject: string;
}

/** What a verified token tells, before the register of agents is asked. */
export interface Credential {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: "agents" | "people";
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
  | "binding"
  | "delegation"
  | "keys_unavailable";
