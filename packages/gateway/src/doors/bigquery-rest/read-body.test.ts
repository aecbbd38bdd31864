import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { readBytes } from "./read-body.ts";

describe("a body", () => {
  const server = createServer();
  let port = 0;
  beforeEach(async () => {
    await once(server.listen(0, "127.0.0.1"), "listening");
    port = (server.address() as AddressInfo).port;
  });
  afterEach(() => server.close());

  /** Sends a request that announces ten bytes, of which `sent` come. */
  async function begun(sent: string) {
    const client = connect(port, "127.0.0.1");
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n${sent}`);
    const [request] = (await once(server, "request")) as [IncomingMessage];
    request.on("error", () => undefined);
    return { client, request };
  }

  it("is read by its events", async () => {
    const { client, request } = await begun("01234");
    const read = readBytes(request, 100);
    client.write("56789");
    assert.equal((await read).toString(), "0123456789");
    client.destroy();
  });

  for (const [when, early] of [
    ["while it is read", false],
    ["before anybody reads it", true],
  ] as const)
    it(`that breaks off ${when} is told of`, async () => {
      const { client, request } = await begun("01234");
      const gone = new Promise((resolve) => request.once("close", resolve));
      const told = () =>
        readBytes(request, 100).then(
          () => "read",
          () => "broken off",
        );
      const reading = early ? undefined : told();
      client.destroy();
      await gone;
      const end = await Promise.race([reading ?? told(), delay(1000, "nothing")]);
      assert.equal(end, "broken off");
    });
});
