import { join, resolve } from "node:path";
import type { WrittenPattern } from "@chaperone/masking";
import type { IssuerConfig } from "../identity/issuer-config.ts";
import type { ConfigFile } from "./file.ts";
import type { Limits } from "./limits.ts";
import { limitsOf } from "./limits.ts";
import type { Secret } from "./secret.ts";

/** The configuration in force. Paths are absolute, durations milliseconds (`…Ms`), sizes bytes (`…Bytes`), defaults filled. */
export interface Config {
  readonly listen: { readonly host: string; readonly port: number };
  /** Where gRPC is served, if it is. */
  readonly storageRead?: { readonly host: string; readonly port: number; readonly publicUrl?: string };
  /** Of both listeners; absent: a proxy before the gateway ends TLS. */
  readonly tls?: TlsConfig;
  /** Without a slash at its end. */
  readonly publicUrl: string;
  readonly stateDirectory: string;
  readonly connections: readonly ConnectionConfig[];
  readonly issuers: readonly IssuerConfig[];
  readonly agents: {
    /** Of which issuers' agents bearer tokens aren't taken; "all": of no agent. */
    readonly senderConstrained: "all" | readonly string[];
    readonly registered: readonly RegisteredAgent[];
    readonly rules: readonly AgentRule[];
  };
  readonly people: PeopleConfig;
  /** Folder of Cedar policies. */
  readonly policies: string;
  readonly approvals: { readonly expiresAfterMs: number };
  readonly masking: MaskingConfig;
  /** Access tokens that the gateway issues. */
  readonly tokens: { readonly lifetimeMs: number; readonly dpopNonces: boolean };
  /** Where seal.key and ledger.key are kept. */
  readonly keyDirectory: string;
  readonly log: { readonly level: LogLevel };
  readonly limits: Limits;
}

/** Paths of PEM files. */
export interface TlsConfig {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
  readonly clientCertificates: "optional" | "required";
}

export type LogLevel = ConfigFile["log"]["level"];

export interface ConnectionConfig {
  readonly name: string;
  readonly projects: readonly string[];
  readonly location: string;
  /** Without a slash at its end and without `/bigquery/v2`. */
  readonly endpoint: string;
  /** Of the Storage Read API; absent: this connection has none. */
  readonly storageEndpoint?: string;
  readonly credentials: CredentialsConfig;
  readonly billingProject?: string;
  readonly protections: { readonly approval: boolean; readonly masking: boolean };
  readonly maximumBytesBilled: number;
  readonly catalog?: string;
}

export type CredentialsConfig =
  | { readonly type: "application_default"; readonly impersonate?: string }
  | { readonly type: "service_account_key"; readonly file: string; readonly impersonate?: string }
  | { readonly type: "external_account"; readonly file: string; readonly impersonate?: string }
  | { readonly type: "none" };

export interface PersonRef {
  readonly issuer: string;
  readonly subject: string;
}

export interface RegisteredAgent {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly sponsor: PersonRef;
  readonly groups: readonly string[];
  readonly senderConstrained: boolean;
}

export interface AgentRule {
  readonly name: string;
  readonly issuer: string;
  /** Claim → pattern, all must match; `*` stands for any characters but `/` and `:`, `**` for any. */
  readonly match: Readonly<Record<string, string>>;
  /** A fixed person, or the person of `issuer` whose subject the claim holds. */
  readonly sponsor: PersonRef | { readonly issuer: string; readonly fromClaim: string };
  readonly groups: readonly string[];
  readonly senderConstrained: boolean;
}

export interface PeopleConfig {
  readonly approversDefault: readonly string[];
  readonly auditors: readonly string[];
  readonly administrators: readonly string[];
  readonly signIn?: { readonly issuer: string; readonly clientId: string; readonly clientSecret?: Secret };
}

export interface MaskingConfig {
  readonly tokenKeyFile: string;
  /** Three-digit ZIP prefixes shown as 000; undefined: the masking room's own list. */
  readonly zip3Restricted?: readonly string[];
  readonly smallcellK: number;
  /** Most days that dateshift moves a date. */
  readonly dateshiftDays: number;
  /** The site's own forms of record numbers, each once checked. */
  readonly recordNumbers: readonly WrittenPattern[];
}

/** A protection that somebody switched off. Start-up logs each loudly and the ledger records it. */
export interface ProtectionOff {
  readonly connection: string;
  readonly protection: "approval" | "masking";
}

export function protectionsOff(config: Config): readonly ProtectionOff[] {
  return config.connections.flatMap(({ name, protections }) =>
    (["approval", "masking"] as const)
      .filter((protection) => !protections[protection])
      .map((protection) => ({ connection: name, protection })),
  );
}

