/**
 * Errors of the gateway's own, whose messages are written here and hold no data. Of any other error — Node's, a library's,
 * a database's — only name and code are kept, since its message may quote what it worked on.
 */
const OWN_ERRORS: ReadonlySet<string> = new Set([
  "UpstreamError",
  "CredentialError",
  "CommandError",
  "ConfigError",
  "StoreError",
  "MaskingError",
  "PolicyError",
  "CatalogError",
  "SqlError",
  "SealError",
  "PageError",
  "LedgerError",
]);

const MOST_FRAMES = 8;
const DEEPEST_CAUSE = 3;

export interface SafeError {
  readonly name: string;
  readonly code?: string;
  readonly message?: string;
  /** Places in the code, innermost first. */
  readonly at?: readonly string[];
  readonly cause?: SafeError;
}

/** What of an error may be logged. */
export function safeError(error: unknown, depth = 0): SafeError {
  if (!(error instanceof Error)) return { name: `not an Error but ${error === null ? "null" : typeof error}` };
  const name = word(error.name) ?? "Error";
  const code = "code" in error && typeof error.code === "string" ? word(error.code) : undefined;
  const at = frames(error);
  return {
    name,
    ...(code === undefined ? {} : { code }),
    ...(OWN_ERRORS.has(name) ? { message: error.message.slice(0, 1000) } : {}),
    ...(at.length === 0 ? {} : { at }),
    ...(error.cause instanceof Error && depth < DEEPEST_CAUSE ? { cause: safeError(error.cause, depth + 1) } : {}),
  };
}

/** Names and codes are single words; anything else isn't one of them. */
function word(text: string): string | undefined {
  return /^[A-Za-z][A-Za-z0-9_.]{0,63}$/.test(text) ? text : undefined;
}

/** Folder of the whole program: of this repository, or of what it was installed into. */
const ROOT = new URL("../../../../", import.meta.url).href;
const FRAME = /^ {4}at .{0,300}?((?:file:\/\/|node:)[\w./@%+-]{1,400}):(\d{1,6}):\d{1,6}\)?$/;
const PLACE = /^[\w./@%+-]{1,300}\.(?:ts|js|mjs|cjs)$/;

/**
 * Places of the stack. A message, which comes before them in the stack, can have lines that look like frames; so only files of
 * the program itself and of Node count, and the stack only from where the message ends.
 */
function frames(error: Error): string[] {
  const { stack, message } = error;
  if (typeof stack !== "string") return [];
  const start = message === "" ? stack.indexOf("\n") : stack.indexOf(message);
  if (start < 0 || start > 200) return [];
  const places: string[] = [];
  for (const line of stack.slice(start + message.length).split("\n")) {
    const [, file = "", number = ""] = FRAME.exec(line) ?? [];
    const place = file.startsWith(ROOT) ? file.slice(ROOT.length) : file;
    const known = file.startsWith(ROOT) ? PLACE.test(place) : /^node:[a-z_/]{1,100}$/.test(place);
    if (known && places.length < MOST_FRAMES) places.push(`${place}:${number}`);
  }
  return places;
}
