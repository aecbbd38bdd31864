/** Row 45: what an agent makes of the token service — another's rights, a longer life, a second use, or what was revoked. */
import assert from "node:assert/strict";
import { createPrivateKey, sign } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { makeKey } from "../../packages/cli/src/print/agent-credential.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { Attacker } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const PUBLIC_URL = "https://chaperone.demo.example";
const AUDIENCE = `${PUBLIC_URL}/token`;
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const JWT = "urn:ietf:params:oauth:token-type:jwt";
/** What gcloud sends, which means nothing. */
const GCLOUD = `Basic ${Buffer.from("32555940559.apps.googleusercontent.com:x").toString("base64")}`;
const SSN = `SELECT ssn FROM \`${PROJECT}.ehr.patients\` LIMIT 3`;

interface Keyed {
  readonly subject: string;
  readonly kid: string;
  readonly privateKey: string;
}

interface Given {
  readonly status: number;
  readonly token: string;
  readonly why: string;
}

describe("row 45: the token service", () => {
  let rig: Rig;
  let secrets: ProtectedValues;
  let anyone: Attacker;
  const keyed = new Map<string, Keyed>();
  before(async () => {
    rig = await startRig({ patients: 12 });
    secrets = await protectedValues(rig);
    anyone = new Attacker(rig, "none", secrets);
    for (const name of ["a", "b", "c", "d", "e"]) {
      const { publicKey, privateKey } = makeKey();
      const made = await rig.person("sam.sponsor").post<{ subject: string; kid: string }>("agents/add", {
        name,
        sponsor: { issuer: rig.identityProvider.issuer, subject: "sam.sponsor" },
        groups: ["clinical-agents"],
        key: { publicKey, days: 30 },
      });
      keyed.set(name, { ...made, privateKey });
    }
  });
  after(async () => {
    anyone.close();
    await rig.close();
  });

  function signed(name: string, claims: object): string {
    const { subject, kid, privateKey } = keyed.get(name) ?? assert.fail();
    const now = Math.floor(Date.now() / 1000);
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const body = `${encode({ alg: "RS256", typ: "JWT", kid })}.${encode({ iss: subject, sub: subject, iat: now, exp: now + 3600, ...claims })}`;
    return `${body}.${sign("sha256", Buffer.from(body), createPrivateKey(privateKey)).toString("base64url")}`;
  }
  const bearer = (name: string, claims: object = {}) =>
    signed(name, { scope: "https://www.googleapis.com/auth/bigquery", ...claims });

  async function ask(form: Record<string, string>, headers: Record<string, string> = {}): Promise<Given> {
    const answer = await anyone.send("POST", "/token", {
      body: new URLSearchParams(form).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", authorization: GCLOUD, ...headers },
    });
    const body = JSON.parse(answer.body) as { access_token?: string; error_description?: string };
    return { status: answer.status, token: body.access_token ?? "", why: body.error_description ?? "" };
  }
  const assertion = (token: string) => ask({ grant_type: ASSERTION, assertion: token });
  const forOther = (actor: string, subject: string) =>
    ask({
      grant_type: EXCHANGE,
      subject_token: subject,
      subject_token_type: JWT,
      actor_token: actor,
      actor_token_type: JWT,
    });
  async function works(token: string): Promise<boolean> {
    const agent = new Attacker(rig, token, secrets);
    const { status } = await agent.send("GET", "/bigquery/v2/projects");
    agent.close();
    assert.ok(status === 200 || status === 401, String(status));
    return status === 200;
  }
  const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

  describe("an assertion with `jti`", () => {
    const once = () => signed("a", { aud: AUDIENCE, jti: `once-${Math.random()}` });

    it("is taken once, of ten at the same moment", async () => {
      const token = once();
      const given = await Promise.all(Array.from({ length: 10 }, () => assertion(token)));
      assert.deepEqual(given.map(({ status }) => status).sort(), [200, ...Array(9).fill(400)]);
    });

    it("isn't taken again after a restart", async () => {
      const token = once();
      assert.equal((await assertion(token)).status, 200);
      await rig.restart();
      assert.match((await assertion(token)).why, /used before/);
      assert.equal((await assertion(once())).status, 200);
    });

    it("isn't taken again in the seconds for which clocks may differ", async () => {
      const now = Math.floor(Date.now() / 1000);
      const token = signed("a", { aud: AUDIENCE, jti: "late", iat: now - 100, exp: now - 10 });
      assert.equal((await assertion(token)).status, 200);
      assert.equal((await assertion(signed("a", { aud: AUDIENCE, jti: "other" }))).status, 200);
      assert.match((await assertion(token)).why, /used before/);
    });

    it("isn't another for an odd `jti`, nor used up by another key's", async () => {
      for (const jti of ["", 7, {}, ["x"], "x".repeat(300), "\u0000", null]) {
        const token = signed("a", { aud: AUDIENCE, jti });
        assert.equal((await assertion(token)).status, 200, JSON.stringify(jti));
        assert.match((await assertion(token)).why, /used before/, JSON.stringify(jti));
      }
      assert.equal((await assertion(signed("a", { aud: AUDIENCE, jti: "shared" }))).status, 200);
      assert.equal((await assertion(signed("b", { aud: AUDIENCE, jti: "shared" }))).status, 200);
    });
  });

  describe("`may_act`", () => {
    const subjectOf = (name: string) => keyed.get(name)?.subject;

    it("lets the actor it names act, and nobody else", async () => {
      for (const [may, status] of [
        [{ sub: subjectOf("b") }, 200],
        [{ sub: subjectOf("b"), iss: PUBLIC_URL }, 200],
        [{ sub: subjectOf("c") }, 400],
        [{ sub: subjectOf("b"), iss: "https://elsewhere.example" }, 400],
        [{ sub: [subjectOf("b")] }, 400],
        [{ sub: subjectOf("b"), client_id: "x" }, 400],
        [{}, 400],
        [null, 400],
        [subjectOf("b"), 400],
        [[{ sub: subjectOf("b") }], 400],
        [true, 400],
      ] as const) {
        const given = await forOther(bearer("b"), bearer("a", { may_act: may }));
        assert.equal(given.status, status, `${JSON.stringify(may)}: ${given.why}`);
        if (status === 400) assert.match(given.why, /may_act/);
      }
    });

    it("isn't lost on the way: who got the token can't hand it on", async () => {
      const { token } = await forOther(bearer("b"), bearer("a", { may_act: { sub: subjectOf("b") } }));
      const on = await forOther(bearer("c"), token);
      assert.equal(on.status, 400);
      assert.match(on.why, /may_act/);
    });
  });

  it("a chain has four agents at most, each of them once", async () => {
    const second = (await forOther(bearer("b"), bearer("a"))).token;
    const third = (await forOther(bearer("c"), second)).token;
    const fourth = await forOther(bearer("d"), third);
    assert.equal(fourth.status, 200);
    const { act, sub } = claimsOf(fourth.token);
    assert.equal(sub, keyed.get("a")?.subject);
    assert.deepEqual(
      [act.sub, act.act.sub, act.act.act.sub, act.act.act.act],
      [keyed.get("d")?.subject, keyed.get("c")?.subject, keyed.get("b")?.subject, undefined],
    );
    assert.match((await forOther(bearer("e"), fourth.token)).why, /chain/);
    // By the actor's side as well, and by going round.
    assert.match((await forOther(fourth.token, bearer("e"))).why, /chain/);
    assert.match((await forOther(bearer("b"), fourth.token)).why, /itself/);
  });

  it("acting again and again for the same agent has an end, and prolongs nothing", async () => {
    const subject = bearer("a");
    let given = await forOther(bearer("b"), subject);
    const { exp } = claimsOf(given.token);
    let rounds = 0;
    while (given.status === 200 && rounds++ < 20) {
      assert.ok(await works(given.token));
      assert.ok(claimsOf(given.token).exp <= exp);
      given = await forOther(given.token, subject);
    }
    assert.ok(rounds < 10);
    assert.match(given.why, /made from/);
  });

  it("an empty audience is none: it takes a scope, as Go's Storage client writes it, and is no assertion's", async () => {
    assert.equal(await works(bearer("a", { aud: "" })), true);
    for (const claims of [{ aud: "", scope: undefined }, { aud: "", scope: "openid" }, { aud: [""] }, { aud: " " }])
      assert.equal(await works(bearer("a", claims)), false, JSON.stringify(claims));
    assert.equal((await assertion(bearer("a", { aud: "" }))).status, 400);
  });

  describe("a client's assertion beside a subject token (RFC 7523, 2.2)", () => {
    const TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    const as = (assertion: string, more: Record<string, string> = {}) =>
      ask({
        grant_type: EXCHANGE,
        subject_token: bearer("a"),
        subject_token_type: JWT,
        client_assertion: assertion,
        client_assertion_type: TYPE,
        ...more,
      });
    const mine = (claims: object = {}) => signed("b", { aud: AUDIENCE, ...claims });

    it("says who acts, as an actor token does", async () => {
      const given = await as(mine(), { client_id: keyed.get("b")?.subject ?? "" });
      assert.equal(given.status, 200, given.why);
      const { act, sub } = claimsOf(given.token);
      assert.deepEqual([sub, act.sub, act.act], [keyed.get("a")?.subject, keyed.get("b")?.subject, undefined]);
      assert.ok(await works(given.token));
    });

    it("is taken once, of the token endpoint's audience, of one agent, and alone", async () => {
      const once = mine({ jti: "client-once" });
      assert.equal((await as(once)).status, 200);
      assert.match((await as(once)).why, /used before/);
      for (const [given, why] of [
        [as(bearer("b")), /aud/],
        [as(mine({ sub: keyed.get("c")?.subject })), /speaks for/],
        [as(mine(), { client_id: keyed.get("c")?.subject ?? "" }), /client_id/],
        [as(mine(), { client_assertion_type: JWT }), /client_assertion_type/],
        [as(mine(), { actor_token: bearer("c"), actor_token_type: JWT }), /once/],
        [as(signed("a", { aud: AUDIENCE })), /itself/],
        [as(await rig.token("care-summary-agent")), /./],
        [
          ask({ grant_type: EXCHANGE, subject_token: bearer("a"), subject_token_type: JWT, client_id: "x" }),
          /client_id alone/,
        ],
      ] as const) {
        const { status, token, why: said } = await given;
        assert.ok(status === 400 || status === 401, said);
        assert.equal(token, "");
        assert.match(said, why);
      }
    });
  });

  it("a claim that the agent wrote itself gives neither groups, nor a chain, nor another audience", async () => {
    for (const claims of [
      { act: { sub: "care-summary-agent" } },
      { cnf: { jkt: "x" } },
      { sub: "care-summary-agent" },
      { aud: AUDIENCE },
      { aud: ["https://bigquery.googleapis.com/"] },
    ])
      assert.equal(await works(bearer("a", claims)), false, JSON.stringify(claims));
    const agent = new Attacker(
      rig,
      bearer("a", { groups: ["privacy-officers"], chaperone: [{ iss: rig.identityProvider.issuer, sub: "x" }] }),
      secrets,
    );
    const { status, session } = await agent.attack(SSN).then(({ last, session }) => ({ ...last, session }));
    assert.equal(status, 200);
    const row = await rig.gateway.store.db
      .selectFrom("sessions")
      .select("principal")
      .where("id", "=", session?.id ?? "")
      .executeTakeFirstOrThrow();
    const principal = JSON.parse(row.principal);
    assert.deepEqual([principal.groups, principal.onBehalfOf], [["clinical-agents"], undefined]);
    agent.close();
  });

  it("the token of an agent that acts for another shows no more than both may see, and its pages are its own", async () => {
    const research = await rig.token("research-agent");
    const both = (await forOther(bearer("a"), research)).token;
    const alone = new Attacker(rig, bearer("a"), secrets);
    const acting = new Attacker(rig, both, secrets);
    const denied = await acting.attack(SSN);
    // Together they may not even know of the table.
    assert.equal(denied.last.status, 400);
    assert.match(denied.last.body, /was not found/);
    assert.equal(denied.rows, undefined);
    // What it may see alone it can't read as the other's, nor the other way.
    const own = await alone.attack(SSN);
    assert.equal(own.rows?.length, 3);
    const { jobReference } = JSON.parse(own.answers[0]?.body ?? "") as { jobReference: { jobId: string } };
    const asOther = await acting.results(jobReference.jobId);
    assert.equal(asOther.status, 404, asOther.body);
    assert.ok(!asOther.body.includes("XXXXX"));
    const counted = await acting.results(jobReference.jobId, "maxResults=0&timeoutMs=10000");
    assert.equal(counted.status, 404);
    assert.doesNotMatch(counted.body, /totalRows/);
    const again = await acting.query(SSN, { requestId: "shared" });
    assert.equal(again.status, 400);
    for (const agent of [alone, acting]) agent.close();
  });

  describe("what is revoked", () => {
    const administrator = () => rig.person("sam.sponsor");
    const revoke = (token: string) => administrator().post("agents/revoke", { kind: "token", token, reason: "a test" });

    it("takes with it every token that was made from it, of subject and of actor", async () => {
      for (const whose of ["subject", "actor"] as const) {
        const subject = (await assertion(signed("a", { aud: AUDIENCE }))).token;
        const actor = (await assertion(signed("b", { aud: AUDIENCE }))).token;
        const second = (await forOther(actor, subject)).token;
        const third = (await forOther(bearer("c"), second)).token;
        assert.deepEqual([await works(second), await works(third)], [true, true]);
        await revoke(claimsOf(whose === "subject" ? subject : actor).jti);
        assert.deepEqual([await works(second), await works(third)], [false, false], whose);
        assert.equal((await forOther(bearer("d"), third)).status, 400);
      }
    });

    it("can be found: the ledger says which tokens each was made from", async () => {
      const subject = (await assertion(signed("a", { aud: AUDIENCE }))).token;
      const actor = (await assertion(signed("b", { aud: AUDIENCE }))).token;
      const given = claimsOf((await forOther(actor, subject)).token).jti;
      const entries = await rig.gateway.store.db
        .selectFrom("ledger_entries")
        .select("bytes")
        .where("type", "=", "token.issued")
        .execute();
      const all = entries.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()).data);
      const entry = all.find(({ token }) => token === given);
      assert.equal(entry.for, claimsOf(actor).jti);
      assert.deepEqual(
        entry.onBehalfOf.map(({ token }: { token: string }) => token),
        [claimsOf(subject).jti],
      );
    });

    it("takes with it the access token of a key, also where another acts for its agent", async () => {
      const given = (await forOther(bearer("b"), bearer("e"))).token;
      assert.ok(await works(given));
      await administrator().post("agents/revoke-key", { kid: keyed.get("e")?.kid, reason: "a test" });
      assert.equal(await works(given), false);
      assert.equal((await forOther(bearer("b"), bearer("e"))).status, 400);
    });
  });

  it("an odd client, form or address is refused as OAuth says, and never a failure of the gateway's", async () => {
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
    for (const headers of [
      basic("%zz:x"),
      basic("%00.apps.googleusercontent.com:x"),
      basic("1%2Eapps.googleusercontent.com:x"),
      basic(":"),
      { authorization: "Basic" },
      { authorization: `Bearer ${bearer("a")}` },
    ])
      assert.equal(
        (await ask({ grant_type: ASSERTION, assertion: "x" }, headers)).status,
        401,
        JSON.stringify(headers),
      );
    for (const form of [
      { grant_type: ASSERTION, assertion: "..", scope: "x" },
      { grant_type: ASSERTION, assertion: "e30.e30.x" },
      { grant_type: ASSERTION, assertion: "bnVsbA.bnVsbA.x" },
      { grant_type: ASSERTION, assertion: "W10.W10." },
      { grant_type: "constructor" },
      { grant_type: "" },
      { grant_type: EXCHANGE, subject_token: "null", subject_token_type: JWT },
      { grant_type: EXCHANGE, subject_token: bearer("a"), subject_token_type: JWT, actor_token_type: JWT },
    ])
      assert.equal((await ask(form as Record<string, string>)).status, 400, JSON.stringify(form));
    for (const path of ["/token/", "/token/x", "//token", "/Token", "/bigquery/v2/token"]) {
      const answer = await anyone.send("POST", path);
      assert.ok(answer.status === 401 || answer.status === 404, `${path}: ${answer.status}`);
    }
  });
});
