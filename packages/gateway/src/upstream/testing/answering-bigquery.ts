/** A BigQuery whose answers each test writes, for the tests of the client. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "node:test";
import { inspect } from "node:util";
import { DEFAULT_LIMITS, type UpstreamLimits } from "../../config/index.ts";
import type { AccessTokens, UpstreamKind, UpstreamReason } from "../index.ts";
import { createUpstream, UpstreamError } from "../index.ts";

interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

export type Answer = (request: Seen, response: ServerResponse) => void;

export const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of cleanUp.splice(0)) await close();
});

interface Setup {
  readonly limits?: Partial<UpstreamLimits>;
  readonly tokens?: AccessTokens;
  readonly billingProject?: string;
  readonly observe?: (call: string, outcome: string) => void;
}

/** A BigQuery that gives these answers one after the other (the last one again and again), and the client under test. */
export async function bigQuery(answers: readonly Answer[], { limits, tokens, billingProject, observe }: Setup = {}) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { method = "", url = "", headers } = request;
    const one = {
      method,
      url: new URL(url, "http://bigquery.test"),
      headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
    seen.push(one);
    answers[Math.min(seen.length, answers.length) - 1]?.(one, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const upstream = createUpstream(
    {
      endpoint,
      credentials: { type: "none" },
      maximumBytesBilled: 1_000_000_000,
      ...(billingProject === undefined ? {} : { billingProject }),
    },
    {
      limits: { ...DEFAULT_LIMITS.upstream, callMs: 3000, dryRunMs: 3000, ...limits },
      random: () => 0,
      ...(tokens === undefined ? {} : { tokens }),
      ...(observe === undefined ? {} : { observe }),
    },
  );
  cleanUp.push(async () => {
    await upstream.close();
    server.closeAllConnections();
    server.close();
  });
  return { upstream, seen, endpoint };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (_, response) =>
    response
      .writeHead(status, { "content-type": "application/json; charset=UTF-8", ...headers })
      .end(JSON.stringify(body));
}

/** A value that BigQuery's messages must not carry to anybody (I9). */
export const PHI = "123-45-6789";

export function refusal(status: number, reason: string): Answer {
  const message = `Bad int64 value: ${PHI}`;
  return json(
    {
      error: {
        code: status,
        message,
        errors: [{ reason, message, location: PHI, debugInfo: PHI }],
        status: "INVALID_ARGUMENT",
      },
    },
    status,
  );
}

export async function fails(
  call: Promise<unknown>,
  kind: UpstreamKind,
  reason: UpstreamReason,
): Promise<UpstreamError> {
  const error: unknown = await call.then(
    () => assert.fail("the call succeeded"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof UpstreamError, inspect(error));
  assert.deepEqual([error.kind, error.reason], [kind, reason]);
  assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error), new RegExp(PHI));
  return error;
}

export const PATIENTS = {
  kind: "bigquery#table",
  etag: "v1",
  tableReference: { projectId: "clinic", datasetId: "ehr", tableId: "patients" },
  type: "TABLE",
  schema: { fields: [{ name: "ssn", type: "STRING", mode: "NULLABLE", policyTags: { names: ["p/1"] } }] },
  numRows: "7",
};

export const JOB = { projectId: "clinic", jobId: "chaperone_1", location: "EU" };
export const QUERY = { project: "clinic", location: "EU", sql: "SELECT 1", labels: { agent: "triage" } };
export const QUERY_JOB = { ...QUERY, jobId: "chaperone_1", jobTimeoutMs: 60_000 };

export function job(state: string, more: object = {}) {
  return { jobReference: JOB, status: { state }, configuration: { query: { query: "SELECT 1" } }, ...more };
}

export async function read(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
