/** Connections that BigQuery closes while they are kept: what was sent on them, and how often. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { DEFAULT_LIMITS } from "../config/index.ts";
import { createUpstream, type Upstream } from "./index.ts";
import { fails, PATIENTS, QUERY, read } from "./testing/answering-bigquery.ts";
import { type ClosingServer, CONNECTIONS, DONE, REQUESTS, type Told } from "./testing/closing-server.ts";

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of cleanUp.splice(0)) await close();
});

async function upstreamOf(headers = "") {
  const counts = new Int32Array(new SharedArrayBuffer(12));
  const worker = new Worker(new URL("./testing/closing-server.ts", import.meta.url), {
    workerData: { counts, body: JSON.stringify(PATIENTS), headers } satisfies ClosingServer,
  });
  const [port] = await once(worker, "message");
  const upstream = createUpstream(
    { endpoint: `http://127.0.0.1:${port}`, credentials: { type: "none" }, maximumBytesBilled: 1_000_000 },
    { limits: { ...DEFAULT_LIMITS.upstream, connections: 1 }, random: () => 0 },
  );
  cleanUp.push(async () => {
    await upstream.close();
    await worker.terminate();
  });
  /** Returns when the server has done so. This thread hears nothing meanwhile. */
  const tell = (told: Told): void => {
    Atomics.store(counts, DONE, 0);
    worker.postMessage(told);
    assert.notEqual(Atomics.wait(counts, DONE, 0, 10_000), "timed-out");
  };
  return { upstream, tell, seen: () => ({ connections: counts[CONNECTIONS], requests: counts[REQUESTS] }) };
}

const query = async (upstream: Upstream) =>
  read((await upstream.queryRows({ ...QUERY, jobTimeoutMs: 60_000 }, { waitMs: 500 })).body);
const table = (upstream: Upstream) => upstream.getTable("clinic.ehr.patients");

for (const [what, call] of [
  ["a query that is sent once", query],
  ["a call that may be repeated", table],
] as const)
  describe(`${what}, on a kept connection`, () => {
    it("goes over the same one while that is open", async () => {
      const { upstream, seen } = await upstreamOf();
      for (const _ of [1, 2, 3]) await call(upstream);
      assert.deepEqual(seen(), { connections: 1, requests: 3 });
    });

    for (const close of ["fin", "rst"] as const)
      it(`that BigQuery closed just before (${close}) goes over another, once, and nobody hears of it`, async () => {
        const { upstream, tell, seen } = await upstreamOf();
        await call(upstream);
        tell({ close });
        await call(upstream);
        assert.deepEqual(seen(), { connections: 2, requests: 2 });
      });
  });

describe("a request on whose arrival BigQuery closes the connection", () => {
  for (const how of ["fin", "rst"] as const) {
    it(`isn't sent again where it may have been carried out (${how}); the next one goes over another`, async () => {
      const { upstream, tell, seen } = await upstreamOf();
      await query(upstream);
      tell({ closeNext: how });
      const error = await fails(query(upstream), "unavailable", "connectionFailed");
      assert.equal(error.code, how === "fin" ? "UND_ERR_SOCKET" : "ECONNRESET");
      assert.equal(error.httpStatus, undefined);
      assert.deepEqual(seen(), { connections: 1, requests: 2 });
      assert.deepEqual(JSON.parse(await query(upstream)), PATIENTS);
      assert.deepEqual(seen(), { connections: 2, requests: 3 });
    });

    it(`is sent again where that does no harm (${how})`, async () => {
      const { upstream, tell, seen } = await upstreamOf();
      await table(upstream);
      tell({ closeNext: how });
      await table(upstream);
      assert.deepEqual(seen(), { connections: 2, requests: 3 });
    });
  }
});

describe("how long BigQuery says that it keeps a connection", () => {
  for (const [seconds, connections] of [
    [1, 3],
    [2, 3],
    [60, 1],
  ] as const)
    it(`(${seconds} s) is believed: ${connections === 1 ? "it is used again" : "one is made for each"}`, async () => {
      const { upstream, seen } = await upstreamOf(`keep-alive: timeout=${seconds}\r\n`);
      for (const _ of [1, 2, 3]) await query(upstream);
      assert.deepEqual(seen(), { connections, requests: 3 });
    });

  it("(not at all) is an end that is heard", async () => {
    const { upstream, seen } = await upstreamOf("connection: close\r\n");
    for (const _ of [1, 2, 3]) await query(upstream);
    assert.deepEqual(seen(), { connections: 3, requests: 3 });
  });
});
