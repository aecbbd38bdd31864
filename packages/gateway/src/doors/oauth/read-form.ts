import type { IncomingMessage } from "node:http";
import { OAuthError } from "../../identity/tokens/oauth-error.ts";

/** Two tokens at their longest, and what stands beside them. */
const MOST_BYTES = 32_768;
const MOST_PARAMETERS = 16;

/**
 * A form (RFC 6749, appendix B): each parameter once, since two readers could take different ones; an empty one counts as
 * absent (3.2). @throws OAuthError
 */
export async function readForm(request: IncomingMessage): Promise<ReadonlyMap<string, string>> {
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/x-www-form-urlencoded(;\s*charset="?utf-8"?)?$/i.test(type))
    throw new OAuthError(415, "invalid_request", "Send the request as application/x-www-form-urlencoded.");
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity")
    throw new OAuthError(415, "invalid_request", "Send the request without content encoding.");
  const chunks: Buffer[] = [];
  let size = 0;
  if (Number(request.headers["content-length"] ?? 0) > MOST_BYTES) throw tooLarge();
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  const form = new Map<string, string>();
  let count = 0;
  for (const [name, value] of new URLSearchParams(Buffer.concat(chunks).toString("utf8"))) {
    if (++count > MOST_PARAMETERS) throw new OAuthError(400, "invalid_request", "There are too many parameters.");
    if (form.has(name)) throw new OAuthError(400, "invalid_request", "A parameter is given twice.");
    form.set(name, value);
  }
  return new Map([...form].filter(([, value]) => value !== ""));
}

function tooLarge(): OAuthError {
  return new OAuthError(413, "invalid_request", `The form is larger than ${MOST_BYTES} bytes.`);
}
