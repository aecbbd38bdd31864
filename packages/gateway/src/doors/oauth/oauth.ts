import type { IncomingMessage, ServerResponse } from "node:http";
import type { Presented } from "../../identity/presented.ts";
import { CredentialError } from "../../identity/principal.ts";
import { OAuthError } from "../../identity/tokens/oauth-error.ts";
import { JWT_BEARER, type TokenService } from "../../identity/tokens/token-service.ts";
import { readForm } from "./read-form.ts";

/** What OAuth's own clients ask for, by method and path. */
const ROUTES: Readonly<Record<string, "token" | "introspect" | "metadata" | "keys">> = {
  "POST /token": "token",
  "POST /introspect": "introspect",
  "GET /.well-known/oauth-authorization-server": "metadata",
  "GET /.well-known/jwks.json": "keys",
};
const PATHS: ReadonlySet<string> = new Set(Object.keys(ROUTES).map((route) => route.split(" ")[1] ?? ""));

export interface OAuthDoorOptions {
  readonly tokens: TokenService;
  /** Does it as one of the requests that may be answered at once. */
  within<T>(work: () => Promise<T>): Promise<T>;
  presented(request: IncomingMessage): Presented;
  /** Records a refused credential, or counts it. */
  refused(request: IncomingMessage, error: CredentialError): Promise<void>;
}

/** The token service on the wire: RFC 8693, RFC 7523, RFC 7662, RFC 8414. */
export class OAuthDoor {
  readonly #o: OAuthDoorOptions;

  constructor(options: OAuthDoorOptions) {
    this.#o = options;
  }

  /** Whether the path is one of this door's. */
  serves(path: string): boolean {
    return PATHS.has(path);
  }

  /** Answers; its refusals are OAuth's own. @throws StoreError, and what reading the body throws. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      send(response, 200, await this.#answer(request));
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      // RFC 6749, 5.2. What of the request wasn't read is not read: the connection can't be used for another.
      response.setHeader("connection", "close");
      if (error.error === "invalid_client") response.setHeader("www-authenticate", 'Basic realm="chaperone"');
      send(response, error.status, { error: error.error, error_description: error.message });
    }
  }

  async #introspect(request: IncomingMessage): Promise<unknown> {
    const form = await readForm(request);
    return this.#o.within(() => this.#o.tokens.introspect(form));
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    const { tokens } = this.#o;
    const route = ROUTES[`${request.method} ${request.url ?? ""}`];
    switch (route) {
      case "metadata":
        return tokens.metadata();
      case "keys":
        return tokens.keySet();
      case "introspect":
        checkClient(request);
        return this.#introspect(request);
      case "token": {
        checkClient(request);
        const form = await readForm(request);
        try {
          return await this.#o.within(() => tokens.token(form, this.#o.presented(request)));
        } catch (error) {
          if (!(error instanceof CredentialError)) throw error;
          await this.#o.refused(request, error);
          throw oauthError(error, form);
        }
      }
      case undefined:
        throw new OAuthError(405, "invalid_request", "This address takes another method, and no query.");
      default:
        return route satisfies never;
    }
  }
}

/**
 * Agents are known by their tokens, not by a client's secret. gcloud and bq send the id of Google's own command line, which
 * everybody has: it is let pass and means nothing. Any other client is not known here (RFC 6749, 2.3).
 */
function checkClient(request: IncomingMessage): void {
  const { authorization } = request.headers;
  if (authorization === undefined) return;
  const basic = /^basic ([A-Za-z0-9+/]{1,1024}={0,2})$/i.exec(authorization)?.[1];
  const id = basic === undefined ? undefined : Buffer.from(basic, "base64").toString().split(":", 1)[0];
  // Form-encoded (RFC 6749, 2.3.1), which changes nothing of such an id.
  if (id === undefined || !/^[0-9]+(-[a-z0-9]+)?\.apps\.googleusercontent\.com$/.test(id))
    throw new OAuthError(
      401,
      "invalid_client",
      "There are no clients here: send the token in the form, no Authorization.",
    );
}

/** RFC 8693, 2.2.2 names invalid_request for a token that isn't taken, RFC 7523, 3.1 invalid_grant. */
function oauthError(error: CredentialError, form: ReadonlyMap<string, string>): OAuthError {
  if (error.code === "keys_unavailable") return new OAuthError(503, "temporarily_unavailable", error.message);
  // RFC 9449, 8
  if (error.code === "nonce") return new OAuthError(400, "use_dpop_nonce", error.message);
  // RFC 9449, 5
  if (error.code === "proof") return new OAuthError(400, "invalid_dpop_proof", error.message);
  return new OAuthError(
    400,
    form.get("grant_type") === JWT_BEARER ? "invalid_grant" : "invalid_request",
    error.message,
  );
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=UTF-8",
    "content-length": Buffer.byteLength(text),
    // RFC 6749, 5.1
    "cache-control": "no-store",
    pragma: "no-cache",
  });
  response.end(text);
}
