import assert from "node:assert/strict";
import { createPrivateKey, randomBytes, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, it } from "node:test";
import { makeKey } from "../../packages/cli/src/print/agent-credential.ts";
import { filesBelow, findCanary, findInFolder } from "./find-canary.ts";
import { type ChaperoneProcess, type Surroundings, startSurroundings } from "./gateway-process.ts";

const HOST = "https://chaperone.demo.example";
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const JWT = "urn:ietf:params:oauth:token-type:jwt";
/** In every field of requests to the token endpoint that are none. */
const ASKED = `zq${randomBytes(6).toString("hex")}asked`;

let outside: Surroundings;
let gateway: ChaperoneProcess;
/** All that lets somebody in: what agents sent, and what they were given. */
const credentials = new Map<string, string>();
const answers: string[] = [];

before(async () => {
  outside = await startSurroundings({ patients: 12, config: { log: { level: "trace" } } });
  gateway = await outside.start();
});
after(() => outside.close());

async function ask(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<string> {
  const answer = await fetch(`${outside.url}${path}`, { method: "POST", body: new URLSearchParams(form), headers });
  const text = await answer.text();
  answers.push(`${answer.status} ${text}`);
  return (JSON.parse(text) as { access_token?: string }).access_token ?? "";
}

function keep(name: string, token: string): string {
  assert.equal(token.split(".").length, 3, name);
  credentials.set(name, token);
  return token;
}

async function query(token: string): Promise<number> {
  const answer = await fetch(`${outside.url}/bigquery/v2/projects/demo-clinic/queries`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ query: "SELECT 1 AS one", useLegacySql: false }),
  });
  await answer.text();
  return answer.status;
}

it("gives tokens for tokens, assertions and both, and refuses others", async () => {
  const { publicKey, privateKey } = makeKey();
  const made = await outside.person("sam.sponsor").post<{ subject: string; kid: string }>("agents/add", {
    name: "keyed",
    sponsor: { issuer: outside.identityProvider.issuer, subject: "sam.sponsor" },
    groups: ["clinical-agents"],
    key: { publicKey, days: 30 },
  });
  credentials.set("the agent's private key", privateKey);
  const signed = (claims: object) => {
    const now = Math.floor(Date.now() / 1000);
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
    const body = `${encode({ alg: "RS256", kid: made.kid })}.${encode({ iss: made.subject, sub: made.subject, iat: now, exp: now + 3600, ...claims })}`;
    return `${body}.${sign("sha256", Buffer.from(body), createPrivateKey(privateKey)).toString("base64url")}`;
  };
  const subject = keep("subject token", await outside.token("care-summary-agent"));
  const exchanged = await ask("/token", { grant_type: EXCHANGE, subject_token: subject, subject_token_type: JWT });
  keep("access token", exchanged);
  const assertion = keep("assertion", signed({ aud: `${HOST}/token`, jti: "one" }));
  const asserted = keep("token for it", await ask("/token", { grant_type: ASSERTION, assertion }));
  const own = keep("self-signed token", signed({ scope: "https://www.googleapis.com/auth/bigquery" }));
  const both = { subject_token: subject, subject_token_type: JWT, actor_token: own, actor_token_type: JWT };
  const acting = keep("token to act", await ask("/token", { grant_type: EXCHANGE, ...both }));
  for (const token of [exchanged, asserted, own, acting, subject]) {
    assert.equal(await query(token), 200);
    await ask("/introspect", { token });
  }
  // Refused, each with a real secret in it.
  for (const form of [
    { grant_type: ASSERTION, assertion },
    { grant_type: ASSERTION, assertion: own },
    { grant_type: ASSERTION, assertion: `${assertion}x` },
    { grant_type: EXCHANGE, subject_token: assertion, subject_token_type: JWT },
    { grant_type: EXCHANGE, subject_token: exchanged, subject_token_type: JWT },
    { grant_type: assertion, assertion },
    { grant_type: ASSERTION, assertion, [own]: own },
  ])
    assert.equal(await ask("/token", form), "");
  for (const token of [assertion, `${own}x`, `${exchanged}x`]) assert.equal(await query(token), 401);
});

