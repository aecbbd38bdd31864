/** What may be used once is remembered until its time is over: whatever is recorded only then is refused, for nobody knows any more. */
import assert from "node:assert/strict";
import { createSign, generateKeyPairSync } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { ProofKey } from "../../../../../test/proof.ts";
import { openStore, type Store } from "../../store/store.ts";
import { temporaryDirectory } from "../../store/testing/temporary-store.ts";
import { createIdentity, type Identity } from "../index.ts";
import { CredentialError, type CredentialErrorCode } from "../principal.ts";
import { keySubject } from "./agent-keys.ts";
import { JWT_BEARER } from "./token-service.ts";

const PUBLIC_URL = "https://chaperone.clinic.example";
const NOW = 1_800_000_000_000;
const SAM = { issuer: "https://login.clinic.example", subject: "sam" };

/** An agent's own key, and the gateway between whose look at a request and whose record of it so many milliseconds pass. */
class Clinic {
  readonly #privateKey = generateKeyPairSync("rsa", { modulusLength: 2048 });
  readonly subject = keySubject("care", PUBLIC_URL);
  now = NOW;
  slowMs = 0;
  readonly #store: Store;
  readonly #identity: Identity;

  private constructor(store: Store, identity: Identity) {
    this.#store = store;
    this.#identity = identity;
  }

  static async open(t: TestContext): Promise<Clinic> {
    const directory = temporaryDirectory(t);
    const clock = { read: () => NOW, late: () => NOW };
    const store = await openStore({ directory, origin: "test.example/ledger", clock: () => clock.late() });
    t.after(() => store.close());
    const identity = await createIdentity({
      issuers: [{ name: "people", issuer: SAM.issuer, audiences: { people: ["console"] } }],
      agents: { registered: [], rules: [] },
      store,
      publicUrl: PUBLIC_URL,
      keyDirectory: directory,
      tokenLifetimeSeconds: 900,
      clock: () => clock.read(),
    });
    const clinic = new Clinic(store, identity);
    clock.read = () => clinic.now;
    clock.late = () => clinic.now + clinic.slowMs;
    await clinic.#register();
    return clinic;
  }

  async #register(): Promise<void> {
    const jwk = JSON.stringify(this.#privateKey.publicKey.export({ format: "jwk" }));
    const agent = {
      issuer: PUBLIC_URL,
      subject: this.subject,
      name: "care",
      sponsor: SAM,
      groups: [],
      registeredBy: "person:dana",
    };
    await this.#store.run("agent.add", { agent, key: { kid: "k", jwk, expiresAt: NOW + 86_400_000 } });
  }

  assertion(claims: Readonly<Record<string, unknown>>): string {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const iat = Math.floor(this.now / 1000);
    const body = `${encode({ alg: "RS256", kid: "k" })}.${encode({
      iss: this.subject,
      aud: `${PUBLIC_URL}/token`,
      iat,
      exp: iat + 60,
      ...claims,
    })}`;
    return `${body}.${createSign("RSA-SHA256").update(body).sign(this.#privateKey.privateKey, "base64url")}`;
  }

  async token(assertion: string, dpop: readonly string[] = []): Promise<string> {
    const { access_token } = await this.#identity.tokens.token(
      new Map([
        ["grant_type", JWT_BEARER],
        ["assertion", assertion],
      ]),
      { authorization: undefined, dpop, method: "POST", url: `${PUBLIC_URL}/token`, certificate: undefined },
    );
    return access_token;
  }

  agent(token: string, dpop: readonly string[]) {
    const url = `${PUBLIC_URL}/bigquery/v2/projects`;
    return this.#identity.agent({ authorization: `DPoP ${token}`, dpop, method: "GET", url, certificate: undefined });
  }
}

const refused = (work: Promise<unknown>, code: CredentialErrorCode) =>
  assert.rejects(work, (error) => error instanceof CredentialError && error.code === code);

describe("what was used before, sent again", () => {
  it("an assertion gives no token where it is recorded when its time is over", async (t) => {
    const clinic = await Clinic.open(t);
    const once = clinic.assertion({ jti: "once" });
    await clinic.token(once);
    // Clocks may differ by 30 seconds.
    clinic.now = NOW + 90_000 - 1;
    await refused(clinic.token(once), "replayed");
    clinic.slowMs = 2;
    await refused(clinic.token(once), "expired");
    // Nor after another, whose record drops what is over.
    await clinic.token(clinic.assertion({ jti: "other" }));
    await refused(clinic.token(once), "expired");
  });

  it("an assertion takes nothing of the tokens that its agent may have in a minute", async (t) => {
    const clinic = await Clinic.open(t);
    const once = clinic.assertion({ jti: "once" });
    await clinic.token(once);
    for (let sent = 0; sent < 150; sent++) await refused(clinic.token(once), "replayed");
    await clinic.token(clinic.assertion({ jti: "another" }));
  });

  it("an assertion is taken once also where its times have fractions (RFC 7519, 2)", async (t) => {
    const clinic = await Clinic.open(t);
    for (const fraction of [0.5, 0.1234567, 1e-7, 0.9999999]) {
      const exp = NOW / 1000 + 60 + fraction;
      const once = clinic.assertion({ jti: `f${fraction}`, iat: NOW / 1000 - fraction, exp });
      await clinic.token(once);
      await refused(clinic.token(once), "replayed");
    }
  });

  it("a proof gives no token and opens no door, however late it is recorded", async (t) => {
    const clinic = await Clinic.open(t);
    const key = new ProofKey();
    const iat = NOW / 1000;
    const forToken = key.proof("POST", `${PUBLIC_URL}/token`, undefined, { iat });
    const token = await clinic.token(clinic.assertion({}), [forToken]);
    const atDoor = key.proof("GET", `${PUBLIC_URL}/bigquery/v2/projects`, token, { iat });
    assert.equal((await clinic.agent(token, [atDoor])).subject, clinic.subject);
    clinic.now = NOW + 60_000;
    for (clinic.slowMs of [0, 1001, 5000]) {
      await refused(clinic.agent(token, [atDoor]), "proof");
      await refused(clinic.token(clinic.assertion({}), [forToken]), "proof");
      const another = key.proof("GET", `${PUBLIC_URL}/bigquery/v2/projects`, token, { iat: clinic.now / 1000 });
      assert.equal((await clinic.agent(token, [another])).subject, clinic.subject);
    }
  });
});
