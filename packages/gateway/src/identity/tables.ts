/** The register of agents. Times are milliseconds since the epoch. */
export interface AgentTables {
  agents: {
    issuer: string;
    subject: string;
    name: string;
    sponsor_issuer: string;
    sponsor_subject: string;
    /** JSON array of groups given by the register, beside those of the token. */
    groups: string;
    status: "active" | "suspended";
    /** `config`, `rule:<name>` or `person:<issuer>#<subject>`. */
    registered_by: string;
    registered_at: number;
    last_seen_at: number | null;
  };
  /** Public halves of keys that `chaperone agents add` made; the private half never comes here. */
  agent_keys: {
    /** SHA-256 thumbprint of the public key (RFC 7638), hex. */
    kid: string;
    issuer: string;
    subject: string;
    /** Public JWK, JSON. */
    jwk: string;
    made_by: string;
    made_at: number;
    expires_at: number;
    revoked_at: number | null;
  };
  /** Assertions with a `jti` that were taken, until none could be taken again. */
  used_assertions: {
    kid: string;
    jti: string;
    until: number;
  };
  /** People's tokens that agents came with, until none of them could be taken again. */
  delegated_tokens: {
    issuer: string;
    /** Its id, as for revocation. */
    token: string;
    /** `["iss","sub"]` of the agent, JSON. */
    actor: string;
    until: number;
  };
  /** DPoP proofs that were taken (RFC 9449, 11.1), until none could be taken again. */
  used_proofs: {
    /** Thumbprint of its key. */
    jkt: string;
    /** A hash of its `jti`. */
    jti: string;
    until: number;
  };
  /** What no credential may rest on any more. Never taken back: a new token, key or issuer name is made instead. */
  revocations: {
    kind: RevocationKind;
    /** A token's id; an issuer's `iss`; `["iss","sub"]` of a sponsor, JSON; a proof key's thumbprint. */
    id: string;
    by: string;
    reason: string;
    at: number;
  };
}

export type RevocationKind = "token" | "issuer" | "sponsor" | "proof-key";
