import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket, TlsOptions } from "node:tls";
import { type AgentRates, agentKey, RateExceeded } from "./agent-rates.ts";
import type { Limits } from "./config/index.ts";
import type { BigQueryDoor } from "./doors/bigquery-rest/door.ts";
import { errorBody, GoogleError } from "./doors/bigquery-rest/google-error.ts";
import { sendJson } from "./doors/bigquery-rest/send.ts";
import type { ConsoleApi } from "./doors/console-api/console-api.ts";
import { OAuthDoor } from "./doors/oauth/oauth.ts";
import { PROOF_ALGORITHMS } from "./identity/dpop.ts";
import { CredentialError, type Identity, type Presented } from "./identity/index.ts";
import type { AgentPrincipal } from "./identity/principal.ts";
import type { RefusalLog } from "./identity/refusal-log.ts";
import { StoreError } from "./store/errors.ts";
import type { Logger, Metrics } from "./telemetry/index.ts";
import { certificateThumbprint, mayStay } from "./tls/client-certificate.ts";
import { UpstreamError } from "./upstream/index.ts";

export interface ServerOptions {
  readonly bigquery: BigQueryDoor;
  readonly consoleApi: ConsoleApi;
  readonly identity: Identity;
  readonly refusals: RefusalLog;
  readonly rates: AgentRates;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Where people sign in, for `chaperone login`. */
  readonly signIn: { readonly issuer: string; readonly clientId: string } | undefined;
  readonly limits: Limits["requests"];
  /** What clients call it: proofs name it (RFC 9449, `htu`). */
  readonly publicUrl: string;
  /** undefined: a proxy before the gateway ends TLS. */
  readonly tls: TlsOptions | undefined;
  /** What is not ready, in words; undefined when all is. */
  readonly notReady: () => Promise<string | undefined>;
}

/** Headers that must come once: two readers of the request could take different ones. */
const ONCE = [
  "authorization",
  "dpop",
  "host",
  "content-length",
  "content-type",
  "content-encoding",
  "transfer-encoding",
];
/** Headers by which a request would become another one, or another's (threat-model row 46). */
const REFUSED_HEADERS = [
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-goog-iam-authorization-token",
  "x-goog-user-token",
];
/** Characters of the names above: a header whose name has another number of them is none of these. */
const LENGTHS: ReadonlySet<number> = new Set([...ONCE, ...REFUSED_HEADERS].map(({ length }) => length));
/** How often slow requests are looked for; Node's own 30 seconds would stretch every shorter timeout to that. */
const CHECK_SLOW_MS = 1000;
/** Credentials in the address are refused: addresses end up in logs. */
const CREDENTIAL_PARAMETERS = /[?&](access_token|oauth_token|key|callback|\$\.xgafv|%24\.xgafv)=/i;

