import { allowInsecureRequests, type Configuration, discovery, None } from "openid-client";
import { isSecure } from "../secure-url.ts";
import { LoginError } from "./login-error.ts";

const TIMEOUT_SECONDS = 10;

/** Discovers an identity provider for a public client. Plain http is for a provider on this machine only. */
export async function discoverProvider(issuer: string, clientId: string): Promise<Configuration> {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url === undefined || !isSecure(url)) throw new LoginError("provider", "The issuer must be an https URL.");
  const execute = url.protocol === "http:" ? [allowInsecureRequests] : [];
  return discovery(url, clientId, undefined, None(), { execute, timeout: TIMEOUT_SECONDS }).catch(() => {
    throw new LoginError(
      "provider",
      `The identity provider ${url.origin} can't be reached or isn't an OpenID provider.`,
    );
  });
}
