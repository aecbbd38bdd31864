import { createHash } from "node:crypto";
import type { ColumnName, Output, TableName, UnderstoodPlan, Write } from "@chaperone/googlesql";
import { type Mask, RULES } from "@chaperone/masking";
import type { ClassesLeft } from "../catalog/classes-left.ts";
import type { ClassifiedColumn, DataClass } from "../catalog/data-class.ts";
import { columnParts } from "../catalog/names.ts";
import type { Principal } from "../identity/principal.ts";
import type { PolicyContext, Verdict } from "./cedar.ts";
import type { ApprovalObligation, Decision, PolicyAction, Protection, UseDecision } from "./decision.ts";
import { denyMessage } from "./deny-message.ts";
import { effectUses, refusedEffects } from "./effects.ts";
import { approvalsOf, maskOf, smallestLimit, strictestApproval, strictestMask } from "./obligations.ts";
import { outputMask } from "./output-masks.ts";
import type { Policy, PolicySet } from "./policy-set.ts";
import { readSize } from "./read-size.ts";
import { withSubjects } from "./record-subject.ts";
import { changeUses, unsupported } from "./statements.ts";
import { type ColumnUse, type UseVia, useKey, usesOf } from "./uses.ts";
import { lostClasses, travelling, type WrittenColumn, writtenColumns } from "./writes.ts";

/** `when`: of the column as it is, or of rows as they were at an earlier time. */
export type Classes = (column: ColumnName, when?: "now" | "past") => ClassifiedColumn;

export interface DecisionRequest {
  readonly principal: Principal;
  readonly plan: UnderstoodPlan;
  /** From the catalog snapshot under which the plan was made; `catalogVersion` is that snapshot's. */
  readonly classes: Classes;
  /** The column (path in lower case) that says whose record a row of a table is; undefined where the catalog names none. */
  readonly subjectOf?: (table: TableName) => string | undefined;
  readonly catalogVersion: string;
  readonly context: PolicyContext;
  /** Tables that whoever asks may know nothing of, nor of policies about them; the catalog version is of a catalog without them. */
  readonly hidden?: ReadonlySet<TableName>;
  /** Classes that stay with names, since the statements take away what says so (catalog/classes-left.ts); the catalog version covers them. */
  readonly left?: readonly ClassesLeft[];
  /** false: switched off for the connection. */
  readonly protections: Readonly<Record<Protection, boolean>>;
  readonly defaults: {
    /** Groups of people who approve where policy names none. */
    readonly approvers: readonly string[];
    readonly limitRows?: number | undefined;
    /** Bytes billed. */
    readonly limitBytes?: number | undefined;
  };
}

/** One use after policy was asked about each of its column's classes. */
interface JudgedUse extends UseDecision {
  readonly via: UseVia;
  readonly approvals: readonly ApprovalObligation[];
  readonly limits: readonly Policy[];
}

/**
 * May this agent run this plan, or this person have it run, and under which obligations? Pure but for Cedar's memory.
 * Every column × use × class needs a permit; one denial denies the whole. Obligations of all determining permits
 * hold together, the strictest of each kind.
 */
