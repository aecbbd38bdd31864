import type { Kysely } from "kysely";
import type { Database } from "../store/schema.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { Json } from "./event.ts";

type Data = Readonly<Record<string, Json>>;

interface Agent {
  /** All that an entry of it says, as canonical JSON. */
  said: string;
  status: string;
  readonly registered: number;
}

interface Key {
  readonly said: string;
  revoked: number | null;
}

/** What the ledger says of the register: its agents, their keys, and what is revoked. To be held against the tables (I8), by which agents are let in. */
export class RegisterTold {
  readonly #agents = new Map<string, Agent>();
  readonly #keys = new Map<string, Key>();
  readonly #revocations = new Map<string, string>();

  /** Entries in order. */
  hear(type: string, time: number, bytes: Uint8Array): void {
    if (!type.startsWith("agent.") && type !== "credential.revoked") return;
    const { data } = JSON.parse(Buffer.from(bytes).toString()) as { readonly data: Data };
    const { issuer, subject, name, sponsor, groups, by, key, expires, kind, id, reason } = data;
    const of = text([issuer, subject]);
    const agent = this.#agents.get(of);
    const said = text([name, sponsor, groups, by]);
    switch (type) {
      case "agent.registered":
        this.#agents.set(of, { said, status: "active", registered: time });
        return;
      case "agent.changed":
        if (agent !== undefined) agent.said = said;
        return;
      case "agent.suspended":
      case "agent.activated":
        if (agent !== undefined) agent.status = type === "agent.suspended" ? "suspended" : "active";
        return;
      case "agent.key-added":
        this.#keys.set(String(key), { said: text([issuer, subject, by, expires, time]), revoked: null });
        return;
      case "agent.key-revoked": {
        const known = this.#keys.get(String(key));
        if (known !== undefined) known.revoked = time;
        return;
      }
      case "credential.revoked":
        this.#revocations.set(text([kind, id]), text([by, reason, time]));
        return;
    }
  }

  /** What the tables say otherwise, a sentence each. */
  async differences(db: Kysely<Database>): Promise<readonly string[]> {
    return [
      ...compared("agent", this.#agents, (await db.selectFrom("agents").selectAll().execute()).map(agentOf), (a) =>
        text([a.said, a.status, a.registered]),
      ),
      ...compared("key", this.#keys, (await db.selectFrom("agent_keys").selectAll().execute()).map(keyOf), (k) =>
        text([k.said, k.revoked]),
      ),
      ...compared(
        "revocation",
        this.#revocations,
        (await db.selectFrom("revocations").selectAll().execute()).map(revocationOf),
        (said) => said,
      ),
    ];
  }
}

/** A row's name, and what it says. */
type Row<T> = readonly [string, T | undefined];

function agentOf(row: Database["agents"]): Row<Agent> {
  const { issuer, subject, name, sponsor_issuer, sponsor_subject, registered_by, status, registered_at } = row;
  const sponsor = { issuer: sponsor_issuer, subject: sponsor_subject };
  const said = read(row.groups, (groups) => text([name, sponsor, groups, registered_by]));
  return [text([issuer, subject]), said === undefined ? said : { said, status, registered: registered_at }];
}

function keyOf({ kid, issuer, subject, made_by, made_at, expires_at, revoked_at }: Database["agent_keys"]): Row<Key> {
  return [kid, { said: text([issuer, subject, made_by, expires_at, made_at]), revoked: revoked_at }];
}

function revocationOf({ kind, id, by, reason, at }: Database["revocations"]): Row<string> {
  return [text([kind, id]), text([by, reason, at])];
}

function* compared<T>(
  what: string,
  told: ReadonlyMap<string, T>,
  rows: readonly Row<T>[],
  said: (one: T) => string,
): Generator<string> {
  const left = new Map(told);
  for (const [name, row] of rows) {
    const known = left.get(name);
    left.delete(name);
    if (known === undefined) yield `${what} ${name} is in the store and not in the ledger`;
    else if (row === undefined || said(row) !== said(known))
      yield `${what} ${name}: the store and the ledger don't say the same of it`;
  }
  for (const name of left.keys()) yield `${what} ${name} is in the ledger and not in the store`;
}

function read<T>(json: string, then: (value: Json) => T): T | undefined {
  try {
    return then(JSON.parse(json) as Json);
  } catch {
    return undefined;
  }
}

function text(value: readonly unknown[]): string {
  return canonicalJson(JSON.parse(JSON.stringify(value)) as Json);
}
