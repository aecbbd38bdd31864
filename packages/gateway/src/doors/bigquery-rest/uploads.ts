import type { IncomingMessage, ServerResponse } from "node:http";
import { agentOf } from "../../identity/principal.ts";
import { findSessionById, type SessionRow } from "../../sessions/session-row.ts";
import type { Store } from "../../store/store.ts";
import { Pieces, type Piecewise, roomFor } from "../../uploads/pieces.ts";
import { TooLargeForStatement } from "../../uploads/upload-error.ts";
import { roomForFiles, roomForUploads, type UploadRoom } from "../../uploads/upload-room.ts";
import { type ContentRange, contentRange } from "./content-range.ts";
import { GoogleError, invalid, notFound } from "./google-error.ts";
import { type Inserting, insertJob, jobOf } from "./insert-job.ts";
import { type LoadBounds, LoadStream, tooLargeToHold } from "./load-stream.ts";
import { arrivingUpload } from "./multipart.ts";
import { arriving, drained, readBody } from "./read-body.ts";
import { translate } from "./refused.ts";
import type { Matched } from "./routes.ts";

export interface UploadOptions {
  readonly store: Store;
  readonly clock: () => number;
  /** Most bytes of one upload's description. */
  readonly bodyBytes: number;
  /** Most bytes of an upload that is held whole; of a larger one the rows go on as they come. */
  readonly uploadBytes: number;
  /** Most bytes of one upload, whole. */
  readonly loadBytes: number;
  /** Most bytes of a file that must be here whole before its first row can be read. */
  readonly parquetBytes: number;
  /** Milliseconds that an upload in pieces has from its beginning to its end. */
  readonly runMs: number;
  /** Where clients reach the gateway: they are told the whole address of an upload. */
  readonly publicUrl: () => string;
}

