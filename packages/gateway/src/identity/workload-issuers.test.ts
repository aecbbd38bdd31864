/** examples/workload-issuers.yaml against tokens of each provider's form, signed by a key of the test's. */
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
const bearer = (token: string) => ({
  authorization: `Bearer ${token}`,
  dpop: [],
  method: "GET",
  url: "https://chaperone.clinic.example/bigquery/v2/projects",
  certificate: undefined,
});
const CONFIG = loadConfig(join(import.meta.dirname, "../../../../examples/workload-issuers.yaml"), { env: {} });
const times = { iat: NOW - 5, exp: NOW + 3595 };
const kubernetes = (iss: string, sub = "system:serviceaccount:agents:care") => ({
  iss,
  sub,
  aud: ["chaperone"],
  ...times,
  nbf: NOW - 5,
  jti: "2f0a7e3c-5d1c-4a55-9a6e-0f8f0a3b9c11",
  "kubernetes.io": {
    namespace: "agents",
    node: { name: "node-1", uid: "6f1c" },
    pod: { name: "care-7d9f", uid: "a1b2" },
    serviceaccount: { name: "care", uid: "c3d4" },
  },
});
const TENANT = "11111111-2222-3333-4444-555555555555";

/** https://docs.cloud.google.com/docs/authentication/token-types#id and each provider's own pages. */
const TOKENS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  google: {
    iss: "https://accounts.google.com",
    sub: "112233445566778899001",
    azp: "112233445566778899001",
    aud: "https://chaperone.clinic.example",
    email: "agent-care@clinic-prod.iam.gserviceaccount.com",
    email_verified: true,
    ...times,
  },
  gke: kubernetes("https://container.googleapis.com/v1/projects/clinic-prod/locations/us-east1/clusters/agents"),
  eks: kubernetes("https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"),
  github: {
    iss: "https://token.actions.githubusercontent.com",
    sub: "repo:clinic/pipelines:ref:refs/heads/main",
    aud: "chaperone",
    jti: "5d1c4a55",
    ref: "refs/heads/main",
    ref_type: "branch",
    repository: "clinic/pipelines",
    repository_owner: "clinic",
    repository_owner_id: "4242",
    actor: "octocat",
    event_name: "schedule",
    workflow: "nightly",
    job_workflow_ref: "clinic/pipelines/.github/workflows/nightly.yml@refs/heads/main",
    runner_environment: "github-hosted",
    run_id: "1",
    nbf: NOW - 300,
    iat: NOW - 5,
    exp: NOW + 295,
  },
  spire: {
    iss: "https://spire.clinic.example",
    sub: "spiffe://clinic.example/ns/agents/sa/care",
    aud: ["spiffe://clinic.example/chaperone"],
    iat: NOW - 5,
    exp: NOW + 295,
  },
  okta: {
    ver: 1,
    jti: "AT.0c8bLQf5y2vQ",
    iss: "https://clinic.okta.com/oauth2/default",
    aud: "api://chaperone",
    sub: "0oaagents1",
    cid: "0oaagents1",
    scp: ["bigquery"],
    ...times,
  },
  entra: {
    aud: "66666666-7777-8888-9999-000000000000",
    iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
    ...times,
    nbf: NOW - 5,
    aio: "E2NgYHg",
    azp: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    azpacr: "2",
    idtyp: "app",
    oid: "bbbbbbbb-cccc-dddd-eeee-ffffffffffff",
    sub: "bbbbbbbb-cccc-dddd-eeee-ffffffffffff",
    tid: TENANT,
    roles: ["clinical-agents"],
    uti: "x",
    rh: "0.A",
    ver: "2.0",
  },
};

/** What an agent of the same provider would try: a name beside the one that is let in. */
const STRANGERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  google: { email: "agent-care@evil.iam.gserviceaccount.com" },
  gke: { sub: "system:serviceaccount:default:agents:care" },
  eks: { sub: "system:serviceaccount:agents:care:x" },
  github: { sub: "repo:clinic/pipelines:pull_request" },
  spire: { sub: "spiffe://clinic.example/ns/agents/sa/care/../admin" },
  okta: { cid: "0oaother" },
  entra: { azp: "ffffffff-bbbb-cccc-dddd-eeeeeeeeeeee" },
};

describe("examples/workload-issuers.yaml", () => {
  let key: TestKey;
  let store: Store;
  let identity: Identity;
  const directory = mkdtempSync(join(tmpdir(), "chaperone-issuers-"));
  before(async () => {
    key = await testKey("k1", "RS256");
    store = await openStore({ directory: directory, origin: "test.example/ledger", clock: () => NOW * 1000 });
    identity = await createIdentity({
      issuers: CONFIG.issuers,
      agents: CONFIG.agents,
      store,
      clock: () => NOW * 1000,
      publicUrl: "https://chaperone.clinic.example",
      keyDirectory: directory,
      tokenLifetimeSeconds: 900,
      // Every provider's documents, with the test's key in them.
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

  for (const [name, claims] of Object.entries(TOKENS)) {
    it(`${name}: its workload's token is an agent, also exchanged for an access token`, async () => {
      const token = await sign(key, claims, name === "gke" || name === "eks" ? { typ: undefined } : {});
      const agent = await identity.agent(bearer(token));
      assert.equal(agent.issuer, claims.iss);
      assert.equal(agent.subject, claims.sub);
      assert.deepEqual(agent.sponsor, { issuer: "https://login.clinic.example", subject: "sam.sponsor" });
      const { access_token } = await identity.tokens.token(
        new Map([
          ["grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"],
          ["subject_token", token],
          ["subject_token_type", "urn:ietf:params:oauth:token-type:jwt"],
        ]),
        bearer(""),
      );
      const { tokenId: _, tokenExpires: __, exchangedFor: ___, ...same } = await identity.agent(bearer(access_token));
      const { tokenId: _a, tokenExpires: _b, ...first } = agent;
      assert.deepEqual(same, first);
    });

    it(`${name}: another workload of it is not`, async () => {
      const token = await sign(key, { ...claims, ...STRANGERS[name] });
      await assert.rejects(
        identity.agent(bearer(token)),
        (error) => error instanceof CredentialError && error.code === "unregistered",
      );
    });
  }
});
