/** A person signs in at the development identity provider and lets the care summary agent act for them (RFC 8693). */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BigQuery } from "@google-cloud/bigquery";
import { OAuth2Client } from "google-auth-library";
import { DEMO_ASSISTANT } from "../../packages/cli/src/demo/demo-people.ts";
import { loginAsDemoPerson } from "../../packages/cli/src/login/index.ts";
import { approvalList, approvalPage } from "../../packages/cli/src/print/approval.ts";
import { accessList, accessPage, replayPage } from "../../packages/cli/src/print/session.ts";
import type { Access, ApprovalSummary, ReplayStep } from "../../packages/gateway/src/index.ts";
import { ProofKey } from "../proof.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { refusal, StorageClient } from "../storage-client.ts";

const PUBLIC_URL = "https://chaperone.demo.example";
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const TYPE = "urn:ietf:params:oauth:token-type:";
const AGENT = "care-summary-agent";
const PERSON = "casey.clinician";
const NAMES = `SELECT full_name FROM \`${PROJECT}.ehr.patients\` LIMIT 3`;

describe("an agent on behalf of a person", () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig({ patients: 30, config: { limits: { sessions: { long_poll: "500ms" } } } });
  });
  after(() => rig.close());

  const signIn = (subject = PERSON) =>
    loginAsDemoPerson(rig.identityProvider.issuer, subject, { clientId: DEMO_ASSISTANT.clientId });
  const post = async (path: string, form: Record<string, string>, headers: Record<string, string> = {}) => {
    const response = await fetch(`${rig.url}${path}`, { method: "POST", body: new URLSearchParams(form), headers });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const exchange = async (subject: string, actor = AGENT, headers: Record<string, string> = {}) =>
    post(
      "/token",
      {
        grant_type: EXCHANGE,
        audience: PUBLIC_URL,
        subject_token: subject,
        subject_token_type: `${TYPE}access_token`,
        actor_token: await rig.token(actor),
        actor_token_type: `${TYPE}jwt`,
      },
      headers,
    );
  const client = (token: string) => {
    const authClient = new OAuth2Client();
    authClient.setCredentials({ access_token: token });
    return new BigQuery({ projectId: PROJECT, apiEndpoint: rig.url, authClient });
  };
  const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

  it("gets a token whose subject is the person, and whose actor is the agent; introspection says so too", async () => {
    const { status, body } = await exchange(await signIn());
    assert.equal(status, 200, JSON.stringify(body));
    const token = String(body.access_token);
    const { sub, act, aud, client_id } = claimsOf(token);
    assert.deepEqual(
      [sub, act, aud, client_id],
      [PERSON, { iss: rig.identityProvider.issuer, sub: AGENT }, PUBLIC_URL, AGENT],
    );
    const told = (await post("/introspect", { token })).body;
    assert.deepEqual(
      [told.active, told.sub, told.username, told.act, told.client_id],
      [true, PERSON, PERSON, { iss: rig.identityProvider.issuer, sub: AGENT }, AGENT],
    );
  });

  it("isn't for an agent that the person's token doesn't name", async () => {
    const { status, body } = await exchange(await signIn(), "research-agent");
    assert.equal(status, 400);
    assert.match(String(body.error_description), /may_act/);
  });

  it("may be bound to the agent's key, and is then of no use without it", async () => {
    const key = new ProofKey();
    const { body } = await exchange(await signIn(), AGENT, {
      dpop: key.proof("POST", `${PUBLIC_URL}/token`, undefined),
    });
    const token = String(body.access_token);
    assert.equal(body.token_type, "DPoP");
    const ask = (headers: Record<string, string>) => fetch(`${rig.url}/bigquery/v2/projects`, { headers });
    assert.equal((await ask({ authorization: `Bearer ${token}` })).status, 401);
    const proved = key.proof("GET", `${PUBLIC_URL}/bigquery/v2/projects`, token);
    assert.equal((await ask({ authorization: `DPoP ${token}`, dpop: proved })).status, 200);
  });

  it("waits for approval, answers the unchanged client, and is recorded with both, wherever it is looked at", async () => {
    const { body } = await exchange(await signIn());
    const [job] = await client(String(body.access_token)).createQueryJob({
      query: NAMES,
      labels: { purpose: "rounds" },
    });
    const officer = rig.person("dana.officer");
    const view = await rig.pending(officer);
    const { approvals } = await officer.get<{ approvals: ApprovalSummary[] }>("approvals?state=pending");
    assert.match(approvalList(approvals), /Care summary agent +Casey Clinician +rounds/);
    assert.match(approvalPage(view), /^Acts for {3}the person Casey Clinician: casey\.clinician of http.*clinicians$/m);
    assert.deepEqual(
      view.policies.filter((id) => id.endsWith("-names")),
      ["clinical-names", "clinicians-names"],
    );
    await rig.decide("dana.officer", "approve");
    const [rows] = await job.getQueryResults();
    assert.equal(rows.length, 3);

    const auditor = rig.person("avery.auditor");
    const { accesses } = await auditor.get<{ accesses: Access[] }>(`sessions?behalf=${PERSON}`);
    assert.deepEqual(
      accesses.map(({ job, who }) => [job, who.subject, who.onBehalfOf.map(({ kind, subject }) => [kind, subject])]),
      [[job.id, AGENT, [["person", PERSON]]]],
    );
    assert.deepEqual((await auditor.get<{ accesses: Access[] }>("sessions?behalf=rio.reviewer")).accesses.length, 0);
    assert.match(accessList(accesses, "csv"), /Casey Clinician \(casey\.clinician\)/);
    const { access, steps } = await auditor.get<{ access: Access; steps: ReplayStep[] }>(`sessions/${job.id}/replay`);
    assert.match(accessPage(access), /^Acts for {3}the person Casey Clinician/m);
    assert.match(replayPage(steps), /care-summary-agent asks on behalf of casey\.clinician of http/);
    const received = steps.find(({ type }) => type === "session.received")?.data as unknown as {
      agent: { issuer: string; subject: string };
      onBehalfOf: { issuer: string; subject: string }[];
    };
    const { issuer } = rig.identityProvider;
    assert.deepEqual(
      [received.agent, ...received.onBehalfOf].map((one) => [one.issuer, one.subject]),
      [
        [issuer, AGENT],
        [issuer, PERSON],
      ],
    );
    const upstream = rig.warehouse.requests.flatMap(({ body: { configuration } }) => {
      const { labels, dryRun } = (configuration ?? {}) as { labels?: Record<string, string>; dryRun?: boolean };
      return labels === undefined || dryRun === true ? [] : [labels];
    });
    assert.deepEqual(
      upstream.map(({ chaperone_agent, chaperone_on_behalf_of }) => [chaperone_agent, chaperone_on_behalf_of]),
      [["care-summary-agent", "casey-clinician"]],
    );
  });

  it("a stream of the Storage Read API is for the two of them", async () => {
    const { body } = await exchange(await signIn());
    const both = new StorageClient(rig.gateway.storageUrl ?? "", String(body.access_token));
    const alone = new StorageClient(rig.gateway.storageUrl ?? "", await rig.token(AGENT));
    try {
      const session = await both.open(`projects/${PROJECT}/datasets/ehr/tables/encounters`, {
        selectedFields: ["department"],
      });
      assert.ok((await both.read(session)).numRows > 0);
      const stolen = await refusal(
        (async () => {
          for await (const _ of alone.rows(session.streams?.[0]?.name ?? "")) assert.fail("rows left");
        })(),
      );
      assert.equal(stolen?.code, 5);
    } finally {
      await Promise.all([both.close(), alone.close()]);
    }
  });
});