/** How often uploads that nobody goes on with are looked for. */
const IDLE_LOOK_MS = 10_000;
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
  readonly #pieces: Pieces<LoadStream>;
  /** Of uploads that are one request. */
  readonly #whole = new Set<LoadStream>();
  readonly #bounds: LoadBounds;

  constructor(options: UploadOptions) {
    this.#o = options;
    this.#room = roomForUploads(options.uploadBytes);
    this.#pieces = new Pieces(options.clock, this.#room, options.uploadBytes, options.runMs);
    const { parquetBytes: heldBytes, loadBytes } = options;
    this.#bounds = { heldBytes, files: roomForFiles(heldBytes), loadBytes };
    setInterval(() => this.#pieces.forgetIdle(), IDLE_LOOK_MS).unref();
  }

  /** Ends the uploads that are under way. */
  async close(): Promise<void> {
    for (const stream of this.#whole) void stream.breakOff().catch(() => undefined);
    await this.#pieces.close();
  }

  /** The POST: a whole upload makes its job, which is returned; one in pieces begins, and is answered. */
  async begin(
    m: Matched,
    o: Inserting,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<SessionRow | undefined> {
    refuseOtherProtocol(request);
    if (m.query.has("upload_id")) {
      if (m.query.get("uploadType") !== "resumable") throw invalid("An upload that has begun goes on by PUT.");
      // Go's client sends its pieces so.
      return this.goOn(m, o, request, response);
    }
    const { bodyBytes, loadBytes } = this.#o;
    switch (m.query.get("uploadType")) {
      case "multipart":
        return this.#inOne(o, request, response);
      case "resumable": {
        const declared = request.headers["x-upload-content-length"];
        if (declared !== undefined && !/^\d{1,15}$/.test(String(declared)))
          throw invalid("X-Upload-Content-Length is a number of bytes.");
        const total = declared === undefined ? undefined : Number(declared);
        if (total !== undefined && total > loadBytes) throw this.#tooLarge();
        const description = await readBody(request, bodyBytes);
        this.#requireReadable(jobOf(description, o.project, true), total);
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
          `Uploads are one multipart request (uploadType=multipart) or pieces (resumable), of at most ${loadBytes} bytes together; load more from Cloud Storage.`,
        );
    }
  }

  async #inOne(o: Inserting, request: IncomingMessage, response: ServerResponse): Promise<SessionRow> {
    const { uploadBytes } = this.#o;
    const declared = request.headers["content-encoding"] === undefined ? request.headers["content-length"] : undefined;
    const bytes = roomFor(declared === undefined ? undefined : Number(declared), uploadBytes);
    const release = this.#room.take(agentOf(o.principal), bytes);
    if (release === undefined)
      throw new GoogleError(
        503,
        "backendError",
        "Too many uploads are being read, of this agent or of all; try again.",
      );
    let stream: LoadStream | undefined;
    // Nobody can go on with it, nor be told its job.
    const gone = () => void stream?.breakOff(new Error("the client went away")).catch(() => undefined);
    response.once("close", gone);
    const under = (made: LoadStream): LoadStream => {
      stream = made;
      this.#whole.add(made);
      if (response.closed) gone();
      return made;
    };
    try {
      const { description, data } = await arrivingUpload(request, this.#o.bodyBytes);
      const held: Buffer[] = [];
      let size = 0;
      for await (const chunk of data) {
        size += chunk.length;
        if (size > this.#o.loadBytes) throw this.#tooLarge();
        if (stream === undefined) held.push(chunk);
        else await stream.add(chunk);
        if (stream !== undefined || size <= uploadBytes) continue;
        const total = declared === undefined ? undefined : Number(declared);
        stream = under(await LoadStream.begin(o, description, total, this.#bounds));
        for (const one of held.splice(0)) await stream.add(one);
      }
      return await (stream?.finish() ?? this.#heldJob(o, description, Buffer.concat(held), under));
    } catch (error) {
      await stream?.breakOff(error);
      await drained(request);
      throw error;
    } finally {
      if (stream !== undefined) this.#whole.delete(stream);
      response.off("close", gone);
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
    refuseOtherProtocol(request);
    const upload = this.#find(m, o);
    if (upload.busy)
      throw new GoogleError(503, "backendError", "A piece of this upload is arriving; ask again how far it is.");
    upload.busy = true;
    const left = () => {
      upload.left = true;
      upload.touched = this.#o.clock();
    };
    response.once("close", left);
    try {
      return await this.#piece(upload, o, request, response);
    } finally {
      response.off("close", left);
      upload.busy = false;
      upload.left = false;
      upload.touched = this.#o.clock();
    }
  }

  /** Answers when another may have its memory. */
  async cancel(m: Matched, o: Inserting, response: ServerResponse): Promise<void> {
    const upload = this.#find(m, o);
    if (upload.busy) throw new GoogleError(503, "backendError", "A piece of this upload is arriving.");
    if (upload.made !== undefined) throw invalid("This upload's job is made; cancel the job.");
    await this.#pieces.forget(upload);
    response.writeHead(CANCELLED, { "cache-control": "no-store", "content-length": 0 }).end();
  }

  async #piece(
    upload: Piecewise<LoadStream>,
    o: Inserting,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<SessionRow | undefined> {
    const { loadBytes } = this.#o;
    if (request.headers["content-encoding"] !== undefined)
      throw new GoogleError(415, "invalid", "Pieces of an upload come as they are: a range counts their bytes.");
    const header = request.headers["content-range"];
    const range = header === undefined ? undefined : contentRange(header);
    if ((range?.total ?? 0) > loadBytes) throw this.#tooLarge();
    if (upload.made !== undefined) {
      await drained(request);
      return this.#madeBefore(upload.made, o);
    }
    try {
      await this.#take(upload, o, range, request);
    } catch (error) {
      // What was read of a job that has ended is gone.
      if (upload.stream?.over === true) void this.#pieces.forget(upload);
      await drained(request);
      throw error;
    }
    if (upload.total === undefined || upload.size < upload.total) {
      // Go's client, for whom 308 would be a redirect, asks to have it said so.
      const otherwise = request.headers["x-guploader-no-308"] === "yes";
      response.writeHead(otherwise ? 200 : RESUME_INCOMPLETE, {
        ...(otherwise ? { "x-http-status-code-override": String(RESUME_INCOMPLETE) } : {}),
        ...(upload.size === 0 ? {} : { range: `bytes=0-${upload.size - 1}` }),
        "cache-control": "no-store",
        "content-length": 0,
      });
      response.end();
      return undefined;
    }
    try {
      const data = upload.pieces.splice(0);
      const under = (stream: LoadStream) => {
        upload.stream = stream;
      };
      const row = await (upload.stream?.finish() ?? this.#heldJob(o, upload.description, Buffer.concat(data), under));
      upload.made = row.id;
      upload.release();
      return row;
    } catch (error) {
      // What was refused is sent anew, from its beginning.
      void this.#pieces.forget(upload);
      throw error;
    }
  }

  /** A piece goes where the last one ended, is as long as it says, and the whole is one number of bytes all along. */
  async #take(
    upload: Piecewise<LoadStream>,
    o: Inserting,
    range: ContentRange | undefined,
    request: IncomingMessage,
  ): Promise<void> {
    const { uploadBytes, loadBytes } = this.#o;
    if (range?.total !== undefined && upload.total !== undefined && range.total !== upload.total)
      throw differentTotals();
    const begins = upload.size;
    if (range?.kind === "piece" && range.first !== begins) throw notWhereItEnded();
    if (range === undefined && begins !== 0) throw notWhereItEnded();
    if (range?.kind === "piece" && upload.total !== undefined && range.last >= upload.total)
      throw invalid("This piece goes past the total that this upload has.");
    if (range?.kind === "status" && range.total !== undefined && range.total < begins)
      throw invalid("More than this total has arrived already.");
    // Without a range it is all of the upload: what it was said to be, by which it was given its memory.
    const length =
      range === undefined ? upload.total : range.kind === "piece" ? range.last - range.first + 1 : undefined;
    if (begins + (length ?? 0) > loadBytes) throw this.#tooLarge();
    // What is held of this piece; of an upload whose rows go on, each byte that was taken is taken for good.
    const held: Buffer[] = [];
    let taken = 0;
    for await (const chunk of arriving(request)) {
      taken += chunk.length;
      if (range?.kind === "status") throw invalid("A Content-Range without bytes came with some.");
      if (taken > (length ?? Number.POSITIVE_INFINITY)) throw notAsLong();
      if (begins + taken > loadBytes) throw this.#tooLarge();
      if (upload.stream === undefined) held.push(chunk);
      else {
        await upload.stream.add(chunk);
        upload.size += chunk.length;
      }
      if (upload.stream !== undefined || begins + taken <= uploadBytes) continue;
      upload.stream = await this.#judged(upload, o, range?.total ?? upload.total);
      for (const one of [...upload.pieces.splice(0), ...held.splice(0)]) await upload.stream.add(one);
      upload.size = begins + taken;
    }
    if (length !== undefined && taken !== length) throw notAsLong();
    const total = range === undefined ? taken : range.total;
    if (upload.total !== undefined && total !== undefined && total !== upload.total) throw differentTotals();
    if (upload.stream === undefined) {
      upload.pieces.push(...held);
      upload.size = begins + taken;
    }
    upload.total = total ?? upload.total;
  }

  /** What is refused before its first row would be again: it keeps no room from the next upload. */
  async #judged(upload: Piecewise<LoadStream>, o: Inserting, total: number | undefined): Promise<LoadStream> {
    try {
      return await LoadStream.begin(o, upload.description, total, this.#bounds, upload.release);
    } catch (error) {
      const said = translate(error);
      if (said instanceof GoogleError && said.status < 500 && said.status !== 429) void this.#pieces.forget(upload);
      throw error;
    }
  }

  /** A file that is read whole isn't taken by its beginning, to be refused in its middle. */
  #requireReadable({ configuration }: ReturnType<typeof jobOf>, total: number | undefined): void {
    const { parquetBytes } = this.#o;
    if (configuration.load?.sourceFormat === "PARQUET" && (total ?? 0) > parquetBytes)
      throw tooLargeToHold(parquetBytes);
  }

  /** An upload that is here whole: the statement of its rows or, where they are more than one takes, rows that go on. */
  async #heldJob(
    o: Inserting,
    description: string,
    data: Buffer,
    under: (stream: LoadStream) => void,
  ): Promise<SessionRow> {
    try {
      return await insertJob(o, { description, data });
    } catch (error) {
      if (!(error instanceof TooLargeForStatement)) throw error;
      const stream = await LoadStream.begin(o, description, data.length, this.#bounds);
      under(stream);
      await stream.add(data);
      return stream.finish();
    }
  }

  async #madeBefore(id: string, { principal, project }: Inserting): Promise<SessionRow> {
    const row = await findSessionById(this.#o.store, principal, project, id);
    if (row === undefined) throw notFound("Upload");
    return row;
  }

  #find(m: Matched, { principal, project }: Inserting): Piecewise<LoadStream> {
    const upload = this.#pieces.find(m.query.get("upload_id") ?? "", principal, project);
    if (upload === undefined) throw notFound("Upload");
    return upload;
  }

  #tooLarge(): GoogleError {
    return new GoogleError(
      413,
      "invalid",
      `An upload has at most ${this.#o.loadBytes} bytes; load more from Cloud Storage.`,
    );
  }
}

function refuseOtherProtocol({ headers }: IncomingMessage): void {
  if (OTHER_PROTOCOL.some((name) => headers[name] !== undefined))
    throw invalid(
      "Uploads in pieces go by uploadType=resumable and Content-Range; leave the X-Goog-Upload headers out.",
    );
}

function differentTotals(): GoogleError {
  return invalid("The pieces of this upload say different totals.");
}

function notWhereItEnded(): GoogleError {
  return invalid("This piece doesn't begin where the last one ended; ask how far the upload is (`bytes */*`).");
}

function notAsLong(): GoogleError {
  return invalid("This piece isn't as long as its Content-Range says.");
}
