import { hash } from "node:crypto";
import { canonicalText } from "../../../evidence/canonical-json.ts";
import type { AgentPrincipal } from "../../../identity/principal.ts";
import type { Decision } from "../../../policy/decision.ts";
import { decidedEvent } from "../../records.ts";
import { principalRecord } from "../../session-row.ts";
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
    data: undefined,
    ...more,
  };
  const { connection, project, door, purpose, principal } = by;
  const { onBehalfOf: behalf, ...agent } = JSON.parse(principal) as AgentPrincipal;
  const sealedSha256 = forMany?.key ?? hash("sha256", Buffer.from(sealed, "base64"), "hex");
  const said = {
    agent: principalRecord(agent),
    ...(behalf === undefined ? {} : { onBehalfOf: behalf.map(principalRecord) }),
    ...{ connection, project, door, purpose, job: jobId, sealedSha256 },
  };
  return {
    ...{ id, jobId, requestId, sealed, requestHmac, by, data: data ?? said },
    ...(forMany === undefined ? {} : { forMany }),
  };
}

const DECISION: Decision = {
  effect: "permit",
  policyVersion: "v",
  policies: ["p"],
  protectionsOff: [],
  uses: [],
  obligations: {
    ...{ approval: undefined, limitRows: undefined, limitBytes: undefined },
    ...{ readSize: "told", masks: [], travelling: [] },
  },
};
const PLAN = "[]";

export function analysed(id: string): AnalysedInput {
  return {
    id,
    statementType: "SELECT",
    texts: {
      key: "k",
      texts: {
        ...{ sql_redacted: "SELECT ⟨1⟩", canonical_redacted: null, mask_plan: null },
        ...{ plan: PLAN, decision: JSON.stringify(DECISION) },
      },
    },
    analysed: canonicalText({
      ...{ sql: "SELECT ⟨1⟩", statementType: "SELECT", planSha256: hash("sha256", PLAN, "hex") },
    }),
    decided: { binding: "b", dryRunBytes: 7, data: decidedEvent(DECISION, "b") },
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
