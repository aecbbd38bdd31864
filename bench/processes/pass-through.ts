/**
 * What the gateway is compared with: a plain proxy of node:http and undici that knows nobody, reads nothing, hides nothing and
 * records nothing. The gateway answers by node:http too, but takes rows over connections of its own. Argument: the upstream's URL.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";
import { serveParent } from "./child.ts";

const upstream = new Pool(process.argv[2] ?? "", { connections: 128, pipelining: 1 });
const server = createServer((request, response) => {
  const post = request.method === "POST";
  const sent = post ? { "content-type": "application/json", "content-length": request.headers["content-length"] } : {};
  const headers = { accept: "application/json", "accept-encoding": "identity", ...sent };
  const asked = {
    method: post ? "POST" : "GET",
    path: request.url ?? "/",
    headers,
    body: post ? request : null,
  } as const;
  upstream
    .stream(asked, ({ statusCode, headers: answered }) => {
      return response.writeHead(statusCode, { "content-type": String(answered["content-type"]) });
    })
    .catch(() => response.destroy());
});
/** While the gateway has its turn, nothing is asked here. */
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => serveParent(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
