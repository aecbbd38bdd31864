import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { PieceMemory, type RowAnswer, RowBody } from "./row-body.ts";
import { type Answer, bigQuery, fails, JOB, json, read, refusal } from "./testing/answering-bigquery.ts";

describe("rows", () => {
  const page = JSON.stringify({ rows: [{ f: [{ v: "a" }] }], jobComplete: true });
  const rowsAnswer: Answer = (_, response) => response.writeHead(200, { "content-type": "application/json" }).end(page);

  it("come as BigQuery wrote them", async () => {
    const { upstream, seen } = await bigQuery([rowsAnswer]);
    const { body, status } = await upstream.streamQueryResults(JOB, {
      pageToken: "t",
      maxResults: 10,
      formatOptions: { useInt64Timestamp: true },
    });
    assert.deepEqual([status, await read(body)], [200, page]);
    assert.deepEqual(Object.fromEntries(seen[0]?.url.searchParams ?? []), {
      location: "EU",
      pageToken: "t",
      maxResults: "10",
      "formatOptions.useInt64Timestamp": "true",
      prettyPrint: "false",
    });
  });

  it("of a table come as BigQuery wrote them", async () => {
    const { upstream, seen } = await bigQuery([rowsAnswer]);
    assert.equal(
      await read((await upstream.streamTableData("clinic.ehr.patients", { startIndex: 5, selectedFields: "a" })).body),
      page,
    );
    assert.equal(seen[0]?.url.pathname, "/bigquery/v2/projects/clinic/datasets/ehr/tables/patients/data");
  });

  it("aren't read faster than they are taken", async () => {
    let sent = 0;
    const { upstream } = await bigQuery(
      [
        async (_, response) => {
          response.writeHead(200, { "content-type": "application/json" });
          response.setMaxListeners(0);
          const chunk = Buffer.alloc(64 * 1024, " ");
          for (; sent < 1000 && !response.destroyed; sent++)
            if (!response.write(chunk)) await Promise.race([once(response, "drain"), once(response, "close")]);
          response.end();
        },
      ],
      { limits: { pageBytes: 100_000_000 } },
    );
    const rows = await upstream.streamQueryResults(JOB, {});
    const iterator = rows.body[Symbol.asyncIterator]();
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(sent < 900, `${sent} of 1000 chunks were taken though nobody reads`);
    rows.cancel();
  });

  it("are all there where TLS gives what it has decrypted after it was told to pause", async () => {
    const record = 16 * 1024;
    for (const before of [0, 1, record / 2, record - 1]) {
      const { promise, resolve, reject } = Promise.withResolvers<RowAnswer>();
      const rows = new RowBody(new PieceMemory(), new AbortController().signal, resolve, reject);
      let paused = false;
      rows.onRequestStart({
        pause: () => {
          paused = true;
        },
        resume: () => undefined,
        abort: () => undefined,
      });
      rows.onResponseStart(200, {});
      let sent = 0;
      const give = (bytes: number) => rows.onResponseData(Buffer.alloc(bytes, sent++));
      give(record - before);
      for (let reads = 0; !paused; reads++) {
        assert.ok(reads < 20, "all was taken");
        // What a record lacked, and a read that begins with that: each record comes by itself.
        for (const bytes of [record, record, record, record, record - 200]) give(bytes);
      }
      rows.onResponseEnd();
      let seen = 0;
      for await (const piece of (await promise).body) seen += piece.length;
      assert.equal(seen, record - before + (sent - 1) * record - ((sent - 1) / 5) * 200);
    }
  });

  it("that break off are an error, not an end", async () => {
    const { upstream } = await bigQuery([
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json" }).write('{"rows":[');
        setTimeout(() => response.socket?.resetAndDestroy(), 20);
      },
    ]);
    const { body } = await upstream.streamQueryResults(JOB, {});
    await fails(read(body), "unavailable", "connectionFailed");
  });

  it("that are fewer bytes than announced are an error", async () => {
    const { upstream } = await bigQuery([
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "1000" }).write('{"rows":[]}');
        setTimeout(() => response.socket?.end(), 20);
      },
    ]);
    const { body } = await upstream.streamQueryResults(JOB, {});
    await fails(read(body), "unavailable", "connectionFailed");
  });

  it("of an answer that ends nowhere in particular are refused: half of them would look whole", async () => {
    const { upstream } = await bigQuery([
      (_, response) => {
        response.useChunkedEncodingByDefault = false;
        response.removeHeader("content-length");
        response.writeHead(200, { "content-type": "application/json", connection: "close" }).end('{"rows":[]}');
      },
    ]);
    await fails(upstream.streamQueryResults(JOB, {}), "protocol", "unexpected");
  });

  it("that stall are an error", async () => {
    const { upstream } = await bigQuery(
      [(_, response) => void response.writeHead(200, { "content-type": "application/json" }).write('{"rows":[')],
      { limits: { bodyIdleMs: 100 } },
    );
    const { body } = await upstream.streamQueryResults(JOB, {});
    await fails(read(body), "timeout", "answerTimeout");
  });

  it("that trickle for ever are an error", async () => {
    const { upstream } = await bigQuery(
      [
        (_, response) => {
          response.writeHead(200, { "content-type": "application/json" });
          const trickle = setInterval(() => response.write(" "), 20);
          response.on("close", () => clearInterval(trickle));
        },
      ],
      { limits: { pageMs: 200 } },
    );
    const { body } = await upstream.streamQueryResults(JOB, {});
    await fails(read(body), "timeout", "answerTimeout");
  });

  it("beyond a page's bound are an error", async () => {
    const { upstream } = await bigQuery([json({ rows: "x".repeat(5000) })], { limits: { pageBytes: 1000 } });
    const { body } = await upstream.streamQueryResults(JOB, {});
    await fails(read(body), "protocol", "oversized");
  });

  it("end when the caller goes", async () => {
    const { upstream } = await bigQuery([
      (_, response) => void response.writeHead(200, { "content-type": "application/json" }).write(" "),
    ]);
    const caller = new AbortController();
    const { body } = await upstream.streamQueryResults(JOB, { signal: caller.signal });
    setTimeout(() => caller.abort(), 30);
    await assert.rejects(read(body), { name: "AbortError" });
  });

  it("that are refused are an error before the first byte", async () => {
    const { upstream } = await bigQuery([refusal(403, "accessDenied")]);
    const error = await fails(upstream.streamQueryResults(JOB, {}), "denied", "accessDenied");
    assert.equal(error.httpStatus, 403);
  });
});
