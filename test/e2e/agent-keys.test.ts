/** Kinds B and C: keys of the agent's own (RFC 7523, and self-signed tokens), and what revokes them. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { BigQuery } from "@google-cloud/bigquery";
import { credentialFile, makeKey, writeCredential } from "../../packages/cli/src/print/agent-credential.ts";
import type { ApprovalSummary, ApprovalView } from "../../packages/gateway/src/index.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const PUBLIC_URL = "https://chaperone.demo.example";
const HOST = "chaperone.demo.example";
const GOOGLE = "https://oauth2.googleapis.com/token";
const SCOPE = "https://www.googleapis.com/auth/bigquery";
/** A Python that has the official client, if there is one. */
const PYTHON = process.env.CHAPERONE_PYTHON ?? "python3";
const hasPython = spawnSync(PYTHON, ["-c", "import google.cloud.bigquery"]).status === 0;
const CALENDAR = `SELECT * FROM \`${PROJECT}.ops.calendar\` LIMIT 3`;

interface Agent {
  readonly subject: string;
  readonly kid: string;
  readonly privateKey: string;
}

describe("an agent's own keys", () => {
  let rig: Rig;
  let folder: string;
  let agent: Agent;
  before(async () => {
    rig = await startRig({ patients: 30 });
    folder = mkdtempSync(join(tmpdir(), "chaperone-keys-"));
    agent = await added("keyed");
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await rig.close();
  });

  const sponsor = () => ({ issuer: rig.identityProvider.issuer, subject: "sam.sponsor" });
  async function added(name: string, subject = "sam.sponsor"): Promise<Agent> {
    const { publicKey, privateKey } = makeKey();
    const made = await rig.person("sam.sponsor").post<{ subject: string; kid: string }>("agents/add", {
      name,
      sponsor: { ...sponsor(), subject },
      groups: ["clinical-agents"],
      key: { publicKey, days: 30 },
    });
    return { ...made, privateKey };
  }
  function fileOf({ subject, kid, privateKey }: Agent, kind: "key" | "self-signed"): string {
    const path = join(folder, `${kid}-${kind}-${Math.random()}.json`);
    // The rig's public URL is nobody's: the file points at where the gateway listens.
    const content = credentialFile({ kind, publicUrl: PUBLIC_URL, subject, kid, privateKey });
    writeCredential(path, content.replace(`${PUBLIC_URL}/token`, `${rig.url}/token`));
    return path;
  }
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  function signed({ subject, kid, privateKey }: Agent, claims: object = {}, header: object = {}): string {
    const now = Math.floor(Date.now() / 1000);
    const body = `${encode({ alg: "RS256", typ: "JWT", kid, ...header })}.${encode({ iss: subject, iat: now, exp: now + 3600, ...claims })}`;
    return `${body}.${sign("sha256", Buffer.from(body), createPrivateKey(privateKey)).toString("base64url")}`;
  }
  const bearer = (of: Agent, claims: object = {}, header: object = {}) =>
    signed(of, { sub: of.subject, scope: SCOPE, ...claims }, header);
  const query = async (token: string) =>
    (
      await fetch(`${rig.url}/bigquery/v2/projects/${PROJECT}/queries`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ query: CALENDAR, useLegacySql: false }),
      })
    ).status;
  async function assertion(token: string): Promise<{ status: number; token: string; description: string }> {
    const response = await fetch(`${rig.url}/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: token }),
    });
    const body = (await response.json()) as Record<string, string>;
    return { status: response.status, token: body.access_token ?? "", description: body.error_description ?? "" };
  }

  it("lie in a file for its owner alone, never written over", () => {
    const path = fileOf(agent, "key");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.throws(() => writeCredential(path, "x"), /EEXIST/);
  });

  it("B: an assertion gives an access token, for our audience and for Google's", async () => {
    for (const aud of [GOOGLE, `${PUBLIC_URL}/token`]) {
      const { status, token } = await assertion(signed(agent, { aud, scope: SCOPE }));
      assert.equal(status, 200);
      assert.equal(await query(token), 200);
    }
  });

  it("C: a token that the agent signs is a bearer token, by scope or for the API", async () => {
    assert.equal(await query(bearer(agent)), 200);
    for (const aud of [PUBLIC_URL, `https://bigquery.${HOST}/`, "https://bigquery.googleapis.com/"])
      assert.equal(await query(bearer(agent, { aud, scope: undefined })), 200, aud);
  });

  it("C: the Node client, unchanged", async () => {
    const keyFilename = fileOf(agent, "self-signed");
    const client = new BigQuery({ projectId: PROJECT, apiEndpoint: rig.url, keyFilename, universeDomain: HOST });
    const [rows] = await client.query(CALENDAR);
    assert.equal(rows.length, 3);
  });

  const python = async (file: string, env: Record<string, string> = {}) => {
    const program = `
import sys
from google.cloud import bigquery
client = bigquery.Client(project=sys.argv[2], client_options={"api_endpoint": sys.argv[1]})
print(len(list(client.query(sys.argv[3]).result())))
`;
    const child = spawn(PYTHON, ["-c", program, rig.url, PROJECT, CALENDAR], {
      env: { ...process.env, GOOGLE_APPLICATION_CREDENTIALS: file, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    assert.equal(out.trim(), "3", err.slice(-2000));
  };
  const skip = hasPython ? false : "no Python with google-cloud-bigquery (CHAPERONE_PYTHON names one)";

  it("A: the Python client, unchanged", { skip }, async () => {
    const token = join(folder, "token");
    const file = join(folder, "external.json");
    writeFileSync(token, await rig.token("care-summary-agent"));
    const content = credentialFile({ kind: "token-file", publicUrl: PUBLIC_URL, subject: "", tokenFile: token });
    writeFileSync(file, content.replaceAll(`"${PUBLIC_URL}/`, `"${rig.url}/`));
    await python(file);
  });

  it("B: the Python client, unchanged", { skip }, () => python(fileOf(agent, "key")));

  it("C: the Python client, unchanged", { skip }, () =>
    python(fileOf(agent, "self-signed"), { GOOGLE_CLOUD_UNIVERSE_DOMAIN: HOST }),
  );

  describe("refuses", () => {
    it("assertions for others, too long, expired, of the future, without audience or for several, for somebody else", async () => {
      const now = Math.floor(Date.now() / 1000);
      for (const claims of [
        { aud: "https://elsewhere.example/token" },
        { aud: `${GOOGLE}/` },
        {},
        { aud: [GOOGLE, "https://elsewhere.example"] },
        { aud: GOOGLE, exp: now + 3700 },
        { aud: GOOGLE, iat: now - 3700, exp: now - 100 },
        { aud: GOOGLE, nbf: now + 1000 },
        { aud: GOOGLE, iat: now + 1000, exp: now + 2000 },
        { aud: GOOGLE, iat: undefined },
        { aud: GOOGLE, sub: "care-summary-agent" },
        { aud: GOOGLE, iss: `other@${HOST}` },
        { aud: GOOGLE, target_audience: "https://elsewhere.example" },
        { aud: GOOGLE, act: { sub: "care-summary-agent" } },
      ])
        assert.equal((await assertion(signed(agent, claims))).status, 400, JSON.stringify(claims));
    });

    it("an assertion whose jti was used", async () => {
      const token = signed(agent, { aud: GOOGLE, jti: "once" });
      assert.equal((await assertion(token)).status, 200);
      const again = await assertion(token);
      assert.equal(again.status, 400);
      assert.match(again.description, /used before/);
    });

    it("an assertion as bearer, a bearer as assertion or as subject token", async () => {
      assert.equal(await query(signed(agent, { sub: agent.subject, aud: GOOGLE, scope: SCOPE })), 401);
      assert.equal((await assertion(bearer(agent))).status, 400);
      const exchanged = await fetch(`${rig.url}/token`, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
          subject_token: bearer(agent),
          subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        }),
      });
      assert.equal(exchanged.status, 400);
    });

    it("alg none, HS256 with the public key, a stranger's key, another agent's key, tricks with kid", async () => {
      const other = await added("other");
      const [head = "", body = ""] = bearer(agent).split(".");
      const pem = createPublicKey(agent.privateKey).export({ type: "spki", format: "pem" });
      const hs = `${encode({ alg: "HS256", typ: "JWT", kid: agent.kid })}.${body}`;
      const { privateKey } = generateKeyPairSync("rsa", {
        modulusLength: 2048,
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
      });
      for (const token of [
        `${encode({ alg: "none", kid: agent.kid })}.${body}.AA`,
        `${hs}.${createHmac("sha256", pem).update(hs).digest("base64url")}`,
        bearer({ ...agent, privateKey }),
        bearer({ ...agent, privateKey: other.privateKey }),
        bearer({ ...agent, privateKey: other.privateKey, kid: other.kid }),
        bearer(agent, {}, { kid: undefined }),
        bearer(agent, {}, { kid: "' OR 1=1 --" }),
        bearer(agent, {}, { jwk: { kty: "RSA" } }),
        bearer(agent, {}, { typ: "at+jwt" }),
        bearer(agent, { iss: PUBLIC_URL }),
        `${head}.${body}.AA`,
      ])
        assert.equal(await query(token), 401);
    });

    it("a weak key, one known already, an agent that has another identity, a sponsor of nobody's", async () => {
      const post = (body: object) =>
        rig.person("sam.sponsor").post("agents/add", { name: "weak", sponsor: sponsor(), ...body });
      const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({
        type: "spki",
        format: "pem",
      });
      const known = createPublicKey(agent.privateKey).export({ type: "spki", format: "pem" });
      await assert.rejects(post({ key: { publicKey: weak, days: 1 } }), /2048/);
      await assert.rejects(post({ key: { publicKey: known, days: 1 } }), /registered already/);
      await assert.rejects(post({ key: { publicKey: agent.privateKey, days: 1 } }), /2048/);
      await assert.rejects(post({}), /either/);
      const identity = { issuer: rig.identityProvider.issuer, subject: "x" };
      await assert.rejects(post({ identity, sponsor: { issuer: PUBLIC_URL, subject: "x" } }), /people/);
      await assert.rejects(
        rig.person("dana.officer").post("agents/add", { name: "x", sponsor: sponsor(), identity }),
        /data-platform/,
      );
    });

    it("the decision of who entered the agent: they may hold its key (I7)", async () => {
      const token = bearer(await added("entered", "avery.auditor"));
      const answer = fetch(`${rig.url}/bigquery/v2/projects/${PROJECT}/queries`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({
          query: `SELECT full_name FROM \`${PROJECT}.ehr.patients\` LIMIT 1`,
          useLegacySql: false,
          timeoutMs: 100,
        }),
      });
      const view = await rig.pending(rig.person("dana.officer"));
      await assert.rejects(
        rig.person("sam.sponsor").post(`approvals/${view.id}/decisions`, {
          decision: "approve",
          reason: "my own",
          binding: view.binding,
        }),
        /you entered this agent/,
      );
      assert.equal((await answer).status, 200);
    });
  });

  describe("revocation holds from the next request on", () => {
    const administrator = () => rig.person("sam.sponsor");
    const within = async (work: () => Promise<unknown>, token: string) => {
      assert.equal(await query(token), 200);
      const began = performance.now();
      await work();
      assert.equal(await query(token), 401);
      assert.ok(performance.now() - began < 1000, "it took more than a second");
    };

    it("of a key: its own tokens, and the access tokens that rest on it", async () => {
      const one = await added("revoked-key");
      const { token } = await assertion(signed(one, { aud: GOOGLE }));
      await within(() => administrator().post("agents/revoke-key", { kid: one.kid, reason: "lost laptop" }), token);
      assert.equal(await query(bearer(one)), 401);
      assert.equal((await assertion(signed(one, { aud: GOOGLE }))).status, 400);
      // Another key of the same agent is another key.
      assert.equal(await query(bearer(await added("revoked-key"))), 200);
    });

    it("of a key, while its agent's query waits for approval: it isn't run", async () => {
      const one = await added("waiting");
      await fetch(`${rig.url}/bigquery/v2/projects/${PROJECT}/queries`, {
        method: "POST",
        headers: { authorization: `Bearer ${bearer(one)}`, "content-type": "application/json" },
        body: JSON.stringify({
          query: `SELECT ssn FROM \`${PROJECT}.ehr.patients\` LIMIT 1`,
          useLegacySql: false,
          timeoutMs: 100,
        }),
      });
      const { approvals } = await rig
        .person("dana.officer")
        .get<{ approvals: ApprovalSummary[] }>("approvals?state=pending");
      const waiting = approvals.find(({ agent }) => agent === "waiting");
      const view = await rig.person("dana.officer").get<ApprovalView>(`approvals/${waiting?.id}`);
      await administrator().post("agents/revoke-key", { kid: one.kid, reason: "lost laptop" });
      const { binding, session } = view;
      await rig
        .person("dana.officer")
        .post(`approvals/${view.id}/decisions`, { decision: "approve", reason: "test", binding });
      const deadline = Date.now() + 5000;
      let state = "approved";
      while (state === "approved" && Date.now() < deadline) {
        const row = await rig.gateway.store.db
          .selectFrom("sessions")
          .select("state")
          .where("id", "=", session)
          .executeTakeFirstOrThrow();
        state = row.state;
        await new Promise((tick) => setTimeout(tick, 25));
      }
      assert.equal(state, "denied");
      assert.ok(!rig.warehouse.requests.some((r) => JSON.stringify(r.body).includes(session)));
    });

    it("of a token by its id", async () => {
      const token = bearer(agent, { jti: "leaked" });
      await within(
        () => administrator().post("agents/revoke", { kind: "token", token: "leaked", reason: "leaked in a log" }),
        token,
      );
      assert.equal(await query(bearer(agent)), 200);
    });

    it("of an issuer that nobody has, or of its people, is refused: it would be said to be done and refuse nobody", async () => {
      const revoked = () => rig.gateway.store.db.selectFrom("revocations").select(["kind", "id"]).execute();
      const before = await revoked();
      const { subject } = sponsor();
      for (const issuer of ["", `${PUBLIC_URL}/`, PUBLIC_URL.toUpperCase()]) {
        for (const what of [
          { kind: "issuer", issuer },
          { kind: "sponsor", sponsor: { issuer, subject } },
        ])
          await assert.rejects(administrator().post("agents/revoke", { ...what, reason: "a typing error" }), {
            status: 400,
          });
      }
      assert.deepEqual(await revoked(), before);
    });

    it("of a name of no key says what is asked for", async () => {
      const [kid, thumbprint] = [
        { kid: "laptop", reason: "lost laptop" },
        { kind: "proof-key", "proof-key": "laptop", reason: "lost laptop" },
      ];
      await assert.rejects(
        administrator().post("agents/revoke-key", kid),
        /\(give a key's id, as the list of keys has it\)/,
      );
      await assert.rejects(
        administrator().post("agents/revoke", thumbprint),
        /\(give a thumbprint, as boundTo in the ledger has it\)/,
      );
    });

    it("of a sponsor, and of an issuer, with all their agents", async () => {
      const rogue = await rig.token("rogue-agent");
      // Administrators are people of the same issuer here: what is revoked is the agents' issuer, the gateway's own.
      await within(
        () => administrator().post("agents/revoke", { kind: "issuer", issuer: PUBLIC_URL, reason: "stolen keys" }),
        bearer(agent),
      );
      await within(
        () =>
          administrator().post("agents/revoke", { kind: "sponsor", sponsor: sponsor(), reason: "left the company" }),
        rogue,
      );
    });
  });
});
