import { pino } from "pino";
import { LOG_FIELDS, type LogFields } from "./fields.ts";
import { safeError } from "./safe-error.ts";

/**
 * A message written out in the code. A text pieced together (`a ${b}`) doesn't compile: what varies belongs in a field.
 */
export type Message<Text extends string> = Record<never, never> extends Record<Text, 1> ? never : Text;

type Write = <Text extends string>(fields: LogFields, message: Message<Text>) => void;

/** One JSON object a line: `time` (RFC 3339), `level`, `msg`, and fields of LOG_FIELDS. */
export interface Logger {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  readonly fatal: Write;
  /** A logger whose every line has these fields too. */
  child(fields: LogFields): Logger;
}

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Default: standard output. */
  readonly destination?: { write(line: string): void };
}

const LONGEST_TEXT = 512;
const LONGEST_MESSAGE = 200;

/** A logger that can't be made to write data: what isn't a known field of the right type is dropped, and counted in `dropped`. */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  const lines = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Errors arrive here already made safe.
      serializers: { err: (value: unknown) => value },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
  const withFields = (always: LogFields): Logger => {
    const write =
      (severity: "debug" | "info" | "warn" | "error" | "fatal"): Write =>
      (fields, message) => {
        if (lines.isLevelEnabled(severity)) {
          lines[severity](safeFields({ ...always, ...fields }), "%s", oneLine(message, LONGEST_MESSAGE));
        }
      };
    return {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
      fatal: write("fatal"),
      child: (more) => withFields({ ...always, ...more }),
    };
  };
  return withFields({});
}

function safeFields(fields: LogFields): Record<string, unknown> {
  const safe: Record<string, unknown> = {};
  let dropped = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const kind = Object.hasOwn(LOG_FIELDS, name) ? LOG_FIELDS[name as keyof typeof LOG_FIELDS] : undefined;
    if (kind === "text" && typeof value === "string") safe[name] = oneLine(value, LONGEST_TEXT);
    else if (kind === "number" && typeof value === "number" && Number.isFinite(value)) safe[name] = value;
    else if (kind === "error") safe[name] = safeError(value);
    else dropped++;
  }
  if (dropped > 0) safe.dropped = dropped;
  return safe;
}

/** No line breaks or control characters, which could forge lines or terminal commands where logs are read as text. */
function oneLine(text: string, longest: number): string {
  return text
    .slice(0, longest)
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
