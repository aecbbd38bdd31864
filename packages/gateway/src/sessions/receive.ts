import { hash } from "node:crypto";
import { canonicalJson, canonicalText } from "../evidence/canonical-json.ts";
import type { Sealer } from "../evidence/seal.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { LastMade } from "../last-made.ts";
import type { ReceiveInput } from "./commands/receive.ts";
import type { Connection } from "./connection.ts";
import type { EngineOptions } from "./engine-options.ts";
import { behalfOf, principalRecord, type SealedStatement } from "./session-row.ts";
import type { Statement, Submission } from "./statement.ts";
import { ownJobId } from "./statements.ts";
import { canonicalOnce, jsonOnce } from "./written-once.ts";

/** Keyed hashes of the last statements, which many agents send. */
const hashes = new WeakMap<Sealer, LastMade<string>>();
const HASHES_KEPT = 256;
const LONGEST_HASHED = 20_000;

function hashOf(sealer: Sealer): LastMade<string> {
  const known = hashes.get(sealer) ?? new LastMade<string>(HASHES_KEPT, LONGEST_HASHED);
  hashes.set(sealer, known);
  return known;
}

interface Hashed {
  readonly sealer: Sealer;
  readonly sqlHmac: string;
  readonly sqlBytes: number;
}

/** A statement that comes often is the same object, and never changes. */
const hashedOnce = new WeakMap<Statement, Hashed>();

function hashed(sealer: Sealer, statement: Statement): Hashed {
  const known = hashedOnce.get(statement);
  if (known?.sealer === sealer) return known;
  const { sql, parameters } = statement;
  const sqlHmac = hashOf(sealer).of(`[${canonicalJson(sql)},${canonicalOnce(parameters)}]`, sealer.keyedHash);
  const made = { sealer, sqlHmac, sqlBytes: Buffer.byteLength(sql) };
  hashedOnce.set(statement, made);
  return made;
}

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
  const { sqlHmac, sqlBytes } = hashed(sealer, submission.statement);
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
    principal: jsonOnce(principal),
    door: submission.door,
    sealed: Buffer.from(blob.buffer, blob.byteOffset, blob.length).toString("base64"),
    requestHmac,
    purpose,
    jobConfig: JSON.stringify({ labels: submission.labels, dryRun: submission.dryRun }),
    openPerAgent: limits.openPerAgent,
    // In the order in which it is written.
    data: canonicalText({
      agent: principalRecord(principal),
      connection: connection.name,
      door: submission.door,
      job: jobId,
      ...(principal.onBehalfOf === undefined ? {} : { onBehalfOf: principal.onBehalfOf.map(principalRecord) }),
      project: submission.project,
      purpose,
      sealedSha256: hash("sha256", blob, "hex"),
      sqlBytes,
      sqlHmac,
    }),
  };
  return { input, sealed };
}
