import type { Kysely } from "kysely";
import { CommandError } from "../store/command.ts";
import { prepare } from "../store/prepared.ts";
import type { Database } from "../store/schema.ts";
import { matchesPattern } from "./claim-pattern.ts";
import { claimAt } from "./claims.ts";
import type { AgentId, AgentRegistration, AgentRow } from "./commands.ts";
import type { ClaimPath } from "./issuer-config.ts";
import {
  type AgentPrincipal,
  type Credential,
  CredentialError,
  type PersonId,
  type PersonPrincipal,
  type Principal,
} from "./principal.ts";
import { admissionVersion, checkRevocations } from "./revocation.ts";

/** An agent that the configuration names. */
export interface RegisteredAgent {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly sponsor: PersonId;
  /** Beside those of its token. */
  readonly groups: readonly string[];
  /** Bearer tokens of it aren't taken at the doors. */
  readonly senderConstrained?: boolean;
}

/** Registers an issuer's agents when they first come, if every claim matches its pattern (`matchesPattern`). The first rule that matches counts. */
export interface AgentRule {
  readonly name: string;
  readonly issuer: string;
  readonly match: Readonly<Record<ClaimPath, string>>;
  /** One person, or the person of `issuer` whose subject the token's claim holds. */
  readonly sponsor: PersonId | { readonly issuer: string; readonly fromClaim: ClaimPath };
  readonly groups: readonly string[];
  readonly senderConstrained?: boolean;
}

export interface AgentsConfig {
  /** Of which issuers' agents bearer tokens aren't taken; "all": of no agent. */
  readonly senderConstrained?: "all" | readonly string[];
  readonly registered: readonly RegisteredAgent[];
  readonly rules: readonly AgentRule[];
  /** Of whom agents' tokens are taken, the gateway itself among them; absent: of all whose tokens are verified. */
  readonly issuers?: ReadonlySet<string>;
  /** Issuers on whose people's behalf agents may act, and whether their tokens must say who (`may_act`). */
  readonly delegating?: readonly { readonly issuer: string; readonly mayActRequired: boolean }[];
}

/** What the register needs of the store. */
export interface RegisterStore {
  readonly db: Kysely<Database>;
  run(name: "agent.register", input: AgentRegistration): Promise<unknown>;
  run(name: "agent.seen", input: AgentId): Promise<unknown>;
}

interface Resolved {
  readonly principal: AgentPrincipal;
  /** Of `admissionVersion`, when it was resolved. */
  readonly version: number;
  /** From then on it must be said that the agent was seen. */
  readonly seenUntil: number;
}

/** "Last seen" is exact to this, so that a busy agent doesn't write at each request. */
const SEEN_EVERY_MS = 60_000;
const MAX_SPONSOR_LENGTH = 512;

/** Who is an agent, and who answers for it. Asked at each request, so that a suspension holds from the next one on. */
export class AgentRegister {
  readonly #store: RegisterStore;
  readonly #config: AgentsConfig;
  readonly #named: ReadonlyMap<string, RegisteredAgent>;
  readonly #clock: () => number;
  /** Who a credential was found to be: the same until something is written that says otherwise. */
  readonly #resolved = new WeakMap<Credential, Resolved>();
  readonly #bound = new WeakMap<Credential, boolean>();

