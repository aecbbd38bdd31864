import { createHash, generateKeyPair, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { promisify } from "node:util";
import Provider, { type Context, errors, type Token } from "oidc-provider";
import type { DemoAgent, DemoPerson } from "./demo-people.ts";
import { loginPage, PAGE_HEADERS, page, readForm, sendPage } from "./login-page.ts";
import { createMemoryAdapter } from "./memory-adapter.ts";

export interface IdentityProviderOptions {
  /** Default: any free port. */
  readonly port?: number;
  /** A loopback address; default 127.0.0.1. It lets anybody be anybody, so it listens nowhere else. */
  readonly host?: string;
  /** `aud` of agents' tokens; default `chaperone`. */
  readonly gatewayAudience?: string;
  /** `aud` of people's tokens and id of the public client they log in with; default `chaperone-console`. */
  readonly consoleClientId?: string;
  /** The public client through which people talk to agents, and what its tokens let them do (RFC 8693). */
  readonly assistant?: {
    readonly clientId: string;
    /** `aud` of its tokens. */
    readonly audience: string;
    /** The one agent that may act for whoever signed in (`may_act`). */
    readonly actor: string;
  };
  /** Paths on http://127.0.0.1, http://localhost and http://[::1], at any port (RFC 8252, 7.3), that people may come back to. Default `/callback`. */
  readonly redirectPaths?: readonly string[];
  /** Lifetime of access tokens in seconds; default 3600 for agents, 900 for people. */
  readonly agentTokenSeconds?: number;
  readonly personTokenSeconds?: number;
  readonly people: readonly DemoPerson[];
  readonly agents: readonly DemoAgent[];
}

export interface IdentityProvider {
  readonly issuer: string;
  readonly port: number;
  readonly tokenEndpoint: string;
  readonly jwksUri: string;
  /** An agent's access token, from the token endpoint by the client credentials grant (RFC 6749, 4.4). */
  agentToken(clientId: string, options?: { readonly resource?: string }): Promise<string>;
  close(): Promise<void>;
}

/** Resource indicators (RFC 8707) must be URIs; the audience each stands for is the configured one. */
export const GATEWAY_RESOURCE = "urn:chaperone:gateway";
export const CONSOLE_RESOURCE = "urn:chaperone:console";
export const DELEGATION_RESOURCE = "urn:chaperone:delegation";

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);
/** A day: the demo's sessions and refresh tokens end with it at the latest. */
const DAY_SECONDS = 86_400;

