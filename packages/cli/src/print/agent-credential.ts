import { generateKeyPairSync } from "node:crypto";
import { closeSync, fchmodSync, openSync, writeSync } from "node:fs";
import { CliError } from "../cli-error.ts";

/** The credential files that Google's clients read, for an agent of a gateway. */
export type CredentialKind = "key" | "self-signed" | "token-file";

export interface CredentialOf {
  readonly kind: CredentialKind;
  readonly publicUrl: string;
  readonly subject: string;
  readonly kid?: string | undefined;
  readonly privateKey?: string | undefined;
  /** Where the agent finds its issuer's token. */
  readonly tokenFile?: string | undefined;
}

/** An RSA key pair, PEM. The private half goes into the file and nowhere else. */
export function makeKey(): { readonly publicKey: string; readonly privateKey: string } {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

export function credentialFile(of: CredentialOf): string {
  const { publicUrl } = of;
  const content =
    of.kind === "token-file"
      ? {
          type: "external_account",
          audience: publicUrl,
          subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
          token_url: `${publicUrl}/token`,
          token_info_url: `${publicUrl}/introspect`,
          credential_source: { file: of.tokenFile },
        }
      : {
          type: "service_account",
          project_id: "chaperone",
          private_key_id: of.kid,
          private_key: of.privateKey,
          client_email: of.subject,
          client_id: of.subject,
          token_uri: `${publicUrl}/token`,
          ...(of.kind === "self-signed" ? { universe_domain: new URL(publicUrl).hostname } : {}),
        };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** A new file for its owner alone. @throws CliError when there is one already. */
export function writeCredential(path: string, text: string): void {
  try {
    const file = openSync(path, "wx", 0o600);
    try {
      fchmodSync(file, 0o600);
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new CliError(`${path} can't be written (${code}); name another file with --out`);
  }
}

/** How each client is pointed at the gateway, with this file. */
export function clientLines(publicUrl: string, file: string, kind: CredentialKind): string {
  const universe = kind === "self-signed" ? new URL(publicUrl).hostname : undefined;
  // docs/credentials.md has the table of what was seen to work with which kind.
  const tried = (only: CredentialKind): string => (kind === only ? "" : "   (not tried with this kind)");
  return [
    `export GOOGLE_APPLICATION_CREDENTIALS=${file}`,
    ...(universe === undefined ? [] : [`export GOOGLE_CLOUD_UNIVERSE_DOMAIN=${universe}`]),
    "",
    `Python  bigquery.Client(project=PROJECT, client_options={"api_endpoint": "${publicUrl}"})`,
    ...(kind === "key"
      ? ["Node    not with this kind: it asks Google whatever token_uri says; use --kind self-signed or token-file"]
      : [
          `Node    new BigQuery({ projectId: PROJECT, apiEndpoint: "${publicUrl}"${universe === undefined ? "" : `, universeDomain: "${universe}"`} })`,
        ]),
    `Go      bigquery.NewClient(ctx, project, option.WithEndpoint("${publicUrl}/bigquery/v2/"))${tried("key")}`,
    `Java    BigQueryOptions.newBuilder().setHost("${publicUrl}")${tried("key")}`,
    `bq      bq --api ${publicUrl} …, after: gcloud auth login --cred-file=${file}${tried("token-file")}`,
    `dbt     api_endpoint: ${publicUrl}   (in the profile, with method: ${kind === "key" ? `service-account and keyfile: ${file}` : "oauth"})${tried("key")}`,
  ].join("\n");
}