/** The file as it was read, turned into what the gateway uses. `directory` is the file's own folder. */
export function configOf(file: ConfigFile, directory: string, clientSecret: Secret | undefined): Config {
  const at = (path: string) => resolve(directory, path);
  const state = at(file.state_directory);
  const keyDirectory = file.keys.directory === undefined ? state : at(file.keys.directory);
  return deepFreeze({
    listen: file.listen,
    ...given({
      storageRead:
        file.storage_read === undefined
          ? undefined
          : {
              host: file.storage_read.host,
              port: file.storage_read.port,
              ...given({ publicUrl: file.storage_read.public_url && trimSlash(file.storage_read.public_url) }),
            },
    }),
    ...given({
      tls:
        file.tls === undefined
          ? undefined
          : {
              cert: at(file.tls.cert),
              key: at(file.tls.key),
              ...given({ clientCa: file.tls.client_ca === undefined ? undefined : at(file.tls.client_ca) }),
              clientCertificates: file.tls.client_certificates,
            },
    }),
    publicUrl: trimSlash(
      file.public_url ??
        `${file.tls === undefined ? "http" : "https"}://${urlHost(file.listen.host)}:${file.listen.port}`,
    ),
    stateDirectory: state,
    connections: file.connections.map((connection) => ({
      name: connection.name,
      projects: connection.projects,
      location: connection.location,
      endpoint: trimSlash(connection.endpoint),
      ...given({ storageEndpoint: storageEndpointOf(connection) }),
      credentials: credentialsOf(connection.credentials, at),
      ...given({ billingProject: connection.billing_project }),
      protections: connection.protections,
      maximumBytesBilled: connection.maximum_bytes_billed,
      ...given({ catalog: connection.catalog === undefined ? undefined : at(connection.catalog) }),
    })),
    issuers: file.issuers.map((issuer) => ({
      name: issuer.name,
      issuer: issuer.issuer,
      ...given({ jwksUri: issuer.jwks_uri }),
      audiences: given(issuer.audiences),
      algorithms: issuer.algorithms,
      clockSkewSeconds: issuer.clock_skew_seconds,
      ...given({ maxTokenAgeSeconds: issuer.max_token_age_seconds }),
      claims: issuer.claims,
      ...(issuer.may_act === "required" ? { requireMayAct: true } : {}),
      ...given({ requiredClaims: issuer.required_claims }),
    })),
    agents: {
      senderConstrained: file.tokens.sender_constrained
        ? "all"
        : file.issuers.filter((issuer) => issuer.sender_constrained).map(({ issuer }) => issuer),
      registered: file.agents.registered.map(({ sender_constrained: senderConstrained, ...agent }) => ({
        ...agent,
        senderConstrained,
      })),
      rules: file.agents.rules.map(({ sponsor, sender_constrained: senderConstrained, ...rule }) => ({
        ...rule,
        senderConstrained,
        sponsor:
          "from_claim" in sponsor ? { issuer: sponsor.issuer ?? rule.issuer, fromClaim: sponsor.from_claim } : sponsor,
      })),
    },
    people: {
      approversDefault: file.people.approvers_default,
      auditors: file.people.auditors,
      administrators: file.people.administrators,
      ...given({
        signIn:
          file.people.sign_in === undefined
            ? undefined
            : {
                issuer: file.people.sign_in.issuer,
                clientId: file.people.sign_in.client_id,
                ...given({ clientSecret }),
              },
      }),
    },
    policies: at(file.policies),
    approvals: { expiresAfterMs: file.approvals.expires_after },
    masking: {
      tokenKeyFile:
        file.masking.token_key_file === undefined ? join(keyDirectory, "token.key") : at(file.masking.token_key_file),
      ...given({ zip3Restricted: file.masking.zip3_restricted }),
      smallcellK: file.masking.smallcell_k,
      dateshiftDays: file.masking.dateshift_days,
      recordNumbers: file.masking.record_numbers.map(({ pattern, words }) => ({ pattern, ...given({ words }) })),
    },
    tokens: { lifetimeMs: file.tokens.lifetime, dpopNonces: file.tokens.dpop_nonces },
    keyDirectory,
    log: file.log,
    limits: limitsOf(file.limits),
  });
}

const GOOGLE = "https://bigquery.googleapis.com";
const GOOGLE_STORAGE = "https://bigquerystorage.googleapis.com";

/** Another BigQuery than Google's own must say where its Storage API is: Google's would know nothing of its jobs. */
function storageEndpointOf(connection: ConfigFile["connections"][number]): string | undefined {
  if (connection.storage_endpoint !== undefined) return trimSlash(connection.storage_endpoint);
  return trimSlash(connection.endpoint) === GOOGLE ? GOOGLE_STORAGE : undefined;
}

function credentialsOf(
  credentials: ConfigFile["connections"][number]["credentials"],
  at: (path: string) => string,
): CredentialsConfig {
  switch (credentials.type) {
    case "none":
      return { type: "none" };
    case "application_default":
      return { type: credentials.type, ...given({ impersonate: credentials.impersonate }) };
    case "service_account_key":
    case "external_account":
      return {
        type: credentials.type,
        file: at(credentials.file),
        ...given({ impersonate: credentials.impersonate }),
      };
  }
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** The keys that have a value: an optional key is absent, never undefined (exactOptionalPropertyTypes). */
function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, "");
}

function urlHost(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** Configuration is read once; nobody changes it underway. */
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
