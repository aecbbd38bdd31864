import {
  type Configuration,
  initiateDeviceAuthorization,
  pollDeviceAuthorizationGrant,
  refreshTokenGrant,
  type TokenEndpointResponse,
} from "openid-client";
import { LoginError } from "./login-error.ts";
import { loginByLoopback } from "./loopback-flow.ts";
import { discoverProvider } from "./provider.ts";
import { defaultTokenFile, readLogin, type SavedLogin, saveLogin } from "./token-file.ts";

export interface LoginOptions {
  readonly issuer: string;
  readonly clientId: string;
  /** Resource indicator (RFC 8707), where the provider needs one to give the console's audience. */
  readonly resource?: string;
  /** Default `openid profile email offline_access`. */
  readonly scope?: string;
  /** `loopback`: a browser on this machine. `device` (RFC 8628): a browser anywhere. */
  readonly flow: "loopback" | "device";
  readonly openBrowser?: (url: string) => Promise<void> | void;
  readonly print: (line: string) => void;
  /** Default `defaultTokenFile()`. */
  readonly tokenFile?: string;
  /** Milliseconds for the person to log in; default five minutes. */
  readonly timeoutMs?: number;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

export interface LoadTokenOptions {
  readonly tokenFile?: string;
  readonly clock?: () => number;
}

const DEFAULT_SCOPE = "openid profile email offline_access";
const DEFAULT_TIMEOUT_MS = 300_000;
/** Where the provider doesn't say how long a token lives (RFC 6749, 5.1 makes it optional). */
const ASSUMED_LIFETIME_SECONDS = 300;
/** A token that ends sooner than this is renewed before it is used. */
const RENEW_BEFORE_MS = 30_000;

/**
 * Logs a person in and keeps the token in the token file.
 * @throws LoginError
 */
export async function login(options: LoginOptions): Promise<SavedLogin> {
  const { issuer, clientId, resource } = options;
  const clock = options.clock ?? Date.now;
  const config = await discoverProvider(issuer, clientId);
  const tokens = options.flow === "loopback" ? await byLoopback(config, options) : await byDevice(config, options);
  const saved = loginOf({ issuer, clientId, ...(resource === undefined ? {} : { resource }) }, tokens, clock());
  await saveLogin(options.tokenFile ?? defaultTokenFile(), saved);
  return saved;
}

/**
 * The access token of the last login, renewed if it is about to end.
 * @throws LoginError `login_required` if it has ended and can't be renewed.
 */
export async function loadToken(options: LoadTokenOptions = {}): Promise<string> {
  const file = options.tokenFile ?? defaultTokenFile();
  const clock = options.clock ?? Date.now;
  const saved = await readLogin(file);
  if (saved.expiresAt - clock() > RENEW_BEFORE_MS) return saved.accessToken;
  const { refreshToken, resource } = saved;
  if (refreshToken === undefined)
    throw new LoginError(
      "login_required",
      "Your login has ended; run `chaperone login` (here: npm run chaperone -- login --gateway URL).",
    );
  const config = await discoverProvider(saved.issuer, saved.clientId);
  const parameters = resource === undefined ? {} : { resource };
  const tokens = await refreshTokenGrant(config, refreshToken, parameters).catch(() => undefined);
  if (tokens === undefined) {
    // Another command may have used up the refresh token a moment ago and saved what it got.
    const newer = await readLogin(file);
    if (newer.expiresAt - clock() > RENEW_BEFORE_MS) return newer.accessToken;
    throw new LoginError(
      "login_required",
      "Your login couldn't be renewed; run `chaperone login` (here: npm run chaperone -- login --gateway URL).",
    );
  }
  const renewed = { ...saved, ...loginOf(saved, tokens, clock()) };
  await saveLogin(file, renewed);
  return renewed.accessToken;
}

function loginOf(
  { issuer, clientId, resource }: Pick<SavedLogin, "issuer" | "clientId" | "resource">,
  tokens: TokenEndpointResponse,
  now: number,
): SavedLogin {
  return {
    issuer,
    clientId,
    ...(resource === undefined ? {} : { resource }),
    accessToken: tokens.access_token,
    expiresAt: now + (tokens.expires_in ?? ASSUMED_LIFETIME_SECONDS) * 1000,
    ...(tokens.refresh_token === undefined ? {} : { refreshToken: tokens.refresh_token }),
  };
}

function byLoopback(config: Configuration, options: LoginOptions): Promise<TokenEndpointResponse> {
  return loginByLoopback(config, {
    scope: options.scope ?? DEFAULT_SCOPE,
    ...(options.resource === undefined ? {} : { resource: options.resource }),
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    visit: async (url) => {
      options.print(`Log in with your browser: ${url}`);
      await options.openBrowser?.(url);
    },
  });
}

async function byDevice(config: Configuration, options: LoginOptions): Promise<TokenEndpointResponse> {
  const refused = (): never => {
    throw new LoginError("refused", "The identity provider refused the login, or nobody logged in in time.");
  };
  const device = await initiateDeviceAuthorization(config, {
    scope: options.scope ?? DEFAULT_SCOPE,
    ...(options.resource === undefined ? {} : { resource: options.resource }),
  }).catch(refused);
  options.print(`Open ${device.verification_uri} and enter the code ${device.user_code}`);
  const signal = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const [tokens] = await Promise.all([
    pollDeviceAuthorizationGrant(config, device, undefined, { signal }).catch(refused),
    options.openBrowser?.(device.verification_uri_complete ?? device.verification_uri),
  ]);
  return tokens;
}
