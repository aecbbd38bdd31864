import type { Access, Json, ReplayStep } from "@chaperone/gateway";
import { csv, safe, table } from "./table.ts";

export type Format = "table" | "json" | "csv";

/** The five questions, for many sessions. */
export function accessList(accesses: readonly Access[], format: Format): string {
  if (format === "json") return JSON.stringify(accesses, null, 2);
  if (format === "table" && accesses.length === 0) return "No sessions.";
  const header = ["SESSION", "WHO", "WHEN", "STATE", "WHAT", "APPROVED BY", "MASKED", "ROWS"];
  const rows = accesses.map((a) => [
    a.session,
    `${a.who.name} (${a.who.subject})`,
    a.when.received,
    a.state,
    what(a),
    a.approval.required
      ? a.approval.by.map((b) => `${b.decision === "approve" ? "" : "denied: "}${b.name}`).join(", ") || "(nobody yet)"
      : "not needed",
    Object.entries(a.masked.columns)
      .map(([path, m]) => `${path}: ${m.rule} ×${m.count}`)
      .join("; ") || "-",
    String(a.masked.rowsReleased),
  ]);
  return format === "csv" ? csv(header, rows) : table(header, rows);
}

function what(a: Access): string {
  const byTable = new Map<string, Set<string>>();
  for (const w of a.what) byTable.set(w.table, (byTable.get(w.table) ?? new Set()).add(w.column));
  return (
    [...byTable]
      .map(([name, columns]) => `${name.split(".").slice(1).join(".")}(${[...columns].join(", ")})`)
      .join("; ") || "-"
  );
}

/** One session as an audit record. */
export function accessPage(a: Access): string {
  return [
    `Session    ${a.session}   ${a.state}   job ${safe(a.job)}`,
    `Who        ${safe(a.who.name)}: ${safe(a.who.subject)} of ${safe(a.who.issuer)}, groups ${safe(a.who.groups.join(", "))}, sponsor ${safe(a.who.sponsor.subject)}`,
    `When       ${a.when.received}${a.when.finished === null ? "" : ` to ${a.when.finished}`}`,
    `Purpose    ${a.purpose === null ? "(none given)" : safe(a.purpose)}`,
    `Statement  ${safe(a.sql)}`,
    ...(a.what.length === 0
      ? []
      : [
          "What",
          table(
            ["TABLE", "COLUMN", "CLASS", "USE", "EFFECT", "MASK"],
            a.what.map((w) => [w.table, w.column, w.classes.join(" ") || "public", w.use, w.effect, w.mask]),
            "  ",
          ),
        ]),
    `Approval   ${a.approval.required ? (a.approval.state ?? "") : "not needed"}`,
    ...a.approval.by.map(
      (b) => `           ${b.decision} by ${safe(b.name)} (${safe(b.subject)}) at ${b.at}: ${safe(b.reason)}`,
    ),
    `Masked     ${a.masked.cellsMasked} cells in ${a.masked.rowsReleased} rows`,
    ...Object.entries(a.masked.columns).map(([path, m]) => `           ${safe(path)}: ${m.rule}, ${m.count} cells`),
    ...(a.refusal === null ? [] : [`Refused    ${safe(a.refusal)}`]),
    `Policy     ${a.policyVersion?.slice(0, 16) ?? "-"}: ${a.policies.map(safe).join(", ") || "-"}`,
  ].join("\n");
}

/** The session again, step by step, as the ledger holds it. */
export function replayPage(steps: readonly ReplayStep[]): string {
  return steps.map((s) => `#${String(s.index).padEnd(6)} ${s.time}  ${s.type.padEnd(18)} ${safe(brief(s))}`).join("\n");
}

function brief(step: ReplayStep): string {
  const d = step.data as Record<string, Json | undefined>;
  const pick = (...names: string[]) =>
    names
      .filter((n) => d[n] !== undefined && d[n] !== null)
      .map((n) => `${n}=${typeof d[n] === "string" ? d[n] : JSON.stringify(d[n])}`)
      .join(" ");
  switch (step.type) {
    case "session.received":
      return pick("agent", "purpose", "sqlHmac");
    case "session.analysed":
      return pick("statementType", "sql", "reads", "effects");
    case "session.decided":
      return pick("effect", "policies", "uses", "approval");
    case "session.held":
      return pick("request", "approvers", "needed");
    case "approval.decided":
      return pick("decision", "person", "reason");
    case "session.running":
      return pick("upstreamJob", "canonicalHmac", "maximumBytesBilled");
    case "release.started":
      return pick("number", "fromRow", "columns");
    case "release.finished":
      return pick("number", "outcome", "rows", "masked");
    default:
      return JSON.stringify(step.data);
  }
}
