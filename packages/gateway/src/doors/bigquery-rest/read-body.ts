import type { IncomingMessage } from "node:http";
import { createGunzip } from "node:zlib";
import { GoogleError } from "./google-error.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Reads a small JSON body of valid UTF-8. */
export async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json(;\s*charset="?utf-8"?)?$/i.test(type))
    throw new GoogleError(415, "invalid", "Send the request body as application/json.");
  const bytes = await readBytes(request, limit);
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new GoogleError(400, "parseError", "The request body is not UTF-8.");
  }
}

/** A bounded body (I10). Google's Java client sends it by gzip, and what it unpacks to counts as much as what arrives. */
export async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  const encoding = encodingOf(request);
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > limit) throw tooLarge(limit);
  return encoding === "gzip" ? collected(arriving(request), limit) : plainBody(request, limit);
}

/** By its events: an iterator costs a small request more than its bytes do. */
function plainBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Who went away before anybody reads has no event left to tell of it.
    if (request.destroyed) return reject(endedEarly());
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        request.removeAllListeners("data").pause();
        reject(tooLarge(limit));
      } else chunks.push(chunk);
    });
    request.once("end", () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    request.on("error", reject);
    request.once("close", () => {
      if (!request.readableEnded) reject(endedEarly());
    });
  });
}

function endedEarly(): Error {
  return new Error("the request ended early");
}

/**
 * A body as it arrives, unpacked, for who bounds it; who stops early leaves the rest unread. Nothing is read before it is asked for but what
 * the socket and the unpacking hold.
 */
export async function* arriving(request: IncomingMessage): AsyncGenerator<Buffer> {
  if (encodingOf(request) !== "gzip") {
    yield* request.iterator({ destroyOnReturn: false });
    return;
  }
  const gunzip = createGunzip();
  request.once("error", (error) => gunzip.destroy(error));
  request.once("aborted", () => gunzip.destroy(endedEarly()));
  request.pipe(gunzip);
  try {
    yield* gunzip;
  } catch (error) {
    if (error instanceof GoogleError) throw error;
    throw new GoogleError(400, "parseError", "The request body can't be unpacked.");
  } finally {
    request.unpipe(gunzip);
  }
}

/** In pieces of at least so many bytes, but for the last: who sends a body byte by byte makes no work of each. */
export async function* inPieces(body: AsyncIterable<Buffer>, least: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    held.push(chunk);
    size += chunk.length;
    if (size < least) continue;
    yield Buffer.concat(held);
    held = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(held);
}

/** Most milliseconds for the rest of a body that nobody reads. */
const DRAIN_MS = 15_000;

/** Reads the rest of a body for nobody, so that who sends it comes to read the answer. */
export async function drained(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(resolve, DRAIN_MS);
  request.once("end", resolve).once("close", resolve).once("error", resolve).resume();
  await promise;
  clearTimeout(late);
}

function encodingOf(request: IncomingMessage): string | undefined {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity" && encoding !== "gzip")
    throw new GoogleError(415, "invalid", "Send the request body as it is, or by gzip.");
  return encoding;
}

async function collected(source: AsyncIterable<Buffer>, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function tooLarge(limit: number): GoogleError {
  return new GoogleError(413, "invalid", `The request body is larger than ${limit} bytes.`);
}
