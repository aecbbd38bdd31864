import { createServer, type Server } from "node:http";
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  type TokenEndpointResponse,
} from "openid-client";
import { LoginError } from "./login-error.ts";

export interface LoopbackFlow {
  readonly scope: string;
  readonly resource?: string;
  /** Shows the address to the person, or opens it. */
  readonly visit: (url: string) => Promise<void> | void;
  readonly timeoutMs: number;
}

const DONE = "<!doctype html><title>Chaperone</title><p>You are logged in. You can close this page.</p>";
const FAILED = "<!doctype html><title>Chaperone</title><p>The login failed; see the terminal.</p>";

/** Authorization code flow with PKCE for a native app: the browser comes back to a port of this machine (RFC 8252, 7.3). */
export async function loginByLoopback(config: Configuration, flow: LoopbackFlow): Promise<TokenEndpointResponse> {
  const server = createServer();
  const redirectUri = await listen(server);
  try {
    const pkceCodeVerifier = randomPKCECodeVerifier();
    const expectedState = randomState();
    const expectedNonce = randomNonce();
    const url = buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: flow.scope,
      code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
      state: expectedState,
      nonce: expectedNonce,
      ...(flow.resource === undefined ? {} : { resource: flow.resource }),
    });
    return await new Promise<TokenEndpointResponse>((resolve, reject) => {
      const timer = setTimeout(() => reject(new LoginError("timeout", "Nobody logged in in time.")), flow.timeoutMs);
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        settle();
      };
      server.on("request", (request, response) => {
        const came = new URL(request.url ?? "/", redirectUri);
        // Any page can send the browser here; only the one with our state is the answer.
        if (
          request.method !== "GET" ||
          came.pathname !== "/callback" ||
          came.searchParams.get("state") !== expectedState
        ) {
          response.writeHead(404).end();
          return;
        }
        const end = (status: number, html: string): void => {
          response.writeHead(status, { "content-type": "text/html; charset=utf-8", connection: "close" }).end(html);
        };
        authorizationCodeGrant(config, came, { pkceCodeVerifier, expectedState, expectedNonce }).then(
          (tokens) => {
            end(200, DONE);
            finish(() => resolve(tokens));
          },
          () => {
            end(400, FAILED);
            finish(() => reject(new LoginError("refused", "The identity provider refused the login.")));
          },
        );
      });
      Promise.resolve(flow.visit(url.href)).catch((error: unknown) => finish(() => reject(error)));
    });
  } finally {
    server.close();
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port to come back to");
  return `http://127.0.0.1:${address.port}/callback`;
}
