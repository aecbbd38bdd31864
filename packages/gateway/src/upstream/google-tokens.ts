import { readFileSync } from "node:fs";
import type { AuthClient } from "google-auth-library";
import { ExternalAccountClient, GoogleAuth, Impersonated, JWT } from "google-auth-library";
import { z } from "zod";
import type { CredentialsConfig } from "../config/index.ts";
import { ConfigError, readingFault } from "../config/problem.ts";
import type { AccessTokens, FreshToken } from "./access-tokens.ts";
import { cachedTokens, NO_TOKENS } from "./access-tokens.ts";
import { UpstreamError } from "./error.ts";

const SCOPES = ["https://www.googleapis.com/auth/bigquery"];
/** generateAccessToken asks for this one of its caller. */
const IMPERSONATION_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"];
/** Longer than our own refresh-ahead, so that the library really renews when we ask. */
const EAGER_REFRESH_MS = 5 * 60_000;
const IMPERSONATED_SECONDS = 3600;

export interface GoogleTokensOptions {
  readonly tokenMs: number;
  /** No token could be had. What of, isn't told: the library's errors may quote the credential file or the token endpoint's answer. */
  readonly onFailure?: () => void;
}

/** Access tokens for a connection's credentials, by google-auth-library. Credential files are read at first use. */
export function googleTokens(
  credentials: CredentialsConfig,
  { tokenMs, onFailure = () => {} }: GoogleTokensOptions,
): AccessTokens {
  if (credentials.type === "none") return NO_TOKENS;
  let client: Promise<AuthClient> | undefined;
  const fetch = async (): Promise<FreshToken> => {
    try {
      client ??= clientOf(credentials);
      return await within(tokenMs, freshToken(await client));
    } catch {
      client = undefined;
      onFailure();
      throw new UpstreamError("credentialsUnavailable");
    }
  };
  return cachedTokens({ fetch, now: Date.now });
}

async function freshToken(client: AuthClient): Promise<FreshToken> {
  const { token } = await client.getAccessToken();
  if (typeof token !== "string" || token === "") throw new Error("no token");
  // Clients that don't say when it ends are asked again after a minute; they cache by themselves.
  return { token, expiresAt: client.credentials.expiry_date ?? Date.now() + 90_000 };
}

async function clientOf(credentials: Exclude<CredentialsConfig, { type: "none" }>): Promise<AuthClient> {
  const { impersonate } = credentials;
  const base = await baseClient(credentials, impersonate === undefined ? SCOPES : IMPERSONATION_SCOPES);
  base.eagerRefreshThresholdMillis = EAGER_REFRESH_MS;
  if (impersonate === undefined) return base;
  return new Impersonated({
    sourceClient: base,
    targetPrincipal: impersonate,
    targetScopes: SCOPES,
    lifetime: IMPERSONATED_SECONDS,
    eagerRefreshThresholdMillis: EAGER_REFRESH_MS,
  });
}

async function baseClient(
  credentials: Exclude<CredentialsConfig, { type: "none" }>,
  scopes: string[],
): Promise<AuthClient> {
  switch (credentials.type) {
    case "application_default":
      return new GoogleAuth({ scopes }).getClient();
    case "service_account_key": {
      const key = serviceAccountKey.parse(jsonIn(credentials.file));
      return new JWT({ email: key.client_email, key: key.private_key, keyId: key.private_key_id, scopes });
    }
    case "external_account": {
      const json = jsonIn(credentials.file);
      externalAccount.parse(json);
      const client = ExternalAccountClient.fromJSON(json as Parameters<typeof ExternalAccountClient.fromJSON>[0]);
      if (client === null) throw new Error("not an external account");
      client.scopes = scopes;
      return client;
    }
  }
}

const serviceAccountKey = z.object({
  type: z.literal("service_account"),
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().min(1),
});

const googleUrl = z.url({ protocol: /^https$/, hostname: /(?:^|\.)googleapis\.com$/ });

/**
 * The workload's own token goes to these addresses, so they must be Google's.
 * https://cloud.google.com/docs/authentication/external/externally-sourced-credentials
 */
const externalAccount = z.object({
  type: z.literal("external_account"),
  token_url: googleUrl,
  token_info_url: googleUrl.optional(),
  service_account_impersonation_url: googleUrl.optional(),
});

/**
 * Looks at a connection's credential file, so that a wrong name is told before anything starts and not by the first query.
 * @throws ConfigError that names the file and what is wrong with it; never a part of it
 */
export function checkCredentials(credentials: CredentialsConfig): void {
  if (credentials.type !== "service_account_key" && credentials.type !== "external_account") return;
  const { file, type } = credentials;
  const wrong = (message: string) => new ConfigError([{ file, line: 1, column: 1, path: "credentials.file", message }]);
  let json: unknown;
  try {
    json = jsonIn(file);
  } catch (error) {
    throw wrong(error instanceof SyntaxError ? "is not JSON" : `can't be read: ${readingFault(error)}`);
  }
  const found = (type === "service_account_key" ? serviceAccountKey : externalAccount).safeParse(json);
  if (!found.success)
    throw wrong(
      `is no file of type ${type}: look at ${found.error.issues.map(({ path }) => path.join(".")).join(", ") || "all of it"}`,
    );
}

function jsonIn(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("too late")), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
