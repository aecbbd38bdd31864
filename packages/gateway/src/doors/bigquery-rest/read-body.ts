import type { IncomingMessage } from "node:http";
import { GoogleError } from "./google-error.ts";

/** Reads a small JSON body: bounded, identity encoding only, valid UTF-8 (I10). */
export async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity")
    throw new GoogleError(415, "invalid", "Send the request body without content encoding.");
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json(;\s*charset="?utf-8"?)?$/i.test(type))
    throw new GoogleError(415, "invalid", "Send the request body as application/json.");
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > limit) throw tooLarge(limit);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new GoogleError(400, "parseError", "The request body is not UTF-8.");
  }
}

function tooLarge(limit: number): GoogleError {
  return new GoogleError(413, "invalid", `The request body is larger than ${limit} bytes.`);
}
