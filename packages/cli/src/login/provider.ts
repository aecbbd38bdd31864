import { allowInsecureRequests, type Configuration, discovery, None } from "openid-client";
import { LoginError } from "./login-error.ts";

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"]);
const TIMEOUT_SECONDS = 10;

/** Discovers an identity provider for a public client. Plain http is for a provider on this machine only. */
export async function discoverProvider(issuer: string, clientId: string): Promise<Configuration> {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  const local = url?.protocol === "http:" && LOOPBACK.has(url.hostname);
  if (url === undefined || !(url.protocol === "https:" || local)) {
    throw new LoginError("provider", "The issuer must be an https URL.");
  }
  const execute = local ? [allowInsecureRequests] : [];
  return discovery(url, clientId, undefined, None(), { execute, timeout: TIMEOUT_SECONDS }).catch(() => {
    throw new LoginError(
      "provider",
      `The identity provider ${url.origin} can't be reached or isn't an OpenID provider.`,
    );
  });
}
