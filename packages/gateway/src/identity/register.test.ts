import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { CommandError } from "../store/command.ts";
import { openStore, type Store } from "../store/store.ts";
import { temporaryDirectory } from "../store/testing/temporary-store.ts";
import { type Credential, CredentialError, type CredentialErrorCode } from "./principal.ts";
import { AgentRegister, type AgentRule, type AgentsConfig } from "./register.ts";
import { stillAdmitted } from "./revocation.ts";
import type { COMMANDS } from "./testing/commands.ts";

const WORKLOADS = "https://workloads.example";
const PEOPLE = "https://people.example";
const SAM = { issuer: PEOPLE, subject: "sam.sponsor" };
const BY_DANA = `person:${PEOPLE}#dana.officer`;
const CARE = { issuer: WORKLOADS, subject: "care", name: "Care agent", sponsor: SAM, groups: ["clinical"] };
const RULE: AgentRule = {
  name: "clinic",
  issuer: WORKLOADS,
  match: { sub: "system:serviceaccount:clinic:*" },
  sponsor: { issuer: PEOPLE, fromClaim: "sponsor" },
  groups: ["by-rule"],
};

let now = 1_800_000_000_000;

async function storeOf(t: TestContext): Promise<Store<typeof COMMANDS>> {
  const store = await openStore<typeof COMMANDS>({
    directory: temporaryDirectory(t),
    origin: "test.example/ledger",
    commands: new URL("./testing/commands.ts", import.meta.url).href,
    clock: () => now,
  });
  t.after(() => store.close());
  return store;
}
async function registerOf(store: Store<typeof COMMANDS>, config: Partial<AgentsConfig> = {}): Promise<AgentRegister> {
  const register = new AgentRegister(store, { registered: [], rules: [], ...config }, () => now);
  await register.enterConfigured();
  return register;
}
async function events(store: Store<typeof COMMANDS>): Promise<{ type: string; data: Record<string, unknown> }[]> {
  const rows = await store.db.selectFrom("ledger_entries").select("bytes").orderBy("idx").execute();
  return rows.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()));
}
const types = async (store: Store<typeof COMMANDS>): Promise<string[]> => (await events(store)).map(({ type }) => type);

function agentToken(subject: string, claims: Record<string, unknown> = {}): Credential {
  return {
    issuer: WORKLOADS,
    subject,
    audience: "agents",
    name: undefined,
    groups: ["from-token"],
    claims: { sub: subject, ...claims },
    tokenId: "t",
    expires: 1,
  };
}
const personToken = (issuer: string, subject: string): Credential => ({
  ...agentToken(subject),
  issuer,
  audience: "people",
});
const pod = (name: string, sponsor: unknown = "sam.sponsor"): Credential =>
  agentToken(`system:serviceaccount:clinic:${name}`, { sponsor });

