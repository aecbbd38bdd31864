import type { IncomingMessage } from "node:http";
import { textOf } from "../../uploads/text.ts";
import { GoogleError, invalid } from "./google-error.ts";
import { arriving, inPieces, tooLarge } from "./read-body.ts";

/**
 * A multipart/related body of exactly two parts, as Google's clients upload: what the data is, and the data.
 * Anything more, before, between or behind is refused, so that no two readers can differ about what was sent.
 * https://www.rfc-editor.org/rfc/rfc2046#section-5.1, https://cloud.google.com/bigquery/docs/loading-data-local
 */
export interface Upload {
  readonly description: string;
  readonly data: Buffer;
}

/** The same as it arrives. `data` throws at its end when the body doesn't end as it must. */
export interface ArrivingUpload {
  readonly description: string;
  readonly data: AsyncIterable<Buffer>;
}

const BOUNDARY =
  /^multipart\/related;\s*boundary=(?:"([0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?])"|([0-9A-Za-z'+_\-.=]{1,70}))$/i;
const BETWEEN = "\r\n";
/** What a part says of itself. */
const MOST_HEAD = 1024;
const LEAST = 16_384;

/** @param most bytes of the description */
export async function arrivingUpload(request: IncomingMessage, most: number): Promise<ArrivingUpload> {
  const body = inPieces(arriving(request), LEAST);
  try {
    return await arrivingParts(request, body, most);
  } catch (error) {
    // Whoever reads the rest can't while it is read here.
    await body.return(undefined);
    throw error;
  }
}

async function arrivingParts(
  request: IncomingMessage,
  body: AsyncGenerator<Buffer>,
  most: number,
): Promise<ArrivingUpload> {
  const [, quoted, bare] = BOUNDARY.exec(request.headers["content-type"] ?? "") ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined)
    throw new GoogleError(415, "invalid", "Send the upload as multipart/related with a plain boundary.");
  const inner = Buffer.from(`${BETWEEN}--${boundary}`);
  // As if a line had ended before the first boundary: it begins like the others.
  let held = Buffer.from(BETWEEN);
  async function more(): Promise<void> {
    const { done, value } = await body.next();
    if (done === true) throw malformed();
    held = Buffer.concat([held, value]);
  }

  while (held.length < inner.length) await more();
  if (!held.subarray(0, inner.length).equals(inner)) throw malformed();
  held = held.subarray(inner.length);
  let end = held.indexOf(inner);
  for (let looked = 0; end === -1; end = held.indexOf(inner, looked)) {
    if (held.length > most + MOST_HEAD) throw tooLarge(most);
    looked = Math.max(0, held.length - inner.length);
    await more();
  }
  const description = textOf(part(held.subarray(0, end), /^application\/json(;\s*charset="?utf-8"?)?$/i));
  held = held.subarray(end + inner.length);
  const blank = `${BETWEEN}${BETWEEN}`;
  while (held.indexOf(blank) === -1) {
    if (held.length > MOST_HEAD) throw malformed();
    await more();
  }
  const head = held.subarray(0, held.indexOf(blank) + blank.length);
  part(head, /^[A-Za-z0-9.+*-]+\/[A-Za-z0-9.+*-]+(;\s*charset="?utf-8"?)?$/i);
  held = held.subarray(head.length);

  async function* data(): AsyncGenerator<Buffer> {
    try {
      yield* untilTheEnd();
    } finally {
      await body.return(undefined);
    }
  }

  async function* untilTheEnd(): AsyncGenerator<Buffer> {
    let found = held.indexOf(inner);
    while (found === -1) {
      // A boundary could begin in what is kept.
      const sure = Math.max(0, held.length - inner.length + 1);
      if (sure > 0) yield held.subarray(0, sure);
      held = held.subarray(sure);
      await more();
      found = held.indexOf(inner);
    }
    if (found > 0) yield held.subarray(0, found);
    let rest = held.subarray(found + inner.length).toString("latin1");
    for (;;) {
      const { done, value } = await body.next();
      if (done === true) break;
      rest += value.toString("latin1");
      if (rest.length > 2 * BETWEEN.length) throw malformed();
    }
    if (rest !== "--" && rest !== `--${BETWEEN}`) throw malformed();
  }
  return { description, data: data() };
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
