import type { ApprovalSummary, ApprovalView, OutputMask } from "@chaperone/gateway";
import { behalfLine } from "./behalf.ts";
import { changeRow, writeRows } from "./plan.ts";
import { bytes, safe, table, time } from "./table.ts";

/** The inbox. */
export function approvalList(approvals: readonly ApprovalSummary[]): string {
  if (approvals.length === 0) return "No requests.";
  return table(
    ["REQUEST", "STATE", "AGENT", "FOR", "PURPOSE", "ASKED", "EXPIRES", "CLASSES"],
    approvals.map((a) => [
      a.id,
      a.state,
      a.agent,
      a.for.join(", ") || "-",
      a.purpose ?? "(none given)",
      time(a.createdAt),
      time(a.expiresAt),
      a.classes.join(" "),
    ]),
  );
}

/** One request, for a person who doesn't read SQL first: who, why, what columns of what class under what mask, what it costs. */
export function approvalPage(a: ApprovalView & { readonly literalsWithheld?: boolean }): string {
  const lines = [
    `Request    ${a.id}   ${a.state}`,
    `Agent      ${safe(a.agent)} (${safe(a.principal.subject)} of ${safe(a.principal.issuer)}), groups ${safe(a.principal.groups.join(", "))}`,
    `Sponsor    ${safe(a.principal.sponsor.subject)}`,
    ...a.onBehalfOf.map(behalfLine),
    `Purpose    ${a.purpose === null ? "(none given)" : safe(a.purpose)}`,
    `Asked      ${time(a.createdAt)}, expires ${time(a.expiresAt)}`,
    `Needs      ${a.needed} of the groups ${a.approvers.map(safe).join(", ")}`,
    `Costs      ${a.dryRunBytes === null ? "unknown: BigQuery's dry run doesn't say of a script" : `${bytes(a.dryRunBytes)} by BigQuery's dry run`}; rows released: ${a.limitRows === null ? "no limit of policy" : `at most ${a.limitRows}`}`,
    "",
    "What it touches",
    table(
      ["TABLE", "COLUMN", "CLASS", "USE", "MASK", "POLICIES"],
      a.uses.map((u) => [
        u.table,
        u.path === "*" ? "(that a row exists)" : u.path,
        u.classes.join(" ") || "public",
        u.action,
        u.action === "read" || u.action === "aggregate" ? u.mask.rule : "-",
        u.policies.join(" "),
      ]),
      "  ",
    ),
    ...(a.writes.length === 0
      ? []
      : ["", "What it writes", table(["TABLE", "HOW", "COLUMN", "MADE OF"], a.writes.flatMap(writeRows), "  ")]),
    ...(a.changes.length === 0
      ? []
      : ["", "What else it changes", table(["WHAT", "HOW", "NAME"], a.changes.map(changeRow), "  ")]),
    ...(a.outputs.length === 0
      ? []
      : [
          "",
          "What it returns",
          table(
            ["COLUMN", "TYPE", "SHOWN AS"],
            a.outputs.flatMap((o) => outputRows(o, "")),
            "  ",
          ),
        ]),
    "",
    "Statement (literals apart)",
    `  ${safe(a.sql)}`,
    ...(a.literalsWithheld === true
      ? ["  (literals are shown to the request's approvers only)"]
      : a.literals.map((literal, i) => `  ⟨${i + 1}⟩ = ${safe(literal)}`)),
    ...(a.parameters.length === 0 ? [] : [`  parameters: ${safe(JSON.stringify(a.parameters))}`]),
    ...(a.rows === null
      ? []
      : [
          `  rows: ${a.rows.rows}, ${a.rows.bytes} bytes as JSON, digest ${a.rows.digest}`,
          "  (read, counted and dropped: the agent sends them again when this is approved, and others are not written)",
        ]),
    "",
    `Policy     ${a.policyVersion.slice(0, 16)}: ${a.policies.map(safe).join(", ")}`,
    `Binding    ${a.binding}`,
    ...a.decisions.map(
      (d) =>
        `${d.decision === "approve" ? "Approved" : "Denied  "}   by ${safe(d.by)} at ${time(d.at)}: ${safe(d.reason)}`,
    ),
  ];
  return lines.join("\n");
}

function outputRows(o: OutputMask, prefix: string): string[][] {
  const path = `${prefix}${o.name}`;
  if (o.fields !== undefined)
    return [[path, "STRUCT", "by field"], ...o.fields.flatMap((f) => outputRows(f, `${path}.`))];
  return [[path, o.type, o.mask.rule === "none" ? "as it is" : o.mask.rule]];
}
