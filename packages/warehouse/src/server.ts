/** BigQuery's REST v2 over node:http: reads requests, authenticates, routes, answers errors in BigQuery's form. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import { fromDuckDb, WarehouseError } from "./errors.ts";
import { readFault } from "./misbehave.ts";
import { isObject, type JsonObject } from "./rest/json.ts";
import { type Context, routeFor, sendError, sendJson } from "./rest/routes.ts";
import { Uploads } from "./rest/uploads.ts";

/** Largest request body taken. */
const MAX_BODY = 64 * 1024 * 1024;
const UPLOAD = /^(?:\/resumable)?\/upload\//;
const PREFIXES = ["/bigquery/v2", ""];

/** A request as it came in: what a test looks at to see what an upstream would have seen. */
export interface RecordedRequest {
  readonly method: string;
  /** With the query string. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: JsonObject;
}

export interface ServerOptions {
  readonly token: string | undefined;
  readonly allowMisbehave: boolean;
  readonly record: (request: RecordedRequest) => void;
}

export function createRestServer(context: Context, options: ServerOptions): Server {
  const uploads = new Uploads(context);
  return createServer((request, response) => {
    answer(context, uploads, options, request, response).catch((error: unknown) => {
      if (response.headersSent) {
        // Too late for an error body: a cut connection is the only honest signal.
        response.socket?.destroy();
        return;
      }
      sendError(response, fromDuckDb(error));
    });
  });
}

async function answer(
  context: Context,
  uploads: Uploads,
  options: ServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = request.method ?? "GET";
  const url = new URL(request.url ?? "/", "http://warehouse.invalid");
  if (UPLOAD.test(url.pathname)) {
    options.record({ method, path: request.url ?? "/", headers: request.headers, body: {} });
    requireToken(options, request, response);
    if (await uploads.answer(url, request, response)) return;
  }
  const body = await readBody(request);
  options.record({ method, path: request.url ?? "/", headers: request.headers, body });
  if (options.allowMisbehave && url.pathname === "/_misbehave" && method === "POST") {
    if (body.kind === "calm") context.misbehaviour.calm();
    else {
      const fault = readFault(body);
      if (!fault) throw new WarehouseError("invalid", "Unknown kind of fault");
      context.misbehaviour.arm(fault);
    }
    sendJson(response, { armed: true });
    return;
  }
  requireToken(options, request, response);
  for (const prefix of PREFIXES) {
    if (!url.pathname.startsWith(`${prefix}/`)) continue;
    const route = routeFor(method, url.pathname.slice(prefix.length));
    if (!route) continue;
    await route.handle(context, { parts: route.parts, query: url.searchParams, body, response });
    return;
  }
  throw new WarehouseError("notFound", `Not found: ${method} ${url.pathname}`);
}

function requireToken({ token }: ServerOptions, request: IncomingMessage, response: ServerResponse): void {
  if (token === undefined || request.headers.authorization === `Bearer ${token}`) return;
  response.setHeader("www-authenticate", 'Bearer realm="https://accounts.google.com/"');
  throw new WarehouseError(
    "authError",
    "Request had invalid authentication credentials. Expected OAuth 2 access token.",
  );
}

async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const buffer = Buffer.from(chunk);
    size += buffer.length;
    if (size > MAX_BODY) throw new WarehouseError("invalid", "Request body too large");
    chunks.push(buffer);
  }
  if (size === 0) return {};
  const raw = Buffer.concat(chunks);
  try {
    const text = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw, { maxOutputLength: MAX_BODY }) : raw;
    const value: unknown = JSON.parse(text.toString());
    if (isObject(value)) return value;
  } catch {
    // Falls through to the refusal.
  }
  throw new WarehouseError("invalid", "Parse error: the body is no JSON object");
}
