import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { checkIssuers, DEFAULT_LIMITS as IDENTITY_LIMITS } from "../identity/issuer-config.ts";
import { STORE_LIMITS } from "../store/limits.ts";
import { ConfigError, configJsonSchema, DEFAULT_LIMITS, loadConfig, parseConfig, protectionsOff } from "./index.ts";

const SMALLEST = `
connections:
  - name: clinic
    projects: [clinic-prod]
    location: EU
    credentials: { type: application_default }
issuers:
  - name: workloads
    issuer: https://workloads.example
    audiences: { agents: [chaperone-agents] }
  - name: staff
    issuer: https://staff.example
    audiences: { people: [chaperone-console] }
`;

function parse(source: string, env: Record<string, string> = {}) {
  return parseConfig(source, { name: "chaperone.yaml", directory: "/etc/chaperone", env });
}

/** The problems of a refused configuration, one a line. */
function refusal(source: string, env: Record<string, string> = {}): string {
  try {
    parse(source, env);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message;
  }
  assert.fail("the configuration was accepted");
}

describe("loadConfig", () => {
  it("reads a file and resolves paths from its folder", () => {
    const folder = mkdtempSync(join(tmpdir(), "chaperone-config-"));
    const file = join(folder, "chaperone.yaml");
    writeFileSync(file, SMALLEST);
    const config = loadConfig(file, { env: {} });
    assert.equal(config.stateDirectory, join(folder, "state"));
    assert.equal(config.keyDirectory, join(folder, "state"));
    assert.equal(config.policies, join(folder, "policies"));
  });

  it("says why a file can't be read", () => {
    assert.throws(
      () => loadConfig("/nowhere/chaperone.yaml", { env: {} }),
      /chaperone\.yaml:1:1: can't be read: there is no such file/,
    );
  });
});

describe("a configuration", () => {
  it("fills in what isn't written", () => {
    const config = parse(SMALLEST);
    assert.deepEqual(config.listen, { host: "127.0.0.1", port: 8080 });
    assert.equal(config.publicUrl, "http://127.0.0.1:8080");
    assert.equal(config.connections[0]?.endpoint, "https://bigquery.googleapis.com");
    assert.deepEqual(config.connections[0]?.protections, { approval: true, masking: true });
    assert.equal(config.approvals.expiresAfterMs, 24 * 3_600_000);
    assert.equal(config.masking.smallcellK, 11);
    assert.equal(config.limits.requests.sqlBodyBytes, 1_500_000);
    assert.equal(config.limits.requests.uploadBytes, 10_000_000);
    assert.deepEqual(config.issuers[0], {
      name: "workloads",
      issuer: "https://workloads.example",
      audiences: { agents: ["chaperone-agents"] },
      algorithms: ["RS256", "PS256", "ES256", "EdDSA"],
      clockSkewSeconds: 30,
      claims: { groups: "groups", name: "name" },
    });
  });

  it("can't be changed once it is read", () => {
    const config = parse(SMALLEST);
    assert.throws(() => {
      (config.connections[0]?.protections as { masking: boolean }).masking = false;
    }, TypeError);
  });

  it("reads durations and sizes with their units", () => {
    const { limits } = parse(`${SMALLEST}\nlimits: { sessions: { long_poll: 2.5s }, requests: { sql_body: 2MiB } }`);
    assert.equal(limits.sessions.longPollMs, 2500);
    assert.equal(limits.requests.sqlBodyBytes, 2 * 2 ** 20);
  });

  it("reads agents with a fixed sponsor and with one named by a claim", () => {
    const { agents } = parse(`${SMALLEST}
agents:
  registered:
    - issuer: https://workloads.example
      subject: triage
      name: Triage
      sponsor: { issuer: https://staff.example, subject: ada }
  rules:
    - name: ci
      issuer: https://workloads.example
      match: { repository: "hospital/*" }
      sponsor: { from_claim: owner, issuer: https://staff.example }
      groups: [builders]
`);
    assert.deepEqual(agents.registered[0]?.groups, []);
    assert.deepEqual(agents.rules[0], {
      name: "ci",
      issuer: "https://workloads.example",
      match: { repository: "hospital/*" },
      sponsor: { issuer: "https://staff.example", fromClaim: "owner" },
      groups: ["builders"],
      senderConstrained: false,
    });
  });
});

