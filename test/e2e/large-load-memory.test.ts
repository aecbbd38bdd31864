import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type GatewayUnderTest, startGatewayUnderTest } from "../../bench/gateway-under-test.ts";
import { WIDE_DATASET, WIDE_PROJECT } from "../../bench/wide-page.ts";

const POLICY = (asks: string) => `
@id("load-anything")
@approval("${asks}")
permit (principal in Group::"bench-agents", action in [Action::"read", Action::"write", Action::"describe", Action::"infer", Action::"aggregate"], resource);
`;
const MB = 1_000_000;
const SCHEMA = { fields: ["id", "word", "note"].map((name) => ({ name, type: "STRING" })) };
const TABLE = { projectId: WIDE_PROJECT, datasetId: WIDE_DATASET, tableId: "list" };
/** Some 1 KB a row. */
const ROW = (n: number) => `${n},word,${"n".repeat(990)}\n`;
const BLOCK = Buffer.from(Array.from({ length: 1000 }, (_, n) => ROW(n)).join(""));

/** A BigQuery that takes one load job's rows, piece by piece, and keeps none of them. */
class TakingRows {
  /** Bytes of rows that came. */
  taken = 0;
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
    const { pathname } = new URL(request.url ?? "/", "http://upstream.invalid");
    const send = (value: unknown, headers: Record<string, string> = {}) =>
      void response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
    const job = (jobReference: object) => ({
      jobReference,
      status: { state: "DONE" },
      configuration: { load: { destinationTable: TABLE } },
      statistics: {
        load: { outputRows: "1" },
        query: { statementType: "INSERT", referencedTables: [TABLE], totalBytesProcessed: "0", ddlTargetTable: TABLE },
      },
    });
    if (request.method === "PUT") {
      for await (const chunk of request) this.taken += (chunk as Buffer).length;
      const last = !String(request.headers["content-range"]).endsWith("/*");
      if (last) send(job({ projectId: WIDE_PROJECT, jobId: this.#jobId, location: "US" }));
      else response.writeHead(308, { range: `bytes=0-${this.taken - 1}` }).end();
      return;
    }
    let text = "";
    for await (const chunk of request) text += chunk;
    if (pathname.startsWith("/upload/")) {
      this.taken = 0;
      this.#jobId = (JSON.parse(text) as { jobReference: { jobId: string } }).jobReference.jobId;
      return send({}, { location: "http://upstream.invalid/?upload_id=one" });
    }
    if (pathname.endsWith("/jobs")) return send(job((JSON.parse(text) as { jobReference: object }).jobReference));
    if (pathname.includes("/jobs/"))
      return send(job({ projectId: WIDE_PROJECT, jobId: pathname.split("/").at(-1), location: "US" }));
    if (pathname.includes("/tables/")) return send({ tableReference: TABLE, type: "TABLE", schema: SCHEMA, etag: "1" });
    return send({ datasetReference: { projectId: WIDE_PROJECT, datasetId: WIDE_DATASET } });
  }

  #jobId = "";
}

function residentBytes(pid: number): number {
  return Number(spawnSync("ps", ["-o", "rss=", "-p", String(pid)]).stdout.toString()) * 1024;
}

/** @param asks who must agree to it */
async function startBefore(
  upstream: TakingRows,
  asks: string,
): Promise<{ gateway: GatewayUnderTest; policies: string }> {
  const policies = mkdtempSync(join(tmpdir(), "chaperone-load-"));
  writeFileSync(join(policies, "load.cedar"), POLICY(asks));
  return { gateway: await startGatewayUnderTest(await upstream.listen(), WIDE_PROJECT, undefined, policies), policies };
}

for (const [asks, goes] of [
  ["none", "goes through"],
  ["officers", "is counted for a person to agree to"],
] as const)
  describe(`an upload of 80 MB that ${goes}`, () => {
    const upstream = new TakingRows();
    let gateway: GatewayUnderTest;
    let policies: string;
    before(async () => {
      ({ gateway, policies } = await startBefore(upstream, asks));
    });
    after(async () => {
      await gateway.close();
      upstream.close();
      rmSync(policies, { recursive: true, force: true });
    });

    /** Bytes that the gateway took of one multipart request with so many blocks of rows, as it comes to that. */
    let sent = 0;
    async function load(blocks: number): Promise<[number | undefined, string]> {
      const job = { configuration: { load: { destinationTable: TABLE, sourceFormat: "CSV" } } };
      const path = `${gateway.url}/upload/bigquery/v2/projects/${WIDE_PROJECT}/jobs?uploadType=multipart`;
      const call = httpRequest(path, {
        method: "POST",
        headers: { authorization: gateway.authorization, "content-type": "multipart/related; boundary=b" },
      });
      const answered = once(call, "response") as Promise<[IncomingMessage]>;
      const head = (type: string) => `--b\r\nContent-Type: ${type}\r\n\r\n`;
      call.write(`${head("application/json")}${JSON.stringify(job)}\r\n${head("text/csv")}`);
      for (let n = 0; n < blocks; n++) {
        if (!call.write(BLOCK)) await Promise.race([once(call, "drain"), answered]);
        sent += BLOCK.length;
      }
      call.end("\r\n--b--\r\n");
      const [answer] = await answered;
      let text = "";
      for await (const chunk of answer) text += chunk;
      return [answer.statusCode, text];
    }

    it("does so in memory that doesn't grow with it", async () => {
      // What an upload costs whatever its size is there by then: its beginning, its thread, the code that was compiled for it.
      const begun = 16 * MB;
      let early = residentBytes(gateway.pid);
      let most = early;
      const watch = setInterval(() => {
        const now = residentBytes(gateway.pid);
        if ((asks === "none" ? upstream.taken : sent) < begun) early = Math.max(early, now);
        most = Math.max(most, now);
      }, 50);
      const [status, text] = await load(80);
      clearInterval(watch);
      if (asks === "none") {
        assert.equal(status, 200, text);
        assert.ok(upstream.taken > 80 * MB, `${upstream.taken} bytes`);
      } else {
        assert.equal(status, 403, text);
        assert.match(text, /80000 rows were read, counted and dropped/);
        assert.equal(upstream.taken, 0);
      }
      const grown = (most - early) / MB;
      assert.ok(grown < 40, `the process grew by ${grown.toFixed(0)} MB`);
    });
  });
