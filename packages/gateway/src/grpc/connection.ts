import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, TLSSocket } from "node:tls";
import { DataFrames, windowUpdate } from "./data-frames.ts";

export interface ConnectionOptions {
  readonly endpoint: string;
  /** And for an answer to a ping. */
  readonly connectMs: number;
  /** What the server may send of one stream before it is allowed more. */
  readonly streamWindow: number;
  /** And of all. */
  readonly window: number;
}

/** A stream whose DATA doesn't go to node:http2. */
export interface TakenStream {
  /** Lets the server send so many bytes more. */
  allow(bytes: number): void;
  /** Has enough for now: while all have, nothing is read. */
  pause(): void;
  resume(): void;
  /** What still comes is nobody's. */
  release(): void;
}

/** To be seen at once: the memory is used again. `counted`: what flow control counts. */
type OnData = (bytes: Uint8Array, counted: number) => void;

const READ_BYTES = 256 * 1024;
/** SETTINGS_MAX_FRAME_SIZE where nothing else was said (RFC 9113, 6.5.2). */
const MOST_FRAME_BYTES = 16_384;
/** After so long without reading it goes on, as far as flow control lets the server send: pings want an answer. */
const LONGEST_PAUSE_MS = 1000;

/**
 * A client's HTTP/2 connection, of which node:http2 does all but reading DATA. It reads to a buffer of its own each time, copies that, and calls for each
 * frame by itself, and the dead buffers make V8 mark its whole heap again and again: of a fast stream that cost more than everything else. Here all is
 * read to the same memory, and DATA of streams that are taken goes from there to whoever takes them; headers, settings and all else go on to node:http2
 * as they are. Of what is taken, flow control is done here.
 */
export class Connection {
  readonly session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #rest: Duplex;
  readonly #frames: DataFrames;
  readonly #window: number;
  readonly #taken = new Map<number, OnData>();
  readonly #paused = new Set<number>();
  /** Of all streams: taken, and not allowed again. */
  #counted = 0;
  /** node:http2 reads no more for now. */
  #restIsFull = false;
  #reading = true;
  #breath: NodeJS.Timeout | undefined;
  readonly #answerMs: number;
  #asking = false;

  /** Rejects with what ended it: Error "timeout" among others. */
  static open(options: ConnectionOptions): Promise<Connection> {
    return new Promise((resolve, reject) => {
      let connection: Connection | undefined;
      const socket = connectSocket(options.endpoint, (bytes) => {
        if (connection !== undefined) connection.#come(bytes);
      });
      const late = setTimeout(() => socket.destroy(new Error("timeout")), options.connectMs);
      socket.once("error", reject);
      socket.once("close", () => {
        clearTimeout(late);
        reject(new Error("closed"));
      });
      socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", () => {
        clearTimeout(late);
        if (socket instanceof TLSSocket && socket.alpnProtocol !== "h2") {
          socket.destroy(new Error("no HTTP/2"));
          return;
        }
        // Before its first byte is read.
        connection = new Connection(options, socket);
        resolve(connection);
      });
    });
  }

  private constructor({ endpoint, connectMs, streamWindow, window }: ConnectionOptions, socket: Socket) {
    this.#answerMs = connectMs;
    this.#socket = socket;
    this.#window = window;
    this.#rest = this.#restOf(socket);
    this.#frames = new DataFrames(
      {
        other: (bytes) => {
          // A copy, for node:http2 may read it later.
          if (this.#rest.push(Buffer.from(bytes))) return;
          this.#restIsFull = true;
          this.#read();
        },
        takes: (stream) => this.#taken.has(stream),
        data: (stream, bytes, counted) => {
          this.#count(counted);
          this.#taken.get(stream)?.(bytes, counted);
        },
      },
      MOST_FRAME_BYTES,
    );
    this.session = connectHttp2(endpoint, {
      settings: { enablePush: false, initialWindowSize: streamWindow },
      createConnection: () => this.#rest,
    });
    this.session.on("error", () => undefined);
    this.session.setLocalWindowSize(window);
    socket.unref();
  }

  /** Ends it if its other side is gone without a word: the system would let calls go by it for a quarter of an hour. */
  endUnlessAnswering(): void {
    if (this.#asking || this.session.destroyed || this.session.closed) return;
    const late = setTimeout(() => this.session.destroy(), this.#answerMs);
    this.#asking = this.session.ping(() => {
      clearTimeout(late);
      this.#asking = false;
    });
    if (!this.#asking) clearTimeout(late);
  }

  take(stream: number, data: OnData): TakenStream {
    this.#taken.set(stream, data);
    this.#read();
    return {
      allow: (bytes) => this.#allow(stream, bytes),
      pause: () => {
        if (this.#paused.has(stream)) return;
        this.#paused.add(stream);
        this.#read();
      },
      resume: () => {
        if (this.#paused.delete(stream)) this.#read();
      },
      release: () => {
        this.#taken.delete(stream);
        this.#paused.delete(stream);
        this.#read();
      },
    };
  }

  #come(bytes: Uint8Array): void {
    try {
      this.#frames.add(bytes);
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }

  /** All but DATA that is taken, both ways. */
  #restOf(socket: Socket): Duplex {
    const rest = new Duplex({
      read: () => {
        this.#restIsFull = false;
        this.#read();
      },
      write: (bytes: Buffer, _encoding, done) => {
        socket.write(bytes, done);
      },
      // Whole frames, between which ours may stand.
      writev: (chunks, done) => {
        socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done);
      },
      final: (done) => {
        socket.end(done);
      },
      destroy: (error, done) => {
        clearTimeout(this.#breath);
        socket.destroy();
        done(error);
      },
    });
    socket.once("end", () => rest.push(null));
    socket.on("error", (error) => rest.destroy(error));
    socket.once("close", () => rest.destroy());
    return rest;
  }

  #count(bytes: number): void {
    this.#counted += bytes;
    if (this.#counted < this.#window / 2) return;
    this.#allow(0, this.#counted);
    this.#counted = 0;
  }

  #allow(stream: number, bytes: number): void {
    if (this.#socket.writable) this.#socket.write(windowUpdate(stream, bytes));
  }

  /** Reads, or not: where nobody wants anything the kernel holds it better than we. */
  #read(): void {
    const enough = this.#taken.size > 0 && this.#paused.size === this.#taken.size;
    const reading = !this.#restIsFull && !enough;
    if (reading === this.#reading) return;
    this.#reading = reading;
    clearTimeout(this.#breath);
    if (reading) this.#socket.resume();
    else {
      this.#socket.pause();
      if (!this.#restIsFull) this.#breath = setTimeout(() => this.#socket.resume(), LONGEST_PAUSE_MS).unref();
    }
  }
}

function connectSocket(endpoint: string, read: (bytes: Uint8Array) => void): Socket {
  const { protocol, hostname, port } = new URL(endpoint);
  const host = hostname.replace(/^\[|\]$/g, "");
  const onread = {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (bytes: number, buffer: Uint8Array) => {
      read(buffer.subarray(0, bytes));
      return true;
    },
  };
  if (protocol !== "https:") return connectTcp({ host, port: Number(port || 80), noDelay: true, onread });
  // No name for an address (RFC 6066, 3).
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const options = { host, port: Number(port || 443), ...servername, ALPNProtocols: ["h2"], onread };
  return connectTls(options).setNoDelay();
}
