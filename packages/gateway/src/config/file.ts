import { MOST_SITE_PATTERNS, MOST_WORDS, SitePatternError, sitePattern } from "@chaperone/masking";
import { z } from "zod";
import { DEFAULT_ALGORITHMS, SIGNATURE_ALGORITHMS } from "../identity/issuer-config.ts";
import { count, duration, label, path, secretReference, section, secureUrl, size, text } from "./fields.ts";
import { limitsSection } from "./limits.ts";

/** The shape of chaperone.yaml, key by key as it is written. What it becomes is in config.ts. */

/** Google's project ids, also domain-scoped ones (`example.com:project`). */
const projectId = text(128).regex(
  /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]*[a-z0-9]$/,
  "must be a Google Cloud project id, such as clinic-prod",
);

const serviceAccount = text(320).regex(
  /^[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com$/,
  "must be a service account's e-mail address, such as reader@clinic-prod.iam.gserviceaccount.com",
);

const impersonate = serviceAccount
  .optional()
  .describe(
    "Service account the gateway acts as; the base credentials need the role Service Account Token Creator on it",
  );

const credentials = z
  .discriminatedUnion(
    "type",
    [
      section({ type: z.literal("application_default"), impersonate }),
      section({ type: z.literal("service_account_key"), file: path(), impersonate }),
      section({ type: z.literal("external_account"), file: path(), impersonate }),
      section({ type: z.literal("none") }),
    ],
    {
      error:
        "needs a type: application_default, service_account_key, external_account or none (only with a loopback endpoint)",
    },
  )
  .describe("The gateway's own credentials; an agent's never travel upstream");

const connection = section({
  name: label(),
  projects: z
    .array(projectId)
    .min(1, "must name at least one project")
    .max(1000)
    .describe("Projects that agents may name"),
  location: text(64).regex(/^[A-Za-z0-9-]+$/, "must be a BigQuery location, such as US or europe-west3"),
  endpoint: secureUrl()
    .refine((url) => !/\/bigquery\/v2\/*$/.test(url), "must end before /bigquery/v2, which the gateway adds")
    .default("https://bigquery.googleapis.com"),
  storage_endpoint: secureUrl()
    .optional()
    .describe(
      "Storage Read API (gRPC); default: https://bigquerystorage.googleapis.com beside Google's own endpoint, none beside another",
    ),
  credentials,
  billing_project: projectId
    .optional()
    .describe("Project whose quota and bill the jobs use; default: the project the agent names"),
  protections: section({
    approval: z.boolean("must be true or false").default(true),
    masking: z.boolean("must be true or false").default(true),
  })
    .prefault({})
    .describe("Switching one off is logged at start-up and recorded in the ledger"),
  maximum_bytes_billed: size("10MB", "1000TB").prefault("100GB").describe("Most bytes one query may bill"),
  catalog: path().optional().describe("File of data classes; without it every column counts as phi"),
}).describe("One BigQuery the gateway reaches");

const audience = text(512);
const group = text(256);
const claimName = text(128);

/** A map with the user's own keys. */
function claims<Value extends z.ZodType>(value: Value) {
  return z.record(claimName, value).refine((map) => Object.keys(map).length > 0, "must name at least one claim");
}

/** `iss` is compared character by character, and need be no URL (Kubernetes, SPIFFE); then `jwks_uri` says where the keys are. */
const issuerId = text(2048);
const claimValue = z.union([text(1024), z.number(), z.boolean()], { error: "must be a text, a number, true or false" });

const issuer = section({
  name: label(),
  issuer: issuerId.describe("Exactly the token's iss"),
  jwks_uri: secureUrl({ query: true }).optional().describe("Default: what the issuer's discovery document names"),
  audiences: section({
    agents: z.array(audience).min(1).max(100).optional(),
    people: z.array(audience).min(1).max(100).optional(),
    delegation: z
      .array(audience)
      .min(1)
      .max(100)
      .optional()
      .describe("Of people's tokens with which an agent may act for them, and which open no door themselves"),
  }).refine(
    (value) => Object.values(value).some((names) => names !== undefined),
    "must name audiences for agents or for people",
  ),
  may_act: z
    .enum(["optional", "required"], "must be optional or required")
    .default("optional")
    .describe("required: a person's token for delegation must say who may act for them (RFC 8693, may_act)"),
  algorithms: z
    .array(z.enum(SIGNATURE_ALGORITHMS, `must be one of ${SIGNATURE_ALGORITHMS.join(", ")}`))
    .min(1, "must allow at least one algorithm")
    .default([...DEFAULT_ALGORITHMS]),
  clock_skew_seconds: count(0, 120).default(30),
  max_token_age_seconds: count(60, 86_400).optional().describe("Refuse tokens issued longer ago, whatever their exp"),
  claims: section({ groups: claimName.default("groups"), name: claimName.default("name") })
    .prefault({})
    .describe("Claims by name, or by JSON Pointer: /realm_access/roles"),
  required_claims: claims(
    z.union([claimValue, z.array(claimValue).min(1).max(100)], { error: "must be a value or a list of values" }),
  )
    .optional()
    .describe("Claims that must have exactly this value, or one of these"),
  sender_constrained: z
    .boolean("must be true or false")
    .default(false)
    .describe("true: of this issuer's agents, as under agents"),
}).describe("An OpenID Connect issuer whose tokens are accepted");

const senderConstrained = z
  .boolean("must be true or false")
  .default(false)
  .describe("true: tokens must be bound to a key (DPoP) or a certificate (mTLS); bearer tokens aren't taken");

const person = section({ issuer: issuerId, subject: text(512) });

const agents = section({
  registered: z
    .array(
      section({
        issuer: issuerId,
        subject: text(512),
        name: text(128),
        sponsor: person.describe("The person who answers for this agent and never approves its requests"),
        groups: z.array(group).max(100).default([]),
        sender_constrained: senderConstrained,
      }),
    )
    .max(10_000)
    .default([]),
  rules: z
    .array(
      section({
        name: label(),
        issuer: issuerId,
        match: claims(text(1024)).describe(
          "Claims and the pattern each must match; * stands for any characters but / and :, ** for any",
        ),
        sponsor: z.union(
          [
            z.strictObject({ from_claim: claimName, issuer: issuerId.optional() }),
            z.strictObject({ issuer: issuerId, subject: text(512) }),
          ],
          { error: "must be {from_claim: CLAIM} or {issuer: URL, subject: SUB}" },
        ),
        groups: z.array(group).max(100).default([]),
        sender_constrained: senderConstrained,
      }),
    )
    .max(1000)
    .default([]),
}).describe("Which verified subjects are agents, and who sponsors them");

const people = section({
  approvers_default: z.array(group).max(100).default([]).describe("Who approves where policy names nobody"),
  auditors: z.array(group).max(100).default([]),
  administrators: z.array(group).max(100).default([]),
  sign_in: section({
    issuer: issuerId,
    client_id: text(512),
    client_secret: secretReference()
      .optional()
      .describe("A reference to the environment or to a file; public clients have none"),
  })
    .optional()
    .describe("How people sign in to the console"),
});

/** The form must also be one that the masking room can search for: what is wrong with it is said here, at its place. */
const recordNumber = section({
  name: label(),
  pattern: text(80).describe("# a digit, @ a letter, {6,8} how many, letters and digits themselves, -? may be missing"),
  words: z
    .array(text(40))
    .min(1, "must name at least one word, or be left out")
    .max(MOST_WORDS, `must name at most ${MOST_WORDS} words`)
    .optional()
    .describe("One of them must stand before the number; default: it is known by its form alone"),
}).superRefine(({ pattern, words }, context) => {
  try {
    sitePattern({ pattern, ...(words === undefined ? {} : { words }) });
  } catch (error) {
    if (!(error instanceof SitePatternError)) throw error;
    context.addIssue({ code: "custom", path: [error.where], message: error.message });
  }
});

export const configFile = section({
  listen: section({
    host: text(253).default("127.0.0.1"),
    port: count(0, 65_535).default(8080).describe("0: any free port"),
  }).prefault({}),
  storage_read: section({
    host: text(253).default("127.0.0.1"),
    port: count(0, 65_535).describe("0: any free port"),
    public_url: secureUrl()
      .optional()
      .describe("What clients call it, which DPoP proofs name; default: the listening address"),
  })
    .optional()
    .describe("Where the Storage Read API is served (gRPC); default: nowhere"),
  tls: section({
    cert: path().describe("PEM: the certificate, then those between it and its authority"),
    key: path().describe("PEM, without a passphrase; not readable by everybody"),
    client_ca: path()
      .optional()
      .describe("PEM: authorities of clients' certificates (mTLS); default: none is asked for"),
    client_certificates: z
      .enum(["optional", "required"], "must be optional or required")
      .default("optional")
      .describe("required: whoever has none of client_ca gets in nowhere, not even to /healthz"),
  })
    .optional()
    .describe("TLS at the gateway's own listeners; default: a proxy before the gateway ends TLS"),
  public_url: secureUrl()
    .optional()
    .describe("Where clients and browsers reach the gateway; default: listen's address"),
  state_directory: path().default("state").describe("Store, ledger and generated keys"),
  connections: z.array(connection).min(1, "must have at least one connection").max(100),
  issuers: z.array(issuer).min(1, "must have at least one issuer").max(100),
  agents: agents.prefault({}),
  people: people.prefault({}),
  policies: path().default("policies").describe("Folder of Cedar policies"),
  approvals: section({
    expires_after: duration("1m", "30d").prefault("24h").describe("An undecided request then counts as denied"),
  }).prefault({}),
  masking: section({
    token_key_file: path().optional().describe("Key of the mask token; default: token.key in the state directory"),
    zip3_restricted: z
      .array(text(3).regex(/^\d{3}$/, "must be three digits in quotes"))
      .max(1000)
      .optional()
      .describe("ZIP prefixes shown as 000; default: those with at most 20,000 people (45 CFR 164.514(b)(2)(i)(B))"),
    smallcell_k: count(2, 1000).default(11).describe("Statistics over fewer rows are hidden"),
    dateshift_days: count(7, 3650).default(365).describe("Most days that dateshift moves a date, before or after"),
    record_numbers: z
      .array(recordNumber)
      .max(MOST_SITE_PATTERNS, `must name at most ${MOST_SITE_PATTERNS} forms`)
      .default([])
      .describe("redact: the site's own forms of record numbers, beside those that it knows"),
  }).prefault({}),
  tokens: section({
    lifetime: duration("1m", "1h").prefault("15m").describe("Life of an access token that the gateway issues"),
    sender_constrained: senderConstrained.describe("true: of all agents, as under agents"),
    dpop_nonces: z
      .boolean("must be true or false")
      .default(false)
      .describe("true: DPoP proofs must carry a nonce of the gateway's (RFC 9449, 8 and 9)"),
  }).prefault({}),
  keys: section({
    directory: path()
      .optional()
      .describe(
        "Where seal.key, ledger.key, token.key and access-token.key are kept; default: state_directory. Another disk keeps a stolen one useless",
      ),
  }).prefault({}),
  log: section({
    level: z
      .enum(
        ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
        "must be trace, debug, info, warn, error, fatal or silent",
      )
      .default("info"),
  }).prefault({}),
  limits: limitsSection.prefault({}),
});

export type ConfigFile = z.output<typeof configFile>;
