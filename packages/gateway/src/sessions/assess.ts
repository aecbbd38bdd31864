import { hash } from "node:crypto";
import type { QueryParameter, TableName, UnderstoodPlan } from "@chaperone/googlesql";
import type { CatalogSnapshot } from "../catalog/catalog.ts";
import { type ClassesLeft, classesLeft } from "../catalog/classes-left.ts";
import { namesWritten } from "../catalog/names-written.ts";
import { CatalogError, requireServed } from "../catalog/served-names.ts";
import { withoutTables } from "../catalog/without-tables.ts";
import { canonicalJson } from "../evidence/canonical-json.ts";
import type { Json } from "../evidence/event.ts";
import type { AgentPrincipal, Principal } from "../identity/principal.ts";
import type { Decision, PermitDecision } from "../policy/decision.ts";
import type { DryRun } from "../upstream/upstream.ts";
import { disagreement } from "./agreement.ts";
import type { AnalysisCache, Named } from "./analysis-cache.ts";
import { type Bound, binding } from "./binding.ts";
import type { Connection } from "./connection.ts";
import type { DecisionCache } from "./decision-cache.ts";
import { hiddenTables } from "./hidden-tables.ts";
import type { Judged, JudgedBefore } from "./judged-before.ts";
import { type MaskPlan, maskPlan } from "./mask-plan.ts";
import { withMetadata } from "./metadata-places.ts";
import { upstreamFailure } from "./records.ts";
import { DISAGREES, denied, refusalError } from "./refusal.ts";
import type { SessionError } from "./session.ts";
import type { SharedDryRuns } from "./shared-dry-runs.ts";
import { boundParameters, parametersOf, type Statement } from "./statement.ts";

/** What a statement is, may do and would cost, for one principal, now. Nothing has run. */
export type Assessment =
  | { readonly kind: "refused"; readonly error: SessionError }
  | ({
      readonly kind: "denied";
      readonly error: SessionError;
      readonly alarm: string | undefined;
      /** To the agent it is a statement about tables that there are none of. */
      readonly hidden: boolean;
    } & Understood & { readonly decision: Decision })
  | PermittedAssessment;

export type PermittedAssessment = { readonly kind: "permitted"; readonly decision: PermitDecision } & Understood &
  Permitted;

interface Understood {
  readonly plan: UnderstoodPlan;
  readonly redactedSql: string;
  readonly literals: readonly string[];
}

interface Permitted {
  readonly maskPlan: MaskPlan;
  /** null: of a script BigQuery's dry run doesn't say. */
  readonly dryRunBytes: number | null;
  /** Most bytes the job may bill: the least of connection, policy and agent. */
  readonly maximumBytesBilled: number;
  /** SHA-256 of all an approval is bound to (I6). */
  readonly binding: string;
}

export interface AssessInput {
  readonly connection: Connection;
  readonly principal: AgentPrincipal;
  readonly project: string;
  readonly statement: Statement;
  readonly purpose: string | null;
  readonly maximumBytesBilled: number | undefined;
  readonly defaultApprovers: readonly string[];
  readonly limitRows: number;
  readonly now: number;
  readonly analyses: AnalysisCache;
  readonly decisions: DecisionCache;
  readonly judgedBefore: JudgedBefore;
  readonly dryRuns: SharedDryRuns;
  /** HMAC (hex) under a key of the gateway. */
  readonly keys: { keyedHash(text: string): string };
}

const NO_OWN_MAXIMUM =
  "maximumBytesBilled can't be asked for here: how much this query reads tells of protected values that agents may have written. Leave it out; the gateway's own limit holds.";

/** Analysis, policy and dry run of one statement (I1, I2). Throws only for faults of ours or of upstream (UpstreamError of kind unavailable …). */
export async function assess(input: AssessInput): Promise<Assessment> {
  const judged = await judge(input);
  return judged.kind === "judged" ? agree(input, judged) : judged;
}

/**
 * What assessment of a statement will be, from memory alone: BigQuery agreed with this very plan before, and is yet to be asked again (`agree`). undefined: that can't be told.
 */
