import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { DecideOutput } from "../../approvals/commands.ts";
import { listApprovals, showApproval } from "../../approvals/view.ts";
import { type Access, accessOf, newestAccesses, sessionsNamed } from "../../evidence/access-report.ts";
import { replay } from "../../evidence/replay.ts";
import type { PersonPrincipal } from "../../identity/principal.ts";
import { personRevoked, proofKeysOf } from "../../identity/revocation.ts";
import type { SessionEngine } from "../../sessions/engine.ts";
import { CommandError } from "../../store/command.ts";
import type { Store } from "../../store/store.ts";
import { GoogleError, invalid, notFound } from "../bigquery-rest/google-error.ts";
import { readBody } from "../bigquery-rest/read-body.ts";
import { parseBody } from "../bigquery-rest/requests.ts";
import { sendJson } from "../bigquery-rest/send.ts";
import { AGENT_KEY_ACTIONS, type AgentKeysApi } from "./agent-keys.ts";
import { reason } from "./reason.ts";

export interface ConsoleApiOptions {
  readonly agentKeys: AgentKeysApi;
  readonly store: Store;
  readonly engine: SessionEngine;
  /** Groups by role; approvers are named by each request. */
  readonly roles: {
    readonly approvers: readonly string[];
    readonly auditors: readonly string[];
    readonly administrators: readonly string[];
  };
}

const decisionBody = z.strictObject({
  decision: z.enum(["approve", "deny"]),
  reason,
  /** As shown: a request that has changed since can't be decided unseen (I6). */
  binding: z.string().regex(/^[0-9a-f]{64}$/),
});
const agentBody = z.strictObject({
  issuer: z.string().max(2048),
  subject: z.string().max(512),
  reason,
});

const MOST_LISTED = 1000;
/** Sessions that one name is told to be of. */
const MOST_NAMED = 20;
const BODY_BYTES = 16_384;
/** As long as a job's id may be. */
const ID = /^[A-Za-z0-9_-]{1,1024}$/;

/** What people do: decide requests, read the evidence, suspend agents. Everything by a person's own token (I4, I7). */
export class ConsoleApi {
  readonly #o: ConsoleApiOptions;

  constructor(options: ConsoleApiOptions) {
    this.#o = options;
  }

