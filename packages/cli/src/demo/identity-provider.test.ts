import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createVerifier } from "../../../gateway/src/identity/index.ts";
import { DEMO_PEOPLE, demoAgents } from "./demo-people.ts";
import { CONSOLE_RESOURCE, type IdentityProvider, startIdentityProvider } from "./identity-provider.ts";

let idp: IdentityProvider;
const printed: unknown[][] = [];
const quiet = { info: console.info, warn: console.warn, error: console.error };

before(async () => {
  const record = (...words: unknown[]): void => void printed.push(words);
  Object.assign(console, { info: record, warn: record, error: record });
  idp = await startIdentityProvider({ people: DEMO_PEOPLE, agents: demoAgents((id) => `secret+of/${id}`) });
});
after(async () => {
  Object.assign(console, quiet);
  await idp.close();
  assert.deepEqual(printed, [], "it prints nothing");
});

describe("an agent", () => {
  it("gets a token by client credentials that the gateway's verifier accepts as an agent's", async () => {
    const verifier = createVerifier([
      { name: "dev", issuer: idp.issuer, audiences: { agents: ["chaperone"], people: ["chaperone-console"] } },
    ]);
    const credential = await verifier.verify(`Bearer ${await idp.agentToken("care-summary-agent")}`);
    assert.equal(credential.audience, "agents");
    assert.equal(credential.subject, "care-summary-agent");
    assert.equal(credential.name, "Care summary agent");
    assert.deepEqual(credential.groups, ["clinical-agents"]);
    assert.equal(credential.claims.sponsor, "sam.sponsor");
  });

  it("gets no token for people's audience", async () => {
    await assert.rejects(idp.agentToken("rogue-agent", { resource: CONSOLE_RESOURCE }), /status 400/);
  });

  it("gets no token with a wrong secret", async () => {
    const response = await fetch(idp.tokenEndpoint, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from("rogue-agent:guess").toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    assert.equal(response.status, 401);
  });
});

describe("the provider", () => {
  it("listens on loopback only", async () => {
    await assert.rejects(startIdentityProvider({ host: "0.0.0.0", people: [], agents: [] }), /loopback/);
  });

  it("answers to no other name", async () => {
    const { request } = await import("node:http");
    const status = await new Promise((resolve, reject) => {
      request({ host: "127.0.0.1", port: idp.port, path: "/jwks", headers: { host: "evil.example" } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
    assert.equal(status, 421);
  });

  it("publishes no private key", async () => {
    const text = await (await fetch(idp.jwksUri)).text();
    assert.deepEqual(Object.keys(JSON.parse(text).keys[0]).sort(), ["alg", "e", "kid", "kty", "n", "use"]);
  });
});