  /** @throws Error if the configuration is unsafe. */
  constructor(store: RegisterStore, config: AgentsConfig, clock: () => number) {
    this.#store = store;
    this.#config = config;
    this.#clock = clock;
    this.#named = new Map(config.registered.map((agent) => [keyOf(agent), agent]));
    if (this.#named.size !== config.registered.length) throw new Error("agents: one agent is registered twice");
    for (const { name, match } of config.rules) {
      if (Object.keys(match).length === 0)
        throw new Error(`agents: rule "${name}" matches everybody; give it a claim to match`);
    }
  }

  /**
   * Enters the configured agents, so that they can be seen and suspended before they first come.
   * @throws Error if one of them has an agent for its sponsor.
   */
  async enterConfigured(): Promise<void> {
    for (const agent of this.#config.registered) {
      const wanted = byConfiguration(agent);
      const row = await this.#find(agent);
      if (row !== undefined && isUpToDate(row, wanted)) continue;
      try {
        await this.#store.run("agent.register", wanted);
      } catch (error) {
        if (error instanceof CommandError) throw new Error(`agents: "${agent.name}": ${error.message}`);
        throw error;
      }
    }
  }

  /** What `resolveAgent` gave for this very credential, where nothing was written since that could say otherwise. */
  resolvedBefore(credential: Credential): AgentPrincipal | undefined {
    const known = this.#resolved.get(credential);
    if (known === undefined || known.version !== admissionVersion(this.#store)) return undefined;
    return this.#clock() < known.seenUntil ? known.principal : undefined;
  }

  /** @throws CredentialError `audience`, `unregistered`, `suspended`, `revoked` or `expired` (its key). */
  async resolveAgent(credential: Credential): Promise<AgentPrincipal> {
    const known = this.resolvedBefore(credential);
    if (known !== undefined) return known;
    if (credential.audience !== "agents") {
      throw new CredentialError("audience", "This is a person's token; agents' doors take agents' tokens only.");
    }
    // An access token outlives the configuration that it was given under.
    if (this.#config.issuers?.has(credential.issuer) === false)
      throw new CredentialError("unknown_issuer", "Agents of this token's issuer aren't taken here any more.");
    const onBehalfOf: Principal[] = [];
    for (const one of credential.onBehalfOf ?? [])
      onBehalfOf.push(one.audience === "delegation" ? await this.#delegator(one) : await this.resolveAgent(one));
    let version = admissionVersion(this.#store);
    let row = this.#find(credential);
    if (row?.status === "suspended") throw suspended();
    const wanted = this.#wanted(credential, row);
    if (wanted !== undefined && !(row !== undefined && isUpToDate(row, wanted))) {
      await this.#store.run("agent.register", wanted).catch((error: unknown) => {
        if (error instanceof CommandError)
          throw new CredentialError("unregistered", `This agent can't be registered: ${error.message}.`);
        throw error;
      });
      version = admissionVersion(this.#store);
      row = this.#find(credential);
    }
    if (row === undefined) throw unregistered();
    if (row.status !== "active") throw suspended();
    checkRevocations(this.#store, credential, row, this.#clock());
    if (row.last_seen_at === null || this.#clock() - row.last_seen_at >= SEEN_EVERY_MS) {
      await this.#store.run("agent.seen", { issuer: row.issuer, subject: row.subject });
    }
    const principal: AgentPrincipal = {
      kind: "agent",
      issuer: row.issuer,
      subject: row.subject,
      name: row.name,
      groups: [...new Set([...credential.groups, ...groupsOf(row)])],
      sponsor: { issuer: row.sponsor_issuer, subject: row.sponsor_subject },
      tokenId: credential.tokenId,
      tokenExpires: credential.expires,
      ...(onBehalfOf.length === 0 ? {} : { onBehalfOf }),
      ...(credential.keyId === undefined ? {} : { keyId: credential.keyId }),
      ...(credential.exchangedFor === undefined ? {} : { exchangedFor: credential.exchangedFor }),
      ...(credential.confirmation === undefined ? {} : { confirmation: credential.confirmation }),
    };
    // Of others the clock decides too: whether a key has expired, or when someone else was seen last.
    if (version !== undefined && row.last_seen_at !== null && onBehalfOf.length === 0 && principal.keyId === undefined)
      this.#resolved.set(credential, { principal, version, seenUntil: row.last_seen_at + SEEN_EVERY_MS });
    return principal;
  }

  /** Whether the configuration wants a bound token of this agent, or of one that it acts for. */
  mustBind(credential: Credential): boolean {
    const known = this.#bound.get(credential) ?? this.#mustBind(credential);
    this.#bound.set(credential, known);
    return known;
  }

  #mustBind(credential: Credential): boolean {
    const { senderConstrained = [], rules } = this.#config;
    return [credential, ...(credential.onBehalfOf ?? [])].some(
      (one) =>
        senderConstrained === "all" ||
        senderConstrained.includes(one.issuer) ||
        this.#named.get(keyOf(one))?.senderConstrained === true ||
        rules.some((rule) => rule.senderConstrained === true && ruleMatches(rule, one)),
    );
  }

  /**
   * An agent is never a person, whatever token it holds, also one by a rule that has not come as an agent yet (I7).
   * @throws CredentialError `audience`.
   */
  async resolvePerson(credential: Credential): Promise<PersonPrincipal> {
    if (credential.audience !== "people") {
      throw new CredentialError(
        "audience",
        credential.audience === "agents"
          ? "This is an agent's token; people's doors take people's tokens only."
          : "This token lets an agent act for you; it opens no door itself. Sign in for a token of your own.",
      );
    }
    if (this.#isByRule(credential))
      throw new CredentialError("audience", "This subject is an agent by a rule; an agent can't act as a person.");
    return this.#person(credential);
  }

  #isByRule(credential: Credential): boolean {
    return this.#config.rules.some((rule) => ruleMatches(rule, credential));
  }

  /** The person for whom an agent acts. Whoever a rule makes an agent is none, even before it first came. @throws CredentialError */
  async #delegator(credential: Credential): Promise<PersonPrincipal> {
    const from = this.#config.delegating?.find(({ issuer }) => issuer === credential.issuer);
    if (from === undefined)
      throw new CredentialError("delegation", "Agents don't act for people of this issuer any more.");
    const mayAct = credential.claims.may_act !== undefined;
    if (from.mayActRequired && !mayAct)
      throw new CredentialError(
        "delegation",
        "The person's token doesn't say who may act for them (`may_act`), as is required here by now.",
      );
    if (this.#isByRule(credential))
      throw new CredentialError("delegation", "This subject is an agent by a rule; an agent is no person to act for.");
    const person = await this.#person(credential);
    return {
      ...person,
      ...(mayAct ? { mayAct } : {}),
      ...(credential.exchangedFor === undefined ? {} : { exchangedFor: credential.exchangedFor }),
    };
  }

  async #person(credential: Credential): Promise<PersonPrincipal> {
    if (this.#named.has(keyOf(credential)) || (await this.#find(credential)) !== undefined) {
      throw new CredentialError("audience", "This subject is registered as an agent; an agent can't act as a person.");
    }
    await checkRevocations(this.#store, credential, undefined, this.#clock());
    const { issuer, subject, name, groups, tokenId, expires, confirmation } = credential;
    return {
      kind: "person",
      issuer,
      subject,
      name: name ?? subject,
      groups,
      tokenId,
      tokenExpires: expires,
      ...(confirmation === undefined ? {} : { confirmation }),
    };
  }

  /** What the register should hold: by configuration, by what a person entered (undefined: leave it), by rule. @throws CredentialError `unregistered` */
  #wanted(credential: Credential, row: AgentRow | undefined): AgentRegistration | undefined {
    const named = this.#named.get(keyOf(credential));
    if (named !== undefined) return byConfiguration(named);
    if (row?.registered_by.startsWith("person:")) return undefined;
    // An entry by configuration or by rule holds only while the configuration still says so.
    const rule = this.#config.rules.find((candidate) => ruleMatches(candidate, credential));
    if (rule === undefined) throw unregistered();
    return {
      issuer: credential.issuer,
      subject: credential.subject,
      // The first name stays: it is for people to recognise the agent by.
      name: row?.name ?? credential.name ?? credential.subject,
      sponsor: sponsorOf(rule, credential),
      groups: rule.groups,
      registeredBy: `rule:${rule.name}`,
    };
  }

  #find(agent: AgentId): AgentRow | undefined {
    return findAgent(this.#store, agent);
  }
}

/** An agent's entry. */
export function findAgent(store: Pick<RegisterStore, "db">, { issuer, subject }: AgentId): AgentRow | undefined {
  return AGENT.first(store, { issuer, subject });
}

const AGENT = prepare((db, given: AgentId) =>
  db.selectFrom("agents").selectAll().where("issuer", "=", given.issuer).where("subject", "=", given.subject),
).remembered("agents");

function byConfiguration({ senderConstrained: _, ...agent }: RegisteredAgent): AgentRegistration {
  return { ...agent, registeredBy: "config" };
}

function keyOf({ issuer, subject }: AgentId): string {
  return JSON.stringify([issuer, subject]);
}

function isUpToDate(row: AgentRow, wanted: AgentRegistration): boolean {
  return (
    row.name === wanted.name &&
    row.sponsor_issuer === wanted.sponsor.issuer &&
    row.sponsor_subject === wanted.sponsor.subject &&
    row.groups === JSON.stringify(wanted.groups) &&
    row.registered_by === wanted.registeredBy
  );
}

function ruleMatches(rule: AgentRule, credential: Credential): boolean {
  if (rule.issuer !== credential.issuer) return false;
  return Object.entries(rule.match).every(([path, pattern]) => {
    const value = claimAt(credential.claims, path);
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.some((one) => typeof one === "string" && matchesPattern(one, pattern));
  });
}

function sponsorOf({ sponsor }: AgentRule, credential: Credential): PersonId {
  if ("subject" in sponsor) return sponsor;
  const subject = claimAt(credential.claims, sponsor.fromClaim);
  if (typeof subject !== "string" || subject === "" || subject.length > MAX_SPONSOR_LENGTH || /\p{C}/u.test(subject)) {
    throw new CredentialError(
      "unregistered",
      `The token names no sponsor in its claim "${sponsor.fromClaim}"; an agent needs one.`,
    );
  }
  return { issuer: sponsor.issuer, subject };
}

function groupsOf(row: AgentRow): readonly string[] {
  const groups: unknown = JSON.parse(row.groups);
  return Array.isArray(groups) ? groups.filter((group) => typeof group === "string") : [];
}

const unregistered = (): CredentialError =>
  new CredentialError(
    "unregistered",
    "This agent isn't registered; ask an administrator to register it with a sponsor.",
  );
const suspended = (): CredentialError =>
  new CredentialError("suspended", "This agent is suspended; ask an administrator or the agent's sponsor.");