export function foreseen(input: AssessInput): PermittedAssessment | undefined {
  const judged = input.judgedBefore.find(input);
  if (judged === undefined || judged.decision.effect !== "permit" || !agreed.has(judged.plan)) return undefined;
  const bytes = boundsOf(input, judged.decision);
  return bytes === undefined ? undefined : permitted(input, judged, judged.decision, bytes.maximumBytesBilled, null);
}

/** Of the answers that are here, what was found of the last plan: many who ask the same share one. */
const compared = new WeakMap<DryRun, { readonly plan: UnderstoodPlan; readonly mismatch: string | undefined }>();

function disagreementWith(plan: UnderstoodPlan, facts: DryRun): string | undefined {
  const known = compared.get(facts);
  if (known?.plan === plan) return known.mismatch;
  const mismatch = disagreement(plan, {
    statementType: facts.statementType,
    schema: facts.schema ?? [],
    referencedTables: facts.referencedTables,
    referencedRoutines: facts.referencedRoutines,
    ddlTargetTable: facts.ddlTargetTable,
  });
  compared.set(facts, { plan, mismatch });
  return mismatch;
}

/** Plans that BigQuery's dry run agreed with once. */
const agreed = new WeakSet<UnderstoodPlan>();

/** undefined: the agent asks for a maximum of its own where that would measure. */
function boundsOf(
  { connection, maximumBytesBilled: asked }: AssessInput,
  { obligations }: PermitDecision,
): { readonly allowed: number; readonly maximumBytesBilled: number } | undefined {
  const { readSize, limitBytes = Number.POSITIVE_INFINITY } = obligations;
  if (readSize === "secret" && asked !== undefined) return undefined;
  const allowed = Math.min(connection.maximumBytesBilled, limitBytes);
  return { allowed, maximumBytesBilled: Math.min(allowed, asked ?? Number.POSITIVE_INFINITY) };
}

/** BigQuery's word on what was judged, asked for now (I2). */
export async function agree(input: AssessInput, { redacted, plan, decision, told }: Judged): Promise<Assessment> {
  const { connection, statement } = input;
  const understood: Understood = { plan, redactedSql: redacted.sql, literals: redacted.literals };
  const refused = (error: SessionError, alarm?: string): Assessment => ({
    kind: "denied",
    error,
    alarm,
    hidden: told !== undefined,
    decision,
    ...understood,
  });
  if (decision.effect === "deny") return refused(told ?? denied(decision.message));
  const bounds = boundsOf(input, decision);
  if (bounds === undefined) return refused(denied(NO_OWN_MAXIMUM));
  const { allowed, maximumBytesBilled } = bounds;
  const facts = await input.dryRuns.dryRun(connection.upstream, {
    project: input.project,
    location: connection.location,
    sql: plan.canonicalSql,
    ...parametersOf(statement),
  });
  // A lack of rights or a busy BigQuery is no verdict on the statement.
  if (facts.outcome === "refused") return refused(upstreamFailure(facts));
  const mismatch = disagreementWith(plan, facts);
  if (mismatch !== undefined) return refused(DISAGREES, mismatch);

  const { readSize } = decision.obligations;
  const most = readSize === "told" ? maximumBytesBilled : allowed;
  if (facts.totalBytesProcessed > most)
    return refused(
      denied(
        `The query would read ${readSize === "told" ? `${facts.totalBytesProcessed} bytes` : "too much"}; at most ${most} bytes are allowed. Read fewer columns, or fewer partitions.`,
      ),
    );
  agreed.add(plan);
  const dryRunBytes = plan.statementType === "SCRIPT" ? null : facts.totalBytesProcessed;
  return permitted(input, { plan, redacted }, decision, maximumBytesBilled, dryRunBytes);
}

function permitted(
  input: AssessInput,
  { plan, redacted }: Pick<Judged, "plan" | "redacted">,
  decision: PermitDecision,
  maximumBytesBilled: number,
  dryRunBytes: number | null,
): PermittedAssessment {
  const masks = maskPlan(plan.result, decision.obligations.masks);
  return {
    kind: "permitted",
    decision,
    plan,
    redactedSql: redacted.sql,
    literals: redacted.literals,
    maskPlan: masks,
    dryRunBytes,
    maximumBytesBilled,
    binding: bindingOf(input, plan, masks, decision, maximumBytesBilled),
  };
}

