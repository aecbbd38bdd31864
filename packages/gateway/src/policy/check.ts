import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { MaskRule } from "@chaperone/masking";
import type { CatalogFile } from "../catalog/catalog-file.ts";
import type { ApprovalObligation, PolicyAction } from "./decision.ts";
import { loadPolicies, type Policy } from "./policy-set.ts";
import { type PolicyTestResults, runPolicyTests } from "./policy-tests.ts";
import { PolicyError, type PolicyProblem, printProblem } from "./problem.ts";

export interface PolicyCheck {
  readonly ok: boolean;
  readonly problems: readonly PolicyProblem[];
  readonly policies: readonly Policy[];
  /** undefined: there is no tests.yaml, or the policies can't be loaded. */
  readonly tests: PolicyTestResults | undefined;
  /** All of it for a person: problems, the policies as a table, the tests. */
  readonly text: string;
}

/** Everything that can be said of a folder of policies before they are in force: `chaperone policy check`. */
export function checkPolicies(directory: string, catalog?: CatalogFile): PolicyCheck {
  try {
    const set = loadPolicies(directory, catalog?.classes.keys());
    const tests = runPolicyTests(directory, set, catalog);
    const policies = [...set.policies.values()];
    const problems = tests?.problems ?? [];
    const summary =
      tests === undefined
        ? "No tests.yaml."
        : `${tests.passed} tests passed, ${tests.problems.length} expectations failed.`;
    const text = [
      ...problems.map(printProblem),
      policyTable(policies),
      "",
      ...notes(policies),
      `${policies.length} policies. ${summary}`,
    ].join("\n");
    return { ok: problems.length === 0, problems, policies, tests, text };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { ok: false, problems: error.problems, policies: [], tests: undefined, text: error.message };
  }
}

/** BigQuery's rules that give SHA-256 without a key. https://cloud.google.com/bigquery/docs/column-data-masking-intro#masking_options */
const UNKEYED: ReadonlyMap<MaskRule, MaskRule> = new Map([
  ["SHA256", "token"],
  ["LAST_FOUR_CHARACTERS", "last4"],
  ["FIRST_FOUR_CHARACTERS", "first4"],
  ["EMAIL_MASK", "email"],
]);

/** What is valid, and worth a second thought. */
function notes(policies: readonly Policy[]): string[] {
  return policies.flatMap(({ id, obligations: { mask } }) => {
    if (mask === undefined) return [];
    const keyed = UNKEYED.get(mask.rule);
    if (keyed === undefined) return [];
    return [
      `note: ${id}: ${mask.rule} gives SHA-256 without a key, which anyone who can list the possible values undoes; ${keyed} has a key.`,
    ];
  });
}

/** One line a policy: who may (or may not) do what on what, under which obligations. */
function policyTable(policies: readonly Policy[]): string {
  const head = ["policy", "effect", "who", "actions", "on", "mask", "approval", "limits"];
  const rows = [head, ...policies.map(row)];
  const widths = head.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function row({ id, effect, text, actions, namesActions, obligations }: Policy): string[] {
  const parsed = cedar.policyToJson(text);
  const json = parsed.type === "success" ? parsed.json : undefined;
  const narrowed = json !== undefined && json.conditions.length > 0 ? " *" : "";
  const { mask, approval, limitRows, limitBytes } = obligations;
  const limits = [limitRows && `${limitRows} rows`, limitBytes && `${limitBytes} bytes`].filter(Boolean).join(", ");
  const unsaid = (...about: PolicyAction[]) =>
    effect === "permit" && about.some((action) => actions.includes(action)) ? "default" : "";
  return [
    id,
    effect,
    scope(json?.principal),
    namesActions ? actions.join(" ") : "all",
    // A star: its conditions narrow it further.
    scope(json?.resource) + narrowed,
    mask === undefined ? unsaid("read", "aggregate") : [mask.rule, mask.domain].filter(Boolean).join(":"),
    approval === undefined
      ? unsaid("read", "aggregate", "infer")
      : approval === "none"
        ? "none"
        : approvalText(approval),
    limits,
  ];
}

function approvalText({ approvers, count }: ApprovalObligation): string {
  return `${count > 1 ? `${count} of ` : ""}${approvers.join(" or ")}`;
}

function scope(constraint: cedar.PrincipalConstraint | cedar.ResourceConstraint | undefined): string {
  if (constraint === undefined) return "?";
  const entity =
    "entity" in constraint
      ? constraint.entity
      : "in" in constraint && constraint.in && "entity" in constraint.in
        ? constraint.in.entity
        : undefined;
  if (entity === undefined) return "any";
  return "__entity" in entity ? entity.__entity.id : entity.id;
}
