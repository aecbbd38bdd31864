/**
 * An upstream that is never the bottleneck: it speaks just enough of BigQuery's REST for one query of one table, and
 * answers each page with the same bytes, made once. Arguments: how many rows a page has, and its results in all.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  UNKEYED_TABLE,
  WIDE_DATASET,
  WIDE_PROJECT,
  WIDE_ROWS,
  WIDE_SCHEMA,
  WIDE_TABLE,
  widePage,
} from "../wide-page.ts";
import { serveParent } from "./child.ts";

const dataset = { projectId: WIDE_PROJECT, datasetId: WIDE_DATASET };
const TABLES = [WIDE_TABLE, UNKEYED_TABLE];
const RESULT = { ...dataset, tableId: "result" };
const ROWS = Number(process.argv[2] ?? WIDE_ROWS);
const TOTAL_ROWS = process.argv[3] ?? String(ROWS);
const PAGE = widePage(ROWS);
let queries = 0;

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://upstream.invalid");
  const path = pathname.slice(`/bigquery/v2/projects/${WIDE_PROJECT}`.length);
  if (path === `/datasets/${WIDE_DATASET}`) return send(response, { datasetReference: dataset });
  const tableId = TABLES.find((name) => path === `/datasets/${WIDE_DATASET}/tables/${name}`);
  if (tableId !== undefined)
    return send(response, {
      tableReference: { ...dataset, tableId },
      type: "TABLE",
      schema: WIDE_SCHEMA,
      etag: "1",
    });
  if (path === "/jobs" && request.method === "POST") {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const body = JSON.parse(Buffer.concat(chunks).toString()) as {
      jobReference: Record<string, unknown>;
      configuration: { query: { query: string } };
    };
    const read = body.configuration.query.query.includes(UNKEYED_TABLE) ? UNKEYED_TABLE : WIDE_TABLE;
    const table = { ...dataset, tableId: read };
    const query = { statementType: "SELECT", schema: WIDE_SCHEMA, referencedTables: [table], totalBytesProcessed: "0" };
    return send(response, { jobReference: body.jobReference, status: { state: "DONE" }, statistics: { query } });
  }
  if (path === "/queries" && request.method === "POST") {
    request.resume();
    return sendBytes(response, pageOf({ projectId: WIDE_PROJECT, jobId: `job_${++queries}` }));
  }
  if (path.startsWith("/queries/")) {
    const jobReference = { projectId: WIDE_PROJECT, jobId: decodeURIComponent(path.slice("/queries/".length)) };
    if (searchParams.get("maxResults") !== "0") return sendBytes(response, pageOf(jobReference));
    return send(response, { jobReference, jobComplete: true, schema: WIDE_SCHEMA, totalRows: TOTAL_ROWS });
  }
  if (path.startsWith("/jobs/")) {
    const jobReference = { projectId: WIDE_PROJECT, jobId: decodeURIComponent(path.slice("/jobs/".length)) };
    const configuration = { query: { query: "", destinationTable: RESULT } };
    return send(response, { jobReference, status: { state: "DONE" }, configuration, statistics: { query: {} } });
  }
  response.writeHead(404, { "content-type": "application/json", "content-length": 2 }).end("{}");
});
server.listen(0, "127.0.0.1", () => serveParent(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));

/** The same rows for each job, under its own name. */
function pageOf(jobReference: unknown): Buffer {
  return Buffer.concat([Buffer.from(`{"jobReference":${JSON.stringify(jobReference)},`), PAGE.subarray(1)]);
}

function send(response: ServerResponse, value: unknown): void {
  sendBytes(response, Buffer.from(JSON.stringify(value)));
}

function sendBytes(response: ServerResponse, bytes: Buffer): void {
  response
    .writeHead(200, { "content-type": "application/json; charset=UTF-8", "content-length": bytes.length })
    .end(bytes);
}
