import type { Access, Json, ReplayStep } from "@chaperone/gateway";
import { behalfLine } from "./behalf.ts";
import { csv, json, safe, table } from "./table.ts";

export type Format = "table" | "json" | "csv";

/** The five questions, for many sessions. */
export function accessList(accesses: readonly Access[], format: Format): string {
  if (format === "json") return json(accesses);
  if (format === "table" && accesses.length === 0) return "No sessions.";
  // A table's gaps are seen; other programs read an empty cell.
  const none = format === "csv" ? "" : "-";
  const header = ["SESSION", "WHO", "FOR", "WHEN", "STATE", "WHAT", "APPROVED BY", "MASKED", "ROWS"];
  const rows = accesses.map((a) => [
    a.session,
    `${a.who.name} (${a.who.subject})`,
    a.who.onBehalfOf.map(({ name, subject }) => `${name} (${subject})`).join(", ") || none,
    a.when.received,
    a.state,
    (format === "csv" ? whole(a) : what(a)) || none,
    a.approval.required
      ? a.approval.by
          .filter(({ superseded }) => !superseded)
          .map((b) => `${b.decision === "approve" ? "" : "denied: "}${b.name}`)
          .join(", ") || "(nobody yet)"
      : "not needed",
    Object.entries(a.masked.columns)
      .map(([path, m]) => `${path}: ${m.rule} ×${m.count}`)
      .join("; ") || none,
    String(a.masked.rowsReleased),
  ]);
  return format === "csv" ? csv(header, rows) : table(header, rows);
}

/** Of each table; one query of a wide table would push every other line off the screen. `sessions show` has all of them. */
const SHOWN_COLUMNS = 6;

function what(a: Access): string {
  return byTable(a)
    .map(([name, columns]) => `${name.split(".").slice(1).join(".")}(${some(columns)})`)
    .join("; ");
}

/** All of it, tables with their projects: two projects may have datasets of one name. */
function whole(a: Access): string {
  return byTable(a)
    .map(([name, columns]) => `${name}(${columns.join(", ")})`)
    .join("; ");
}

function byTable(a: Access): readonly (readonly [table: string, columns: readonly string[]])[] {
  const columns = new Map<string, Set<string>>();
  for (const w of a.what) columns.set(w.table, (columns.get(w.table) ?? new Set()).add(w.column));
  return [...columns].map(([table, names]) => [table, [...names]]);
}

function some(columns: readonly string[]): string {
  const left = columns.length - SHOWN_COLUMNS;
  return left > 0 ? `${columns.slice(0, SHOWN_COLUMNS).join(", ")} and ${left} more` : columns.join(", ");
}

/** One session as an audit record. */
export function accessPage(a: Access): string {
  return [
    `Session    ${a.session}   ${a.state}   job ${safe(a.job)}`,
    `Who        ${safe(a.who.name)}: ${safe(a.who.subject)} of ${safe(a.who.issuer)}, groups ${safe(a.who.groups.join(", "))}, sponsor ${safe(a.who.sponsor.subject)}`,
    ...a.who.onBehalfOf.map(behalfLine),
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
      (b) =>
        `           ${b.decision} by ${safe(b.name)} (${safe(b.subject)}) at ${b.at}${b.superseded ? ", of what was asked before" : ""}: ${safe(b.reason)}`,
    ),
    `Masked     ${a.masked.cellsMasked} cells in ${a.masked.rowsReleased} rows`,
    ...Object.entries(a.masked.columns).map(([path, m]) => `           ${safe(path)}: ${m.rule}, ${m.count} cells`),
    ...(a.refusal === null ? [] : [`Refused    ${safe(a.refusal)}`]),
    `Policy     ${a.policyVersion?.slice(0, 16) ?? "-"}: ${a.policies.map(safe).join(", ") || "-"}`,
  ].join("\n");
}

/** The session again, step by step, as the ledger holds it. */
export function replayPage(steps: readonly ReplayStep[]): string {
  return steps
    .map((s) => `#${String(s.index).padEnd(6)} ${s.time}  ${s.type.padEnd(18)} ${safe(brief(s))}`.trimEnd())
    .join("\n");
}

