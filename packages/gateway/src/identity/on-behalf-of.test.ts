/** examples/on-behalf-of.yaml against tokens of the form that it asks for, signed by a key of the test's. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadConfig } from "../config/index.ts";
import { openStore, type Store } from "../store/store.ts";
import { createIdentity, type Identity } from "./index.ts";
import { CredentialError } from "./principal.ts";
import { sign, type TestKey, testKey } from "./testing/test-issuer.ts";

const NOW = 1_800_000_000;
const PUBLIC_URL = "https://chaperone.clinic.example";
const COMPANY = "https://login.clinic.example";
const GKE = "https://container.googleapis.com/v1/projects/clinic-prod/locations/us-east1/clusters/agents";
const AGENT = "system:serviceaccount:agents:care";
const JWT = "urn:ietf:params:oauth:token-type:jwt";
const CONFIG = loadConfig(join(import.meta.dirname, "../../../../examples/on-behalf-of.yaml"), { env: {} });

describe("examples/on-behalf-of.yaml", () => {
  let key: TestKey;
  let store: Store;
  let identity: Identity;
  let now = NOW;
  const directory = mkdtempSync(join(tmpdir(), "chaperone-on-behalf-of-"));
  before(async () => {
    key = await testKey("k1", "RS256");
    store = await openStore({ directory, origin: "test.example/ledger", clock: () => now * 1000 });
    identity = await createIdentity({
      issuers: CONFIG.issuers,
      agents: CONFIG.agents,
      store,
      clock: () => now * 1000,
      publicUrl: PUBLIC_URL,
      keyDirectory: directory,
      tokenLifetimeSeconds: 900,
      fetch: async (url) => {
        const issuer = CONFIG.issuers.find((one) => url.startsWith(`${one.issuer}/.well-known/`))?.issuer;
        return Response.json(
          issuer === undefined ? { keys: [key.publicJwk] } : { issuer, jwks_uri: `${issuer}/keys-of-test` },
        );
      },
    });
  });
  after(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const shown = (authorization = "") => ({
    authorization,
    dpop: [],
    method: "POST",
    url: `${PUBLIC_URL}/token`,
    certificate: undefined,
  });
  const person = (claims: object = {}) =>
    sign(key, {
      iss: COMPANY,
      sub: "casey",
      name: "Casey",
      groups: ["clinicians"],
      aud: "chaperone-delegation",
      iat: NOW,
      exp: NOW + 3600,
      may_act: { iss: GKE, sub: AGENT },
      ...claims,
    });
  const agent = (claims: object = {}) =>
    sign(key, { iss: GKE, sub: AGENT, aud: ["chaperone"], iat: NOW, exp: NOW + 3600, ...claims });
  const exchange = async (subject: string, actor: string) =>
    identity.tokens.token(
      new Map([
        ["grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"],
        ["subject_token", subject],
        ["subject_token_type", JWT],
        ["actor_token", actor],
        ["actor_token_type", JWT],
      ]),
      shown(),
    );
  const refused = (work: Promise<unknown>, code: string) =>
    assert.rejects(work, (error) => error instanceof CredentialError && error.code === code);

  it("the pod acts for the person, each with their own groups", async () => {
    const { access_token } = await exchange(await person(), await agent());
    const { kind, issuer, subject, groups, sponsor, onBehalfOf } = await identity.agent(
      shown(`Bearer ${access_token}`),
    );
    assert.deepEqual([kind, issuer, subject, groups], ["agent", GKE, AGENT, ["clinical-agents"]]);
    assert.deepEqual(sponsor, { issuer: COMPANY, subject: "sam.sponsor" });
    assert.deepEqual(
      onBehalfOf?.map((one) => [one.kind, one.issuer, one.subject, one.name, one.groups]),
      [["person", COMPANY, "casey", "Casey", ["clinicians"]]],
    );
  });

  it("not without may_act, by another pod, nor with a token for the console", async () => {
    await refused(exchange(await person({ may_act: undefined }), await agent()), "delegation");
    const other = await agent({ sub: "system:serviceaccount:agents:other" });
    await refused(exchange(await person({ jti: "1" }), other), "delegation");
    await refused(exchange(await person({ aud: "chaperone-console" }), await agent()), "delegation");
    // Subjects of another issuer are other subjects, also where may_act leaves the issuer out.
    await refused(exchange(await person({ may_act: { sub: AGENT }, jti: "2" }), await agent()), "delegation");
  });

  it("nor with a person's token that is older than fifteen minutes, though it lives on", async () => {
    const subject = await person({ jti: "3" });
    await exchange(subject, await agent());
    now = NOW + 1000;
    await refused(exchange(subject, await agent()), "lifetime");
    now = NOW;
  });

  it("also where the issuers' times have fractions, with whole seconds for the client", async () => {
    for (const [i, exp] of [NOW + 600.1234567, NOW + 599.5].entries()) {
      const answer = await exchange(await person({ jti: `f${i}`, exp }), await agent({ exp: NOW + 3600.25 }));
      assert.equal(answer.expires_in, Math.floor(exp - NOW));
      assert.equal((await identity.agent(shown(`Bearer ${answer.access_token}`))).subject, AGENT);
    }
  });
});
