import { hash } from "node:crypto";
import { canonicalJson } from "../evidence/canonical-json.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { ownJobId, type ReceiveInput } from "./commands/receive.ts";
import type { Connection } from "./connection.ts";
import type { EngineOptions } from "./engine-options.ts";
import { behalfOf, principalRecord, type SealedStatement } from "./session-row.ts";
import type { Submission } from "./statement.ts";
import { canonicalOnce } from "./written-once.ts";

/** What of a submission is kept and recorded: the statement sealed and by keyed hash, never in the clear (I5). */
export function receiveInput(
  { sealer, limits }: EngineOptions,
  id: string,
  principal: AgentPrincipal,
  connection: Connection,
  submission: Submission,
): { readonly input: ReceiveInput; readonly sealed: SealedStatement } {
  const jobId = submission.jobId ?? ownJobId(id);
  const sealed: SealedStatement = {
    statement: submission.statement,
    maximumBytesBilled: submission.maximumBytesBilled ?? null,
    jobTimeoutMs: submission.jobTimeoutMs ?? null,
    dryRun: submission.dryRun,
    ...(submission.asked === undefined ? {} : { asked: submission.asked }),
  };
  const { sql, parameters } = submission.statement;
  const sqlHmac = sealer.keyedHash(`[${canonicalJson(sql)},${canonicalOnce(parameters)}]`);
  // What a repeated requestId must repeat: all that makes it another query.
  const { parameterMode = null, defaultDataset = null } = submission.statement;
  const requestHmac =
    submission.requestId === undefined
      ? ""
      : sealer.keyedHash(canonicalJson([sqlHmac, parameterMode, defaultDataset, submission.dryRun]));
  const blob = sealer.seal(JSON.stringify(sealed), id);
  const purpose = submission.labels.purpose ?? null;
  const input: ReceiveInput = {
    id,
    connection: connection.name,
    project: submission.project,
    location: connection.location,
    jobId,
    requestId: submission.requestId ?? null,
    issuer: principal.issuer,
    subject: principal.subject,
    onBehalfOf: behalfOf(principal),
    agentName: principal.name,
    principal: JSON.stringify(principal),
    door: submission.door,
    sealed: blob,
    requestHmac,
    purpose,
    jobConfig: JSON.stringify({ labels: submission.labels, dryRun: submission.dryRun }),
    openPerAgent: limits.openPerAgent,
    data: {
      agent: principalRecord(principal),
      ...(principal.onBehalfOf === undefined ? {} : { onBehalfOf: principal.onBehalfOf.map(principalRecord) }),
      door: submission.door,
      connection: connection.name,
      project: submission.project,
      job: jobId,
      purpose,
      sqlBytes: Buffer.byteLength(sql),
      sqlHmac,
      sealedSha256: hash("sha256", blob, "hex"),
    },
  };
  return { input, sealed };
}
