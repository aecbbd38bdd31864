import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { DEFAULT_LIMITS } from "../config/index.ts";
import { createUpstream } from "./index.ts";
import { PIECE_UNIT } from "./load-pieces.ts";
import { cleanUp, fails, PHI } from "./testing/answering-bigquery.ts";

interface Seen {
  readonly method: string | undefined;
  readonly url: string;
  readonly range: string | undefined;
  readonly body: Buffer;
}
type Step = (seen: Seen, response: ServerResponse, request: IncomingMessage) => void;

const LOAD = {
  jobId: "chaperone_1",
  project: "clinic",
  location: "EU",
  table: "clinic.work.list",
  schema: undefined,
  write: "WRITE_APPEND",
  jobTimeoutMs: 1000,
  labels: {},
} as const;
const JOB = {
  jobReference: { projectId: "clinic", jobId: "chaperone_1", location: "EU" },
  status: { state: "PENDING" },
  configuration: { load: { destinationTable: { projectId: "clinic", datasetId: "work", tableId: "list" } } },
};
const PIECE = Buffer.alloc(PIECE_UNIT, "x");

/** An upload that has begun at a BigQuery which answers its pieces so. */
async function begun(...steps: Step[]) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url = "", headers } = request;
    const one = { method, url, range: headers["content-range"] as string | undefined, body: Buffer.concat(chunks) };
    seen.push(one);
    if (method === "POST")
      response.writeHead(200, { location: "https://attacker.example/elsewhere?upload_id=abc" }).end();
    else steps.shift()?.(one, response, request);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const upstream = createUpstream(
    { endpoint, credentials: { type: "none" }, maximumBytesBilled: 1 },
    { limits: { ...DEFAULT_LIMITS.upstream, retries: 3 }, random: () => 0 },
  );
  cleanUp.push(async () => {
    await upstream.close();
    server.closeAllConnections();
    server.close();
  });
  return { upload: await upstream.beginLoad(LOAD), seen, ranges: () => seen.slice(1).map(({ range }) => range) };
}
const has =
  (bytes: number): Step =>
  (_, response) =>
    void response.writeHead(308, bytes === 0 ? {} : { range: `bytes=0-${bytes - 1}` }).end();
const answer =
  (status: number, body: object = {}): Step =>
  (_, response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const dies: Step = (_, __, request) => void request.socket.destroy();
const refuses = (status: number, reason: string) =>
  answer(status, { error: { errors: [{ reason, message: PHI }], message: PHI } });

describe("a load job's rows in pieces", () => {
  it("make the job with the last one, at this BigQuery, whatever address it gives", async () => {
    const { upload, seen, ranges } = await begun(has(PIECE.length), answer(200, JOB));
    await upload.send(PIECE);
    assert.equal((await upload.finish(Buffer.from("end"))).state, "PENDING");
    assert.deepEqual(ranges(), [
      `bytes 0-${PIECE.length - 1}/*`,
      `bytes ${PIECE.length}-${PIECE.length + 2}/${PIECE.length + 3}`,
    ]);
    assert.ok(seen.every(({ url }) => url.startsWith("/upload/bigquery/v2/projects/clinic/jobs?uploadType=resumable")));
    const { configuration } = JSON.parse(seen[0]?.body.toString() ?? "");
    assert.equal(configuration.load.createDisposition, "CREATE_NEVER");
    assert.equal(configuration.load.maxBadRecords, 0);
  });

  it("are sent again as far as BigQuery hasn't got them, after trouble or a part", async () => {
    const half = PIECE.length / 2;
    const { upload, seen, ranges } = await begun(
      dies,
      has(half),
      answer(503),
      has(half),
      has(PIECE.length),
      has(PIECE.length),
      dies,
      answer(200, JOB),
    );
    await upload.send(PIECE);
    await upload.finish(Buffer.alloc(0));
    assert.deepEqual(ranges(), [
      `bytes 0-${PIECE.length - 1}/*`,
      "bytes */*",
      `bytes ${half}-${PIECE.length - 1}/*`,
      "bytes */*",
      `bytes ${half}-${PIECE.length - 1}/*`,
      `bytes */${PIECE.length}`,
      `bytes */${PIECE.length}`,
      `bytes */${PIECE.length}`,
    ]);
    assert.equal(seen[3]?.body.length, half);
  });

  it("that BigQuery says it lost, never had, or doesn't go on with are an error", async () => {
    const lost = await begun(has(PIECE.length), has(PIECE.length / 2));
    await lost.upload.send(PIECE);
    await fails(lost.upload.send(PIECE), "protocol", "unexpected");
    const more = await begun(has(PIECE.length + 1));
    await fails(more.upload.send(PIECE), "protocol", "unexpected");
    const stuck = await begun(...Array.from({ length: 20 }, () => has(0)));
    await fails(stuck.upload.send(PIECE), "protocol", "unexpected");
    const early = await begun(answer(200, JOB));
    await fails(early.upload.send(PIECE), "protocol", "unexpected");
  });

  it("that BigQuery refuses are refused, without its words", async () => {
    for (const [status, reason, kind, as] of [
      [404, "notFound", "not-found", "notFound"],
      [410, "gone", "not-found", "unknown"],
      [400, "invalid", "invalid", "invalid"],
      [403, "accessDenied", "denied", "accessDenied"],
    ] as const) {
      const { upload } = await begun(refuses(status, reason));
      await fails(upload.send(PIECE), kind, as);
    }
  });

  it("are one job, also when it was made before its answer was lost", async () => {
    const { upload } = await begun(refuses(409, "duplicate"), answer(200, JOB));
    assert.equal((await upload.finish(Buffer.from("x"))).state, "PENDING");
    const other = {
      ...JOB,
      configuration: { load: { destinationTable: { projectId: "clinic", datasetId: "work", tableId: "other" } } },
    };
    const { upload: taken } = await begun(refuses(409, "duplicate"), answer(200, other));
    await fails(taken.finish(Buffer.from("x")), "protocol", "mismatch");
  });
});
