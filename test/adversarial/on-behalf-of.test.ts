/** Threat-model rows 44, 45 and 47: what an agent makes of a person's word that it may act for them. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { parse, stringify } from "yaml";
import { loginAsDemoPerson } from "../../packages/cli/src/login/index.ts";
import {
  sign,
  startTestIssuer,
  type TestIssuer,
  type TestKey,
  testKey,
} from "../../packages/gateway/src/identity/testing/test-issuer.ts";
import { sessionById } from "../../packages/gateway/src/sessions/session-row.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { type Answer, Attacker, pageToken, sessionOfJob } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT = "urn:ietf:params:oauth:token-type:jwt";
/** What gcloud sends, which means nothing. */
const GCLOUD = `Basic ${Buffer.from("32555940559.apps.googleusercontent.com:x").toString("base64")}`;
/** A clinician and a clinical agent both may, at once. */
const DEPARTMENTS = `SELECT department FROM \`${PROJECT}.ehr.encounters\` LIMIT 4`;
/** Both may, after approval by a privacy officer. */
const NAMES = `SELECT full_name FROM \`${PROJECT}.ehr.patients\` LIMIT 3`;
/** A clinical agent may, after approval; a clinician's may not. */
const SSN = `SELECT ssn FROM \`${PROJECT}.ehr.patients\` LIMIT 3`;

interface Given {
  readonly status: number;
  readonly token: string;
  readonly why: string;
}

