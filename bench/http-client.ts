import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";

export interface Answer {
  readonly status: number;
  readonly bytes: number;
  /** Empty unless asked for by `keep`. */
  readonly body: string;
}

/** Raw HTTP over one kept-alive connection, so that no client library's own time is measured. */
export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url;
    this.#headers = headers;
  }

  get(path: string): Promise<Answer> {
    return this.#send("GET", path, undefined, false);
  }

  /** `keep`: the answer's text is wanted, not only its size. */
  post(path: string, body: string, keep = false): Promise<Answer> {
    return this.#send("POST", path, body, keep);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body: string | undefined, keep: boolean): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = {
        ...this.#headers,
        ...(body === undefined
          ? {}
          : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) }),
      };
      const asked: ClientRequest = request(`${this.#url}${path}`, { method, agent: this.#agent, headers });
      asked.on("error", reject);
      asked.on("response", (answer: IncomingMessage) => {
        const kept: Buffer[] = [];
        let bytes = 0;
        const failed = (answer.statusCode ?? 500) !== 200;
        answer.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (keep || failed) kept.push(chunk);
        });
        answer.on("error", reject);
        answer.on("end", () => {
          const text = Buffer.concat(kept).toString();
          if (failed) reject(new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 500)}`));
          else resolve({ status: 200, bytes, body: text });
        });
      });
      asked.end(body);
    });
  }
}
