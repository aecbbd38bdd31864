import { canonicalJson, canonicalString } from "../evidence/canonical-json.ts";
import type { CanonicalText, Json } from "../evidence/event.ts";
import type { Sealer } from "../evidence/seal.ts";
import type { AgentPrincipal } from "../identity/principal.ts";
import { LastMade } from "../last-made.ts";
import { sharedByMany } from "../store/plain-data.ts";
import { boundPrincipal } from "./assess.ts";
import { inOrder } from "./binding.ts";
import type { AskedBy, ReceiveInput } from "./commands/receive.ts";
import type { Connection } from "./connection.ts";
import type { EngineOptions } from "./engine-options.ts";
import { keptSealed } from "./kept-sealed.ts";
import { behalfOf, principalRecord, type SealedStatement } from "./session-row.ts";
import { boundParameters, type Statement, type Submission } from "./statement.ts";
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
  const { sql } = statement;
  const parameters = canonicalOnce(boundParameters(statement));
  const sqlHmac = hashOf(sealer).of(`[${canonicalJson(sql)},${parameters}]`, sealer.keyedHash);
  const made = { sealer, sqlHmac, sqlBytes: Buffer.byteLength(sql) };
  hashedOnce.set(statement, made);
  return made;
}

/** Who asks by which way, as the store hears of it, and what the ledger says of it around what is each session's own. */
interface Asker {
  readonly of: readonly unknown[];
  readonly by: AskedBy;
  readonly begins: string;
  readonly goesOn: string;
}

/** The last of each principal, which is the same object while its token comes again. */
const askers = new WeakMap<AgentPrincipal, Asker>();

function askerOf(
  { limits }: EngineOptions,
  principal: AgentPrincipal,
  connection: Connection,
  { project, door, labels, dryRun }: Submission,
): Asker {
  const jobConfig = JSON.stringify({ labels, dryRun });
  const of = [limits.openPerAgent, connection.name, connection.location, project, door, jobConfig];
  const known = askers.get(principal);
  if (known?.of.every((one, i) => one === of[i])) return known;
  const purpose = labels.purpose ?? null;
  const by = sharedByMany({
    connection: connection.name,
    project,
    location: connection.location,
    issuer: principal.issuer,
    subject: principal.subject,
    onBehalfOf: behalfOf(principal),
    agentName: principal.name,
    principal: jsonOnce(principal),
    door,
    purpose,
    jobConfig,
    openPerAgent: limits.openPerAgent,
  });
  const agent = canonicalJson({ agent: principalRecord(principal), connection: connection.name, door });
  const behalf = principal.onBehalfOf?.map(principalRecord);
  const way = canonicalJson({ ...(behalf === undefined ? {} : { onBehalfOf: behalf }), project, purpose });
  const made = {
    of,
    by,
    begins: `${agent.slice(0, -1)},"job":`,
    goesOn: `,${way.slice(1, -1)},"sealedSha256":`,
  };
  askers.set(principal, made);
  return made;
}

/** What of a submission is kept and recorded: the statement sealed and by keyed hash, never in the clear (I5). */
export function receiveInput(
  options: EngineOptions,
  id: string,
  principal: AgentPrincipal,
  connection: Connection,
  submission: Submission,
): {
  readonly input: ReceiveInput;
  readonly sealed: SealedStatement;
  /** To be told that a session was received with it. */
  stored(): void;
} {
  const { sealer } = options;
  const jobId = submission.jobId ?? ownJobId(id);
  const sealed: SealedStatement = {
    statement: submission.statement,
    maximumBytesBilled: submission.maximumBytesBilled ?? null,
    jobTimeoutMs: submission.jobTimeoutMs ?? null,
    dryRun: submission.dryRun,
    ...(submission.asked === undefined ? {} : { asked: submission.asked }),
  };
  const { sqlHmac, sqlBytes } = hashed(sealer, submission.statement);
  const requestHmac = requestHmacOf(sealer, principal, connection, submission, sqlHmac);
  const kept = keptSealed(sealer, id, sealed);
  const { by, begins, goesOn } = askerOf(options, principal, connection, submission);
  const input: ReceiveInput = {
    id,
    jobId,
    requestId: submission.requestId ?? null,
    ...kept.input,
    requestHmac,
    by,
    // As canonicalJson writes it: in the order of the members' names.
    data: `${begins}${canonicalString(jobId)}${goesOn}"${kept.sha256}","sqlBytes":${sqlBytes},"sqlHmac":"${sqlHmac}"}` as CanonicalText,
  };
  return { input, sealed, stored: kept.stored };
}

function requestHmacOf(
  sealer: Sealer,
  principal: AgentPrincipal,
  connection: Connection,
  submission: Submission,
  sqlHmac: string,
): string {
  if (submission.statement.rows !== undefined) return loadHmac(sealer, principal, connection, submission);
  if (submission.requestId === undefined) return "";
  // What a repeated requestId must repeat: all that makes it another query.
  const { parameterMode = null, defaultDataset = null } = submission.statement;
  return sealer.keyedHash(
    canonicalJson([
      [sqlHmac, parameterMode, defaultDataset, submission.dryRun],
      [submission.project, submission.labels.purpose ?? null, submission.maximumBytesBilled ?? null],
    ]),
  );
}

/** By which a load that is sent again is known: all that it is but its rows, and its job's name, which clients make anew. */
export function loadHmac(
  sealer: Sealer,
  principal: AgentPrincipal,
  { name, location }: Connection,
  { door, project, statement, jobTimeoutMs, labels, asked }: Submission,
): string {
  const { sql, parameters } = statement;
  const { configuration = null, sentOn = null } = asked ?? {};
  const by = inOrder(boundPrincipal(principal));
  const timeout = jobTimeoutMs ?? null;
  const load = { by, name, location, door, project, sql, parameters, timeout, labels, configuration, sentOn };
  return sealer.keyedHash(`load\n${canonicalJson(load as unknown as Json)}`);
}