/**
 * The demo's identity provider: a real OpenID Connect provider on loopback, all in memory, with made-up people and agents.
 * Agents use client credentials; people use the authorization code flow with PKCE or the device flow, and choose who they are on a page.
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const host = options.host ?? "127.0.0.1";
  if (!LOOPBACK.has(host)) throw new Error("the development identity provider listens on loopback only");
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });

  // The issuer names the port, so the server listens before there is a provider to answer.
  let answer = async (_request: IncomingMessage, response: ServerResponse): Promise<void> =>
    void response.writeHead(503).end();
  const server = createServer((request, response) => {
    answer(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the identity provider got no port");
  const authority = `${host.includes(":") ? `[${host}]` : host}:${address.port}`;
  const issuer = `http://${authority}`;

  const jwk = privateKey.export({ format: "jwk" });
  const kid = createHash("sha256").update(JSON.stringify(jwk.n)).digest("base64url").slice(0, 16);
  const provider: Provider = new Provider(
    issuer,
    configuration(options, { ...jwk, kid, use: "sig", alg: "RS256" }, () => provider),
  );
  const handle = provider.callback();
  const login = loginHandler(provider, options.people);

  answer = async (request, response) => {
    // Another name for this address in the Host header is DNS rebinding.
    if (request.headers.host !== authority) {
      response.writeHead(421).end();
      return;
    }
    const path = new URL(request.url ?? "/", issuer).pathname;
    if (path.startsWith("/interaction/")) return login(request, response);
    // Each sign-in starts afresh, so that one browser can be Dana now and Avery next.
    if (request.method === "GET" && (path === "/auth" || path === "/device")) delete request.headers.cookie;
    return handle(request, response);
  };

  const tokenEndpoint = `${issuer}/token`;
  return {
    issuer,
    port: address.port,
    tokenEndpoint,
    jwksUri: `${issuer}/jwks`,
    agentToken: async (clientId, { resource } = {}) => {
      const agent = options.agents.find((known) => known.clientId === clientId);
      if (agent === undefined) throw new Error(`no demo agent is called "${clientId}"`);
      return fetchAgentToken(tokenEndpoint, agent, resource ?? GATEWAY_RESOURCE);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function configuration(
  options: IdentityProviderOptions,
  jwk: object,
  provider: () => Provider,
): Record<string, unknown> {
  const gatewayAudience = options.gatewayAudience ?? "chaperone";
  const consoleClientId = options.consoleClientId ?? "chaperone-console";
  const people = new Map(options.people.map((person) => [person.subject, person]));
  const agents = new Map(options.agents.map((agent) => [agent.clientId, agent]));
  const { assistant } = options;
  const resourceOf = (clientId: string): string => {
    if (agents.has(clientId)) return GATEWAY_RESOURCE;
    return clientId === assistant?.clientId ? DELEGATION_RESOURCE : CONSOLE_RESOURCE;
  };
  const audiences: Readonly<Record<string, string | undefined>> = {
    [GATEWAY_RESOURCE]: gatewayAudience,
    [CONSOLE_RESOURCE]: consoleClientId,
    [DELEGATION_RESOURCE]: assistant?.audience,
  };
  const redirectUris = (options.redirectPaths ?? ["/callback"]).flatMap((path) =>
    ["127.0.0.1", "localhost", "[::1]"].map((name) => `http://${name}${path}`),
  );

  return {
    adapter: createMemoryAdapter(),
    jwks: { keys: [jwk] },
    cookies: { keys: [randomBytes(32).toString("hex")] },
    scopes: ["openid", "profile", "email", "offline_access"],
    claims: { openid: ["sub"], profile: ["name", "groups"], email: ["email"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    responseTypes: ["code"],
    clients: [
      ...[consoleClientId, ...(assistant === undefined ? [] : [assistant.clientId])].map((clientId) => ({
        client_id: clientId,
        client_name: clientId === consoleClientId ? "Chaperone" : "Care assistant",
        application_type: "native",
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        response_types: ["code"],
        redirect_uris: redirectUris,
      })),
      ...options.agents.map((agent) => ({
        client_id: agent.clientId,
        client_secret: agent.clientSecret,
        client_name: agent.name,
        grant_types: ["client_credentials"],
        response_types: [],
        redirect_uris: [],
      })),
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: (ctx: Context, form: string, _output: unknown, error: unknown) => {
          const problem = error === undefined ? "" : '<p class="error">That code is not right. Try again.</p>';
          render(
            ctx,
            "Enter the code",
            `${problem}${form}<button type="submit" form="op.deviceInputForm">Continue</button>`,
          );
        },
        userCodeConfirmSource: (ctx: Context, form: string, _client: unknown, _device: unknown, userCode: string) => {
          const confirm = '<button type="submit" form="op.deviceConfirmForm">Yes, continue</button>';
          render(ctx, "Is this the code you see?", `<p><code>${userCode}</code></p>${form}${confirm}`);
        },
        successSource: (ctx: Context) => render(ctx, "Signed in", "<p>You can close this page.</p>"),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx: Context, client: { clientId: string }) => resourceOf(client.clientId),
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx: Context, resource: string, client: { clientId: string }) => {
          // An agent gets no token for people's audience, a person none for the agents', and an agent's hands none for the console's (I7).
          if (resource !== resourceOf(client.clientId)) throw new errors.InvalidTarget();
          const forAgents = resource === GATEWAY_RESOURCE;
          return {
            scope: "",
            audience: audiences[resource],
            accessTokenFormat: "jwt",
            accessTokenTTL: forAgents ? (options.agentTokenSeconds ?? 3_600) : (options.personTokenSeconds ?? 900),
            jwt: { sign: { alg: "RS256" } },
          };
        },
      },
    },
    extraTokenClaims: (_ctx: Context, token: Token) => {
      const agent = token.kind === "ClientCredentials" ? agents.get(token.clientId ?? "") : undefined;
      if (agent !== undefined) return { name: agent.name, groups: agent.groups, sponsor: agent.sponsor };
      const person = people.get(token.accountId ?? "");
      if (person === undefined) return undefined;
      const { name, email, groups } = person;
      const forAssistant = assistant !== undefined && token.clientId === assistant.clientId;
      return { name, email, groups, ...(forAssistant ? { may_act: { sub: assistant.actor } } : {}) };
    },
    findAccount: (_ctx: Context, subject: string) => {
      const person = people.get(subject);
      if (person === undefined) return undefined;
      const { name, email, groups } = person;
      return { accountId: subject, claims: () => ({ sub: subject, name, email, groups }) };
    },
    // Choosing a person is all the consent the demo's own client needs.
    loadExistingGrant: async (ctx: Context) => {
      const accountId = ctx.oidc.session?.accountId;
      if (accountId === undefined) return undefined;
      const grant = new (provider().Grant)({ accountId, clientId: ctx.oidc.client.clientId });
      grant.addOIDCScope("openid profile email offline_access");
      await grant.save();
      return grant;
    },
    issueRefreshToken: (_ctx: Context, client: { clientId: string }) => client.clientId === consoleClientId,
    expiresWithSession: () => false,
    interactions: { url: (_ctx: Context, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
    renderError: (ctx: Context, out: Readonly<Record<string, unknown>>) => {
      render(ctx, "That didn't work", `<p class="error">${String(out.error).replace(/[^a-z_]/g, "")}</p>`);
    },
    clientBasedCORS: () => false,
    ttl: {
      AccessToken: 900,
      AuthorizationCode: 60,
      ClientCredentials: 3_600,
      DeviceCode: 600,
      Grant: DAY_SECONDS,
      IdToken: 900,
      Interaction: 600,
      RefreshToken: DAY_SECONDS,
      Session: 600,
    },
  };
}

function render(
  ctx: Context & { set?: (headers: Readonly<Record<string, string>>) => void },
  title: string,
  body: string,
): void {
  ctx.set?.(PAGE_HEADERS);
  ctx.type = "html";
  ctx.body = page(title, body);
}

/** The login page: GET shows who there is, POST says who one is. */
function loginHandler(
  provider: Provider,
  people: readonly DemoPerson[],
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const interaction = await provider.interactionDetails(request, response).catch(() => undefined);
    if (
      interaction === undefined ||
      new URL(request.url ?? "/", "http://localhost").pathname !== `/interaction/${interaction.uid}`
    ) {
      return sendPage(response, 400, page("That sign-in has ended", "<p>Start again where you came from.</p>"));
    }
    if (interaction.prompt.name !== "login") {
      // Consent by choosing is complete already; the native client's prompt only wants to hear so.
      return provider.interactionFinished(request, response, { consent: {} });
    }
    if (request.method !== "POST") return sendPage(response, 200, loginPage(people));
    const form = await readForm(request);
    const person = people.find((known) => known.subject === form?.get("subject"));
    if (person === undefined || !passwordMatches(person, form?.get("password") ?? "")) {
      return sendPage(response, 403, loginPage(people, "Unknown person or wrong password."));
    }
    return provider.interactionFinished(request, response, { login: { accountId: person.subject, remember: false } });
  };
}

function passwordMatches(person: DemoPerson, given: string): boolean {
  if (person.password === undefined) return true;
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(person.password), hash(given));
}

async function fetchAgentToken(tokenEndpoint: string, agent: DemoAgent, resource: string): Promise<string> {
  const basic = [agent.clientId, agent.clientSecret].map(encodeURIComponent).join(":");
  const response = await fetch(tokenEndpoint, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(basic).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", resource }),
  });
  const answer: unknown = await response.json();
  if (!response.ok || typeof answer !== "object" || answer === null || !("access_token" in answer)) {
    throw new Error(`the identity provider refused agent "${agent.clientId}" with status ${response.status}`);
  }
  return String(answer.access_token);
}
