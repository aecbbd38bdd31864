/** Threat-model rows 45 and 47: what is done with a person's stolen token, and with a right that ended before it was used. */
import assert from "node:assert/strict";
import { type ClientRequest, request } from "node:http";
import { after, before, describe, it } from "node:test";
import type { BigQuery } from "@google-cloud/bigquery";
import { loginAsDemoPerson } from "../../packages/cli/src/login/index.ts";
import { copyClinic } from "../clinic-copy.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";

const SSN = `SELECT ssn FROM \`${PROJECT}.ehr.patients\` LIMIT 3`;
const ADMINISTRATORS = { people: { administrators: ["auditors"] } };

interface Answer {
  readonly status: number;
  readonly body: {
    readonly state?: string;
    readonly approvals?: number;
    readonly error?: { readonly message: string };
  };
}

describe("a person's right that ends before it is used", () => {
  const clinic = copyClinic();
  let rig: Rig;
  let client: BigQuery;
  let issuer: string;
  before(async () => {
    clinic.policy("clinical.cedar", (text) =>
      text.replace(
        /(@id\("clinical-ssn"\)[^;]*?)@approval\("privacy-officers"\)/,
        '$1@approval("2 of privacy-officers")',
      ),
    );
    rig = await startRig({ patients: 20, clinic: clinic.folder, config: ADMINISTRATORS });
    client = await rig.client("care-summary-agent");
    issuer = rig.identityProvider.issuer;
  });
  after(async () => {
    await rig.close();
    clinic.remove();
  });

  const revoke = (kind: "token" | "sponsor", id: string) =>
    rig.gateway.store.run("credential.revoke", { kind, id, by: `person:${issuer}#avery.auditor`, reason: "stolen" });
  const idOf = (token: string) => {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { jti: string };
    return claims.jti;
  };
  const signedIn = (subject: string) => loginAsDemoPerson(issuer, subject);

  /** A request whose body is sent when the caller likes, some time after the gateway has looked at its token. */
  async function begun(token: string, path: string): Promise<(body: object) => Promise<Answer>> {
    let call: ClientRequest | undefined;
    const answered = new Promise<Answer>((resolve, reject) => {
      call = request(
        `${rig.url}/api/v1/${path}`,
        {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        },
        async (response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response) chunks.push(chunk as Buffer);
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) });
        },
      );
      call.once("error", reject);
    });
    call?.flushHeaders();
    call?.write(" ");
    // Another request on its own connection comes through after it.
    for (let i = 0; i < 3; i++) await rig.person("avery.auditor").get("whoami");
    return (body) => {
      call?.end(JSON.stringify(body));
      return answered;
    };
  }

  async function decide(token: string, of: { readonly id: string; readonly binding: string }): Promise<Answer> {
    const response = await fetch(`${rig.url}/api/v1/approvals/${of.id}/decisions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ decision: "approve", reason: "seen", binding: of.binding }),
    });
    return { status: response.status, body: (await response.json()) as Answer["body"] };
  }

  it("row 45: a token that is revoked while the body of its request is on the way decides nothing", async () => {
    const [job] = await client.createQueryJob(SSN);
    const { id, binding } = await rig.pending(rig.person("rio.reviewer"));
    const token = await signedIn("dana.officer");
    const path = `approvals/${id}/decisions`;
    const sends = { approve: await begun(token, path), deny: await begun(token, path) };
    await revoke("token", idOf(token));
    for (const [decision, send] of Object.entries(sends)) {
      const { status, body } = await send({ decision, reason: "by a thief", binding });
      assert.equal(status, 401, JSON.stringify(body));
    }
    assert.deepEqual((await rig.pending(rig.person("rio.reviewer"))).decisions, []);
    await job.cancel();
  });

  it("row 45: nor does it let an agent in again, enter one or revoke anything", async () => {
    const agent = { issuer, subject: "rogue-agent" };
    await rig.token("rogue-agent").then((token) => fetch(`${rig.url}/bigquery/v2/projects`, bearer(token)));
    await rig.person("avery.auditor").post("agents/suspend", { ...agent, reason: "odd" });
    const token = await signedIn("avery.auditor");
    const bodies = {
      activate: { ...agent, reason: "by a thief" },
      revoke: { kind: "token", token: "x", reason: "by a thief" },
      "revoke-key": { kid: "0".repeat(64), reason: "by a thief" },
      add: { name: "x", sponsor: { issuer, subject: "sam.sponsor" }, identity: { issuer, subject: "x" } },
    };
    const sends = await Promise.all(
      Object.entries(bodies).map(async ([action, body]) => ({ send: await begun(token, `agents/${action}`), body })),
    );
    await revoke("token", idOf(token));
    for (const { send, body } of sends) assert.equal((await send(body)).status, 401, JSON.stringify(body));
    const { db } = rig.gateway.store;
    const agents = await db.selectFrom("agents").select(["subject", "status"]).execute();
    assert.equal(agents.find(({ subject }) => subject === agent.subject)?.status, "suspended");
    assert.ok(agents.every(({ subject }) => subject !== "x"));
    assert.equal((await db.selectFrom("revocations").select("id").where("id", "=", "x").execute()).length, 0);
  });

  it("row 47: an approval that came with a token which is revoked since isn't counted, and says which it was", async () => {
    const [job] = await client.createQueryJob(SSN);
    const of = await rig.pending(rig.person("rio.reviewer"));
    const stolen = await signedIn("dana.officer");
    assert.deepEqual((await decide(stolen, of)).body.approvals, 1);
    const entries = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select("bytes")
      .where("type", "=", "approval.decided")
      .execute();
    const { data } = JSON.parse(Buffer.from(entries.at(-1)?.bytes ?? []).toString()) as { data: { token: string } };
    assert.equal(data.token, idOf(stolen));
    await revoke("token", data.token);
    const { state, approvals } = (await decide(await signedIn("rio.reviewer"), of)).body;
    assert.deepEqual([state, approvals], ["pending", 1]);
    await job.cancel();
  });

  it("row 47: nor is that of whoever made a key of the agent, entered it, answers for it or is an agent by then", async () => {
    const { db } = rig.gateway.store;
    const agent = { issuer, subject: "care-summary-agent" };
    const dana = { issuer, subject: "dana.officer" };
    const entry = await db
      .selectFrom("agents")
      .selectAll()
      .where("subject", "=", agent.subject)
      .executeTakeFirstOrThrow();
    const register = (sponsor: typeof dana, registeredBy: string) =>
      rig.gateway.store.run("agent.register", { ...agent, name: entry.name, sponsor, groups: [], registeredBy });
    const before = () => register({ issuer, subject: entry.sponsor_subject }, entry.registered_by);
    const changes = {
      sponsor: () => register(dana, entry.registered_by),
      entered: () => register({ issuer, subject: "sam.sponsor" }, `person:${issuer}#dana.officer`),
      agent: () =>
        rig.gateway.store.run("agent.register", {
          ...dana,
          name: "Dana",
          sponsor: { issuer, subject: "sam.sponsor" },
          groups: [],
          registeredBy: `person:${issuer}#avery.auditor`,
        }),
    };
    for (const [what, change] of Object.entries(changes)) {
      const [job] = await client.createQueryJob(SSN);
      const of = await rig.pending(rig.person("rio.reviewer"));
      assert.equal((await decide(await signedIn("dana.officer"), of)).status, 200, what);
      await change();
      const { state, approvals } = (await decide(await signedIn("rio.reviewer"), of)).body;
      assert.deepEqual([state, approvals], ["pending", 1], what);
      await before();
      await job.cancel();
    }
  });
});

function bearer(token: string): RequestInit {
  return { headers: { authorization: `Bearer ${token}` } };
}
