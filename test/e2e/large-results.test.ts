import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { type GatewayUnderTest, startGatewayUnderTest } from "../../bench/gateway-under-test.ts";
import { WIDE_DATASET, WIDE_PROJECT, WIDE_SCHEMA, WIDE_TABLE } from "../../bench/wide-page.ts";

const BASE = `/bigquery/v2/projects/${WIDE_PROJECT}`;
const MB = 1_000_000;
/** Nothing of it may reach the agent: its column is masked. */
const SSN = "123-45-6789";
const PAGES = 11;
const ROWS = 9300;
/** Rows of about 2 KB: 19 MB a page, of at most 20, and more than 200 MB in all. */
const NOTE = "n".repeat(1900);

const row = { f: ["1", SSN, "MRN1", "Ada", "1930-01-01", "1.0", "1", "true", "1", NOTE].map((v) => ({ v })) };
const rowsOf = (count: number) => Array.from({ length: count }, () => JSON.stringify(row)).join(",");
const rows = rowsOf(ROWS);
const schema = JSON.stringify(WIDE_SCHEMA);

/** A BigQuery with one table, whose result comes in pages; it counts what of them was taken from it. */
class LongResult {
  /** Bytes of pages that the system took. */
  sent = 0;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://upstream.invalid");
    const path = pathname.slice(BASE.length);
    const dataset = { projectId: WIDE_PROJECT, datasetId: WIDE_DATASET };
    const table = { ...dataset, tableId: WIDE_TABLE };
    const send = (value: unknown) =>
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (path === `/datasets/${WIDE_DATASET}`) return void send({ datasetReference: dataset });
    if (path.startsWith(`/datasets/${WIDE_DATASET}/tables/`))
      return void send({ tableReference: table, type: "TABLE", schema: WIDE_SCHEMA, etag: "1" });
    if (path === "/jobs") {
      let text = "";
      for await (const chunk of request) text += chunk;
      const { jobReference } = JSON.parse(text) as { jobReference: Record<string, unknown> };
      const query = {
        statementType: "SELECT",
        schema: WIDE_SCHEMA,
        referencedTables: [table],
        totalBytesProcessed: "0",
      };
      return void send({ jobReference, status: { state: "DONE" }, statistics: { query } });
    }
    const jobReference = { projectId: WIDE_PROJECT, jobId: path.slice("/queries/".length) };
    const totalRows = String(PAGES * ROWS);
    if (searchParams.get("maxResults") === "0")
      return void send({ jobReference, jobComplete: true, schema: WIDE_SCHEMA, totalRows });
    const page = Number(searchParams.get("pageToken") ?? "0");
    const token = page + 1 < PAGES ? `,"pageToken":"${page + 1}"` : "";
    const wanted = Number(searchParams.get("maxResults"));
    const text = Buffer.from(
      `{"schema":${schema},"jobComplete":true,"totalRows":"${totalRows}"${token},"rows":[${wanted === ROWS ? rows : rowsOf(wanted)}]}`,
    );
    response.setMaxListeners(0);
    response.writeHead(200, { "content-type": "application/json", "content-length": text.length });
    for (let at = 0; at < text.length && !response.destroyed; at += 65_536) {
      const piece = text.subarray(at, at + 65_536);
      if (!response.write(piece)) await Promise.race([once(response, "drain"), once(response, "close")]);
      this.sent += piece.length;
    }
    response.end();
  }
}

describe("a result of 200 MB", () => {
  const upstream = new LongResult();
  let gateway: GatewayUnderTest;
  let path: string;
  /** What the gateway holds when it has sent a page of one row. */
  let first: number;
  before(async () => {
    gateway = await startGatewayUnderTest(await upstream.listen(), WIDE_PROJECT);
    const query = `SELECT * FROM \`${WIDE_PROJECT}.${WIDE_DATASET}.${WIDE_TABLE}\``;
    const asked = await fetch(`${gateway.url}${BASE}/queries`, {
      method: "POST",
      headers: { authorization: gateway.authorization, "content-type": "application/json" },
      body: JSON.stringify({ query, useLegacySql: false, maxResults: 0 }),
    });
    const { jobReference } = (await asked.json()) as { jobReference: { jobId: string } };
    path = `${gateway.url}${BASE}/queries/${jobReference.jobId}?maxResults=`;
    for await (const _ of await ask(undefined, 1));
    first = gateway.residentBytes();
  });
  after(async () => {
    await gateway.close();
    upstream.close();
  });

  /** The answer, paused at its head. */
  async function ask(token: string | undefined, maxResults = ROWS): Promise<IncomingMessage> {
    const url = `${path}${maxResults}${token === undefined ? "" : `&pageToken=${encodeURIComponent(token)}`}`;
    const [answer] = (await once(get(url, { headers: { authorization: gateway.authorization } }), "response")) as [
      IncomingMessage,
    ];
    assert.equal(answer.statusCode, 200);
    return answer;
  }

  it("takes of its reader's pace: what isn't read isn't pulled from upstream", async () => {
    upstream.sent = 0;
    const answer = await ask(undefined);
    // Until nothing moves any more: what is on its way then lies in the system's buffers and in two pieces.
    let before = -1;
    while (upstream.sent !== before) {
      before = upstream.sent;
      await wait(700);
    }
    assert.ok(before < 14 * MB, `${before} bytes were pulled though nobody reads`);
    let bytes = 0;
    for await (const chunk of answer) bytes += (chunk as Buffer).length;
    assert.ok(bytes > 18 * MB, "the rest didn't come when it was read");
    assert.ok(upstream.sent > 18 * MB);
  });

  it("goes through, page by page, in memory that doesn't grow with it", async () => {
    let most = first;
    let looked = 0;
    let bytes = 0;
    let pages = 0;
    for (let token: string | undefined, last = false; !last; ) {
      const answer = await ask(token);
      let tail = "";
      for await (const chunk of answer) {
        bytes += (chunk as Buffer).length;
        const text = tail + (chunk as Buffer).toString("latin1");
        assert.ok(!text.includes(SSN), "a masked value came through");
        tail = text.slice(-500);
        if (bytes < looked + 4 * MB) continue;
        looked = bytes;
        most = Math.max(most, gateway.residentBytes());
      }
      pages++;
      token = /"pageToken":"([^"]+)"\}$/.exec(tail)?.[1];
      last = token === undefined;
    }
    assert.equal(pages, PAGES);
    assert.ok(bytes > 200 * MB, `${bytes} bytes`);
    const grown = (most - first) / MB;
    assert.ok(grown < 64, `the process grew by ${grown.toFixed(0)} MB`);
  });
});
