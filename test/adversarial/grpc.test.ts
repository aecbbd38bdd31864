/** Threat-model rows 44 and 46 on gRPC's own wire: frames, headers and streams as no library would send them. */
import assert from "node:assert/strict";
import { constants } from "node:http2";
import { after, before, describe, it } from "node:test";
import { messages } from "../../packages/gateway/src/grpc/bigquery-read.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { type StorageClient, storageClient, tableName } from "../storage-client.ts";
import { type Ended, framed, type Headers, RawGrpc, SERVICE } from "./raw-grpc.ts";

const INVALID = "3";
const EXHAUSTED = "8";
const UNIMPLEMENTED = "12";
const UNAUTHENTICATED = "16";
const ROWS = 60_000;

describe("an agent that speaks gRPC by hand", () => {
  let rig: Rig;
  let token: string;
  let raw: RawGrpc;
  let agent: StorageClient;
  before(async () => {
    rig = await startRig({
      patients: 12,
      config: { limits: { storage_read: { reads_per_agent: 2, read: "2s" } } },
    });
    token = await rig.token("care-summary-agent");
    agent = await storageClient(rig, "care-summary-agent");
    raw = new RawGrpc(rig.gateway.storageUrl ?? "", token);
    await rig.warehouse.loadTable(
      {
        tableReference: { projectId: PROJECT, datasetId: "ops", tableId: "numbers" },
        schema: {
          fields: [
            { name: "n", type: "INTEGER" },
            { name: "text", type: "STRING" },
          ],
        },
      },
      Array.from({ length: ROWS }, (_, n) => ({ n, text: "x".repeat(200) })),
    );
  });
  after(async () => {
    raw.close();
    await agent.close();
    await rig.close();
  });

  const create = (table = "ops.calendar"): Buffer =>
    messages.createReadSessionRequest.encode({
      parent: `projects/${PROJECT}`,
      readSession: { table: tableName(table), dataFormat: 2 },
      maxStreamCount: 1,
    });

  const call = (method: string, body: Uint8Array, headers: Headers = {}, trailers?: Record<string, string>) =>
    raw.call(method, body, headers, trailers);

  const sessions = async (): Promise<number> =>
    (await rig.gateway.store.db.selectFrom("sessions").select("id").execute()).length;

  async function refused(status: string | undefined, answer: Promise<Ended>): Promise<void> {
    const before = await sessions();
    const { bytes, status: found, http, reset } = await answer;
    assert.equal(found, status, `HTTP ${http}, reset by ${reset}`);
    assert.equal(bytes.length, 0);
    assert.equal(await sessions(), before, "something was asked of the engine");
  }

  /** HTTP/2 itself refuses what is no path. */
  async function refusedOrReset(answer: Promise<Ended>): Promise<void> {
    const { reset } = await answer;
    await refused(reset === constants.NGHTTP2_PROTOCOL_ERROR ? undefined : UNIMPLEMENTED, answer);
  }

  it("the plain call, for comparison, is answered", async () => {
    const { status, bytes } = await call("CreateReadSession", framed(create()));
    assert.equal(status, "0");
    assert.ok(bytes.length > 100);
  });

  it("row 46: a call of no message, of two, or of one that says that it is compressed, runs nothing", async () => {
    await refused(INVALID, call("CreateReadSession", Buffer.alloc(0)));
    await refused(
      INVALID,
      call("CreateReadSession", Buffer.concat([framed(create()), framed(create("ehr.patients"))])),
    );
    await refused(INVALID, call("CreateReadSession", framed(create()).subarray(0, -1)));
    await refused(INVALID, call("CreateReadSession", Buffer.concat([framed(create()), Buffer.of(0)])));
    await refused(UNIMPLEMENTED, call("CreateReadSession", framed(create(), 1)));
    await refused(UNIMPLEMENTED, call("CreateReadSession", framed(create(), 255)));
    for (const length of [0x7fffffff, 0xffffffff]) {
      const prefix = framed(create());
      prefix.writeUInt32BE(length, 1);
      await refused(EXHAUSTED, call("CreateReadSession", prefix));
    }
  });

  it("row 46: a field twice, in either message, runs nothing", async () => {
    const twice = Buffer.concat([create(), create("ehr.patients")]);
    await refused(INVALID, call("CreateReadSession", framed(twice)));
    const inner = messages.createReadSessionRequest.encode({
      readSession: { table: tableName("ehr.patients"), dataFormat: 2 },
    });
    await refused(INVALID, call("CreateReadSession", framed(Buffer.concat([create(), inner]))));
  });

  it("row 46: a path that another reader could take for another method is none", async () => {
    for (const path of [
      `${SERVICE}/ReadRows?x=/CreateReadSession`,
      `${SERVICE}/CreateReadSession?`,
      `${SERVICE}//CreateReadSession`,
      `${SERVICE}/./CreateReadSession`,
      `${SERVICE}/x/../CreateReadSession`,
      `${SERVICE}/%43reateReadSession`,
      `${SERVICE}/createReadSession`,
      `${SERVICE}/CreateReadSession#x`,
      `http://other${SERVICE}/CreateReadSession`,
      `/${SERVICE}/CreateReadSession`,
      "*",
    ])
      await refusedOrReset(call("", framed(create()), { ":path": path }));
    for (const method of ["GET", "PUT", "OPTIONS"]) {
      const { http, status } = await call("CreateReadSession", framed(create()), { ":method": method });
      assert.deepEqual([http, status], [415, undefined], method);
    }
    for (const type of ["application/json", "application/grpc-web", "application/grpcx"])
      assert.equal((await call("CreateReadSession", framed(create()), { "content-type": type })).http, 415, type);
  });

  it("row 45: a credential in the trailers is none", async () => {
    const bearer = `Bearer ${token}`;
    await refused(
      UNAUTHENTICATED,
      call("CreateReadSession", framed(create()), { authorization: "" }, { authorization: bearer }),
    );
    await refused(
      UNAUTHENTICATED,
      call("CreateReadSession", framed(create()), { authorization: `${bearer}, ${bearer}` }),
    );
  });

  it("row 46: metadata without end is cut off, and the next call is answered", async () => {
    const huge = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`x-filler-${i}`, "f".repeat(4000)]));
    const { status, bytes } = await call("CreateReadSession", framed(create()), huge).catch(() => ({
      status: undefined,
      bytes: Buffer.alloc(0),
    }));
    assert.notEqual(status, "0");
    assert.equal(bytes.length, 0);
    raw.reconnect();
    assert.equal((await call("CreateReadSession", framed(create()))).status, "0");
  });

  async function releases(id: string): Promise<Record<string, number>> {
    const rows = await rig.gateway.store.db
      .selectFrom("ledger_entries")
      .select(["type"])
      .where("session", "=", id)
      .where("type", "like", "release.%")
      .execute();
    const found: Record<string, number> = {};
    for (const { type } of rows) found[type] = (found[type] ?? 0) + 1;
    return found;
  }

  async function until(what: string, done: () => Promise<boolean>): Promise<void> {
    for (let i = 0; i < 120; i++) {
      if (await done()) return;
      await new Promise((tick) => setTimeout(tick, 50));
    }
    assert.fail(what);
  }

  it("row 46: streams that are broken off leave their places, and their end on record", async () => {
    const opened = await agent.open(tableName("ops.numbers"));
    const body = framed(messages.readRowsRequest.encode({ readStream: opened.streams?.[0]?.name ?? "" }));
    const id = opened.name?.split("/").at(-1) ?? "";
    for (let i = 0; i < 6; i++) {
      const stream = raw.begin("ReadRows");
      stream.end(body);
      await new Promise((first) => stream.once("data", first));
      stream.close(constants.NGHTTP2_CANCEL);
      await until("the release didn't end", async () => (await releases(id))["release.finished"] === i + 1);
    }
    assert.equal((await releases(id))["release.started"], 6);
  });

  it("row 46: a reader that takes nothing doesn't hold its place longer than a read may take", async () => {
    const opened = await agent.open(tableName("ops.numbers"));
    const body = framed(messages.readRowsRequest.encode({ readStream: opened.streams?.[0]?.name ?? "" }));
    const id = opened.name?.split("/").at(-1) ?? "";
    const stream = raw.begin("ReadRows");
    // Nothing is read: HTTP/2's window fills, and stays full.
    stream.pause();
    stream.end(body);
    await until("the read goes on", async () => (await releases(id))["release.finished"] === 1);
    stream.close(constants.NGHTTP2_CANCEL);
  });

  it("row 46: what a reader doesn't take of a call whose time is over is dropped, and the call with it", async () => {
    const opened = await agent.open(tableName("ops.numbers"));
    const body = framed(messages.readRowsRequest.encode({ readStream: opened.streams?.[0]?.name ?? "" }));
    // By its own deadline a call gives its place back soon: one after the other would leave as many batches in memory as one likes.
    for (const headers of [{ "grpc-timeout": "500m" }, {}]) {
      const stream = raw.begin("ReadRows", headers);
      const closed = new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));
      stream.pause();
      stream.end(body);
      const late = new Promise((resolve) => setTimeout(() => resolve("still open"), 10_000).unref());
      assert.equal(await Promise.race([closed, late]), constants.NGHTTP2_CANCEL, JSON.stringify(headers));
    }
  });
});
