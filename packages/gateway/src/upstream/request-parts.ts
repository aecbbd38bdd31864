import type { Call } from "./transport.ts";

/** What of a call is written beside its address. */

export function bodyOf({ body, text }: Call): string | null {
  return text ?? (body === undefined ? null : JSON.stringify(body));
}

/** The last headers of calls with a body and of those without, which are the same for many. */
const lastHeaders: Partial<Record<"get" | "post", { readonly token: string | undefined; readonly of: Headers }>> = {};

type Headers = Readonly<Record<string, string>>;

export function headersOf(call: Call, token: string | undefined): Headers {
  if (call.ifNoneMatch !== undefined) return { ...headersFor(call, token), "if-none-match": call.ifNoneMatch };
  const kind = call.body === undefined && call.text === undefined ? "get" : "post";
  const last = lastHeaders[kind];
  if (last !== undefined && last.token === token) return last.of;
  const of = headersFor(call, token);
  lastHeaders[kind] = { token, of };
  return of;
}

function headersFor(call: Call, token: string | undefined): Headers {
  const headers: Record<string, string> = {
    accept: "application/json",
    "accept-encoding": "identity",
    "user-agent": "chaperone",
  };
  if (call.body !== undefined || call.text !== undefined) headers["content-type"] = "application/json";
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  return headers;
}