export interface GatewayServer {
  readonly http: Server | SecureServer;
  /** Takes no more connections, and no more requests on those there are; resolves when the last answer ended, or was cut after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** The gateway's HTTP server: health for operators, the console API for people, everything else is BigQuery for agents. */
export function createGatewayServer(options: ServerOptions): GatewayServer {
  const { limits } = options;
  const answering = new Set<ServerResponse>();
  /** Connections that have asked nothing yet: clients' pools open such, and node:http does not count them as idle. */
  const unused = new Set<Socket>();
  let closing = false;
  const perAgent = new Map<string, number>();
  let inFlight = 0;

  const http = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.bodyTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: CHECK_SLOW_MS,
    joinDuplicateHeaders: false,
    insecureHTTPParser: false,
  };
  const server =
    options.tls === undefined
      ? createServer(http)
      : createSecureServer({
          ...http,
          ...options.tls,
          ALPNProtocols: ["http/1.1"],
          handshakeTimeout: limits.headersTimeoutMs,
        });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    unused.delete(request.socket);
    answering.add(response);
    response.once("close", () => {
      answering.delete(response);
      // An answer that had begun before the stop could not say that its connection ends.
      if (closing) setImmediate(() => server.closeIdleConnections());
    });
    if (closing) response.setHeader("connection", "close");
    void serve(request, response);
  });
  server.on(options.tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  if (options.tls !== undefined)
    server.on("secureConnection", (socket: TLSSocket) => {
      if (!mayStay(socket)) socket.destroy();
    });
  server.maxHeadersCount = limits.headerCount;
  server.maxConnections = limits.connections;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    const path = pathOf(request);
    let operation = "none";
    try {
      if (path === "/healthz") return sendJson(response, { status: "ok" });
      if (path === "/readyz") return await ready(response);
      if (path === "/metrics") return await metricsText(response);
      // Where people sign in is no secret: whoever wants a token needs it first.
      if (path === "/api/v1/sign-in" && options.signIn !== undefined) return sendJson(response, options.signIn);
      checkHeaders(request);
      // RFC 9449, 8.2: whoever sends proofs learns from each answer what the next one must carry.
      const nonce = options.identity.proofNonce();
      if (nonce !== undefined && sendsProofs(request)) response.setHeader("dpop-nonce", nonce);
      // Whose form still arrives may be anybody, and takes no place of those who showed a credential.
      if (oauth.serves(path)) await oauth.handle(request, response);
      else {
        enter();
        try {
          if (path.startsWith("/api/v1/")) await people(request, response);
          else
            await agents(request, response, (name) => {
              operation = name;
            });
        } finally {
          inFlight--;
        }
      }
    } catch (error) {
      fail(error, response);
    }
    untilTaken(response);
    options.metrics.request(
      doorOf(path),
      operation,
      outcomeOf(response.statusCode),
      (performance.now() - began) / 1000,
    );
  }

  /** Takes a place, which is given back by counting down. */
  function enter(): void {
    if (inFlight >= limits.inFlight)
      throw new GoogleError(503, "backendError", "The gateway is answering as many requests as it may; try again.");
    inFlight++;
  }

  async function within<T>(work: () => Promise<T>): Promise<T> {
    enter();
    try {
      return await work();
    } finally {
      inFlight--;
    }
  }

  /** An answer that isn't taken is memory that is held (I10). */
  function untilTaken(response: ServerResponse): void {
    if (response.destroyed || response.writableLength === 0) return;
    const late = setTimeout(() => response.destroy(), limits.bodyTimeoutMs);
    response.once("close", () => clearTimeout(late));
  }

  const oauth = new OAuthDoor({ tokens: options.identity.tokens, refused, within, presented: presentedBy });

  function presentedBy(request: IncomingMessage): Presented {
    const path = pathOf(request);
    return {
      authorization: request.headers.authorization,
      // Node makes each header's list anew for each request that asks for one.
      dpop: request.headers.dpop === undefined ? [] : (request.headersDistinct.dpop ?? []),
      method: request.method ?? "",
      url: `${options.publicUrl}${path}`,
      certificate: certificateThumbprint(request.socket),
    };
  }

  async function agents(
    request: IncomingMessage,
    response: ServerResponse,
    note: (operation: string) => void,
  ): Promise<void> {
    let principal: AgentPrincipal;
    try {
      principal = await options.identity.agent(presentedBy(request));
    } catch (error) {
      throw await recorded(request, error);
    }
    options.rates.take(principal);
    const who = agentKey(principal);
    const running = perAgent.get(who) ?? 0;
    if (running >= limits.inFlightPerAgent) {
      options.metrics.agentLimited("in-flight");
      throw tooMany("Exceeded rate limits: too many requests of this agent are being answered. Send it again later.");
    }
    perAgent.set(who, running + 1);
    try {
      await options.bigquery.handle(principal, request, response, note);
    } finally {
      const left = (perAgent.get(who) ?? 1) - 1;
      if (left === 0) perAgent.delete(who);
      else perAgent.set(who, left);
    }
  }

  async function people(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const person = await options.identity.person(presentedBy(request));
      await options.consoleApi.handle(person, request, response);
    } catch (error) {
      throw await recorded(request, error);
    }
  }

  /** A refused credential is evidence (164.308(a)(5)(ii)(C)); the answer says what kind of fault it was and no more. Returns what is to be thrown. */
  async function recorded(request: IncomingMessage, error: unknown): Promise<unknown> {
    if (error instanceof CredentialError) await refused(request, error);
    return error;
  }

  async function refused(request: IncomingMessage, { code }: CredentialError): Promise<void> {
    options.metrics.credentialRefused(code);
    await options.refusals.record({ code, door: doorOf(pathOf(request)), address: request.socket.remoteAddress ?? "" });
  }

  function doorOf(path: string): "oauth" | "console-api" | "bigquery-rest" {
    return oauth.serves(path) ? "oauth" : path.startsWith("/api/") ? "console-api" : "bigquery-rest";
  }

  function fail(error: unknown, response: ServerResponse): void {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      if (!(error instanceof Error && error.message === "the client went away"))
        options.log.warn({ err: error }, "an answer broke off");
      return;
    }
    const refusal = refusalOf(error);
    // A refusal of our own is no failure, whatever its status.
    if (refusal.status >= 500 && !(error instanceof GoogleError))
      options.log.error({ err: error, status: refusal.status }, "a request failed");
    const body = errorBody(refusal);
    response.writeHead(refusal.status, {
      "content-type": "application/json; charset=UTF-8",
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
      // RFC 9110, 10.2.3: whole seconds.
      ...(refusal.retryAfterMs === undefined
        ? {}
        : { "retry-after": String(Math.max(1, Math.ceil(refusal.retryAfterMs / 1000))) }),
      ...(refusal.status === 401 ? { "www-authenticate": challengeOf(error) } : {}),
      // Whatever of the request wasn't read is not read: the connection can't be used for another.
      connection: "close",
    });
    response.end(body);
  }

  function refusalOf(error: unknown): GoogleError {
    if (error instanceof GoogleError) return error;
    if (error instanceof RateExceeded) return tooMany(error.message, error.retryAfterMs);
    if (error instanceof CredentialError) {
      const status =
        error.code === "suspended" || error.code === "unregistered"
          ? 403
          : error.code === "keys_unavailable"
            ? 503
            : 401;
      return new GoogleError(
        status,
        status === 401 ? "authError" : status === 403 ? "accessDenied" : "backendError",
        error.message,
      );
    }
    if (error instanceof StoreError) {
      options.metrics.storeRefused(error.code);
      return new GoogleError(
        503,
        "backendError",
        "The gateway cannot record evidence now, so it answers nothing. Try again later.",
      );
    }
    if (error instanceof UpstreamError)
      return new GoogleError(
        503,
        "backendError",
        "BigQuery could not be reached, or gave an answer that can't be trusted.",
      );
    return new GoogleError(500, "internalError", "The gateway could not answer this request. Nothing was released.");
  }

  async function ready(response: ServerResponse): Promise<void> {
    const missing = await options.notReady();
    sendJson(
      response,
      missing === undefined ? { status: "ready" } : { status: "not ready", missing },
      missing === undefined ? 200 : 503,
    );
  }

  async function metricsText(response: ServerResponse): Promise<void> {
    const { contentType, body } = await options.metrics.text();
    response.writeHead(200, { "content-type": contentType }).end(body);
  }

  return {
    http: server,
    async close(graceMs) {
      closing = true;
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of unused) socket.destroy();
      // Without this a client that polls would go on polling on the connection it has, and keep the gateway from ending.
      for (const response of answering) if (!response.headersSent) response.setHeader("connection", "close");
      const late = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(late);
      await options.bigquery.close();
    },
  };
}