describe("a configuration of credentials", () => {
  it("says of whom bearer tokens aren't taken", () => {
    assert.deepEqual(parse(SMALLEST).agents.senderConstrained, []);
    assert.equal(parse(`${SMALLEST}\ntokens: { sender_constrained: true }\n`).agents.senderConstrained, "all");
  });

  it("names TLS files from its own folder, and the gateway by https with them", () => {
    const { tls, publicUrl } = parse(`${SMALLEST}\ntls: { cert: a.pem, key: /keys/a.key }\n`);
    assert.match(tls?.cert ?? "", /^\/.*\/a\.pem$/);
    assert.equal(tls?.key, "/keys/a.key");
    assert.equal(publicUrl, "https://127.0.0.1:8080");
    assert.match(
      refusal(`${SMALLEST}\ntls: { cert: a, key: b, client_certificates: required }\n`),
      /client_certificates: needs client_ca/,
    );
  });
});

describe("a configuration of a site's own record numbers", () => {
  const numbers = (list: string) => `${SMALLEST}\nmasking: { record_numbers: [${list}] }\n`;

  it("reads their forms, with and without words before them", () => {
    assert.deepEqual(parse(SMALLEST).masking.recordNumbers, []);
    assert.deepEqual(
      parse(numbers(`{ name: new, pattern: "MRN-########" }, { name: old, pattern: "@-?#{4,6}", words: [unit no.] }`))
        .masking.recordNumbers,
      [{ pattern: "MRN-########" }, { pattern: "@-?#{4,6}", words: ["unit no."] }],
    );
  });

  it("says at its place what a form can't be", () => {
    for (const [list, expected] of [
      [`{ name: a, pattern: "[0-9]+" }`, /15:49: masking\.record_numbers\[0\]\.pattern: has at character 1 what no/],
      [`{ name: a, pattern: "###" }`, /record_numbers\[0\]\.pattern: must mean at least 4 digits and letters/],
      [`{ name: a, pattern: "#{2,4}-?##" }`, /pattern: has digits behind a varying number of digits/],
      [`{ name: a, pattern: "####", words: ["id 7"] }`, /15:\d+: masking\.record_numbers\[0\]\.words: has a word/],
      [`{ name: a, pattern: "####", words: [] }`, /words: must name at least one word, or be left out/],
      [`{ name: a, pattern: 1234 }`, /pattern: must be a text; put it in quotes/],
      [`{ name: a, form: "####" }`, /unknown key "form"/],
      [`{ name: a, pattern: "####" }, { name: a, pattern: "@####" }`, /record_numbers\[1\]\.name: "a" is used twice/],
      [
        Array.from({ length: 21 }, (_, i) => `{ name: n${i}, pattern: "####" }`).join(),
        /record_numbers: must name at most 20 forms/,
      ],
    ] as const)
      assert.match(refusal(numbers(list)), expected);
  });
});

