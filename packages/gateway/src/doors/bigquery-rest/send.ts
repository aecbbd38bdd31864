import type { ServerResponse } from "node:http";
import type { Page } from "../../sessions/page.ts";

const JSON_HEADERS = {
  "content-type": "application/json; charset=UTF-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { ...JSON_HEADERS, "content-length": Buffer.byteLength(body) }).end(body);
}

/** One page of masked rows: the members of `head`, a JSON object's text, then `rows`, then the token of the next page as `tokenOf` writes it. Nothing to wait for: a small page is on its way. */
export function sendPage(
  response: ServerResponse,
  head: string,
  page: Page,
  gone: AbortSignal,
  tokenOf: (token: string) => string = (token) => token,
): Promise<void> | undefined {
  if (page.whole === undefined) return sendFlowing(response, head, page, gone, tokenOf);
  const token = page.next();
  const begin = beginOf(head);
  const end = endOf(token === undefined ? undefined : tokenOf(token));
  const rowsFrom = Buffer.byteLength(begin);
  const rowsTo = rowsFrom + page.whole.length;
  const body = Buffer.allocUnsafe(rowsTo + Buffer.byteLength(end));
  body.write(begin);
  body.set(page.whole, rowsFrom);
  body.write(end, rowsTo);
  response.writeHead(200, { ...JSON_HEADERS, "content-length": body.length }).end(body);
  return undefined;
}

async function sendFlowing(
  response: ServerResponse,
  head: string,
  page: Page,
  gone: AbortSignal,
  tokenOf: (token: string) => string,
): Promise<void> {
  const rows = page.rows[Symbol.asyncIterator]();
  // Whoever takes nothing would hold a place, a connection to BigQuery and a release without its end.
  const late = setTimeout(() => response.destroy(), page.mostMs);
  try {
    // The first masked bytes are awaited before the answer begins, so that what goes wrong until then is a clean error.
    const first = await rows.next();
    await sendRows(response, head, { first, rows, next: () => page.next() }, gone, tokenOf);
  } finally {
    clearTimeout(late);
  }
}

/** What stands before the rows. */
function beginOf(head: string): string {
  return `${head.slice(0, -1)},"rows":[`;
}

/** What stands behind the rows. */
function endOf(token: string | undefined): string {
  return token === undefined ? "]}" : `],"pageToken":${JSON.stringify(token)}}`;
}

async function sendRows(
  response: ServerResponse,
  head: string,
  page: {
    readonly first: IteratorResult<Uint8Array>;
    readonly rows: AsyncIterator<Uint8Array>;
    next(): string | undefined;
  },
  gone: AbortSignal,
  tokenOf: (token: string) => string,
): Promise<void> {
  let next = page.first;
  response.writeHead(200, JSON_HEADERS);
  try {
    // Goes out with what is written next: in one turn of the loop node:http corks.
    response.write(beginOf(head));
    while (next.done !== true) {
      // The next rows are written where these are: not before the system has taken these.
      await written(response, next.value, gone);
      next = await page.rows.next();
    }
    const token = page.next();
    response.end(endOf(token === undefined ? undefined : tokenOf(token)));
  } catch (error) {
    // Half an answer must never look whole: the connection breaks (RFC 9112 section 8).
    await page.rows.return?.();
    response.destroy();
    throw error;
  }
}

/** Until the system has taken the bytes, however slowly the client reads. */
function written(response: ServerResponse, bytes: Uint8Array, gone: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Error("the client went away"));
    if (gone.aborted) return stop();
    gone.addEventListener("abort", stop, { once: true });
    response.write(bytes, (error) => {
      gone.removeEventListener("abort", stop);
      if (error) stop();
      else resolve();
    });
  });
}
