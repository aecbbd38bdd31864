import { once } from "node:events";
import { request } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";

/** A BigQuery before another, whose answers with rows come at the same time, by turns, in pieces of any size. */
export interface InterleavedUpstream {
  readonly url: string;
  /**
   * The next answers with rows wait until there are so many, and then come by turns, head and body alike. `size`: bytes of the next piece; `pace`: resolves
   * when the next turn may begin.
   */
  together(answers: number, size: () => number, pace?: () => Promise<unknown>): void;
  /** As they come. */
  apart(): void;
  close(): Promise<void>;
}

interface Turn {
  readonly socket: Socket;
  readonly bytes: Buffer;
  at: number;
}

export async function interleavedUpstream(endpoint: string): Promise<InterleavedUpstream> {
  let wanted = 0;
  let size = (): number => Number.POSITIVE_INFINITY;
  let pace = (): Promise<unknown> => turn();
  let waiting: Turn[] = [];
  const sockets = new Set<Socket>();

  async function byTurns(turns: readonly Turn[]): Promise<void> {
    let left = turns;
    while (left.length > 0) {
      for (const one of left) {
        const end = Math.min(one.bytes.length, one.at + size());
        if (!one.socket.destroyed) one.socket.write(one.bytes.subarray(one.at, end));
        one.at = end;
      }
      left = left.filter(({ socket, bytes, at }) => !socket.destroyed && at < bytes.length);
      // Whoever doesn't read holds nobody else back.
      if (left.length > 0 && left.every(({ socket }) => socket.writableNeedDrain))
        await Promise.race(left.map(({ socket }) => once(socket, "drain").catch(() => undefined)));
      await pace();
    }
  }

  function answer(socket: Socket, path: string, bytes: Buffer): void {
    // One whose job isn't complete yet has none.
    if (wanted === 0 || !/\/queries(\/|\?|$)/.test(path) || !bytes.includes('"rows":[')) {
      socket.write(bytes);
      return;
    }
    waiting.push({ socket, bytes, at: 0 });
    if (waiting.length < wanted) return;
    const turns = waiting;
    waiting = [];
    void byTurns(turns);
  }

  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    let came = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      came = Buffer.concat([came, bytes]);
      const asked = requestIn(came);
      if (asked === undefined) return;
      came = Buffer.alloc(0);
      void fetched(endpoint, asked).then(
        (whole) => answer(socket, asked.path, whole),
        () => socket.destroy(),
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    together(answers, of, paced = turn) {
      wanted = answers;
      size = of;
      pace = paced;
    },
    apart() {
      wanted = 0;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A whole request with a length, as the gateway sends them; undefined: it isn't all there yet. */
function requestIn(bytes: Buffer): Asked | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const [method = "", path = ""] = first.split(" ");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const length = Number(headers["content-length"] ?? 0);
  const body = bytes.subarray(end + 4);
  return body.length < length ? undefined : { method, path, headers, body: body.subarray(0, length) };
}

/** The answer as it goes over the wire. */
async function fetched(endpoint: string, { method, path, headers, body }: Asked): Promise<Buffer> {
  const { hostname, port } = new URL(endpoint);
  const { connection: _, host: __, ...others } = headers;
  const call = request({ hostname, port, method, path, headers: others });
  call.end(body);
  const [response] = await once(call, "response");
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const content = Buffer.concat(parts);
  const head = [
    `HTTP/1.1 ${response.statusCode} ${response.statusMessage}`,
    `content-type: ${response.headers["content-type"]}`,
    `x-filler: ${"f".repeat(100)}`,
    `content-length: ${content.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), content]);
}
