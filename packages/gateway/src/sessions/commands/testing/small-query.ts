import { canonicalText } from "../../../evidence/canonical-json.ts";
import type { AgentPrincipal } from "../../../identity/principal.ts";
import type { AnalysedInput } from "../analysed.ts";
import type { AskedBy, ReceiveInput } from "../receive.ts";

/** A small query as its commands hear of it. */

export const ISSUER = "https://idp.example";
export const PRINCIPAL: AgentPrincipal = {
  kind: "agent",
  issuer: ISSUER,
  subject: "a",
  name: "a",
  groups: [],
  sponsor: { issuer: ISSUER, subject: "dr-a" },
  tokenId: "t",
  tokenExpires: 0,
};

export function received(id: string, given: Partial<Omit<ReceiveInput, "by"> & AskedBy> = {}): ReceiveInput {
  const { forMany, ...more } = given;
  const { jobId, requestId, sealed, requestHmac, data, ...by } = {
    connection: "c",
    project: "p",
    location: "US",
    jobId: `chaperone_${id}`,
    requestId: null,
    issuer: ISSUER,
    subject: "a",
    onBehalfOf: "[]",
    agentName: "a",
    principal: JSON.stringify(PRINCIPAL),
    door: "bigquery-rest",
    sealed: Buffer.from("sealed").toString("base64"),
    requestHmac: "",
    purpose: null,
    jobConfig: "{}",
    openPerAgent: 2,
    data: { job: `chaperone_${id}` },
    ...more,
  };
  return { id, jobId, requestId, sealed, requestHmac, data, by, ...(forMany === undefined ? {} : { forMany }) };
}

export function analysed(id: string): AnalysedInput {
  return {
    id,
    statementType: "SELECT",
    texts: {
      key: "k",
      texts: { sql_redacted: "SELECT ⟨1⟩", canonical_redacted: null, plan: "[]", decision: "{}", mask_plan: null },
    },
    analysed: canonicalText({ sql: "SELECT ⟨1⟩" }),
    decided: { binding: "b", dryRunBytes: 7, data: canonicalText({ effect: "permit" }) },
    next: {
      state: "running",
      upstreamJob: `chaperone_${id}`,
      travelling: [],
      uses: { uses: [], assessedAt: 0, forMs: 1 },
      data: { binding: "b" },
    },
  };
}

/** Its agent, to be registered before. */
export const AGENT = {
  issuer: ISSUER,
  subject: "a",
  name: "a",
  sponsor: { issuer: ISSUER, subject: "dr-a" },
  groups: [],
  registeredBy: "config",
};
