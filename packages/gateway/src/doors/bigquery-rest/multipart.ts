import type { IncomingMessage } from "node:http";
import { textOf } from "../../uploads/text.ts";
import { GoogleError, invalid } from "./google-error.ts";
import { readBytes } from "./read-body.ts";

/**
 * A multipart/related body of exactly two parts, as Google's clients upload: what the data is, and the data.
 * Anything more, before, between or behind is refused, so that no two readers can differ about what was sent.
 * https://www.rfc-editor.org/rfc/rfc2046#section-5.1, https://cloud.google.com/bigquery/docs/loading-data-local
 */
export interface Upload {
  readonly description: string;
  readonly data: Buffer;
}

const BOUNDARY =
  /^multipart\/related;\s*boundary=(?:"([0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?])"|([0-9A-Za-z'+_\-.=]{1,70}))$/i;
const BETWEEN = "\r\n";

export async function readUpload(request: IncomingMessage, limit: number): Promise<Upload> {
  const [, quoted, bare] = BOUNDARY.exec(request.headers["content-type"] ?? "") ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined)
    throw new GoogleError(415, "invalid", "Send the upload as multipart/related with a plain boundary.");
  const body = await readBytes(request, limit);
  const delimiter = Buffer.from(`--${boundary}`);
  if (!body.subarray(0, delimiter.length).equals(delimiter)) throw malformed();
  const inner = Buffer.from(`${BETWEEN}--${boundary}`);
  const ends: number[] = [];
  for (let at = body.indexOf(inner); at !== -1; at = body.indexOf(inner, at + inner.length)) ends.push(at);
  const [first, second] = ends;
  if (first === undefined || second === undefined || ends.length !== 2) throw malformed();
  const rest = body.subarray(second + inner.length).toString("latin1");
  if (rest !== "--" && rest !== `--${BETWEEN}`) throw malformed();
  const description = part(body.subarray(delimiter.length, first), /^application\/json(;\s*charset="?utf-8"?)?$/i);
  const text = textOf(description);
  const data = part(
    body.subarray(first + inner.length, second),
    /^[A-Za-z0-9.+*-]+\/[A-Za-z0-9.+*-]+(;\s*charset="?utf-8"?)?$/i,
  );
  return { description: text, data };
}

/** CRLF, one Content-Type, an empty line, the content. */
function part(bytes: Buffer, type: RegExp): Buffer {
  const end = bytes.indexOf(`${BETWEEN}${BETWEEN}`);
  if (end === -1) throw malformed();
  const [, written] = /^\r\ncontent-type: ?([^\r\n]{1,200})$/i.exec(bytes.subarray(0, end).toString("latin1")) ?? [];
  if (written === undefined || !type.test(written)) throw malformed();
  return bytes.subarray(end + 2 * BETWEEN.length);
}

function malformed(): GoogleError {
  return invalid("The upload is not two parts, each with its Content-Type alone: a JSON description and the data.");
}
