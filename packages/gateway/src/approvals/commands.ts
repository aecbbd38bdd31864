import type { AgentPrincipal } from "../identity/principal.ts";
import { move } from "../sessions/commands/arrows.ts";
import type { SessionState } from "../sessions/session.ts";
import { type Command, CommandError } from "../store/command.ts";
import { separationFault } from "./separation.ts";
import { standingApprovals } from "./standing.ts";

export interface DecideInput {
  readonly request: string;
  readonly person: {
    readonly issuer: string;
    readonly subject: string;
    readonly name: string;
    readonly groups: readonly string[];
    /** Of what they came with. */
    readonly token: string;
    /** Thumbprints of what that is bound to. */
    readonly boundTo: readonly string[];
  };
  readonly decision: "approve" | "deny";
  readonly reason: string;
  /** The binding the person was shown; must still be the request's (I6). */
  readonly binding: string;
}

export interface DecideOutput {
  readonly session: string;
  /** The request after this decision. */
  readonly state: "pending" | "approved" | "denied";
  readonly approvals: number;
  readonly needed: number;
}

/**
 * One person's decision on one request (I6, I7), all checks in the transaction that records it.
 * Codes: no_request, not_pending, expired, binding_changed, own_request, is_agent, not_approver, decided_before.
 */
const decide: Command<DecideInput, DecideOutput> = async (tx, input) => {
  const { person } = input;
  const request = await tx.db
    .selectFrom("approval_requests")
    .innerJoin("sessions", "sessions.id", "approval_requests.session")
    .select([
      "approval_requests.session",
      "approval_requests.binding",
      "approval_requests.approvers",
      "approval_requests.needed",
      "approval_requests.state",
      "approval_requests.expires_at",
      "sessions.principal",
      "sessions.state as session_state",
    ])
    .where("approval_requests.id", "=", input.request)
    .executeTakeFirst();
  if (request === undefined) throw new CommandError("no_request", "no such approval request");
  if (request.state !== "pending" || request.session_state !== "held")
    throw new CommandError("not_pending", `the request is ${request.state}`);
  if (request.expires_at <= tx.now) throw new CommandError("expired", "the request has expired");
  if (request.binding !== input.binding)
    throw new CommandError("binding_changed", "the request is not the one you were shown; look at it again");
  const principal = JSON.parse(request.principal) as AgentPrincipal;
  const fault = await separationFault(tx, principal, person);
  if (fault !== undefined) throw fault;
  const approvers = JSON.parse(request.approvers) as string[];
  if (!approvers.some((group) => person.groups.includes(group)))
    throw new CommandError("not_approver", `deciding this needs one of the groups: ${approvers.join(", ")}`);
  const before = await tx.db
    .selectFrom("approval_decisions")
    .select(["issuer", "subject"])
    .where("request", "=", input.request)
    .execute();
  if (before.some((d) => d.issuer === person.issuer && d.subject === person.subject))
    throw new CommandError("decided_before", "you have decided this request already");
  await tx.db
    .insertInto("approval_decisions")
    .values({
      request: input.request,
      issuer: person.issuer,
      subject: person.subject,
      name: person.name,
      decision: input.decision,
      reason: input.reason,
      at: tx.now,
      token: person.token,
      bound_to: JSON.stringify(person.boundTo),
    })
    .execute();
  tx.append({
    type: "approval.decided",
    session: request.session,
    data: {
      request: input.request,
      binding: request.binding,
      decision: input.decision,
      reason: input.reason,
      person: { issuer: person.issuer, subject: person.subject, name: person.name },
      token: person.token,
      ...(person.boundTo.length === 0 ? {} : { boundTo: person.boundTo }),
    },
  });
  const approvals = await standingApprovals(tx, input.request, principal);
  // One "deny" settles it: every decision before was an approval.
  const state = input.decision === "deny" ? "denied" : approvals >= request.needed ? "approved" : "pending";
  if (state !== "pending") {
    await tx.db
      .updateTable("approval_requests")
      .set({ state, decided_at: tx.now })
      .where("id", "=", input.request)
      .execute();
    const message = `Denied by ${person.name}: ${input.reason}`;
    move(
      tx,
      request.session,
      request.session_state as SessionState,
      state,
      state === "denied"
        ? { request: input.request, reason: "accessDenied", message }
        : { request: input.request, approvals },
      state === "denied" ? { error: JSON.stringify({ reason: "accessDenied", message, status: 403 }) } : {},
    );
  }
  return { session: request.session, state, approvals, needed: request.needed };
};

/** Expires every request whose time is over; expiry denies (I6). Returns the sessions that ended. */
const expire: Command<Record<string, never>, { sessions: string[] }> = async (tx) => {
  const due = await tx.db
    .selectFrom("approval_requests")
    .innerJoin("sessions", "sessions.id", "approval_requests.session")
    .select(["approval_requests.id", "approval_requests.session", "sessions.state as session_state"])
    .where("approval_requests.state", "in", ["pending", "approved"])
    .where("approval_requests.expires_at", "<=", tx.now)
    .where("sessions.state", "in", ["held", "approved"])
    .limit(100)
    .execute();
  for (const request of due) {
    await tx.db
      .updateTable("approval_requests")
      .set({ state: "expired", decided_at: tx.now })
      .where("id", "=", request.id)
      .execute();
    const message = "Nobody approved this query in time. Send it again to ask again.";
    move(
      tx,
      request.session,
      request.session_state as SessionState,
      "expired",
      { request: request.id, reason: "accessDenied", message },
      { error: JSON.stringify({ reason: "accessDenied", message, status: 403 }) },
    );
  }
  return { sessions: due.map((r) => r.session) };
};

export const approvalCommands = { "approval.decide": decide, "approval.expire": expire };
