import type { IncomingMessage, ServerResponse } from "node:http";
import { findSessionById, type SessionRow } from "../../sessions/session-row.ts";
import type { Store } from "../../store/store.ts";
import { agentOf, Pieces, type Piecewise } from "../../uploads/pieces.ts";
import { UploadRoom } from "../../uploads/upload-room.ts";
import { type ContentRange, contentRange } from "./content-range.ts";
import { GoogleError, invalid, notFound } from "./google-error.ts";
import { type Inserting, insertJob, jobOf } from "./insert-job.ts";
import { readUpload } from "./multipart.ts";
import { readBody, readBytes } from "./read-body.ts";
import type { Matched } from "./routes.ts";

export interface UploadOptions {
  readonly store: Store;
  readonly clock: () => number;
  /** Most bytes of one upload's description. */
  readonly bodyBytes: number;
  /** Most bytes of one upload, whole. */
  readonly uploadBytes: number;
  /** Where clients reach the gateway: they are told the whole address of an upload. */
  readonly publicUrl: () => string;
}

/** What a body may be longer than its data: boundaries and a job's description beside it, or a piece that is too long. */
const SPARE_BYTES = 65_536;
/** HTTP's own name for 308 is another; Google's uploads mean "go on" by it. */
const RESUME_INCOMPLETE = 308;
/** Google's answer to a cancelled upload. https://cloud.google.com/storage/docs/performing-resumable-uploads#cancel-upload */
const CANCELLED = 499;
/** Google's other protocol for the same; a request that speaks both could be read as either. */
const OTHER_PROTOCOL = ["x-goog-upload-protocol", "x-goog-upload-command", "x-goog-upload-offset"];

/**
 * Load jobs that carry their data: in one multipart request, or in pieces, the last of which makes the job.
 * https://cloud.google.com/bigquery/docs/reference/api-uploads
 */
export class Uploads {
  readonly #o: UploadOptions;
  readonly #room: UploadRoom;
  readonly #pieces: Pieces;

  constructor(options: UploadOptions) {
    this.#o = options;
    this.#room = new UploadRoom(options.uploadBytes);
    this.#pieces = new Pieces(options.clock, this.#room, options.uploadBytes);
  }

  /** The POST: a whole upload makes its job, which is returned; one in pieces begins, and is answered. */
  async begin(
    m: Matched,
    o: Inserting,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<SessionRow | undefined> {
    if (OTHER_PROTOCOL.some((name) => request.headers[name] !== undefined))
      throw invalid(
        "Uploads in pieces go by uploadType=resumable and Content-Range; leave the X-Goog-Upload headers out.",
      );
    if (m.query.has("upload_id")) throw invalid("An upload that has begun goes on by PUT.");
    const { bodyBytes, uploadBytes } = this.#o;
    switch (m.query.get("uploadType")) {
      case "multipart":
        return this.#whole(o, request);
      case "resumable": {
        const declared = request.headers["x-upload-content-length"];
        if (declared !== undefined && !/^\d{1,15}$/.test(String(declared)))
          throw invalid("X-Upload-Content-Length is a number of bytes.");
        const total = declared === undefined ? undefined : Number(declared);
        if (total !== undefined && total > uploadBytes) throw this.#tooLarge();
        const description = await readBody(request, bodyBytes);
        jobOf(description, o.project, true);
        const upload = this.#pieces.begin(o.principal, o.project, description, total);
        if (upload === undefined)
          throw new GoogleError(
            403,
            "quotaExceeded",
            "Too many uploads of this agent, or of all, have begun and not ended.",
          );
        const path = (request.url ?? "").split("?", 1)[0];
        response.writeHead(200, {
          location: `${this.#o.publicUrl()}${path}?uploadType=resumable&upload_id=${upload.id}`,
          "cache-control": "no-store",
          "content-length": 0,
        });
        response.end();
        return undefined;
      }
      default:
        throw new GoogleError(
          403,
          "accessDenied",
          `Uploads are one multipart request (uploadType=multipart) or pieces (resumable), of at most ${uploadBytes} bytes together; load more from Cloud Storage.`,
        );
    }
  }

  async #whole(o: Inserting, request: IncomingMessage): Promise<SessionRow> {
    const { uploadBytes } = this.#o;
    const most = uploadBytes + SPARE_BYTES;
    const declared = request.headers["content-encoding"] === undefined ? request.headers["content-length"] : undefined;
    const release = this.#room.take(agentOf(o.principal), Math.min(Number(declared ?? most), uploadBytes));
    if (release === undefined)
      throw new GoogleError(
        503,
        "backendError",
        "Too many uploads are being read, of this agent or of all; try again.",
      );
    try {
      return await insertJob(o, await readUpload(request, most));
    } finally {
      release();
    }
  }

