import { createHash } from "node:crypto";
import type { UnderstoodPlan } from "@chaperone/googlesql";
import type { MaskedField } from "@chaperone/masking";
import { canonicalJson, canonicalText } from "../evidence/canonical-json.ts";
import type { CanonicalText, Json } from "../evidence/event.ts";
import type { Decision, PermitDecision } from "../policy/decision.ts";
import { sharedByMany } from "../store/plain-data.ts";
import { UpstreamError } from "../upstream/error.ts";
import type { UpstreamRefusal } from "../upstream/upstream.ts";
import { columnsTaken, leavesOf, takenFrom } from "./columns-taken.ts";
import type { SessionError } from "./session.ts";
import { canonicalOnce } from "./written-once.ts";

/** What of a session goes into the ledger. An entry is bounded, so large texts and plans enter by hash and stay in the store. */

/** Bytes of redacted SQL, and of the JSON of a plan or a page's columns, that an entry carries whole: six such make no more than it takes. */
const WHOLE = 10_000;

type Data = { readonly [key: string]: Json };

interface Keys {
  keyedHash(text: string): string;
}

/** Plans and decisions are the same objects for many sessions, and never change. */
const analysedOnce = new WeakMap<
  UnderstoodPlan,
  { readonly keys: Keys; readonly sql: string; readonly data: CanonicalText }
>();
const decidedOnce = new WeakMap<Decision, { readonly binding: string | undefined; readonly data: CanonicalText }>();
const hmacOnce = new WeakMap<UnderstoodPlan, { readonly keys: Keys; readonly hmac: string }>();

export function analysedEvent(plan: UnderstoodPlan, redactedSql: string, keys: Keys): CanonicalText {
  const known = analysedOnce.get(plan);
  if (known?.keys === keys && known.sql === redactedSql) return known.data;
  const data = canonicalText(analysedData(plan, redactedSql, keys));
  analysedOnce.set(plan, { keys, sql: redactedSql, data });
  return data;
}

export function decidedEvent(decision: Decision, binding: string | undefined): CanonicalText {
  const known = decidedOnce.get(decision);
  if (known !== undefined && known.binding === binding) return known.data;
  const data = canonicalText(decidedData(decision, binding));
  decidedOnce.set(decision, { binding, data });
  return data;
}

/** The statement that runs, with its literals, by a keyed hash (docs/adr/0004-keyed-hashes.md). */
export function canonicalHmac(plan: UnderstoodPlan, keys: Keys): string {
  const known = hmacOnce.get(plan);
  if (known?.keys === keys) return known.hmac;
  const hmac = keys.keyedHash(plan.canonicalSql);
  hmacOnce.set(plan, { keys, hmac });
  return hmac;
}

function analysedData(plan: UnderstoodPlan, redactedSql: string, keys: Keys): Data {
  const reads = plan.statements.flatMap((statement) => statement.reads) as unknown as Json;
  const writes = plan.statements.flatMap((statement) => statement.writes) as unknown as readonly Json[];
  const changes = plan.statements.flatMap((statement) => statement.changes ?? []) as unknown as readonly Json[];
  const kinds = plan.statements.map(({ kind }) => kind);
  const effects = plan.statements.flatMap((statement) => statement.effects.map(({ kind }) => kind));
  const text = canonicalJson(reads);
  return {
    statementType: plan.statementType,
    ...(kinds.length > 1 ? bounded("statements", kinds, canonicalJson(kinds)) : {}),
    canonicalHmac: canonicalHmac(plan, keys),
    ...bounded("sql", redactedSql, redactedSql),
    ...bounded("reads", reads, text),
    ...(writes.length === 0 ? {} : bounded("writes", writes, canonicalJson(writes))),
    ...(changes.length === 0 ? {} : bounded("changes", changes, canonicalJson(changes))),
    planSha256: sha256(canonicalOnce(plan.statements)),
    ...bounded("effects", effects, canonicalJson(effects)),
  };
}

function decidedData(decision: Decision, binding: string | undefined): Data {
  const uses = decision.uses.map((u) => ({
    table: u.table,
    path: u.path,
    classes: [...u.classes],
    action: u.action,
    effect: u.effect,
    mask: u.mask.rule,
  }));
  return {
    effect: decision.effect,
    policyVersion: decision.policyVersion,
    policies: [...decision.policies],
    protectionsOff: [...decision.protectionsOff],
    ...bounded("uses", uses, canonicalJson(uses)),
    ...(binding === undefined ? {} : { binding }),
    ...(decision.effect === "permit"
      ? {
          approval:
            decision.obligations.approval === undefined
              ? null
              : { approvers: [...decision.obligations.approval.approvers], count: decision.obligations.approval.count },
          limitRows: decision.obligations.limitRows ?? null,
          limitBytes: decision.obligations.limitBytes ?? null,
        }
      : {}),
  };
}

