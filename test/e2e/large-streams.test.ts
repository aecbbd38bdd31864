import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import { after, before, describe, it } from "node:test";
import { type GatewayUnderTest, startGatewayUnderTest } from "../../bench/gateway-under-test.ts";
import { type ServerProcess, startProcess } from "../../bench/processes.ts";
import { StorageReader } from "../../bench/storage-reader.ts";
import { WIDE_PROJECT, WIDE_TABLE, wideFields, wideRows } from "../../bench/wide-page.ts";
import { DATA_FORMAT, type Format, messages, SERVICE } from "../../packages/gateway/src/grpc/bigquery-read.ts";
import { frame } from "../../packages/gateway/src/grpc/frames.ts";
import type { Call } from "../../packages/gateway/src/grpc/server.ts";
import { arrowOf } from "../../packages/masking/src/testing/arrow-rows.ts";
import { avroOf } from "../../packages/masking/src/testing/avro-rows.ts";
import { storageStandIn } from "../storage-stand-in.ts";

const MB = 1_000_000;
const BATCH_ROWS = 2500;
const BATCHES = 100;
const ROWS = BATCHES * BATCH_ROWS;
const SESSION = `projects/${WIDE_PROJECT}/locations/us/sessions`;
const FIELDS = wideFields({});

/** The wide table with longer notes. */
const LONG_ROWS = wideRows(0, BATCH_ROWS).map(({ f }) => ({ f: [...f.slice(0, -1), { v: "n".repeat(730) }] }));
const MADE = { arrow: arrowOf(FIELDS, LONG_ROWS), avro: avroOf(FIELDS, LONG_ROWS) };
/** Where in a batch the digits of the rows' record numbers stand. */
const DIGITS = { arrow: digitsIn(MADE.arrow.batch), avro: digitsIn(MADE.avro.batch) };

function digitsIn(batch: Uint8Array): readonly number[] {
  const bytes = Buffer.from(batch);
  const found: number[] = [];
  for (let at = bytes.indexOf("MRN"); at >= 0; at = bytes.indexOf("MRN", at + 3)) found.push(at + 3);
  assert.equal(found.length, BATCH_ROWS);
  return found;
}

/** A Storage Read API with one long stream for each format, no record number of which comes twice; it counts what of them was taken from it. */
class LongStreams {
  /** Of each call for rows, bytes that it took. */
  readonly taken: number[] = [];
  readonly #server = storageStandIn((call) => this.#answer(call));