const refused = (code: CredentialErrorCode) => (error: unknown) => {
  assert.ok(error instanceof CredentialError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};

describe("an agent of the configuration", () => {
  it("is registered at start, with its sponsor, and the ledger says so", async (t) => {
    const store = await storeOf(t);
    const register = await registerOf(store, { registered: [CARE] });
    assert.deepEqual(
      (await events(store)).map(({ type, data }) => ({ type, data })),
      [{ type: "agent.registered", data: { ...CARE, by: "config" } }],
    );
    assert.deepEqual(await register.resolveAgent(agentToken("care")), {
      kind: "agent",
      issuer: WORKLOADS,
      subject: "care",
      name: "Care agent",
      groups: ["from-token", "clinical"],
      sponsor: SAM,
      tokenId: "t",
      tokenExpires: 1,
    });
    await registerOf(store, { registered: [CARE] });
    assert.deepEqual(await types(store), ["agent.registered"], "a second start changes nothing");
  });

  it("follows the configuration: a new sponsor is recorded, an agent taken out is refused", async (t) => {
    const store = await storeOf(t);
    await registerOf(store, { registered: [CARE] });
    const other = { ...CARE, sponsor: { issuer: PEOPLE, subject: "kim" } };
    const changed = await registerOf(store, { registered: [other] });
    assert.equal((await changed.resolveAgent(agentToken("care"))).sponsor.subject, "kim");
    assert.deepEqual(await types(store), ["agent.registered", "agent.changed"]);
    await assert.rejects((await registerOf(store)).resolveAgent(agentToken("care")), refused("unregistered"));
  });

  it("may not be another's sponsor, or its own", async (t) => {
    const store = await storeOf(t);
    const own = { ...CARE, sponsor: { issuer: WORKLOADS, subject: "care" } };
    await assert.rejects(registerOf(store, { registered: [own] }), /sponsor/);
    const child = { ...CARE, subject: "child", sponsor: { issuer: WORKLOADS, subject: "care" } };
    await assert.rejects(registerOf(store, { registered: [CARE, child] }), /sponsor/);
    const store2 = await storeOf(t);
    await assert.rejects(registerOf(store2, { registered: [child, CARE] }), /sponsor/);
  });

  it("is refused when nobody named it", async (t) => {
    const register = await registerOf(await storeOf(t), { registered: [CARE] });
    await assert.rejects(register.resolveAgent(agentToken("Care")), refused("unregistered"));
    await assert.rejects(register.resolveAgent({ ...agentToken("care"), issuer: PEOPLE }), refused("unregistered"));
  });
});

describe("an agent by rule", () => {
  it("is registered when it first comes, and keeps its first name", async (t) => {
    const store = await storeOf(t);
    const register = await registerOf(store, { rules: [RULE] });
    const agent = await register.resolveAgent({ ...pod("a"), name: "First" });
    assert.deepEqual(agent.sponsor, SAM);
    assert.deepEqual(agent.groups, ["from-token", "by-rule"]);
    assert.equal((await register.resolveAgent({ ...pod("a"), name: "Second" })).name, "First");
    assert.deepEqual(await types(store), ["agent.registered"]);
    assert.equal((await events(store))[0]?.data.by, "rule:clinic");
  });

  it("is registered once when it comes many times at once", async (t) => {
    const store = await storeOf(t);
    const register = await registerOf(store, { rules: [RULE] });
    await Promise.all(Array.from({ length: 10 }, () => register.resolveAgent(pod("a"))));
    assert.deepEqual(await types(store), ["agent.registered"]);
  });

  it("is refused without a sponsor in plain text", async (t) => {
    const store = await storeOf(t);
    const register = await registerOf(store, { rules: [RULE] });
    for (const sponsor of [undefined, "", ["sam"], "sam\u202e", 7, "s".repeat(513)]) {
      const credential = { ...pod("a"), claims: { ...pod("a").claims, sponsor } };
      await assert.rejects(register.resolveAgent(credential), refused("unregistered"));
    }
    assert.deepEqual(await types(store), []);
  });

  it("is refused when it names itself or another agent as sponsor (I7)", async (t) => {
    const own = { ...RULE, sponsor: { issuer: WORKLOADS, fromClaim: "sponsor" } };
    const register = await registerOf(await storeOf(t), { registered: [CARE], rules: [own] });
    await assert.rejects(register.resolveAgent(pod("a", "system:serviceaccount:clinic:a")), refused("unregistered"));
    await assert.rejects(register.resolveAgent(pod("a", "care")), refused("unregistered"));
  });

  it("is refused when the subject or the issuer doesn't match, or the rule is gone", async (t) => {
    const store = await storeOf(t);
    const register = await registerOf(store, { rules: [RULE] });
    await assert.rejects(
      register.resolveAgent(agentToken("system:serviceaccount:other:a", { sponsor: "s" })),
      refused("unregistered"),
    );
    await assert.rejects(register.resolveAgent({ ...pod("a"), issuer: PEOPLE }), refused("unregistered"));
    await register.resolveAgent(pod("a"));
    await assert.rejects((await registerOf(store)).resolveAgent(pod("a")), refused("unregistered"));
  });

  it("can't be let in by a rule that matches everybody", async (t) => {
    await assert.rejects(registerOf(await storeOf(t), { rules: [{ ...RULE, match: {} }] }), /everybody/);
  });
});

describe("a suspension", () => {
  it("holds from the next request, through registrations, until the agent is activated", async (t) => {
    const store = await storeOf(t);
    const register = await registerOf(store, { registered: [CARE] });
    await register.resolveAgent(agentToken("care"));
    const change = { issuer: WORKLOADS, subject: "care", reason: "odd queries", by: BY_DANA };
    assert.deepEqual(await store.run("agent.suspend", change), { changed: true });
    await assert.rejects(register.resolveAgent(agentToken("care")), refused("suspended"));
    const again = await registerOf(store, { registered: [{ ...CARE, name: "New name" }] });
    await assert.rejects(again.resolveAgent(agentToken("care")), refused("suspended"));
    assert.deepEqual(await store.run("agent.suspend", change), { changed: false });
    await store.run("agent.activate", change);
    await again.resolveAgent(agentToken("care"));
    assert.deepEqual(await types(store), ["agent.registered", "agent.suspended", "agent.changed", "agent.activated"]);
    assert.deepEqual((await events(store))[1]?.data, change);
  });

  it("of an unknown agent is refused", async (t) => {
    const store = await storeOf(t);
    await assert.rejects(
      store.run("agent.suspend", { issuer: WORKLOADS, subject: "x", reason: "r", by: BY_DANA }),
      (error) => error instanceof CommandError && error.code === "unknown_agent",
    );
  });
});

describe("an agent that comes with the same credential again", () => {
  const CHANGE = { issuer: WORKLOADS, subject: "care", reason: "odd queries", by: BY_DANA };

  it("is who it was, until something that says otherwise is written", async (t) => {
    const store = await storeOf(t);
    const register = await registerOf(store, { registered: [CARE] });
    const token = agentToken("care");
    await register.resolveAgent(token);
    const before = await register.resolveAgent(token);
    assert.equal(await register.resolveAgent(token), before);
    assert.ok(stillAdmitted(store, before, now));
    await store.run("agent.suspend", CHANGE);
    await assert.rejects(register.resolveAgent(token), refused("suspended"));
    assert.ok(!stillAdmitted(store, before, now));
    await store.run("agent.activate", CHANGE);
    assert.deepEqual(await register.resolveAgent(token), before);
    assert.ok(stillAdmitted(store, before, now));
    await store.run("agent.register", { ...CARE, groups: ["other"], registeredBy: "config" });
    assert.deepEqual((await register.resolveAgent(token)).groups, ["from-token", "clinical"], "as configured");
  });

  for (const [kind, id] of [
    ["token", "t"],
    ["issuer", WORKLOADS],
    ["sponsor", JSON.stringify([SAM.issuer, SAM.subject])],
  ] as const)
    it(`is refused once its ${kind} was revoked`, async (t) => {
      const store = await storeOf(t);
      const register = await registerOf(store, { registered: [CARE] });
      const token = agentToken("care");
      await register.resolveAgent(token);
      const before = await register.resolveAgent(token);
      assert.ok(stillAdmitted(store, before, now));
      await store.run("credential.revoke", { kind, id, reason: "lost", by: BY_DANA });
      await assert.rejects(register.resolveAgent(token), refused("revoked"));
      assert.ok(!stillAdmitted(store, before, now));
    });

  it("is noted as seen each minute", async (t) => {
    const store = await storeOf(t);
    const register = await registerOf(store, { registered: [CARE] });
    const token = agentToken("care");
    for (const after of [0, 1, 59_998, 1, 60_000]) {
      now += after;
      await register.resolveAgent(token);
    }
    assert.equal((await store.db.selectFrom("agents").select("last_seen_at").executeTakeFirst())?.last_seen_at, now);
  });
});

describe("last seen", () => {
  it("is noted at most once a minute", async (t) => {
    const store = await storeOf(t);
    const register = await registerOf(store, { registered: [CARE] });
    const seenAt = async (): Promise<number | null | undefined> => {
      await register.resolveAgent(agentToken("care"));
      return (await store.db.selectFrom("agents").select("last_seen_at").executeTakeFirst())?.last_seen_at;
    };
    const first = now;
    assert.equal(await seenAt(), first);
    now += 59_999;
    assert.equal(await seenAt(), first);
    now += 1;
    assert.equal(await seenAt(), now);
  });
});

describe("I7: a person", () => {
  it("is who its token says", async (t) => {
    const register = await registerOf(await storeOf(t), { registered: [CARE] });
    const person = await register.resolvePerson({ ...personToken(PEOPLE, "dana"), name: "Dana" });
    assert.deepEqual([person.kind, person.issuer, person.subject, person.name], ["person", PEOPLE, "dana", "Dana"]);
  });

  it("is never a registered agent, suspended or not", async (t) => {
    const store = await storeOf(t);
    const register = await registerOf(store, { registered: [CARE], rules: [RULE] });
    const podSubject = pod("a").subject;
    await register.resolveAgent(pod("a"));
    await assert.rejects(register.resolvePerson(personToken(WORKLOADS, "care")), refused("audience"));
    await assert.rejects(register.resolvePerson(personToken(WORKLOADS, podSubject)), refused("audience"));
    await store.run("agent.suspend", { issuer: WORKLOADS, subject: podSubject, reason: "r", by: BY_DANA });
    await assert.rejects(register.resolvePerson(personToken(WORKLOADS, podSubject)), refused("audience"));
  });

  it("is never an agent by rule, before it first came as one; whom no rule matches is", async (t) => {
    const register = await registerOf(await storeOf(t), { rules: [RULE] });
    const never = (subject: string) => register.resolvePerson(personToken(WORKLOADS, subject));
    await assert.rejects(never(pod("never-seen").subject), refused("audience"));
    assert.equal((await never("dana")).kind, "person");
    assert.equal((await register.resolvePerson(personToken(PEOPLE, pod("a").subject))).kind, "person");
  });

  it("can't come with an agent's token, nor an agent with a person's", async (t) => {
    const register = await registerOf(await storeOf(t), { registered: [CARE] });
    await assert.rejects(register.resolvePerson(agentToken("dana")), refused("audience"));
    await assert.rejects(register.resolveAgent(personToken(WORKLOADS, "care")), refused("audience"));
  });
});
