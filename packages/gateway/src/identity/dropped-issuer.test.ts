/** An issuer that the configuration names no more, while access tokens that were made from its tokens live on. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { openStore } from "../store/store.ts";
import { temporaryDirectory } from "../store/testing/temporary-store.ts";
import { createIdentity, type Identity } from "./index.ts";
import { CredentialError } from "./principal.ts";
import { sign, testKey } from "./testing/test-issuer.ts";

const NOW = 1_800_000_000;
const PUBLIC_URL = "https://chaperone.clinic.example";
const PEOPLE = "https://login.clinic.example";
const WORK = "https://work.clinic.example";
const OTHER = "https://other.clinic.example";
const BY = `person:${PEOPLE}#avery`;
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT = "urn:ietf:params:oauth:token-type:jwt";

/** Tokens of both issuers' agents, made while both were configured, and the gateway that names one of them no more. */
async function dropped(t: TestContext): Promise<{ readonly identity: Identity; readonly tokens: readonly string[] }> {
  const directory = temporaryDirectory(t);
  const key = await testKey("k1");
  const store = await openStore({ directory, origin: "test.example/ledger", clock: () => NOW * 1000 });
  t.after(() => store.close());
  const identityOf = (agents: readonly string[]) =>
    createIdentity({
      issuers: [
        { name: "people", issuer: PEOPLE, jwksUri: `${PEOPLE}/keys`, audiences: { people: ["console"] } },
        ...agents.map((issuer, i) => ({
          name: `i${i}`,
          issuer,
          jwksUri: `${issuer}/keys`,
          audiences: { agents: ["chaperone"] },
        })),
      ],
      agents: { registered: [], rules: [] },
      store,
      clock: () => NOW * 1000,
      publicUrl: PUBLIC_URL,
      keyDirectory: directory,
      tokenLifetimeSeconds: 900,
      fetch: async () => Response.json({ keys: [key.publicJwk] }),
    });
  const before = await identityOf([WORK, OTHER]);
  for (const issuer of [WORK, OTHER]) {
    const agent = { issuer, subject: "a", name: "a", sponsor: { issuer: PEOPLE, subject: "sam" }, groups: [] };
    await store.run("agent.add", { agent: { ...agent, registeredBy: BY }, key: undefined });
  }
  const own = (iss: string) => sign(key, { iss, sub: "a", aud: "chaperone", iat: NOW, exp: NOW + 3600 });
  const exchange = async (...more: readonly (readonly [string, string])[]) => {
    const form = new Map([["grant_type", EXCHANGE], ["subject_token_type", JWT], ...more]);
    return (await before.tokens.token(form, shown())).access_token;
  };
  const tokens = [
    await exchange(["subject_token", await own(OTHER)]),
    await exchange(["subject_token", await own(WORK)]),
    await exchange(["subject_token", await own(WORK)], ["actor_token", await own(OTHER)], ["actor_token_type", JWT]),
  ];
  for (const token of tokens) assert.equal((await before.agent(shown(`Bearer ${token}`))).subject, "a");
  return { identity: await identityOf([OTHER]), tokens };
}

const shown = (authorization = "") => ({
  authorization,
  dpop: [],
  method: "POST",
  url: `${PUBLIC_URL}/token`,
  certificate: undefined,
});

describe("an access token of an issuer's agent", () => {
  it("opens no door once the issuer is configured no more, nor does that of who acts for it", async (t) => {
    const { identity, tokens } = await dropped(t);
    const [still = "", ...others] = tokens;
    assert.equal((await identity.agent(shown(`Bearer ${still}`))).issuer, OTHER);
    for (const token of others) {
      await assert.rejects(
        identity.agent(shown(`Bearer ${token}`)),
        (error) => error instanceof CredentialError && error.code === "unknown_issuer",
      );
      assert.deepEqual(await identity.tokens.introspect(new Map([["token", token]])), { active: false });
    }
  });
});