  /** The PUT of a piece: answered, or the job that the last one made. */
  async goOn(
    m: Matched,
    o: Inserting,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<SessionRow | undefined> {
    const upload = this.#find(m, o);
    if (upload.busy)
      throw new GoogleError(503, "backendError", "A piece of this upload is arriving; ask again how far it is.");
    upload.busy = true;
    try {
      return await this.#piece(upload, o, request, response);
    } finally {
      upload.busy = false;
    }
  }

  cancel(m: Matched, o: Inserting, response: ServerResponse): void {
    const upload = this.#find(m, o);
    if (upload.busy) throw new GoogleError(503, "backendError", "A piece of this upload is arriving.");
    if (upload.made !== undefined) throw invalid("This upload's job is made; cancel the job.");
    this.#pieces.forget(upload);
    response.writeHead(CANCELLED, { "cache-control": "no-store", "content-length": 0 }).end();
  }

  async #piece(
    upload: Piecewise,
    o: Inserting,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<SessionRow | undefined> {
    const { uploadBytes } = this.#o;
    if (request.headers["content-encoding"] !== undefined)
      throw new GoogleError(415, "invalid", "Pieces of an upload come as they are: a range counts their bytes.");
    const header = request.headers["content-range"];
    const range = header === undefined ? undefined : contentRange(header);
    if ((range?.total ?? 0) > uploadBytes) throw this.#tooLarge();
    // A total that was said is what it was given room for; what goes a little past it is told so below.
    const most = Math.min(uploadBytes, (upload.total ?? uploadBytes) + SPARE_BYTES);
    const bytes = await readBytes(request, most - (upload.made === undefined ? upload.size : 0));
    if (upload.made !== undefined) return this.#madeBefore(upload.made, o);
    this.#take(upload, range, bytes);
    if (upload.total === undefined || upload.size < upload.total) {
      response.writeHead(RESUME_INCOMPLETE, {
        ...(upload.size === 0 ? {} : { range: `bytes=0-${upload.size - 1}` }),
        "cache-control": "no-store",
        "content-length": 0,
      });
      response.end();
      return undefined;
    }
    const data = Buffer.concat(upload.pieces);
    upload.pieces.length = 0;
    try {
      const row = await insertJob(o, { description: upload.description, data });
      upload.made = row.id;
      upload.release();
      return row;
    } catch (error) {
      // What was refused is sent anew, from its beginning.
      this.#pieces.forget(upload);
      throw error;
    }
  }

  /** A piece goes where the last one ended, is as long as it says, and the whole is one number of bytes all along. */
  #take(upload: Piecewise, range: ContentRange | undefined, bytes: Buffer): void {
    const total = range === undefined ? bytes.length : range.total;
    if (total !== undefined && upload.total !== undefined && total !== upload.total)
      throw invalid("The pieces of this upload say different totals.");
    if (range?.kind === "status") {
      if (bytes.length > 0) throw invalid("A Content-Range without bytes came with some.");
      if (total !== undefined && total < upload.size) throw invalid("More than this total has arrived already.");
    } else {
      const first = range?.first ?? 0;
      if (first !== upload.size)
        throw invalid("This piece doesn't begin where the last one ended; ask how far the upload is (`bytes */*`).");
      if (range !== undefined && bytes.length !== range.last - range.first + 1)
        throw invalid("This piece isn't as long as its Content-Range says.");
      // One that leaves the total open is bound by what was said before.
      if (upload.total !== undefined && upload.size + bytes.length > upload.total)
        throw invalid("This piece goes past the total that this upload has.");
      if (bytes.length > 0) upload.pieces.push(bytes);
      upload.size += bytes.length;
    }
    upload.total = total ?? upload.total;
  }

  async #madeBefore(id: string, { principal, project }: Inserting): Promise<SessionRow> {
    const row = await findSessionById(this.#o.store, principal, project, id);
    if (row === undefined) throw notFound("Upload");
    return row;
  }

  #find(m: Matched, { principal, project }: Inserting): Piecewise {
    const upload = this.#pieces.find(m.query.get("upload_id") ?? "", principal, project);
    if (upload === undefined) throw notFound("Upload");
    return upload;
  }

  #tooLarge(): GoogleError {
    return new GoogleError(
      413,
      "invalid",
      `An upload has at most ${this.#o.uploadBytes} bytes, as it becomes one statement; load more from Cloud Storage.`,
    );
  }
}