  async url(): Promise<string> {
    return (await this.#server).url;
  }

  async close(): Promise<void> {
    await (await this.#server).close();
  }

  async #answer(call: Call): Promise<void> {
    const request = await call.request();
    if (call.path === `${SERVICE}/CreateReadSession`) {
      const { readSession } = messages.createReadSessionRequest.decode(request, "skip");
      const format = readSession?.dataFormat === DATA_FORMAT.avro ? "avro" : "arrow";
      const streams = [{ name: `${SESSION}/${format}/streams/0` }];
      const session = {
        name: `${SESSION}/${format}`,
        dataFormat: DATA_FORMAT[format],
        streams,
        estimatedRowCount: ROWS,
      };
      return call.send(messages.readSession.pieces({ ...session, ...schemaOf(format) }));
    }
    const { readStream, offset = 0 } = messages.readRowsRequest.decode(request, "skip");
    const format = readStream?.includes("/avro/") ? "avro" : "arrow";
    const number = this.taken.push(0) - 1;
    // A call's own: it is written over when it was sent.
    const batch = Buffer.from(MADE[format].batch);
    for (let row = offset; row < ROWS; row += BATCH_ROWS) {
      for (const [i, at] of DIGITS[format].entries()) batch.write(String(row + i).padStart(8, "0"), at, "latin1");
      const rows =
        format === "arrow"
          ? { arrowRecordBatch: { serializedRecordBatch: batch, rowCount: BATCH_ROWS } }
          : { avroRows: { serializedBinaryRows: batch, rowCount: BATCH_ROWS } };
      const schema = row === offset ? schemaOf(format) : {};
      await call.send(messages.readRowsResponse.pieces({ ...rows, ...schema, rowCount: BATCH_ROWS }));
      this.taken[number] = (this.taken[number] ?? 0) + batch.length;
    }
  }
}

function schemaOf(format: Format) {
  return format === "arrow"
    ? { arrowSchema: { serializedSchema: MADE.arrow.schema } }
    : { avroSchema: { schema: Buffer.from(MADE.avro.schema).toString() } };
}

/** The agent's client, with windows as large as there are, that stops to read its socket: nothing but TCP tells the gateway. */
async function stoppedSocket(gateway: GatewayUnderTest, stream: string, offset: number) {
  const { hostname, port } = new URL(gateway.storageUrl ?? "");
  const socket = connect(Number(port), hostname);
  const way = new Duplex({
    read: () => undefined,
    write: (bytes, _encoding, done) => void socket.write(bytes, done),
    destroy: (_error, done) => {
      socket.destroy();
      done(null);
    },
  });
  socket.on("data", (bytes) => void way.push(bytes)).on("error", () => undefined);
  const most = 2 ** 31 - 1;
  const session = connectHttp2(gateway.storageUrl ?? "", {
    createConnection: () => way,
    settings: { initialWindowSize: most },
  });
  session.on("error", () => undefined);
  session.setLocalWindowSize(most);
  const call = session.request({
    ":method": "POST",
    ":path": `${SERVICE}/ReadRows`,
    "content-type": "application/grpc",
    te: "trailers",
    authorization: gateway.authorization,
  });
  call.on("error", () => undefined);
  call.end(frame([messages.readRowsRequest.encode({ readStream: stream, offset })]));
  await once(call, "readable");
  socket.pause();
  return {
    /** Reads on, to the end: the bytes that came. */
    async rest(): Promise<number> {
      socket.resume();
      let bytes = 0;
      for await (const chunk of call) bytes += (chunk as Buffer).length;
      return bytes;
    },
    close() {
      session.destroy();
    },
  };
}

describe("a stream of 200 MB", () => {
  const upstream = new LongStreams();
  let warehouse: ServerProcess;
  let gateway: GatewayUnderTest;
  let agent: StorageReader;
  let streams: Readonly<Record<Format, string>>;
  before(async () => {
    warehouse = await startProcess("fixed-warehouse", ["1", String(ROWS)]);
    gateway = await startGatewayUnderTest(warehouse.url, WIDE_PROJECT, await upstream.url());
    agent = new StorageReader(gateway.storageUrl ?? "", { authorization: gateway.authorization });
    streams = { arrow: await agent.open(WIDE_TABLE, "arrow"), avro: await agent.open(WIDE_TABLE, "avro") };
  });
  after(async () => {
    await agent.close();
    await gateway.close();
    await warehouse.close();
    await upstream.close();
  });

  /** All from the row on; `seen` is told of each message. */
  async function readAll(format: Format, offset: number, seen: () => void): Promise<number> {
    let rows = 0;
    let bytes = 0;
    for await (const message of agent.rows(streams[format], offset)) {
      const { buffer, byteOffset, byteLength } = message;
      assert.ok(!Buffer.from(buffer, byteOffset, byteLength).includes("MRN"), "a masked value came through");
      bytes += message.length;
      rows += messages.readRowsResponse.decode(message, "skip").rowCount ?? 0;
      seen();
    }
    assert.equal(rows, ROWS - offset);
    return bytes;
  }

  for (const format of ["arrow", "avro"] as const)
    it(`goes through in ${format}, in memory that doesn't grow with it`, async () => {
      // Of two batches: what is there once, whatever is read.
      await readAll(format, ROWS - 2 * BATCH_ROWS, () => undefined);
      const first = gateway.residentBytes();
      let most = first;
      let batches = 0;
      const bytes = await readAll(format, 0, () => {
        if (++batches % 5 === 0) most = Math.max(most, gateway.residentBytes());
      });
      assert.ok(bytes > 200 * MB, `${bytes} bytes`);
      const grown = (most - first) / MB;
      assert.ok(grown < 64, `the process grew by ${grown.toFixed(0)} MB`);
    });

  it("is taken of its reader's pace: what isn't read isn't pulled from upstream", async (test) => {
    const half = ROWS / 2;
    const number = upstream.taken.length;
    // One asks for no more, of the other only the system's buffers for its socket are full.
    const idle = agent.rows(streams.arrow, half);
    test.after(() => idle.return(undefined));
    await idle.next();
    const stopped = await stoppedSocket(gateway, streams.arrow, half);
    test.after(() => stopped.close());
    // As long as it takes a third to have all that these two could have had.
    await readAll("arrow", half, () => undefined);
    for (const taken of upstream.taken.slice(number, number + 2))
      assert.ok(taken < 50 * MB, `${taken} bytes were pulled though nobody reads`);
    const rest = stopped.rest();
    for await (const _ of idle);
    assert.ok((await rest) > 100 * MB, "the rest didn't come when it was read");
    for (const taken of upstream.taken.slice(number)) assert.ok(taken > 100 * MB, `only ${taken} bytes were pulled`);
  });
});