describe("an agent on behalf of a person", () => {
  let rig: Rig;
  let hospital: TestIssuer;
  let key: TestKey;
  let secrets: ProtectedValues;
  let anyone: Attacker;
  const attackers: Attacker[] = [];
  before(async () => {
    key = await testKey("k1");
    hospital = await startTestIssuer([key]);
    rig = await startRig({ patients: 12 });
    secrets = await protectedValues(rig);
    anyone = new Attacker(rig, "none", secrets);
    await rig.restart(() => configure({}));
  });
  after(async () => {
    for (const one of [anyone, ...attackers]) one.close();
    await rig.close();
    await hospital.close();
  });

  /** The hospital's people beside the demo's; agents are called bot-…. */
  function configure(more: object, bots = "bot-*"): void {
    const config = parse(readFileSync(rig.configFile, "utf8")) as {
      issuers: { name: string }[];
      agents: { rules: { name: string }[] };
    };
    config.issuers = [
      ...config.issuers.filter(({ name }) => name !== "hospital"),
      {
        name: "hospital",
        issuer: hospital.issuer,
        jwks_uri: hospital.jwksUri,
        audiences: { agents: ["bots"], people: ["hospital-console"], delegation: ["assistants"] },
        ...more,
      } as { name: string },
    ];
    config.agents.rules = [
      ...config.agents.rules.filter(({ name }) => name !== "bots"),
      {
        name: "bots",
        issuer: hospital.issuer,
        match: { sub: bots },
        sponsor: { issuer: hospital.issuer, subject: "sue" },
      } as { name: string },
    ];
    writeFileSync(rig.configFile, stringify(config));
  }
  function person(sub: string, claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, exp: now + 600, jti: `${Math.random()}` };
    return sign(key, { iss: hospital.issuer, aud: "assistants", sub, groups: ["clinicians"], ...times, ...claims });
  }
  const bot = (sub: string, groups: readonly string[]) => person(sub, { aud: "bots", groups });
  const clinical = (name = "bot-a") => bot(name, ["clinical-agents"]);
  async function ask(form: Readonly<Record<string, string>>): Promise<Given> {
    const answer = await anyone.send("POST", "/token", {
      body: new URLSearchParams(form).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", authorization: GCLOUD },
    });
    const body = JSON.parse(answer.body) as { access_token?: string; error_description?: string };
    return { status: answer.status, token: body.access_token ?? "", why: body.error_description ?? "" };
  }
  const forPerson = (actor: string, subject: string) =>
    ask({
      grant_type: EXCHANGE,
      subject_token: subject,
      subject_token_type: JWT,
      actor_token: actor,
      actor_token_type: JWT,
    });
  async function acting(actor: string | Promise<string>, subject: string | Promise<string>): Promise<Attacker> {
    const given = await forPerson(await actor, await subject);
    assert.equal(given.status, 200, given.why);
    return attacker(given.token);
  }
  function attacker(token: string): Attacker {
    const one = new Attacker(rig, token, secrets);
    attackers.push(one);
    return one;
  }
  const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  const jobOf = (answer: Answer): string => {
    assert.equal(answer.status, 200, answer.body);
    return (JSON.parse(answer.body) as { jobReference: { jobId: string } }).jobReference.jobId;
  };
  const refused = async (given: Promise<Given>, why: RegExp) => {
    const { status, why: said, token } = await given;
    assert.deepEqual([status, token], [400, ""], said);
    assert.match(said, why);
  };

  describe("gets no token for", () => {
    it("a person's token for the console, for agents, for elsewhere, for two things at once, or none of this issuer's", async () => {
      await refused(forPerson(await clinical(), await person("pat", { aud: "hospital-console" })), /console/);
      const demo = await loginAsDemoPerson(rig.identityProvider.issuer, "casey.clinician");
      await refused(forPerson(await clinical(), demo), /console/);
      for (const aud of ["elsewhere", [], ["assistants", "hospital-console"], ["assistants", "bots"]])
        await refused(forPerson(await clinical(), await person("pat", { aud })), /meant|missing/);
      await refused(forPerson(await clinical(), await person("pat", { iss: "https://elsewhere.example" })), /issuer/);
    });

    it("an agent that pretends to be a person: by name, by rule before it first came, and after", async () => {
      await refused(forPerson(await clinical(), await person("bot-never-seen")), /agent/);
      assert.equal((await attacker(await bot("bot-seen", [])).send("GET", "/bigquery/v2/projects")).status, 200);
      await refused(forPerson(await clinical(), await person("bot-seen")), /agent/);
    });

    it("somebody who isn't an agent as actor, a person alone, or a person's token as the actor's", async () => {
      await refused(forPerson(await person("pat"), await person("robin")), /actor/);
      await refused(forPerson(await person("pat", { aud: "hospital-console" }), await person("robin")), /actor/);
      const alone = { grant_type: EXCHANGE, subject_token: await person("pat"), subject_token_type: JWT };
      await refused(ask(alone), /person/);
      await refused(forPerson(await clinical("human"), await person("robin")), /registered/);
    });

    it("a session of the person's that is over, and lives no longer than it", async () => {
      const now = Math.floor(Date.now() / 1000);
      await refused(forPerson(await clinical(), await person("pat", { iat: now - 700, exp: now - 100 })), /expired/);
      const { token } = await forPerson(await clinical(), await person("pat", { exp: now + 120 }));
      assert.equal(claimsOf(token).exp, now + 120);
    });

    it("whom `may_act` doesn't name, whatever comes between", async () => {
      const mine = { may_act: { sub: "bot-a", iss: hospital.issuer } };
      await refused(forPerson(await clinical("bot-b"), await person("pat", mine)), /may_act/);
      const { token } = await forPerson(await clinical("bot-a"), await person("pat", mine));
      await refused(forPerson(await clinical("bot-b"), token), /may_act/);
    });

    it("a token that another agent came with before, also after a restart", async () => {
      const subject = await person("pat");
      assert.equal((await forPerson(await clinical("bot-a"), subject)).status, 200);
      assert.equal((await forPerson(await clinical("bot-a"), subject)).status, 200);
      await refused(forPerson(await clinical("bot-b"), subject), /Another agent/);
      await rig.restart();
      await refused(forPerson(await clinical("bot-b"), subject), /Another agent/);
    });

    it("two people, or a person beside whom the agent acts for already; nor a token that lives on", async () => {
      const { token } = await forPerson(await clinical(), await person("pat"));
      await refused(forPerson(token, await person("robin")), /acts for others/);
      const research = await rig.token("research-agent");
      const forAgent = (await forPerson(await clinical(), research)).token;
      await refused(forPerson(forAgent, await person("pat")), /acts for others/);
      await refused(forPerson(token, research), /acts for others/);
      await refused(ask({ grant_type: EXCHANGE, subject_token: token, subject_token_type: JWT }), /prolonged/);
    });
  });

  it("the person's token opens no door itself", async () => {
    const token = await person("pat", { groups: ["clinicians", "privacy-officers", "auditors", "data-platform"] });
    const held = attacker(token);
    for (const path of ["/bigquery/v2/projects", "/api/v1/approvals", "/api/v1/whoami"])
      assert.equal((await held.send("GET", path)).status, 401, path);
    const { token: both } = await forPerson(await clinical(), token);
    assert.equal((await attacker(both).send("GET", "/api/v1/whoami")).status, 401);
  });

  /** Whoever may know of no table is told that there is none. */
  const toldNone = ({ status, body }: Answer): void => {
    assert.equal(status, 400, body);
    assert.match(body, /was not found or is not available/);
  };

  describe("may what both may, and nothing else", () => {
    it("with its own groups only, and the person's only", async () => {
      assert.equal((await (await acting(clinical(), person("pat"))).attack(DEPARTMENTS)).rows?.length, 4);
      for (const [actor, subject] of [
        [clinical(), person("pat", { groups: [] })],
        [bot("bot-a", []), person("pat")],
        [bot("bot-a", []), person("pat", { groups: ["clinicians", "clinical-agents"] })],
        [bot("bot-a", ["clinicians"]), person("pat")],
        [bot("bot-a", ["clinical-agents", "rogue-agents"]), person("pat")],
        [clinical(), person("pat", { groups: ["clinicians", "rogue-agents"] })],
      ]) {
        const { last, rows } = await (await acting(actor ?? "", subject ?? "")).attack(DEPARTMENTS);
        assert.equal(rows, undefined);
        toldNone(last);
      }
    });

    it("no longer chain escapes a forbid", async () => {
      const forbidden = await acting(bot("bot-r", ["clinical-agents", "rogue-agents"]), person("pat"));
      const on = await acting(clinical("bot-b"), forbidden.token);
      toldNone((await on.attack(DEPARTMENTS)).last);
      const { act, sub } = claimsOf(on.token);
      assert.deepEqual([sub, act.sub, act.act.sub, act.act.act], ["pat", "bot-b", "bot-r", undefined]);
      const third = await acting(clinical("bot-c"), on.token);
      await refused(forPerson(await clinical("bot-d"), third.token), /chain/);
    });

    it("whoever asked the same before, alone or for another", async () => {
      const alone = attacker(await clinical());
      const forPat = await acting(clinical(), person("pat"));
      const forNobody = await acting(clinical(), person("robin", { groups: [] }));
      for (let round = 0; round < 2; round++) {
        assert.equal((await alone.attack(SSN)).rows?.length, 3);
        assert.equal((await forPat.attack(SSN)).last.status, 403);
        assert.equal((await forPat.attack(DEPARTMENTS)).rows?.length, 4);
        toldNone((await forNobody.attack(DEPARTMENTS)).last);
      }
    });
  });

  describe("what was asked for one person is nobody else's", () => {
    it("neither the agent's alone, nor another person's, nor another agent's for the same person", async () => {
      const forPat = await acting(clinical(), person("pat"));
      const jobId = jobOf(await forPat.query(DEPARTMENTS, { maxResults: 1, timeoutMs: 10_000, requestId: "shared" }));
      const first = await forPat.results(jobId, "maxResults=1&timeoutMs=10000");
      const token = encodeURIComponent(pageToken(first) ?? assert.fail("one page"));
      const { configuration } = JSON.parse((await forPat.job(jobId)).body);
      const { datasetId, tableId } = configuration.query.destinationTable;
      const others = [
        attacker(await clinical()),
        await acting(clinical(), person("robin")),
        await acting(clinical("bot-b"), person("pat")),
        await acting(clinical("bot-b"), forPat.token),
      ];
      for (const other of others) {
        const data = `/bigquery/v2/projects/${PROJECT}/datasets/${datasetId}/tables/${tableId}/data`;
        for (const answer of [
          await other.results(jobId),
          await other.results(jobId, `pageToken=${token}`),
          await other.job(jobId),
          await other.send("GET", data),
          await other.send("POST", `/bigquery/v2/projects/${PROJECT}/jobs/${jobId}/cancel`),
        ])
          assert.equal(answer.status, 404, answer.body);
        const listed = await other.send("GET", `/bigquery/v2/projects/${PROJECT}/jobs?projection=full&allUsers=true`);
        assert.ok(!listed.body.includes(jobId));
        // Its own query by the same requestId is its own job.
        assert.notEqual(jobOf(await other.query(DEPARTMENTS, { requestId: "shared" })), jobId);
      }
      assert.equal((await forPat.results(jobId, `pageToken=${token}`)).status, 200);
      // A new token of the same two is the same.
      const again = await acting(clinical(), person("pat"));
      assert.equal((await again.results(jobId)).status, 200);
    });

    it("a job of the same id is another job", async () => {
      const sql = (what: string) => ({
        jobReference: { projectId: PROJECT, jobId: "same-id" },
        configuration: { query: { query: `SELECT '${what}' AS w`, useLegacySql: false } },
      });
      const path = `/bigquery/v2/projects/${PROJECT}/jobs`;
      const all = [
        [attacker(await clinical()), "alone"],
        [await acting(clinical(), person("robin")), "robin"],
        [await acting(clinical("bot-b"), person("robin")), "b for robin"],
      ] as const;
      for (const [who, what] of all) assert.equal((await who.send("POST", path, { body: sql(what) })).status, 200);
      for (const [who, what] of all) assert.match((await who.results("same-id")).body, new RegExp(`"${what}"`));
      const again = await all[1][0].send("POST", path, { body: sql("robin") });
      assert.equal(again.status, 409);
    });
  });

  const revoke = (what: object) => rig.person("sam.sponsor").post("agents/revoke", { reason: "a test", ...what });

  describe("a revocation counts from the next request, and the next page", () => {
    const paged = async (agent: Attacker) => {
      const jobId = jobOf(await agent.query(DEPARTMENTS, { timeoutMs: 10_000 }));
      const first = await agent.results(jobId, "maxResults=1&timeoutMs=10000");
      assert.equal(first.status, 200);
      return () => agent.results(jobId, `maxResults=1&pageToken=${encodeURIComponent(pageToken(first) ?? "")}`);
    };
    const active = async (token: string) => {
      const answer = await anyone.send("POST", "/introspect", {
        body: new URLSearchParams({ token }).toString(),
        headers: { "content-type": "application/x-www-form-urlencoded", authorization: GCLOUD },
      });
      return (JSON.parse(answer.body) as { active: boolean }).active;
    };

    it("of the person's token, the agent's, the person, and the agent", async () => {
      for (const [whose, stop] of [
        ["person's token", (_: string, subject: string) => revoke({ kind: "token", token: claimsOf(subject).jti })],
        ["agent's token", (actor: string) => revoke({ kind: "token", token: claimsOf(actor).jti })],
        ["person", () => revoke({ kind: "sponsor", sponsor: { issuer: hospital.issuer, subject: "gone" } })],
        [
          "agent",
          () =>
            rig.person("sam.sponsor").post("agents/suspend", {
              issuer: hospital.issuer,
              subject: "bot-gone",
              reason: "a test",
            }),
        ],
      ] as const) {
        const actor = await clinical(whose === "agent" ? "bot-gone" : "bot-a");
        const subject = await person(whose === "person" ? "gone" : "pat");
        const agent = await acting(actor, subject);
        const next = await paged(agent);
        assert.equal((await next()).status, 200, whose);
        assert.equal(await active(agent.token), true, whose);
        await stop(actor, subject);
        assert.equal(await active(agent.token), false, whose);
        assert.equal((await next()).status, whose === "agent" ? 403 : 401, whose);
        assert.equal((await agent.query("SELECT 1")).status, whose === "agent" ? 403 : 401, whose);
        assert.equal((await forPerson(actor, subject)).status, 400, whose);
      }
    });

    it("of an issuer that delegates no more, and of a person who became an agent", async () => {
      const agent = await acting(clinical(), person("pat"));
      const next = await paged(agent);
      await rig.restart(() => configure({ audiences: { agents: ["bots"], people: ["hospital-console"] } }));
      assert.equal((await next()).status, 401);
      await rig.restart(() => configure({}));
      assert.equal((await next()).status, 200);
      await rig.person("sam.sponsor").post("agents/add", {
        name: "pat",
        identity: { issuer: hospital.issuer, subject: "pat" },
        sponsor: { issuer: rig.identityProvider.issuer, subject: "sam.sponsor" },
        groups: [],
      });
      assert.equal((await next()).status, 401);
    });
  });

  it("an issuer whose people must name the agent is held to it", async () => {
    await rig.restart(() => configure({ may_act: "required" }));
    await refused(forPerson(await clinical(), await person("robin")), /may_act/);
    assert.equal((await forPerson(await clinical(), await person("robin", { may_act: { sub: "bot-a" } }))).status, 200);
    await rig.restart(() => configure({}));
  });

  describe("what waits for approval", () => {
    const console_ = async (sub: string, groups: readonly string[], iss = hospital.issuer) =>
      attacker(await person(sub, { aud: "hospital-console", groups, iss }));
    const decide = async (who: Attacker, id: string) => {
      const { binding } = JSON.parse((await who.send("GET", `/api/v1/approvals/${id}`)).body) as { binding: string };
      return who.send("POST", `/api/v1/approvals/${id}/decisions`, {
        body: { decision: "approve", reason: "as the test says", binding },
      });
    };
    const held = async (agent: Attacker) => {
      const jobId = jobOf(await agent.query(NAMES));
      const session = await sessionOfJob(rig, jobId);
      assert.equal(session?.state, "held");
      const { id } = await rig.gateway.store.db
        .selectFrom("approval_requests")
        .select("id")
        .where("session", "=", session?.id ?? "")
        .executeTakeFirstOrThrow();
      return { jobId, session: session?.id ?? "", request: id };
    };

    it("is decided neither by the person it is asked for, nor by the agent's sponsor, but by another", async () => {
      const groups = ["clinicians", "privacy-officers"];
      const agent = await acting(clinical(), person("ola", { groups }));
      const { request, jobId } = await held(agent);
      for (const [who, why] of [
        [await console_("ola", groups), /on your behalf/],
        [await console_("sue", groups), /sponsor/],
      ] as const) {
        const answer = await decide(who, request);
        assert.equal(answer.status, 403);
        assert.match(answer.body, why);
      }
      // Not through a chain either.
      const on = await acting(clinical("bot-b"), agent.token);
      const second = await held(on);
      assert.equal((await decide(await console_("ola", groups), second.request)).status, 403);
      assert.equal((await decide(await console_("mo", groups), request)).status, 200);
      const answer = await agent.results(jobId);
      assert.equal(answer.status, 200, answer.body);
      assert.match(answer.body, /"totalRows":"3"/);
    });

    it("isn't run where the configuration was changed meanwhile: no delegation, may_act required, the agent's rule gone", async () => {
      const officer = await console_("mo", ["privacy-officers"]);
      const askedFor = [
        await held(await acting(clinical(), person("kim"))),
        await held(await acting(clinical(), person("kim", { may_act: { sub: "bot-a" } }))),
        await held(attacker(await clinical())),
      ];
      const after = async (n: number, more: object, bots?: string) => {
        const { request, session } = askedFor[n] ?? assert.fail();
        await rig.restart(() => configure(more, bots));
        assert.equal((await decide(officer, request)).status, 200);
        const before = await sessionById(rig.gateway.store, session);
        const row = await rig.gateway.engine.settle(before, 5_000, new AbortController().signal);
        return [row.state, row.upstream_job];
      };
      const noDelegation = { audiences: { agents: ["bots"], people: ["hospital-console"] } };
      assert.deepEqual(await after(0, noDelegation), ["denied", null]);
      assert.deepEqual(await after(2, {}, "other-*"), ["denied", null]);
      // The one whose person had named the agent is run.
      const unnamed = await rig.restart(() => configure({})).then(async () => acting(clinical(), person("kim")));
      askedFor.push(await held(unnamed));
      assert.deepEqual(await after(3, { may_act: "required" }), ["denied", null]);
      assert.equal((await unnamed.query("SELECT 1")).status, 401);
      assert.equal((await after(1, { may_act: "required" }))[1] !== null, true);
      await rig.restart(() => configure({}));
    });

    it("isn't run for a person who was revoked since, and shows the reviewer both", async () => {
      const agent = await acting(clinical(), person("leaving"));
      const { request, session } = await held(agent);
      const officer = await console_("mo", ["privacy-officers"]);
      const { onBehalfOf, principal } = JSON.parse((await officer.send("GET", `/api/v1/approvals/${request}`)).body);
      assert.equal(principal.subject, "bot-a");
      assert.deepEqual(onBehalfOf, [
        { kind: "person", issuer: hospital.issuer, subject: "leaving", name: "leaving", groups: ["clinicians"] },
      ]);
      await revoke({ kind: "sponsor", sponsor: { issuer: hospital.issuer, subject: "leaving" } });
      assert.equal((await decide(officer, request)).status, 200);
      const before = await sessionById(rig.gateway.store, session);
      const row = await rig.gateway.engine.settle(before, 5_000, new AbortController().signal);
      assert.deepEqual([row.state, row.upstream_job], ["denied", null]);
    });
  });

  it("ends with the person's issuer, and leaves the agent of another what it is", async () => {
    const care = await rig.token("care-summary-agent");
    const agent = await acting(care, person("robin"));
    const jobId = jobOf(await agent.query(DEPARTMENTS, { timeoutMs: 10_000 }));
    assert.equal((await agent.results(jobId)).status, 200);
    await revoke({ kind: "issuer", issuer: hospital.issuer });
    assert.equal((await agent.results(jobId)).status, 401);
    assert.equal((await forPerson(care, await person("robin"))).status, 400);
    assert.equal((await attacker(care).send("GET", "/bigquery/v2/projects")).status, 200);
  });
});
