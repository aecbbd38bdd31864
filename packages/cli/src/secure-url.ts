import { CliError } from "./cli-error.ts";

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "[::1]", "localhost"]);

/** Whether nobody on the way reads what is sent there. Plain http is for this machine only. */
export function isSecure(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname));
}

/** The gateway's address as a person wrote it, without slashes at its end. A person's token is sent there. */
export function gatewayUrl(written: string): string {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || !isSecure(url))
    throw new CliError(`The gateway ${written} must be an https URL, or an http URL of this machine.`);
  return written.replace(/\/+$/, "");
}
