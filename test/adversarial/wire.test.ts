/** Threat-model row 46 below gRPC: HTTP/2 frames as an agent, or anybody without a credential, may send them to the Storage Read API's port. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { messages } from "../../packages/gateway/src/grpc/bigquery-read.ts";
import { PROJECT, type Rig, startRig } from "../rig.ts";
import { tableName } from "../storage-client.ts";
import { framed, RawGrpc } from "./raw-grpc.ts";
import { rawExchange } from "./raw-http.ts";

const IDLE_MS = 2000;
const PATIENCE_MS = 20_000;

/** https://www.rfc-editor.org/rfc/rfc9113#section-4.1 */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, CONTINUATION] = [0, 1, 3, 4, 6, 9];
const [END_STREAM, END_HEADERS] = [1, 4];
const NOTHING = Buffer.alloc(0);
const START = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(SETTINGS, 0, 0, NOTHING)]);

/** A field that isn't indexed: https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2 */
function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)]);
}
const CALL = Buffer.concat([
  field(":method", "POST"),
  field(":path", "/x"),
  field(":scheme", "http"),
  field("content-type", "application/grpc"),
]);

function* many(count: number, one: (i: number) => Buffer): Generator<Buffer> {
  for (let i = 0; i < count; i++) yield one(i);
}

describe("an agent that speaks HTTP/2 by hand", () => {
  let rig: Rig;
  let token: string;
  before(async () => {
    rig = await startRig({ patients: 3, config: { limits: { requests: { idle_timeout: `${IDLE_MS}ms` } } } });
    token = await rig.token("care-summary-agent");
  });
  after(() => rig.close());
  const url = () => rig.gateway.storageUrl ?? "";

  async function answered(): Promise<void> {
    const raw = new RawGrpc(url(), token);
    const body = messages.createReadSessionRequest.encode({
      parent: `projects/${PROJECT}`,
      readSession: { table: tableName("ops.calendar"), dataFormat: 2 },
      maxStreamCount: 1,
    });
    assert.equal((await raw.call("CreateReadSession", framed(body))).status, "0");
    raw.close();
  }

  const floods: readonly (readonly [string, Buffer, Iterable<Buffer>])[] = [
    [
      "calls that are reset as soon as they begin (CVE-2023-44487)",
      START,
      many(20_000, (i) =>
        Buffer.concat([
          frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, CALL),
          frame(RST_STREAM, 0, 2 * i + 1, Buffer.of(0, 0, 0, 8)),
        ]),
      ),
    ],
    [
      "headers continued without end (CVE-2024-28182)",
      Buffer.concat([START, frame(HEADERS, 0, 1, CALL)]),
      many(100_000, () => frame(CONTINUATION, 0, 1, field("x-filler", "f".repeat(100)))),
    ],
    [
      "headers continued by nothing",
      Buffer.concat([START, frame(HEADERS, 0, 1, CALL)]),
      many(100_000, () => frame(CONTINUATION, 0, 1, NOTHING)),
    ],
    [
      "a frame longer than was agreed",
      Buffer.concat([START, frame(HEADERS, END_HEADERS, 1, Buffer.alloc(100_000))]),
      [],
    ],
    [
      "headers that say one long field again and again",
      Buffer.concat([
        START,
        frame(
          HEADERS,
          END_HEADERS,
          1,
          // The field goes into the table, and is then named by its place there.
          Buffer.concat([
            CALL,
            Buffer.of(0x40, 1, 0x61, 0x7f, 0xa1, 0x1e),
            Buffer.alloc(4000, "b"),
            Buffer.alloc(8000, 0xbe),
          ]),
        ),
      ]),
      [],
    ],
    ["pings without end", START, many(200_000, () => frame(PING, 0, 0, Buffer.alloc(8)))],
    ["settings without end", START, many(200_000, () => frame(SETTINGS, 0, 0, NOTHING))],
    [
      "a body of empty frames",
      Buffer.concat([START, frame(HEADERS, END_HEADERS, 1, CALL)]),
      many(100_000, () => frame(DATA, 0, 1, NOTHING)),
    ],
    ["another protocol", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), []],
  ];
  for (const [what, head, body] of floods)
    it(`row 46: ${what} ends the connection, and nobody else's`, async () => {
      const { closed } = await rawExchange(url(), head, { body, silenceMs: PATIENCE_MS });
      assert.ok(closed);
      await answered();
    });

  const idle: readonly (readonly [string, Buffer, Buffer])[] = [
    ["says nothing", NOTHING, NOTHING],
    ["only begins", START, NOTHING],
    ["never ends its first call's headers", Buffer.concat([START, frame(HEADERS, 0, 1, CALL)]), NOTHING],
    ["drips headers", Buffer.concat([START, frame(HEADERS, 0, 1, CALL)]), frame(CONTINUATION, 0, 1, NOTHING)],
    ["does nothing but ping", START, frame(PING, 0, 0, Buffer.alloc(8))],
  ];
  for (const [what, first, then] of idle)
    it(`row 46: a connection that ${what} doesn't stay`, async () => {
      const { hostname, port } = new URL(url());
      const socket = connect(Number(port), hostname);
      socket.on("error", () => undefined);
      socket.resume();
      const closed = new Promise<boolean>((resolve) => {
        socket.once("close", () => resolve(true));
        setTimeout(() => resolve(false), PATIENCE_MS).unref();
      });
      socket.write(first);
      const dripping = setInterval(() => socket.write(then), IDLE_MS / 4);
      assert.ok(await closed);
      clearInterval(dripping);
      socket.destroy();
    });
});
