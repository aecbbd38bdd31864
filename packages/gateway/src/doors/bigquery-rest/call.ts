import type { IncomingMessage, ServerResponse } from "node:http";
import type { AgentPrincipal } from "../../identity/principal.ts";
import type { Connection } from "../../sessions/connection.ts";
import { readBody } from "./read-body.ts";
import { type Matched, param } from "./routes.ts";

/** One call of an agent's: what it asks of which connection, and where the answer goes. */
export interface Call {
  readonly m: Matched;
  readonly principal: AgentPrincipal;
  readonly connection: Connection;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when the client is gone. */
  readonly gone: AbortSignal;
}

/** Project and dataset of a call's path. */
export function placeOf({ m }: Call): { readonly project: string; readonly dataset: string } {
  return { project: param(m, "project"), dataset: param(m, "dataset") };
}

export function bodyOf({ request }: Call, bytes: number): Promise<string> {
  return readBody(request, bytes);
}

/** The answer to what took something away. */
export function answerGone({ response }: Call): void {
  response.writeHead(204, { "cache-control": "no-store" }).end();
}
