import { isRecord } from "./claims.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Fetches one JSON object from an identity provider: no redirects, a bound on bytes and on time for the whole of it.
 * @throws Error for anything else than a 200 with a JSON object inside the bounds; the caller decides what that means.
 */
export async function fetchDocument(
  url: string,
  fetch: Fetch,
  limits: { documentBytes: number; fetchTimeoutMs: number },
): Promise<Readonly<Record<string, unknown>>> {
  const signal = AbortSignal.timeout(limits.fetchTimeoutMs);
  const response = await fetch(url, { redirect: "manual", signal, headers: { accept: "application/json" } });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Error(`answered with status ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (bytes > limits.documentBytes) throw new Error(`sent more than ${limits.documentBytes} bytes`);
    chunks.push(chunk);
  }
  const document: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  if (!isRecord(document)) throw new Error("sent no JSON object");
  return document;
}