it("refuses requests that are none, with canaries in every place", async () => {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const jwt = `${encode({ alg: "RS256", kid: ASKED })}.${encode({ iss: `${ASKED}@chaperone.demo.example`, sub: ASKED, jti: ASKED })}.${ASKED}`;
  for (const [name, value] of [
    ["grant_type", ASKED],
    ["audience", ASKED],
    ["scope", ASKED],
    ["requested_token_type", ASKED],
    ["subject_token", ASKED],
    ["subject_token", jwt],
    ["subject_token_type", ASKED],
    ["actor_token", jwt],
    [ASKED, ASKED],
  ] as const) {
    const form = { grant_type: EXCHANGE, subject_token: jwt, subject_token_type: JWT, [name]: value };
    assert.equal(await ask("/token", form), "");
  }
  for (const assertion of [ASKED, jwt]) await ask("/token", { grant_type: ASSERTION, assertion });
  for (const authorization of [`Basic ${btoa(`${ASKED}:${ASKED}`)}`, `Bearer ${jwt}`, ASKED])
    await ask("/token", { grant_type: ASSERTION, assertion: jwt }, { authorization });
  await ask("/introspect", { token: jwt, token_type_hint: ASKED });
});

it("left none of them in store, ledger, logs or metrics, before and after a stop", async () => {
  const metrics = await (await fetch(`${outside.url}/metrics`)).text();
  look(outside.state, `${gateway.output()}${metrics}`);
  gateway.kill("SIGTERM");
  assert.equal((await gateway.exited).code, 0);
  look(outside.state, gateway.output());
  for (const answer of answers) {
    if (answer.includes("access_token")) continue;
    for (const [name, secret] of pieces()) assert.ok(!answer.includes(secret), `${name} in ${answer}`);
    assert.deepEqual(findCanary(ASKED, Buffer.from(answer)), [], answer);
  }
});

it("would have found them: what may be there is found", () => {
  const all = filesBelow(outside.state).map((file) => readFileSync(file).toString("latin1"));
  const there = (text: string) => all.some((bytes) => bytes.includes(text));
  assert.ok(there("keyed@chaperone.demo.example") && there("token.issued"));
  const { n } = createPrivateKey(credentials.get("the agent's private key") ?? "").export({ format: "jwk" });
  assert.ok(there(String(n).slice(0, 40)), "the public half");
});

/** What of a credential nobody else can make: a token's signature and its claims, the private numbers of a key. */
function pieces(): [string, string][] {
  return [...credentials].flatMap(([name, secret]): [string, string][] => {
    if (secret.includes("PRIVATE")) {
      const { d, p } = createPrivateKey(secret).export({ format: "jwk" });
      const lines = secret.split("\n").slice(4, 8);
      return [String(d).slice(0, 40), String(p).slice(0, 40), ...lines].map((piece) => [name, piece]);
    }
    const [, claims = "", signature = ""] = secret.split(".");
    return [
      [name, signature.slice(0, 40)],
      [name, claims.slice(20, 60)],
    ];
  });
}

function look(folder: string, heard: string): void {
  const files = filesBelow(folder).map((file) => [file, readFileSync(file).toString("latin1")] as const);
  assert.ok(files.some(([file]) => file.endsWith("chaperone.db")));
  for (const [name, secret] of pieces()) {
    assert.ok(secret.length >= 40, name);
    for (const [file, bytes] of files) assert.ok(!bytes.includes(secret), `${name} in ${file}`);
    assert.ok(!heard.includes(secret), `${name} in the log`);
  }
  assert.deepEqual(findInFolder(ASKED, folder), []);
  assert.deepEqual(findCanary(ASKED, Buffer.from(heard)), [], heard.slice(0, 3000));
}
