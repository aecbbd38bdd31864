import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { ApiError, apiClient } from "./api-client.ts";
import { CliError } from "./cli-error.ts";
import { gatewayUrl } from "./secure-url.ts";

describe("the gateway's address", () => {
  it("is taken without slashes at its end, over https or on this machine", () => {
    assert.equal(gatewayUrl("https://chaperone.clinic.example//"), "https://chaperone.clinic.example");
    for (const local of ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"])
      assert.equal(gatewayUrl(`${local}/`), local);
  });

  for (const wrong of [
    "http://chaperone.clinic.example",
    "127.0.0.1:8080",
    "chaperone",
    "",
    "http://127.0.0.1.evil.example",
  ])
    it(`isn't ${JSON.stringify(wrong)}: nobody's token is sent there`, () => {
      assert.throws(() => gatewayUrl(wrong), CliError);
    });
});

describe("what answers and is no gateway", () => {
  const answers: [status: number, body: string][] = [];
  const server = createServer((_request, response) => {
    const [status, body] = answers.shift() ?? [500, ""];
    response.writeHead(status, { "content-type": "text/html" }).end(body);
  });
  before(() => new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening)));
  after(() => server.close());

  for (const [status, body] of [
    [502, "<html><h1>Bad Gateway</h1></html>"],
    [404, "Not Found"],
    [200, "<html>"],
    [200, "null"],
    [404, "null"],
    [500, ""],
    [503, '{"error":"down"}'],
  ] as const)
    it(`(${status} ${body}) is told by its status, in words of our own`, async () => {
      answers.push([status, body]);
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await assert.rejects(apiClient(url, async () => "t").get("approvals"), (error: unknown) => {
        assert.ok(error instanceof ApiError, String(error));
        assert.equal(error.status, status);
        assert.match(error.message, new RegExp(`^What answers at ${url} is no gateway \\(status ${status}\\)`));
        return true;
      });
    });
});
