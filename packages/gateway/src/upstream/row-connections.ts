import type { Socket } from "node:net";
import { stringify } from "node:querystring";
import { buildConnector } from "undici";
import type { UpstreamLimits } from "../config/index.ts";
import { PieceMemory, READ_BYTES, type RowAnswer, RowBody } from "./row-body.ts";
import { RowConnection, type RowRequest } from "./row-connection.ts";

/** The connections over which rows come: what arrives on any is read into the same memory, plain or by TLS. */
export interface RowConnections {
  /** The answer's head is there when it resolves, its body unread. */
  send(call: RowCall): Promise<RowAnswer>;
  close(): void;
}

export interface RowCall {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly signal: AbortSignal;
  readonly headersTimeout: number;
}

const KEPT_MS = 30_000;
/** How often it is looked for connections whose time is up. */
const LOOK_MS = 500;

export function rowConnections(base: URL, limits: UpstreamLimits): RowConnections {
  const memory = new PieceMemory();
  const ofSocket = new WeakMap<Socket, RowConnection>();
  /** Who is given a piece of it copies that at once. */
  const room = Buffer.allocUnsafeSlow(READ_BYTES);
  const onread = {
    buffer: room,
    callback(this: Socket, length: number): boolean {
      ofSocket.get(this)?.came(room.subarray(0, length));
      return true;
    },
  };
  // It gives what it doesn't know to net.connect and tls.connect.
  const connect = buildConnector({ timeout: limits.connectMs, allowH2: false, ...{ onread } });
  const port = base.port === "" ? (base.protocol === "https:" ? "443" : "80") : base.port;
  const place = { hostname: base.hostname.replace(/^\[|\]$/g, ""), host: base.host, protocol: base.protocol, port };

  const open = new Set<RowConnection>();
  /** Used last: the last. */
  const free: RowConnection[] = [];
  let opening = 0;
  let waiting: RowRequest[] = [];
  let isAwaited = false;
  let looking: NodeJS.Timeout | undefined;
  let isClosed = false;

  const options = {
    bodyIdleMs: limits.bodyIdleMs,
    keptMs: KEPT_MS,
    freed: (connection: RowConnection) => {
      free.push(connection);
      if (waiting.length > 0) soon();
    },
    closed: (connection: RowConnection) => {
      open.delete(connection);
      const at = free.indexOf(connection);
      if (at >= 0) free.splice(at, 1);
      if (waiting.length > 0) soon();
    },
  };

  /** After the sockets were read once more: what was closed or came unasked on a connection that was kept is then seen before anything is written to it. */
  function soon(): void {
    if (isAwaited) return;
    isAwaited = true;
    setImmediate(() =>
      setImmediate(() => {
        isAwaited = false;
        sendWaiting();
      }),
    );
  }

  function sendWaiting(): void {
    const requests = waiting;
    waiting = [];
    for (const request of requests) {
      if (!request.rows.isWanted) continue;
      const connection = freeOne();
      if (connection !== undefined) connection.send(request);
      else if (open.size + opening < limits.connections) openFor(request);
      else waiting.push(request);
    }
  }

  function freeOne(): RowConnection | undefined {
    for (;;) {
      const connection = free.pop();
      if (connection === undefined || connection.isOpen) return connection;
    }
  }

  function openFor(request: RowRequest): void {
    opening++;
    connect(place, (error, socket) => {
      opening--;
      if (error !== null || socket === null || isClosed) {
        socket?.destroy();
        request.rows.onResponseError(error ?? new Error("closed"));
        if (waiting.length > 0) soon();
        return;
      }
      const connection = new RowConnection(socket, options);
      ofSocket.set(socket, connection);
      open.add(connection);
      looking ??= setInterval(look, LOOK_MS).unref();
      if (request.rows.isWanted) connection.send(request);
      // Until the first request nobody has said how long it is kept: it goes at the next look, if nobody takes it.
      else options.freed(connection);
    });
  }

  function look(): void {
    const now = performance.now();
    for (const connection of open) connection.check(now);
    if (open.size > 0) return;
    clearInterval(looking);
    looking = undefined;
  }

  return {
    send: ({ signal, ...call }) =>
      new Promise((resolve, reject) => {
        const rows = new RowBody(memory, signal, resolve, reject);
        if (isClosed) rows.onResponseError(new Error("closed"));
        waiting.push({ ...written(call, base.host), headMs: call.headersTimeout, rows });
        soon();
      }),
    close() {
      isClosed = true;
      clearInterval(looking);
      for (const connection of [...open]) connection.destroy();
      for (const { rows } of waiting.splice(0)) rows.onResponseError(new Error("closed"));
    },
  };
}

/** Of headers that many requests have. */
const lines = new WeakMap<RowCall["headers"], string>();

function linesOf(headers: RowCall["headers"]): string {
  const known = lines.get(headers);
  if (known !== undefined) return known;
  let text = "";
  for (const [name, value] of Object.entries(headers)) {
    if (!LINE.test(value)) throw new Error("a header that is none");
    text += `${name}: ${value}\r\n`;
  }
  lines.set(headers, text);
  return text;
}

/** What may stand in a line of a request's head. */
const LINE = /^[\x20-\x7e]*$/;

function written(
  { method, path, query, headers, body }: Omit<RowCall, "signal">,
  host: string,
): Pick<RowRequest, "text" | "isPlain"> {
  const target = `${path}?${stringify(query)}`;
  if (!LINE.test(target) || target.includes(" ")) throw new Error("an address that is none");
  const text = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${linesOf(headers)}`;
  if (body === null) return { text: `${text}\r\n`, isPlain: true };
  const length = Buffer.byteLength(body);
  return { text: `${text}content-length: ${length}\r\n\r\n${body}`, isPlain: length === body.length };
}
