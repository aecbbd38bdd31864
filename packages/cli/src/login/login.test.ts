import assert from "node:assert/strict";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { createVerifier, type Verifier } from "../../../gateway/src/identity/verifier.ts";
import { DEMO_PEOPLE, demoAgents } from "../demo/demo-people.ts";
import { GATEWAY_RESOURCE, type IdentityProvider, startIdentityProvider } from "../demo/identity-provider.ts";
import { loginAsDemoPerson, signInByPages } from "./demo-person.ts";
import { LoginError, type LoginErrorCode, type LoginOptions, loadToken, login } from "./index.ts";
import { defaultTokenFile, readLogin } from "./token-file.ts";

let idp: IdentityProvider;
let verifier: Verifier;

before(async () => {
  const guarded = {
    subject: "pat.password",
    name: "Pat",
    email: "pat@clinic.example",
    groups: [],
    password: "correct horse",
  };
  idp = await startIdentityProvider({
    people: [...DEMO_PEOPLE, guarded],
    agents: demoAgents((id) => `secret of ${id}`),
  });
  verifier = createVerifier([
    { name: "dev", issuer: idp.issuer, audiences: { agents: ["chaperone"], people: ["chaperone-console"] } },
  ]);
});
after(() => idp.close());

function tokenFileOf(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "chaperone-login-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "chaperone", "login.json");
}
function loginAs(subject: string, tokenFile: string, changes: Partial<LoginOptions> = {}): ReturnType<typeof login> {
  return login({
    issuer: idp.issuer,
    clientId: "chaperone-console",
    flow: "loopback",
    openBrowser: (url) => signInByPages(url, { subject, password: "" }),
    print: () => undefined,
    tokenFile,
    timeoutMs: 10_000,
    ...changes,
  });
}
const failed = (code: LoginErrorCode) => (error: unknown) => {
  assert.ok(error instanceof LoginError, String(error));
  assert.equal(error.code, code, error.message);
  assert.doesNotMatch(error.message, /eyJ/);
  return true;
};

describe("a person", () => {
  for (const flow of ["loopback", "device"] as const) {
    // The device flow waits for the provider's polling interval (RFC 8628, 3.5: five seconds).
    it(`logs in by the ${flow} flow with a token that the gateway's verifier accepts as a person's`, async () => {
      const credential = await verifier.verify(
        `Bearer ${await loginAsDemoPerson(idp.issuer, "dana.officer", { flow })}`,
      );
      assert.equal(credential.audience, "people");
      assert.equal(credential.subject, "dana.officer");
      assert.equal(credential.name, "Dana Officer");
      assert.deepEqual(credential.groups, ["privacy-officers"]);
    });
  }

  it("can be another one at the next login", async () => {
    const [first, second] = [
      await loginAsDemoPerson(idp.issuer, "avery.auditor"),
      await loginAsDemoPerson(idp.issuer, "rio.reviewer"),
    ];
    assert.equal((await verifier.verifyToken(first)).subject, "avery.auditor");
    assert.equal((await verifier.verifyToken(second)).subject, "rio.reviewer");
  });

  it("with a password needs it", async () => {
    await assert.rejects(loginAsDemoPerson(idp.issuer, "pat.password", { password: "wrong" }), /status 403/);
    const token = await loginAsDemoPerson(idp.issuer, "pat.password", { password: "correct horse" });
    assert.equal((await verifier.verifyToken(token)).subject, "pat.password");
  });

  it("must be one of those there are; an agent isn't", async () => {
    await assert.rejects(loginAsDemoPerson(idp.issuer, "rogue-agent"), /status 403/);
  });

  it("can't get a token for the agents' audience (I7)", async (t) => {
    const file = tokenFileOf(t);
    await assert.rejects(
      loginAs("dana.officer", file, { resource: GATEWAY_RESOURCE, timeoutMs: 2_000 }),
      failed("refused"),
    );
  });
});

