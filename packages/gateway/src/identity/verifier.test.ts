import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";
import { CompactSign, exportJWK, exportSPKI, importJWK } from "jose";
import type { IssuerConfig } from "./issuer-config.ts";
import { CredentialError, type CredentialErrorCode } from "./principal.ts";
import { sign, startTestIssuer, type TestIssuer, type TestKey, testKey } from "./testing/test-issuer.ts";
import { createVerifier, type Verifier, type VerifierOptions } from "./verifier.ts";

const NOW = 1_800_000_000;
const SECRET_SUBJECT = "agent-subject-that-no-message-may-show";

let idp: TestIssuer;
let key: TestKey;
let rsa: TestKey;
let other: TestKey;
let now: number;

before(async () => {
  [key, rsa, other] = await Promise.all([testKey("k1"), testKey("r1", "RS256"), testKey("k1")]);
});
beforeEach(async () => {
  now = NOW * 1000;
  idp = await startTestIssuer([key, rsa]);
});
const closeIssuer = (): Promise<void> => idp.close();

function claims(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    iss: idp.issuer,
    sub: SECRET_SUBJECT,
    aud: "chaperone",
    iat: NOW - 10,
    exp: NOW + 600,
    groups: ["clinical-agents"],
    ...changes,
  };
}
function config(changes: Partial<IssuerConfig> = {}): IssuerConfig {
  return {
    name: "test",
    issuer: idp.issuer,
    audiences: { agents: ["chaperone"], people: ["chaperone-console"] },
    ...changes,
  };
}
function verifierOf(changes: Partial<IssuerConfig> = {}, options: VerifierOptions = {}): Verifier {
  return createVerifier([config(changes)], { clock: () => now, ...options });
}
async function refused(promise: Promise<unknown>, code: CredentialErrorCode): Promise<CredentialError> {
  const error = await promise.then(
    () => assert.fail(`accepted; expected ${code}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CredentialError, String(error));
  assert.equal(error.code, code, error.message);
  assert.ok(!error.message.includes(SECRET_SUBJECT) && !error.message.includes("eyJ"), "the message shows the token");
  assert.equal(error.cause, undefined);
  return error;
}
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a good token", () => {
  it("becomes an agent's credential by its audience", async (t) => {
    t.after(closeIssuer);
    const credential = await verifierOf().verify(
      `Bearer ${await sign(key, claims({ jti: "t-1", name: "Care agent" }))}`,
    );
    const { claims: all, ...rest } = credential;
    assert.deepEqual(rest, {
      issuer: idp.issuer,
      subject: SECRET_SUBJECT,
      audience: "agents",
      name: "Care agent",
      groups: ["clinical-agents"],
      tokenId: "t-1",
      expires: NOW + 600,
    });
    assert.equal(all.sub, SECRET_SUBJECT);
  });

  it("becomes a person's credential by its audience", async (t) => {
    t.after(closeIssuer);
    const credential = await verifierOf().verify(
      `bearer ${await sign(rsa, claims({ aud: ["chaperone-console", "userinfo"] }))}`,
    );
    assert.equal(credential.audience, "people");
  });

  for (const alg of ["PS256", "EdDSA", "RS256"]) {
    it(`may be signed with ${alg}`, async (t) => {
      t.after(closeIssuer);
      const signer = await testKey("x", alg);
      idp.keys = [signer.publicJwk];
      await verifierOf().verify(`Bearer ${await sign(signer, claims(), { typ: "at+jwt" })}`);
    });
  }

  it("without typ and kid is accepted when one key only fits", async (t) => {
    t.after(closeIssuer);
    const token = await sign(key, claims(), { typ: undefined, kid: undefined });
    assert.ok(
      !Buffer.from(token.split(".")[0] ?? "", "base64url")
        .toString()
        .includes("kid"),
    );
    await verifierOf().verify(`Bearer ${token}`);
  });

  it("without jti is known by a hash that its holder can't change", async (t) => {
    t.after(closeIssuer);
    const payload = claims();
    const [a, b] = await Promise.all([sign(key, payload), sign(key, payload)]);
    assert.notEqual(a, b, "ECDSA signatures differ each time");
    const verifier = verifierOf();
    assert.equal((await verifier.verifyToken(a)).tokenId, (await verifier.verifyToken(b)).tokenId);
  });

  it("gives its groups from where the configuration says", async (t) => {
    t.after(closeIssuer);
    const verifier = verifierOf({ claims: { groups: "/realm_access/roles", name: "https://example.org/name" } });
    const token = await sign(
      key,
      claims({ realm_access: { roles: ["a", "b", "a"] }, "https://example.org/name": "N" }),
    );
    const credential = await verifier.verifyToken(token);
    assert.deepEqual(credential.groups, ["a", "b"]);
    assert.equal(credential.name, "N");
  });
});

describe("a hostile token is refused (threat 45)", () => {
  const tampered: readonly [string, CredentialErrorCode, () => Promise<string> | string][] = [
    ["alg none", "algorithm", () => `${part({ alg: "none", typ: "JWT" })}.${part(claims())}.AA`],
    ["alg none without signature", "malformed", () => `${part({ alg: "none" })}.${part(claims())}.`],
    ["alg None in another case", "algorithm", () => `${part({ alg: "nOnE" })}.${part(claims())}.AA`],
    [
      "HS256 keyed with the public key's PEM",
      "algorithm",
      async () => {
        const publicKey = await importJWK(rsa.publicJwk, "RS256", { extractable: true });
        assert.ok(!(publicKey instanceof Uint8Array));
        const input = `${part({ alg: "HS256", kid: "r1" })}.${part(claims())}`;
        return `${input}.${createHmac("sha256", await exportSPKI(publicKey))
          .update(input)
          .digest("base64url")}`;
      },
    ],
    ["an algorithm outside the allow-list", "algorithm", async () => sign(await testKey("z", "ES384"), claims())],
    [
      "an algorithm that isn't the key's",
      "bad_signature",
      async () => sign({ ...rsa, alg: "PS256", privateKey: (await testKey("r1", "PS256")).privateKey }, claims()),
    ],
    ["another's key under a known kid", "bad_signature", () => sign(other, claims())],
    [
      "a changed payload",
      "bad_signature",
      async () => {
        const [header, , signature] = (await sign(key, claims())).split(".");
        return `${header}.${part(claims({ sub: "someone-else" }))}.${signature}`;
      },
    ],
    ["an unknown kid", "bad_signature", () => sign(key, claims(), { kid: "nope" })],
    ["a path as kid", "bad_signature", () => sign(key, claims(), { kid: "../../../dev/null" })],
    ["an address as kid", "bad_signature", () => sign(key, claims(), { kid: "http://127.0.0.1:1/keys" })],
    ["a prototype's name as kid", "bad_signature", () => sign(key, claims(), { kid: "__proto__" })],
    ["an empty kid", "malformed", () => sign(key, claims(), { kid: "" })],
    ["a kid that is too long", "malformed", () => sign(key, claims(), { kid: "k".repeat(257) })],
    [
      "no kid where two keys fit",
      "bad_signature",
      async () => {
        idp.keys = [key.publicJwk, { ...other.publicJwk, kid: "k2" }];
        return sign(key, claims(), { kid: undefined });
      },
    ],
    [
      "two keys under one kid",
      "bad_signature",
      () => {
        idp.keys = [key.publicJwk, other.publicJwk];
        return sign(key, claims());
      },
    ],
    ["jku", "malformed", () => sign(other, claims(), { jku: "http://127.0.0.1:1/keys" })],
    ["x5u", "malformed", () => sign(other, claims(), { x5u: "http://127.0.0.1:1/cert" })],
    ["x5c", "malformed", () => sign(other, claims(), { x5c: ["MIIB"] })],
    [
      "an embedded jwk",
      "malformed",
      () => sign(other, claims(), { jwk: { kty: "EC", crv: "P-256", x: "AA", y: "AA" } }),
    ],
    [
      "crit",
      "malformed",
      async () => `${part({ alg: "ES256", kid: "k1", crit: ["exp"], exp: 1 })}.${part(claims())}.AAAA`,
    ],
    ["b64 false", "malformed", () => `${part({ alg: "ES256", kid: "k1", b64: false })}.${part(claims())}.AAAA`],
    ["typ of a DPoP proof", "malformed", () => sign(key, claims(), { typ: "dpop+jwt" })],
    ["typ of a logout token", "malformed", () => sign(key, claims(), { typ: "logout+jwt" })],
    ["another issuer", "unknown_issuer", () => sign(key, claims({ iss: "https://evil.example" }))],
    ["the issuer with a slash", "unknown_issuer", () => sign(key, claims({ iss: `${idp.issuer}/` }))],
    [
      "the issuer in a list",
      "unknown_issuer",
      () => `${part({ alg: "ES256", kid: "k1" })}.${part({ ...claims(), iss: [idp.issuer] })}.AAAA`,
    ],
    ["no issuer", "unknown_issuer", () => sign(key, claims({ iss: undefined }))],
    ["another audience", "audience", () => sign(key, claims({ aud: "bigquery" }))],
    ["an audience in another case", "audience", () => sign(key, claims({ aud: "Chaperone" }))],
    [
      "an agent's and a person's audience at once",
      "audience",
      () => sign(key, claims({ aud: ["chaperone", "chaperone-console"] })),
    ],
    ["too many audiences", "audience", () => sign(key, claims({ aud: ["chaperone", ...Array(16).fill("x")] }))],
    ["no audience", "claims", () => sign(key, claims({ aud: undefined }))],
    ["expired", "expired", () => sign(key, claims({ exp: NOW - 31 }))],
    ["no exp", "claims", () => sign(key, claims({ exp: undefined }))],
    ["an exp a year away", "lifetime", () => sign(key, claims({ exp: NOW + 86_400 * 365 }))],
    ["nbf in the future", "not_yet_valid", () => sign(key, claims({ nbf: NOW + 31 }))],
    ["iat in the future", "not_yet_valid", () => sign(key, claims({ iat: NOW + 31 }))],
    ["iat after exp", "claims", () => sign(key, claims({ iat: NOW + 20, exp: NOW + 10 }))],
    ["no subject", "claims", () => sign(key, claims({ sub: undefined }))],
    ["an empty subject", "claims", () => sign(key, claims({ sub: "" }))],
    ["a subject that is too long", "claims", () => sign(key, claims({ sub: "s".repeat(513) }))],
    ["a subject that turns text around", "claims", () => sign(key, claims({ sub: "dana\u202ereciffo" }))],
    ["a subject with a line break", "claims", () => sign(key, claims({ sub: "a\nb" }))],
    ["too many groups", "claims", () => sign(key, claims({ groups: Array.from({ length: 257 }, (_, n) => `g${n}`) }))],
    ["a group that is no text", "claims", () => sign(key, claims({ groups: ["a", { b: 1 }] }))],
    [
      "groups kept elsewhere",
      "claims",
      () => sign(key, claims({ groups: undefined, _claim_names: { groups: "src1" } })),
    ],
    ["a sender-constrained token as bearer", "binding", () => sign(key, claims({ cnf: { jkt: "x".repeat(43) } }))],
    ["a token bound to what isn't known here", "claims", () => sign(key, claims({ cnf: { kid: "x" } }))],
    [
      "a token bound to a thing known and one not",
      "claims",
      () => sign(key, claims({ cnf: { jkt: "x".repeat(43), jwk: {} } })),
    ],
    ["a token bound to nothing", "claims", () => sign(key, claims({ cnf: {} }))],
    ["a token bound to no thumbprint", "claims", () => sign(key, claims({ cnf: { jkt: "x" } }))],
    ["a delegation", "claims", () => sign(key, claims({ act: { sub: "other" } }))],
    ["encrypted (five parts)", "malformed", () => "a.b.c.d.e"],
    ["no dots", "malformed", () => "abc"],
    ["one dot", "malformed", async () => (await sign(key, claims())).split(".").slice(0, 2).join(".")],
    ["a header that is no JSON", "malformed", () => `AAAA.${part(claims())}.AAAA`],
    ["a payload that is a list", "malformed", () => `${part({ alg: "ES256" })}.${part([1])}.AAAA`],
    ["standard base64", "malformed", () => `${part({ alg: "ES256" })}.ab+/.AAAA`],
    ["oversize", "malformed", () => sign(key, claims({ filler: "x".repeat(12_288) }))],
  ];
  for (const [name, code, token] of tampered) {
    it(name, async (t) => {
      t.after(closeIssuer);
      const made = await token();
      await refused(verifierOf().verify(`Bearer ${made}`), code);
      assert.deepEqual(
        idp.requests.filter((path) => path !== "/keys" && path !== "/.well-known/openid-configuration"),
        [],
        "something else was fetched",
      );
    });
  }

  it("with an exp that parses to infinity", async (t) => {
    t.after(closeIssuer);
    const text = JSON.stringify(claims({ exp: 7_777_777 })).replace("7777777", "1e999");
    const token = await new CompactSign(Buffer.from(text))
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .sign(key.privateKey);
    await refused(verifierOf().verifyToken(token), "claims");
  });

  it("when it is older than the configured age, or doesn't tell its age", async (t) => {
    t.after(closeIssuer);
    const verifier = verifierOf({ maxTokenAgeSeconds: 300 });
    await verifier.verifyToken(await sign(key, claims({ iat: NOW - 300 })));
    await refused(verifier.verifyToken(await sign(key, claims({ iat: NOW - 331 }))), "lifetime");
    await refused(verifier.verifyToken(await sign(key, claims({ iat: undefined }))), "lifetime");
  });

  it("when it was verified before and is too old since", async (t) => {
    t.after(closeIssuer);
    const verifier = verifierOf({ maxTokenAgeSeconds: 300, clockSkewSeconds: 0 });
    const token = await sign(key, claims({ iat: NOW, exp: NOW + 1000 }));
    const first = await verifier.verifyToken(token);
    now = (NOW + 300) * 1000;
    assert.equal(await verifier.verifyToken(token), first);
    now = (NOW + 301) * 1000;
    await refused(verifier.verifyToken(token), "lifetime");
    now = NOW * 1000;
  });

  it("when a required claim differs", async (t) => {
    t.after(closeIssuer);
    const verifier = verifierOf({ requiredClaims: { repository: "acme/agents", "/k/ns": ["prod", "stage"] } });
    await verifier.verifyToken(await sign(key, claims({ repository: "acme/agents", k: { ns: "stage" } })));
    await refused(verifier.verifyToken(await sign(key, claims({ repository: "acme/agents" }))), "claims");
    await refused(
      verifier.verifyToken(await sign(key, claims({ repository: "evil/agents", k: { ns: "prod" } }))),
      "claims",
    );
  });

  it("when it was verified before and has expired since, or isn't valid yet by a clock that was set back", async (t) => {
    t.after(closeIssuer);
    const verifier = verifierOf({ clockSkewSeconds: 0 });
    const token = await sign(key, claims({ nbf: NOW - 5, exp: NOW + 60 }));
    await verifier.verifyToken(token);
    now = (NOW + 59) * 1000;
    await verifier.verifyToken(token);
    now = (NOW + 60) * 1000;
    await refused(verifier.verifyToken(token), "expired");
    now = NOW * 1000;
    await verifier.verifyToken(token);
    now = (NOW - 6) * 1000;
    await refused(verifier.verifyToken(token), "not_yet_valid");
  });

  it("at the second it expires, allowing for the clocks' difference", async (t) => {
    t.after(closeIssuer);
    const verifier = verifierOf({ clockSkewSeconds: 5 });
    const token = await sign(key, claims({ exp: NOW }));
    now = (NOW + 4) * 1000;
    await verifier.verifyToken(token);
    now = (NOW + 5) * 1000;
    await refused(verifier.verifyToken(token), "expired");
  });
});

describe("the Authorization header", () => {
  const odd: readonly [string, CredentialErrorCode, (token: string) => string | string[] | undefined][] = [
    ["is missing", "missing", () => undefined],
    ["is empty", "missing", () => ""],
    ["is sent twice", "malformed", (token) => [`Bearer ${token}`, `Bearer ${token}`]],
    ["is joined from two", "malformed", (token) => `Bearer ${token}, Bearer ${token}`],
    ["has another scheme", "malformed", (token) => `Basic ${token}`],
    ["has no scheme", "malformed", (token) => token],
    ["has two spaces", "malformed", (token) => `Bearer  ${token}`],
    ["has a tab", "malformed", (token) => `Bearer\t${token}`],
    ["ends in a space", "malformed", (token) => `Bearer ${token} `],
    ["starts with a space", "malformed", (token) => ` Bearer ${token}`],
    ["ends in a line break", "malformed", (token) => `Bearer ${token}\n`],
    ["has parameters", "malformed", (token) => `Bearer ${token};a=b`],
  ];
  for (const [name, code, header] of odd) {
    it(`is refused when it ${name}`, async (t) => {
      t.after(closeIssuer);
      await refused(verifierOf().verify(header(await sign(key, claims()))), code);
    });
  }
});

describe("the issuer's keys", () => {
  it("are fetched once for many tokens", async (t) => {
    t.after(closeIssuer);
    const verifier = verifierOf();
    const token = await sign(key, claims());
    await Promise.all(Array.from({ length: 20 }, () => verifier.verifyToken(token)));
    assert.deepEqual(idp.requests, ["/.well-known/openid-configuration", "/keys"]);
  });

  it("are fetched again when a token names a new one", async (t) => {
    t.after(closeIssuer);
    const verifier = verifierOf({ jwksUri: idp.jwksUri });
    await verifier.verifyToken(await sign(key, claims()));
    const next = await testKey("k2");
    idp.keys = [next.publicJwk];
    now += 30_000;
    await verifier.verifyToken(await sign(next, claims({ exp: NOW + 900 })));
    await refused(verifier.verifyToken(await sign(key, claims())), "bad_signature");
    assert.deepEqual(idp.requests, ["/keys", "/keys"]);
  });

  it("are fetched once in a cooldown, however many made-up key ids arrive", async (t) => {
    t.after(closeIssuer);
    const verifier = verifierOf({ jwksUri: idp.jwksUri });
    const storm = async (): Promise<void> => {
      const tokens = await Promise.all(
        Array.from({ length: 50 }, (_, n) => sign(key, claims(), { kid: `made-up-${n}` })),
      );
      await Promise.all(tokens.map((token) => refused(verifier.verifyToken(token), "bad_signature")));
    };
    await storm();
    assert.equal(idp.requests.length, 1);
    now += 29_999;
    await storm();
    assert.equal(idp.requests.length, 1);
    now += 1;
    await storm();
    assert.equal(idp.requests.length, 2);
  });

  it("are used while the provider is down, but only for an hour", async (t) => {
    t.after(closeIssuer);
    const verifier = verifierOf();
    const token = await sign(key, claims({ exp: NOW + 80_000 }));
    await verifier.verifyToken(token);
    idp.answer = (_, response) => response.writeHead(503).end();
    now += 3_599_999;
    await verifier.verifyToken(token);
    assert.ok(idp.requests.length > 2, "it tried to fetch them again");
    now += 1;
    await refused(verifier.verifyToken(token), "keys_unavailable");
    idp.answer = undefined;
    now += 30_000;
    await verifier.verifyToken(token);
  });

  it("are fetched again when the clock was set back, and not trusted until it has caught up", async (t) => {
    t.after(closeIssuer);
    const verifier = verifierOf();
    const token = await sign(key, claims({ iat: NOW - 7_200, exp: NOW + 7_200 }));
    await verifier.verifyToken(token);
    idp.keys = [rsa.publicJwk];
    now -= 3_600_000;
    await refused(verifier.verifyToken(token), "bad_signature");
  });

  it("stop verifying once the provider withdraws them", async (t) => {
    t.after(closeIssuer);
    const verifier = verifierOf();
    const token = await sign(key, claims({ exp: NOW + 80_000 }));
    await verifier.verifyToken(token);
    idp.keys = [rsa.publicJwk];
    now += 600_000;
    await refused(verifier.verifyToken(token), "bad_signature");
  });

  it("stop vouching for a token that they verified before, once another stands under the same id", async (t) => {
    t.after(closeIssuer);
    const verifier = verifierOf();
    const token = await sign(key, claims({ exp: NOW + 80_000 }));
    await verifier.verifyToken(token);
    await verifier.verifyToken(token);
    idp.keys = [other.publicJwk];
    now += 600_000;
    await refused(verifier.verifyToken(token), "bad_signature");
  });

  const broken: readonly [string, (elsewhere: TestIssuer) => TestIssuer["answer"]][] = [
    [
      "redirect to elsewhere",
      (elsewhere) => (_, response) => response.writeHead(302, { location: elsewhere.jwksUri }).end(),
    ],
    [
      "are too big",
      () => (_, response) => response.end(JSON.stringify({ keys: [key.publicJwk], filler: "x".repeat(300_000) })),
    ],
    [
      "never end",
      () => (_, response) => {
        response.write('{"keys":[');
      },
    ],
    ["aren't JSON", () => (_, response) => response.end("<html>")],
    ["have no list", () => (_, response) => response.end(JSON.stringify({ keys: { k1: key.publicJwk } }))],
    ["are too many", () => (_, response) => response.end(JSON.stringify({ keys: Array(65).fill(key.publicJwk) }))],
    [
      "break off",
      () => (_, response) => {
        response.write("{");
        response.destroy();
      },
    ],
  ];
  for (const [name, answer] of broken) {
    it(`verify nothing when they ${name}`, async (t) => {
      t.after(closeIssuer);
      const elsewhere = await startTestIssuer([key]);
      t.after(() => elsewhere.close());
      idp.answer = answer(elsewhere);
      const verifier = verifierOf({ jwksUri: idp.jwksUri }, { limits: { fetchTimeoutMs: 200 } });
      await refused(verifier.verifyToken(await sign(key, claims())), "keys_unavailable");
      assert.deepEqual(elsewhere.requests, []);
    });
  }

  it("aren't taken from a discovery document of another issuer", async (t) => {
    t.after(closeIssuer);
    idp.answer = (_, response) =>
      response.end(JSON.stringify({ issuer: "https://evil.example", jwks_uri: idp.jwksUri }));
    await refused(verifierOf().verifyToken(await sign(key, claims())), "keys_unavailable");
    assert.deepEqual(idp.requests, ["/.well-known/openid-configuration"]);
  });

  it("aren't fetched from this machine over http because a provider elsewhere names it, however that is written", async (t) => {
    t.after(closeIssuer);
    const elsewhere = "https://idp.example";
    for (const scheme of ["http", "HTTP", " http", "hTtP"]) {
      const asked: string[] = [];
      const verifier = createVerifier([{ name: "idp", issuer: elsewhere, audiences: { agents: ["chaperone"] } }], {
        fetch: async (url) => {
          asked.push(url);
          return Response.json(
            asked.length === 1
              ? { issuer: elsewhere, jwks_uri: `${scheme}://127.0.0.1:1/keys` }
              : { keys: [key.publicJwk] },
          );
        },
      });
      await refused(
        verifier.verifyToken(await sign(key, claims({ iss: elsewhere, aud: "chaperone" }))),
        "keys_unavailable",
      );
      assert.deepEqual(asked, [`${elsewhere}/.well-known/openid-configuration`], scheme);
    }
  });

  it("aren't used when symmetric, published with their private half, short, or for encryption", async (t) => {
    t.after(closeIssuer);
    const bad = [
      { ...(await exportJWK(key.privateKey)), kid: "k1" },
      { kty: "oct", k: "AAAA", kid: "k1", alg: "ES256" },
      { ...key.publicJwk, use: "enc" },
      { ...key.publicJwk, key_ops: ["encrypt"] },
      { ...rsa.publicJwk, kid: "k1", n: "AQAB" },
    ];
    for (const jwk of bad) {
      idp.keys = [jwk];
      await refused(verifierOf().verifyToken(await sign(key, claims())), "bad_signature");
    }
  });
});

