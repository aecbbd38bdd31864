/** Kind A: the credential file that official clients read, with our token address (RFC 8693). */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BigQuery } from "@google-cloud/bigquery";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const TYPE = "urn:ietf:params:oauth:token-type:";
const AUDIENCE = "https://chaperone.demo.example";

describe("token exchange", () => {
  let rig: Rig;
  let folder: string;
  before(async () => {
    rig = await startRig({ patients: 30 });
    folder = mkdtempSync(join(tmpdir(), "chaperone-credential-"));
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await rig.close();
  });

  const post = async (path: string, form: Record<string, string>, headers: Record<string, string> = {}) => {
    const response = await fetch(`${rig.url}${path}`, { method: "POST", body: new URLSearchParams(form), headers });
    return { status: response.status, body: (await response.json()) as Record<string, string & number & boolean> };
  };
  const exchange = async (agent: string, more: Record<string, string> = {}) =>
    post("/token", {
      grant_type: EXCHANGE,
      audience: AUDIENCE,
      subject_token: await rig.token(agent),
      subject_token_type: `${TYPE}jwt`,
      ...more,
    });
  const query = (token: string, sql = `SELECT * FROM \`${PROJECT}.ops.calendar\` LIMIT 1`) =>
    fetch(`${rig.url}/bigquery/v2/projects/${PROJECT}/queries`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ query: sql, useLegacySql: false }),
    });
  const events = async (type: string) => {
    const rows = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select("bytes")
      .where("type", "=", type)
      .orderBy("idx")
      .execute();
    return rows.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()).data);
  };

  it("the Node client reads public data with a file of type external_account, unchanged", async () => {
    const tokenFile = join(folder, "token");
    const keyFilename = join(folder, "credential.json");
    writeFileSync(tokenFile, await rig.token("care-summary-agent"));
    writeFileSync(
      keyFilename,
      JSON.stringify({
        type: "external_account",
        audience: AUDIENCE,
        subject_token_type: `${TYPE}jwt`,
        token_url: `${rig.url}/token`,
        token_info_url: `${rig.url}/introspect`,
        credential_source: { file: tokenFile },
      }),
    );
    const client = new BigQuery({ projectId: PROJECT, apiEndpoint: rig.url, keyFilename });
    const [rows] = await client.query(`SELECT * FROM \`${PROJECT}.ops.calendar\` LIMIT 3`);
    assert.equal(rows.length, 3);
    const received = (await events("session.received")).at(-1);
    const issued = (await events("token.issued")).at(-1);
    assert.equal(received.agent.subject, "care-summary-agent");
    assert.equal(received.agent.token, issued.token);
  });

  it("gives the same agent, groups and rights as the token it is exchanged for", async () => {
    const { status, body } = await exchange("care-summary-agent");
    assert.equal(status, 200);
    assert.equal(body.token_type, "Bearer");
    // Whole seconds: the one that has begun may be over by now.
    assert.ok([899, 900].includes(Number(body.expires_in)), String(body.expires_in));
    assert.equal((await query(String(body.access_token))).status, 200);
    const received = (await events("session.received")).at(-1);
    assert.deepEqual(received.agent.groups, ["clinical-agents"]);
    assert.equal(received.agent.sponsor.subject, "sam.sponsor");
  });

  it("ends after its time, and its key verifies it no longer than that", async () => {
    const { body } = await exchange("care-summary-agent");
    rig.advance(901_000);
    const answer = await query(String(body.access_token));
    assert.equal(answer.status, 401);
    assert.match(await answer.text(), /expired/);
  });

  it("is found by its metadata, and says whose a token is to who holds it", async () => {
    const metadata = (await (await fetch(`${rig.url}/.well-known/oauth-authorization-server`)).json()) as {
      issuer: string;
      token_endpoint: string;
    };
    assert.equal(metadata.issuer, AUDIENCE);
    assert.equal(metadata.token_endpoint, `${AUDIENCE}/token`);
    const { body } = await exchange("research-agent");
    const keys = await (await fetch(`${rig.url}/.well-known/jwks.json`)).text();
    assert.ok(keys.includes('"Ed25519"') && !keys.includes('"d"'), "the private half is published");
    const told = await post(
      "/introspect",
      { token: String(body.access_token) },
      { authorization: `Basic ${Buffer.from("32555940559.apps.googleusercontent.com:x").toString("base64")}` },
    );
    assert.equal(told.body.active, true);
    assert.equal(told.body.username, "research-agent");
    for (const token of ["x", await rig.token("research-agent"), `${body.access_token}x`])
      assert.deepEqual((await post("/introspect", { token })).body, { active: false });
  });

  describe("refuses", () => {
    it("to prolong a token of its own", async () => {
      const { body } = await exchange("care-summary-agent");
      const again = await exchange("care-summary-agent", { subject_token: String(body.access_token) });
      assert.equal(again.status, 400);
      assert.match(String(again.body.error_description), /prolonged/);
    });

    it("a person's token, another audience, a token type that lies, another grant, an unknown or doubled parameter", async () => {
      const { loginAsDemoPerson } = await import("../../packages/cli/src/login/index.ts");
      const person = await loginAsDemoPerson(rig.identityProvider.issuer, "dana.officer");
      const { body } = await exchange("care-summary-agent");
      for (const more of [
        { subject_token: person },
        { audience: "https://elsewhere.example" },
        { subject_token_type: `${TYPE}saml2` },
        { subject_token: String(body.access_token), subject_token_type: `${TYPE}id_token` },
        { requested_token_type: `${TYPE}refresh_token` },
        { grant_type: "client_credentials" },
        { grant_type: "__proto__" },
        { resource: "https://elsewhere.example" },
        { subject_token: "a.b.c" },
      ] as Record<string, string>[]) {
        const answer = await exchange("care-summary-agent", more);
        assert.equal(answer.status, 400, JSON.stringify(Object.keys(more)));
        assert.equal(answer.body.access_token, undefined);
      }
      const token = await rig.token("care-summary-agent");
      const doubled = await fetch(`${rig.url}/token`, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: `grant_type=${EXCHANGE}&subject_token=${token}&subject_token=${token}&subject_token_type=${TYPE}jwt`,
      });
      assert.equal(doubled.status, 400);
      assert.match(await doubled.text(), /twice/);
    });

    it("a huge form, another content type, a client with a secret, a query in the address", async () => {
      assert.equal((await post("/token", { grant_type: EXCHANGE, subject_token: "x".repeat(40_000) })).status, 413);
      assert.equal(
        (
          await fetch(`${rig.url}/token`, {
            method: "POST",
            body: "{}",
            headers: { "content-type": "application/json" },
          })
        ).status,
        415,
      );
      const basic = `Basic ${Buffer.from("client:secret").toString("base64")}`;
      assert.equal((await post("/token", { grant_type: EXCHANGE }, { authorization: basic })).status, 401);
      assert.equal((await post("/token?grant_type=x", { grant_type: EXCHANGE })).status, 405);
    });

    it("forged tokens of its own: alg none, HS256 with the public key, an unknown key, a changed claim", async () => {
      const { createHmac } = await import("node:crypto");
      const { body } = await exchange("research-agent");
      const [head = "", payload = "", signature] = String(body.access_token).split(".");
      const { kid } = JSON.parse(Buffer.from(head, "base64url").toString());
      const keys = (await (await fetch(`${rig.url}/.well-known/jwks.json`)).json()) as { keys: { x: string }[] };
      const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
      const hs = `${encode({ alg: "HS256", typ: "at+jwt", kid })}.${payload}`;
      const mac = createHmac("sha256", Buffer.from(keys.keys[0]?.x ?? "", "base64url"))
        .update(hs)
        .digest("base64url");
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
      claims.chaperone[0].sub = "care-summary-agent";
      for (const token of [
        `${encode({ alg: "none", typ: "at+jwt", kid })}.${payload}.${signature}`,
        `${hs}.${mac}`,
        `${encode({ alg: "EdDSA", typ: "at+jwt", kid: "../../etc/passwd" })}.${payload}.${signature}`,
        `${encode({ alg: "EdDSA", typ: "at+jwt" })}.${payload}.${signature}`,
        `${head}.${encode(claims)}.${signature}`,
      ])
        assert.equal((await query(token)).status, 401);
    });
  });

  it("records what it gives and what it refuses, without a token in ledger or answer", async () => {
    const subject = await rig.token("care-summary-agent");
    const { body } = await exchange("care-summary-agent", { subject_token: subject });
    await exchange("care-summary-agent", { subject_token: `${subject}x` });
    assert.ok((await events("credential.refused")).some((event) => event.door === "oauth"));
    const ledger = (await rig.gateway.store.db.selectFrom("ledger_entries").select("bytes").execute())
      .map(({ bytes }) => Buffer.from(bytes).toString())
      .join();
    for (const token of [subject, String(body.access_token)]) assert.ok(!ledger.includes(token.slice(0, 60)));
  });

  describe("on behalf of another agent", () => {
    const delegated = async (actor: string, subject: string) => {
      const { body } = await exchange(subject, {
        actor_token: await rig.token(actor),
        actor_token_type: `${TYPE}jwt`,
      });
      return String(body.access_token);
    };
    const ssn = `SELECT ssn FROM \`${PROJECT}.ehr.patients\` LIMIT 1`;

    it("acts as itself, and is recorded with the one it acts for", async () => {
      const token = await delegated("care-summary-agent", "research-agent");
      assert.equal((await query(token)).status, 200);
      const received = (await events("session.received")).at(-1);
      assert.equal(received.agent.subject, "care-summary-agent");
      assert.deepEqual(
        received.onBehalfOf.map((one: { subject: string }) => one.subject),
        ["research-agent"],
      );
      const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
      assert.equal(claims.sub, "research-agent");
      assert.deepEqual(claims.act.sub, "care-summary-agent");
    });

    it("may do what both may, and nothing that only one of them may", async () => {
      // No table is told of to who may know of none.
      assert.equal((await query(await rig.token("rogue-agent"), ssn)).status, 400);
      for (const [actor, subject] of [
        ["care-summary-agent", "rogue-agent"],
        ["rogue-agent", "care-summary-agent"],
      ] as const)
        assert.equal((await query(await delegated(actor, subject), ssn)).status, 400, `${actor} for ${subject}`);
    });

    it("isn't prolonged, isn't for itself, and its chain has an end", async () => {
      const itself = await exchange("rogue-agent", {
        actor_token: await rig.token("rogue-agent"),
        actor_token_type: `${TYPE}jwt`,
      });
      assert.equal(itself.status, 400);
      const token = await delegated("care-summary-agent", "research-agent");
      assert.equal((await exchange("rogue-agent", { subject_token: token })).status, 400);
      const back = await exchange("rogue-agent", {
        subject_token: token,
        actor_token: await rig.token("research-agent"),
        actor_token_type: `${TYPE}jwt`,
      });
      assert.equal(back.status, 400);
    });
  });
});
