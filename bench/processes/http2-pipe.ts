/**
 * What the gateway's Storage Read API is compared with: a pipe of the same HTTP/2 stack (node:http2) that knows nobody, reads nothing, hides
 * nothing and records nothing. Argument: the upstream's URL.
 */
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { serveParent } from "./child.ts";

// As much as the gateway's own client takes.
const WINDOW_BYTES = 4 * 1024 * 1024;
const upstream = connect(process.argv[2] ?? "", { settings: { initialWindowSize: WINDOW_BYTES } });
upstream.once("connect", () => upstream.setLocalWindowSize(WINDOW_BYTES * 32));
const server = createServer();
server.on("stream", (stream, headers) => {
  const call = upstream.request({
    ":method": "POST",
    ":path": headers[":path"],
    "content-type": "application/grpc",
    te: "trailers",
  });
  call.once("response", (answered) =>
    stream.respond(
      { ":status": Number(answered[":status"]), "content-type": "application/grpc" },
      { waitForTrailers: true },
    ),
  );
  call.once("trailers", (trailers) =>
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": trailers["grpc-status"] })),
  );
  stream.pipe(call);
  call.pipe(stream);
});
server.listen(0, "127.0.0.1", () => serveParent(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
