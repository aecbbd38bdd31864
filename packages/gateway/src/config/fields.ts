import { z } from "zod";
import { nearest } from "./nearest.ts";
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from "./units.ts";

/** The kinds of value chaperone.yaml is made of. Each refuses with a sentence that says what to write. */

/** A section: only the keys named here; any other is refused with the nearest known one. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === "unrecognized_keys") return unknownKeys(issue.keys, known);
      if (issue.code === "invalid_type") {
        return issue.input === undefined || issue.input === null
          ? `is missing; it has the keys ${known.join(", ")}`
          : `must be a section with the keys ${known.join(", ")}`;
      }
      return undefined;
    },
  });
}

const SECRET_KEYS = new Set(["private_key", "client_secret", "password", "secret", "token", "access_token", "api_key"]);

/** Of those that are like no other, what is known is said once. */
function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  const said: string[] = [];
  const strange: string[] = [];
  for (const key of keys) {
    const name = JSON.stringify(key.slice(0, 64));
    const meant = nearest(key, known);
    if (SECRET_KEYS.has(key)) said.push(`unknown key ${name}: a secret is never written here; refer to a file`);
    else if (meant === undefined) strange.push(name);
    else said.push(`unknown key ${name}: did you mean ${JSON.stringify(meant)}?`);
  }
  if (strange.length > 0)
    said.push(`unknown key${strange.length > 1 ? "s" : ""} ${strange.join(", ")}: known here are ${known.join(", ")}`);
  return said.join("; ");
}

/** A non-empty text of at most `longest` characters, without control characters and without `${…}` (which is for secrets only). */
export function text(longest = 512) {
  return z
    .string({ error: (issue) => (issue.input === undefined ? "is missing" : "must be a text; put it in quotes") })
    .min(1, "must not be empty")
    .max(longest, `must be at most ${longest} characters`)
    .regex(/^[^\u0000-\u001f\u007f]*$/, "must not hold control characters")
    .refine(
      (value) => !value.includes("${"),
      "a reference to the environment is only for secrets; write the value itself",
    );
}

/** A name that appears in logs, records and metric labels. */
export function label() {
  return text(64).regex(
    /^[a-z][a-z0-9_-]*$/,
    "must be lower-case letters, digits, - and _, beginning with a letter (it names a record and a metric label)",
  );
}

/** A path, relative to the configuration file's folder or absolute. */
export function path() {
  return text(4096);
}

/** An https URL; http only for a loopback host, since bearer tokens and data travel there. */
export function secureUrl({ query = false }: { readonly query?: boolean } = {}) {
  return text(2048).refine(
    (value) => isSecureUrl(value) && (query || !value.includes("?")),
    `must be an https URL without user${query ? "" : ", query"} or fragment (http only for 127.0.0.1, ::1 or localhost)`,
  );
}

export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}

export function isSecureUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopbackHost(url.hostname));
}

/** `"30s"`; becomes milliseconds. `least` and `most` are written the same way. */
export function duration(least: string, most: string) {
  return bounded("duration", DURATION_PATTERN, parseDuration, least, most, '"250ms", "30s", "15m", "24h" or "7d"');
}

/** `"10MB"`; becomes bytes. */
export function size(least: string, most: string) {
  return bounded("size", SIZE_PATTERN, parseSize, least, most, '"512B", "64KB", "1.5MB" or "10MiB"');
}

function bounded(
  kind: string,
  pattern: RegExp,
  parse: (written: string) => number | undefined,
  least: string,
  most: string,
  examples: string,
) {
  const low = parse(least);
  const high = parse(most);
  if (low === undefined || high === undefined) throw new TypeError(`not a ${kind}: ${least}, ${most}`);
  return z
    .string({ error: `must be a ${kind} in quotes: ${examples}` })
    .regex(pattern, `must be a ${kind}: ${examples}`)
    .transform((written, context) => {
      const value = parse(written);
      if (value === undefined || value < low || value > high) {
        context.issues.push({ code: "custom", input: written, message: `must be between ${least} and ${most}` });
        return z.NEVER;
      }
      return value;
    });
}

/** A whole number between two bounds. */
export function count(least: number, most: number) {
  const message = `must be a whole number between ${least} and ${most}`;
  return z.number({ error: message }).int(message).min(least, message).max(most, message);
}

/**
 * A secret is named, never written: `${env:NAME}` or `{file: PATH}`.
 * Loading replaces the reference by a Secret.
 */
export function secretReference() {
  const message = `a secret is never written here; refer to it: \${env:NAME} or {file: PATH}`;
  return z.union(
    [
      z
        .string()
        .regex(/^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$/, message)
        .transform((written) => ({ env: written.slice(written.indexOf(":") + 1, -1) })),
      z.strictObject({ file: path() }),
    ],
    { error: message },
  );
}