/** The last one of each decision, which is the same object for many sessions, as are plan, masks, principal and statement. */
const bindings = new WeakMap<PermitDecision, { readonly of: readonly unknown[]; readonly binding: string }>();

function bindingOf(
  { connection, principal, statement, purpose, keys }: AssessInput,
  plan: UnderstoodPlan,
  masks: MaskPlan,
  decision: PermitDecision,
  maximumBytesBilled: number,
): string {
  const { parameters, rows } = statement;
  const of = [connection.name, principal, parameters, rows, purpose, keys, plan, masks, maximumBytesBilled];
  const known = bindings.get(decision);
  if (known?.of.every((one, i) => one === of[i])) return known.binding;
  const bound: Bound = {
    principal: boundPrincipal(principal),
    connection: connection.name,
    canonicalSql: plan.canonicalSql,
    parameters: boundParameters(statement),
    plan: plan.statements as unknown as Json,
    outputs: masks.schema as unknown as Json,
    masks: decision.obligations.masks as unknown as Json,
    travelling: decision.obligations.travelling as unknown as Json,
    limits: { rows: decision.obligations.limitRows ?? null, bytes: maximumBytesBilled },
    policyVersion: decision.policyVersion,
    purpose,
  };
  const made = binding(bound, keys);
  bindings.set(decision, { of, binding: made });
  return made;
}

/** The same as `judge` gives, where that is known from before and still so. */
export function judgedAlready(input: AssessInput): Judged | undefined {
  return input.judgedBefore.find(input);
}

/** Analysis and policy alone: no call that runs or plans anything upstream. Also asked at each page, for what holds now. */
export async function judge(
  input: AssessInput,
): Promise<{ readonly kind: "refused"; readonly error: SessionError } | Judged> {
  const before = input.judgedBefore.find(input);
  if (before !== undefined) return before;
  const { connection, statement, principal } = input;
  const defaults = {
    defaultProject: input.project,
    ...(statement.defaultDataset === undefined
      ? {}
      : {
          defaultDataset: { project: statement.defaultDataset.projectId, dataset: statement.defaultDataset.datasetId },
        }),
  };
  const { names, analyze } = await input.analyses.named(
    `${principal.issuer}\n${principal.subject}`,
    statement.sql,
    defaults,
    statement.parameters as unknown as readonly QueryParameter[],
  );
  if (!names.understood) return { kind: "refused", error: refusalError(names.refusal) };
  const served = (project: string) => connection.projects.includes(project);
  let snapshot: CatalogSnapshot;
  try {
    const named = await connection.catalog.loadNamed(names, served, async (error) => {
      if (!(await tellsOfHidden(input, error))) throw error;
      return undefined;
    });
    snapshot = await withMetadata(named, names.metadata, principal, connection, input.now);
  } catch (error) {
    return refusedNames(error);
  }
  const { plan, redacted } = await analyze(snapshot);
  if (!plan.understood || redacted === undefined) {
    const error = plan.understood ? denied("The query could not be redacted.") : refusalError(plan.refusal);
    return { kind: "refused", error: (await asOfNone(input, snapshot, analyze, [])) ?? error };
  }
  const written = namesWritten(plan.statements);
  let left: Awaited<ReturnType<typeof classesLeft>>;
  try {
    // Policy is asked about nothing that isn't a name.
    requireServed([...written.tables, ...written.routines, ...written.datasets], served);
    left = await classesLeft(connection.catalog, plan.statements);
  } catch (error) {
    return refusedNames(error);
  }
  const decision = await decided(input, snapshot, plan, { left });
  try {
    await connection.catalog.requireOneName(written, served);
  } catch (error) {
    if (decision.effect === "permit" || !(await tellsOfHidden(input, error))) return refusedNames(error);
  }
  const told = decision.effect === "deny" ? await asOfNone(input, snapshot, analyze, written.tables) : undefined;
  const judged: Judged = { kind: "judged", plan, redacted, decision, told };
  // What is taken away isn't in the snapshot, and may be said of otherwise by the next time.
  if (left === undefined) input.judgedBefore.keep(input, judged, snapshot);
  return judged;
}

