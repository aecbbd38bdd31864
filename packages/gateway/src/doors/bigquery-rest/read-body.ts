import type { IncomingMessage } from "node:http";
import { createGunzip } from "node:zlib";
import { GoogleError } from "./google-error.ts";

/** Reads a small JSON body of valid UTF-8. */
export async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json(;\s*charset="?utf-8"?)?$/i.test(type))
    throw new GoogleError(415, "invalid", "Send the request body as application/json.");
  const bytes = await readBytes(request, limit);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new GoogleError(400, "parseError", "The request body is not UTF-8.");
  }
}

/** A bounded body (I10). Google's Java client sends it by gzip, and what it unpacks to counts as much as what arrives. */
export async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity" && encoding !== "gzip")
    throw new GoogleError(415, "invalid", "Send the request body as it is, or by gzip.");
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > limit) throw tooLarge(limit);
  return encoding === "gzip" ? unpacked(request, limit) : collected(request, limit);
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

/** Unpacks as it arrives, so that no more than `limit` is ever held of what would unpack to more. */
async function unpacked(request: IncomingMessage, limit: number): Promise<Buffer> {
  const gunzip = createGunzip();
  request.once("error", (error) => gunzip.destroy(error));
  request.once("aborted", () => gunzip.destroy(new Error("the request ended early")));
  request.pipe(gunzip);
  try {
    return await collected(gunzip, limit);
  } catch (error) {
    request.unpipe(gunzip);
    if (error instanceof GoogleError) throw error;
    throw new GoogleError(400, "parseError", "The request body can't be unpacked.");
  }
}

function tooLarge(limit: number): GoogleError {
  return new GoogleError(413, "invalid", `The request body is larger than ${limit} bytes.`);
}