  /** `path` is what follows `/api/v1/`, split at slashes. */
  async handle(person: PersonPrincipal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://gateway");
    const [, , , room, id, action, ...more] = url.pathname.split("/");
    const route = `${request.method} ${room ?? ""}${id === undefined ? "" : "/:id"}${action === undefined ? "" : `/${action}`}`;
    if (more.length > 0 || (id !== undefined && !ID.test(id))) throw notFound("path");
    const at = id ?? "";
    const { store } = this.#o;
    switch (route) {
      case "GET whoami":
        return sendJson(response, {
          issuer: person.issuer,
          subject: person.subject,
          name: person.name,
          groups: person.groups,
        });
      case "GET approvals": {
        const state = stateOf(url.searchParams.get("state"));
        const groups = this.#oversees(person) ? undefined : person.groups;
        return sendJson(response, await listApprovals(store, { state, groups, limit: MOST_LISTED }));
      }
      case "GET approvals/:id":
        return sendJson(response, await this.#approval(person, at));
      case "POST approvals/:id/decisions":
        return this.#decide(person, at, request, response);
      case "GET sessions":
        this.#needs(person, "auditors", "administrators");
        return sendJson(
          response,
          await newestAccesses(store, {
            agent: url.searchParams.get("agent") ?? undefined,
            behalf: url.searchParams.get("behalf") ?? undefined,
            from: timeOf(url.searchParams.get("from")),
            to: timeOf(url.searchParams.get("to")),
            limit: MOST_LISTED,
          }),
        );
      case "GET sessions/:id": {
        this.#needs(person, "auditors", "administrators");
        return sendJson(response, await this.#access(at));
      }
      case "GET sessions/:id/replay": {
        this.#needs(person, "auditors", "administrators");
        const access = await this.#access(at);
        const after = afterOf(url.searchParams.get("after"));
        return sendJson(response, { access, ...(await replay(store, access.session, after)) });
      }
      case "GET agents": {
        this.#needs(person, "auditors", "administrators");
        const found = await store.db
          .selectFrom("agents")
          .selectAll()
          .orderBy("name")
          .limit(MOST_LISTED + 1)
          .execute();
        const agents = found.slice(0, MOST_LISTED).map((a) => ({ ...a, groups: JSON.parse(a.groups) as unknown }));
        return sendJson(response, { agents, more: found.length > MOST_LISTED });
      }
      case "GET agents/:id":
        this.#needs(person, "auditors", "administrators");
        if (at !== "keys") throw notFound("path");
        return sendJson(response, await this.#o.agentKeys.keys());
      case "POST agents/:id":
        return this.#setAgent(person, at, request, response);
      default:
        throw notFound("path");
    }
  }

  async #access(name: string): Promise<Access> {
    const { store } = this.#o;
    const [session, ...others] = await sessionsNamed(store, name, MOST_NAMED);
    if (session === undefined) throw notFound("session");
    if (others.length > 0)
      throw new GoogleError(
        409,
        "ambiguous",
        `Agents named several jobs so. Ask for one of their sessions: ${[session, ...others].join(", ")}.`,
      );
    return accessOf(store, session);
  }

  async #approval(person: PersonPrincipal, id: string): Promise<unknown> {
    const view = await showApproval(this.#o.store, id);
    if (view === undefined || !(this.#oversees(person) || shares(person, view.approvers)))
      throw notFound("approval request");
    if (!shares(person, view.approvers)) return { ...view, literals: [], parameters: [], literalsWithheld: true };
    // Literals can hold protected data: that they were shown, and to whom, is evidence too.
    await this.#o.store.append([
      {
        type: "approval.shown",
        session: view.session,
        data: { request: id, person: { issuer: person.issuer, subject: person.subject, name: person.name } },
      },
    ]);
    return view;
  }

  async #decide(
    person: PersonPrincipal,
    id: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = parseBody(decisionBody, await this.#body(person, request));
    const output = await this.#recorded(person, id, body);
    sendJson(response, output);
    // Whatever comes of it now, it was decided.
    await this.#o.engine.decided(output.session);
  }

  async #recorded(person: PersonPrincipal, id: string, body: z.output<typeof decisionBody>): Promise<DecideOutput> {
    try {
      return await this.#o.store.run("approval.decide", {
        request: id,
        person: {
          issuer: person.issuer,
          subject: person.subject,
          name: person.name,
          groups: person.groups,
          token: person.tokenId,
          boundTo: proofKeysOf(person),
        },
        ...body,
      });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (error.code === "no_request") throw notFound("approval request");
      const conflict =
        error.code === "not_pending" ||
        error.code === "expired" ||
        error.code === "binding_changed" ||
        error.code === "decided_before";
      // Who tried to decide what is not theirs is evidence.
      if (!conflict)
        await this.#o.store.append([
          {
            type: "approval.refused",
            ...(await this.#sessionOf(id)),
            data: {
              request: id,
              code: error.code,
              person: { issuer: person.issuer, subject: person.subject, name: person.name },
            },
          },
        ]);
      throw new GoogleError(conflict ? 409 : 403, error.code, error.message);
    }
  }

  /** Of which session a request is. */
  async #sessionOf(request: string): Promise<{ readonly session?: string }> {
    const { store } = this.#o;
    const requests = store.db.selectFrom("approval_requests").select("session").where("id", "=", request);
    return (await requests.executeTakeFirst()) ?? {};
  }

  async #setAgent(
    person: PersonPrincipal,
    action: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    this.#needs(person, "administrators");
    const keyAction = AGENT_KEY_ACTIONS.find((known) => known === action);
    if (keyAction !== undefined)
      return sendJson(response, await this.#o.agentKeys.run(keyAction, person, await this.#body(person, request)));
    if (action !== "suspend" && action !== "activate") throw notFound("path");
    const body = parseBody(agentBody, await this.#body(person, request));
    try {
      await this.#o.store.run(action === "suspend" ? "agent.suspend" : "agent.activate", {
        issuer: body.issuer,
        subject: body.subject,
        reason: body.reason,
        by: `person:${person.issuer}#${person.subject}`,
      });
    } catch (error) {
      if (error instanceof CommandError && error.code === "unknown_agent") throw notFound("agent");
      throw error;
    }
    sendJson(response, {
      issuer: body.issuer,
      subject: body.subject,
      status: action === "suspend" ? "suspended" : "active",
    });
  }

  /** Bodies may come slowly: what was revoked meanwhile does nothing. @throws CredentialError `revoked` */
  async #body(person: PersonPrincipal, request: IncomingMessage): Promise<string> {
    const body = await readBody(request, BODY_BYTES);
    const { issuer, subject, tokenId } = person;
    const revoked = personRevoked(this.#o.store, {
      issuer,
      subject,
      tokens: [tokenId],
      proofKeys: proofKeysOf(person),
    });
    if (revoked !== undefined) throw revoked;
    return body;
  }

  #oversees(person: PersonPrincipal): boolean {
    return shares(person, this.#o.roles.auditors) || shares(person, this.#o.roles.administrators);
  }

  #needs(person: PersonPrincipal, ...roles: ("auditors" | "administrators")[]): void {
    const groups = roles.flatMap((role) => this.#o.roles[role]);
    if (!shares(person, groups))
      throw new GoogleError(403, "forbidden", `This needs one of the groups: ${groups.join(", ")}.`);
  }
}

function shares(person: PersonPrincipal, groups: readonly string[]): boolean {
  return groups.some((group) => person.groups.includes(group));
}

const STATES = ["pending", "approved", "denied", "expired", "superseded", "cancelled"] as const;

function stateOf(text: string | null): (typeof STATES)[number] | undefined {
  if (text === null || text === "all") return undefined;
  const state = STATES.find((s) => s === text);
  if (state === undefined) throw invalid(`state is one of ${STATES.join(", ")}, all.`);
  return state;
}

/** The index of a ledger entry. */
function afterOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^[0-9]{1,15}$/.test(text)) throw invalid("after takes the index of the last step that is known.");
  return Number(text);
}

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/i;

function timeOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  // A time without its zone would be one of the machine's.
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw invalid("from and to take RFC 3339 times, such as 2026-01-31 or 2026-01-31T08:00:00Z.");
  return ms;
}