function decided(
  { connection, principal, decisions, purpose, now, defaultApprovers, limitRows }: AssessInput,
  snapshot: CatalogSnapshot,
  plan: UnderstoodPlan,
  {
    hidden,
    left = [],
  }: { readonly hidden?: ReadonlySet<TableName>; readonly left?: readonly ClassesLeft[] | undefined },
): Promise<Decision> {
  return decisions.decideInTurns(connection.policies, {
    principal,
    plan,
    classes: (column, when) => snapshot.classes(column, when),
    subjectOf: (table) => snapshot.subject(table),
    catalogVersion: left.length === 0 ? snapshot.version : hash("sha256", JSON.stringify([snapshot.version, left])),
    context: { purpose: purpose ?? undefined, connection: connection.name, now },
    protections: connection.protections,
    defaults: { approvers: defaultApprovers, limitRows },
    ...(hidden === undefined ? {} : { hidden }),
    left,
  });
}

/** The statement would run, were there none of the tables that are hidden. */
const NOT_ALL = "Access denied.\nThe statement needs tables that this agent may not use.";

/** What is told of a statement that can't run and names tables that are hidden from the agent: what would be told if there were none of them. */
async function asOfNone(
  input: AssessInput,
  snapshot: CatalogSnapshot,
  analyze: Named["analyze"],
  written: readonly TableName[],
): Promise<SessionError | undefined> {
  const tables = new Set([...snapshot.plain().tables.keys(), ...written]);
  const hidden = await hiddenTables(input, snapshot, tables);
  if (hidden.size === 0) return undefined;
  const without = withoutTables(snapshot, hidden);
  const { plan } = await analyze(without);
  if (!plan.understood) return refusalError(plan.refusal);
  const decision = await decided(input, without, plan, { hidden });
  return denied(decision.effect === "deny" ? decision.message : NOT_ALL);
}

/** Why what was permitted isn't any more: whoever asked knows of its tables. */
export function nowRefused(a: Exclude<Assessment, PermittedAssessment>): SessionError {
  return a.kind === "denied" && a.decision.effect === "deny" ? denied(a.decision.message) : a.error;
}

/** Whether the words of a refusal tell of a table that is hidden from the agent. */
async function tellsOfHidden(input: AssessInput, error: unknown): Promise<boolean> {
  if (!(error instanceof CatalogError) || error.tells === undefined) return false;
  const snapshot = await input.connection.catalog.load([error.tells]);
  return (await hiddenTables(input, snapshot, [error.tells])).size > 0;
}

/** Rethrows what isn't about names. */
function refusedNames(error: unknown): { readonly kind: "refused"; readonly error: SessionError } {
  if (!(error instanceof CatalogError)) throw error;
  if (error.reason === "notServed") return { kind: "refused", error: denied(error.message) };
  return { kind: "refused", error: { reason: "invalidQuery", status: 400, message: error.message } };
}

/**
 * True when what was decided holds now: the same is shown, and nobody must agree who wasn't asked. The policies' names and versions
 * may differ.
 */
export function stillHolds(decided: Decision | null, now: Decision): boolean {
  if (decided === null || decided.effect !== "permit" || now.effect !== "permit") return false;
  const shown = (d: PermitDecision) =>
    canonicalJson({ masks: d.obligations.masks, rows: d.obligations.limitRows ?? null } as unknown as Json);
  const agreed = (d: PermitDecision) => canonicalJson((d.obligations.approval ?? null) as unknown as Json);
  return shown(decided) === shown(now) && (now.obligations.approval === undefined || agreed(decided) === agreed(now));
}

/** All of whoever asks that an approval is bound to. */
export function boundPrincipal(principal: Principal): Bound["principal"] {
  const { kind, issuer, subject, groups } = principal;
  if (kind === "person") return { kind, issuer, subject, groups };
  const one = { issuer, subject, groups };
  const { onBehalfOf } = principal;
  return onBehalfOf === undefined ? one : { ...one, onBehalfOf: onBehalfOf.map(boundPrincipal) };
}
