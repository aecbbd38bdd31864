import { isLoopbackHost, isSecureUrl } from "./fields.ts";
import type { ConfigFile } from "./file.ts";

/** What is wrong between two places of the file; `path` is the later or the more wrong one. */
export interface Finding {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Each check is one function; all of them run, so that one start shows every problem. */
const CHECKS: readonly ((file: ConfigFile) => readonly Finding[])[] = [
  uniqueNames,
  uniqueProjects,
  uniqueIssuers,
  keysOfIssuers,
  separateAudiences,
  openEndpoints,
  knownAgentIssuers,
  uniqueAgents,
  signInIssuer,
  reachableUrl,
  ownProjectsBill,
  foreignIssuers,
  tlsKeys,
  headersWithinRequest,
];

export function crossCheck(file: ConfigFile): readonly Finding[] {
  return CHECKS.flatMap((check) => check(file));
}

function uniqueNames(file: ConfigFile): Finding[] {
  return [
    ...repeated(file.connections.map(({ name }, i) => ({ key: name, path: ["connections", i, "name"] }))),
    ...repeated(file.issuers.map(({ name }, i) => ({ key: name, path: ["issuers", i, "name"] }))),
    ...repeated(file.agents.rules.map(({ name }, i) => ({ key: name, path: ["agents", "rules", i, "name"] }))),
    ...repeated(
      file.masking.record_numbers.map(({ name }, i) => ({ key: name, path: ["masking", "record_numbers", i, "name"] })),
    ),
  ].map(({ key, path }) => ({ path, message: `${JSON.stringify(key)} is used twice; give each its own name` }));
}

/** A project names its connection, and with it credentials and protections: it can't have two. */
function uniqueProjects(file: ConfigFile): Finding[] {
  return repeated(
    file.connections.flatMap(({ projects }, i) =>
      projects.map((project, j) => ({ key: project, path: ["connections", i, "projects", j] })),
    ),
  ).map(({ key, path }) => ({
    path,
    message: `project ${JSON.stringify(key)} is listed twice; each project belongs to one connection`,
  }));
}

function uniqueIssuers(file: ConfigFile): Finding[] {
  return repeated(file.issuers.map(({ issuer }, i) => ({ key: issuer, path: ["issuers", i, "issuer"] }))).map(
    ({ path }) => ({
      path,
      message: "this issuer is configured twice; write one entry with all its audiences",
    }),
  );
}

/** Without a key address the keys are found from the issuer's own (OpenID Connect Discovery 1.0), which must then be safe. */
function keysOfIssuers(file: ConfigFile): Finding[] {
  return file.issuers.flatMap(({ issuer, jwks_uri }, i) =>
    jwks_uri === undefined && (!isSecureUrl(issuer) || issuer.includes("?"))
      ? [{ path: ["issuers", i, "issuer"], message: "must be an https URL for discovery; or give jwks_uri" }]
      : [],
  );
}

/** One token must never count as an agent's and as a person's (I7), and one that an agent holds never as a person's own. */
function separateAudiences(file: ConfigFile): Finding[] {
  return (["people", "delegation"] as const).flatMap((kind) =>
    file.issuers.flatMap(({ audiences }, i) =>
      (audiences[kind] ?? []).flatMap((audience, j) => {
        const other = (["agents", "people"] as const).find(
          (one) => one !== kind && file.issuers.some((issuer) => issuer.audiences[one]?.includes(audience) === true),
        );
        return other === undefined
          ? []
          : [
              {
                path: ["issuers", i, "audiences", kind, j],
                message: `audience ${JSON.stringify(audience)} is also an audience for ${other}; an agent must never pass for a person, so use two audiences`,
              },
            ];
      }),
    ),
  );
}

function openEndpoints(file: ConfigFile): Finding[] {
  return file.connections.flatMap(({ credentials, endpoint, storage_endpoint = endpoint }, i) =>
    credentials.type === "none" && [endpoint, storage_endpoint].some((url) => !isLoopbackHost(new URL(url).hostname))
      ? [
          {
            path: ["connections", i, "credentials", "type"],
            message:
              "none is only for a stand-in on a loopback endpoint; use application_default, service_account_key or external_account",
          },
        ]
      : [],
  );
}

/** A mistyped issuer of a sponsor would make two people of one, and the sponsor could approve (I7). */
function knownAgentIssuers(file: ConfigFile): Finding[] {
  const forAgents = new Set(file.issuers.filter(({ audiences }) => audiences.agents).map(({ issuer }) => issuer));
  const forPeople = new Set(file.issuers.filter(({ audiences }) => audiences.people).map(({ issuer }) => issuer));
  const findings: Finding[] = [];
  const check = (known: ReadonlySet<string>, issuer: string, whose: "agents" | "people", path: (string | number)[]) => {
    if (!known.has(issuer)) {
      findings.push({ path, message: `is no issuer with audiences.${whose} under issuers; write it exactly as there` });
    }
  };
  file.agents.registered.forEach(({ issuer, sponsor }, i) => {
    check(forAgents, issuer, "agents", ["agents", "registered", i, "issuer"]);
    check(forPeople, sponsor.issuer, "people", ["agents", "registered", i, "sponsor", "issuer"]);
  });
  file.agents.rules.forEach(({ issuer, sponsor }, i) => {
    check(forAgents, issuer, "agents", ["agents", "rules", i, "issuer"]);
    check(forPeople, sponsor.issuer ?? issuer, "people", ["agents", "rules", i, "sponsor", "issuer"]);
  });
  return findings;
}

function uniqueAgents(file: ConfigFile): Finding[] {
  return repeated(
    file.agents.registered.map(({ issuer, subject }, i) => ({
      key: JSON.stringify([issuer, subject]),
      path: ["agents", "registered", i, "subject"],
    })),
  ).map(({ path }) => ({ path, message: "this agent is registered twice; one identity is one agent (I4)" }));
}

function signInIssuer(file: ConfigFile): Finding[] {
  const signIn = file.people.sign_in;
  if (signIn === undefined) return [];
  // The browser is sent there, so this one must be a URL.
  if (!isSecureUrl(signIn.issuer)) return [{ path: ["people", "sign_in", "issuer"], message: "must be an https URL" }];
  const issuer = file.issuers.find((candidate) => candidate.issuer === signIn.issuer);
  if (issuer?.audiences.people === undefined) {
    return [
      {
        path: ["people", "sign_in", "issuer"],
        message: "is no issuer with audiences.people under issuers; write it exactly as there",
      },
    ];
  }
  // The audience of an ID token is the client it was issued to (OpenID Connect Core 1.0, section 2).
  if (!issuer.audiences.people.includes(signIn.client_id)) {
    return [
      {
        path: ["people", "sign_in", "client_id"],
        message: `is not in audiences.people of issuer ${JSON.stringify(issuer.name)}; add it there, an ID token's audience is its client`,
      },
    ];
  }
  return [];
}

function reachableUrl(file: ConfigFile): Finding[] {
  return file.public_url === undefined && !isLoopbackHost(file.listen.host)
    ? [
        {
          path: ["listen", "host"],
          message:
            "listens beyond this machine, so public_url must say the https URL at which clients reach the gateway",
        },
      ]
    : [];
}

function ownProjectsBill(file: ConfigFile): Finding[] {
  const elsewhere = new Map(
    file.connections.flatMap(({ projects }, i) => projects.map((project) => [project, i] as const)),
  );
  return file.connections.flatMap(({ billing_project }, i) => {
    const owner = billing_project === undefined ? undefined : elsewhere.get(billing_project);
    return owner !== undefined && owner !== i
      ? [
          {
            path: ["connections", i, "billing_project"],
            message:
              "belongs to another connection, whose credentials and protections differ; bill a project of this one",
          },
        ]
      : [];
  });
}

interface Keyed {
  readonly key: string;
  readonly path: (string | number)[];
}

/** The second and later occurrences of a key. */
function repeated(entries: readonly Keyed[]): Keyed[] {
  const seen = new Set<string>();
  return entries.filter(({ key }) => {
    const again = seen.has(key);
    seen.add(key);
    return again;
  });
}

/** The gateway issues tokens of its own under its public URL; nobody else may under the same name. */
function foreignIssuers(file: ConfigFile): Finding[] {
  const own = file.public_url?.replace(/\/+$/, "");
  return file.issuers.flatMap(({ issuer }, i) =>
    issuer === own ? [{ path: ["issuers", i, "issuer"], message: "is the gateway's own public_url" }] : [],
  );
}

function tlsKeys({ tls, public_url }: ConfigFile): Finding[] {
  return [
    ...(tls?.client_certificates === "required" && tls.client_ca === undefined
      ? [{ path: ["tls", "client_certificates"], message: "needs client_ca: whose certificates are to be taken" }]
      : []),
    ...(tls !== undefined && public_url?.startsWith("http:") === true
      ? [{ path: ["public_url"], message: "must be an https URL, since the gateway's listeners speak TLS" }]
      : []),
  ];
}

/** Headers are part of the request: node:http starts with no other order. */
function headersWithinRequest({ limits: { requests } }: ConfigFile): Finding[] {
  return requests.body_timeout < requests.headers_timeout
    ? [
        {
          path: ["limits", "requests", "body_timeout"],
          message: "must be at least as long as headers_timeout, which is a part of it",
        },
      ]
    : [];
}
