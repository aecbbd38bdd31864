import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ConnectionShares } from "./connection-shares.ts";
import { bigQuery, fails, JOB, json, read } from "./testing/answering-bigquery.ts";

/** As many as the agent may have now. */
function all(shares: ConnectionShares, agent: string): (() => void)[] {
  const held: (() => void)[] = [];
  for (let one = shares.take(agent); one !== undefined; one = shares.take(agent)) held.push(one);
  return held;
}

describe("shares of connections", () => {
  it("are half of what is left, and at least one as long as there is one", () => {
    const shares = new ConnectionShares(16);
    assert.deepEqual(
      ["a", "b", "c", "d", "e", "f"].map((agent) => all(shares, agent).length),
      [8, 4, 2, 1, 1, 0],
    );
  });

  it("that were given back are there again, once", () => {
    const shares = new ConnectionShares(4);
    const [first] = all(shares, "a");
    first?.();
    first?.();
    assert.equal(all(shares, "a").length, 1);
  });

  it("go to whoever has fewest of those that wait, and of one agent in the order that it asked", async () => {
    const shares = new ConnectionShares(4);
    const [a1, a2] = all(shares, "a");
    const [b1] = all(shares, "b");
    const [c1] = all(shares, "c");
    const { signal } = new AbortController();
    const got: string[] = [];
    const wait = (agent: string, name: string) =>
      shares.turn(agent, signal).then((release) => {
        got.push(name);
        return release;
      });
    for (const name of ["a3", "b2", "d1", "d2", "e1"]) void wait(name.slice(0, 1), name);
    for (const [n, release] of [a1, b1, c1, a2].entries()) {
      release?.();
      await turn();
      assert.equal(got.length, n + 1, String(got));
    }
    assert.deepEqual(got, ["d1", "b2", "e1", "a3"]);
  });

  it("aren't waited for by who has gone", async () => {
    const shares = new ConnectionShares(1);
    const [only] = all(shares, "a");
    const gone = new AbortController();
    const waits = shares.turn("b", gone.signal);
    const next = shares.turn("c", new AbortController().signal);
    gone.abort();
    await fails(waits, "unavailable", "noConnection");
    only?.();
    (await next)();
    assert.equal(all(shares, "b").length, 1);
  });
});

/** Of jobs whose name begins with `slow` comes no answer but that they aren't complete, to who doesn't wait for it. */
const slowly = () =>
  bigQuery(
    [
      (request, response) => {
        const { pathname, searchParams } = request.url;
        const jobId = pathname.split("/").at(-1);
        const isSlow = pathname.includes("slow");
        if (isSlow && searchParams.get("timeoutMs") !== "0") return;
        const rows = isSlow ? {} : { totalRows: "1", rows: [] };
        json({ jobReference: { ...JOB, jobId }, jobComplete: !isSlow, ...rows })(request, response);
      },
    ],
    { limits: { connections: 8, headersMs: 20_000, callMs: 20_000 } },
  );
const jobOf = (jobId: string) => ({ ...JOB, jobId });

describe("an agent whose answers are slow to come", () => {
  it("keeps no other from reading rows, and none of its own for ever", async () => {
    const { upstream } = await slowly();
    const client = new AbortController();
    const { signal } = client;
    const reads = Array.from({ length: 40 }, (_, n) =>
      upstream.streamQueryResults(jobOf(`slow${n}`), { agent: "a", signal }).catch((error: Error) => error.name),
    );
    const { body } = await upstream.streamQueryResults(JOB, { agent: "b" });
    assert.match(await read(body), /"totalRows":"1"/);
    client.abort();
    assert.deepEqual(new Set(await Promise.all(reads)), new Set(["AbortError"]));
    const own = await upstream.streamQueryResults(JOB, { agent: "a" });
    assert.match(await read(own.body), /"totalRows":"1"/);
  });

  it("waits for its jobs' first rows in a part of the connections alone, and is told at once where that is full", async () => {
    const { upstream, seen } = await slowly();
    const waits = { waitMs: 10_000 };
    const agents = Array.from({ length: 40 }, (_, n) => `agent${n}`);
    const calls = agents.map((agent) => upstream.streamQueryResults(jobOf("slow"), { agent, ...waits }));
    const told = await Promise.all(calls.slice(4).map((call) => fails(call, "unavailable", "noConnection")));
    assert.equal(told.length, 36);
    const { body } = await upstream.streamQueryResults(JOB, { agent: "b" });
    assert.match(await read(body), /"totalRows":"1"/);
    assert.equal(seen.filter(({ url }) => url.pathname.includes("slow")).length, 4);
    for (const call of calls.slice(0, 4)) call.catch(() => undefined);
  });

  it("has its jobs' ends asked for now and then, where waiting for them would keep others from any call", async () => {
    const { upstream, seen } = await slowly();
    const client = new AbortController();
    const { signal } = client;
    const asked = Array.from({ length: 40 }, (_, n) =>
      upstream
        .getQueryResults(jobOf(`slow${n}`), { timeoutMs: 10_000, agent: "a", signal })
        .catch((error: Error) => error.name),
    );
    const other = await upstream.getQueryResults(JOB, { timeoutMs: 10_000, agent: "b" });
    assert.equal(other.complete, true);
    assert.ok(seen.length > 1);
    client.abort();
    assert.deepEqual(new Set(await Promise.all(asked)), new Set(["AbortError"]));
  });
});
