/**
 * An upstream that closes its connections when it is told so. In a thread of its own, so that it can do so while the client's does nothing: what it closed
 * then lies in the client's socket, unheard, when the next call begins.
 */
import { createServer, type Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

export interface ClosingServer {
  /** Shared: three numbers, which the constants below name. */
  readonly counts: Int32Array;
  /** Of each answer. */
  readonly body: string;
  /** Of each answer, each with its end of line. */
  readonly headers: string;
}

export const CONNECTIONS = 0;
/** Read whole. */
export const REQUESTS = 1;
/** Set to 1, with a notification, when what was told is done. */
export const DONE = 2;

export interface Told {
  /** With all connections, now. */
  readonly close?: Closes;
  /** With the connection of the next request, when it has read that. */
  readonly closeNext?: Closes;
}

export type Closes = "fin" | "rst";

function close(socket: Socket, how: Closes, done?: () => void): void {
  if (done !== undefined) socket.once(how === "fin" ? "finish" : "close", done);
  if (how === "fin") socket.end();
  else socket.resetAndDestroy();
}

if (parentPort !== null) {
  const port = parentPort;
  const { counts, body, headers } = workerData as ClosingServer;
  const sockets = new Set<Socket>();
  let closeNext: Closes | undefined;
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    Atomics.add(counts, CONNECTIONS, 1);
    sockets.add(socket);
    let text = "";
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => {
      text += bytes.toString();
      const head = text.indexOf("\r\n\r\n");
      if (head === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
      if (text.length < head + 4 + length) return;
      text = "";
      Atomics.add(counts, REQUESTS, 1);
      const how = closeNext;
      closeNext = undefined;
      if (how !== undefined) return close(socket, how);
      const type = "content-type: application/json\r\n";
      socket.write(`HTTP/1.1 200 OK\r\n${type}content-length: ${body.length}\r\n${headers}\r\n${body}`);
    });
  });
  port.on("message", async (told: Told) => {
    closeNext = told.closeNext;
    const how = told.close;
    if (how !== undefined)
      await Promise.all([...sockets].map((socket) => new Promise<void>((done) => close(socket, how, done))));
    Atomics.store(counts, DONE, 1);
    Atomics.notify(counts, DONE);
  });
  server.listen(0, "127.0.0.1", () => port.postMessage((server.address() as { readonly port: number }).port));
}
