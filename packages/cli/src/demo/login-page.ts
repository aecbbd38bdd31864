import type { IncomingMessage, ServerResponse } from "node:http";
import type { DemoPerson } from "./demo-people.ts";

/** Pages of the development identity provider. No script, nothing from elsewhere, not to be framed. */
export const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem;color:#1b2733;background:#f6f8fa}
.note{border:1px solid #d9a400;background:#fff6d6;border-radius:6px;padding:.5rem .75rem;margin:0 0 1.5rem}
form{margin:0 0 .75rem}
button{font:inherit;width:100%;text-align:left;padding:.75rem 1rem;border:1px solid #c5d0da;border-radius:6px;background:#fff;cursor:pointer}
button:hover,button:focus{border-color:#0b62c4}
button small{display:block;color:#52616f}
input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;margin:0 0 .25rem;border:1px solid #c5d0da;border-radius:6px}
.error{color:#a40000}`;

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** `body` is HTML. */
export function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>
<p class="note"><strong>Development only.</strong> This identity provider is part of the Chaperone demo; everybody here is made up.</p>
<h1>${escapeHtml(title)}</h1>${body}</body></html>`;
}

export function loginPage(people: readonly DemoPerson[], error?: string): string {
  const choices = people.map(
    (person) =>
      `<form method="post"><input type="hidden" name="subject" value="${escapeHtml(person.subject)}">${
        person.password === undefined
          ? ""
          : `<input type="password" name="password" placeholder="Password" aria-label="Password of ${escapeHtml(person.name)}">`
      }<button type="submit">${escapeHtml(person.name)}<small>${escapeHtml(person.groups.join(", ") || "no groups")}</small></button></form>`,
  );
  return page(
    "Sign in as",
    `${error === undefined ? "" : `<p class="error">${escapeHtml(error)}</p>`}${choices.join("\n")}`,
  );
}

export function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, PAGE_HEADERS).end(html);
}

/** Reads a posted form of at most 4 KiB; undefined if it is longer or no form. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  if (request.headers["content-type"]?.split(";")[0]?.trim() !== "application/x-www-form-urlencoded") return undefined;
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > 4_096) return undefined;
  }
  return new URLSearchParams(text);
}
