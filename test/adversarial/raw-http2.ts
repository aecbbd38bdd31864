import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** RFC 9113, 6. */
const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, goAway: 7, windowUpdate: 8 } as const;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const INITIAL_WINDOW_SIZE = 4;
const CANCEL = 8;
const HEAD_BYTES = 9;
const DEFAULT_WINDOW = 65_535;

export type StreamEnd = "open" | "trailers" | "reset" | "connection";

/** What comes of one call: each byte, also what comes behind a reset. */
export interface Heard {
  data(bytes: Uint8Array): void;
  ended(how: StreamEnd): void;
}

/**
 * HTTP/2 frame by frame without TLS, for clients drop what comes of a stream that they have reset. `window` is how much of each stream the
 * server may send ahead; `pause` stops reading from the socket, so that what the server writes stays with it.
 */
export class RawHttp2 {
  readonly #socket: Socket;
  readonly #streams = new Map<number, Heard>();
  /** Whatever isn't DATA: names and values of headers, mostly. */
  readonly others: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #nextId = 1;

  private constructor(socket: Socket, window: number) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("close", () => {
      for (const id of [...this.#streams.keys()]) this.#end(id, "connection");
    });
    const setting = Buffer.alloc(6);
    setting.writeUInt16BE(INITIAL_WINDOW_SIZE, 0);
    setting.writeUInt32BE(window, 2);
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    this.#send(FRAME.settings, 0, 0, setting);
    if (window > DEFAULT_WINDOW) this.#update(0, window - DEFAULT_WINDOW);
  }

  static async open(url: string, window: number): Promise<RawHttp2> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, "connect");
    return new RawHttp2(socket, window);
  }

  call(headers: Readonly<Record<string, string>>, body: Uint8Array, heard: Heard): number {
    const id = this.#nextId;
    this.#nextId += 2;
    this.#streams.set(id, heard);
    const block = Object.entries(headers).map(([name, value]) =>
      Buffer.concat([Buffer.of(0), hpackText(name), hpackText(value)]),
    );
    this.#send(FRAME.headers, END_HEADERS, id, Buffer.concat(block));
    this.#send(FRAME.data, END_STREAM, id, body);
    return id;
  }

  reset(id: number): void {
    const code = Buffer.alloc(4);
    code.writeUInt32BE(CANCEL);
    this.#send(FRAME.reset, 0, id, code);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (rest.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + rest.readUIntBE(0, 3);
      if (rest.length < end) break;
      this.#frame(rest[3] ?? 0, rest[4] ?? 0, rest.readUInt32BE(5) & 0x7fffffff, rest.subarray(HEAD_BYTES, end));
      rest = rest.subarray(end);
    }
    this.#rest = Buffer.from(rest);
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): void {
    if (type !== FRAME.data) this.others.push(Buffer.from(payload));
    switch (type) {
      case FRAME.data:
        this.#streams.get(id)?.data(payload);
        if (payload.length > 0) {
          this.#update(0, payload.length);
          this.#update(id, payload.length);
        }
        if ((flags & END_STREAM) !== 0) this.#end(id, "trailers");
        break;
      case FRAME.headers:
        if ((flags & END_STREAM) !== 0) this.#end(id, "trailers");
        break;
      case FRAME.reset:
        this.#end(id, "reset");
        break;
      case FRAME.settings:
        if ((flags & ACK) === 0) this.#send(FRAME.settings, ACK, 0, Buffer.alloc(0));
        break;
    }
  }

  #end(id: number, how: StreamEnd): void {
    this.#streams.get(id)?.ended(how);
    if (how === "connection") this.#streams.delete(id);
  }

  #update(id: number, bytes: number): void {
    const increment = Buffer.alloc(4);
    increment.writeUInt32BE(bytes);
    this.#send(FRAME.windowUpdate, 0, id, increment);
  }

  #send(type: number, flags: number, id: number, payload: Uint8Array): void {
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(id, 5);
    if (this.#socket.writable) this.#socket.write(Buffer.concat([head, payload]));
  }
}

/** A string literal without Huffman's code (RFC 7541, 5.2). */
function hpackText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length: number[] = [];
  let left = bytes.length;
  if (left < 127) length.push(left);
  else {
    length.push(127);
    left -= 127;
    for (; left >= 128; left >>= 7) length.push((left & 127) | 128);
    length.push(left);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}
