import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import type { AccessTokens, Upstream } from "./index.ts";
import { createUpstream, UpstreamError } from "./index.ts";
import { type Answer, bigQuery, cleanUp, fails, json, PATIENTS, PHI, refusal } from "./testing/answering-bigquery.ts";

describe("a hostile or broken answer", () => {
  const call = (upstream: Upstream) => upstream.getTable("clinic.ehr.patients");
  const raw =
    (body: string | Buffer, headers: Record<string, string> = {}, status = 200): Answer =>
    (_, response) =>
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);

  for (const [what, answer, kind, reason] of [
    ["compressed", raw(gzipSync(JSON.stringify(PATIENTS)), { "content-encoding": "gzip" }), "protocol", "encoded"],
    ["in HTML", raw("<html>", { "content-type": "text/html" }), "protocol", "notJson"],
    ["cut JSON", raw('{"tableReference":'), "protocol", "notJson"],
    ["not UTF-8", raw(Buffer.from([0x22, 0xff, 0x22])), "protocol", "notJson"],
    ["another shape", raw('{"tableReference":"patients"}'), "protocol", "unexpected"],
    ["null", raw("null"), "protocol", "unexpected"],
    [
      "a schema nested without end",
      raw(
        `{"tableReference":${JSON.stringify(PATIENTS.tableReference)},"schema":${'{"fields":[{"name":"a","type":"RECORD","fields":['.repeat(20_000)}${"]}]}".repeat(20_000)}}`,
      ),
      "protocol",
      "unexpected",
    ],
    ["a 201", json(PATIENTS, 201), "protocol", "unknown"],
    ["a 304 nobody asked for", raw("", {}, 304), "protocol", "redirected"],
    ["an error in HTML", raw(`<p>${PHI}</p>`, { "content-type": "text/html" }, 400), "invalid", "unknown"],
    ["an unknown reason", refusal(400, PHI), "invalid", "unknown"],
    ["a reason that is only ours", refusal(400, "mismatch"), "invalid", "unknown"],
    ["a reason that every object has", refusal(400, "constructor"), "invalid", "unknown"],
  ] as const) {
    it(`(${what}) is refused and nothing of it used`, async () => {
      const { upstream } = await bigQuery([answer], { limits: { retries: 0 } });
      await fails(call(upstream), kind, reason);
    });
  }

  it("(larger than its bound) is refused without being read to its end", async () => {
    const { upstream } = await bigQuery([json({ ...PATIENTS, description: "x".repeat(200_000) })], {
      limits: { jsonBytes: 100_000 },
    });
    await fails(call(upstream), "protocol", "oversized");
  });

  it("(a redirect) is never followed, so that no token gets elsewhere", async () => {
    const elsewhere = await bigQuery([json(PATIENTS)]);
    const tokens: AccessTokens = { get: async () => "secret-token", discard: () => {} };
    const { upstream, seen } = await bigQuery(
      [raw("", { location: `${elsewhere.endpoint}/bigquery/v2/projects/clinic/datasets/ehr/tables/patients` }, 307)],
      { tokens },
    );
    await fails(call(upstream), "protocol", "redirected");
    assert.equal(seen.length, 1);
    assert.equal(elsewhere.seen.length, 0);
  });

  it("(none at all) is waited for only so long", async () => {
    const { upstream, seen } = await bigQuery([() => {}], { limits: { headersMs: 100, retries: 1 } });
    await fails(call(upstream), "timeout", "answerTimeout");
    assert.equal(seen.length, 2);
  });

  it("(trickling) is waited for only so long", async () => {
    const { upstream } = await bigQuery(
      [
        (_, response) => {
          response.writeHead(200, { "content-type": "application/json" });
          const trickle = setInterval(() => response.write(" "), 20);
          response.on("close", () => clearInterval(trickle));
        },
      ],
      { limits: { callMs: 200 } },
    );
    await fails(call(upstream), "timeout", "answerTimeout");
  });

  it("(broken HTTP) is refused", async () => {
    const { upstream } = await bigQuery([(_, response) => response.socket?.end("HTTP/1.1 2x0 OK\r\n\r\n")]);
    await fails(call(upstream), "protocol", "unexpected");
  });
});

describe("trying again", () => {
  it("gets over trouble that passes", async () => {
    const outcomes: string[] = [];
    const { upstream, seen } = await bigQuery(
      [
        refusal(503, "backendError"),
        refusal(429, "rateLimitExceeded"),
        (_, response) => response.socket?.destroy(),
        json(PATIENTS),
      ],
      { observe: (name, outcome) => outcomes.push(`${name} ${outcome}`) },
    );
    assert.equal(typeof (await upstream.getTable("clinic.ehr.patients")), "object");
    assert.equal(seen.length, 4);
    assert.deepEqual(outcomes, ["tables.get ok"]);
  });

  it("ends after its bound", async () => {
    const { upstream, seen } = await bigQuery([refusal(503, "backendError")], { limits: { retries: 2 } });
    await fails(upstream.getTable("clinic.ehr.patients"), "unavailable", "backendError");
    assert.equal(seen.length, 3);
  });

  for (const [status, reason, kind] of [
    [400, "invalid", "invalid"],
    [403, "accessDenied", "denied"],
    [403, "quotaExceeded", "rate-limited"],
    [412, "conditionNotMet", "refused"],
  ] as const) {
    it(`isn't done for ${reason}`, async () => {
      const { upstream, seen } = await bigQuery([refusal(status, reason)]);
      await fails(upstream.getTable("clinic.ehr.patients"), kind, reason);
      assert.equal(seen.length, 1);
    });
  }

  it("isn't done after close", async () => {
    const { upstream } = await bigQuery([() => {}]);
    const waiting = fails(upstream.getTable("clinic.ehr.patients"), "unavailable", "closed");
    setTimeout(() => upstream.close(), 50);
    await waiting;
  });

  it("gives up on a machine where nobody listens", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const upstream = createUpstream(
      { endpoint: `http://127.0.0.1:${port}`, credentials: { type: "none" }, maximumBytesBilled: 1 },
      { random: () => 0 },
    );
    cleanUp.push(() => upstream.close());
    const error = await fails(upstream.getTable("clinic.ehr.patients"), "unavailable", "connectionFailed");
    assert.equal(error.code, "ECONNREFUSED");
  });
});

describe("the gateway's token", () => {
  it("goes with each call, and is replaced once when it is refused", async () => {
    let current = "old";
    const tokens: AccessTokens = {
      get: async () => current,
      discard: (token) => {
        if (token === current) current = "new";
      },
    };
    const { upstream, seen } = await bigQuery([refusal(401, "authError"), json(PATIENTS)], { tokens });
    await upstream.getTable("clinic.ehr.patients");
    assert.deepEqual(
      seen.map(({ headers }) => headers.authorization),
      ["Bearer old", "Bearer new"],
    );
  });

  it("that stays refused is an error after the second try", async () => {
    const { upstream, seen } = await bigQuery([refusal(401, "authError")], {
      tokens: { get: async () => "t", discard: () => {} },
    });
    await fails(upstream.getTable("clinic.ehr.patients"), "denied", "authError");
    assert.equal(seen.length, 2);
  });

  it("that can't be had is an error without a call", async () => {
    const { upstream, seen } = await bigQuery([json(PATIENTS)], {
      tokens: { get: () => Promise.reject(new UpstreamError("credentialsUnavailable")), discard: () => {} },
    });
    await fails(upstream.getTable("clinic.ehr.patients"), "unavailable", "credentialsUnavailable");
    assert.equal(seen.length, 0);
  });
});
