/** Threat-model row 45: forged, borrowed, expired and mangled credentials. */
import assert from "node:assert/strict";
import { createHmac, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { DEMO_PEOPLE, demoAgents } from "../../packages/cli/src/demo/demo-people.ts";
import { startIdentityProvider } from "../../packages/cli/src/demo/identity-provider.ts";
import { loginAsDemoPerson } from "../../packages/cli/src/login/index.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { Attacker, assertRefused } from "./attacker.ts";
import { type ProtectedValues, protectedValues } from "./protected-values.ts";

type Part = Readonly<Record<string, unknown>>;
const encode = (part: Part) => Buffer.from(JSON.stringify(part)).toString("base64url");
const decode = (part: string | undefined): Part => JSON.parse(Buffer.from(part ?? "", "base64url").toString()) as Part;

describe("row 45: credentials", () => {
  let rig: Rig;
  let secrets: ProtectedValues;
  let agent: Attacker;
  let token: string;
  let header: Part;
  let claims: Part;
  before(async () => {
    rig = await startRig({ patients: 12 });
    secrets = await protectedValues(rig);
    token = await rig.token("care-summary-agent");
    agent = new Attacker(rig, token, secrets);
    const [first, second] = token.split(".");
    header = decode(first);
    claims = decode(second);
  });
  after(async () => {
    agent.close();
    await rig.close();
  });

  /** Refused at both doors, with the ledger's note that it was. */
  async function refused(authorization: string, status: number | undefined = 401): Promise<void> {
    const answer = await agent.send("POST", `/bigquery/v2/projects/${PROJECT}/queries`, {
      body: { query: "SELECT 1", useLegacySql: false },
      headers: { authorization },
    });
    assertRefused(answer, status);
    // The scheme that was tried is the one that is asked for (RFC 9110 section 11.6.1, RFC 9449 section 7.1).
    const scheme = authorization.startsWith("DPoP ") ? "DPoP " : "Bearer ";
    if (answer.status === 401) assert.ok(String(answer.headers["www-authenticate"]).startsWith(scheme));
    if (authorization.length > 40)
      assert.ok(!answer.bytes.includes(authorization.slice(0, 60)), "the credential is echoed");
    assertRefused(await agent.send("GET", "/api/v1/approvals", { headers: { authorization } }), undefined);
  }

  const signature = () => token.split(".")[2] ?? "";
  const { privateKey: strangersKey, publicKey: strangersPublic } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const strangersJwk = strangersPublic.export({ format: "jwk" });
  const byStranger = (head: Part, body: Part) => {
    const text = `${encode(head)}.${encode(body)}`;
    return `${text}.${sign("sha256", Buffer.from(text), strangersKey).toString("base64url")}`;
  };

  it("the honest token works, so what follows is refused for what it is", async () => {
    assert.equal((await agent.send("GET", "/bigquery/v2/projects")).status, 200);
  });

  it("no credential, another scheme, two credentials in one header", async () => {
    for (const authorization of [
      "",
      "Bearer",
      "Bearer ",
      "Basic eDp5",
      token,
      `Bearer  ${token}`,
      `Bearer ${token} `.trimEnd() + ",x",
      `Bearer ${token}, Bearer ${token}`,
      `Bearer ${token} x`,
      `Token ${token}`,
      `DPoP ${token}`,
      `Bearer "${token}"`,
      "Bearer null",
      "Bearer a.b.c",
      `Bearer ${"a".repeat(20_000)}.b.c`,
      "Bearer ..",
    ])
      await refused(authorization, authorization.length > 10_000 ? undefined : 401);
  });

  it("alg none, in each spelling, with and without a signature", async () => {
    for (const alg of ["none", "None", "NONE", "nOnE", "", null, 0, ["RS256"]])
      for (const end of ["", signature()])
        await refused(`Bearer ${encode({ ...header, alg })}.${encode(claims)}.${end}`);
  });

  it("key confusion: the public key as an HMAC secret", async () => {
    const { keys } = (await (await fetch(rig.identityProvider.jwksUri)).json()) as { keys: { readonly n?: string }[] };
    const [jwk = {}] = keys;
    const key = createPublicKey({ key: jwk as never, format: "jwk" });
    const secretsTried = [
      key.export({ type: "spki", format: "pem" }).toString(),
      key.export({ type: "spki", format: "pem" }).toString().trim(),
      key.export({ type: "pkcs1", format: "pem" }).toString(),
      JSON.stringify(jwk),
      String(jwk.n),
      "",
    ];
    for (const secret of secretsTried) {
      const text = `${encode({ ...header, alg: "HS256" })}.${encode(claims)}`;
      await refused(`Bearer ${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`);
    }
  });

  it("a tampered claim, a borrowed signature, a cut one", async () => {
    const [head, body] = token.split(".");
    for (const forged of [
      { ...claims, sub: "research-agent" },
      { ...claims, groups: ["clinical-agents", "privacy-officers"] },
      { ...claims, sponsor: "dana.officer" },
      { ...claims, aud: ["chaperone", "chaperone-console"] },
      { ...claims, exp: 4_102_444_800 },
    ])
      await refused(`Bearer ${head}.${encode(forged)}.${signature()}`);
    await refused(`Bearer ${encode({ ...header, kid: "other" })}.${body}.${signature()}`);
    await refused(`Bearer ${head}.${body}.${signature().slice(0, -10)}`);
    await refused(`Bearer ${head}.${body}.`);
    await refused(`Bearer ${head}.${body}`);
    await refused(`Bearer ${head}.${body}.${signature()}.x`);
    await refused(`Bearer ${head}.${body}.${signature()}=`);
    await refused(`Bearer ${head}.${body}.${(await rig.token("research-agent")).split(".")[2]}`);
  });

  it("keys that the token brings itself are never fetched and never used", async () => {
    let visits = 0;
    const server: Server = createServer((_, response) => {
      visits++;
      response
        .setHeader("content-type", "application/json")
        .end(JSON.stringify({ keys: [{ ...strangersJwk, kid: "evil" }] }));
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    try {
      for (const brought of [
        { jwk: strangersJwk },
        { jku: url, kid: "evil" },
        { x5u: url },
        { x5c: ["MIIB"] },
        { kid: url },
        { kid: "../../../../etc/passwd" },
        { kid: "' OR 1=1 --" },
        { crit: ["exp"], exp: 1 },
        { crit: ["b64"], b64: false },
        { typ: "dpop+jwt" },
        { alg: "PS256" },
        { alg: "RS512" },
        { zip: "DEF" },
        { kid: header.kid },
        { kid: undefined },
        { kid: "__proto__" },
      ])
        await refused(`Bearer ${byStranger({ ...header, ...brought }, claims)}`);
      for (const iss of [
        url,
        new URL(url).origin,
        `${rig.identityProvider.issuer}/`,
        `${rig.identityProvider.issuer}@evil`,
        rig.identityProvider.issuer.toUpperCase(),
        "",
        null,
      ])
        await refused(`Bearer ${byStranger(header, { ...claims, iss })}`);
      assert.equal(visits, 0);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it("a real token of another issuer that says the same", async () => {
    const stranger = await startIdentityProvider({
      port: 0,
      people: DEMO_PEOPLE,
      agents: demoAgents(() => "secret-of-the-test"),
    });
    try {
      await refused(`Bearer ${await stranger.agentToken("care-summary-agent")}`);
    } finally {
      await stranger.close();
    }
  });

  it("a person's token at the agents' door and an agent's at the people's", async () => {
    const persons = await loginAsDemoPerson(rig.identityProvider.issuer, "dana.officer");
    const asAgent = await agent.send("GET", "/bigquery/v2/projects", {
      headers: { authorization: `Bearer ${persons}` },
    });
    assertRefused(asAgent, 401);
    for (const [method, path] of [
      ["GET", "approvals"],
      ["GET", "whoami"],
      ["GET", "sessions"],
      ["GET", "agents"],
      ["POST", "agents/suspend"],
      ["POST", "approvals/req_x/decisions"],
    ] as const)
      assertRefused(await agent.send(method, `/api/v1/${path}`, method === "POST" ? { body: {} } : {}), 401);
    await assert.rejects(rig.identityProvider.agentToken("care-summary-agent", { resource: "urn:chaperone:console" }));
  });

  it("each refused credential left evidence, without the credential", async () => {
    const entries = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select(["type", "bytes"])
      .where("type", "like", "credential.%")
      .execute();
    assert.ok(entries.length > 0);
    for (const { bytes } of entries) {
      const text = Buffer.from(bytes).toString();
      assert.ok(!text.includes(signature().slice(0, 30)) && !text.includes("eyJ"), text);
    }
  });

  it("a suspended agent's good token is refused from the next request on", async () => {
    const research = await rig.token("research-agent");
    const asResearch = new Attacker(rig, research, secrets);
    assert.equal((await asResearch.send("GET", "/bigquery/v2/projects")).status, 200);
    await rig.person("sam.sponsor").post("agents/suspend", {
      issuer: rig.identityProvider.issuer,
      subject: "research-agent",
      reason: "row 45 of the threat model",
    });
    assertRefused(await asResearch.send("GET", "/bigquery/v2/projects"), 403);
    asResearch.close();
  });

  it("a token whose time is over", async () => {
    rig.advance(25 * 3600 * 1000);
    assertRefused(await agent.send("GET", "/bigquery/v2/projects"), 401);
  });
});
