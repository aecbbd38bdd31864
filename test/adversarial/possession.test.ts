/** Row 45: what somebody makes of a bound token that they saw, or of a proof that they saw (RFC 9449, section 11). */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { connect } from "node:http2";
import { after, before, describe, it } from "node:test";
import { ProofKey } from "../proof.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { Attacker } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";
import { rawExchange } from "./raw-http.ts";

const PUBLIC_URL = "https://chaperone.demo.example";
const PROJECTS = "/bigquery/v2/projects";
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
/** What gcloud sends, which means nothing. */
const GCLOUD = `Basic ${Buffer.from("32555940559.apps.googleusercontent.com:x").toString("base64")}`;
const JWT = "urn:ietf:params:oauth:token-type:jwt";

describe("row 45: a token that is bound to a key", () => {
  let rig: Rig;
  let secrets: ProtectedValues;
  let anyone: Attacker;
  const mine = new ProofKey();
  const other = new ProofKey();
  let token: string;
  before(async () => {
    rig = await startRig({ patients: 12 });
    secrets = await protectedValues(rig);
    anyone = new Attacker(rig, "none", secrets);
    token = (await bound(mine)).token;
  });
  after(async () => {
    anyone.close();
    await rig.close();
  });

  async function exchange(headers: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}) {
    const form = {
      grant_type: EXCHANGE,
      subject_token: await rig.token("care-summary-agent"),
      subject_token_type: JWT,
    };
    const answer = await anyone.send("POST", "/token", {
      body: new URLSearchParams({ ...form, ...more }).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", authorization: GCLOUD, ...headers },
    });
    return { status: answer.status, body: JSON.parse(answer.body) as Record<string, string> };
  }
  async function bound(key: ProofKey) {
    const { status, body } = await exchange({ dpop: key.proof("POST", `${PUBLIC_URL}/token`, undefined) });
    assert.equal(status, 200, JSON.stringify(body));
    return { token: body.access_token ?? "", type: body.token_type };
  }
  async function ask(authorization: string, dpop?: string, path = PROJECTS) {
    const headers = { authorization, ...(dpop === undefined ? {} : { dpop }) };
    return anyone.send("GET", path, { headers });
  }
  const proof = (claims: object = {}, header: object = {}, key = mine) =>
    key.proof("GET", `${PUBLIC_URL}${PROJECTS}`, token, { ...claims }, { ...header });
  async function refused(dpop: string | undefined, why: RegExp, authorization = `DPoP ${token}`): Promise<void> {
    const answer = await ask(authorization, dpop);
    assert.equal(answer.status, 401, answer.body);
    assert.match(answer.body, why);
    assert.match(String(answer.headers["www-authenticate"]), /^DPoP .*algs="ES256/);
  }

  it("is given for a proof, and taken with another one by the same key", async () => {
    assert.equal((await bound(mine)).type, "DPoP");
    assert.equal((await ask(`DPoP ${token}`, proof())).status, 200);
    assert.equal((await ask(`dpop ${token}`, proof({}, {}), `${PROJECTS}?maxResults=1`)).status, 200);
    const answer = await anyone.send("POST", `${PROJECTS}/${PROJECT}/queries`, {
      body: { query: `SELECT * FROM \`${PROJECT}.ops.calendar\` LIMIT 1`, useLegacySql: false },
      headers: {
        authorization: `DPoP ${token}`,
        dpop: mine.proof("POST", `${PUBLIC_URL}${PROJECTS}/${PROJECT}/queries`, token),
      },
    });
    assert.equal(answer.status, 200, answer.body);
  });

  it("says so in its metadata and introspection", async () => {
    const metadata = JSON.parse((await ask("", undefined, "/.well-known/oauth-authorization-server")).body);
    assert.ok(metadata.dpop_signing_alg_values_supported.includes("ES256"));
    assert.ok(metadata.dpop_signing_alg_values_supported.every((alg: string) => !/^(none|HS)/.test(alg)));
    const told = await anyone.send("POST", "/introspect", {
      body: new URLSearchParams({ token }).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", authorization: GCLOUD },
    });
    const { active, token_type, cnf } = JSON.parse(told.body);
    assert.deepEqual({ active, token_type, cnf }, { active: true, token_type: "DPoP", cnf: { jkt: mine.jkt } });
  });

  it("is refused as Bearer, without a proof, or with two", async () => {
    await refused(undefined, /not Bearer/, `Bearer ${token}`);
    await refused(proof(), /not Bearer/, `Bearer ${token}`);
    await refused(undefined, /bound to a key/);
    await refused(`${proof()}, ${proof()}`, /compact form/);
    const twice = await rawExchange(
      rig.url,
      `GET ${PROJECTS} HTTP/1.1\r\nHost: x\r\nAuthorization: DPoP ${token}\r\nDPoP: ${proof()}\r\nDPoP: ${proof()}\r\nConnection: close\r\n\r\n`,
    );
    assert.match(twice.bytes, /^HTTP\/1\.1 400/);
  });

  it("is refused with a proof by another key, or for another request", async () => {
    await refused(proof({}, {}, other), /bound to a key/);
    await refused(proof({}, { jwk: other.jwk }), /signature/);
    for (const htm of ["POST", "get", "", undefined, ["GET"]]) await refused(proof({ htm }), /htm/);
    for (const htu of [
      `${PUBLIC_URL}/token`,
      `${PUBLIC_URL}${PROJECTS}/`,
      `${rig.url}${PROJECTS}`,
      `https://evil.example${PROJECTS}`,
      `https://a@chaperone.demo.example${PROJECTS}`,
      `${PUBLIC_URL}/x/..${PROJECTS}`,
      `http://chaperone.demo.example${PROJECTS}`,
      PROJECTS,
      [`${PUBLIC_URL}${PROJECTS}`],
      undefined,
    ])
      await refused(proof({ htu }), /htu/);
  });

  it("is refused with a proof for another token, or for none", async () => {
    const { token: second } = await bound(mine);
    await refused(mine.proof("GET", `${PUBLIC_URL}${PROJECTS}`, second), /ath/);
    for (const ath of [undefined, "", token]) await refused(proof({ ath }), /ath/);
  });

  it("is refused with a proof out of its time", async () => {
    const now = Math.floor(Date.now() / 1000);
    for (const iat of [now - 70, now + 40, 0, undefined, "now", null, 1e300])
      await refused(proof({ iat }), /`iat`|in its time/);
    await refused(proof({ exp: now - 5 }), /in its time/);
  });

  it("is refused with a proof that was sent before, of ten at once, and after a restart", async () => {
    const once = proof();
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(`DPoP ${token}`, once)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(9).fill(401)]);
    await refused(once, /used before/);
    await rig.restart();
    await refused(once, /used before/);
    for (const jti of ["", 7, undefined, "x".repeat(257)]) await refused(proof({ jti }), /jti/);
    const request = mine.proof("POST", `${PUBLIC_URL}/token`, undefined);
    assert.equal((await exchange({ dpop: request })).status, 200);
    const again = await exchange({ dpop: request });
    assert.deepEqual([again.status, again.body.error], [400, "invalid_dpop_proof"]);
  });

  it("is refused with a proof whose header says anything else", async () => {
    const unsigned = (alg: string, signature: (body: string) => string) => {
      const [, payload] = proof().split(".");
      const body = `${Buffer.from(JSON.stringify({ typ: "dpop+jwt", alg, jwk: mine.jwk })).toString("base64url")}.${payload}`;
      return `${body}.${signature(body)}`;
    };
    await refused(
      unsigned("none", () => "AA"),
      /algorithm/,
    );
    const mac = (body: string) =>
      createHmac("sha256", mine.jwk.x ?? "")
        .update(body)
        .digest("base64url");
    await refused(unsigned("HS256", mac), /algorithm/);
    await refused(proof({}, { jwk: { kty: "oct", k: "AAAA" } }), /public key/);
    await refused(proof({}, { jwk: mine.privateJwk }), /private key/);
    await refused(proof({}, { jwk: undefined }), /public key/);
    await refused(proof({}, { jwk: { ...mine.jwk, x: "A".repeat(701) } }), /too long/);
    for (const typ of ["JWT", "at+jwt", undefined, "DPOP+JWT"]) await refused(proof({}, { typ }), /typ/);
    for (const more of [{ crit: ["exp"] }, { jku: "https://evil.example" }, { x5c: [] }, { b64: false }])
      await refused(proof({}, more), /more than its key/);
    await refused("x", /compact form/);
    await refused(`${proof()}${"A".repeat(4096)}`, /compact form/);
  });

  it("doesn't become a bearer token: not by exchange, not as somebody's actor or subject", async () => {
    const plain = await exchange({}, { subject_token: token });
    assert.equal(plain.status, 400);
    const forIt = await exchange(
      {},
      { subject_token: token, actor_token: await rig.token("research-agent"), actor_token_type: JWT },
    );
    assert.match(forIt.body.error_description ?? "", /subject token is bound/);
    const asActor = { subject_token: await rig.token("research-agent"), actor_token: token, actor_token_type: JWT };
    assert.match((await exchange({}, asActor)).body.error_description ?? "", /bound to a key/);
    const stolen = { dpop: other.proof("POST", `${PUBLIC_URL}/token`, undefined) };
    assert.match((await exchange(stolen, asActor)).body.error_description ?? "", /bound to a key/);
    const own = await exchange({ dpop: mine.proof("POST", `${PUBLIC_URL}/token`, undefined) }, asActor);
    assert.equal(own.body.token_type, "DPoP", JSON.stringify(own.body));
  });

  it("leaves bearer tokens what they were, and takes none by the other scheme", async () => {
    const plain = await exchange({});
    assert.equal(plain.body.token_type, "Bearer");
    const free = plain.body.access_token ?? "";
    assert.equal((await ask(`Bearer ${free}`)).status, 200);
    await refused(mine.proof("GET", `${PUBLIC_URL}${PROJECTS}`, free), /bound to no key/, `DPoP ${free}`);
    await refused(mine.proof("GET", `${PUBLIC_URL}${PROJECTS}`, free), /bound to no key/, `Bearer ${free}`);
    const wrong = await exchange({ dpop: mine.proof("POST", `${PUBLIC_URL}/introspect`, undefined) });
    assert.equal(wrong.body.error, "invalid_dpop_proof");
  });

  it("is asked for likewise at the Storage Read API", async () => {
    const path = "/google.cloud.bigquery.storage.v1.BigQueryRead/CreateReadSession";
    const url = rig.gateway.storageUrl ?? "";
    const session = connect(url);
    const status = (authorization: string, dpop: string | readonly string[] = []) =>
      new Promise<number>((resolve, reject) => {
        const headers = { authorization, dpop: [...(typeof dpop === "string" ? [dpop] : dpop)] };
        const stream = session.request({
          ":method": "POST",
          ":path": path,
          "content-type": "application/grpc",
          te: "trailers",
          ...headers,
        });
        stream.once("error", reject);
        stream.on("response", (fields) => {
          if (fields["grpc-status"] !== undefined) resolve(Number(fields["grpc-status"]));
        });
        stream.on("trailers", (fields) => resolve(Number(fields["grpc-status"])));
        stream.resume();
        stream.end(Buffer.alloc(5));
      });
    const made = (claims: object = {}, key = mine) => key.proof("POST", `${url}${path}`, token, { ...claims });
    const unauthenticated = 16;
    try {
      // An empty request isn't one: whoever gets this far was let in.
      assert.equal(await status(`DPoP ${token}`, made()), 3);
      const once = made();
      assert.equal(await status(`DPoP ${token}`, once), 3);
      assert.equal(await status(`DPoP ${token}`, once), unauthenticated);
      assert.equal(await status(`Bearer ${token}`, made()), unauthenticated);
      assert.equal(await status(`DPoP ${token}`), unauthenticated);
      assert.equal(await status(`DPoP ${token}`, [made(), made()]), unauthenticated);
      assert.equal(await status(`DPoP ${token}`, made({}, other)), unauthenticated);
      assert.equal(await status(`DPoP ${token}`, made({ htu: `${PUBLIC_URL}${path}` })), unauthenticated);
    } finally {
      session.close();
    }
  });

  it("falls with its key, and so does the next one for that key", async () => {
    const lost = new ProofKey();
    const { token: doomed } = await bound(lost);
    const sent = () => ask(`DPoP ${doomed}`, lost.proof("GET", `${PUBLIC_URL}${PROJECTS}`, doomed));
    assert.equal((await sent()).status, 200);
    await rig.person("sam.sponsor").post("agents/revoke", { kind: "proof-key", "proof-key": lost.jkt, reason: "lost" });
    const answer = await sent();
    assert.equal(answer.status, 401);
    assert.match(answer.body, /revoked/);
    const next = await exchange({ dpop: lost.proof("POST", `${PUBLIC_URL}/token`, undefined) });
    assert.match(next.body.error_description ?? "", /revoked/);
    assert.equal((await ask(`DPoP ${token}`, proof())).status, 200);
  });
});