describe("a refused configuration", () => {
  it("names file, line and column, and the key that was meant", () => {
    assert.equal(
      refusal(SMALLEST.replace("location: EU", "locaton: EU")).split("\n")[1],
      'chaperone.yaml:5:5: connections[0]: unknown key "locaton": did you mean "location"?',
    );
  });

  it("says once what is known where several keys are like nothing", () => {
    const message = refusal(`foo1: 1\nzzzqq: 2\nlisen: {}\n${SMALLEST}`);
    assert.match(
      message,
      /unknown key "lisen": did you mean "listen"\?; unknown keys "foo1", "zzzqq": known here are listen,/,
    );
    assert.equal(message.match(/known here are/g)?.length, 1);
  });

  it("says that a whole request takes no less time than its headers", () => {
    assert.match(
      refusal(`${SMALLEST}\nlimits: { requests: { headers_timeout: 10s, body_timeout: 5s } }`),
      /limits\.requests\.body_timeout: must be at least as long as headers_timeout/,
    );
  });

  it("shows every problem at once", () => {
    const message = refusal(`${SMALLEST}\nlog: { level: loud }\nlisten: { port: 99999 }`);
    assert.match(message, /15:15: log\.level: must be trace, debug/);
    assert.match(message, /16:17: listen\.port: must be a whole number between 0 and 65535/);
  });

  it("refuses broken YAML without quoting it", () => {
    const message = refusal(`${SMALLEST}\npeople: { sign_in: [hunter2`);
    assert.match(message, /^chaperone\.yaml:15:\d+: not valid YAML/);
    assert.doesNotMatch(message, /hunter2/);
  });

  for (const [what, source, expected] of [
    ["a key written twice", `${SMALLEST}\nissuers: []`, /15:1: not valid YAML: this key is written twice/],
    ["two documents", `${SMALLEST}\n---\na: 1`, /not valid YAML/],
    ["an unknown tag", `${SMALLEST}\nlog: !!js/function "x"`, /not valid YAML/],
    ["no issuers", SMALLEST.replace(/issuers:[\s\S]*/, ""), /issuers: is missing$/m],
    ["an empty file", "", /1:1: is empty; it needs connections and issuers at least/],
    [
      "no connection",
      SMALLEST.replace(/connections:[\s\S]*?issuers:/, "connections: []\nissuers:"),
      /at least one connection/,
    ],
    [
      "a number where a duration belongs",
      `${SMALLEST}\napprovals: { expires_after: 24 }`,
      /15:29: .*must be a duration in quotes/,
    ],
    ["a duration out of bounds", `${SMALLEST}\nlimits: { sessions: { long_poll: 20s } }`, /must be between 0s and 15s/],
    [
      "an unknown protection",
      SMALLEST.replace("location: EU", "location: EU\n    protections: { aproval: false }"),
      /did you mean "approval"/,
    ],
    [
      "a protection switched off by a text",
      SMALLEST.replace("location: EU", 'location: EU\n    protections: { approval: "no" }'),
      /must be true or false/,
    ],
    [
      "an unknown kind of credentials",
      SMALLEST.replace("application_default", "key"),
      /needs a type: application_default/,
    ],
    [
      "a key written into the file",
      SMALLEST.replace("application_default", "service_account_key, private_key: abc, file: k"),
      /a secret is never written here; refer to a file/,
    ],
    ["plain http to somewhere else", SMALLEST.replace("https://workloads", "http://workloads"), /must be an https URL/],
    [
      "a symmetric algorithm",
      SMALLEST.replace("[chaperone-agents] }", "[chaperone-agents] }\n    algorithms: [HS256]"),
      /must be one of RS256/,
    ],
    [
      "a project in two connections",
      SMALLEST.replace("[clinic-prod]", "[clinic-prod, clinic-prod]"),
      /4:29: .*each project belongs to one connection/,
    ],
    [
      "one audience for agents and people",
      SMALLEST.replace("chaperone-console", "chaperone-agents"),
      /13:27: .*an agent must never pass for a person/,
    ],
    [
      "no credentials for Google's own endpoint",
      SMALLEST.replace("application_default", "none"),
      /none is only for a stand-in on a loopback endpoint/,
    ],
    [
      "an endpoint with the API's own path",
      SMALLEST.replace("location: EU", "location: EU\n    endpoint: https://bigquery.googleapis.com/bigquery/v2/"),
      /must end before \/bigquery\/v2/,
    ],
    [
      "a loopback look-alike",
      SMALLEST.replace("application_default }", "none }\n    endpoint: http://127.0.0.1.example"),
      /must be an https URL/,
    ],
    ["listening to the world without a public URL", `${SMALLEST}\nlisten: { host: 0.0.0.0 }`, /public_url must say/],
    [
      "an agent of an unknown issuer",
      `${SMALLEST}\nagents: { registered: [{ issuer: https://else.example, subject: a, name: A, sponsor: { issuer: https://staff.example, subject: b } }] }`,
      /agents\.registered\[0\]\.issuer: is no issuer with audiences\.agents/,
    ],
    [
      "a sponsor of an agents' issuer",
      `${SMALLEST}\nagents: { registered: [{ issuer: https://workloads.example, subject: a, name: A, sponsor: { issuer: https://workloads.example, subject: b } }] }`,
      /sponsor\.issuer: is no issuer with audiences\.people/,
    ],
    [
      "a rule that matches anything",
      `${SMALLEST}\nagents: { rules: [{ name: all, issuer: https://workloads.example, match: {}, sponsor: { from_claim: o, issuer: https://staff.example } }] }`,
      /must name at least one claim/,
    ],
    [
      "a half-written sponsor",
      `${SMALLEST}\nagents: { rules: [{ name: all, issuer: https://workloads.example, match: { a: b }, sponsor: { issuer: https://staff.example } }] }`,
      /must be \{from_claim: CLAIM\} or/,
    ],
    [
      "a client the issuer has no audience for",
      `${SMALLEST}\npeople: { sign_in: { issuer: https://staff.example, client_id: other } }`,
      /add it there/,
    ],
    [
      "the environment in a field that is no secret",
      SMALLEST.replace("location: EU", `location: "\u0024{env:PLACE}"`),
      /only for secrets/,
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.match(refusal(source), expected);
    });
  }

  it("accepts no credentials on a loopback endpoint", () => {
    const { connections } = parse(
      SMALLEST.replace("application_default }", "none }\n    endpoint: http://127.0.0.1:9050/"),
    );
    assert.equal(connections[0]?.endpoint, "http://127.0.0.1:9050");
  });

  it("accepts an issuer that is no URL when its keys' address is given", () => {
    const source = SMALLEST.replace("issuer: https://workloads.example", "issuer: spiffe.hospital").replaceAll(
      "https://workloads.example",
      "spiffe.hospital",
    );
    assert.match(refusal(source), /must be an https URL for discovery; or give jwks_uri/);
    const { issuers } = parse(
      source.replace(
        "issuer: spiffe.hospital",
        "issuer: spiffe.hospital\n    jwks_uri: https://spire.example/keys?p=1",
      ),
    );
    assert.equal(issuers[0]?.issuer, "spiffe.hospital");
    checkIssuers(issuers);
  });

  it("doesn't let an alias grow without end", () => {
    const bomb = [
      "a: &a [x, x, x, x, x, x, x, x, x]",
      ..."bcdefgh".split("").map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[i]}`)}]`),
    ];
    assert.match(refusal(bomb.join("\n")), /too many aliases/);
  });
});

