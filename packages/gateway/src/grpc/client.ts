import { type ClientHttp2Stream, constants } from "node:http2";
import { Answer, GrpcCallError, WINDOW_BYTES } from "./answer.ts";
import { Connection } from "./connection.ts";
import { FrameError, frame } from "./frames.ts";
import { MessageRoom } from "./message-room.ts";

export { GrpcCallError } from "./answer.ts";

export interface GrpcClientOptions {
  /** `https://host`, or `http://host:port` on loopback. */
  readonly endpoint: string;
  readonly connectMs: number;
  /** Longest silence of an answer. */
  readonly idleMs: number;
  readonly messageBytes: number;
  /** Calls at once; bounds what the connection may send ahead. */
  readonly calls: number;
}

export interface GrpcCall {
  readonly path: string;
  readonly message: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
}

/** Memory for messages that is kept for the next call. */
const ROOMS_KEPT = 4;
const LARGEST_ROOM_KEPT = 4 * WINDOW_BYTES;

/** gRPC over one HTTP/2 connection that is opened when it is needed. */
export class GrpcClient {
  readonly #o: GrpcClientOptions;
  /** By which calls go. */
  #connection: Promise<Connection> | undefined;
  /** That aren't closed: one that the server lets go still has its calls. */
  readonly #open = new Set<Connection>();
  readonly #rooms: MessageRoom[] = [];
  #closed = false;

  constructor(options: GrpcClientOptions) {
    this.#o = options;
  }

  /** The answer's messages, each whole, and there until the next is asked for; what isn't asked for isn't read. Throws GrpcCallError. */
  async *call(call: GrpcCall): AsyncGenerator<Uint8Array> {
    const connection = await this.#usable();
    const { idleMs, messageBytes } = this.#o;
    if (call.signal.aborted) throw call.signal.reason;
    const stream = request(connection, call);
    const room = this.#rooms.pop() ?? new MessageRoom(messageBytes);
    const answer = new Answer(connection, stream, room);
    const idle = setTimeout(() => {
      // A reader that takes its time is no silence of the server's.
      if (answer.isAwaited) {
        answer.fail("timeout");
        connection.endUnlessAnswering();
      } else if (!answer.isOver) idle.refresh();
    }, idleMs);
    answer.onData = () => idle.refresh();
    const late = call.timeoutMs === undefined ? undefined : setTimeout(() => answer.fail("timeout"), call.timeoutMs);
    stream.end(frame([call.message]));
    try {
      for (let message = await answer.next(); message !== undefined; message = await answer.next()) yield message;
    } catch (error) {
      if (call.signal.aborted) throw call.signal.reason;
      if (error instanceof FrameError) throw new GrpcCallError(error.fault === "oversized" ? "oversized" : "protocol");
      throw error;
    } finally {
      clearTimeout(late);
      clearTimeout(idle);
      answer.release();
      if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
      this.#keep(room);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connection?.catch(() => undefined);
    for (const { session } of this.#open) session.destroy();
  }

  /** Memory that is there serves the next call. */
  #keep(room: MessageRoom): void {
    if (this.#rooms.length === ROOMS_KEPT || room.byteLength > LARGEST_ROOM_KEPT) return;
    room.clear();
    this.#rooms.push(room);
  }

  /** One that is going may not have said so yet. */
  async #usable(): Promise<Connection> {
    const made = this.#connected();
    const connection = await made;
    if (!connection.session.closed && !connection.session.destroyed) return connection;
    if (this.#connection === made) this.#connection = undefined;
    return this.#connected();
  }

  #connected(): Promise<Connection> {
    if (this.#closed) throw new GrpcCallError("closed");
    if (this.#connection !== undefined) return this.#connection;
    const made = this.#connect(() => {
      // Its end is none of the next one's, which is there already where the server let this one go.
      if (this.#connection === made) this.#connection = undefined;
    });
    this.#connection = made;
    return made;
  }

  async #connect(forget: () => void): Promise<Connection> {
    const { endpoint, connectMs, calls } = this.#o;
    try {
      const connection = await Connection.open({
        endpoint,
        connectMs,
        streamWindow: WINDOW_BYTES,
        // As much as all calls together, so that one slow reader doesn't stop the others.
        window: WINDOW_BYTES * calls,
      });
      this.#open.add(connection);
      connection.session
        .once("error", forget)
        .once("goaway", forget)
        .once("close", () => {
          this.#open.delete(connection);
          forget();
        });
      return connection;
    } catch (error) {
      forget();
      throw new GrpcCallError(error instanceof Error && error.message === "timeout" ? "timeout" : "connection");
    }
  }
}

function request({ session }: Connection, call: GrpcCall): ClientHttp2Stream {
  try {
    return session.request(
      {
        ":method": "POST",
        ":path": call.path,
        "content-type": "application/grpc",
        te: "trailers",
        "user-agent": "chaperone",
        "grpc-accept-encoding": "identity",
        ...(call.timeoutMs === undefined
          ? {}
          : { "grpc-timeout": `${Math.min(99_999_999, Math.ceil(call.timeoutMs))}m` }),
        ...call.headers,
      },
      { signal: call.signal },
    );
  } catch {
    // The connection is going, or gone, and isn't forgotten yet.
    throw new GrpcCallError("connection");
  }
}