export function decide(policies: PolicySet, request: DecisionRequest): Decision {
  const { plan, protections, defaults, subjectOf = () => undefined } = request;
  const reading = { ...request, classes: sourceClasses(request) };
  const written = writtenColumns(plan, reading.classes);
  const judged = [
    ...distinctUses(plan).map((use) => judge(policies, reading, use)),
    ...written.map((column) => judge(policies, request, writeOf(column), column.classes)),
  ];
  const uses = merged(judged);
  const refusals = [
    ...(plan.statements.length === 0 ? ["a request without a statement"] : []),
    ...plan.statements.flatMap(refusedEffects),
    ...unsupported(plan),
    ...lostClasses(written, request.classes),
  ];
  const basis = {
    policyVersion: policyVersion(policies, request.catalogVersion),
    uses,
    policies: [...new Set(judged.flatMap(({ policies: ids }) => ids))].sort(),
    protectionsOff: (["approval", "masking"] as const).filter((protection) => !protections[protection]),
  };
  const deny = (message: string): Decision => ({ ...basis, effect: "deny", message });
  const denied = uses.filter(({ effect }) => effect === "deny");
  if (denied.length > 0 || refusals.length > 0) {
    const told = denied.map((use) => (request.hidden?.has(use.table) ? { ...use, policies: [] } : use));
    return deny(denyMessage(told, refusals, plan, policies.policies));
  }
  const approval = protections.approval ? strictestApproval(judged.flatMap(({ approvals }) => approvals)) : undefined;
  if (approval?.approvers.length === 0) {
    return deny(
      "Access denied: no group of people may approve everything this query needs. Ask in separate queries, or ask the people who keep the policies to name approvers.",
    );
  }
  const maskByUse = new Map(
    judged.map(({ table, path, action, via, mask }) => [useKey(table, path, action, via), mask]),
  );
  const sourceMask = ({ column, via }: { column: ColumnName; via: "copy" | "transform" | "aggregate" }): Mask => {
    const { tableName, path } = columnParts(column);
    const use = useKey(tableName, path, via === "aggregate" ? "aggregate" : "read", via);
    const mask = maskByUse.get(use) ?? { rule: "null" };
    if (mask.rule === "dateshift") {
      // A row of the agent's own, with a subject and a date that it knows, would come back with that subject's shift.
      const subject = subjectOf(tableName);
      if (subject === undefined || mayBeWritten(policies, reading, `${tableName}.${subject}`)) return { rule: "null" };
    }
    // Rows of the agent's own lift a count over the smallest cell, and are then taken off it.
    const isLifted = mask.rule === "smallcell" && mayBeWritten(policies, reading, `${tableName}.*`);
    return isLifted || (showsOfValue(mask) && mayBeWritten(policies, reading, column)) ? { rule: "null" } : mask;
  };
  const masks = plan.result.map((output) => outputMask(output, sourceMask));
  const limits = judged.flatMap((use) => use.limits.map(({ obligations }) => obligations));
  return {
    ...basis,
    effect: "permit",
    obligations: {
      approval,
      limitRows: smallestLimit([defaults.limitRows, ...limits.map(({ limitRows }) => limitRows)]),
      limitBytes: smallestLimit([defaults.limitBytes, ...limits.map(({ limitBytes }) => limitBytes)]),
      readSize: readSize(plan, reading.classes, (column) => mayBeWritten(policies, reading, column)),
      travelling: travelling([...written, ...(request.left ?? [])]),
      masks: withSubjects(masks, plan.result, subjectOf),
    },
  };
}

/** Asks policy all that `decide` asks, one question after the other: of thousands of columns they take seconds. */
export function* questions(policies: PolicySet, request: DecisionRequest): Generator<void> {
  const { plan } = request;
  const reading = { ...request, classes: sourceClasses(request) };
  for (const use of distinctUses(plan)) yield void verdicts(policies, reading, use);
  for (const column of writtenColumns(plan, reading.classes))
    yield void verdicts(policies, request, writeOf(column), column.classes);
  const columns = shownColumns(plan.result);
  readSize(plan, reading.classes, (column) => {
    columns.add(column);
    return false;
  });
  for (const column of columns) yield void mayBeWritten(policies, reading, column);
}

function shownColumns(outputs: readonly Output[]): Set<ColumnName> {
  const all = outputs.flatMap(({ explicit, fields = [] }) => [
    ...explicit.map(({ column }) => column),
    ...shownColumns(fields),
  ]);
  return new Set(all);
}

/** SHA-256 (hex) of what decisions follow from: Cedar schema, policies, catalog file and schemas. */
export function policyVersion(policies: PolicySet, catalogVersion: string): string {
  return createHash("sha256")
    .update(JSON.stringify([policies.hash, catalogVersion]))
    .digest("hex");
}

/**
 * Which of a table's columns (paths; `*`: the table itself) may be described to this agent: named with their types.
 * Metadata doors show nothing of the others.
 */
export function describable(
  policies: PolicySet,
  request: Pick<DecisionRequest, "principal" | "classes" | "context">,
  table: string,
  paths: readonly string[],
): ReadonlySet<string> {
  const allowed = (path: string) => permitted(policies, request, { table, path, action: "describe", via: "schema" });
  return new Set(paths.filter(allowed));
}

/** Whether policy permits this use of a column, of whatever class it is, by itself. */
export function permitted(
  policies: PolicySet,
  request: Pick<DecisionRequest, "principal" | "classes" | "context">,
  use: ColumnUse,
): boolean {
  return verdicts(policies, request, use).every(({ allowed }) => allowed);
}

/** What is read of a table's past has the classes of then as well, as far as they can be known (threat-model row 29). */
function sourceClasses({ plan, classes }: DecisionRequest): Classes {
  const past = new Set(
    plan.statements.flatMap(({ reads }) => reads.filter((read) => read.historical).map((read) => read.table)),
  );
  return (column) => classes(column, past.has(columnParts(column).tableName) ? "past" : "now");
}

/** Whether it shows a part of a value, or which are equal: safe on what nobody chose, and nothing that an agent made. */
function showsOfValue({ rule }: Mask): boolean {
  const { shows } = RULES[rule];
  return shows === "part" || shows === "equality";
}

const WRITES: readonly Write["mode"][] = ["append", "create", "update"];

