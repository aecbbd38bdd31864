import { Client, type Dispatcher, Pool } from "undici";
import type { UpstreamLimits } from "../config/index.ts";
import { ReadBuffer } from "./read-buffer.ts";
import { PieceMemory, type RowAnswer, RowBody } from "./row-body.ts";

/** The connections over which rows come: what arrives is read into the same memory again and again, plain or by TLS. */
export interface RowConnections {
  /** The answer's head is there when it resolves, its body unread. */
  send(call: RowCall): Promise<RowAnswer>;
  close(): Promise<void>;
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

export function rowConnections(origin: string, options: Pool.Options, limits: UpstreamLimits): RowConnections {
  const memory = new PieceMemory();
  const pool = new Pool(origin, {
    ...options,
    // One Client is one connection, with one request at a time.
    factory: (of, settings) => new RowClient(of, settings as Client.Options, limits),
  });
  return {
    send: ({ signal, ...call }) =>
      new Promise((resolve, reject) => {
        const rows = new RowBody(memory, signal, resolve, reject);
        const options: RowOptions = { ...call, rows };
        pool.dispatch(options, rows);
      }),
    close: () => pool.destroy(),
  };
}

/** Pools wrap handlers, but hand options on as they are. */
interface RowOptions extends Dispatcher.DispatchOptions {
  readonly rows: RowBody;
}

class RowClient extends Client {
  readonly #buffer: ReadBuffer;

  constructor(origin: URL | string, options: Client.Options, limits: UpstreamLimits) {
    const buffer = new ReadBuffer();
    // undici gives what it doesn't know to net.connect and tls.connect.
    super(origin, { ...options, connect: { timeout: limits.connectMs, ...{ onread: buffer.onread } } });
    this.#buffer = buffer;
  }

  override dispatch(options: RowOptions, handler: Dispatcher.DispatchHandler): boolean {
    options.rows.comesThrough(this.#buffer);
    return super.dispatch(options, handler);
  }
}