type Data = Record<string, Json | undefined>;

/** What a step says, in a line. `--json` gives all of it. */
function brief({ type, data }: ReplayStep): string {
  const d = data as Data;
  switch (type) {
    case "session.received":
      return `${part(d.agent, "subject")} asks${
        list(d.onBehalfOf).length === 0
          ? ""
          : ` on behalf of ${list(d.onBehalfOf)
              .map((one) => `${part(one, "subject")} of ${part(one, "issuer")}`)
              .join(", of ")}`
      }; purpose ${str(d.purpose)}; ${str(d.sqlBytes)} bytes of SQL, HMAC ${short(d.sqlHmac)}`;
    case "session.analysed":
    case "session.analysed-anew":
      return `${str(d.statementType)} reads ${
        list(d.reads)
          .map(
            (r) =>
              `${part(r, "table")}(${list((r as Data).columns)
                .map((c) => part(c, "path"))
                .join(", ")})`,
          )
          .join("; ") || "(by hash)"
      }${
        d.writes === undefined && d.writesSha256 === undefined
          ? ""
          : `; writes ${
              list(d.writes)
                .map((w) => `${part(w, "table")} (${part(w, "mode")})`)
                .join(", ") || "(by hash)"
            }`
      }${
        d.changes === undefined && d.changesSha256 === undefined
          ? ""
          : `; changes ${
              list(d.changes)
                .map((c) => `${part(c, "what")} ${part(c, "name")} (${part(c, "mode")})`)
                .join(", ") || "(by hash)"
            }`
      }`;
    case "session.decided":
    case "session.decided-anew":
      return `${str(d.effect)} by ${list(d.policies).map(str).join(", ") || "no policy"}; ${d.approval === null || d.approval === undefined ? "no approval needed" : "approval needed"}`;
    case "session.held":
      return `${str(d.request)} waits for ${str(d.needed)} of ${list(d.approvers).map(str).join(", ")}; binding ${short(d.binding)}${
        d.rows === undefined ? "" : `; for ${part(d.rows, "rows")} rows, digest ${short(part(d.rows, "digest"))}`
      }`;
    case "approval.shown":
      return `shown with its literals to ${part(d.person, "subject")}`;
    case "approval.decided":
      return `${str(d.decision)} by ${part(d.person, "subject")}: ${str(d.reason)}`;
    case "approval.refused":
      return `${part(d.person, "subject")} may not decide ${str(d.request)}: ${str(d.code)}`;
    case "session.running":
      return `job ${d.upstreamJob === undefined ? `of label ${part(d.upstreamLabel, "chaperone_job")}` : str(d.upstreamJob)} starts; canonical SQL HMAC ${short(d.canonicalHmac)}; at most ${str(d.maximumBytesBilled)} bytes`;
    case "release.started":
      return `page ${str(d.number)} from row ${str(d.fromRow)}: ${
        list(d.columns)
          .map((c) => `${part(c, "name")} ${part(c, "mask") === "none" ? "as it is" : part(c, "mask")}`)
          .join(", ") || "(by hash)"
      }`;
    case "release.finished":
      if (d.brokenOff === true)
        return `page ${str(d.number)} was broken off by a crash: at most ${str(d.rows)} rows; how much was masked isn't known`;
      return `page ${str(d.number)} ${str(d.outcome)}: ${str(d.rows)} rows; masked ${
        Object.entries((d.masked ?? {}) as Data)
          .map(([path, m]) => `${path} ${part(m, "rule")} ×${part(m, "count")}`)
          .join(", ") || (d.masked === undefined ? "(by hash)" : "nothing")
      }`;
    case "session.denied":
    case "session.failed":
    case "session.expired":
    case "session.cancelled":
      return str(d.message);
    default:
      return Object.entries(d)
        .map(([name, value]) => `${name} ${str(value)}`)
        .join("; ");
  }
}

function str(value: Json | undefined): string {
  return value === undefined || value === null ? "(none)" : typeof value === "string" ? value : JSON.stringify(value);
}

function part(value: Json | undefined, name: string): string {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? str((value as Data)[name]) : "?";
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function short(value: Json | undefined): string {
  return str(value).slice(0, 16);
}
