import { createHash, createPublicKey } from "node:crypto";
import { z } from "zod";
import type { PersonPrincipal } from "../../identity/principal.ts";
import { sponsorKey } from "../../identity/revocation.ts";
import { keySubject } from "../../identity/tokens/agent-keys.ts";
import { CommandError } from "../../store/command.ts";
import type { Store } from "../../store/store.ts";
import { GoogleError, invalid, notFound } from "../bigquery-rest/google-error.ts";
import { parseBody } from "../bigquery-rest/requests.ts";
import { reason } from "./reason.ts";

/** What administrators do about agents' keys and revocations. */
export interface AgentKeysApiOptions {
  readonly store: Store;
  readonly publicUrl: string;
  readonly issuers: {
    readonly all: readonly string[];
    readonly agents: readonly string[];
    readonly people: readonly string[];
  };
  readonly clock: () => number;
}

const DAY_MS = 24 * 3600 * 1000;
const DAYS = "give a whole number from 1 to 366";
const person = z.strictObject({ issuer: z.string().max(2048), subject: z.string().min(1).max(512) });
const addBody = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "give up to 63 of a-z, 0-9 and -, the first a letter"),
  sponsor: person,
  groups: z.array(z.string().min(1).max(256)).max(100).default([]),
  /** Whose tokens the agent has; without it, it signs with this key. */
  identity: person.optional(),
  key: z
    .strictObject({ publicKey: z.string().max(4096), days: z.number(DAYS).int(DAYS).min(1, DAYS).max(366, DAYS) })
    .optional(),
});
const keyBody = z.strictObject({
  kid: z.string().regex(/^[0-9a-f]{64}$/, "give a key's id, as the list of keys has it"),
  reason,
});
const revokeBody = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("token"), token: z.string().regex(/^[\x21-\x7e]{1,256}$/), reason }),
  z.strictObject({ kind: z.literal("issuer"), issuer: z.string().min(1).max(2048), reason }),
  z.strictObject({ kind: z.literal("sponsor"), sponsor: person, reason }),
  z.strictObject({
    kind: z.literal("proof-key"),
    "proof-key": z.string().regex(/^[A-Za-z0-9_-]{43}$/, "give a thumbprint, as boundTo in the ledger has it"),
    reason,
  }),
]);

const MOST_LISTED = 1000;

export const AGENT_KEY_ACTIONS = ["add", "revoke-key", "revoke"] as const;
export type AgentKeyAction = (typeof AGENT_KEY_ACTIONS)[number];

export class AgentKeysApi {
  readonly #o: AgentKeysApiOptions;

  constructor(options: AgentKeysApiOptions) {
    this.#o = options;
  }

  /** Public facts of every key. */
  async keys(): Promise<unknown> {
    const keys = await this.#o.store.db
      .selectFrom("agent_keys")
      .select(["kid", "issuer", "subject", "made_by", "made_at", "expires_at", "revoked_at"])
      .orderBy("made_at", "desc")
      .limit(MOST_LISTED + 1)
      .execute();
    return { keys: keys.slice(0, MOST_LISTED), more: keys.length > MOST_LISTED };
  }

  /** The caller has checked that the person is an administrator. */
  async run(action: AgentKeyAction, administrator: PersonPrincipal, body: string): Promise<unknown> {
    const by = `person:${administrator.issuer}#${administrator.subject}`;
    try {
      switch (action) {
        case "add":
          return await this.#add(by, body);
        case "revoke-key":
          return await this.#o.store.run("agent.key-revoke", { ...parseBody(keyBody, body), by });
        case "revoke":
          return await this.#revoke(by, body);
        default:
          return action satisfies never;
      }
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (error.code === "unknown_key") throw notFound("key");
      throw new GoogleError(409, error.code, error.message);
    }
  }

  async #add(by: string, body: string): Promise<unknown> {
    const { store, publicUrl, issuers, clock } = this.#o;
    const { name, sponsor, groups, identity, key } = parseBody(addBody, body);
    if (!issuers.people.includes(sponsor.issuer)) throw invalid("sponsor.issuer is no issuer of people's tokens.");
    if ((identity === undefined) === (key === undefined))
      throw invalid("An agent has either an identity of an issuer or a key.");
    if (identity !== undefined && !issuers.agents.includes(identity.issuer))
      throw invalid("identity.issuer is no issuer of agents' tokens.");
    const id = identity ?? { issuer: publicUrl, subject: keySubject(name, publicUrl) };
    const made = key === undefined ? undefined : { ...readKey(key.publicKey), expiresAt: clock() + key.days * DAY_MS };
    await store.run("agent.add", { agent: { ...id, name, sponsor, groups, registeredBy: by }, key: made });
    return { ...id, publicUrl, ...(made === undefined ? {} : { kid: made.kid, expiresAt: made.expiresAt }) };
  }

  async #revoke(by: string, text: string): Promise<unknown> {
    const body = parseBody(revokeBody, text);
    const issuer = body.kind === "issuer" ? body.issuer : body.kind === "sponsor" ? body.sponsor.issuer : undefined;
    // Recorded as it is written: another spelling would refuse nobody, and whoever revokes it would be told that it is done.
    if (issuer !== undefined && !(await this.#isKnown(issuer)))
      throw invalid(
        "No issuer of the configuration or of a registered agent is called so; write it letter by letter as there.",
      );
    const id = revokedId(body);
    await this.#o.store.run("credential.revoke", { kind: body.kind, id, by, reason: body.reason });
    return { revoked: body.kind };
  }

  async #isKnown(issuer: string): Promise<boolean> {
    if (issuer === this.#o.publicUrl || this.#o.issuers.all.includes(issuer)) return true;
    const agent = await this.#o.store.db
      .selectFrom("agents")
      .select("subject")
      .where((is) => is.or([is("issuer", "=", issuer), is("sponsor_issuer", "=", issuer)]))
      .limit(1)
      .executeTakeFirst();
    return agent !== undefined;
  }
}

/** As `revocations` holds it. */
function revokedId(body: z.output<typeof revokeBody>): string {
  switch (body.kind) {
    case "token":
      return body.token;
    case "issuer":
      return body.issuer;
    case "sponsor":
      return sponsorKey(body.sponsor);
    case "proof-key":
      return body["proof-key"];
    default:
      return body satisfies never;
  }
}

/** A public RSA key of 2048 to 4096 bits (RFC 7518, 3.3). Its id is made of it (RFC 7638), so that nobody chooses one. */
function readKey(pem: string): { readonly kid: string; readonly jwk: string } {
  const wrong = () => invalid("key.publicKey is a public RSA key of 2048 to 4096 bits, as PEM (SPKI).");
  if (!pem.startsWith("-----BEGIN PUBLIC KEY-----")) throw wrong();
  try {
    const key = createPublicKey(pem);
    const { modulusLength = 0, publicExponent } = key.asymmetricKeyDetails ?? {};
    if (key.asymmetricKeyType !== "rsa" || modulusLength < 2048 || modulusLength > 4096 || publicExponent !== 65_537n)
      throw wrong();
    const { e, n } = key.export({ format: "jwk" });
    // Members in the order that RFC 7638, 3.2 asks for.
    const kid = createHash("sha256")
      .update(JSON.stringify({ e, kty: "RSA", n }))
      .digest("hex");
    return { kid, jwk: JSON.stringify({ kty: "RSA", n, e }) };
  } catch {
    throw wrong();
  }
}
