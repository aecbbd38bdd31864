/** Threat-model row 45: proofs that somebody made ahead of time, where they must carry the gateway's nonce (RFC 9449, sections 8 and 9). */
import assert from "node:assert/strict";
import { connect } from "node:http2";
import { after, before, describe, it } from "node:test";
import { ProofKey } from "../proof.ts";
import { type Rig, startRig } from "../rig.ts";
import { type Answer, Attacker } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

const PUBLIC_URL = "https://chaperone.demo.example";
const PROJECTS = "/bigquery/v2/projects";
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT = "urn:ietf:params:oauth:token-type:jwt";
/** What gcloud sends, which means nothing. */
const GCLOUD = `Basic ${Buffer.from("32555940559.apps.googleusercontent.com:x").toString("base64")}`;

describe("row 45: a proof without the gateway's nonce", () => {
  let rig: Rig;
  let secrets: ProtectedValues;
  let anyone: Attacker;
  const mine = new ProofKey();
  before(async () => {
    rig = await startRig({ patients: 12, config: { tokens: { dpop_nonces: true } } });
    secrets = await protectedValues(rig);
    anyone = new Attacker(rig, "none", secrets);
  });
  after(async () => {
    anyone.close();
    await rig.close();
  });

  const nonceOf = ({ headers }: Answer): string => {
    const nonce = headers["dpop-nonce"];
    assert.ok(typeof nonce === "string" && /^[\x21\x23-\x5b\x5d-\x7e]{20,}$/.test(nonce), "no DPoP-Nonce");
    return nonce;
  };
  async function exchange(dpop: string | undefined): Promise<Answer> {
    const form = {
      grant_type: EXCHANGE,
      subject_token: await rig.token("care-summary-agent"),
      subject_token_type: JWT,
    };
    return anyone.send("POST", "/token", {
      body: new URLSearchParams(form).toString(),
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        authorization: GCLOUD,
        ...(dpop === undefined ? {} : { dpop }),
      },
    });
  }
  const forToken = (claims: object = {}, key = mine) =>
    key.proof("POST", `${PUBLIC_URL}/token`, undefined, { ...claims });
  const ask = (token: string, dpop: string) =>
    anyone.send("GET", PROJECTS, { headers: { authorization: `DPoP ${token}`, dpop } });
  const forProjects = (token: string, claims: object = {}) =>
    mine.proof("GET", `${PUBLIC_URL}${PROJECTS}`, token, { ...claims });
  async function bound(): Promise<{ token: string; nonce: string }> {
    const nonce = nonceOf(await exchange(forToken()));
    const answer = await exchange(forToken({ nonce }));
    assert.equal(answer.status, 200, answer.body);
    return { token: (JSON.parse(answer.body) as { access_token: string }).access_token, nonce: nonceOf(answer) };
  }
  /** What the ledger says of refusals, without those before. */
  async function refusals(before: number): Promise<readonly { readonly code: string; readonly door: string }[]> {
    const entries = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select("bytes")
      .where("type", "=", "credential.refused")
      .orderBy("idx")
      .offset(before)
      .limit(100)
      .execute();
    return entries.map(({ bytes }) => {
      const { data } = JSON.parse(Buffer.from(bytes).toString()) as { data: { code: string; door: string } };
      return { code: data.code, door: data.door };
    });
  }

  it("gets no token, and is told the nonce; the refusal is in the ledger", async () => {
    const before = (await refusals(0)).length;
    const answer = await exchange(forToken());
    assert.equal(answer.status, 400);
    const { error, access_token } = JSON.parse(answer.body);
    assert.deepEqual([error, access_token], ["use_dpop_nonce", undefined]);
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.equal((await exchange(forToken({ nonce: nonceOf(answer) }))).status, 200);
    assert.deepEqual(await refusals(before), [{ code: "nonce", door: "oauth" }]);
  });

  it("opens no door, and is told likewise there", async () => {
    const { token, nonce } = await bound();
    const before = (await refusals(0)).length;
    const answer = await ask(token, forProjects(token));
    assert.equal(answer.status, 401);
    assert.match(String(answer.headers["www-authenticate"]), /^DPoP .*error="use_dpop_nonce"/);
    assert.equal((await ask(token, forProjects(token, { nonce: "made-up" }))).status, 401);
    const here = { code: "nonce", door: "bigquery-rest" };
    assert.deepEqual(await refusals(before), [here, here]);
    for (const one of [nonce, nonceOf(answer)])
      assert.equal((await ask(token, forProjects(token, { nonce: one }))).status, 200);
    const taken = await ask(token, forProjects(token, { nonce }));
    // The minute's, which can have been another one's before it.
    const next = await ask(token, forProjects(token));
    assert.ok([nonceOf(answer), nonceOf(next)].includes(nonceOf(taken)));
  });

  it("isn't helped by a nonce of its own, of another kind, or of before a restart", async () => {
    const { token, nonce } = await bound();
    for (const wrong of ["", "x", nonce.slice(1), `${nonce}x`, [nonce], { nonce }, 7, null, true])
      assert.match((await ask(token, forProjects(token, { nonce: wrong }))).body, /nonce/, JSON.stringify(wrong));
    await rig.restart();
    const answer = await ask(token, forProjects(token, { nonce }));
    assert.equal(answer.status, 401);
    assert.equal((await ask(token, forProjects(token, { nonce: nonceOf(answer) }))).status, 200);
  });

  it("is told what else is wrong first, and a proof is still taken once", async () => {
    const { token } = await bound();
    const wrong = await ask(token, forProjects(token, { htm: "POST" }));
    assert.match(String(wrong.headers["www-authenticate"]), /invalid_dpop_proof/);
    const once = forProjects(token, { nonce: nonceOf(wrong) });
    assert.equal((await ask(token, once)).status, 200);
    assert.match((await ask(token, once)).body, /used before/);
  });

  it("bearer tokens need none, and are told none", async () => {
    const answer = await exchange(undefined);
    assert.equal(answer.status, 200);
    const { access_token } = JSON.parse(answer.body);
    const asked = await anyone.send("GET", PROJECTS, { headers: { authorization: `Bearer ${access_token}` } });
    assert.deepEqual([asked.status, asked.headers["dpop-nonce"]], [200, undefined]);
  });

  it("is asked for likewise at the Storage Read API", async () => {
    const path = "/google.cloud.bigquery.storage.v1.BigQueryRead/CreateReadSession";
    const url = rig.gateway.storageUrl ?? "";
    const { token } = await bound();
    const session = connect(url);
    const call = (claims: object) =>
      new Promise<{ readonly status: number; readonly nonce: unknown }>((resolve, reject) => {
        const stream = session.request({
          ":method": "POST",
          ":path": path,
          "content-type": "application/grpc",
          te: "trailers",
          authorization: `DPoP ${token}`,
          dpop: mine.proof("POST", `${url}${path}`, token, { ...claims }),
        });
        const read = (fields: object) => {
          const { "grpc-status": status, "dpop-nonce": nonce } = fields as Record<string, unknown>;
          if (status !== undefined) resolve({ status: Number(status), nonce });
        };
        stream.once("error", reject);
        stream.on("response", read);
        stream.on("trailers", read);
        stream.resume();
        stream.end(Buffer.alloc(5));
      });
    try {
      const before = (await refusals(0)).length;
      const { status, nonce } = await call({});
      assert.equal(status, 16);
      assert.deepEqual(await refusals(before), [{ code: "nonce", door: "bigquery-storage" }]);
      // An empty request isn't one: whoever gets this far was let in.
      assert.equal((await call({ nonce })).status, 3);
    } finally {
      session.close();
    }
  });

  it("isn't asked to hurry, and can't wait: a nonce is good for minutes, whatever time the proof says", async () => {
    const { token, nonce } = await bound();
    let ahead = 0;
    const later = (ms: number) => {
      ahead += ms;
      rig.advance(ms);
    };
    const now = () => Math.floor((Date.now() + ahead) / 1000);
    later(90_000);
    assert.equal((await ask(token, forProjects(token, { nonce, iat: now() }))).status, 200);
    later(120_000);
    const answer = await ask(token, forProjects(token, { nonce, iat: now() }));
    assert.equal(answer.status, 401);
    assert.notEqual(nonceOf(answer), nonce);
  });
});