/**
 * Whether agents, this one or any other, may have put values into a column (two may work together: one writes, one reads): guesses would come back as tokens, to be compared with those of the record
 * (threat-model row 43), and of a value written changed the writer chooses which part shows: zip3 of its last digits, last4 of
 * REVERSE(ssn), redact of an identifier with letters put between its digits (rows 4 and 9).
 */
function mayBeWritten(policies: PolicySet, request: DecisionRequest, column: ColumnName): boolean {
  if (request.classes(column).source === "inherited") return true;
  const { tableName: table, path } = columnParts(column);
  return WRITES.some((via) => {
    const use: ColumnUse = { table, path, action: "write", via };
    const answers = verdicts(policies, request, use);
    return (
      answers.every(({ allowed }) => allowed) ||
      answers.every(({ dataClass }) => policies.anyAgentMay(use, dataClass, request.context.connection))
    );
  });
}

function distinctUses(plan: UnderstoodPlan): readonly ColumnUse[] {
  const uses = plan.statements.flatMap((statement) => [
    ...usesOf(statement),
    ...changeUses(statement),
    ...effectUses(statement),
  ]);
  return [...new Map(uses.map((use) => [useKey(use.table, use.path, use.action, use.via), use])).values()];
}

function writeOf({ table, path, mode }: WrittenColumn): ColumnUse {
  return { table, path, action: "write", via: mode };
}

/** One verdict for each class of the column; one for a public column. `taken`: classes of what is written into it. */
function verdicts(
  policies: PolicySet,
  request: Pick<DecisionRequest, "principal" | "classes" | "context">,
  use: ColumnUse,
  taken: readonly DataClass[] = [],
) {
  const own = request.classes(`${use.table}.${use.path}`).classes;
  const classes = [...new Set([...own, ...taken])].sort();
  const asked = classes.length === 0 ? [undefined] : classes;
  return asked.map((dataClass) => {
    const verdict = policies.evaluate(request.principal, use, dataClass, request.context);
    return { dataClass, classes, ...(explicitly(policies, use, verdict) ? verdict : { allowed: false, policies: [] }) };
  });
}

/** A permit for whatever there is to do was not meant to let agents change their own bounds or leave them: it must name the action. */
function explicitly(policies: PolicySet, { action }: ColumnUse, { allowed, policies: ids }: Verdict): boolean {
  if (!NAMED.has(action) || !allowed) return true;
  return ids.some((id) => policies.policies.get(id)?.namesActions === true);
}

const NAMED: ReadonlySet<PolicyAction> = new Set<PolicyAction>(["reach", "administer"]);

/** A person agrees to these where the permit says nothing, whatever the data is. */
const ALWAYS_APPROVED: ReadonlySet<PolicyAction> = new Set<PolicyAction>(["load", "reach", "administer"]);

function judge(
  policies: PolicySet,
  request: DecisionRequest,
  use: ColumnUse,
  taken: readonly DataClass[] = [],
): JudgedUse {
  const answers = verdicts(policies, request, use, taken);
  const effect = answers.every(({ allowed }) => allowed) ? "permit" : "deny";
  // Where one class is refused, the policies that refused it determined the effect; the permits of the others didn't.
  const determining = answers.filter(({ allowed }) => allowed === (effect === "permit"));
  const permits = (ids: readonly string[]) => ids.flatMap((id) => policies.policies.get(id) ?? []);
  const masks = determining.map(({ policies: ids, dataClass }) => maskOf(permits(ids), use.action, dataClass));
  return {
    ...use,
    classes: answers[0]?.classes ?? [],
    effect,
    policies: [...new Set(determining.flatMap(({ policies: ids }) => ids))].sort(),
    mask: effect === "permit" && request.protections.masking ? strictestMask(masks) : { rule: "none" },
    approvals: determining.flatMap(({ policies: ids, dataClass }) =>
      approvalsOf(permits(ids), dataClass !== undefined || ALWAYS_APPROVED.has(use.action), request.defaults.approvers),
    ),
    limits: determining.flatMap(({ policies: ids }) => permits(ids)),
  };
}

/** One row per table × column × action, as a reviewer reads it: the ways a value is shown are judged together. */
function merged(judged: readonly JudgedUse[]): readonly UseDecision[] {
  const rows = new Map<string, UseDecision>();
  for (const { table, path, classes, action, effect, policies, mask } of judged) {
    const key = useKey(table, path, action);
    const row = rows.get(key);
    if (row === undefined || (row.effect === "permit" && effect === "deny")) {
      rows.set(key, { table, path, classes, action, effect, policies, mask });
    } else if (row.effect === effect) {
      rows.set(key, {
        ...row,
        policies: [...new Set([...row.policies, ...policies])].sort(),
        mask: strictestMask([row.mask, mask]),
      });
    }
  }
  return [...rows.values()].sort((a, b) =>
    useKey(a.table, a.path, a.action) < useKey(b.table, b.path, b.action) ? -1 : 1,
  );
}