describe("the login", () => {
  it("ends when nobody comes", async (t) => {
    await assert.rejects(
      loginAs("", tokenFileOf(t), { openBrowser: () => undefined, timeoutMs: 50 }),
      failed("timeout"),
    );
  });

  it("ignores what comes back without its state", async (t) => {
    const file = tokenFileOf(t);
    const saved = await loginAs("dana.officer", file, {
      openBrowser: async (url) => {
        const back = new URL(new URL(url).searchParams.get("redirect_uri") ?? "");
        const forged = await fetch(`${back}?code=stolen&state=guess&iss=${encodeURIComponent(idp.issuer)}`);
        assert.equal(forged.status, 404);
        await signInByPages(url, { subject: "dana.officer", password: "" });
      },
    });
    assert.equal((await verifier.verifyToken(saved.accessToken)).subject, "dana.officer");
  });

  it("asks with PKCE, and the provider insists on it", async () => {
    const url = new URL(`${idp.issuer}/auth`);
    url.search = new URLSearchParams({
      client_id: "chaperone-console",
      response_type: "code",
      scope: "openid",
      redirect_uri: "http://127.0.0.1:1/callback",
    }).toString();
    const response = await fetch(url, { redirect: "manual" });
    assert.match(response.headers.get("location") ?? "", /error=invalid_request/);
  });

  it("goes over https, but for a provider on this machine", async (t) => {
    await assert.rejects(loginAs("", tokenFileOf(t), { issuer: "http://idp.example" }), failed("provider"));
  });
});

describe("the token file", () => {
  it("is its owner's alone", async (t) => {
    const file = tokenFileOf(t);
    await loginAs("dana.officer", file);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(dirname(file)), ["login.json"]);
    chmodSync(file, 0o644);
    await assert.rejects(loadToken({ tokenFile: file }), failed("file"));
  });

  it("is refused when it is a link or holds something else", async (t) => {
    const file = tokenFileOf(t);
    await loginAs("dana.officer", file);
    const link = join(dirname(file), "link.json");
    symlinkSync(file, link);
    await assert.rejects(loadToken({ tokenFile: link }), failed("file"));
    for (const text of ["", "{", "null", "[]", '{"accessToken":1}']) {
      writeFileSync(file, text);
      await assert.rejects(loadToken({ tokenFile: file }), failed("file"));
    }
  });

  it("lies where the XDG specification says", () => {
    assert.equal(defaultTokenFile({ XDG_CONFIG_HOME: "/c" }), "/c/chaperone/login.json");
    assert.match(defaultTokenFile({ XDG_CONFIG_HOME: "relative" }), /\.config\/chaperone\/login\.json$/);
  });

  it("asks for a login when it isn't there", async (t) => {
    await assert.rejects(loadToken({ tokenFile: tokenFileOf(t) }), failed("login_required"));
  });
});

describe("a saved token", () => {
  it("is used while it is good and renewed when it is about to end", async (t) => {
    const file = tokenFileOf(t);
    const { accessToken, expiresAt } = await loginAs("dana.officer", file);
    assert.equal(await loadToken({ tokenFile: file, clock: () => expiresAt - 31_000 }), accessToken);
    const renewed = await loadToken({ tokenFile: file, clock: () => expiresAt - 30_000 });
    assert.notEqual(renewed, accessToken);
    assert.equal((await verifier.verifyToken(renewed)).audience, "people");
    assert.equal((await readLogin(file)).accessToken, renewed);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("that has ended asks for a login when it can't be renewed", async (t) => {
    const file = tokenFileOf(t);
    const { expiresAt } = await loginAs("dana.officer", file);
    const saved = JSON.parse(readFileSync(file, "utf8"));
    for (const refreshToken of [undefined, "used-up"]) {
      writeFileSync(file, JSON.stringify({ ...saved, refreshToken }));
      await assert.rejects(loadToken({ tokenFile: file, clock: () => expiresAt }), failed("login_required"));
    }
  });
});
