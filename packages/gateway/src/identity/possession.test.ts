/** Whose bearer tokens aren't taken, and tokens that an issuer bound itself (RFC 9449, RFC 8705). */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ProofKey } from "../../../../test/proof.ts";
import { openStore, type Store } from "../store/store.ts";
import { createIdentity, type Identity } from "./index.ts";
import { CredentialError } from "./principal.ts";
import type { AgentsConfig } from "./register.ts";
import { sign, type TestKey, testKey } from "./testing/test-issuer.ts";

const PUBLIC_URL = "https://chaperone.clinic.example";
const URL_ASKED = `${PUBLIC_URL}/bigquery/v2/projects`;
const ISSUER = "https://login.clinic.example";
const OTHER = "https://other.clinic.example";
const SPONSOR = { issuer: ISSUER, subject: "sam" };
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT = "urn:ietf:params:oauth:token-type:jwt";
const CERTIFICATE = "c".repeat(43);

describe("possession", () => {
  let key: TestKey;
  let store: Store;
  const mine = new ProofKey();
  const directory = mkdtempSync(join(tmpdir(), "chaperone-possession-"));
  before(async () => {
    key = await testKey("k1");
    store = await openStore({ directory, origin: "test.example/ledger" });
  });
  after(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const identityOf = (more: Partial<AgentsConfig> = {}): Promise<Identity> =>
    createIdentity({
      issuers: [ISSUER, OTHER].map((issuer, i) => ({
        name: `i${i}`,
        issuer,
        jwksUri: `${issuer}/keys`,
        audiences: { agents: ["chaperone"], people: ["console"] },
      })),
      agents: {
        registered: [],
        rules: [ISSUER, OTHER].map((issuer, i) => ({
          name: `r${i}`,
          issuer,
          match: { sub: "*" },
          sponsor: SPONSOR,
          groups: [],
        })),
        ...more,
      },
      store,
      publicUrl: PUBLIC_URL,
      keyDirectory: directory,
      tokenLifetimeSeconds: 900,
      fetch: async () => Response.json({ keys: [key.publicJwk] }),
    });
  const token = (more: object = {}, iss = ISSUER) => {
    const now = Math.floor(Date.now() / 1000);
    return sign(key, { iss, sub: "a", aud: "chaperone", iat: now, exp: now + 600, ...more });
  };
  const shown = (authorization: string, more: object = {}) => ({
    authorization,
    dpop: [],
    method: "GET",
    url: URL_ASKED,
    certificate: undefined,
    ...more,
  });
  const refused = (work: Promise<unknown>, code: string) =>
    assert.rejects(work, (error) => error instanceof CredentialError && error.code === code);
  const exchange = (identity: Identity, subject: string, more: object = {}, form: readonly [string, string][] = []) =>
    identity.tokens.token(
      new Map([["grant_type", EXCHANGE], ["subject_token", subject], ["subject_token_type", JWT], ...form]),
      { ...shown("", more), method: "POST", url: `${PUBLIC_URL}/token` },
    );
  const proofForToken = () => ({ dpop: [mine.proof("POST", `${PUBLIC_URL}/token`, undefined)] });

  it("of what an issuer bound is asked as of our own", async () => {
    const identity = await identityOf();
    const bound = await token({ cnf: { jkt: mine.jkt } });
    const proof = () => ({ dpop: [mine.proof("GET", URL_ASKED, bound)] });
    assert.deepEqual((await identity.agent(shown(`DPoP ${bound}`, proof()))).confirmation, { jkt: mine.jkt });
    await refused(identity.agent(shown(`Bearer ${bound}`, proof())), "binding");
    await refused(identity.agent(shown(`DPoP ${bound}`)), "binding");
    await refused(exchange(identity, bound), "binding");
    assert.equal((await exchange(identity, bound, proofForToken())).token_type, "DPoP");
    const certified = await token({ cnf: { "x5t#S256": CERTIFICATE } });
    await identity.agent(shown(`Bearer ${certified}`, { certificate: CERTIFICATE }));
    await refused(identity.agent(shown(`Bearer ${certified}`)), "binding");
    await refused(identity.agent(shown(`Bearer ${certified}`, { certificate: "d".repeat(43) })), "binding");
    const both = await token({ cnf: { jkt: mine.jkt, "x5t#S256": CERTIFICATE } });
    const forBoth = () => ({ dpop: [mine.proof("GET", URL_ASKED, both)] });
    await identity.agent(shown(`DPoP ${both}`, { ...forBoth(), certificate: CERTIFICATE }));
    await refused(identity.agent(shown(`DPoP ${both}`, forBoth())), "binding");
    await refused(identity.agent(shown(`Bearer ${both}`, { certificate: CERTIFICATE })), "binding");
  });

  it("of a person's bound token is asked as well", async () => {
    const identity = await identityOf({ rules: [] });
    const bound = await token({ sub: "p", aud: "console", cnf: { jkt: mine.jkt } });
    await refused(identity.person(shown(`Bearer ${bound}`)), "binding");
    await identity.person(shown(`DPoP ${bound}`, { dpop: [mine.proof("GET", URL_ASKED, bound)] }));
  });

  it("doesn't make a token for another audience one for here", async () => {
    const identity = await identityOf();
    const foreign = await token({ aud: "elsewhere", cnf: { jkt: mine.jkt } });
    await refused(
      identity.agent(shown(`DPoP ${foreign}`, { dpop: [mine.proof("GET", URL_ASKED, foreign)] })),
      "audience",
    );
  });

  const registered = { issuer: ISSUER, subject: "a", name: "a", sponsor: SPONSOR, groups: [] };
  const rule = {
    name: "r",
    issuer: ISSUER,
    match: { sub: "*" },
    sponsor: SPONSOR,
    groups: [],
    senderConstrained: true,
  };
  for (const [what, config] of [
    ["all agents", { senderConstrained: "all" }],
    ["an issuer's agents", { senderConstrained: [ISSUER] }],
    ["a registered agent", { registered: [{ ...registered, senderConstrained: true }] }],
    ["a rule's agents", { rules: [rule] }],
  ] as const) {
    it(`can be wanted of ${what}: their bearer tokens aren't taken, and none is given`, async () => {
      const identity = await identityOf(config);
      const free = await token();
      await refused(identity.agent(shown(`Bearer ${free}`)), "binding");
      await refused(exchange(identity, free), "binding");
      const { access_token } = await exchange(identity, free, proofForToken());
      const proof = { dpop: [mine.proof("GET", URL_ASKED, access_token)] };
      assert.equal((await identity.agent(shown(`DPoP ${access_token}`, proof))).subject, "a");
      const certified = (await exchange(identity, free, { certificate: CERTIFICATE })).access_token;
      await identity.agent(shown(`Bearer ${certified}`, { certificate: CERTIFICATE }));
    });
  }

  it("is wanted of whoever acts for an agent of which it is wanted, and of nobody else", async () => {
    const identity = await identityOf({ senderConstrained: [ISSUER] });
    const actor = await token({ sub: "b" }, OTHER);
    await identity.agent(shown(`Bearer ${actor}`));
    const acting: readonly [string, string][] = [
      ["actor_token", actor],
      ["actor_token_type", JWT],
    ];
    await refused(exchange(identity, await token(), {}, acting), "binding");
    const { access_token } = await exchange(identity, await token(), proofForToken(), acting);
    await refused(identity.agent(shown(`Bearer ${access_token}`)), "binding");
    const proof = { dpop: [mine.proof("GET", URL_ASKED, access_token)] };
    const principal = await identity.agent(shown(`DPoP ${access_token}`, proof));
    assert.deepEqual([principal.subject, principal.onBehalfOf?.map(({ subject }) => subject)], ["b", ["a"]]);
  });
});