describe("a configuration is refused", () => {
  const bad: readonly [string, () => IssuerConfig[], RegExp][] = [
    ["with no issuer", () => [], /no identity provider/],
    ["with an issuer twice", () => [config(), config({ name: "b" })], /twice/],
    ["with a name twice", () => [config(), config({ issuer: "https://b.example" })], /twice/],
    [
      "with one audience for agents and people",
      () => [config({ audiences: { agents: ["a"], people: ["a"] } })],
      /agents and for people/,
    ],
    [
      "with an audience for agents of one issuer and people of another",
      () => [
        config({ audiences: { people: ["a"] } }),
        config({ name: "b", issuer: "https://b.example", audiences: { agents: ["a"] } }),
      ],
      /agents and for people/,
    ],
    ["with no audience", () => [config({ audiences: {} })], /neither/],
    ["with HS256", () => [config({ algorithms: JSON.parse('["HS256"]') })], /HS256/],
    ["with none", () => [config({ algorithms: JSON.parse('["none"]') })], /none/],
    ["with a skew over two minutes", () => [config({ clockSkewSeconds: 121 })], /clockSkewSeconds/],
    ["with keys over plain http", () => [config({ jwksUri: "http://idp.example/keys" })], /https/],
    ["with an issuer over plain http", () => [config({ issuer: "http://idp.example" })], /https/],
  ];
  for (const [name, issuers, message] of bad) {
    it(name, async (t) => {
      t.after(closeIssuer);
      assert.throws(() => createVerifier(issuers()), message);
    });
  }
});

after(async () => {
  await idp.close();
});
