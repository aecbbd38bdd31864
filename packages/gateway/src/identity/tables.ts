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
}