describe("a secret", () => {
  const signIn = (secret: string) =>
    `${SMALLEST}\npeople: { sign_in: { issuer: https://staff.example, client_id: chaperone-console, client_secret: ${secret} } }`;

  it("is read from the environment and never printed", () => {
    const config = parse(signIn('"\u0024{env:CONSOLE_SECRET}"'), { CONSOLE_SECRET: "hunter2" });
    const secret = config.people.signIn?.clientSecret;
    assert.equal(secret?.reveal(), "hunter2");
    assert.doesNotMatch(JSON.stringify(config) + inspect(config, { depth: 9 }) + String(secret), /hunter2/);
  });

  it("is read from a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "chaperone-config-"));
    writeFileSync(join(folder, "secret"), "hunter2\n");
    const config = parse(signIn(`{ file: ${join(folder, "secret")} }`));
    assert.equal(config.people.signIn?.clientSecret?.reveal(), "hunter2");
  });

  it("written literally is refused and not repeated", () => {
    const message = refusal(signIn("hunter2"));
    assert.match(message, /15:\d+: people\.sign_in\.client_secret: a secret is never written here/);
    assert.doesNotMatch(message, /hunter2/);
  });

  it("that the environment lacks is refused", () => {
    assert.match(refusal(signIn('"\u0024{env:CONSOLE_SECRET}"')), /the environment has no CONSOLE_SECRET/);
  });
});

describe("protections switched off", () => {
  it("are reported, each with its connection", () => {
    const config = parse(
      SMALLEST.replace("location: EU", "location: EU\n    protections: { approval: false, masking: false }"),
    );
    assert.deepEqual(protectionsOff(config), [
      { connection: "clinic", protection: "approval" },
      { connection: "clinic", protection: "masking" },
    ]);
    assert.deepEqual(protectionsOff(parse(SMALLEST)), []);
  });
});

describe("the limits", () => {
  it("of identity and store default to what those rooms were built for", () => {
    const { identity, store } = DEFAULT_LIMITS;
    assert.deepEqual(identity, IDENTITY_LIMITS);
    assert.deepEqual({ ...STORE_LIMITS, ...store }, STORE_LIMITS);
  });
});

describe("the published JSON Schema", () => {
  it("is what the code says; otherwise run `node packages/gateway/src/config/write-json-schema.ts`", () => {
    const published = readFileSync(new URL("../../../../docs/chaperone.schema.json", import.meta.url), "utf8");
    assert.deepEqual(JSON.parse(published), configJsonSchema());
  });
});
