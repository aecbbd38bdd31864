/**
 * Load jobs whose data are uploaded in pieces: newline-delimited JSON alone, read as it comes into a table that is put in place when the
 * last piece is there. https://cloud.google.com/bigquery/docs/reference/api-uploads#resumable
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { WarehouseError } from "../errors.ts";
import { jobJson } from "../job-json.ts";
import type { LoadWork } from "../load-job.ts";
import { preempted } from "./answer.ts";
import { isObject, type JsonObject } from "./json.ts";
import { type Context, sendJson } from "./routes.ts";

/** Bytes of a description, and of one piece. */
const MOST = 64 * 1024 * 1024;
const PIECE_UNIT = 256 * 1024;
const PATH = /^(?:\/resumable)?\/upload\/bigquery\/v2\/projects\/([^/]+)\/jobs$/;
const RANGE = /^bytes (?:(\d+)-(\d+)|\*)\/(?:(\d+)|\*)$/;

interface Upload {
  readonly projectId: string;
  readonly body: JsonObject;
  readonly work: LoadWork;
  size: number;
}

/** Answers a request to an upload's address; false: it is none. */
export class Uploads {
  readonly #context: Context;
  readonly #uploads = new Map<string, Upload>();

  constructor(context: Context) {
    this.#context = context;
  }

  async answer(url: URL, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const [, project] = PATH.exec(url.pathname) ?? [];
    if (project === undefined) return false;
    const id = url.searchParams.get("upload_id") ?? "";
    const bytes = await bodyOf(request);
    if (request.method === "POST") await this.#begin(decodeURIComponent(project), bytes, request, response);
    else if (request.method === "PUT") await this.#piece(id, bytes, request, response);
    else if (request.method === "DELETE" && this.#uploads.has(id)) {
      await this.#uploads.get(id)?.work.drop();
      this.#uploads.delete(id);
      response.writeHead(499, { "content-length": 0 }).end();
    } else throw new WarehouseError("notFound", "Not found: upload");
    return true;
  }

  async #begin(projectId: string, bytes: Buffer, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const faults = this.#context.misbehaviour.strike("upload");
    if (await preempted(response, faults)) return;
    const body: unknown = JSON.parse(bytes.toString());
    if (!isObject(body)) throw new WarehouseError("invalid", "Parse error");
    const work = this.#context.jobs.loading(projectId, body);
    const id = randomUUID();
    this.#uploads.set(id, { projectId, body, work, size: 0 });
    const path = (request.url ?? "").split("?", 1)[0];
    const location = `http://${request.headers.host}${path}?uploadType=resumable&upload_id=${id}`;
    response.writeHead(200, { location, "content-length": 0 }).end();
  }

  async #piece(id: string, bytes: Buffer, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const upload = this.#uploads.get(id);
    if (!upload) throw new WarehouseError("notFound", "Not found: upload");
    const [matched, first, last, total] = RANGE.exec(String(request.headers["content-range"])) ?? [];
    if (matched === undefined) throw new WarehouseError("invalid", "Invalid Content-Range");
    // Some of the piece may be kept although its answer is another.
    const faults = bytes.length === 0 ? [] : this.#context.misbehaviour.strike("upload");
    const part = faults.find(({ kind }) => kind === "partial-piece");
    if (first === undefined && bytes.length > 0) throw new WarehouseError("invalid", "Bytes without a range");
    if (first !== undefined) {
      if (Number(first) !== upload.size || Number(last) - Number(first) + 1 !== bytes.length)
        throw new WarehouseError("invalid", "Invalid range of bytes");
      if (total === undefined && bytes.length % PIECE_UNIT !== 0)
        throw new WarehouseError("invalid", "A piece is a multiple of 256 KiB");
      const kept = part?.kind === "partial-piece" ? bytes.subarray(0, part.bytes) : bytes;
      await upload.work.add(kept);
      upload.size += kept.length;
    }
    if (
      await preempted(
        response,
        faults.filter(({ kind }) => kind !== "partial-piece"),
      )
    )
      return;
    if (total === undefined || upload.size < Number(total)) {
      const range = upload.size === 0 ? {} : { range: `bytes=0-${upload.size - 1}` };
      response.writeHead(308, { ...range, "content-length": 0 }).end();
      return;
    }
    this.#uploads.delete(id);
    sendJson(response, jobJson(this.#context.jobs.load(upload.projectId, upload.body, upload.work)));
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST) throw new WarehouseError("invalid", "Request body too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