/** Which columns take which classes from what the session writes. */
export function travelEvent(travelling: PermitDecision["obligations"]["travelling"]): Data {
  if (travelling.length === 0) return {};
  const columns = travelling.map(({ table, path, classes }) => ({ column: `${table}.${path}`, classes: [...classes] }));
  return bounded("travelling", columns, canonicalJson(columns));
}

/** Members of an entry, as canonical JSON. */
export type WrittenMembers = Readonly<Record<string, CanonicalText>>;

const columnsOnce = new WeakMap<readonly MaskedField[], WrittenMembers>();

/**
 * What each column of a page is masked by. Where that is long, by hash, and which of the whole result's columns they are: the result's
 * are in the store, by which `replayedRelease` writes them out.
 */
export function releasedColumns(fields: readonly MaskedField[], all: readonly MaskedField[]): WrittenMembers {
  const known = columnsOnce.get(fields);
  if (known !== undefined) return known;
  const text = canonicalText(columnsOf(fields));
  const members: WrittenMembers = sharedByMany(
    isShort(text)
      ? { columns: text }
      : written({
          ...byHash("columns", text),
          ...(leavesOf(fields).length === leavesOf(all).length ? {} : { columnsTaken: columnsTaken(fields, all) }),
        }),
  );
  columnsOnce.set(fields, members);
  return members;
}

/** Of a STRUCT its fields, each of which has a mask of its own. */
function columnsOf(fields: readonly MaskedField[]): Json {
  return leavesOf(fields).map(({ path, field }) => ({ name: path, mask: field.mask.rule }));
}

/** Which cells of a page were masked. Where that is long, by hash: `releases` in the store has it. */
export function maskedCells(masked: Readonly<Record<string, Json>>, text: string): Data {
  return isShort(text) ? { masked } : byHash("masked", canonicalJson(masked));
}

/** What a release's entries say by hash, written out again; as it stands where the store has something else now. */
export function replayedRelease(
  data: Data,
  stored: { readonly fields: readonly MaskedField[]; readonly masked: Json },
): Data {
  const { columnsSha256, columnsTaken: taken, maskedSha256 } = data;
  const columns = columnsOf(typeof taken === "string" ? takenFrom(stored.fields, taken) : stored.fields);
  return {
    ...data,
    ...(columnsSha256 === sha256(canonicalJson(columns)) ? { columns } : {}),
    ...(maskedSha256 === sha256(canonicalJson(stored.masked)) ? { masked: stored.masked } : {}),
  };
}

function written(members: Data): WrittenMembers {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, canonicalText(value)]));
}

/** A member of an entry; where it is long, by hash. */
export function bounded(name: string, value: Json, text: string): Data {
  return isShort(text) ? { [name]: value } : byHash(name, text);
}

function isShort(text: string): boolean {
  return text.length <= WHOLE / 3 || Buffer.byteLength(text) <= WHOLE;
}

function byHash(name: string, text: string): Data {
  return { [`${name}Sha256`]: sha256(text), [`${name}Characters`]: text.length };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Upstream's failure in our own words: the reason may pass, the message never (I9). */
export function upstreamFailure(error: unknown | UpstreamRefusal): SessionError {
  if (!(error instanceof UpstreamError) && !isRefusal(error))
    return {
      reason: "backendError",
      status: 503,
      message: "Chaperone could not carry out this query. Nothing was released.",
    };
  switch (error.kind) {
    case "invalid":
    case "refused":
      return {
        reason: "invalidQuery",
        status: 400,
        message: "BigQuery could not carry out this query. Its own message is withheld, since it can hold data.",
      };
    case "not-found":
      return { reason: "notFound", status: 404, message: "BigQuery does not find something this query needs." };
    case "denied":
      return { reason: "accessDenied", status: 403, message: "BigQuery does not let the gateway run this query." };
    case "rate-limited":
      return { reason: "quotaExceeded", status: 403, message: "BigQuery's quota is used up for now." };
    case "timeout":
      return { reason: "timeout", status: 504, message: "BigQuery did not answer in time." };
    case "unavailable":
    case "protocol":
      return {
        reason: "backendError",
        status: 503,
        message: "BigQuery could not be reached, or gave an answer that can't be trusted.",
      };
  }
}

function isRefusal(error: unknown): error is UpstreamRefusal {
  return typeof error === "object" && error !== null && (error as { outcome?: unknown }).outcome === "refused";
}