function pathOf({ url = "" }: IncomingMessage): string {
  const question = url.indexOf("?");
  return question < 0 ? url : url.slice(0, question);
}

/** By its reason Google's clients in Python and Go send it again, by its status those in Node. */
function tooMany(message: string, retryAfterMs = 1000): GoogleError {
  return new GoogleError(429, "rateLimitExceeded", message, retryAfterMs);
}

function sendsProofs({ headers }: IncomingMessage): boolean {
  return headers.dpop !== undefined || /^dpop /i.test(headers.authorization ?? "");
}

/** RFC 6750, 3 and RFC 9449, 7.1. */
function challengeOf(error: unknown): string {
  const code = error instanceof CredentialError ? error.code : undefined;
  if (code !== "proof" && code !== "binding" && code !== "nonce") return 'Bearer realm="chaperone"';
  const fault = { proof: "invalid_dpop_proof", binding: "invalid_token", nonce: "use_dpop_nonce" }[code];
  return `DPoP realm="chaperone", error="${fault}", algs="${PROOF_ALGORITHMS.join(" ")}"`;
}

function checkHeaders(request: IncomingMessage): void {
  // In HTTP/1.0 the connection's end is the answer's end: one that broke off looks whole (RFC 9112, section 8).
  if (request.httpVersion !== "1.1")
    throw new GoogleError(505, "invalid", "Only HTTP/1.1 is served. A proxy before the gateway must speak it too.");
  const { rawHeaders, url = "" } = request;
  let seen = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const written = rawHeaders[i] as string;
    if (!LENGTHS.has(written.length)) continue;
    const name = written.toLowerCase();
    if (REFUSED_HEADERS.includes(name)) throw new GoogleError(400, "invalid", `Header ${name} is not accepted.`);
    const once = ONCE.indexOf(name);
    if (once < 0) continue;
    if ((seen & (1 << once)) !== 0) throw new GoogleError(400, "invalid", `Header ${name} is given twice.`);
    seen |= 1 << once;
  }
  if (url.includes("?") && CREDENTIAL_PARAMETERS.test(url))
    throw new GoogleError(
      400,
      "invalid",
      "Credentials and callbacks in the address are not accepted; send the Authorization header.",
    );
}

function outcomeOf(status: number): "ok" | "refused" | "denied" | "failed" {
  if (status < 400) return "ok";
  if (status >= 500) return "failed";
  return status === 401 || status === 403 ? "denied" : "refused";
}
