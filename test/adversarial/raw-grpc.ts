import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";

export const SERVICE = "/google.cloud.bigquery.storage.v1.BigQueryRead";

export interface Ended {
  readonly http: number | undefined;
  readonly status: string | undefined;
  readonly message: string;
  readonly bytes: Buffer;
  readonly reset: number;
}

export type Headers = Readonly<Record<string, string | string[]>>;

/** gRPC by hand over one HTTP/2 connection, as no library would send it. */
export class RawGrpc {
  readonly #url: string;
  readonly #token: string;
  #session: ClientHttp2Session;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
    this.#session = this.#connect();
  }

  #connect(): ClientHttp2Session {
    const session = connect(this.#url);
    session.on("error", () => undefined);
    return session;
  }

  get session(): ClientHttp2Session {
    return this.#session;
  }

  reconnect(): void {
    this.#session.destroy();
    this.#session = this.#connect();
  }

  close(): void {
    this.#session.destroy();
  }

  /** A call that has begun; nothing is sent of its body. */
  begin(method: string, headers: Headers = {}, waitForTrailers = false): ClientHttp2Stream {
    const stream = this.#session.request(
      {
        ":method": "POST",
        ":path": `${SERVICE}/${method}`,
        "content-type": "application/grpc",
        te: "trailers",
        authorization: `Bearer ${this.#token}`,
        ...headers,
      } as Record<string, string | string[]>,
      { waitForTrailers },
    );
    stream.on("error", () => undefined);
    return stream;
  }

  /** A whole call, and all that came of it. */
  call(method: string, body: Uint8Array, headers: Headers = {}, trailers?: Record<string, string>): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const stream = this.begin(method, headers, trailers !== undefined);
      const parts: Buffer[] = [];
      let http: number | undefined;
      let status: string | undefined;
      let message = "";
      const take = (fields: Record<string, unknown>): void => {
        if (fields["grpc-status"] !== undefined) status = String(fields["grpc-status"]);
        if (fields["grpc-message"] !== undefined) message = decodeURIComponent(String(fields["grpc-message"]));
      };
      stream.on("response", (fields) => {
        http = Number(fields[":status"]);
        take(fields);
      });
      stream.on("trailers", take);
      stream.on("data", (part: Buffer) => parts.push(part));
      stream.on("wantTrailers", () => stream.sendTrailers(trailers ?? {}));
      stream.setTimeout(20_000, () => reject(new Error("no answer in 20 s")));
      stream.on("close", () =>
        resolve({ http, status, message, bytes: Buffer.concat(parts), reset: stream.rstCode ?? 0 }),
      );
      stream.end(body);
    });
  }
}

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: Length-Prefixed-Message. */
export function framed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flag, 0);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
