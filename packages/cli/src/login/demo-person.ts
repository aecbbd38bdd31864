import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { login } from "./login.ts";

const MAX_REDIRECTS = 12;
const MAX_PAGES = 6;

/**
 * Logs a demo person in as a browser would, through the provider's own pages, and returns the access token.
 * There is no other way in: the provider knows no shortcut.
 */
export async function loginAsDemoPerson(
  issuer: string,
  subject: string,
  options: { readonly clientId?: string; readonly password?: string; readonly flow?: "loopback" | "device" } = {},
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "chaperone-demo-"));
  try {
    const { accessToken } = await login({
      issuer,
      clientId: options.clientId ?? "chaperone-console",
      flow: options.flow ?? "loopback",
      openBrowser: (url) => signInByPages(url, { subject, password: options.password ?? "" }),
      print: () => undefined,
      tokenFile: join(directory, "login.json"),
      timeoutMs: 30_000,
    });
    return accessToken;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Follows redirects, keeps cookies and fills in forms, starting at an address. Returns when a page has no form for it. */
export async function signInByPages(
  start: string,
  answers: { readonly subject: string; readonly password: string },
): Promise<void> {
  const cookies = new Map<string, string>();
  let page = await visit(new URL(start), { method: "GET" }, cookies);
  for (let count = 0; count < MAX_PAGES; count++) {
    const form = formFor(page.html, answers.subject);
    if (form === undefined) return;
    if (form.fields.has("password")) form.fields.set("password", answers.password);
    page = await visit(new URL(form.action ?? "", page.url), { method: "POST", body: form.fields }, cookies);
    if (page.status >= 400)
      throw new Error(`the development identity provider refused the sign-in with status ${page.status}`);
  }
  throw new Error("the sign-in didn't end");
}

interface Page {
  readonly url: URL;
  readonly status: number;
  readonly html: string;
}

async function visit(start: URL, first: RequestInit, cookies: Map<string, string>): Promise<Page> {
  let url = start;
  let init = first;
  for (let count = 0; count < MAX_REDIRECTS; count++) {
    // One jar for the provider's origin; the page to come back to has no business with its cookies.
    const cookie = url.origin === start.origin ? [...cookies].map((pair) => pair.join("=")).join("; ") : "";
    const response = await fetch(url, { ...init, redirect: "manual", headers: cookie === "" ? {} : { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (line.split(";")[0] ?? "").split(/=(.*)/s);
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = response.headers.get("location");
    const html = await response.text();
    if (location === null) return { url, status: response.status, html };
    url = new URL(location, url);
    init = { method: "GET" };
  }
  throw new Error("too many redirects");
}

/** The form of the person who signs in, else the only form there is (the device flow's). */
function formFor(html: string, subject: string): { action: string | undefined; fields: URLSearchParams } | undefined {
  const forms = [...html.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)].map(([, attributes = "", body = ""]) => ({
    action: attribute(attributes, "action"),
    fields: fieldsOf(body),
  }));
  const choices = forms.filter(({ fields }) => fields.has("subject"));
  if (choices.length === 0) return forms[0];
  // Somebody who isn't on the page is still sent, for the provider to refuse.
  return (
    choices.find(({ fields }) => fields.get("subject") === subject) ?? {
      action: undefined,
      fields: new URLSearchParams({ subject }),
    }
  );
}

function fieldsOf(form: string): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [, input = ""] of form.matchAll(/<input([^>]*)>/gs)) {
    fields.append(attribute(input, "name") ?? "", attribute(input, "value") ?? "");
  }
  return fields;
}

function attribute(text: string, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1];
}
